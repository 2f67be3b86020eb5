#include "kernel/base/clock.h"

#include <fmt/format.h>

#include <chrono>

namespace tk {

Instant SystemClock::NowUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t MonotonicUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The year is counted from March so that the leap day is its last day; an era is 400 years of 146,097 days.
int64_t DaysFromCivil(int year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate CivilFromDays(int64_t days) {
  const int64_t z = days + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const int64_t day_of_era = z - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t mp = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * mp + 2) / 5 + 1);
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)), month, day};
}

void AppendInstant(Instant us, std::string* out) {
  int64_t seconds = us / kSecondUs;
  int64_t fraction = us % kSecondUs;
  if (fraction < 0) {
    fraction += kSecondUs;
    --seconds;
  }
  int64_t days = seconds / 86400;
  int64_t second_of_day = seconds % 86400;
  if (second_of_day < 0) {
    second_of_day += 86400;
    --days;
  }
  const CivilDate d = CivilFromDays(days);
  if (d.year < 0 || d.year > 9999) {
    fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", d.year, d.month,
                   d.day, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60, fraction);
    return;
  }
  // Every resource read, every audit record and log line has one: written digit by digit, as a format is parsed anew each time.
  char text[] = "0000-00-00T00:00:00.000000Z";
  const auto put = [&text](size_t last, int64_t value) {
    for (; value > 0; value /= 10) text[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, d.year);
  put(6, d.month);
  put(9, d.day);
  put(12, second_of_day / 3600);
  put(15, second_of_day / 60 % 60);
  put(18, second_of_day % 60);
  put(25, fraction);
  out->append(text, sizeof text - 1);
}

std::string FormatInstant(Instant us) {
  std::string out;
  AppendInstant(us, &out);
  return out;
}

namespace {

bool Digits(std::string_view text, size_t at, size_t count, int* out) {
  if (at + count > text.size()) return false;
  int v = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    v = v * 10 + (text[i] - '0');
  }
  *out = v;
  return true;
}

bool DayExists(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1) return false;
  const CivilDate back = CivilFromDays(DaysFromCivil(year, month, day));
  return back.month == month && back.day == day;
}

Error BadDate() {
  return MakeError(ErrorCode::kIncorrect,
                   "not a FHIR date or dateTime: expected YYYY, YYYY-MM, YYYY-MM-DD or "
                   "YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh:mm]");
}

struct TimeOfDay {
  int hour = 0, minute = 0, second = 0;
  int64_t us = 0;
  int64_t width_us = 60 * kSecondUs;
  int precision = 16;
};

// Reads hh:mm[:ss[.f+]] at `*at` and moves it past. A leap second (60) is read as the last microsecond's second.
bool ReadTime(std::string_view text, size_t* at, TimeOfDay* out) {
  if (!Digits(text, *at, 2, &out->hour) || *at + 2 >= text.size() || text[*at + 2] != ':' ||
      !Digits(text, *at + 3, 2, &out->minute) || out->hour > 23 || out->minute > 59)
    return false;
  *at += 5;
  if (*at >= text.size() || text[*at] != ':') return true;
  if (!Digits(text, *at + 1, 2, &out->second) || out->second > 60) return false;
  *at += 3;
  out->width_us = kSecondUs;
  out->precision = 19;
  if (*at < text.size() && text[*at] == '.') {
    size_t n = 0;
    int64_t unit = kSecondUs;
    for (++*at; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at, ++n) {
      if (unit > 1) {
        unit /= 10;
        out->us += unit * (text[*at] - '0');
      }
    }
    if (n == 0) return false;
    out->width_us = unit;
    out->precision = 20 + static_cast<int>(n);
  }
  return true;
}

// Reads Z, +hh:mm, -hh:mm or nothing up to the end.
bool ReadZone(std::string_view text, size_t at, int default_offset_min, int* offset_min) {
  if (at == text.size()) {
    *offset_min = default_offset_min;
    return true;
  }
  if (text[at] == 'Z') {
    *offset_min = 0;
    return at + 1 == text.size();
  }
  int h = 0, m = 0;
  if ((text[at] != '+' && text[at] != '-') || !Digits(text, at + 1, 2, &h) || at + 3 >= text.size() ||
      text[at + 3] != ':' || !Digits(text, at + 4, 2, &m) || at + 6 != text.size() || h > 14 || m > 59)
    return false;
  *offset_min = (text[at] == '-' ? -1 : 1) * (h * 60 + m);
  return true;
}

}  // namespace

Result<DateRange> ParseDateRange(std::string_view text, int default_offset_min) {
  int year = 0, month = 1, day = 1;
  if (!Digits(text, 0, 4, &year) || year == 0) return BadDate();
  const int64_t default_us = int64_t{default_offset_min} * 60 * kSecondUs;
  auto at_midnight = [&](int y, int m, int d) {
    return DaysFromCivil(y, m, d) * 86400 * kSecondUs - default_us;
  };
  if (text.size() == 4) return DateRange{at_midnight(year, 1, 1), at_midnight(year + 1, 1, 1), 4};
  if (text[4] != '-' || !Digits(text, 5, 2, &month) || month < 1 || month > 12) return BadDate();
  if (text.size() == 7) {
    const bool december = month == 12;
    return DateRange{at_midnight(year, month, 1),
                     at_midnight(december ? year + 1 : year, december ? 1 : month + 1, 1), 7};
  }
  if (text[7] != '-' || !Digits(text, 8, 2, &day) || !DayExists(year, month, day)) return BadDate();
  const int64_t days = DaysFromCivil(year, month, day);
  if (text.size() == 10) {
    const Instant low = days * 86400 * kSecondUs - default_us;
    return DateRange{low, low + 86400 * kSecondUs, 10};
  }
  size_t at = 11;
  TimeOfDay time;
  int offset_min = 0;
  if (text[10] != 'T' || !ReadTime(text, &at, &time) || !ReadZone(text, at, default_offset_min, &offset_min))
    return BadDate();
  const Instant low =
      (days * 86400 + time.hour * 3600 + time.minute * 60 + time.second - offset_min * 60) * kSecondUs +
      time.us;
  return DateRange{low, low + time.width_us, time.precision};
}

}  // namespace tk
