// Who is on duty: GET $on-duty?post=doctor&area=380102[&at=2026-11-23T20:00:00+08:00]
// Roster: one Schedule for each person, post and area: serviceType with a coding of system http://tongkang.dev/fhir/sid/post, actor the Practitioner (or
//         PractitionerRole) and the Location of the division, active not false. One Slot of it for each shift: start, end (at most kShiftDaysMax days
//         later), status busy; a shift that is off is entered-in-error, or deleted.
// Of an area where nobody is on duty for the post, the next larger one answers.
// Rights: whoever reads Schedule and Slot: a roster is no person's health record.
// Source: FHIR R4 schedule.html, slot.html.
#include <fmt/format.h>

#include <array>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"
#include "kernel/workflow/notice.h"

namespace tk::interaction {
namespace {

constexpr int64_t kShiftDaysMax = 7;
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

/// The divisions from this one up: village, township, county, city, province.
std::vector<std::string> AreasUp(const std::string& area) {
  std::vector<std::string> areas;
  for (const size_t digits : std::array<size_t, 6>{15, 12, 9, 6, 4, 2}) {
    if (digits <= area.size()) areas.push_back(area.substr(0, digits));
  }
  return areas;
}

struct Shift {
  view::Ordinal slot = 0;
  std::string schedule;  // id
};

Result<std::vector<Shift>> ShiftsAt(const Room& room, const Call& call, const DutyAsked& asked,
                                    const std::string& area) {
  const auto definitions = room.index().definitions();
  const std::string from = FormatInstant(asked.at_us - kShiftDaysMax * 86400 * kSecondUs);
  const std::string text = fmt::format(
      "status=busy&start=ge{}&start=le{}&schedule.service-type={}|{}&schedule.actor=Location/"
      "area-{}&schedule.active:not=false",
      from, FormatInstant(asked.at_us), workflow::kPostSystem, PercentEncode(asked.post), area);
  const search::Query query = TRY(search::ParseQuery(definitions, definitions->FindType("Slot"), text, {}));
  const search::PageRequest request = ScopedRequest(room, call, room.engine().Head(), kShiftsMax);
  std::vector<Shift> shifts;
  for (const view::Ordinal ordinal : TRY(room.index().Search(query, request)).ordinals) {
    const view::ResourcePtr slot = TRY(room.engine().Read(ordinal));
    const fhir::Value root = slot->document.Root();
    const auto end = ParseDateRange(root["end"].ToString());
    const std::string schedule = root["schedule"]["reference"].ToString();
    if (end.ok() && end->low_us > asked.at_us && schedule.starts_with("Schedule/"))
      shifts.push_back({ordinal, schedule.substr(9)});
  }
  return shifts;
}

Status WriteShift(const Room& room, const Shift& shift, fhir::JsonWriter* json) {
  const auto version =
      room.directory().Current(room.engine().IdHash("Schedule", shift.schedule), room.engine().Head());
  if (version.ordinal == 0 || version.deleted) return {};
  const view::ResourcePtr schedule = TRY(room.engine().Read(version.ordinal));
  const view::ResourcePtr slot = TRY(room.engine().Read(shift.slot));
  for (const fhir::Value actor : schedule->document.Root()["actor"]) {
    if (actor["reference"].ToString().starts_with("Location/")) continue;
    const fhir::Value root = slot->document.Root();
    json->Object().Member("name", "duty").Key("part").Array();
    json->Object().Member("name", "who").Key("valueReference").Raw(actor.Json()).End();
    json->Object().Member("name", "from").Member("valueInstant", root["start"].ToString()).End();
    json->Object().Member("name", "until").Member("valueInstant", root["end"].ToString()).End();
    json->Object().Member("name", "shift").Key("valueReference").Object();
    json->Member("reference", "Slot/" + slot->id).End().End();
    json->End().End();
  }
  return {};
}

}  // namespace

Result<Response> OnDuty(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), "Schedule"));
  TRY(CheckMayRead(call.viewer(), "Slot"));
  const DutyAsked asked = TRY(ReadDutyAsked(room, call));
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters");
  for (const std::string& area : AreasUp(asked.area)) {
    const std::vector<Shift> shifts = TRY(ShiftsAt(room, call, asked, area));
    if (shifts.empty()) continue;
    json.Key("parameter").Array();
    json.Object().Member("name", "area").Member("valueCode", area).End();
    for (const Shift& shift : shifts) TRY(WriteShift(room, shift, &json));
    json.End();
    break;
  }
  json.End();
  return JsonResponse(call, std::move(out), "on-duty");
}

}  // namespace tk::interaction
