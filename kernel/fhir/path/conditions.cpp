// Operations that give one boolean or nothing: comparison, equality, membership, logic, and questions such as exists().
// They are followed as a Ternary, without collections; what cannot change an answer is not looked at.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

Status Evaluator::Test(bool* out) {
  const Op& root = program_.ops[program_.root];
  *out = false;
  if (root.boolean) {
    Ternary answer = Ternary::kEmpty;
    TRY(EvalBoolean(root, RootFrame(), &answer));
    *out = answer == Ternary::kTrue;
    return {};
  }
  Lease lease(scratch_);
  Items items;
  TRY(Operand(program_.root, RootFrame(), &lease, &items));
  if (items.empty()) return {};
  if (items.size() > 1) return MakeError(ErrorCode::kInvalid, "the expression does not give one boolean");
  *out = !LacksValue(items[0]) && BooleanOfItem(types_, items[0]).value_or(true);
  return {};
}

Status Evaluator::EvalBoolean(const Op& op, const Frame& frame, Ternary* out) {
  if (op.code == Code::kCall) return EvalQuestion(op, frame, out);
  if (op.code == Code::kBinary) {
    return op.op >= Operator::kAnd ? EvalLogic(op, frame, out) : EvalRelation(op, frame, out);
  }
  Lease lease(scratch_);  // is
  Items input;
  TRY(Operand(op.input, frame, &lease, &input));
  const Item* item = TRY(One(op, input));
  if (item != nullptr) *out = TernaryOf(HasType(types_, *item, program_.tests[op.first], false));
  return {};
}

Status Evaluator::Condition(const Op& asking, uint32_t index, const Frame& frame, Ternary* out) {
  const Op& op = program_.ops[index];
  *out = Ternary::kEmpty;
  if (op.boolean) return EvalBoolean(op, frame, out);
  Lease lease(scratch_);
  Items items;
  TRY(Operand(index, frame, &lease, &items));
  const Item* item = TRY(One(asking, items));
  if (item != nullptr && !LacksValue(*item)) *out = TernaryOf(BooleanOfItem(types_, *item).value_or(true));
  return {};
}

Status Evaluator::EvalLogic(const Op& op, const Frame& frame, Ternary* out) {
  Ternary left = Ternary::kEmpty;
  TRY(Condition(op, op.input, frame, &left));
  // What the left side decides alone is decided: the right side may be costly.
  if (op.op == Operator::kAnd && left == Ternary::kFalse) {
    *out = Ternary::kFalse;
    return {};
  }
  if ((op.op == Operator::kOr && left == Ternary::kTrue) ||
      (op.op == Operator::kImplies && left == Ternary::kFalse)) {
    *out = Ternary::kTrue;
    return {};
  }
  Ternary right = Ternary::kEmpty;
  TRY(Condition(op, op.right, frame, &right));
  const bool both = left != Ternary::kEmpty && right != Ternary::kEmpty;
  switch (op.op) {
    case Operator::kAnd:
      *out = right == Ternary::kFalse ? right : both ? Ternary::kTrue : Ternary::kEmpty;
      break;
    case Operator::kXor:
      *out = both ? TernaryOf(left != right) : Ternary::kEmpty;
      break;
    default:  // or, implies
      *out = right == Ternary::kTrue ? right : both ? Ternary::kFalse : Ternary::kEmpty;
      break;
  }
  return {};
}

Status Evaluator::EvalRelation(const Op& op, const Frame& frame, Ternary* out) {
  Lease of_left(scratch_), of_right(scratch_);
  Items left, right;
  TRY(Operand(op.input, frame, &of_left, &left));
  TRY(Operand(op.right, frame, &of_right, &right));
  switch (op.op) {
    case Operator::kEqual:
    case Operator::kNotEqual: {
      if (left.empty() || right.empty()) return {};
      TRY(Charge(op, left.size()));
      const std::optional<bool> equal = Equal(types_, left, right);
      if (equal) *out = TernaryOf(*equal == (op.op == Operator::kEqual));
      return {};
    }
    case Operator::kEquivalent:
    case Operator::kNotEquivalent:
      TRY(Charge(op, left.size() == right.size() ? left.size() * right.size() : 1));
      *out = TernaryOf(Equivalent(types_, left, right) == (op.op == Operator::kEquivalent));
      return {};
    case Operator::kIn:
      return Membership(op, left, right, out);
    case Operator::kContains:
      return Membership(op, right, left, out);
    default:
      return Comparison(op, left, right, out);
  }
}

