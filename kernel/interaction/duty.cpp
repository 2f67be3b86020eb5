// Who is on duty: GET $on-duty?post=doctor&area=380102[&at=2026-11-23T20:00:00+08:00]
// Rights: whoever reads Schedule and Slot: a roster is no person's health record.
// Rosters, and which area answers: kernel/workflow/duty.h.
#include "kernel/workflow/duty.h"

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"
#include "kernel/rules/action.h"

namespace tk::interaction {
namespace {

constexpr size_t kShiftsMax = 500;

struct DutyAsked {
  std::string post, area;
  Instant at_us = 0;
};

Result<DutyAsked> ReadDutyAsked(const Room& room, const Call& call) {
  DutyAsked asked;
  asked.at_us = room.context.clock->NowUs();
  for (const Parameter& parameter : TRY(ParseParameters(call.query))) {
    if (parameter.name == "post") {
      asked.post = parameter.value;
    } else if (parameter.name == "area") {
      TRY(view::AreaRange(parameter.value));
      asked.area = parameter.value;
    } else if (parameter.name == "at") {
      asked.at_us = TRY(ParseDateRange(parameter.value, room.context.timezone_offset_min)).low_us;
    } else {
      return UnknownParameter(parameter.name, "post, area, at");
    }
  }
  if (asked.post.empty() || asked.area.empty())
    return MakeError(ErrorCode::kIncorrect, "Ask for a post and an area: $on-duty?post=doctor&area=380102.");
  return asked;
}

/// As far as the viewer sees them.
workflow::Rosters RostersOf(const Room& room, const Call& call) {
  workflow::Rosters rosters;
  rosters.find = [&room, &call](const std::string& where) -> Result<std::vector<std::string>> {
    const auto definitions = room.index().definitions();
    const search::Query query =
        TRY(search::ParseQuery(definitions, definitions->FindType("Slot"), where, {}));
    const search::PageRequest request = ScopedRequest(room, call, room.engine().Head(), kShiftsMax);
    const search::Page page = TRY(room.index().Search(query, request));
    std::vector<std::string> ids;
    for (const view::Ordinal ordinal : page.ordinals) ids.push_back(TRY(room.engine().Read(ordinal))->id);
    return ids;
  };
  rosters.read = rules::ReaderAt(&room.engine(), room.engine().Head());
  return rosters;
}

void WriteShift(const workflow::Shift& shift, fhir::JsonWriter* json) {
  json->Object().Member("name", "duty").Key("part").Array();
  json->Object().Member("name", "who").Key("valueReference").Raw(shift.who).End();
  json->Object().Member("name", "from").Member("valueInstant", shift.start).End();
  json->Object().Member("name", "until").Member("valueInstant", shift.end).End();
  json->Object().Member("name", "shift").Key("valueReference").Object();
  json->Member("reference", "Slot/" + shift.slot).End().End();
  json->End().End();
}

}  // namespace

Result<Response> OnDuty(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), "Schedule"));
  TRY(CheckMayRead(call.viewer(), "Slot"));
  const DutyAsked asked = TRY(ReadDutyAsked(room, call));
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters");
  const workflow::OnDuty found =
      TRY(workflow::FindOnDuty(RostersOf(room, call), asked.post, asked.area, asked.at_us));
  if (!found.shifts.empty()) {
    json.Key("parameter").Array();
    json.Object().Member("name", "area").Member("valueCode", found.area).End();
    for (const workflow::Shift& shift : found.shifts) WriteShift(shift, &json);
    json.End();
  }
  json.End();
  return JsonResponse(call, std::move(out), "on-duty");
}

}  // namespace tk::interaction
