// Mathematics, boundaries and precision.
// Source: FHIRPath N1 2.0.0 section 5.7; 2.1.0 for lowBoundary, highBoundary, precision, comparable.
#include <fmt/format.h>

#include <cmath>

#include "kernel/fhir/path/evaluate.h"
#include "kernel/fhir/path/units.h"

namespace tk::fhir::path {
namespace {

constexpr int kBoundaryPlacesDefault = 8;
constexpr int kBoundaryPlacesMax = 28;

/// The value half a last place away, at `places` places: rounded where it lies away from zero, cut where it lies toward zero,
/// as the official suite has it (1.587 → 1.59 and 1.58; 0.0034 at one place → 0.0).
std::optional<Decimal> DecimalBoundary(const Decimal& value, bool high, int places) {
  const std::optional<Decimal> finer = Rescaled(value, value.scale + 1);
  if (!finer) return std::nullopt;
  Decimal edge = *finer;
  edge.digits += high ? 5 : -5;
  const bool outward = high == (value.digits >= 0);
  if (places >= edge.scale || outward) return Rescaled(edge, places);
  for (; edge.scale > places; --edge.scale) edge.digits /= 10;
  return edge;
}

}  // namespace

Status Evaluator::Power(const Call& call, const Scalar& value) {
  const Scalar exponent = TRY(OneScalar(call.op, call.arguments[0]));
  if (call.arguments[0].empty() || LacksValue(call.arguments[0][0])) return {};
  if (!exponent.IsNumber()) return Fail(call.op, "power() needs a number");
  const bool whole = value.IsWhole() && exponent.IsWhole() && exponent.integer >= 0;
  if (exponent.IsWhole() && exponent.integer >= 0 && exponent.integer <= 128) {  // exact
    std::optional<Decimal> result = Decimal::FromInt(1);
    for (int64_t i = 0; i < exponent.integer && result; ++i) result = Multiply(*result, value.decimal);
    if (!result) return {};
    if (!whole) {
      call.out->push_back(DecimalItem(*result));
    } else if (const std::optional<int64_t> integer = result->ToInt()) {
      AppendInteger(*integer, value.kind == SystemKind::kLong, call.out);
    }
    return {};
  }
  const std::optional<Decimal> result =
      Decimal::FromReal(std::pow(value.decimal.ToReal(), exponent.decimal.ToReal()));
  if (result) call.out->push_back(DecimalItem(*result));
  return {};
}

Status Evaluator::CallReal(const Call& call, const Scalar& value) {
  const long double x = value.decimal.ToReal();
  long double y = std::nan("");
  switch (call.op.function) {
    case Function::kExp:
      y = std::exp(x);
      break;
    case Function::kLn:
      y = x > 0 ? std::log(x) : y;
      break;
    case Function::kSqrt:
      y = x >= 0 ? std::sqrt(x) : y;
      break;
    default: {  // log
      const Scalar base = TRY(OneScalar(call.op, call.arguments[0]));
      if (call.arguments[0].empty() || LacksValue(call.arguments[0][0])) return {};
      if (!base.IsNumber()) return Fail(call.op, "log() needs a number as base");
      const long double b = base.decimal.ToReal();
      if (x > 0 && b > 0 && b != 1)
        y = b == 10 ? std::log10(x) : b == 2 ? std::log2(x) : std::log(x) / std::log(b);
      break;
    }
  }
  if (const std::optional<Decimal> result = Decimal::FromReal(y)) call.out->push_back(DecimalItem(*result));
  return {};
}

Status Evaluator::CallBoundary(const Call& call, const Scalar& value) {
  const bool high = call.op.function == Function::kHighBoundary;
  std::optional<int64_t> digits;
  if (!call.arguments.empty()) {
    digits = TRY(OneInteger(call.op, call.arguments[0]));
    if (!digits) return {};
  }
  if (value.IsTemporal()) {
    const int most = value.kind == SystemKind::kDate ? 8 : value.kind == SystemKind::kTime ? 9 : 17;
    const int wanted = digits && *digits >= 0 && *digits < 100 ? static_cast<int>(*digits)
                       : digits                                ? -1
                                                               : most;
    if (const std::optional<Temporal> t = Boundary(value.temporal, high, wanted))
      call.out->push_back(TemporalValueItem(*t));
    return {};
  }
  if (!value.IsNumber() && value.kind != SystemKind::kQuantity)
    return Fail(call.op, "a boundary needs a number, quantity, date or time");
  const int64_t places = digits.value_or(kBoundaryPlacesDefault);
  if (places < 0 || places > kBoundaryPlacesMax) return {};
  const std::optional<Decimal> edge = DecimalBoundary(value.decimal, high, static_cast<int>(places));
  if (!edge) return {};
  if (value.kind == SystemKind::kQuantity)
    call.out->push_back(QuantityItem(*edge, value.text));
  else if (places == 0)
    AppendInteger(edge->ToInt().value_or(INT64_MAX), false, call.out);
  else
    call.out->push_back(DecimalItem(*edge));
  return {};
}

/// Of round(); without an argument, or with an empty one, none.
Result<int> Evaluator::Places(const Call& call) const {
  if (call.arguments.empty() || (call.arguments[0].size() == 1 && LacksValue(call.arguments[0][0]))) return 0;
  const int64_t places = TRY(OneInteger(call.op, call.arguments[0])).value_or(0);
  if (places < 0) return Fail(call.op, "round() needs a number of places of zero or more");
  return static_cast<int>(std::min<int64_t>(places, 38));
}

/// The unit stays as it is.
Status Evaluator::RoundQuantity(const Call& call, const Scalar& value) {
  Decimal rounded;
  switch (call.op.function) {
    case Function::kCeiling:
      rounded = value.decimal.Ceiling();
      break;
    case Function::kFloor:
      rounded = value.decimal.Floor();
      break;
    case Function::kTruncate:
      rounded = value.decimal.Truncated();
      break;
    default:
      rounded = value.decimal.Rounded(TRY(Places(call)));
      break;
  }
  call.out->push_back(QuantityItem(rounded, value.text));
  return {};
}

Status Evaluator::CallComparable(const Call& call, const Scalar& value) {
  const Scalar other = TRY(OneScalar(call.op, call.arguments[0]));
  if (call.arguments[0].empty()) return {};
  if (LacksValue(call.arguments[0][0])) {
    call.out->push_back(BooleanItem(false));
    return {};
  }
  const auto fits = [](const Scalar& s) { return s.kind == SystemKind::kQuantity || s.IsNumber(); };
  if (!fits(value) || !fits(other)) return Fail(call.op, "comparable() needs quantities");
  call.out->push_back(BooleanItem(OrderOfQuantities(value, other).has_value()));
  return {};
}

Status Evaluator::CallNumber(const Call& call, bool* known) {
  const Function f = call.op.function;
  *known = f >= Function::kAbs && f <= Function::kComparable;
  if (!*known) return {};
  const Scalar value = TRY(OneScalar(call.op, call.input));
  if (call.input.empty()) return {};
  if (LacksValue(call.input[0])) {
    if (f == Function::kComparable) call.out->push_back(BooleanItem(false));
    return {};
  }
  if (f == Function::kLowBoundary || f == Function::kHighBoundary) return CallBoundary(call, value);
  if (f == Function::kPrecision) {
    if (value.IsTemporal())
      call.out->push_back(IntegerItem(PrecisionDigits(value.temporal)));
    else if (value.IsNumber())
      call.out->push_back(IntegerItem(value.decimal.scale));
    else
      return Fail(call.op, "precision() needs a number, date or time");
    return {};
  }
  if (f == Function::kComparable) return CallComparable(call, value);
  if (value.kind == SystemKind::kQuantity &&
      (f == Function::kCeiling || f == Function::kFloor || f == Function::kTruncate || f == Function::kRound))
    return RoundQuantity(call, value);
  const bool quantity = value.kind == SystemKind::kQuantity && f == Function::kAbs;
  if (!value.IsNumber() && !quantity)
    return Fail(call.op, fmt::format("{}() needs a number", FunctionName(f)));
  const auto whole = [&](const Decimal& result) {
    if (const std::optional<int64_t> integer = result.ToInt())
      AppendInteger(*integer, value.kind == SystemKind::kLong, call.out);
  };
  switch (f) {
    case Function::kAbs: {
      const Decimal size = value.decimal.digits < 0 ? value.decimal.Negated() : value.decimal;
      if (quantity)
        call.out->push_back(QuantityItem(size, value.text));
      else if (value.IsWhole())
        whole(size);
      else
        call.out->push_back(DecimalItem(size));
      return {};
    }
    case Function::kCeiling:
      whole(value.decimal.Ceiling());
      return {};
    case Function::kFloor:
      whole(value.decimal.Floor());
      return {};
    case Function::kTruncate:
      whole(value.decimal.Truncated());
      return {};
    case Function::kPower:
      return Power(call, value);
    case Function::kRound: {
      const int places = TRY(Places(call));
      call.out->push_back(DecimalItem(value.decimal.Rounded(places)));
      return {};
    }
    default:
      return CallReal(call, value);
  }
}

}  // namespace tk::fhir::path
