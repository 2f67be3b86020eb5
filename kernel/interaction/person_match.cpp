// Patient/$match: who in the index is this? And Patient/$explain-match: why two records are, or are not, taken for one person.
// $match answers with one record for each person, the one that agrees best of those that the viewer may see, or, if that was merged into another, the one that
// it goes on as (itself, where the viewer sees none that goes on: its link says so); the score is of all records of the
// person that he may see, so that nothing is told of others. search.score is the model's probability, kept within the bounds that the verdict has in
// the model's thresholds: rules lower and raise verdicts, and order and score must not differ.
// Source: FHIR R4 patient-operation-match.html.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/merge_links.h"
#include "kernel/interaction/person_records.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {

Result<const person::PersonView*> PersonsOf(const Room& room) {
  if (room.context.persons != nullptr) {
    TRY(room.context.persons->CheckUsable());
    return room.context.persons;
  }
  return MakeError(ErrorCode::kUnsupported, "This server keeps no person index.");
}

// Comparing tells what values are, and what they are not.
Status CheckMayCompare(const Call& call, std::string_view operation) {
  TRY(CheckMayCall(call.viewer(), operation));
  TRY(CheckMayRead(call.viewer(), "Patient"));
  if (MasksOf(call.viewer()) == nullptr) return {};
  return MakeError(ErrorCode::kForbidden,
                   "Your post sees persons masked, and comparing tells of what is masked: let a post compare "
                   "that sees all.");
}

Result<view::Ordinal> GoesOnAs(const Room& room, const access::Viewer& viewer, view::Ordinal record,
                               const view::Position& position) {
  constexpr int kMergesMax = 50;  // in a row
  for (int i = 0; i < kMergesMax; ++i) {
    auto opened = room.engine().OpenText(record);
    if (!opened.ok() && opened.error().code == ErrorCode::kGone) return view::Ordinal{0};
    const view::Engine::TextPtr text = TRY(std::move(opened));
    const fhir::Document document = TRY(fhir::Document::Parse(text->json));
    const std::string target = MergedInto(document.Root());
    if (target.empty()) return record;
    const Current current =
        FindCurrent(room, viewer, "Patient", std::string_view(target).substr(target.find('/') + 1), position);
    if (!current.exists() || !current.in_scope) return view::Ordinal{0};
    record = current.version.ordinal;
  }
  return view::Ordinal{0};
}

std::vector<PersonRecord> VisibleRecords(const Room& room, const access::Viewer& viewer,
                                         const person::People& people, const std::vector<person::Row>& rows,
                                         const view::Position& position) {
  std::vector<PersonRecord> visible;
  for (const person::Row row : rows) {
    // The index may be a moment ahead of what is published: the version is asked for, not taken from it.
    const uint64_t id_hash = people.HashOf(row);
    const auto version = room.directory().Current(id_hash, position);
    if (version.ordinal == 0 || version.deleted || !room.directory().Live(version.ordinal, position) ||
        !room.directory().InScope(version.ordinal, viewer.scope))
      continue;
    visible.push_back({id_hash, version.ordinal});
  }
  return visible;
}

namespace {

using person::linkage::EntryView;
using person::linkage::Scored;
using person::linkage::Verdict;

constexpr size_t kMatchesDefault = 20, kMatchesMax = 100;
constexpr std::string_view kMatchGradeUrl = "http://hl7.org/fhir/StructureDefinition/match-grade";

struct MatchAsked {
  fhir::Value resource;
  bool only_certain = false;
  size_t count = kMatchesDefault;
};

Result<MatchAsked> ReadMatch(const fhir::Document& document) {
  MatchAsked asked;
  // The resource alone will do: FHIR R4 operations.html#request.
  if (document.Root()["resourceType"].ToString() == "Patient") {
    asked.resource = document.Root();
    return asked;
  }
  const BodyParameters body =
      TRY(BodyParameters::Read(document, {"resource", "onlyCertainMatches", "count"}));
  asked.resource = body.Find("resource")["resource"];
  if (asked.resource["resourceType"].ToString() != "Patient")
    return MakeIssue(ErrorCode::kIncorrect, "required", body.PathOf("resource"),
                     "Give the parameter resource with a Patient: as much of him as is known.");
  asked.only_certain = TRY(body.Flag("onlyCertainMatches"));
  if (body.Find("count")) {
    const std::string_view digits = body.Find("count")["valueInteger"].Number();
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), asked.count);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || asked.count == 0)
      return MakeIssue(ErrorCode::kIncorrect, "value", body.PathOf("count"),
                       fmt::format("The parameter count is a valueInteger from 1 to {}.", kMatchesMax));
    asked.count = std::min(asked.count, kMatchesMax);
  }
  return asked;
}

