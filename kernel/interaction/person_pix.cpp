// Patient/$ihe-pix: the numbers that other systems know a person by, by one that is known (IHE PIXm, ITI-83).
// GET sourceIdentifier=system|value, targetSystem=system (may repeat; none: all). Of every record of the person that the viewer may see: its identifiers of these systems
// (targetIdentifier; the one asked by is not told again), and the records that have them (targetId), each as the one that it goes on as by merges.
// 400: no record here has a number of that source system; 404: none has this number; 403: no record has one of a target system. Whether a system is known is
// asked of all records: which systems there are is no secret.
// Source: IHE ITI PIXm 3.0.4, ITI-83.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/person_records.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

constexpr size_t kTargetsMax = 20, kPixFoundMax = 50;

struct PixAsked {
  std::string system, value;
  std::vector<std::string> targets;
};

Result<PixAsked> ReadPix(const Call& call) {
  PixAsked asked;
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  for (const Parameter& parameter : parameters) {
    if (parameter.name == "targetSystem" && asked.targets.size() < kTargetsMax) {
      asked.targets.push_back(parameter.value);
      continue;
    }
    if (parameter.name != "sourceIdentifier" || !asked.system.empty())
      return UnknownParameter(parameter.name, "sourceIdentifier (once), targetSystem (up to 20)");
    const size_t bar = parameter.value.find('|');
    if (bar == std::string::npos || bar == 0 || bar + 1 == parameter.value.size())
      return MakeError(ErrorCode::kIncorrect, "sourceIdentifier is system|value, both given.");
    asked.system = parameter.value.substr(0, bar);
    asked.value = parameter.value.substr(bar + 1);
  }
  if (asked.system.empty()) return MakeError(ErrorCode::kIncorrect, "Give sourceIdentifier=system|value.");
  return asked;
}

/// Patients who have that identifier; all of that system where `value` is empty.
Result<std::vector<view::Ordinal>> FindByIdentifier(const Room& room, const Call& call,
                                                    const view::Position& position, const std::string& system,
                                                    const std::string& value, const view::Scope& scope,
                                                    size_t count) {
  search::ParseOptions options;
  options.now_us = room.context.clock->NowUs();
  const std::string asked = fmt::format("identifier={}%7C{}", PercentEncode(system), PercentEncode(value));
  const search::Query query = TRY(
      search::ParseQuery(room.index().definitions(), room.definitions->FindType("Patient"), asked, options));
  search::PageRequest request = ScopedRequest(room, call, position, count);
  request.scope = scope;
  return TRY(room.index().Search(query, request)).ordinals;
}

Response UnknownDomain(int status, std::string_view which) {
  return Refusal(status, "code-invalid",
                 fmt::format("No record here has an identifier of the system that {} names.", which));
}

}  // namespace

Result<Response> PixOperation(const Room& room, const Call& call) {
  TRY(CheckMayCompare(call, "$ihe-pix"));
  const person::PersonView& persons = *TRY(PersonsOf(room));
  const PixAsked asked = TRY(ReadPix(call));
  const view::Position position = room.engine().Head();
  const view::Scope everybody;
  if (TRY(FindByIdentifier(room, call, position, asked.system, {}, everybody, 1)).empty())
    return UnknownDomain(400, "sourceIdentifier");
  for (const std::string& target : asked.targets) {
    if (TRY(FindByIdentifier(room, call, position, target, {}, everybody, 1)).empty())
      return UnknownDomain(403, "targetSystem");
  }
  const auto found = TRY(
      FindByIdentifier(room, call, position, asked.system, asked.value, call.viewer().scope, kPixFoundMax));
  if (found.empty()) return Refusal(404, "not-found", "There is no Patient with this identifier.");
  std::set<view::Ordinal> records(found.begin(), found.end());
  for (const view::Ordinal ordinal : found) {
    const std::string id = TRY(room.engine().OpenText(ordinal))->header.id;
    const auto people = persons.Read();
    const person::Row row = people->Find(room.engine().IdHash("Patient", id));
    if (row == person::kNoRow) continue;
    for (const PersonRecord& record :
         VisibleRecords(room, call.viewer(), *people, people->MembersOf(row), position))
      records.insert(record.ordinal);
  }
  const Texts texts = TRY(ReadMany(room, {records.begin(), records.end()}, SIZE_MAX));
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters");
  std::set<std::string> told, targets;
  const auto is_wanted = [&asked](const std::string& system, const std::string& value) {
    if (system == asked.system && value == asked.value) return false;
    return asked.targets.empty() ||
           std::find(asked.targets.begin(), asked.targets.end(), system) != asked.targets.end();
  };
  json.Key("parameter").Array();
  for (size_t i = 0; i < texts.size(); ++i) {
    const fhir::Document document = TRY(fhir::Document::Parse(texts.body(i)));
    bool has = asked.targets.empty();
    for (const fhir::Value identifier : document.Root()["identifier"]) {
      const std::string system = identifier["system"].ToString(), value = identifier["value"].ToString();
      if (!is_wanted(system, value)) continue;
      has = true;
      if (!told.insert(system + "|" + value).second) continue;
      json.Object().Member("name", "targetIdentifier").Key("valueIdentifier").Object();
      json.Member("system", system).Member("value", value).End().End();
    }
    if (!has) continue;
    const view::Ordinal goes_on = TRY(GoesOnAs(room, call.viewer(), texts.ordinals[i], position));
    const std::string id =
        goes_on == 0 ? texts.header(i).id : TRY(room.engine().OpenText(goes_on))->header.id;
    if (!targets.insert(id).second) continue;
    json.Object().Member("name", "targetId").Key("valueReference").Object();
    json.Member("reference", "Patient/" + id).End().End();
  }
  json.End().End();
  return Telling(room, call, texts.ordinals, JsonResponse(call, std::move(out), "ihe-pix"));
}

}  // namespace tk::interaction
