// Random histories, with contained resources and documents, and random chains, _has and includes against an evaluator that walks over all records and knows nothing of the index.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "kernel/base/random.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

/// A record as the evaluator knows it: what each parameter says, and whom it refers to. One that is contained has no id.
constexpr size_t kItself = ~size_t{0};  // of `within`: what holds them all
struct Record {
  std::string type, id;
  uint64_t area = 0;  // 0: everybody's
  view::Ordinal ordinal = 0;
  std::map<std::string, std::set<std::string>> tokens;
  std::map<std::string, std::string> texts;                 // lower case, one word
  std::map<std::string, std::set<std::string>> references;  // "Type/id"
  std::map<std::string, std::set<size_t>> within;           // of `inside` of the record that holds it
  std::vector<Record> inside;                               // contained, or in its entries
  std::string name() const { return type + "/" + id; }
};
using World = std::map<std::string, Record>;  // live ones by name

struct Link {
  const char* type;
  const char* parameter;
  std::vector<const char*> targets;
  const char* element;
  bool is_list;
  bool is_inside = false;  // its targets stand in it
};
const std::vector<Link> kLinks = {
    {"Patient", "general-practitioner", {"Practitioner", "Organization"}, "generalPractitioner", true},
    {"Patient", "organization", {"Organization"}, "managingOrganization", false},
    {"Organization", "partof", {"Organization"}, "partOf", false},
    {"Observation", "subject", {"Patient", "Group"}, "subject", false},
    {"Observation", "performer", {"Practitioner", "Organization", "Patient"}, "performer", true},
    {"Observation", "derived-from", {"Observation"}, "derivedFrom", true},
    {"Observation", "has-member", {"Observation"}, "hasMember", true},
    {"Group", "managing-entity", {"Organization", "Practitioner"}, "managingEntity", false},
    {"Composition", "patient", {"Patient"}, "subject", false},
    {"Bundle", "composition", {"Composition"}, "entry", true, true},
};
const std::vector<std::string> kTypes = {"Patient", "Practitioner", "Organization", "Observation",
                                         "Group",   "Composition",  "Bundle"};
const std::map<std::string, std::vector<std::string>> kTokens = {{"Patient", {"gender", "active"}},
                                                                 {"Practitioner", {"gender", "active"}},
                                                                 {"Organization", {"active"}},
                                                                 {"Observation", {"status", "code"}},
                                                                 {"Group", {"type"}},
                                                                 {"Composition", {"status"}},
                                                                 {"Bundle", {"type"}}};
const std::map<std::string, std::vector<std::string>> kValues = {
    {"gender", {"male", "female", "other"}}, {"active", {"true", "false"}},
    {"status", {"final", "preliminary"}},    {"code", {"a", "b", "c", "d"}},
    {"type", {"person", "animal"}},
};
const std::map<std::string, std::vector<std::string>> kTexts = {
    {"Patient", {"family", "name"}}, {"Practitioner", {"family", "name"}}, {"Organization", {"name"}}};

template <class T>
const T& Pick(SeededRandom& random, const std::vector<T>& from) {
  return from[random.Below(from.size())];
}
std::string RandomId(SeededRandom& random) { return std::to_string(random.Below(7)); }

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// The texts of what a record contains, as they come about.
using InsideTexts = std::vector<std::string>;
std::string RandomMembers(SeededRandom& random, Record* own, Record* holder, InsideTexts* inside);

/// Of a reference "#…": one that is there, or a new one; nullopt: none is to be had.
std::optional<size_t> RandomInside(SeededRandom& random, const std::string& type, Record* holder,
                                   InsideTexts* inside) {
  constexpr size_t kInsideMax = 4;
  if (holder->type == type && random.Below(8) == 0) return kItself;
  for (size_t i = 0; i < holder->inside.size(); ++i) {
    if (holder->inside[i].type == type && random.Below(2) == 0) return i;
  }
  if (holder->inside.size() == kInsideMax) return std::nullopt;
  const size_t at = holder->inside.size();
  holder->inside.emplace_back();
  inside->emplace_back();
  Record made;
  made.type = holder->inside[at].type = type;
  const std::string members = RandomMembers(random, &made, holder, inside);
  holder->inside[at] = std::move(made);
  (*inside)[at] = fmt::format(R"({{"resourceType":"{}","id":"c{}"{}}})", type, at, members);
  return at;
}

