#include "kernel/search/index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <charconv>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "kernel/base/clock.h"
#include "kernel/base/random.h"
#include "kernel/search/extract.h"
#include "kernel/search/test_house.h"
#include "kernel/search/values.h"
#include "kernel/view/entry_list.h"

namespace tk::search {
namespace {

namespace fs = std::filesystem;
using view::Ordinal;

struct Folder {
  Folder() : path((fs::temp_directory_path() / ("tk_index_" + NewUuid())).string()) {
    fs::create_directories(path);
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path, error);
  }
  std::string path;
};

std::string Patient(const std::string& id, const std::string& family, const std::string& born,
                    const std::string& gender = "female") {
  return fmt::format(
      R"({{"resourceType":"Patient","id":"{}","name":[{{"family":"{}","given":["Wei"]}}],"gender":"{}","birthDate":"{}",)"
      R"("identifier":[{{"system":"urn:card","value":"c-{}"}}],"address":[{{"city":"通州","line":["Long Street of the Northern Watchtower {}"]}}]}})",
      id, family, gender, born, id, id);
}
std::string Observation(const std::string& id, const std::string& patient, const std::string& code,
                        const std::string& when, const std::string& value,
                        const std::string& status = "final") {
  return fmt::format(
      R"({{"resourceType":"Observation","id":"{}","status":"{}","code":{{"coding":[{{"system":"http://loinc.org","code":"{}"}}]}},)"
      R"("subject":{{"reference":"Patient/{}"}},"effectiveDateTime":"{}","valueQuantity":{{"value":{},"unit":"C","system":"http://unitsofmeasure.org","code":"Cel"}}}})",
      id, status, code, patient, when, value);
}

std::vector<Ordinal> Ordinals(const Result<Page>& page) {
  return page.ok() ? page->ordinals : std::vector<Ordinal>{~Ordinal{0}};
}

struct FindCase {
  const char* type;
  const char* text;
  std::vector<Ordinal> expected;
};

void ExpectFound(House& house, const std::vector<FindCase>& cases) {
  for (const FindCase& c : cases) {
    auto page = house.Ask(c.type, c.text);
    if (!page.ok()) {
      ADD_FAILURE() << c.type << "?" << c.text << ": " << page.error().ToString();
      continue;
    }
    auto found = page->ordinals;
    // Where no order is asked for, the order is checked elsewhere.
    if (std::string_view(c.text).find("_sort") == std::string_view::npos)
      std::sort(found.begin(), found.end(), std::greater<>());
    auto expected = c.expected;
    if (std::string_view(c.text).find("_sort") == std::string_view::npos)
      std::sort(expected.begin(), expected.end(), std::greater<>());
    EXPECT_EQ(found, expected) << c.type << "?" << c.text;
  }
}

TEST(Index, FindsByTokenReferenceDateStringAndNumber) {
  House house;
  const Ordinal p1 = house.Put(Patient("1", "Müller", "1980-02-03")),
                p2 = house.Put(Patient("2", "欧阳", "1955-06"));
  const Ordinal o1 = house.Put(Observation("a", "1", "8310-5", "2020-03-01T08:00:00Z", "37.5"));
  const Ordinal o2 = house.Put(Observation("b", "1", "8310-5", "2020-03-02", "38.25"));
  const Ordinal o3 =
      house.Put(Observation("c", "2", "8867-4", "2020-03-02T00:00:00Z", "36.6", "preliminary"));
  const std::vector<FindCase> cases = {
      {"Patient", "", {p2, p1}},
      {"Patient", "name=mull", {p1}},
      {"Patient", "name=%E6%AC%A7", {p2}},
      {"Patient", "name:exact=M%C3%BCller", {p1}},
      {"Patient", "name:exact=muller", {}},
      {"Patient", "name:contains=LLE", {p1}},
      {"Patient", "address:contains=watchtower%202", {p2}},
      {"Patient", "address=long street of the northern watch", {p2, p1}},
      {"Patient", "address=long%20street%20of%20the%20northern%20watchtower%201", {p1}},
      {"Patient", "identifier=urn:card|c-1", {p1}},
      {"Patient", "identifier=c-2", {p2}},
      {"Patient", "identifier=|c-2", {}},
      {"Patient", "birthdate=1955", {p2}},
      {"Patient", "birthdate=1955-06-01", {}},
      {"Patient", "birthdate=ge1960", {p1}},
      {"Patient", "birthdate=ne1980-02-03", {p2}},
      {"Patient", "gender=female&name=wei&_id=1", {p1}},
      {"Patient", "gender=http://hl7.org/fhir/administrative-gender|female", {p2, p1}},
      {"Patient", "gender=http://hl7.org/fhir/administrative-gender|", {p2, p1}},
      {"Patient", "gender=http://hl7.org/fhir/administrative-gender|male", {}},
      {"Patient", "gender=http://other.org|female", {}},
      {"Patient", "gender:not=http://other.org|female", {p2, p1}},
      {"Patient", "_id=1,2", {p2, p1}},
      {"Patient", "phone:missing=true", {p2, p1}},
      {"Patient", "birthdate:missing=true", {}},
      {"Patient", "gender:not=male", {p2, p1}},
      {"Observation", "patient=1", {o2, o1}},
      {"Observation", "patient=Patient/2", {o3}},
      {"Observation", "subject:Patient=1&code=http://loinc.org|8310-5", {o2, o1}},
      {"Observation", "patient=1&code=8310-5&date=lt2020-03-02", {o1}},
      {"Observation", "patient=1,2&code=8310-5,8867-4&_sort=date", {o1, o2, o3}},
      {"Observation", "subject:Group=1", {}},
      {"Observation", "combo-code=8867-4", {o3}},
      {"Observation", "status:not=final", {o3}},
      {"Observation", "value-quantity=gt37.5", {o2}},
      {"Observation", "value-quantity=37.5||Cel", {o1}},
      {"Observation", "value-quantity=le38|http://unitsofmeasure.org|Cel", {o3, o1}},
      {"Observation", "value-quantity=le38|http://other.org|Cel", {}},
      {"Observation", "combo-value-quantity=gt37.5", {o2}},
      {"Observation", "combo-value-quantity=le38|http://unitsofmeasure.org|Cel", {o3, o1}},
      {"Observation", "_sort=value-quantity", {o3, o1, o2}},
      {"Observation", "_sort=-value-quantity,date", {o2, o1, o3}},
      {"Observation", "_lastUpdated=ge2020-01-01T00:00:04Z&_sort=_lastUpdated", {o2, o3}},
      {"Observation", "_lastUpdated=lt2020-01-01T00:00:04Z", {o1}},
  };
  ExpectFound(house, cases);
}

TEST(Index, ASystemAloneFindsAnyOfItsCodes) {
  House house;
  const Ordinal a = house.Put(Observation("a", "1", "8310-5", "2020-03-01", "37.5"));
  const Ordinal b = house.Put(
      R"({"resourceType":"Observation","id":"b","status":"final","code":{"coding":[{"system":"urn:x","code":"8310-5"},{"system":"urn:bare"}]}})");
  const std::pair<const char*, std::vector<Ordinal>> cases[] = {
      {"code=http://loinc.org|", {a}},
      {"code=urn:x|", {b}},
      {"code=urn:bare|", {b}},
      {"code=http://loinc|", {}},
      {"code=urn:bare|,http://loinc.org|&_sort=_lastUpdated", {a, b}},
      {"combo-code=nobody,http://loinc.org|", {a}},
      {"code:not=http://loinc.org|", {b}},
      {"status=http://hl7.org/fhir/observation-status|&_sort=_lastUpdated", {a, b}}};
  for (const auto& [text, expected] : cases) {
    const auto page = house.Ask("Observation", text);
    ASSERT_TRUE(page.ok()) << text << page.error().ToString();
    EXPECT_EQ(page->ordinals, expected) << text;
  }
}

TEST(Index, ValueAndUnitOfAQuantityBelongTogether) {
  House house;
  const Ordinal o = house.Put(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"component":[)"
      R"({"code":{"text":"a"},"valueQuantity":{"value":1,"system":"urn:a","code":"Cel"}},{"code":{"text":"b"},"valueQuantity":{"value":2,"system":"urn:b","code":"Cel"}},)"
      R"({"code":{"text":"c"},"valueQuantity":{"value":3,"system":"urn:a","unit":"drops"}}]})");
  const std::pair<const char*, bool> cases[] = {
      {"1|urn:a|Cel", true}, {"2|urn:b|Cel", true}, {"2|urn:a|Cel", false},   {"1|urn:b|Cel", false},
      {"2||Cel", true},      {"3||drops", true},    {"3|urn:a|drops", false}, {"gt1|urn:a|Cel", false}};
  for (const auto& [value, found] : cases) {
    const std::vector<Ordinal> expected = found ? std::vector<Ordinal>{o} : std::vector<Ordinal>{};
    EXPECT_EQ(Ordinals(house.Ask("Observation", std::string("component-value-quantity=") + value)), expected)
        << value;
    EXPECT_EQ(Ordinals(house.Ask("Observation", std::string("combo-value-quantity=") + value)), expected)
        << value;
  }
}

TEST(Index, UpdatesAndDeletesLeaveNothingBehindAndOlderPositionsStand) {
  House house;
  house.Put(Patient("1", "Chen", "1980"));
  const Ordinal first = house.Put(Observation("a", "1", "8310-5", "2020-03-01", "37"));
  const view::Position before = house.Head();
  const Ordinal second = house.Put(Observation("a", "1", "8867-4", "2020-03-01", "37"));
  const view::Position between = house.Head();
  house.Delete("Observation", "a");
  auto at = [&](const view::Position& position, const char* text) {
    PageRequest request;
    request.position = position;
    return Ordinals(house.Ask("Observation", text, request));
  };
  EXPECT_EQ(at(before, "code=8310-5"), (std::vector<Ordinal>{first}));
  EXPECT_EQ(at(between, "code=8310-5"), (std::vector<Ordinal>{}));
  EXPECT_EQ(at(between, "code=8867-4&patient=1"), (std::vector<Ordinal>{second}));
  EXPECT_EQ(at(house.Head(), "code=8867-4"), (std::vector<Ordinal>{}));
  EXPECT_EQ(at(before, "code=8867-4"), (std::vector<Ordinal>{}));
  for (const auto& [position, count] :
       {std::pair(before, 1u), std::pair(between, 0u), std::pair(house.Head(), 0u)}) {
    PageRequest request;
    request.position = position;
    EXPECT_EQ(house.Ask("Observation", "code=8310-5&_summary=count", request)->total, count);
  }
}

// Random histories against an evaluator that reads every resource anew.

struct Values final : public ValueSink {
  struct Entry {
    ParameterId p;
    std::string system;
    bool has_system;
    std::string code;
    int64_t low, high;
    double number;
    std::string canonical_unit = {};
    double canonical = 0;
  };
  std::vector<Entry> all;
  void Token(ParameterId p, const std::string_view* system, std::string_view code) override {
    all.push_back(
        {p, std::string(system != nullptr ? *system : ""), system != nullptr, std::string(code), 0, 0, 0});
  }
  void Reference(ParameterId p, std::string_view target) override {
    all.push_back({p, "", false, std::string(target), 0, 0, 0});
  }
  void Date(ParameterId p, int64_t low, int64_t high) override {
    all.push_back({p, "", false, "", low, high, 0});
  }
  void String(ParameterId p, std::string_view text) override {
    all.push_back({p, "", false, std::string(text), 0, 0, 0});
  }
  void Number(ParameterId p, const NumberValue& v) override {
    all.push_back({p, std::string(v.system), true, std::string(v.code), 0, 0, v.low,
                   std::string(v.canonical_unit), v.canonical_low});
  }
  void Uri(ParameterId p, std::string_view text) override {
    all.push_back({p, "", false, std::string(text), 0, 0, 0});
  }
};

/// A name: punctuation as a blank or as nothing, each word a beginning.
bool HoldsText(const std::string& value, const std::string& text, bool contains) {
  std::string bare = value;
  bare.erase(std::remove_if(bare.begin(), bare.end(), [](char each) { return each == '\'' || each == '-'; }),
             bare.end());
  const std::string begin = contains ? "" : " ", asked = begin + FoldText(text);
  return (begin + FoldText(value)).find(asked) != std::string::npos ||
         (begin + FoldText(bare)).find(asked) != std::string::npos;
}

bool TermFits(const Criterion& c, const Term& t, const Values::Entry& v) {
  switch (c.parameter->type) {
    case fhir::SearchType::kToken:
      if (t.system && *t.system != v.system) return false;
      if (t.system && t.system->empty() && !v.has_system) return false;
      return t.code.empty() || t.code == v.code;
    case fhir::SearchType::kReference:
      if (!t.type.empty()) return v.code == t.type + "/" + t.code;
      return v.code.size() > t.code.size() && v.code.substr(v.code.find('/') + 1) == t.code;
    case fhir::SearchType::kString:
      if (c.modifier == "exact") return v.code == t.text;
      return HoldsText(v.code, t.text, c.modifier == "contains");
    case fhir::SearchType::kQuantity:
    case fhir::SearchType::kNumber: {
      if (t.unit.empty() && !t.code.empty() && t.code != v.code) return false;
      if (t.unit != (t.unit.empty() ? "" : v.canonical_unit)) return false;
      if (t.system && !t.system->empty() && *t.system != v.system) return false;
      const double number = t.unit.empty() ? v.number : v.canonical;
      return t.prefix == Prefix::kEq   ? number >= t.low && number < t.high
             : t.prefix == Prefix::kGt ? number > t.exact
                                       : number <= t.exact;
    }
    case fhir::SearchType::kDate: {
      const bool inside = t.low_us <= v.low && v.high <= t.high_us;
      if (t.prefix == Prefix::kEq) return inside;
      if (t.prefix == Prefix::kNe) return !inside;
      if (t.prefix == Prefix::kGe) return inside || v.high > t.high_us;
      if (t.prefix == Prefix::kLe) return inside || v.low < t.low_us;
      if (t.prefix == Prefix::kGt) return v.high > t.high_us;
      if (t.prefix == Prefix::kLt) return v.low < t.low_us;
      if (t.prefix == Prefix::kSa) return v.low >= t.high_us;
      return v.high <= t.low_us;
    }
    default:
      return false;
  }
}

bool Fits(const Extractor& extractor, const view::Resource& resource, const Query& query) {
  if (resource.type != query.type || resource.op == view::Operation::kDelete) return false;
  Values values;
  extractor.Extract(resource.type, resource.document.Root(), values);
  for (const Criterion& c : query.criteria) {
    if (c.special == "_id") {
      if (std::none_of(c.terms.begin(), c.terms.end(), [&](const Term& t) { return t.code == resource.id; }))
        return false;
      continue;
    }
    bool any = false, present = false;
    for (const Extractor::Source& source : extractor.At(extractor.IdOf(*c.parameter)).sources) {
      for (const auto& v : values.all) {
        if (v.p != source.parameter) continue;
        if (source.type != fhir::kNoType &&
            v.code.rfind(std::string(extractor.definitions().Type(source.type).name) + "/", 0) != 0)
          continue;
        present = true;
        any = any ||
              (c.modifier != "missing" &&
               std::any_of(c.terms.begin(), c.terms.end(), [&](const Term& t) { return TermFits(c, t, v); }));
      }
    }
    const bool holds = c.modifier == "missing" ? present == (c.terms[0].text == "false")
                       : c.modifier == "not"   ? !any
                                               : any;
    if (!holds) return false;
  }
  return true;
}

std::string RandomResource(SeededRandom& random) {
  const std::string families[] = {"Chen",
                                  "Cheng",
                                  "Zhang",
                                  "欧阳",
                                  "欧",
                                  "Müller",
                                  "Müller-O'Hara Chen",
                                  "A very long family name of the north",
                                  "A very long family name of the south"};
  const std::string id = std::to_string(random.Below(40)), who = std::to_string(random.Below(12));
  const std::string dates[] = {
      "1969-12-31T23:59:59Z", "1650",      "2020", "2020-02", "2020-02-29", "2020-02-29T12:00:00.123Z",
      "2020-02-29T12:00:00Z", "2250-01-01"};
  if (random.Below(3) == 0)
    return Patient(who, families[random.Below(9)], dates[1 + random.Below(4)],
                   random.Below(2) == 0 ? "male" : "female");
  if (random.Below(4) == 0) {
    return fmt::format(
        R"({{"resourceType":"Encounter","id":"{}","status":"finished","class":{{"code":"AMB"}},"subject":{{"reference":"Patient/{}"}},"period":{{"start":"2020-0{}-01"{}}}}})",
        id, who, 1 + random.Below(9),
        random.Below(2) == 0 ? "" : fmt::format(R"(,"end":"2020-1{}-02")", random.Below(3)));
  }
  const char* codes[] = {"8310-5", "8867-4", "29463-7"};
  return Observation(id, who, codes[random.Below(3)], dates[random.Below(8)],
                     fmt::format("{}.{}", 30 + random.Below(12), random.Below(10)),
                     random.Below(3) == 0 ? "preliminary" : "final");
}

std::pair<std::string, std::string> RandomQuery(SeededRandom& random) {
  const char* patient[] = {"name=chen",
                           "family=ohara",
                           "family=o'hara%20c",
                           "family:contains=rohara",
                           "name=%E6%AC%A7",
                           "name:exact=Chen",
                           "name:contains=ver",
                           "family=a%20very%20long%20family%20name%20of%20the%20n",
                           "gender=male",
                           "gender:not=male",
                           "birthdate=2020",
                           "birthdate=ge2020-02",
                           "birthdate=lt2020-02-10",
                           "identifier=urn:card|c-3",
                           "identifier=c-4,c-5",
                           "address-city=%E9%80%9A",
                           "birthdate:missing=false",
                           "phone:missing=true",
                           "_id=3,4",
                           "deceased=false",
                           "address:contains=northern%20watchtower%201"};
  const char* observation[] = {"code=8310-5",
                               "code=http://loinc.org|8867-4,http://loinc.org|29463-7",
                               "code=http://loinc.org|8310-5",
                               "patient=3",
                               "subject=Patient/4,Patient/5",
                               "status=final",
                               "status:not=final",
                               "date=2020",
                               "date=ge2020-02-29",
                               "date=lt2020-02-29T12:00:00Z",
                               "date=ne2020-02",
                               "date=sa2020-02-28",
                               "date=eb2020-02-29",
                               "date=le1970",
                               "value-quantity=gt35",
                               "value-quantity=37||Cel",
                               "value-quantity=le33.5|http://unitsofmeasure.org|Cel",
                               "combo-code=8310-5",
                               "encounter:missing=true",
                               "subject:Patient=2",
                               "subject=7",
                               "date=gt2019",
                               "_id=1,2,3,4,5,6,7,8,9"};
  const char* encounter[] = {"date=2020",         "date=ge2020-05",    "date=le2020-03",
                             "date=sa2020-06-01", "date=eb2020-12-01", "status=finished",
                             "patient=1,2,3,4",   "class=AMB",         "date=lt2021&date=gt2020-10"};
  const uint64_t which = random.Below(3);
  std::string text;
  for (uint64_t i = 1 + random.Below(3); i > 0; --i) {
    text += text.empty() ? "" : "&";
    text += which == 0   ? patient[random.Below(std::size(patient))]
            : which == 1 ? observation[random.Below(std::size(observation))]
                         : encounter[random.Below(std::size(encounter))];
  }
  const char* sorts[] = {"",
                         "",
                         "",
                         "&_sort=-date",
                         "&_sort=date",
                         "&_sort=_lastUpdated",
                         "&_sort=-_lastUpdated",
                         "&_sort=-value-quantity,date"};
  if (which != 0) text += sorts[random.Below(which == 1 ? 8 : 7)];
  return {which == 0 ? "Patient" : which == 1 ? "Observation" : "Encounter", text};
}

constexpr uint64_t kAreaBase = 100, kAreas = 5;

struct Moment {
  view::Position position;
  std::map<std::string, view::ResourcePtr> current;
};

/// The same question by somebody who sees a part only: an area (some have none, some are open to all), or one person.
void ExpectInScope(const House& house, const Query& query, const std::set<Ordinal>& everywhere,
                   PageRequest request, SeededRandom& random) {
  request.scope.everything = false;
  request.scope.area_low = kAreaBase + random.Below(kAreas);
  request.scope.area_high = request.scope.area_low + 1 + random.Below(3);
  if (random.Below(5) == 0) request.scope.only_owner = static_cast<view::OwnerNumber>(1 + random.Below(9));
  if (random.Below(3) == 0) {
    auto beyond = std::make_shared<view::Beyond>();
    const auto low = static_cast<view::OwnerNumber>(1 + random.Below(8));
    beyond->open = {low, low + 1};
    if (random.Below(2) == 0) beyond->closed = {low + 1};
    request.scope.beyond = std::move(beyond);
  }
  size_t expected = 0;
  for (Ordinal ordinal : everywhere) expected += house.directory.InScope(ordinal, request.scope) ? 1 : 0;
  const auto count = house.index->Count(query, request);
  ASSERT_TRUE(count.ok());
  ASSERT_EQ(*count, expected) << query.self;
  ASSERT_EQ(*house.index->Count(query, request), expected) << "asked again: " << query.self;
}

void ExpectAnswers(const House& house, const Extractor& extractor, const Moment& moment,
                   SeededRandom& random) {
  const auto [type, text] = RandomQuery(random);
  const auto query = ParseQuery(*house.definitions, house.definitions->FindType(type), text, {});
  ASSERT_TRUE(query.ok()) << text << query.error().ToString();
  std::set<Ordinal> expected;
  for (const auto& [name, resource] : moment.current) {
    if (Fits(extractor, *resource, *query)) expected.insert(resource->ordinal);
  }
  PageRequest request;
  request.position = moment.position;
  bool good = true;
  const auto found = house.AskAll(type, text, 1 + random.Below(7), &good, request);
  ASSERT_TRUE(good) << type << "?" << text;
  ASSERT_EQ(std::set<Ordinal>(found.begin(), found.end()), expected) << type << "?" << text;
  ASSERT_EQ(found.size(), expected.size()) << "twice on the pages of " << type << "?" << text;
  const auto whole = house.Ask(type, text, request);
  ASSERT_TRUE(whole.ok());
  if (expected.size() <= 50) {
    ASSERT_EQ(whole->ordinals, found) << "pages differ from the whole: " << type << "?" << text;
  }
  if (text.find("_sort=_last") != std::string::npos) {
    ASSERT_TRUE(std::is_sorted(found.begin(), found.end()));
  }
  if (text.find("_sort=-_last") != std::string::npos) {
    ASSERT_TRUE(std::is_sorted(found.rbegin(), found.rend()));
  }
  const auto count = house.index->Count(*query, request);
  ASSERT_TRUE(count.ok());
  ASSERT_EQ(*count, expected.size()) << type << "?" << text;
  ASSERT_NO_FATAL_FAILURE(ExpectInScope(house, *query, expected, request, random));
}

TEST(Index, RandomHistoriesAnswerAsTheObviousEvaluator) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    Folder folder;
    IndexOptions options;
    options.folder = folder.path;
    options.file_entries_min = 400;
    options.count_alone_max = seed == 1 ? 0 : 8;
    House house(options);
    for (view::OwnerNumber owner = 2; owner < 10; ++owner)
      house.directory.SetArea(owner, owner == 9 ? view::kAreaPublic : kAreaBase + owner % kAreas);
    for (const view::OwnerNumber follower : {10u, 11u}) house.directory.Follow(follower, follower - 8);
    const auto extractor = Extractor::Create(house.definitions, 480);
    SeededRandom random(seed);
    std::vector<Moment> moments;
    for (int change = 0; change < 300; ++change) {
      if (random.Below(6) == 0 && !house.current.empty()) {
        auto at = house.current.begin();
        std::advance(at, static_cast<ptrdiff_t>(random.Below(house.current.size())));
        const size_t slash = at->first.find('/');
        if (at->second->op != view::Operation::kDelete)
          house.Delete(at->first.substr(0, slash), at->first.substr(slash + 1));
      } else {
        house.Put(RandomResource(random), static_cast<view::OwnerNumber>(random.Below(12)));
      }
      if (random.Below(10) == 0)
        house.directory.Follow(static_cast<view::OwnerNumber>(10 + random.Below(2)),
                               static_cast<view::OwnerNumber>(random.Below(10)));
      if (random.Below(25) == 0)
        house.directory.SetArea(static_cast<view::OwnerNumber>(1 + random.Below(8)),
                                kAreaBase + random.Below(kAreas));
      if (random.Below(15) == 0) moments.push_back({house.Head(), house.current});
      if (random.Below(20) == 0)
        house.index->SetOldestPinned(moments.empty() ? 0 : moments.front().position.end_ordinal);
      if (random.Below(10) == 0) {
        while (house.index->Maintain()) {
        }
      }
      if (random.Below(100) == 0) {
        // A restart: what was saved is loaded into a new index; there is no tail.
        ASSERT_TRUE(house.index->Save(folder.path, {1, 0, 1, house.definitions->hash(), 0}).ok());
        IndexOptions again = house.options();
        house.index = Index::Create(house.definitions, again, &house.directory);
        const auto mark =
            house.index->Load(folder.path, {1, house.t, house.next, house.definitions->hash(), 0});
        ASSERT_TRUE(mark.ok()) << mark.error().ToString();
        ASSERT_EQ(mark->end_ordinal, house.next);
        ASSERT_EQ(mark->t, house.t);
      }
      if (change % 4 == 0) {
        ASSERT_NO_FATAL_FAILURE(ExpectAnswers(house, *extractor, {house.Head(), house.current}, random));
      }
    }
    for (const Moment& moment : moments) {
      for (int i = 0; i < 6; ++i) ASSERT_NO_FATAL_FAILURE(ExpectAnswers(house, *extractor, moment, random));
    }
  }
}

