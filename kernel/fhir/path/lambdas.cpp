// Functions whose argument is evaluated again for each item.
#include <algorithm>
#include <numeric>

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
    case Function::kRepeatAll:
      return RepeatAll(op, input, out);
    case Function::kSort:
      return Sort(op, input, out);
    case Function::kCoalesce:
      return Coalesce(op, frame, out);
    case Function::kDefineVariable:
      return DefineVariable(op, input, out);
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

/// As repeat(), but what is found again is followed again; only the limit of work ends a circle.
Status Evaluator::RepeatAll(const Op& op, Items input, Collection* out) {
  Collection round(input.begin(), input.end());
  Collection found;
  while (!round.empty()) {
    found.clear();
    TRY(Select(op, round, &found));
    TRY(Charge(op, found.size() + 1));
    out->insert(out->end(), found.begin(), found.end());
    std::swap(round, found);
  }
  return {};
}

Status Evaluator::CompareKeys(const Op& op, Items left, Items right, Order* out) {
  const Item* const a = TRY(One(op, left));
  const Item* const b = TRY(One(op, right));
  const bool no_a = a == nullptr || LacksValue(*a);
  const bool no_b = b == nullptr || LacksValue(*b);
  if (no_a || no_b) {  // nothing comes before everything
    *out = no_a == no_b ? Order::kEqual : no_a ? Order::kLess : Order::kGreater;
    return {};
  }
  const std::optional<Order> order = CompareScalars(ToScalar(types_, *a), ToScalar(types_, *b));
  if (!order) return Fail(op, "sort() cannot compare values of these types");
  *out = *order == Order::kUnknown ? Order::kEqual : *order;
  return {};
}

/// Stable; by the first key, then the second … A key with "-" before it, or desc behind it, sorts from the greatest.
Status Evaluator::Sort(const Op& op, Items input, Collection* out) {
  const size_t keys = std::max<size_t>(op.count, 1);
  std::vector<Collection> values(input.size() * keys);
  for (size_t i = 0; i < input.size(); ++i) {
    for (size_t k = 0; k < op.count; ++k)
      TRY(Eval(program_.arguments[op.first + k], FrameOf(input, i), &values[i * keys + k]));
    if (op.count == 0) values[i].push_back(input[i]);
  }
  std::vector<size_t> order(input.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Status failed;
  const auto less = [&](size_t a, size_t b) {
    for (size_t k = 0; k < keys && failed.ok(); ++k) {
      Order one = Order::kEqual;
      failed = CompareKeys(op, values[a * keys + k], values[b * keys + k], &one);
      if (one != Order::kEqual) return (one == Order::kLess) != ((op.right >> k & 1) != 0);
    }
    return false;
  };
  // A merge sort: where order cannot be known it need not be transitive, and std::sort would run astray.
  uint64_t steps = 1;
  for (size_t n = input.size(); n > 1; n /= 2) ++steps;
  TRY(Charge(op, input.size() * steps * keys));
  std::stable_sort(order.begin(), order.end(), less);
  TRY(std::move(failed));
  for (const size_t i : order) out->push_back(input[i]);
  return {};
}

Status Evaluator::Coalesce(const Op& op, const Frame& frame, Collection* out) {
  const size_t before = out->size();
  for (size_t i = 0; i < op.count && out->size() == before; ++i)
    TRY(Eval(program_.arguments[op.first + i], frame, out));
  return {};
}

Status Evaluator::DefineVariable(const Op& op, Items input, Collection* out) {
  Collection value;
  if (op.count == 0) {
    value.assign(input.begin(), input.end());
  } else {
    Frame inner;
    inner.selves = &input;
    inner.self = input.empty() ? nullptr : &input[0];
    TRY(Eval(program_.arguments[op.first], inner, &value));
  }
  TRY(Charge(op, value.size() + input.size()));
  if (defined_.empty()) defined_.resize(program_.slots);
  defined_[op.right] = std::move(value);
  out->insert(out->end(), input.begin(), input.end());
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
  if (item != nullptr && LacksValue(*item)) item = nullptr;
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
  if (environment_.tracer != nullptr) {
    Collection shown;
    for (size_t i = 0; i < input.size() && op.count > 1; ++i) {
      TRY(Eval(program_.arguments[op.first + 1], FrameOf(input, i), &shown));
    }
    TRY(Charge(op, 1 + input.size() + shown.size() + (text ? text->size() / 64 : 0)));
    environment_.tracer->Trace(text.value_or(""),
                               op.count > 1 ? shown : Collection(input.begin(), input.end()));
  }
  out->insert(out->end(), input.begin(), input.end());
  return {};
}

}  // namespace tk::fhir::path
