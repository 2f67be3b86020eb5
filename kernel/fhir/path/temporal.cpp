#include "kernel/fhir/path/temporal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/base/clock.h"

namespace tk::fhir::path {
namespace {

constexpr int64_t kDayUs = int64_t{86400} * kSecondUs;
constexpr int64_t kHourUs = int64_t{3600} * kSecondUs;

int DaysInMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays.at(static_cast<size_t>(month - 1));
}

/// Reads fixed-width fields; every method says whether the text continued that way.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  bool Take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Digits(size_t count, int* out) {
    if (at_ + count > text_.size()) return false;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      const char c = text_[at_ + i];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    at_ += count;
    *out = value;
    return true;
  }
  bool Fraction(int64_t* us, int* digits) {
    int64_t value = 0;
    int count = 0;
    for (; !done() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++count) {
      if (count < 6) value = value * 10 + (text_[at_] - '0');
    }
    for (int i = count; i < 6; ++i) value *= 10;
    *us = value;
    *digits = std::min(count, 6);
    return count > 0;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool ReadClock(Reader* reader, Temporal* t) {
  if (!reader->Digits(2, &t->hour) || t->hour > 23) return false;
  t->precision = Precision::kHour;
  if (!reader->Take(':')) return true;
  if (!reader->Digits(2, &t->minute) || t->minute > 59) return false;
  t->precision = Precision::kMinute;
  if (!reader->Take(':')) return true;
  if (!reader->Digits(2, &t->second) || t->second > 60) return false;  // 60: FHIR permits a leap second
  t->precision = Precision::kSecond;
  if (reader->Take('.')) return reader->Fraction(&t->fraction_us, &t->fraction_digits);
  return true;
}

bool ReadZone(Reader* reader, Temporal* t) {
  if (reader->Take('Z')) {
    t->zone_min = 0;
    return true;
  }
  const bool minus = reader->Take('-');
  if (!minus && !reader->Take('+')) return true;
  int hours = 0;
  int minutes = 0;
  if (!reader->Digits(2, &hours) || !reader->Take(':') || !reader->Digits(2, &minutes)) return false;
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return false;
  t->zone_min = (minus ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

bool ReadDate(Reader* reader, Temporal* t) {
  if (!reader->Digits(4, &t->year) || t->year == 0) return false;
  t->precision = Precision::kYear;
  if (!reader->Take('-')) return true;
  if (!reader->Digits(2, &t->month) || t->month < 1 || t->month > 12) return false;
  t->precision = Precision::kMonth;
  if (!reader->Take('-')) return true;
  if (!reader->Digits(2, &t->day) || t->day < 1 || t->day > DaysInMonth(t->year, t->month)) return false;
  t->precision = Precision::kDay;
  return true;
}

int64_t LocalUs(const Temporal& t) {
  return DaysFromCivil(t.year, t.month, t.day) * kDayUs + t.hour * kHourUs + t.minute * 60 * kSecondUs +
         t.second * kSecondUs + t.fraction_us;
}

/// Fields from an instant of local time; precision and zone stay.
bool SetLocalUs(int64_t us, Temporal* t) {
  int64_t days = us / kDayUs;
  int64_t rest = us % kDayUs;
  if (rest < 0) {
    rest += kDayUs;
    --days;
  }
  const CivilDate date = CivilFromDays(days);
  if (date.year < 1 || date.year > 9999) return false;
  t->year = date.year;
  t->month = date.month;
  t->day = date.day;
  t->hour = static_cast<int>(rest / kHourUs);
  t->minute = static_cast<int>(rest / (60 * kSecondUs) % 60);
  t->second = static_cast<int>(rest / kSecondUs % 60);
  t->fraction_us = rest % kSecondUs;
  return true;
}

Order FromSign(int64_t difference) {
  return difference < 0 ? Order::kLess : difference > 0 ? Order::kGreater : Order::kEqual;
}

Order CompareFields(const Temporal& a, const Temporal& b) {
  const std::array<int64_t, 6> left = {a.year, a.month,  a.day,
                                       a.hour, a.minute, a.second * kSecondUs + a.fraction_us};
  const std::array<int64_t, 6> right = {b.year, b.month,  b.day,
                                        b.hour, b.minute, b.second * kSecondUs + b.fraction_us};
  const size_t common = static_cast<size_t>(std::min(a.precision, b.precision));
  for (size_t i = a.kind == TemporalKind::kTime ? 3 : 0; i <= common; ++i) {
    if (left.at(i) != right.at(i)) return FromSign(left.at(i) - right.at(i));
  }
  return a.precision == b.precision ? Order::kEqual : Order::kUnknown;
}

bool AddMonths(int64_t months, Temporal* t) {
  const int64_t count = int64_t{t->year} * 12 + (t->month - 1) + months;
  if (count < 12 || count >= 120000) return false;
  t->year = static_cast<int>(count / 12);
  t->month = static_cast<int>(count % 12) + 1;
  t->day = std::min(t->day, DaysInMonth(t->year, t->month));
  return true;
}

struct Unit {
  std::string_view name;  // calendar word in the singular, or UCUM
  int64_t us;             // length, 0 for months and years
  int months;
};
constexpr std::array<Unit, 14> kUnits = {{{"year", 0, 12},
                                          {"month", 0, 1},
                                          {"week", 7 * kDayUs, 0},
                                          {"day", kDayUs, 0},
                                          {"hour", kHourUs, 0},
                                          {"minute", 60 * kSecondUs, 0},
                                          {"second", kSecondUs, 0},
                                          {"millisecond", 1000, 0},
                                          {"wk", 7 * kDayUs, 0},
                                          {"d", kDayUs, 0},
                                          {"h", kHourUs, 0},
                                          {"min", 60 * kSecondUs, 0},
                                          {"s", kSecondUs, 0},
                                          {"ms", 1000, 0}}};

const Unit* FindUnit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    // The calendar words, all of three letters and more, have a plural; "min" has none.
    const bool word = unit.name.size() >= 3 && unit.name != "min";
    const bool plural = word && name.size() == unit.name.size() + 1 && name.back() == 's';
    if (unit.name == (plural ? name.substr(0, unit.name.size()) : name)) return &unit;
  }
  return nullptr;
}

/// Length of the precision of `t`, in the unit's own terms: how many of its own steps `us` is.
int64_t StepUs(Precision precision) {
  switch (precision) {
    case Precision::kDay:
      return kDayUs;
    case Precision::kHour:
      return kHourUs;
    case Precision::kMinute:
      return 60 * kSecondUs;
    case Precision::kYear:
    case Precision::kMonth:
    case Precision::kSecond:
      break;
  }
  return 1;
}

}  // namespace

