// sum(), avg(), min(), max(): what is usually written with aggregate().
#include <fmt/format.h>

#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

/// By the operators + and /, so that units convert and texts join as there. Empty for nothing.
Status Evaluator::CallSum(const Call& call) {
  if (call.input.empty()) return {};
  Op plus = call.op;
  plus.op = Operator::kAdd;
  Collection sum = {call.input[0]};
  for (size_t i = 1; i < call.input.size() && !sum.empty(); ++i) {
    Collection next;
    TRY(Arithmetic(plus, sum, call.input.subspan(i, 1), &next));
    sum = std::move(next);
  }
  if (call.op.function == Function::kSum) {
    call.out->insert(call.out->end(), sum.begin(), sum.end());
    return {};
  }
  Op over = call.op;
  over.op = Operator::kDivide;
  const Collection count = {IntegerItem(static_cast<int64_t>(call.input.size()))};
  return Arithmetic(over, sum, count, call.out);
}

/// Empty where the order of two values cannot be known.
Status Evaluator::CallExtreme(const Call& call) {
  if (call.input.empty()) return {};
  const Order wanted = call.op.function == Function::kMin ? Order::kLess : Order::kGreater;
  const Item* best = &call.input[0];
  Scalar best_value = ToScalar(types_, *best);
  for (const Item& item : call.input) {
    Scalar value = ToScalar(types_, item);
    const std::optional<Order> order = CompareScalars(value, best_value);
    if (!order)
      return Fail(call.op,
                  fmt::format("{}() cannot compare values of these types", FunctionName(call.op.function)));
    if (*order == Order::kUnknown) return {};
    if (*order != wanted) continue;
    best = &item;
    best_value = std::move(value);
  }
  call.out->push_back(*best);
  return {};
}

}  // namespace tk::fhir::path