/// A document: its Composition, perhaps the patient whom that is about.
std::string RandomEntries(SeededRandom& random, Record* bundle) {
  const bool elsewhere = random.Below(4) == 0, has_patient = random.Below(2) == 0;
  Record composition, patient;
  composition.type = "Composition";
  patient.type = "Patient";
  composition.id = RandomId(random);
  patient.id = RandomId(random);
  InsideTexts none;
  std::string text = RandomMembers(random, &composition, nullptr, &none);
  // What is relative in an entry of another server is that server's.
  if (elsewhere) composition.references.clear();
  if (has_patient) {
    composition.references.clear();
    composition.within["patient"].insert(1);
    text = text.substr(0, text.find(R"(,"subject")")) + R"(,"subject":{"reference":"urn:uuid:p"})";
  }
  const std::string url =
      elsewhere ? R"("fullUrl":"http://other.example/fhir/Composition/)" + composition.id + R"(",)" : "";
  std::string entries = fmt::format(R"({{{}"resource":{{"resourceType":"Composition","id":"{}"{}}}}})", url,
                                    composition.id, text);
  if (has_patient)
    entries +=
        fmt::format(R"(,{{"fullUrl":"urn:uuid:p","resource":{{"resourceType":"Patient","id":"{}"{}}}}})",
                    patient.id, RandomMembers(random, &patient, nullptr, &none));
  bundle->within["composition"].insert(0);
  bundle->inside = {std::move(composition), std::move(patient)};
  return R"(,"entry":[)" + entries + "]";
}

/// `holder`: null where nothing is contained.
std::string RandomMembers(SeededRandom& random, Record* own, Record* holder, InsideTexts* inside) {
  Record& record = *own;
  std::string json;
  if (record.type == "Bundle" && random.Below(4) != 0) json += RandomEntries(random, own);
  for (const std::string& parameter : kTokens.at(record.type)) {
    if (random.Below(5) == 0 && parameter != "status" && parameter != "type") continue;
    const std::string value = Pick(random, kValues.at(parameter));
    record.tokens[parameter].insert(value);
    if (parameter == "code")
      json += R"(,"code":{"coding":[{"system":"urn:c","code":")" + value + R"("}]})";
    else
      json += ",\"" + parameter + "\":" + (parameter == "active" ? value : Quoted(value));
  }
  if (record.type == "Group") json += R"(,"actual":true)";
  if (const auto text = kTexts.find(record.type); text != kTexts.end() && random.Below(6) != 0) {
    const std::string word =
        Pick(random, std::vector<std::string>{"anna", "annika", "bert", "berta", "cees"});
    for (const std::string& parameter : text->second) record.texts[parameter] = word;
    json += record.type == "Organization" ? ",\"name\":" + Quoted(word)
                                          : R"(,"name":[{"family":)" + Quoted(word) + "}]";
  }
  for (const Link& link : kLinks) {
    if (record.type != link.type || link.is_inside) continue;
    std::string list;
    for (uint64_t n = link.is_list ? 1 + random.Below(3) : (random.Below(4) + 2) / 3; n > 0; --n) {
      std::string target = Pick(random, link.targets);
      if (holder != nullptr && random.Below(4) == 0) {
        if (const auto at = RandomInside(random, target, holder, inside)) {
          record.within[link.parameter].insert(*at);
          list += (list.empty() ? "" : ",") +
                  (R"({"reference":"#)" + (*at == kItself ? "" : fmt::format("c{}", *at))) + "\"}";
          continue;
        }
      }
      target += "/" + RandomId(random);
      std::string written = target;
      switch (random.Below(8)) {
        case 0:
          written += "/_history/1";  // the resource is meant
          break;
        case 1:
          written = "http://other.example/fhir/" + target;  // somebody else's
          break;
        default:
          break;
      }
      if (written[0] != 'h') record.references[link.parameter].insert(target);
      list += (list.empty() ? "" : ",") + (R"({"reference":)" + Quoted(written) + "}");
    }
    if (!list.empty())
      json += fmt::format(R"(,"{}":{})", link.element, link.is_list ? "[" + list + "]" : list);
  }
  return json;
}

/// A record with its JSON.
std::pair<Record, std::string> RandomRecord(SeededRandom& random) {
  Record record;
  record.type = Pick(random, kTypes);
  record.id = RandomId(random);
  InsideTexts inside;
  std::string json = R"({"resourceType":")" + record.type + R"(","id":")" + record.id + "\"" +
                     RandomMembers(random, &record, record.type == "Bundle" ? nullptr : &record, &inside);
  std::string contained;
  for (const std::string& text : inside) contained += (contained.empty() ? "" : ",") + text;
  if (!contained.empty()) json += R"(,"contained":[)" + contained + "]";
  return {std::move(record), json + "}"};
}