std::optional<Temporal> Temporal::Parse(std::string_view text, TemporalKind kind) {
  Temporal t;
  t.kind = kind;
  Reader reader(text);
  if (kind == TemporalKind::kTime) {
    reader.Take('T');
    if (!ReadClock(&reader, &t) || !reader.done()) return std::nullopt;
    return t;
  }
  if (!ReadDate(&reader, &t)) return std::nullopt;
  if (kind == TemporalKind::kDateTime && reader.Take('T') && !reader.done()) {
    if (t.precision != Precision::kDay || !ReadClock(&reader, &t) || !ReadZone(&reader, &t))
      return std::nullopt;
  }
  if (!reader.done()) return std::nullopt;
  return t;
}

std::string Temporal::ToString() const {
  std::string out;
  if (kind != TemporalKind::kTime) {
    out = fmt::format("{:04}", year);
    if (precision >= Precision::kMonth) out += fmt::format("-{:02}", month);
    if (precision >= Precision::kDay) out += fmt::format("-{:02}", day);
    if (precision >= Precision::kHour) out += 'T';
  }
  if (precision >= Precision::kHour) out += fmt::format("{:02}", hour);
  if (precision >= Precision::kMinute) out += fmt::format(":{:02}", minute);
  if (precision >= Precision::kSecond) out += fmt::format(":{:02}", second);
  if (precision >= Precision::kSecond && fraction_digits > 0) {
    out += fmt::format(".{:06}", fraction_us).substr(0, static_cast<size_t>(fraction_digits) + 1);
  }
  if (zone_min && precision >= Precision::kHour) {
    if (*zone_min == 0)
      out += 'Z';
    else
      out += fmt::format("{}{:02}:{:02}", *zone_min < 0 ? '-' : '+', std::abs(*zone_min) / 60,
                         std::abs(*zone_min) % 60);
  }
  return out;
}

Order Compare(const Temporal& a, const Temporal& b) {
  const bool clocks = a.precision >= Precision::kHour && b.precision >= Precision::kHour;
  if (a.kind == TemporalKind::kTime || !clocks || a.zone_min == b.zone_min) return CompareFields(a, b);
  if (a.zone_min && b.zone_min) {
    Temporal moved = b;
    if (!SetLocalUs(LocalUs(b) + int64_t{*a.zone_min - *b.zone_min} * 60 * kSecondUs, &moved))
      return Order::kUnknown;
    return CompareFields(a, moved);
  }
  // One zone is unknown: decided only if no zone of the world changes the answer.
  const int64_t zoned =
      LocalUs(a.zone_min ? a : b) - int64_t{a.zone_min ? *a.zone_min : *b.zone_min} * 60 * kSecondUs;
  const int64_t local = LocalUs(a.zone_min ? b : a);
  Order order = Order::kUnknown;
  if (zoned > local + 13 * kHourUs)
    order = Order::kGreater;  // westmost -12:00, and an hour for imprecise fields
  if (zoned < local - 15 * kHourUs) order = Order::kLess;  // eastmost +14:00, the same
  if (order == Order::kUnknown || a.zone_min) return order;
  return order == Order::kLess ? Order::kGreater : Order::kLess;
}

