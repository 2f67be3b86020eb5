#include "kernel/workflow/duty.h"

#include <fmt/format.h>

#include <array>

#include "kernel/base/text.h"
#include "kernel/workflow/notice.h"

namespace tk::workflow {
namespace {

/// The divisions from this one up: village, township, county, city, province.
std::vector<std::string> AreasUp(std::string_view area) {
  std::vector<std::string> areas;
  for (const size_t digits : std::array<size_t, 6>{15, 12, 9, 6, 4, 2}) {
    if (digits <= area.size()) areas.emplace_back(area.substr(0, digits));
  }
  return areas;
}

/// The shift of whoever the Slot's Schedule names, once for each.
Status AddShifts(const Rosters& rosters, const view::Resource& slot, std::vector<Shift>* shifts) {
  constexpr std::string_view kSchedule = "Schedule/";
  const fhir::Value root = slot.document.Root();
  const std::string reference = root["schedule"]["reference"].ToString();
  if (!reference.starts_with(kSchedule)) return {};
  const view::ResourcePtr schedule = TRY(rosters.read("Schedule", reference.substr(kSchedule.size())));
  if (schedule == nullptr) return {};
  for (const fhir::Value actor : schedule->document.Root()["actor"]) {
    if (actor["reference"].ToString().starts_with("Location/")) continue;
    shifts->push_back({slot.id, std::string(actor.Json()), root["start"].ToString(), root["end"].ToString()});
  }
  return {};
}

}  // namespace

Result<OnDuty> FindOnDuty(const Rosters& rosters, std::string_view post, std::string_view area,
                          Instant at_us) {
  const std::string from = FormatInstant(at_us - kShiftDaysMax * 86400 * kSecondUs);
  for (const std::string& each : AreasUp(area)) {
    OnDuty found;
    found.area = each;
    const std::string where = fmt::format(
        "status=busy&start=ge{}&start=le{}&schedule.service-type={}|{}&schedule.actor=Location/"
        "area-{}&schedule.active:not=false",
        from, FormatInstant(at_us), kPostSystem, PercentEncode(post), each);
    for (const std::string& id : TRY(rosters.find(where))) {
      const view::ResourcePtr slot = TRY(rosters.read("Slot", id));
      if (slot == nullptr) continue;
      const auto end = ParseDateRange(slot->document.Root()["end"].ToString());
      if (end.ok() && end->low_us > at_us) TRY(AddShifts(rosters, *slot, &found.shifts));
    }
    if (!found.shifts.empty()) return found;
  }
  return OnDuty();
}

}  // namespace tk::workflow