/// A question in the shape that it has, with the text that asks it.
struct Question {
  enum class Kind { kToken, kNot, kMissing, kText, kId, kChain, kHas } kind = Kind::kToken;
  std::string parameter;
  std::string value;
  std::string type;  // kChain: of the target, "" = not named; kHas: of who refers
  std::shared_ptr<Question> inner;
};

struct Asked {
  Question question;
  std::string name, value;
};

/// What the evaluator sees: the live records in the asker's area.
struct Seen {
  Seen(const World& all, uint64_t own_area) : world(all), area(own_area) {
    for (const auto& [name, record] : world) {
      for (const auto& [parameter, targets] : record.references) {
        for (const std::string& target : targets) referring.emplace(target, std::pair(parameter, &record));
      }
    }
  }
  const World& world;
  uint64_t area;       // 0: all
  bool blind = false;  // to what is inside
  std::multimap<std::string, std::pair<std::string, const Record*>> referring;
  const Record* Find(const std::string& name) const {
    const auto at = world.find(name);
    return at != world.end() && Sees(at->second) ? &at->second : nullptr;
  }
  bool Sees(const Record& record) const { return area == 0 || record.area == 0 || record.area == area; }
};

bool Has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}
bool HasParameter(const std::string& type, const Question& question) {
  using Kind = Question::Kind;
  switch (question.kind) {
    case Kind::kId:
      return true;
    case Kind::kText:
      return kTexts.count(type) != 0 && Has(kTexts.at(type), question.parameter);
    case Kind::kToken:
    case Kind::kNot:
    case Kind::kMissing:
      return Has(kTokens.at(type), question.parameter);
    case Kind::kChain:
      return std::any_of(kLinks.begin(), kLinks.end(), [&](const Link& link) {
        return type == link.type && question.parameter == link.parameter;
      });
    case Kind::kHas:
      return std::any_of(kLinks.begin(), kLinks.end(), [&](const Link& link) {
        return question.type == link.type && question.parameter == link.parameter &&
               std::any_of(link.targets.begin(), link.targets.end(),
                           [&](const char* t) { return type == t; });
      });
  }
  return false;
}

/// `holder`: the stored record that it is, or is in.
bool Fits(const Seen& seen, const Record& record, const Question& question, const Record& holder) {
  using Kind = Question::Kind;
  const auto tokens = record.tokens.find(question.parameter);
  const bool has = tokens != record.tokens.end();
  switch (question.kind) {
    case Kind::kToken:
      return has && tokens->second.count(question.value) != 0;
    case Kind::kNot:
      return !has || tokens->second.count(question.value) == 0;
    case Kind::kMissing:
      return has == (question.value == "false");
    case Kind::kText: {
      const auto text = record.texts.find(question.parameter);
      return text != record.texts.end() && text->second.rfind(question.value, 0) == 0;
    }
    case Kind::kId:
      return record.id == question.value;  // never of a contained one
    case Kind::kChain: {
      const auto fits_there = [&](const Record& target, const Record& its_holder) {
        return (question.type.empty() || question.type == target.type) &&
               HasParameter(target.type, *question.inner) && Fits(seen, target, *question.inner, its_holder);
      };
      const auto within = record.within.find(question.parameter);
      if (!seen.blind && within != record.within.end() &&
          std::any_of(within->second.begin(), within->second.end(), [&](size_t at) {
            return fits_there(at == kItself ? holder : holder.inside[at], holder);
          }))
        return true;
      const auto found = record.references.find(question.parameter);
      if (found == record.references.end()) return false;
      return std::any_of(found->second.begin(), found->second.end(), [&](const std::string& name) {
        const Record* target = seen.Find(name);
        return target != nullptr && fits_there(*target, *target);
      });
    }
    case Kind::kHas:
      if (&record != &holder) return false;  // nobody refers to what is inside
      for (auto [at, end] = seen.referring.equal_range(record.name()); at != end; ++at) {
        const auto& [parameter, other] = at->second;
        if (other->type == question.type && parameter == question.parameter && seen.Sees(*other) &&
            Fits(seen, *other, *question.inner, *other))
          return true;
      }
      return false;
  }
  return false;
}