TEST(Index, PagesFollowTheAskedOrder) {
  House house;
  const Ordinal a = house.Put(Observation("a", "1", "x", "2020-03-01T08:00:00Z", "1"));
  const Ordinal b = house.Put(Observation("b", "1", "x", "1960-03-01T08:00:00Z", "2"));
  const Ordinal c = house.Put(Observation("c", "1", "x", "2020-03-01T08:00:01Z", "3"));
  const Ordinal d = house.Put(Observation("d", "1", "x", "2020-03-01T08:00:00Z", "3"));
  for (size_t count = 1; count < 6; ++count) {
    bool good = true;
    EXPECT_EQ(house.AskAll("Observation", "patient=1&code=x", count, &good),
              (std::vector<Ordinal>{c, d, a, b}));
    EXPECT_EQ(house.AskAll("Observation", "code=x&_sort=-date", count, &good),
              (std::vector<Ordinal>{c, d, a, b}));
    EXPECT_EQ(house.AskAll("Observation", "code=x&_sort=date", count, &good),
              (std::vector<Ordinal>{b, d, a, c}));
    EXPECT_EQ(house.AskAll("Observation", "_sort=-value-quantity,date", count, &good),
              (std::vector<Ordinal>{d, c, b, a}));
    EXPECT_TRUE(good);
  }
  PageRequest request;
  for (const char* cursor : {"x", "t", "t1", "o5", "t0-0", "t1-zz", "k1", "t1-1-1"}) {
    request.cursor = cursor;
    EXPECT_EQ(house.Ask("Observation", "code=x", request).error().code, ErrorCode::kIncorrect) << cursor;
  }
}