struct Matched {
  Scored scored;
  view::Ordinal ordinal = 0;                              // of the record that he is answered by
  std::vector<std::pair<Scored, view::Ordinal>> records;  // that the viewer sees, the best first
};

/// The model's probability, within what the verdict allows.
double ScoreOf(const Scored& scored, const person::linkage::Thresholds& thresholds) {
  double low = -1000, high = 1000;
  if (scored.verdict == Verdict::kCertain) low = thresholds.certain;
  if (scored.verdict == Verdict::kProbable) low = thresholds.probable, high = thresholds.certain;
  if (scored.verdict == Verdict::kPossible) high = thresholds.probable;
  return person::linkage::ProbabilityOf(std::clamp(scored.bits, low, high));
}

bool AgreesMore(const Scored& a, const Scored& b) {
  return a.verdict != b.verdict ? a.verdict > b.verdict : a.bits > b.bits;
}

/// Everybody whom the record may be, as the viewer sees them; the best first.
std::vector<Matched> FindMatches(const Room& room, const Call& call, const std::string& packed,
                                 const view::Position& position) {
  const EntryView query(packed.data());
  person::linkage::MatchScratch scratch;
  std::vector<person::linkage::MatchHit> hits;
  std::vector<Matched> matched;
  const auto people = room.context.persons->Read();
  people->index().Match(query, Verdict::kPossible, &scratch, &hits);
  for (const auto& hit : hits) {
    const std::vector<person::Row> members = people->MembersOf(people->AnchorOf(hit.entry));
    const auto visible = VisibleRecords(room, call.viewer(), *people, members, position);
    if (visible.empty()) continue;
    std::vector<EntryView> views;
    std::vector<std::string> rooms(visible.size());
    Matched one;
    for (const PersonRecord& record : visible) {
      views.push_back(people->View(people->Find(record.id_hash), &rooms[views.size()]));
      one.records.emplace_back(people->index().ScorePair(query, views.back(), &scratch), record.ordinal);
    }
    std::stable_sort(one.records.begin(), one.records.end(),
                     [](const auto& a, const auto& b) { return AgreesMore(a.first, b.first); });
    one.scored = hit.scored;
    if (visible.size() != members.size()) {
      std::string merged;
      person::linkage::PackMerged(views, &merged);
      one.scored = people->index().ScorePair(query, EntryView(merged.data()), &scratch);
    }
    if (one.scored.verdict >= Verdict::kPossible) matched.push_back(one);
  }
  std::stable_sort(matched.begin(), matched.end(),
                   [](const Matched& a, const Matched& b) { return AgreesMore(a.scored, b.scored); });
  return matched;
}

/// By what each is answered: his best record, or the one that it goes on as.
Status ChooseRecords(const Room& room, const access::Viewer& viewer, const view::Position& position,
                     std::vector<Matched>* matched) {
  for (Matched& one : *matched) {
    for (const auto& record : one.records) {
      one.ordinal = TRY(GoesOnAs(room, viewer, record.second, position));
      if (one.ordinal != 0) break;
    }
    if (one.ordinal == 0) one.ordinal = one.records.front().second;
  }
  return {};
}

void AppendMatch(const Call& call, const view::Engine::Text& text, const Scored& scored,
                 const person::linkage::Thresholds& thresholds, std::string* out) {
  fhir::JsonWriter json(out);
  json.Object()
      .Member("fullUrl", FullUrl(call, "Patient", text.header.id))
      .Key("resource")
      .Raw(text.json)
      .Key("search")
      .Object();
  json.Key("extension").Array().Object();
  json.Member("url", kMatchGradeUrl).Member("valueCode", person::linkage::NameOf(scored.verdict)).End().End();
  json.Member("mode", "match");
  json.Key("score").Raw(fmt::format("{:.4f}", ScoreOf(scored, thresholds)));
  json.End().End();
}

}  // namespace