Asked Leaf(SeededRandom& random, const std::string& type) {
  Asked asked;
  Question& q = asked.question;
  const auto text = kTexts.find(type);
  if (random.Below(6) == 0) {
    q.kind = Question::Kind::kId;
    q.value = RandomId(random);
    return {q, "_id", q.value};
  }
  if (text != kTexts.end() && random.Below(2) == 0) {
    q.kind = Question::Kind::kText;
    q.parameter = Pick(random, text->second);
    q.value = Pick(random, std::vector<std::string>{"an", "anna", "bert", "berta", "x"});
    return {q, q.parameter, q.value};
  }
  q.parameter = Pick(random, kTokens.at(type));
  q.value = Pick(random, kValues.at(q.parameter));
  switch (random.Below(5)) {
    case 0:
      q.kind = Question::Kind::kNot;
      return {q, q.parameter + ":not", q.value};
    case 1:
      q.kind = Question::Kind::kMissing;
      q.value = random.Below(2) == 0 ? "true" : "false";
      return {q, q.parameter + ":missing", q.value};
    default:
      return {q, q.parameter, q.value};
  }
}

Asked RandomQuestion(SeededRandom& random, const std::string& type, int depth);

Asked RandomChain(SeededRandom& random, const Link& link, int depth) {
  const std::string target = Pick(random, link.targets);
  Asked inner = RandomQuestion(random, target, depth - 1);
  Question q;
  q.kind = Question::Kind::kChain;
  q.parameter = link.parameter;
  q.inner = std::make_shared<Question>(inner.question);
  // Where no type is named, the types that this test does not know must not have the parameter, or have no records: they have none.
  q.type = random.Below(3) == 0 ? "" : target;
  return {q, q.parameter + (q.type.empty() ? "" : ":" + q.type) + "." + inner.name, inner.value};
}

Asked RandomHas(SeededRandom& random, const Link& link, int depth) {
  Asked inner = RandomQuestion(random, link.type, depth - 1);
  Question q;
  q.kind = Question::Kind::kHas;
  q.parameter = link.parameter;
  q.type = link.type;
  q.inner = std::make_shared<Question>(inner.question);
  return {q, "_has:" + q.type + ":" + q.parameter + ":" + inner.name, inner.value};
}

Asked RandomQuestion(SeededRandom& random, const std::string& type, int depth) {
  if (depth == 0) return Leaf(random, type);
  std::vector<const Link*> chains, has;
  for (const Link& link : kLinks) {
    if (type == link.type) chains.push_back(&link);
    if (!link.is_inside &&
        std::any_of(link.targets.begin(), link.targets.end(), [&](const char* t) { return type == t; }))
      has.push_back(&link);
  }
  if (chains.empty() && has.empty()) return Leaf(random, type);
  if (!chains.empty() && (has.empty() || random.Below(2) == 0))
    return RandomChain(random, *Pick(random, chains), depth);
  return RandomHas(random, *Pick(random, has), depth);
}