TEST(Index, DatesOfAnotherTimezoneAreNotServed) {
  Folder folder;
  IndexOptions there;
  there.folder = folder.path;
  House house(there);
  house.Put(Observation("a", "1", "x", "2026-03-03", "1"));
  const view::Mark mark{1, house.t, house.next, house.definitions->hash(), 0};
  ASSERT_TRUE(house.index->Save(folder.path, mark).ok());
  for (const int offset_min : {0, 480}) {
    IndexOptions options = house.options();
    options.timezone_offset_min = offset_min;
    house.index = Index::Create(house.definitions, options, &house.directory);
    const auto loaded = house.index->Load(folder.path, mark);
    EXPECT_EQ(loaded.ok(), offset_min == 480);
    if (!loaded.ok()) {
      EXPECT_EQ(loaded.error().code, ErrorCode::kConflict);
    }
  }
}

TEST(Index, WithinASecondTheDatesDecide) {
  House house;
  const auto put = [&](const char* id, const char* date) {
    return house.Put(Observation(id, "1", "x", date, "1"));
  };
  const Ordinal middle = put("a", "2020-03-01T10:00:00.500Z"), newest = put("b", "2020-03-01T10:00:00.900Z"),
                oldest = put("c", "2020-03-01T10:00:00.100Z"), twin = put("d", "2020-03-01T10:00:00.500Z"),
                later = put("e", "2020-03-01T10:00:01Z");
  const Ordinal none = house.Put(
      R"({"resourceType":"Observation","id":"f","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/1"}})");
  const Ordinal none_either = house.Put(
      R"({"resourceType":"Observation","id":"g","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/1"}})");
  for (size_t count = 1; count < 8; ++count) {
    bool good = true;
    for (const char* text : {"code=x&_sort=-date", "code=x", "code=x,y", "code=x&status:not=amended"})
      EXPECT_EQ(house.AskAll("Observation", text, count, &good),
                (std::vector<Ordinal>{later, newest, twin, middle, oldest, none_either, none}))
          << text << count;
    EXPECT_EQ(house.AskAll("Observation", "code=x&status:not=amended&_sort=-date", count, &good),
              (std::vector<Ordinal>{later, newest, twin, middle, oldest, none_either, none}));
    EXPECT_EQ(house.AskAll("Observation", "code=x&value-quantity=ge0&_sort=-date", count, &good),
              (std::vector<Ordinal>{later, newest, twin, middle, oldest}));
    EXPECT_TRUE(good);
  }
}

