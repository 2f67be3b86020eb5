// Functions whose argument is evaluated again for each item.
#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

Status Evaluator::EvalLambda(const Op& op, const Frame& frame, const Collection& input, Collection* out) {
  TRY(Charge(op, input.size() + 1));
  switch (op.function) {
    case Function::kWhere:
      return Where(op, input, false, out);
    case Function::kExists: {
      Collection found;
      if (op.count > 0) TRY(Where(op, input, true, &found));
      out->push_back(BooleanItem(op.count > 0 ? !found.empty() : !input.empty()));
      return {};
    }
    case Function::kAll:
      return All(op, input, out);
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

Status Evaluator::Where(const Op& op, const Collection& input, bool stop_at_first, Collection* out) {
  Collection truth;
  for (size_t i = 0; i < input.size(); ++i) {
    truth.clear();
    Frame inner;
    inner.self = &input[i];
    inner.index = static_cast<int64_t>(i);
    TRY(Eval(program_.arguments[op.first], inner, &truth));
    if (TRY(Truth(op, truth)) != true) continue;
    out->push_back(input[i]);
    if (stop_at_first) break;
  }
  return {};
}

Status Evaluator::All(const Op& op, const Collection& input, Collection* out) {
  Collection truth;
  for (size_t i = 0; i < input.size(); ++i) {
    truth.clear();
    Frame inner;
    inner.self = &input[i];
    inner.index = static_cast<int64_t>(i);
    TRY(Eval(program_.arguments[op.first], inner, &truth));
    if (TRY(Truth(op, truth)) != true) {
      out->push_back(BooleanItem(false));
      return {};
    }
  }
  out->push_back(BooleanItem(true));
  return {};
}

Status Evaluator::Select(const Op& op, const Collection& input, Collection* out) {
  for (size_t i = 0; i < input.size(); ++i) {
    Frame inner;
    inner.self = &input[i];
    inner.index = static_cast<int64_t>(i);
    TRY(Eval(program_.arguments[op.first], inner, out));
  }
  return {};
}

/// Breadth first; an item that was found already is not followed again, so cycles end.
Status Evaluator::Repeat(const Op& op, const Collection& input, Collection* out) {
  Collection round = input;
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

Status Evaluator::Aggregate(const Op& op, const Frame& frame, const Collection& input, Collection* out) {
  Collection total;
  if (op.count > 1) TRY(Eval(program_.arguments[op.first + 1], frame, &total));
  for (size_t i = 0; i < input.size(); ++i) {
    Frame inner;
    inner.self = &input[i];
    inner.index = static_cast<int64_t>(i);
    inner.total = &total;
    Collection next;
    TRY(Eval(program_.arguments[op.first], inner, &next));
    TRY(Charge(op, next.size() + 1));
    total = std::move(next);
  }
  out->insert(out->end(), total.begin(), total.end());
  return {};
}

Status Evaluator::Iif(const Op& op, const Frame& frame, const Collection& input, Collection* out) {
  Frame inner = frame;
  if (op.has_input) {
    if (input.size() > 1) return Fail(op, "iif() applies to one item at most");
    inner.selves = input.empty() ? &input : nullptr;
    inner.self = input.empty() ? nullptr : &input[0];
  }
  Collection criterion;
  TRY(Eval(program_.arguments[op.first], inner, &criterion));
  const Scalar value = TRY(OneScalar(op, criterion));
  if (!criterion.empty() && value.kind != SystemKind::kBoolean)
    return Fail(op, "the criterion of iif() must be a boolean");
  if (value.kind == SystemKind::kBoolean && value.boolean)
    return Eval(program_.arguments[op.first + 1], inner, out);
  return op.count > 2 ? Eval(program_.arguments[op.first + 2], inner, out) : Status();
}

Status Evaluator::Trace(const Op& op, const Frame& frame, const Collection& input, Collection* out) {
  Collection name;
  TRY(Eval(program_.arguments[op.first], frame, &name));
  const std::optional<std::string> text = TRY(OneText(op, name));
  if (environment_.trace != nullptr) {
    Collection shown;
    for (size_t i = 0; i < input.size() && op.count > 1; ++i) {
      Frame inner;
      inner.self = &input[i];
      inner.index = static_cast<int64_t>(i);
      TRY(Eval(program_.arguments[op.first + 1], inner, &shown));
    }
    environment_.trace(text.value_or(""), op.count > 1 ? shown : input);
  }
  out->insert(out->end(), input.begin(), input.end());
  return {};
}

}  // namespace tk::fhir::path