std::set<view::Ordinal> Expected(const Seen& seen, const std::string& type,
                                 const std::vector<Question>& questions) {
  std::set<view::Ordinal> out;
  for (const auto& [name, record] : seen.world) {
    if (record.type != type || !seen.Sees(record)) continue;
    const Record& own = record;  // Clang 14 captures no structured binding
    const bool all = std::all_of(questions.begin(), questions.end(),
                                 [&](const Question& q) { return Fits(seen, own, q, own); });
    if (all) out.insert(record.ordinal);
  }
  return out;
}

class JoinWorld : public testing::Test {
 protected:
  static constexpr uint64_t kAreas = 3, kAreaBase = 100;  // owner n lies in the n-th area

  void SetUp() override {
    for (view::OwnerNumber owner = 1; owner <= kAreas; ++owner)
      house_.directory.SetArea(owner, kAreaBase + owner);
  }
  void Change(SeededRandom& random) {
    if (random.Below(10) == 0 && !world_.empty()) {
      auto at = world_.begin();
      std::advance(at, static_cast<ptrdiff_t>(random.Below(world_.size())));
      house_.Delete(at->second.type, at->second.id);
      world_.erase(at);
      return;
    }
    auto [record, json] = RandomRecord(random);
    record.area = random.Below(2) * random.Below(kAreas + 1);
    record.ordinal = house_.Put(json, static_cast<view::OwnerNumber>(record.area));
    ASSERT_NE(record.ordinal, 0u) << json;
    const std::string name = record.name();
    world_[name] = std::move(record);
  }
  static PageRequest Request(const view::Position& position, uint64_t area) {
    PageRequest request;
    request.position = position;
    if (area != 0) request.scope = {false, kAreaBase + area, kAreaBase + area + 1, 0};
    return request;
  }
  void CheckQuestion(SeededRandom& random, const World& world, const view::Position& position) {
    const std::string type = Pick(random, kTypes);
    std::vector<Question> questions;
    std::string text;
    for (uint64_t n = 1 + random.Below(2); n > 0; --n) {
      Asked asked = RandomQuestion(random, type, static_cast<int>(random.Below(4)));
      questions.push_back(asked.question);
      text += (text.empty() ? "" : "&") + asked.name + "=" + asked.value;
    }
    const uint64_t area = random.Below(2) * random.Below(kAreas + 1);
    const std::set<view::Ordinal> expected = Expected(Seen(world, area), type, questions);
    const PageRequest request = Request(position, area);
    bool good = true;
    const auto found = house_.AskAll(type, text, 1 + random.Below(5), &good, request);
    ASSERT_TRUE(good) << type << "?" << text;
    ASSERT_EQ(std::set<view::Ordinal>(found.begin(), found.end()), expected)
        << type << "?" << text << " area " << area;
    ASSERT_EQ(found.size(), expected.size()) << type << "?" << text;
    const auto counted = house_.Ask(type, text + "&_summary=count", request);
    ASSERT_TRUE(counted.ok());
    ASSERT_EQ(counted->total, expected.size()) << type << "?" << text;
    hits_ += expected.size();
    Seen blind(world, area);
    blind.blind = true;
    inside_hits_ += Expected(blind, type, questions) != expected ? 1 : 0;
  }
  void CheckIncludes(SeededRandom& random, const World& world, const view::Position& position);
  /// 1,500 patients over the areas, each with two observations.
  void FillWithMany();

  House house_;
  World world_;
  size_t hits_ = 0, included_ = 0, inside_hits_ = 0;
};

/// Includes of one random directive list, by walking over all records until nothing new comes.
struct Directive {
  bool reverse, iterate;
  const Link* link;
};
std::set<view::Ordinal> ExpectedIncludes(const Seen& seen, const std::set<std::string>& matches,
                                         const std::vector<Directive>& directives) {
  std::set<std::string> from = matches, all = matches;
  for (int round = 0; !from.empty(); ++round) {
    std::set<std::string> next;
    auto take = [&](const std::string& name) {
      if (seen.Find(name) != nullptr && all.insert(name).second) next.insert(name);
    };
    for (const Directive& d : directives) {
      if (round > 0 && !d.iterate) continue;
      for (const auto& [name, record] : seen.world) {
        const auto links = record.references.find(d.link->parameter);
        if (record.type != d.link->type || links == record.references.end()) continue;
        for (const std::string& target : links->second) {
          if (!d.reverse && from.count(name) != 0) take(target);
          if (d.reverse && from.count(target) != 0) take(name);
        }
      }
    }
    from = std::move(next);
  }
  std::set<view::Ordinal> out;
  for (const std::string& name : all) {
    if (matches.count(name) == 0) out.insert(seen.world.at(name).ordinal);
  }
  return out;
}