TEST(Index, OfAVeryFullSecondTheDatesDecideWhenTheyAreAskedFor) {
  House house;
  std::vector<Ordinal> written;
  for (int i = 0; i < 1100; ++i)
    written.push_back(house.Put(Observation(
        std::to_string(i), "1", "x", i % 2 == 0 ? "2020-03-01T10:00:00.500Z" : "2020-03-01T10:00:00Z", "1")));
  const Ordinal before = house.Put(Observation("before", "1", "x", "2020-03-01T09:59:59Z", "1")),
                after = house.Put(Observation("after", "1", "x", "2020-03-01T10:00:01Z", "1"));
  std::vector<Ordinal> newest(written.rbegin(), written.rend()), exact;
  for (const int odd : {0, 1}) {
    for (size_t i = 1100; i-- > 0;) {
      if (static_cast<int>(i % 2) == odd) exact.push_back(written[i]);
    }
  }
  for (std::vector<Ordinal>* all : {&newest, &exact}) {
    all->insert(all->begin(), after);
    all->push_back(before);
  }
  for (const size_t count : {97u, 1102u, 2000u}) {
    bool good = true;
    EXPECT_EQ(house.AskAll("Observation", "code=x", count, &good), newest) << count;
    EXPECT_EQ(house.AskAll("Observation", "code=x&status:not=amended", count, &good), newest) << count;
    EXPECT_EQ(house.AskAll("Observation", "code=x,y&value-quantity=ge0", count, &good), newest) << count;
    EXPECT_EQ(house.AskAll("Observation", "code=x&_sort=-date", count, &good), exact) << count;
    EXPECT_TRUE(good);
  }
}

