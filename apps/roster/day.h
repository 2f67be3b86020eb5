// How a day stands: who has reported, who has not, who is an exception; of one organization, and of all over a period.
// GET day?organization=ID&day=2026-11-23               {"day", "roster", "reported", "missing", "share", "exceptions": {"all", "fever", "symptoms", …}}
// GET missing?organization=ID&day=…&unit=…&_count=&_offset=   {"day", "total", "rows": [{"member", "name", "unit", "number"}]}      &format=xlsx: all of them
// GET exceptions?…                                     rows with "reasons", "temperature", "healthCode", "attendance", "followUp" (how far it is)
// GET organizations?from=…&until=…                     {"rows": [{"organization", "name", "roster", "expected", "reported", "share", "exceptions", "open"}]}   &format=xlsx
// From the index: members and reports are told apart by whose they are, and none is opened but those who are shown. Cost: some µs a member.
// Who is on it twice by two records of one person, joined since: he counts as reported when either is; counted so while at most kLookedAt are missing, and in
// every row that is shown.
// Privacy: an organization is told what it or the person himself reported to it, and the name that it wrote; nothing else of him. Who oversees is told the
//          member and his Patient, whom he reads as his post may.
// Limits:  a period of kDaysMax days.
#pragma once

#include "apps/roster/roster.h"

namespace tk::roster {

inline constexpr size_t kLookedAt = 500;
inline constexpr int64_t kDaysMax = 62;

struct DayState {
  std::vector<view::Ordinal> missing;     // members, ascending
  std::vector<view::Ordinal> exceptions;  // reports
  uint64_t roster = 0, reported = 0;
  std::vector<view::OwnerNumber> reporters;  // whose reports there are, ascending
};
/// `unit`: of one department or class; "" = all. `looked_at`: of how many missing at most it is asked whether another record of theirs has reported.
Result<DayState> StateOf(const Finder& finder, const Asked& asked, const std::string& day,
                         const std::string& unit, size_t looked_at = kLookedAt);

Result<interaction::Response> HandleDay(const app::Context& context, const interaction::Request& request);
Result<interaction::Response> HandleMissing(const app::Context& context, const interaction::Request& request);
Result<interaction::Response> HandleExceptions(const app::Context& context,
                                               const interaction::Request& request);
Result<interaction::Response> HandleOrganizations(const app::Context& context,
                                                  const interaction::Request& request);

}  // namespace tk::roster
