#include "kernel/person/linkage/calendar.h"

#include <algorithm>
#include <array>

#include "kernel/base/clock.h"

namespace tk::person::linkage {
namespace {

constexpr int kFirstYear = 1900;
constexpr int64_t kFirstDay = -25537;  // 1900-01-31, new year of 1900, as days since 1970-01-01

/// A year: bits 0 … 11 are set for months 1 … 12 of 30 days (else 29), bit 12 for a leap month of 30, from bit 13 the month that is doubled.
constexpr std::array<uint32_t, 151> kLunarYears = {
    0x10bd2, 0x00752, 0x00ea5, 0x0ab2a, 0x0064b, 0x00a9b, 0x09aa6, 0x0056a, 0x00b59, 0x04baa, 0x00752,
    0x0cda5, 0x00b25, 0x00a4b, 0x0ba4b, 0x002ad, 0x0056b, 0x075b1, 0x00da9, 0x0fe92, 0x00e92, 0x00d25,
    0x0dd0d, 0x00a56, 0x002b6, 0x09ad5, 0x006d4, 0x00ea9, 0x04f4a, 0x00e92, 0x0c6a6, 0x0052b, 0x00a57,
    0x0b956, 0x00b5a, 0x006d4, 0x07761, 0x00749, 0x0fb13, 0x00a93, 0x0052b, 0x0d51b, 0x00aad, 0x0056a,
    0x09da5, 0x00ba4, 0x00b49, 0x04d4b, 0x00a95, 0x0eaad, 0x00536, 0x00aad, 0x0baca, 0x00db2, 0x00da4,
    0x07ea1, 0x00d4a, 0x10595, 0x00a97, 0x00556, 0x0c575, 0x00ad5, 0x006d2, 0x08755, 0x00ea5, 0x0064a,
    0x0664f, 0x00a9b, 0x0eada, 0x0056a, 0x00b69, 0x0abb2, 0x00b52, 0x00b25, 0x08b2b, 0x00a4b, 0x10aab,
    0x002ad, 0x0056d, 0x0d5a9, 0x00da9, 0x00d92, 0x08e95, 0x00d25, 0x14e4d, 0x00a56, 0x002b6, 0x0f2b5,
    0x006d5, 0x00ea9, 0x0af52, 0x00e92, 0x00d26, 0x0652e, 0x00a57, 0x10ad6, 0x0035a, 0x006d5, 0x0a769,
    0x00749, 0x00693, 0x08a9b, 0x0052b, 0x00a5b, 0x04aae, 0x0056a, 0x0edd5, 0x00ba4, 0x00b49, 0x0ad53,
    0x00a95, 0x0052d, 0x0853d, 0x00ab5, 0x12baa, 0x005d2, 0x00da5, 0x0de8a, 0x00e4a, 0x00c95, 0x08a9e,
    0x00556, 0x00ab5, 0x04ada, 0x006d2, 0x0c765, 0x00f25, 0x0064a, 0x0a657, 0x004ab, 0x0055b, 0x0656e,
    0x00b69, 0x16f52, 0x00b52, 0x00b25, 0x0dd0b, 0x00a4b, 0x004ab, 0x0a2bb, 0x005ad, 0x00b6a, 0x04daa,
    0x00d92, 0x0eea5, 0x00d25, 0x00a55, 0x0ba4d, 0x004b6, 0x005b5, 0x076d2,
};

constexpr int DaysOf(uint32_t year, int month) { return 29 + static_cast<int>(year >> (month - 1) & 1); }
constexpr int LeapMonth(uint32_t year) { return static_cast<int>(year >> 13); }
constexpr int LeapDays(uint32_t year) {
  return LeapMonth(year) == 0 ? 0 : 29 + static_cast<int>(year >> 12 & 1);
}
constexpr int YearDays(uint32_t year) {
  int days = LeapDays(year);
  for (int month = 1; month <= 12; ++month) days += DaysOf(year, month);
  return days;
}
/// New year's days, so that a date needs no walk over the years.
constexpr auto kNewYears = [] {
  std::array<int32_t, kLunarYears.size() + 1> days{};
  int64_t day = kFirstDay;
  for (size_t i = 0; i < kLunarYears.size(); ++i) {
    days[i] = static_cast<int32_t>(day);
    day += YearDays(kLunarYears[i]);
  }
  days[kLunarYears.size()] = static_cast<int32_t>(day);
  return days;
}();

struct Ymd {
  int year, month, day;
};
constexpr Ymd SplitDate(int32_t date) { return {date / 10000, date / 100 % 100, date % 100}; }

/// One digit differs, or two neighbours are changed over.
bool OneSlip(int32_t a, int32_t b) {
  std::array<int, 8> x{}, y{};
  for (size_t i = 8; i-- > 0; a /= 10, b /= 10) {
    x[i] = a % 10;
    y[i] = b % 10;
  }
  size_t differing = 0, first = 8;
  for (size_t i = 0; i < 8; ++i) {
    if (x[i] == y[i]) continue;
    if (++differing == 1) first = i;
  }
  if (differing == 1) return true;
  return differing == 2 && first < 7 && x[first] == y[first + 1] && x[first + 1] == y[first];
}

bool SaysYearOnly(const Ymd& date) {
  return date.month == 0 || date.day == 0 || (date.month == 1 && date.day == 1);
}

}  // namespace

int32_t LunarOf(int32_t yyyymmdd) {
  const Ymd date = SplitDate(yyyymmdd);
  if (date.month == 0 || date.day == 0) return 0;
  const auto day = static_cast<int32_t>(DaysFromCivil(date.year, date.month, date.day));
  if (day < kNewYears.front() || day >= kNewYears.back()) return 0;
  const auto next = std::upper_bound(kNewYears.begin(), kNewYears.end(), day);
  const auto index = static_cast<size_t>(next - kNewYears.begin()) - 1;
  const uint32_t year = kLunarYears[index];
  int left = day - kNewYears[index];
  const int base = (kFirstYear + static_cast<int>(index)) * 10000;
  for (int month = 1; month <= 12; ++month) {
    if (left < DaysOf(year, month)) return base + month * 100 + left + 1;
    left -= DaysOf(year, month);
    if (month != LeapMonth(year)) continue;
    if (left < LeapDays(year)) return base + month * 100 + left + 1;
    left -= LeapDays(year);
  }
  return 0;
}

BirthLevel CompareBirths(int32_t a, int32_t b) {
  if (a == 0 || b == 0) return BirthLevel::kMissing;
  if (a == b && a % 100 != 0) return BirthLevel::kSame;
  const Ymd x = SplitDate(a), y = SplitDate(b);
  if (SaysYearOnly(x) || SaysYearOnly(y)) {
    if (x.year == y.year) return BirthLevel::kYear;
    if (SaysYearOnly(x) && !SaysYearOnly(y) && x.year + 1 == y.year) return BirthLevel::kNominal;
    if (SaysYearOnly(y) && !SaysYearOnly(x) && y.year + 1 == x.year) return BirthLevel::kNominal;
    // What says the year alone says nothing of month and day, so it cannot be near either.
    return BirthLevel::kDifferent;
  }
  const int same = (x.year == y.year) + (x.month == y.month) + (x.day == y.day);
  if (x.year == y.year && x.month == y.day && x.day == y.month) return BirthLevel::kSlip;
  if (OneSlip(a, b)) return BirthLevel::kSlip;
  // A lunar year begins within the solar one of its number.
  const int later = x.year - y.year;
  if ((later == 0 || later == 1) && LunarOf(a) == b) return BirthLevel::kLunar;
  if ((later == 0 || later == -1) && LunarOf(b) == a) return BirthLevel::kLunar;
  return same == 2 ? BirthLevel::kPart : BirthLevel::kDifferent;
}

}  // namespace tk::person::linkage