TEST(Index, ScopeIsCheckedBeforeCountingAndPaging) {
  House house;
  for (int i = 0; i < 30; ++i)
    house.Put(Observation(std::to_string(i), "1", "x", "2020-01-01", "1"),
              static_cast<view::OwnerNumber>(1 + i % 3));
  PageRequest request;
  request.scope.everything = false;
  request.scope.only_owner = 2;
  bool good = true;
  EXPECT_EQ(house.AskAll("Observation", "code=x", 4, &good, request).size(), 10u);
  EXPECT_EQ(house.Ask("Observation", "code=x&_total=accurate", request)->total, 10u);
  EXPECT_EQ(house.Ask("Observation", "_summary=count", request)->total, 10u);
  EXPECT_EQ(house.Ask("Observation", "_summary=count")->total, 30u);
}

TEST(Index, ADeadlineEndsAScan) {
  House house;
  for (int i = 0; i < 600; ++i) house.Put(Observation(std::to_string(i), "1", "x", "2020-01-01", "1"));
  PageRequest request;
  request.deadline_us = 1;
  EXPECT_EQ(house.Ask("Observation", "status:not=final", request).error().code, ErrorCode::kTimeout);
}

TEST(Index, CompartmentReferencesAndKeys) {
  House house;
  const Ordinal p = house.Put(Patient("1", "Chen", "1980"));
  house.Put(Patient("2", "Li", "1980"));
  const Ordinal o = house.Put(Observation("a", "1", "x", "2020", "1"));
  house.Put(Observation("b", "2", "x", "2020", "1"));
  const Ordinal e = house.Put(
      R"({"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/1"}})");
  EXPECT_EQ(house.index->Compartment("1", house.Head()).value(), (std::vector<Ordinal>{e, o, p}));
  EXPECT_EQ(house.index->ReferencesTo("Patient/1", house.Head()).value(), (std::vector<Ordinal>{o, e}));
  EXPECT_EQ(house.index->ReferencesTo("Patient/9", house.Head()).value(), (std::vector<Ordinal>{}));
  house.index->ApplyKey(77, 3);
  house.index->Publish(house.t, house.next);
  EXPECT_EQ(house.index->FindKey(77, house.Head()).value(), 3u);
  EXPECT_EQ(house.index->FindKey(78, house.Head()).value(), 0u);
  EXPECT_EQ(house.index->FindKey(77, {1, 2}).value(), 0u);
}