bool Equivalent(const Temporal& a, const Temporal& b) {
  return a.precision == b.precision && Compare(a, b) == Order::kEqual;
}

std::optional<Temporal> AddDuration(const Temporal& t, const Decimal& amount, std::string_view unit_name) {
  const Unit* unit = FindUnit(unit_name);
  if (unit == nullptr || (t.kind == TemporalKind::kTime && (unit->months != 0 || unit->us > kHourUs)))
    return std::nullopt;
  const std::optional<int64_t> whole = amount.Truncated().ToInt();
  if (!whole || *whole > 400'000'000'000'000 || *whole < -400'000'000'000'000) return std::nullopt;
  Temporal out = t;
  if (unit->months != 0) return AddMonths(*whole * unit->months, &out) ? std::optional(out) : std::nullopt;
  int64_t us = 0;
  if (__builtin_mul_overflow(*whole, unit->us, &us)) return std::nullopt;
  // Seconds keep their decimals (N1 6.6: above seconds they are ignored); 's' does not, as the R4 suite has it (testPlusDate: + 0.1 's').
  if (unit->name == "second") {
    const std::optional<Decimal> exact = Multiply(amount, Decimal::FromInt(kSecondUs));
    if (exact) us = exact->Truncated().ToInt().value_or(us);
  }
  if (t.precision == Precision::kYear)
    return AddMonths(us / (365 * kDayUs) * 12, &out) ? std::optional(out) : std::nullopt;
  if (t.precision == Precision::kMonth)
    return AddMonths(us / (30 * kDayUs), &out) ? std::optional(out) : std::nullopt;
  us -= us % StepUs(t.precision);
  int64_t moved = 0;
  if (__builtin_add_overflow(LocalUs(t), us, &moved)) return std::nullopt;
  if (t.kind == TemporalKind::kTime) moved = ((moved % kDayUs) + kDayUs) % kDayUs;  // a clock goes round
  if (!SetLocalUs(moved, &out)) return std::nullopt;
  if (out.fraction_us % kSecondUs != 0 && t.precision == Precision::kSecond)
    out.fraction_digits = std::max(t.fraction_digits, out.fraction_us % 1000 == 0 ? 3 : 6);
  return out;
}

int PrecisionDigits(const Temporal& t) {
  constexpr std::array<int, 6> kDate = {4, 6, 8, 10, 12, 14};
  const int base = kDate.at(static_cast<size_t>(t.precision)) +
                   (t.precision == Precision::kSecond ? t.fraction_digits : 0);
  return t.kind == TemporalKind::kTime ? base - 8 : base;
}

std::optional<Temporal> Boundary(const Temporal& t, bool high, int digits) {
  const int wanted = t.kind == TemporalKind::kTime ? digits + 8 : digits;
  constexpr std::array<int, 7> kDigits = {4, 6, 8, 10, 12, 14, 17};
  const auto* found = std::find(kDigits.begin(), kDigits.end(), wanted);
  if (found == kDigits.end() || (t.kind == TemporalKind::kTime && wanted < 10)) return std::nullopt;
  if (t.kind == TemporalKind::kDate && wanted > 8) return std::nullopt;
  Temporal out = t;
  // Hours alone are no FHIR dateTime: there they are read as the full hour.
  if (out.precision == Precision::kHour && t.kind != TemporalKind::kTime) out.precision = Precision::kMinute;
  if (out.precision < Precision::kMonth) out.month = high ? 12 : 1;
  if (out.precision < Precision::kDay) out.day = high ? DaysInMonth(out.year, out.month) : 1;
  if (out.precision < Precision::kHour) out.hour = high ? 23 : 0;
  if (out.precision < Precision::kMinute) out.minute = high ? 59 : 0;
  if (out.precision < Precision::kSecond) out.second = high ? 59 : 0;
  if (out.precision < Precision::kSecond || out.fraction_digits == 0) out.fraction_us = high ? 999'000 : 0;
  out.fraction_digits = wanted == 17 ? 3 : 0;
  const auto index = std::min<size_t>(static_cast<size_t>(found - kDigits.begin()), 5);
  out.precision = static_cast<Precision>(index);
  // The earliest instant lies furthest east, the latest furthest west.
  if (t.kind == TemporalKind::kDateTime && !t.zone_min) out.zone_min = high ? -12 * 60 : 14 * 60;
  return out;
}

}  // namespace tk::fhir::path