Result<Response> MatchOperation(const Room& room, const Call& call) {
  TRY(CheckMayCompare(call, "$match"));
  const person::PersonView& persons = *TRY(PersonsOf(room));
  const fhir::Document document = TRY(ParseBody(call));
  const MatchAsked asked = TRY(ReadMatch(document));
  const std::string packed = persons.PackPatient(asked.resource);
  if (persons.KeysOf(packed).empty())
    return MakeIssue(ErrorCode::kInvalid, "incomplete", "Patient",
                     "There is too little to find anybody by: give an identifier, a phone, or a name with a "
                     "birth date or an address.");
  const view::Position position = room.engine().Head();
  std::vector<Matched> matched = FindMatches(room, call, packed, position);
  // Several who are certain cannot all be he.
  const auto is_certain = [](const Matched& one) { return one.scored.verdict == Verdict::kCertain; };
  if (std::count_if(matched.begin(), matched.end(), is_certain) > 1) {
    for (Matched& one : matched) one.scored.verdict = std::min(one.scored.verdict, Verdict::kProbable);
  }
  if (asked.only_certain) std::erase_if(matched, [&](const Matched& one) { return !is_certain(one); });
  const size_t total = matched.size();
  if (matched.size() > asked.count) matched.resize(asked.count);
  TRY(ChooseRecords(room, call.viewer(), position, &matched));
  std::vector<view::Ordinal> ordinals;
  for (const Matched& one : matched) ordinals.push_back(one.ordinal);
  const Texts texts = TRY(ReadMany(room, ordinals, SIZE_MAX));
  std::string body;
  BundleWriter bundle(&body, "searchset");
  bundle.Total(total);
  size_t at = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    while (matched[at].ordinal != texts.ordinals[i]) ++at;  // those that cannot be read are left out
    AppendMatch(call, *texts.opened[i], matched[at].scored, persons.model().thresholds, bundle.NextEntry());
  }
  bundle.End();
  return Telling(room, call, texts.ordinals, JsonResponse(call, std::move(body), "match"));
}

namespace {

void AppendExplained(const person::PersonView& persons, const Scored& scored, fhir::JsonWriter* json) {
  const auto why = person::linkage::Explain(scored, persons.model(), persons.rules());
  const auto text = [json](std::string_view name, std::string_view value) {
    json->Object().Member("name", name).Member("valueString", value).End();
  };
  const auto code = [json](std::string_view name, std::string_view value) {
    json->Object().Member("name", name).Member("valueCode", value).End();
  };
  const auto decimal = [json](std::string_view name, double value) {
    json->Object().Member("name", name).Key("valueDecimal").Raw(fmt::format("{:.4f}", value)).End();
  };
  code("grade", person::linkage::NameOf(why.verdict));
  decimal("bits", why.bits);
  decimal("probability", why.probability);
  text("model", persons.model().Label());
  const person::linkage::Thresholds& from = persons.model().thresholds;
  decimal("possible-from", from.possible);
  decimal("probable-from", from.probable);
  decimal("certain-from", from.certain);
  text("rules", fmt::format("{} {}", persons.rules().name, persons.rules().version));
  for (const std::string_view rule : why.rules) text("rule", rule);
  for (const auto& row : why.rows) {
    json->Object().Member("name", "field").Key("part").Array();
    code("name", row.field);
    if (!row.level.empty()) code("level", row.level);
    decimal("bits", row.bits);
    if (row.by_frequency) json->Object().Member("name", "by-frequency").Key("valueBoolean").Bool(true).End();
    json->End().End();
  }
}

}  // namespace

Result<Response> ExplainMatch(const Room& room, const Call& call) {
  TRY(CheckMayCompare(call, "$explain-match"));
  const person::PersonView& persons = *TRY(PersonsOf(room));
  const fhir::Document document = TRY(ParseBody(call));
  const BodyParameters body = TRY(BodyParameters::Read(document, {"patient", "other"}));
  const view::Position position = room.engine().Head();
  std::vector<uint64_t> ids;
  std::vector<view::Ordinal> ordinals;
  for (const std::string_view name : {"patient", "other"}) {
    const std::string id = TRY(body.PatientId(call, name));
    const Current current = FindCurrent(room, call.viewer(), "Patient", id, position);
    if (!current.exists() || !current.in_scope)
      return MakeIssue(ErrorCode::kNotFound, "not-found", body.PathOf(name), "There is no such Patient.");
    ids.push_back(current.id_hash);
    ordinals.push_back(current.version.ordinal);
  }
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters").Key("parameter").Array();
  {
    const auto people = persons.Read();
    const person::Row a = people->Find(ids[0]), b = people->Find(ids[1]);
    if (a == person::kNoRow || b == person::kNoRow || !people->IsLive(a) || !people->IsLive(b))
      return MakeError(ErrorCode::kNotFound, "One of the Patients is no longer in the index.");
    person::linkage::MatchScratch scratch;
    std::string bytes, other_bytes;
    const EntryView view = people->View(a, &bytes), other = people->View(b, &other_bytes);
    AppendExplained(persons, people->index().ScorePair(view, other, &scratch), &json);
    json.Object().Member("name", "same-person").Key("valueBoolean").Bool(people->IsSamePerson(a, b)).End();
    json.Object().Member("name", "held-apart").Key("valueBoolean").Bool(people->IsHeldApart(a, b)).End();
  }
  json.End().End();
  return Telling(room, call, ordinals, JsonResponse(call, std::move(out), "explain-match"));
}

}  // namespace tk::interaction