TEST(Index, MayAffectNeverOverlooksAChange) {
  House house;
  auto change = [&](const std::string& text) {
    auto now = std::make_shared<view::Resource>();
    auto document = fhir::Document::Parse(text);
    CHECK(document.ok());
    now->type = house.definitions->FindType(document->Root()["resourceType"].ToString());
    now->id = document->Root()["id"].ToString();
    now->document = std::move(*document);
    return now;
  };
  const auto extractor = Extractor::Create(house.definitions, 480);
  SeededRandom random(5);
  size_t excluded = 0;
  for (int i = 0; i < 400; ++i) {
    const auto before = change(RandomResource(random)), now = change(RandomResource(random));
    if (before->type != now->type) continue;
    before->ordinal = 1;
    const auto prepared = house.index->Prepare({now, before, 0});
    ASSERT_TRUE(prepared.ok());
    const auto [type, text] = RandomQuery(random);
    const auto query = ParseQuery(*house.definitions, house.definitions->FindType(type), text, {});
    ASSERT_TRUE(query.ok());
    if (text.find("_id=") != std::string::npos && before->id != now->id) continue;  // a change has one id
    const bool may = house.index->MayAffect(**prepared, now->type, *query);
    excluded += may ? 0 : 1;
    if (!may) {
      EXPECT_FALSE(Fits(*extractor, *now, *query) || Fits(*extractor, *before, *query))
          << type << "?" << text;
    }
  }
  EXPECT_GT(excluded, 50u);
}

