// Functions whose argument is evaluated again for each item.
#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

Status Evaluator::EvalLambda(const Op& op, const Frame& frame, Items input, Collection* out) {
  TRY(Charge(op, input.size() + 1));
  switch (op.function) {
    case Function::kWhere:
      return Where(op, input, out);
    case Function::kSelect:
      return Select(op, input, out);
    case Function::kRepeat:
      return Repeat(op, input, out);
    case Function::kAggregate:
      return Aggregate(op, frame, input, out);
    case Function::kIif:
      return Iif(op, frame, input, out);
    case Function::kTrace:
      return Trace(op, frame, input, out);
    default:
      break;
  }
  return {};
}

Status Evaluator::Where(const Op& op, Items input, Collection* out) {
  for (size_t i = 0; i < input.size(); ++i) {
    Ternary truth = Ternary::kEmpty;
    TRY(Condition(op, program_.arguments[op.first], FrameOf(input, i), &truth));
    if (truth == Ternary::kTrue) out->push_back(input[i]);
  }
  return {};
}

Status Evaluator::Select(const Op& op, Items input, Collection* out) {
  for (size_t i = 0; i < input.size(); ++i) {
    TRY(Eval(program_.arguments[op.first], FrameOf(input, i), out));
  }
  return {};
}

/// Breadth first; an item that was found already is not followed again, so cycles end.
Status Evaluator::Repeat(const Op& op, Items input, Collection* out) {
  Collection round(input.begin(), input.end());
  Collection found;
  while (!round.empty()) {
    found.clear();
    TRY(Select(op, round, &found));
    round.clear();
    for (Item& item : found) {
      if (TRY(ContainsItem(op, *out, item))) continue;
      out->push_back(item);
      round.push_back(std::move(item));
    }
  }
  return {};
}

Status Evaluator::Aggregate(const Op& op, const Frame& frame, Items input, Collection* out) {
  Collection total;
  if (op.count > 1) TRY(Eval(program_.arguments[op.first + 1], frame, &total));
  for (size_t i = 0; i < input.size(); ++i) {
    Frame inner = FrameOf(input, i);
    inner.total = &total;
    Collection next;
    TRY(Eval(program_.arguments[op.first], inner, &next));
    TRY(Charge(op, next.size() + 1));
    total = std::move(next);
  }
  out->insert(out->end(), total.begin(), total.end());
  return {};
}

Status Evaluator::Iif(const Op& op, const Frame& frame, Items input, Collection* out) {
  Frame inner = frame;
  if (op.has_input) {
    if (input.size() > 1) return Fail(op, "iif() applies to one item at most");
    inner.selves = input.empty() ? &input : nullptr;
    inner.self = input.empty() ? nullptr : &input[0];
  }
  Lease lease(scratch_);
  Items criterion;
  TRY(Operand(program_.arguments[op.first], inner, &lease, &criterion));
  const Item* item = TRY(One(op, criterion));
  const std::optional<bool> truth = item != nullptr ? BooleanOfItem(types_, *item) : std::nullopt;
  if (item != nullptr && !truth) return Fail(op, "the criterion of iif() must be a boolean");
  if (truth == true) return Eval(program_.arguments[op.first + 1], inner, out);
  return op.count > 2 ? Eval(program_.arguments[op.first + 2], inner, out) : Status();
}

Status Evaluator::Trace(const Op& op, const Frame& frame, Items input, Collection* out) {
  Lease lease(scratch_);
  Items name;
  TRY(Operand(program_.arguments[op.first], frame, &lease, &name));
  const std::optional<std::string> text = TRY(OneText(op, name));
  if (environment_.trace != nullptr) {
    Collection shown;
    for (size_t i = 0; i < input.size() && op.count > 1; ++i) {
      TRY(Eval(program_.arguments[op.first + 1], FrameOf(input, i), &shown));
    }
    environment_.trace(text.value_or(""), op.count > 1 ? shown : Collection(input.begin(), input.end()));
  }
  out->insert(out->end(), input.begin(), input.end());
  return {};
}

}  // namespace tk::fhir::path
