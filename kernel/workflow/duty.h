// Who is on duty for a post in an area, by the rosters that stand in the log; asked by GET $on-duty and by notices to whoever is on duty.
// Roster: one Schedule for each person, post and area: serviceType with a coding of system http://tongkang.dev/fhir/sid/post, actor the Practitioner (or
//         PractitionerRole) and the Location of the division, active not false. One Slot of it for each shift: start, end (at most kShiftDaysMax days
//         later), status busy; a shift that is off is entered-in-error, or deleted.
// Of an area where nobody is on duty for the post, the next larger one answers.
// Cost:   one search for each area that is asked, at most six, and two reads for each shift.
// Source: FHIR R4 schedule.html, slot.html.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/result.h"
#include "kernel/view/change.h"

namespace tk::workflow {

inline constexpr int64_t kShiftDaysMax = 7;

/// Where rosters are looked up.
struct Rosters {
  /// Ids of the Slots that a search finds.
  std::function<Result<std::vector<std::string>>(const std::string& where)> find;
  /// As it stands; nullptr: there is none.
  std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read;
};

struct Shift {
  std::string slot;        // id
  std::string who;         // the actor, JSON of a Reference
  std::string start, end;  // as they are written
};
struct OnDuty {
  std::string area;  // that answers: the one that was asked or a larger one; "" = nobody is on duty
  std::vector<Shift> shifts;
};

/// `area`: a division's code. Errors: of looking up.
Result<OnDuty> FindOnDuty(const Rosters& rosters, std::string_view post, std::string_view area,
                          Instant at_us);

}  // namespace tk::workflow