/// Everything that a run file holds, read past any manifest.
template <class Entry, class Each>
void ForFileEntries(const std::string& path, const Each& each) {
  const auto map = view::MapRunFile(path, sizeof(Entry));
  ASSERT_TRUE(map.ok()) << map.error().ToString();
  const auto lists = view::ListsOf<Entry>(*map, path);
  ASSERT_TRUE(lists.ok());
  for (const view::EntryList<Entry>* list : {&lists->adds, &lists->antis}) {
    view::ListReader<Entry> reader(*list);
    for (const Entry *first, *last; reader.Next(&first, &last);) std::for_each(first, last, each);
  }
  view::UnmapRunFile(map->base, map->bytes);
}

TEST(Index, ForgettingAnOwnerLeavesNoneOfHisTextInFiles) {
  Folder folder;
  IndexOptions options;
  options.folder = folder.path;
  options.file_entries_min = 10;
  House house(options);
  house.Put(Patient("1", "Unmistakable", "1980"), 7);
  house.Put(Patient("2", "Somebody", "1980"), 8);
  const view::Mark mark{1, 0, 1, house.definitions->hash(), 0};
  ASSERT_TRUE(house.index->Save(folder.path, mark).ok());
  auto contains = [&](std::string_view text) {
    // Files are read as the index reads them (their columns are packed), and grepped for words as they stood in memory, low byte first.
    const uint64_t word = WordOf(text, 0);
    std::string needle(text.substr(0, 8));
    std::reverse(needle.begin(), needle.end());
    bool found = false;
    for (const auto& entry : fs::directory_iterator(folder.path)) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream all;
      all << in.rdbuf();
      found = found || all.str().find(needle) != std::string::npos;
      const std::string name = entry.path().filename().string();
      if (name.rfind("strings-", 0) == 0) {
        ForFileEntries<view::Entry32>(entry.path(),
                                      [&](const view::Entry32& e) { found = found || e.b == word; });
      } else if (name.rfind("sort-", 0) == 0) {
        ForFileEntries<view::Entry24>(entry.path(),
                                      [&](const view::Entry24& e) { found = found || e.b == word; });
      }
    }
    return found;
  };
  ASSERT_TRUE(contains("unmistakable"));
  house.Erase(7);
  EXPECT_EQ(house.Ask("Patient", "gender=female&_summary=count")->total, 1u);
  constexpr view::OwnerNumber kHe = 7;
  ASSERT_TRUE(house.index->Forget({&kHe, 1}).ok());
  EXPECT_FALSE(contains("unmistakable"));
  EXPECT_TRUE(contains("somebody"));
  EXPECT_EQ(house.Ask("Patient", "gender=female&_summary=count")->total, 1u);
  EXPECT_EQ(house.Ask("Patient", "")->ordinals.size(), 1u);
}