void JoinWorld::CheckIncludes(SeededRandom& random, const World& world, const view::Position& position) {
  const std::vector<Link> links(kLinks.begin(), kLinks.end() - 1);  // but what is inside is not included
  const Link& about = Pick(random, links);
  const std::string type =
      random.Below(2) == 0 ? std::string(about.type) : std::string(Pick(random, about.targets));
  std::vector<Directive> directives;
  std::string text = "_count=1000";
  for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
    Directive d{random.Below(2) == 0, random.Below(2) == 0, &Pick(random, links)};
    const bool leads =
        std::any_of(d.link->targets.begin(), d.link->targets.end(), [&](const char* t) { return type == t; });
    if (d.reverse ? !leads : type != d.link->type) d.iterate = true;
    text += fmt::format("&{}{}={}:{}", d.reverse ? "_revinclude" : "_include", d.iterate ? ":iterate" : "",
                        d.link->type, d.link->parameter);
    directives.push_back(d);
  }
  const uint64_t area = random.Below(2) * random.Below(kAreas + 1);
  const Seen seen(world, area);
  const auto query = ParseQuery(*house_.definitions, house_.definitions->FindType(type), text, {});
  ASSERT_TRUE(query.ok()) << text << query.error().ToString();
  IncludeRequest request;
  request.page = Request(position, area);
  request.page.count = 1000;
  request.may_read = [](fhir::TypeId) { return true; };
  const auto page = house_.index->Search(*query, request.page);
  ASSERT_TRUE(page.ok());
  std::set<std::string> matches;
  for (const auto& [name, record] : world) {
    if (record.type == type && seen.Sees(record)) matches.insert(name);
  }
  ASSERT_EQ(page->ordinals.size(), matches.size());
  const auto included = house_.index->Include(*query, page->ordinals, request);
  ASSERT_TRUE(included.ok());
  EXPECT_FALSE(included->cut);
  const std::set<view::Ordinal> got(included->ordinals.begin(), included->ordinals.end());
  ASSERT_EQ(got.size(), included->ordinals.size()) << "something comes twice: " << text;
  ASSERT_EQ(got, ExpectedIncludes(seen, matches, directives)) << type << "?" << text << " area " << area;
  included_ += got.size();
}

class JoinHistory : public JoinWorld, public testing::WithParamInterface<uint64_t> {};

TEST_P(JoinHistory, AnswersAsTheObviousEvaluator) {
  SeededRandom random(GetParam());
  struct Then {
    World world;
    view::Position position;
  };
  std::vector<Then> past;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 35; ++i) Change(random);
    while (random.Below(2) == 0 && house_.index->Maintain()) {
    }
    past.push_back({world_, house_.Head()});
    for (int i = 0; i < 56; ++i) {
      CheckQuestion(random, world_, house_.Head());
      // Earlier positions stay what they were.
      const Then& then = past[random.Below(past.size())];
      CheckQuestion(random, then.world, then.position);
      CheckIncludes(random, then.world, then.position);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(hits_, 300u);
  EXPECT_GT(included_, 200u);
  EXPECT_GT(inside_hits_, 40u) << "questions whose answer hangs on what is inside";
}

INSTANTIATE_TEST_SUITE_P(Seeds, JoinHistory, testing::Range<uint64_t>(1, 7));

