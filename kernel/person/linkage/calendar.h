// Birth dates as people give them: by the lunar calendar, with the day unknown, with day and month changed over.
// Source: GB/T 33661-2017 (the lunar calendar); the table of months 1900 to 2050 was computed with ICU 78's calendar "chinese".
// Cost:   nanoseconds. Pure, thread-safe.
#pragma once

#include <cstdint>

namespace tk::person::linkage {

/// How two dates agree, in rising order but for the first.
enum class BirthLevel : uint8_t {
  kMissing,
  kDifferent,
  kNominal,  // one says no more than the year before: a year reckoned from the nominal age, which counts one too many
  kYear,   // the same year, and one of them says no more, or says 1 January as fillers do
  kPart,   // two of year, month and day are the same
  kSlip,   // one digit differs, two neighbouring digits are changed over, or day and month are
  kLunar,  // one is the other's date in the lunar calendar
  kSame,
};
inline constexpr uint8_t kBirthLevels = 8;

/// Symmetric. Dates are yyyymmdd; 0 is missing, month or day 00 not known.
BirthLevel CompareBirths(int32_t a, int32_t b);

/// The lunar date of a day, written as yyyymmdd too (of a leap month: the month's number); 0 outside 1900-01-31 … 2051-02-10.
int32_t LunarOf(int32_t yyyymmdd);

}  // namespace tk::person::linkage