Status Evaluator::EvalQuestion(const Op& op, const Frame& frame, Ternary* out) {
  if (op.function == Function::kNot && op.has_input) {
    Ternary truth = Ternary::kEmpty;
    TRY(Condition(op, op.input, frame, &truth));
    if (truth != Ternary::kEmpty) *out = TernaryOf(truth == Ternary::kFalse);
    return {};
  }
  if (op.function == Function::kEmpty || (op.function == Function::kExists && op.count == 0)) {
    bool any = false;
    TRY(AnyOfInput(op, frame, &any));
    *out = TernaryOf(any == (op.function == Function::kExists));
    return {};
  }
  Lease lease(scratch_);
  Items input;
  TRY(Input(op, frame, &lease, &input));
  TRY(Charge(op, input.size() + 1));
  switch (op.function) {
    case Function::kAll:
      return All(op, input, out);
    case Function::kHasValue:
      *out = TernaryOf(input.size() == 1 && HasValue(types_, input[0]));
      return {};
    case Function::kNot: {
      const Item* item = TRY(One(op, input));
      if (item != nullptr && !LacksValue(*item))
        *out = TernaryOf(!BooleanOfItem(types_, *item).value_or(true));
      return {};
    }
    default: {  // exists(criterion)
      bool any = false;
      TRY(AnyWhere(op, input, &any));
      *out = TernaryOf(any);
      return {};
    }
  }
}

Status Evaluator::All(const Op& op, Items input, Ternary* out) {
  *out = Ternary::kTrue;
  for (size_t i = 0; i < input.size() && *out == Ternary::kTrue; ++i) {
    TRY(Condition(op, program_.arguments[op.first], FrameOf(input, i), out));
  }
  *out = TernaryOf(*out == Ternary::kTrue);
  return {};
}

Status Evaluator::AnyWhere(const Op& op, Items input, bool* any) {
  for (size_t i = 0; i < input.size() && !*any; ++i) {
    Ternary truth = Ternary::kEmpty;
    TRY(Condition(op, program_.arguments[op.first], FrameOf(input, i), &truth));
    *any = truth == Ternary::kTrue;
  }
  return {};
}

Status Evaluator::AnyOfInput(const Op& op, const Frame& frame, bool* any) {
  TRY(Charge(op, 1));
  Lease lease(scratch_);
  Items items;
  if (op.has_input && program_.ops[op.input].kept == 0) {
    const Op& input = program_.ops[op.input];
    if (input.code == Code::kPath && input.count > 0) {
      const Step* const steps = program_.steps.data() + input.first;
      if (!input.has_input && frame.selves == nullptr && frame.self->node) {
        return Charge(input, WalkToFirst(types_, steps, input.count, ToRef(*frame.self), resource_, any));
      }
      TRY(Input(input, frame, &lease, &items));
      for (size_t i = 0; i < items.size() && !*any; ++i) {
        if (items[i].node || items[i].extension_node)
          TRY(Charge(input, WalkToFirst(types_, steps, input.count, ToRef(items[i]), resource_, any)));
        else
          *any = OfComputed(input, items[i]).has_value();
      }
      return {};
    } else if (input.code == Code::kCall && input.function == Function::kWhere && input.sure) {
      TRY(Input(input, frame, &lease, &items));
      TRY(Charge(input, items.size() + 1));
      return AnyWhere(input, items, any);
    }
  }
  Lease of_all(scratch_);
  TRY(Input(op, frame, &of_all, &items));
  TRY(Charge(op, items.size()));
  *any = !items.empty();
  return {};
}

Status Evaluator::Membership(const Op& op, Items one, Items many, Ternary* out) {
  const Item* item = TRY(One(op, one));
  if (item != nullptr) *out = TernaryOf(TRY(ContainsItem(op, many, *item)));
  return {};
}

Status Evaluator::Comparison(const Op& op, Items left, Items right, Ternary* out) {
  // Several items are an error also where the other side is empty.
  const Item* const first = TRY(One(op, left));
  const Item* const second = TRY(One(op, right));
  if (first == nullptr || second == nullptr) return {};
  // A primitive that has only extensions has no value to compare.
  if (LacksValue(*first) || LacksValue(*second)) return {};
  const Scalar a = ToScalar(types_, *first);
  const Scalar b = ToScalar(types_, *second);
  // A quantity that says only "less than" has no known number.
  const auto unknown = [&](const Item& item, const Scalar& scalar) {
    return scalar.kind == SystemKind::kNone && types_.KindOf(item.type) == SystemKind::kQuantity;
  };
  if (unknown(*first, a) || unknown(*second, b)) return {};
  const std::optional<Order> order = CompareScalars(a, b);
  if (!order)
    return Fail(op, fmt::format("\"{}\" cannot compare values of these types", OperatorText(op.op)));
  if (*order == Order::kUnknown) return {};
  switch (op.op) {
    case Operator::kLessOrEqual:
      *out = TernaryOf(*order != Order::kGreater);
      break;
    case Operator::kLess:
      *out = TernaryOf(*order == Order::kLess);
      break;
    case Operator::kGreater:
      *out = TernaryOf(*order == Order::kGreater);
      break;
    default:
      *out = TernaryOf(*order != Order::kLess);
      break;
  }
  return {};
}

}  // namespace tk::fhir::path