TEST(Index, ADamagedOrForeignSaveIsRefused) {
  Folder folder;
  IndexOptions options;
  options.folder = folder.path;
  House house(options);
  for (int i = 0; i < 20; ++i) house.Put(Patient(std::to_string(i), "Chen", "1980"));
  const view::Mark mark{1, 0, 1, house.definitions->hash(), 0},
      head{1, house.t, house.next, house.definitions->hash(), 0};
  ASSERT_TRUE(house.index->Save(folder.path, mark).ok());
  auto load = [&](view::Mark log_head) {
    auto index = Index::Create(house.definitions, house.options(), &house.directory);
    const auto loaded = index->Load(folder.path, log_head);
    return loaded.ok() ? ErrorCode::kInternal : loaded.error().code;
  };
  EXPECT_EQ(load(head), ErrorCode::kInternal);  // it loads
  EXPECT_EQ(load({2, house.t, house.next, head.definitions_hash, 0}), ErrorCode::kConflict);
  EXPECT_EQ(load({1, house.t - 1, house.next - 1, head.definitions_hash, 0}), ErrorCode::kConflict);
  // Of other definitions it loads and serves what it knows; without its list of parameters it cannot.
  EXPECT_EQ(load({1, house.t, house.next, head.definitions_hash + 1, 0}), ErrorCode::kInternal);
  for (const auto& entry : fs::directory_iterator(folder.path)) {
    if (entry.path().filename().string().rfind("equality-", 0) != 0) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('!');
  }
  EXPECT_EQ(load(head), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tk::search