void JoinWorld::FillWithMany() {
  SeededRandom random(99);
  constexpr int kPatients = 1500;
  for (int i = 0; i < kPatients; ++i) {
    const std::string id = "p" + std::to_string(i), gender = i % 3 == 0 ? "male" : "female";
    Record patient{"Patient", id, static_cast<uint64_t>(i % 3 + 1), 0, {{"gender", {gender}}}, {}, {},
                   {},        {}};
    patient.ordinal =
        house_.Put(fmt::format(R"({{"resourceType":"Patient","id":"{}","gender":"{}"}})", id, gender),
                   static_cast<view::OwnerNumber>(patient.area));
    world_[patient.name()] = patient;
    for (int n = 0; n < 2; ++n) {
      const std::string code = Pick(random, kValues.at("code")),
                        status = i % 100 == 0 ? "preliminary" : "final";
      Record one{"Observation",
                 fmt::format("o{}-{}", i, n),
                 patient.area,
                 0,
                 {{"code", {code}}, {"status", {status}}},
                 {},
                 {{"subject", {patient.name()}}},
                 {},
                 {}};
      one.ordinal = house_.Put(
          fmt::format(
              R"({{"resourceType":"Observation","id":"{}","status":"{}","code":{{"coding":[{{"code":"{}"}}]}},"subject":{{"reference":"{}"}}}})",
              one.id, status, code, patient.name()),
          static_cast<view::OwnerNumber>(one.area));
      world_[one.name()] = one;
    }
  }
}

// With many records the plan is another: sets are gathered first, the type is walked, estimates are not exact any more.
TEST_F(JoinWorld, AnswersTheSameWhateverThePlan) {
  FillWithMany();
  auto leaf = [](const char* parameter, const char* value) {
    auto q = std::make_shared<Question>();
    q->parameter = parameter;
    q->value = value;
    return q;
  };
  auto chain = [&](std::shared_ptr<Question> inner) {
    return Question{Question::Kind::kChain, "subject", "", "Patient", std::move(inner)};
  };
  auto has = [&](std::shared_ptr<Question> inner) {
    return Question{Question::Kind::kHas, "subject", "", "Observation", std::move(inner)};
  };
  struct Case {
    std::string type, text;
    std::vector<Question> questions;
  };
  const std::vector<Case> cases = {
      {"Observation", "subject:Patient.gender=male", {chain(leaf("gender", "male"))}},
      {"Observation",
       "subject:Patient.gender=male&code=a",
       {chain(leaf("gender", "male")), *leaf("code", "a")}},
      {"Observation",
       "subject:Patient.gender=male&status=preliminary",
       {chain(leaf("gender", "male")), *leaf("status", "preliminary")}},
      {"Patient", "_has:Observation:subject:code=a", {has(leaf("code", "a"))}},
      {"Patient",
       "_has:Observation:subject:code=a&_has:Observation:subject:code=b",
       {has(leaf("code", "a")), has(leaf("code", "b"))}},
      {"Patient",
       "_has:Observation:subject:status=preliminary&gender=male",
       {has(leaf("status", "preliminary")), *leaf("gender", "male")}},
      {"Patient",
       "_has:Observation:subject:status=final&gender=male",
       {has(leaf("status", "final")), *leaf("gender", "male")}},
      {"Observation",
       "subject:Patient._has:Observation:subject:code=c&code=d",
       {chain(std::make_shared<Question>(has(leaf("code", "c")))), *leaf("code", "d")}},
  };
  for (const Case& c : cases) {
    for (uint64_t area = 0; area <= kAreas; ++area) {
      const std::set<view::Ordinal> expected = Expected(Seen(world_, area), c.type, c.questions);
      bool good = true;
      const auto found = house_.AskAll(c.type, c.text, 700, &good, Request(house_.Head(), area));
      ASSERT_TRUE(good) << c.text;
      EXPECT_EQ(std::set<view::Ordinal>(found.begin(), found.end()), expected) << c.text << " area " << area;
      const auto page = house_.Ask(c.type, c.text + "&_count=3&_total=estimate&_explain=true",
                                   Request(house_.Head(), area));
      ASSERT_TRUE(page.ok());
      ASSERT_TRUE(page->total.has_value());
      EXPECT_NEAR(static_cast<double>(*page->total), static_cast<double>(expected.size()),
                  0.4 * static_cast<double>(expected.size()) + 5)
          << c.text << " area " << area;
    }
  }
}

}  // namespace
}  // namespace tk::search
