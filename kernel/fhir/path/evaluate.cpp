#include "kernel/fhir/path/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/base/clock.h"

namespace tk::fhir::path {

Scratch& Scratch::OfThread() {
  thread_local Scratch scratch;
  return scratch;
}

Error Evaluator::Fail(const Op& op, std::string_view message, ErrorCode code) const {
  return SyntaxError(program_.text, op.at, message, code);
}

Error Evaluator::TooMuchWork(const Op& op) const {
  return Fail(op, "the evaluation takes too much work", ErrorCode::kTooLarge);
}

Error Evaluator::SeveralItems(const Op& op, size_t count) const {
  return Fail(op, fmt::format("expected one item at most, found {}", count));
}

Result<Scalar> Evaluator::OneScalar(const Op& op, Items items) const {
  const Item* item = TRY(One(op, items));
  return item == nullptr ? Scalar{} : ToScalar(types_, *item);
}

Result<std::optional<std::string_view>> Evaluator::OneText(const Op& op, Items items,
                                                           std::string* scratch) const {
  using Text = std::optional<std::string_view>;
  const Item* item = TRY(One(op, items));
  if (item == nullptr) return Text();
  if (const Text text = TextOfItem(types_, *item, scratch)) return text;
  // A primitive with extensions only has no value; anything else is no text.
  if (!item->node && item->extension_node) return Text();
  return Fail(op, "expected a string");
}

Result<std::optional<std::string>> Evaluator::OneText(const Op& op, Items items) const {
  std::string scratch;
  const std::optional<std::string_view> text = TRY(OneText(op, items, &scratch));
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Result<std::optional<int64_t>> Evaluator::OneInteger(const Op& op, Items items) const {
  const Item* item = TRY(One(op, items));
  if (item == nullptr) return std::optional<int64_t>();
  const Scalar value = ToScalar(types_, *item);
  if (!value.IsWhole()) return Fail(op, "expected an integer");
  return std::optional<int64_t>(value.integer);
}

void Evaluator::AppendInteger(int64_t value, bool is_long, Collection* out) const {
  if (is_long)
    out->push_back(LongItem(value));
  else if (value >= INT32_MIN && value <= INT32_MAX)
    out->push_back(IntegerItem(value));
}

Status Evaluator::Eval(uint32_t index, const Frame& frame, Collection* out) {
  const Op& op = program_.ops[index];
  if (op.boolean) {
    Ternary answer = Ternary::kEmpty;
    TRY(EvalBoolean(op, frame, &answer));
    if (answer != Ternary::kEmpty) out->push_back(BooleanItem(answer == Ternary::kTrue));
    return {};
  }
  switch (op.code) {
    case Code::kEmpty:
      return {};
    case Code::kPath:
      return EvalPath(op, frame, out);
    case Code::kIndex:
      if (frame.index < 0)
        return Fail(op, "$index has a meaning only inside where, select, all, repeat and the like");
      out->push_back(IntegerItem(frame.index));
      return {};
    case Code::kLiteral:
    case Code::kTotal:
    case Code::kVariable: {
      Lease lease(scratch_);
      Items items;
      TRY(Operand(index, frame, &lease, &items));
      out->insert(out->end(), items.begin(), items.end());
      return {};
    }
    case Code::kCall:
      return EvalCall(op, frame, out);
    case Code::kIndexer:
      return EvalIndexer(op, frame, out);
    case Code::kNegate:
    case Code::kPlus:
      return EvalSign(op, frame, out);
    case Code::kBinary:
      return EvalBinary(op, frame, out);
    case Code::kIs:  // boolean
    case Code::kAs:
      return EvalAs(op, frame, out);
  }
  return {};
}

Status Evaluator::Operand(uint32_t index, const Frame& frame, Lease* lease, Items* items) {
  const Op& op = program_.ops[index];
  switch (op.code) {
    case Code::kLiteral:
      *items = {program_.literals.data() + op.first, op.count};
      return {};
    case Code::kPath:
      if (op.count > 0 || op.has_input) break;
      *items = frame.selves != nullptr ? *frame.selves : Items(frame.self, 1);
      return {};
    case Code::kTotal:
      if (frame.total == nullptr) return Fail(op, "$total has a meaning only inside aggregate");
      *items = *frame.total;
      return {};
    case Code::kVariable:
      return FindVariable(op, lease, items);
    default:
      break;
  }
  TRY(Eval(index, frame, lease->get()));
  *items = *lease->get();
  return {};
}

Status Evaluator::Input(const Op& op, const Frame& frame, Lease* lease, Items* items) {
  if (op.has_input) return Operand(op.input, frame, lease, items);
  *items = frame.selves != nullptr ? *frame.selves : Items(frame.self, 1);
  return {};
}

Status Evaluator::EvalPath(const Op& op, const Frame& frame, Collection* out) {
  const Step* steps = program_.steps.data() + op.first;
  if (!op.has_input && frame.selves == nullptr && op.count > 0 && frame.self->node)
    return Charge(op, Walk(types_, steps, op.count, ToRef(*frame.self), resource_, out));
  Lease lease(scratch_);
  Items input;
  TRY(Input(op, frame, &lease, &input));
  for (const Item& item : input) {
    if (op.count > 0 && (item.node || item.extension_node)) {
      TRY(Charge(op, Walk(types_, steps, op.count, ToRef(item), resource_, out)));
      continue;
    }
    if (PassesFilters(op, item)) out->push_back(item);
  }
  return {};
}

bool Evaluator::PassesFilters(const Op& path, const Item& item) const {
  const Step* const steps = program_.steps.data() + path.first;
  return std::all_of(steps, steps + path.count, [&](const Step& step) {
    return step.kind == StepKind::kOfType && HasType(types_, item, step.test, true);
  });
}

Status Evaluator::FindVariable(const Op& op, Lease* lease, Items* items) {
  const std::string& name = program_.names[op.first];
  for (const auto& [given, values] : environment_.variables) {
    if (given != name) continue;
    *items = values;
    return {};
  }
  if (environment_.more_variables != nullptr) {
    if (const Collection* values = environment_.more_variables->Find(name)) {
      *items = *values;
      return {};
    }
  }
  if (name == "context") {
    *items = Items(&context_, 1);
    return {};
  }
  const auto constant = [&](Item item) -> Status {
    lease->get()->push_back(std::move(item));
    *items = *lease->get();
    return {};
  };
  if (name == "resource" || name == "rootResource") {
    if (!resource_) return {};
    if (resource_ == context_.node && types_.IsConcreteResource(context_.type)) return constant(context_);
    return constant(ResourceItem(types_.definitions(), resource_));
  }
  if (name == "ucum") return constant(StringItem("http://unitsofmeasure.org"));
  if (name == "sct") return constant(StringItem("http://snomed.info/sct"));
  if (name == "loinc") return constant(StringItem("http://loinc.org"));
  if (name.rfind("vs-", 0) == 0)
    return constant(StringItem("http://hl7.org/fhir/ValueSet/" + name.substr(3)));
  if (name.rfind("ext-", 0) == 0)
    return constant(StringItem("http://hl7.org/fhir/StructureDefinition/" + name.substr(4)));
  return Fail(op, fmt::format("there is no variable %{}", name));
}

Status Evaluator::EvalIndexer(const Op& op, const Frame& frame, Collection* out) {
  Lease of_input(scratch_), of_index(scratch_);
  Items input, index;
  TRY(Operand(op.input, frame, &of_input, &input));
  TRY(Operand(op.right, frame, &of_index, &index));
  const std::optional<int64_t> at = TRY(OneInteger(op, index));
  if (at && *at >= 0 && static_cast<uint64_t>(*at) < input.size())
    out->push_back(input[static_cast<size_t>(*at)]);
  return {};
}

Status Evaluator::EvalAs(const Op& op, const Frame& frame, Collection* out) {
  Lease lease(scratch_);
  Items input;
  TRY(Operand(op.input, frame, &lease, &input));
  const Item* item = TRY(One(op, input));
  if (item != nullptr && HasType(types_, *item, program_.tests[op.first], true)) out->push_back(*item);
  return {};
}

Status Evaluator::EvalCall(const Op& op, const Frame& frame, Collection* out) {
  Lease lease(scratch_);
  Items input;
  TRY(Input(op, frame, &lease, &input));
  switch (op.function) {
    case Function::kWhere:
    case Function::kSelect:
    case Function::kRepeat:
    case Function::kAggregate:
    case Function::kIif:
    case Function::kTrace:
      return EvalLambda(op, frame, input, out);
    default:
      break;
  }
  static_assert(kArgumentsMax == 3);
  std::array<Lease, kArgumentsMax> leases = {Lease(scratch_), Lease(scratch_), Lease(scratch_)};
  std::array<Items, kArgumentsMax> arguments;
  CHECK(op.count <= kArgumentsMax);
  for (uint16_t i = 0; i < op.count; ++i)
    TRY(Operand(program_.arguments[op.first + i], frame, &leases[i], &arguments[i]));
  TRY(Charge(op, input.size() + 1));
  return CallFunction({op, input, {arguments.data(), op.count}, out});
}

Status Evaluator::CallFunction(const Call& call) {
  const Function f = call.op.function;
  bool known = false;
  if (f < Function::kToBoolean || f >= Function::kChildren) TRY(CallCollection(call, &known));
  if (!known && f >= Function::kIndexOf) TRY(CallString(call, &known));
  if (!known && f >= Function::kAbs) TRY(CallNumber(call, &known));
  if (!known) TRY(CallConversion(call, &known));
  if (!known) TRY(CallTime(call, &known));
  CHECK(known);  // the compiler refuses what is not offered
  return {};
}

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
    default:
      *known = false;
      return {};
  }
  // Nobody said what time it is: unknown.
  if (environment_.now_us != 0) call.out->push_back(TemporalValueItem(Now(kind)));
  return {};
}

}  // namespace tk::fhir::path
