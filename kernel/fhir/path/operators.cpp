// Operators: arithmetic, comparison, equality, membership, logic.
#include <fmt/format.h>

#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

Status Evaluator::EvalSign(const Op& op, const Frame& frame, Collection* out) {
  Collection input;
  TRY(Eval(op.input, frame, &input));
  const Scalar value = TRY(OneScalar(op, input));
  if (input.empty()) return {};
  if (!value.IsNumber() && value.kind != SystemKind::kQuantity)
    return Fail(op, "a sign needs a number or a quantity");
  if (op.code == Code::kPlus) {
    out->push_back(std::move(input[0]));
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
  if (op.op >= Operator::kAnd) return EvalLogic(op, frame, out);
  Collection left, right;
  TRY(Eval(op.input, frame, &left));
  TRY(Eval(op.right, frame, &right));
  switch (op.op) {
    case Operator::kUnion:
      return AppendUnion(op, left, right, out);
    case Operator::kConcatenate:
      return Concatenate(op, left, right, out);
    case Operator::kLessOrEqual:
    case Operator::kLess:
    case Operator::kGreater:
    case Operator::kGreaterOrEqual:
      return Comparison(op, left, right, out);
    case Operator::kEqual:
    case Operator::kNotEqual: {
      if (left.empty() || right.empty()) return {};
      TRY(Charge(op, left.size()));
      const std::optional<bool> equal = Equal(types_, left, right);
      if (equal) out->push_back(BooleanItem(*equal == (op.op == Operator::kEqual)));
      return {};
    }
    case Operator::kEquivalent:
    case Operator::kNotEquivalent:
      TRY(Charge(op, left.size() == right.size() ? left.size() * right.size() : 1));
      out->push_back(BooleanItem(Equivalent(types_, left, right) == (op.op == Operator::kEquivalent)));
      return {};
    case Operator::kIn:
      return Membership(op, left, right, out);
    case Operator::kContains:
      return Membership(op, right, left, out);
    default:
      return Arithmetic(op, left, right, out);
  }
}

Status Evaluator::EvalLogic(const Op& op, const Frame& frame, Collection* out) {
  Collection side;
  TRY(Eval(op.input, frame, &side));
  const std::optional<bool> left = TRY(Truth(op, side));
  // What the left side decides alone is decided: the right side may be costly.
  const auto answer = [&](bool value) -> Status {
    out->push_back(BooleanItem(value));
    return {};
  };
  if (op.op == Operator::kAnd && left == false) return answer(false);
  if (op.op == Operator::kOr && left == true) return answer(true);
  if (op.op == Operator::kImplies && left == false) return answer(true);
  side.clear();
  TRY(Eval(op.right, frame, &side));
  const std::optional<bool> right = TRY(Truth(op, side));
  switch (op.op) {
    case Operator::kAnd:
      if (right == false) return answer(false);
      return left && right ? answer(true) : Status();
    case Operator::kOr:
      if (right == true) return answer(true);
      return left && right ? answer(false) : Status();
    case Operator::kXor:
      return left && right ? answer(*left != *right) : Status();
    default:  // implies
      if (right == true) return answer(true);
      return left && right ? answer(false) : Status();
  }
}

Status Evaluator::Membership(const Op& op, const Collection& one, const Collection& many, Collection* out) {
  const Item* item = TRY(One(op, one));
  if (item == nullptr) return {};
  out->push_back(BooleanItem(TRY(ContainsItem(op, many, *item))));
  return {};
}

Status Evaluator::Concatenate(const Op& op, const Collection& left, const Collection& right,
                              Collection* out) {
  const std::optional<std::string> a = TRY(OneText(op, left));
  const std::optional<std::string> b = TRY(OneText(op, right));
  std::string joined = a.value_or("") + b.value_or("");
  if (joined.size() > kTextBytesMax) return Fail(op, "the text is too long", ErrorCode::kTooLarge);
  out->push_back(StringItem(std::move(joined)));
  return {};
}

Status Evaluator::Comparison(const Op& op, const Collection& left, const Collection& right, Collection* out) {
  const Scalar a = TRY(OneScalar(op, left));
  const Scalar b = TRY(OneScalar(op, right));
  if (left.empty() || right.empty()) return {};
  // A primitive that has only extensions has no value to compare.
  const bool no_value =
      (!left[0].node && left[0].extension_node) || (!right[0].node && right[0].extension_node);
  if (no_value) return {};
  // A quantity that says only "less than" has no known number.
  const auto unknown = [&](const Item& item, const Scalar& scalar) {
    return scalar.kind == SystemKind::kNone && types_.KindOf(item.type) == SystemKind::kQuantity;
  };
  if (unknown(left[0], a) || unknown(right[0], b)) return {};
  const std::optional<Order> order = CompareScalars(a, b);
  if (!order)
    return Fail(op, fmt::format("\"{}\" cannot compare values of these types", OperatorText(op.op)));
  if (*order == Order::kUnknown) return {};
  bool answer = false;
  switch (op.op) {
    case Operator::kLessOrEqual:
      answer = *order != Order::kGreater;
      break;
    case Operator::kLess:
      answer = *order == Order::kLess;
      break;
    case Operator::kGreater:
      answer = *order == Order::kGreater;
      break;
    default:
      answer = *order != Order::kLess;
      break;
  }
  out->push_back(BooleanItem(answer));
  return {};
}

Status Evaluator::Arithmetic(const Op& op, const Collection& left, const Collection& right, Collection* out) {
  const Scalar a = TRY(OneScalar(op, left));
  const Scalar b = TRY(OneScalar(op, right));
  if (left.empty() || right.empty()) return {};
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
    const std::optional<SameUnit> same = InSameUnit(a, b);
    if (!same) return {};
    value = op.op == Operator::kAdd ? Add(same->left, same->right) : Subtract(same->left, same->right);
    unit = same->unit;
  } else if (op.op == Operator::kMultiply || op.op == Operator::kDivide) {
    const std::string left = a.kind == SystemKind::kQuantity ? a.text : "1";
    const std::string right = b.kind == SystemKind::kQuantity ? b.text : "1";
    value = op.op == Operator::kMultiply ? Multiply(a.decimal, b.decimal) : Divide(a.decimal, b.decimal);
    if (right == "1")
      unit = left;
    else if (op.op == Operator::kDivide && left == right)
      unit = "1";
    else if (op.op == Operator::kMultiply)
      unit = left == "1" ? right : left + "." + right;
    else
      unit = left + "/" + (right.find_first_of("./") == std::string::npos ? right : "(" + right + ")");
  } else {
    return Fail(op, fmt::format("\"{}\" is not defined for quantities", OperatorText(op.op)));
  }
  if (value) out->push_back(QuantityItem(*value, unit));
  return {};
}

}  // namespace tk::fhir::path
