#include "kernel/fhir/path/units.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "kernel/ucum/ucum.h"

namespace tk::fhir::path {
namespace {

constexpr int kDigits = 28;  // FHIRPath N1 2.0.0 section 4.1.4

/// Months in a calendar duration that has no length in days; 0 for all other units.
int MonthsIn(std::string_view unit) { return unit == "year" ? 12 : unit == "month" ? 1 : 0; }

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kClockWords = {
    {{"week", "wk"}, {"day", "d"}, {"hour", "h"}, {"minute", "min"}, {"second", "s"}, {"millisecond", "ms"}}};
bool IsCalendarWord(std::string_view unit) {
  return MonthsIn(unit) != 0 || std::any_of(kClockWords.begin(), kClockWords.end(),
                                            [&](const auto& word) { return word.first == unit; });
}

/// Years and months of UCUM, which have a length in days; those of the calendar have none.
bool IsMeanDuration(std::string_view unit) {
  for (const std::string_view code : {"a", "a_t", "a_j", "a_g", "mo", "mo_s", "mo_j", "mo_g"}) {
    if (unit == code) return true;
  }
  return false;
}

/// The unit of a value where it meets one of `other`: a Quantity of FHIR states calendar years and months with the codes of UCUM.
std::string_view UnitOf(const Scalar& value, std::string_view other) {
  if (value.kind != SystemKind::kQuantity) return "1";
  if (value.of_fhir && IsCalendarWord(other)) {
    if (value.text == "a") return "year";
    if (value.text == "mo") return "month";
  }
  return value.text;
}
std::string_view UnitOf(const Scalar& value) { return UnitOf(value, ""); }

/// The unit by UCUM, to compare with `other`; nullopt for what UCUM does not know, and for a calendar duration and another that do not
/// compare. Among themselves calendar durations do: a year has 365 days there, a month 30.
std::optional<ucum::Unit> UcumUnit(std::string_view unit, std::string_view other) {
  if (IsCalendarWord(unit) && IsMeanDuration(other)) return std::nullopt;
  if (IsMeanDuration(unit) && IsCalendarWord(other)) return std::nullopt;
  if (MonthsIn(unit) != 0) {
    if (!IsCalendarWord(other)) return std::nullopt;
    unit = unit == "year" ? "365.d" : "30.d";
  }
  for (const auto& [word, code] : kClockWords) {
    if (unit == word) unit = code;
  }
  Result<ucum::Unit> parsed = ucum::Unit::Parse(unit);
  return parsed.ok() ? std::optional(std::move(parsed).value()) : std::nullopt;
}

ucum::Rational Exact(const Decimal& value) { return ucum::Rational::FromDigits(value.digits, value.scale); }

std::optional<Decimal> Converted(const Decimal& value, const ucum::Unit& from, const ucum::Unit& to) {
  const Result<ucum::Rational> result = ucum::Convert(Exact(value), from, to);
  if (!result.ok()) return std::nullopt;
  const std::optional<ucum::Digits> digits = result->ToDigits(kDigits);
  return digits ? std::optional(Decimal{digits->digits, digits->scale}) : std::nullopt;
}

/// Years and months; nullopt if one of them is neither.
std::optional<SameUnit> InSameCalendarUnit(const Scalar& a, const Scalar& b, Grain grain) {
  const int left = MonthsIn(UnitOf(a, UnitOf(b)));
  const int right = MonthsIn(UnitOf(b, UnitOf(a)));
  if (left == 0 || right == 0) return std::nullopt;
  const std::optional<Decimal> x = Multiply(a.decimal, Decimal::FromInt(left));
  const std::optional<Decimal> y = Multiply(b.decimal, Decimal::FromInt(right));
  if (!x || !y) return std::nullopt;
  if (grain == Grain::kFiner) return SameUnit{*x, *y, "month"};
  const std::optional<Decimal> years_x = Divide(*x, Decimal::FromInt(12));
  const std::optional<Decimal> years_y = Divide(*y, Decimal::FromInt(12));
  return years_x && years_y ? std::optional(SameUnit{*years_x, *years_y, "year"}) : std::nullopt;
}

uint64_t DigestOfNumber(const Decimal& value) {
  const Decimal plain = value.Trimmed();
  return static_cast<uint64_t>(plain.digits) * 31 + static_cast<uint64_t>(plain.scale);
}

}  // namespace

std::optional<SameUnit> InSameUnit(const Scalar& a, const Scalar& b, Grain grain) {
  const std::string left(UnitOf(a, UnitOf(b)));
  const std::string right(UnitOf(b, UnitOf(a)));
  if (left == right) return SameUnit{a.decimal, b.decimal, left};
  if (MonthsIn(left) != 0 && MonthsIn(right) != 0) return InSameCalendarUnit(a, b, grain);
  const std::optional<ucum::Unit> from = UcumUnit(left, right);
  const std::optional<ucum::Unit> to = UcumUnit(right, left);
  if (!from || !to) return std::nullopt;
  const Result<int> order = ucum::Compare({ucum::Rational(1), *from}, {ucum::Rational(1), *to});
  if (!order.ok()) return std::nullopt;
  const bool take_left = (*order <= 0) == (grain == Grain::kFiner);
  const std::optional<Decimal> x = take_left ? a.decimal : Converted(a.decimal, *from, *to);
  const std::optional<Decimal> y = take_left ? Converted(b.decimal, *to, *from) : b.decimal;
  return x && y ? std::optional(SameUnit{*x, *y, take_left ? left : right}) : std::nullopt;
}

std::optional<int> OrderOfQuantities(const Scalar& a, const Scalar& b) {
  const std::string_view left = UnitOf(a, UnitOf(b));
  const std::string_view right = UnitOf(b, UnitOf(a));
  if (left == right) return Compare(a.decimal, b.decimal);
  if (MonthsIn(left) != 0 && MonthsIn(right) != 0) {
    const std::optional<SameUnit> same = InSameCalendarUnit(a, b, Grain::kFiner);
    return same ? std::optional(Compare(same->left, same->right)) : std::nullopt;
  }
  const std::optional<ucum::Unit> from = UcumUnit(left, right);
  const std::optional<ucum::Unit> to = UcumUnit(right, left);
  if (!from || !to) return std::nullopt;
  const Result<int> order = ucum::Compare({Exact(a.decimal), *from}, {Exact(b.decimal), *to});
  return order.ok() ? std::optional(*order) : std::nullopt;
}

std::optional<Decimal> InUnit(const Scalar& value, std::string_view unit) {
  const std::string_view own = UnitOf(value, unit);
  if (own == unit) return value.decimal;
  const int from_months = MonthsIn(own);
  const int to_months = MonthsIn(unit);
  if (from_months != 0 && to_months != 0) {
    const std::optional<Decimal> months = Multiply(value.decimal, Decimal::FromInt(from_months));
    return months ? Divide(*months, Decimal::FromInt(to_months)) : std::nullopt;
  }
  const std::optional<ucum::Unit> from = UcumUnit(own, unit);
  const std::optional<ucum::Unit> to = UcumUnit(unit, own);
  return from && to ? Converted(value.decimal, *from, *to) : std::nullopt;
}

std::optional<std::string> JoinedUnit(const Scalar& a, const Scalar& b, bool divide) {
  const std::string left(UnitOf(a));
  const std::string right(UnitOf(b));
  if (right == "1") return left;
  if (left == "1" && !divide) return right;
  if (divide && left == right) return "1";
  const std::optional<ucum::Unit> from = UcumUnit(left, "");
  const std::optional<ucum::Unit> to = UcumUnit(right, "");
  if (!from || !to) return std::nullopt;
  const ucum::Quantity one{ucum::Rational(1), *from};
  const ucum::Quantity other{ucum::Rational(1), *to};
  const Result<ucum::Quantity> joined = divide ? ucum::Divide(one, other) : ucum::Multiply(one, other);
  return joined.ok() ? std::optional(joined->unit.code()) : std::nullopt;
}

uint64_t DigestOfQuantity(const Scalar& value) {
  std::string_view unit = UnitOf(value);
  if (unit == "1") return DigestOfNumber(value.decimal);
  const std::hash<std::string_view> hash;
  if (MonthsIn(unit) != 0) unit = "s";  // a year may equal days
  const std::optional<ucum::Unit> known = UcumUnit(unit, "");
  if (!known || !known->why_not().empty()) return hash(unit);
  if (known->canonical_code() != "1") return hash(known->canonical_code());
  // Without dimension it may equal a plain number: 50 '%' = 0.5.
  const Result<ucum::Quantity> plain = ucum::Canonical({Exact(value.decimal), *known});
  const std::optional<ucum::Digits> digits = plain.ok() ? plain->value.ToDigits(38) : std::nullopt;
  return digits && digits->exact ? DigestOfNumber(Decimal{digits->digits, digits->scale}) : 5;
}

}  // namespace tk::fhir::path
