// now(), today(), timeOfDay(); the parts of dates and times; what lies between two of them.
// Source: FHIRPath N1 2.0.0 section 5.9.3; FHIRPath 3.0.0-ballot for yearOf … timeOf, duration, difference.
#include <fmt/format.h>

#include <array>

#include "kernel/base/clock.h"
#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {
namespace {

/// A date or time, also one that is written as a text; nullopt for anything else.
std::optional<Temporal> TemporalOf(const Scalar& value) {
  if (value.IsTemporal()) return value.temporal;
  if (value.kind != SystemKind::kString) return std::nullopt;
  for (const TemporalKind kind : {TemporalKind::kDateTime, TemporalKind::kTime}) {
    if (std::optional<Temporal> parsed = Temporal::Parse(value.text, kind)) return parsed;
  }
  return std::nullopt;
}

struct TemporalPart {
  Function function;
  Precision precision;  // the value must be so precise
  int Temporal::*field;
};
constexpr std::array<TemporalPart, 6> kParts = {
    {{Function::kYearOf, Precision::kYear, &Temporal::year},
     {Function::kMonthOf, Precision::kMonth, &Temporal::month},
     {Function::kDayOf, Precision::kDay, &Temporal::day},
     {Function::kHourOf, Precision::kHour, &Temporal::hour},
     {Function::kMinuteOf, Precision::kMinute, &Temporal::minute},
     {Function::kSecondOf, Precision::kSecond, &Temporal::second}}};

/// The unit of duration() and difference(): how many months, or microseconds.
struct DurationUnit {
  std::string_view name;
  Precision precision;
  int months;
  int64_t us;
};
constexpr std::array<DurationUnit, 8> kDurationUnits = {{{"year", Precision::kYear, 12, 0},
                                                         {"month", Precision::kMonth, 1, 0},
                                                         {"week", Precision::kDay, 0, 7 * 86'400 * kSecondUs},
                                                         {"day", Precision::kDay, 0, 86'400 * kSecondUs},
                                                         {"hour", Precision::kHour, 0, 3600 * kSecondUs},
                                                         {"minute", Precision::kMinute, 0, 60 * kSecondUs},
                                                         {"second", Precision::kSecond, 0, kSecondUs},
                                                         {"millisecond", Precision::kSecond, 0, 1000}}};

int64_t Instant(const Temporal& t) {
  const int64_t days = t.kind == TemporalKind::kTime ? 0 : DaysFromCivil(t.year, t.month, t.day);
  const int64_t seconds = days * 86'400 + t.hour * 3600 + t.minute * 60 + t.second;
  return seconds * kSecondUs + t.fraction_us;
}
int64_t Months(const Temporal& t) { return int64_t{t.year} * 12 + t.month - 1; }

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Whole steps from `from` to `to`, whichever is later.
int64_t WholeSteps(const Temporal& from, const Temporal& to, const DurationUnit& step) {
  if (step.months == 0) return (Instant(to) - Instant(from)) / step.us;
  int64_t months = Months(to) - Months(from);
  // The time within the month decides whether the last month is whole.
  const auto within = [](const Temporal& t) {
    return t.day * 86'400 * kSecondUs + Instant(t) % (86'400 * kSecondUs);
  };
  if (months > 0 && within(to) < within(from)) --months;
  if (months < 0 && within(to) > within(from)) ++months;
  return months / step.months;
}

/// Boundaries crossed: midnights, Sundays, new years …
int64_t Crossed(const Temporal& from, const Temporal& to, const DurationUnit& step) {
  if (step.months != 0) return FloorDivide(Months(to), step.months) - FloorDivide(Months(from), step.months);
  // 1970-01-01 was a Thursday; weeks begin on Sunday.
  const int64_t shift = step.name == "week" ? int64_t{4} * 86'400 * kSecondUs : 0;
  return FloorDivide(Instant(to) + shift, step.us) - FloorDivide(Instant(from) + shift, step.us);
}

}  // namespace

Temporal Evaluator::Now(TemporalKind kind) const {
  const int64_t local = environment_.now_us + int64_t{environment_.offset_min} * 60 * kSecondUs;
  const std::string text = FormatInstant(local);  // 2026-11-21T20:14:07.123456Z
  Temporal now = *Temporal::Parse(text, TemporalKind::kDateTime);
  now.kind = kind;
  now.fraction_us -= now.fraction_us % 1000;
  now.fraction_digits = 3;
  if (kind == TemporalKind::kDate) now.precision = Precision::kDay;
  if (kind != TemporalKind::kDateTime)
    now.zone_min.reset();
  else
    now.zone_min = environment_.offset_min;
  return now;
}

Status Evaluator::CallComponent(const Call& call) {
  const Item* item = TRY(One(call.op, call.input));
  if (item == nullptr) return {};
  const std::optional<Temporal> value = TemporalOf(ToScalar(types_, *item));
  if (!value) return {};
  const bool is_time = value->kind == TemporalKind::kTime;
  const Function f = call.op.function;
  for (const TemporalPart& part : kParts) {
    if (part.function != f) continue;
    const bool stated =
        value->precision >= part.precision && (!is_time || part.precision >= Precision::kHour);
    if (stated) call.out->push_back(IntegerItem((*value).*part.field));
    return {};
  }
  Temporal part = *value;
  switch (f) {
    case Function::kMillisecondOf:
      if (value->fraction_digits > 0) call.out->push_back(IntegerItem(value->fraction_us / 1000));
      break;
    case Function::kTimezoneOffsetOf:
      if (value->zone_min && !is_time) {
        const std::optional<Decimal> hours = Divide(Decimal::FromInt(*value->zone_min), Decimal::FromInt(60));
        if (hours) call.out->push_back(DecimalItem(*hours));
      }
      break;
    case Function::kDateOf:
      if (is_time) break;
      part.kind = TemporalKind::kDate;
      part.precision = std::min(part.precision, Precision::kDay);
      part.zone_min.reset();
      call.out->push_back(TemporalValueItem(part));
      break;
    default:  // timeOf
      if (is_time || value->precision < Precision::kHour) break;
      part.kind = TemporalKind::kTime;
      part.zone_min.reset();
      call.out->push_back(TemporalValueItem(part));
      break;
  }
  return {};
}

/// value.duration(other, 'days'), value.difference(other, 'days'): from the value to the other. Empty where one is less precise than asked.
Status Evaluator::CallBetween(const Call& call) {
  const Scalar left = TRY(OneScalar(call.op, call.input));
  const Scalar right = TRY(OneScalar(call.op, call.arguments[0]));
  const std::optional<std::string> unit = TRY(OneText(call.op, call.arguments[1]));
  if (call.input.empty() || call.arguments[0].empty() || !unit) return {};
  std::string_view name = *unit;
  if (name.size() > 1 && name.back() == 's') name.remove_suffix(1);
  const DurationUnit* step = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                          [&](const DurationUnit& s) { return s.name == name; });
  if (step == kDurationUnits.end())
    return Fail(call.op,
                "expected years, months, weeks, days, hours, minutes, seconds or milliseconds as the unit");
  const std::optional<Temporal> from = TemporalOf(left);
  const std::optional<Temporal> to = TemporalOf(right);
  if (!from || !to || (from->kind == TemporalKind::kTime) != (to->kind == TemporalKind::kTime))
    return Fail(call.op, fmt::format("{}() needs two dates or two times", FunctionName(call.op.function)));
  if (from->kind == TemporalKind::kTime && step->precision < Precision::kHour)
    return Fail(call.op, "times of day differ by hours, minutes, seconds and milliseconds only");
  if (from->precision < step->precision || to->precision < step->precision) return {};
  Temporal moved = *to;  // into the zone of the first
  if (from->zone_min && to->zone_min && from->zone_min != to->zone_min) {
    const std::optional<Temporal> shifted =
        AddDuration(*to, Decimal::FromInt(*from->zone_min - *to->zone_min), "minutes");
    if (!shifted) return {};
    moved = *shifted;
  }
  const int64_t count = call.op.function == Function::kDuration ? WholeSteps(*from, moved, *step)
                                                                : Crossed(*from, moved, *step);
  AppendInteger(count, false, call.out);
  return {};
}

Status Evaluator::CallTime(const Call& call, bool* known) {
  *known = true;
  TemporalKind kind = TemporalKind::kDate;
  switch (call.op.function) {
    case Function::kNow:
      kind = TemporalKind::kDateTime;
      break;
    case Function::kToday:
      kind = TemporalKind::kDate;
      break;
    case Function::kTimeOfDay:
      kind = TemporalKind::kTime;
      break;
    case Function::kDuration:
    case Function::kDifference:
      return CallBetween(call);
    default:
      *known = call.op.function >= Function::kYearOf && call.op.function <= Function::kTimeOf;
      return *known ? CallComponent(call) : Status();
  }
  // Nobody said what time it is: unknown.
  if (environment_.now_us != 0) call.out->push_back(TemporalValueItem(Now(kind)));
  return {};
}

}  // namespace tk::fhir::path
