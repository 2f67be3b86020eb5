// Operators that give values: arithmetic, text, union. Those that give a truth are in conditions.cpp.
#include <fmt/format.h>

#include "kernel/fhir/path/evaluate.h"
#include "kernel/fhir/path/units.h"

namespace tk::fhir::path {

Status Evaluator::EvalSign(const Op& op, const Frame& frame, Collection* out) {
  Lease lease(scratch_);
  Items input;
  TRY(Operand(op.input, frame, &lease, &input));
  const Scalar value = TRY(OneScalar(op, input));
  if (input.empty()) return {};
  if (!value.IsNumber() && value.kind != SystemKind::kQuantity)
    return Fail(op, "a sign needs a number or a quantity");
  if (op.code == Code::kPlus) {
    out->push_back(input[0]);
  } else if (value.IsWhole()) {
    if (value.integer != INT64_MIN) AppendInteger(-value.integer, value.kind == SystemKind::kLong, out);
  } else if (value.kind == SystemKind::kDecimal) {
    out->push_back(DecimalItem(value.decimal.Negated()));
  } else {
    out->push_back(QuantityItem(value.decimal.Negated(), value.text));
  }
  return {};
}

Status Evaluator::EvalBinary(const Op& op, const Frame& frame, Collection* out) {
  if (op.op == Operator::kUnion) {
    const size_t first = out->size();
    TRY(Eval(op.input, frame, out));
    TRY(Eval(op.right, frame, out));
    return KeepDistinct(op, first, out);
  }
  Lease of_left(scratch_), of_right(scratch_);
  Items left, right;
  TRY(Operand(op.input, frame, &of_left, &left));
  TRY(Operand(op.right, frame, &of_right, &right));
  return op.op == Operator::kConcatenate ? Concatenate(op, left, right, out)
                                         : Arithmetic(op, left, right, out);
}

Status Evaluator::Concatenate(const Op& op, Items left, Items right, Collection* out) {
  std::string scratch_a, scratch_b;
  const std::optional<std::string_view> a = TRY(OneText(op, left, &scratch_a));
  const std::optional<std::string_view> b = TRY(OneText(op, right, &scratch_b));
  std::string joined(a.value_or(""));
  joined += b.value_or("");
  if (joined.size() > kTextBytesMax) return Fail(op, "the text is too long", ErrorCode::kTooLarge);
  TRY(Charge(op, joined.size() / 64));
  out->push_back(StringItem(std::move(joined)));
  return {};
}

Status Evaluator::Arithmetic(const Op& op, Items left, Items right, Collection* out) {
  const Scalar a = TRY(OneScalar(op, left));
  const Scalar b = TRY(OneScalar(op, right));
  // An element with extensions alone (data-absent-reason) is there and has no value to calculate with.
  const auto lacks = [](Items side) { return side.empty() || LacksValue(side.front()); };
  if (lacks(left) || lacks(right)) return {};
  if (a.IsNumber() && b.IsNumber()) return ArithmeticOfNumbers(op, a, b, out);
  if (op.op == Operator::kAdd && a.kind == SystemKind::kString && b.kind == SystemKind::kString) {
    return Concatenate(op, left, right, out);
  }
  const bool sum = op.op == Operator::kAdd || op.op == Operator::kSubtract;
  if (sum && a.IsTemporal() && b.kind == SystemKind::kQuantity) {
    const Decimal amount = op.op == Operator::kAdd ? b.decimal : b.decimal.Negated();
    // Whether the unit fits is asked with a small amount, so that a date beyond the calendar is no error but empty.
    if (!AddDuration(a.temporal, Decimal{}, b.text)) {
      return Fail(op,
                  "this unit cannot be added: use years, months, weeks, days, hours … or the UCUM units wk, "
                  "d, h, min, s, ms");
    }
    if (const std::optional<Temporal> moved = AddDuration(a.temporal, amount, b.text))
      out->push_back(TemporalValueItem(*moved));
    return {};
  }
  const bool quantities =
      (a.kind == SystemKind::kQuantity || a.IsNumber()) && (b.kind == SystemKind::kQuantity || b.IsNumber());
  if (quantities) return ArithmeticOfQuantities(op, a, b, out);
  return Fail(op, fmt::format("\"{}\" cannot calculate with values of these types", OperatorText(op.op)));
}

Status Evaluator::ArithmeticOfNumbers(const Op& op, const Scalar& a, const Scalar& b, Collection* out) {
  const bool whole = a.IsWhole() && b.IsWhole();
  const bool is_long = a.kind == SystemKind::kLong || b.kind == SystemKind::kLong;
  std::optional<Decimal> value;
  bool integer = whole;
  switch (op.op) {
    case Operator::kAdd:
      value = Add(a.decimal, b.decimal);
      break;
    case Operator::kSubtract:
      value = Subtract(a.decimal, b.decimal);
      break;
    case Operator::kMultiply:
      value = Multiply(a.decimal, b.decimal);
      break;
    case Operator::kMod:
      value = Modulo(a.decimal, b.decimal);
      break;
    case Operator::kDivide:
      value = Divide(a.decimal, b.decimal);
      integer = false;
      break;
    default:  // div
      // Exact: (a - a mod b) / b has no fraction.
      if (const std::optional<Decimal> rest = Modulo(a.decimal, b.decimal)) {
        if (const std::optional<Decimal> multiple = Subtract(a.decimal, *rest))
          value = Divide(*multiple, b.decimal);
      }
      integer = true;
      break;
  }
  if (!value) return {};  // overflow and division by zero are empty
  if (!integer) {
    out->push_back(DecimalItem(*value));
  } else if (const std::optional<int64_t> result = value->Truncated().ToInt()) {
    AppendInteger(*result, is_long, out);
  }
  return {};
}

Status Evaluator::ArithmeticOfQuantities(const Op& op, const Scalar& a, const Scalar& b, Collection* out) {
  std::optional<Decimal> value;
  std::string unit;
  if (op.op == Operator::kAdd || op.op == Operator::kSubtract) {
    const std::optional<SameUnit> same = InSameUnit(a, b, Grain::kFiner);
    if (!same) return {};
    value = op.op == Operator::kAdd ? Add(same->left, same->right) : Subtract(same->left, same->right);
    unit = same->unit;
  } else if (op.op == Operator::kMultiply || op.op == Operator::kDivide) {
    const bool divide = op.op == Operator::kDivide;
    const std::optional<std::string> joined = JoinedUnit(a, b, divide);
    if (!joined) return {};
    value = divide ? Divide(a.decimal, b.decimal) : Multiply(a.decimal, b.decimal);
    unit = *joined;
  } else {
    return Fail(op, fmt::format("\"{}\" is not defined for quantities", OperatorText(op.op)));
  }
  if (value) out->push_back(QuantityItem(*value, unit));
  return {};
}

}  // namespace tk::fhir::path
