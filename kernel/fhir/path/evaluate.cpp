#include "kernel/fhir/path/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/base/clock.h"
#include "kernel/base/turn.h"

namespace tk::fhir::path {

Scratch& Scratch::OfThread() {
  thread_local Scratch scratch;
  return scratch;
}

Error Evaluator::Fail(const Op& op, std::string_view message, ErrorCode code) const {
  return SyntaxError(program_.text, op.at, message, code);
}

Status Evaluator::Look(const Op& op) {
  if (work_ > environment_.work_max)
    return Fail(op, "the evaluation takes too much work", ErrorCode::kTooLarge);
  const bool may_go_on = Turn::Look(MonotonicUs(), environment_.deadline_us);
  if (!may_go_on)
    return Fail(
        op, "the evaluation takes long, and too much that takes long is being done already; try again later",
        ErrorCode::kBusy);
  if (MonotonicUs() >= environment_.deadline_us)
    return Fail(op, "the evaluation took longer than a request may", ErrorCode::kTimeout);
  look_at_ = LookAt(work_);
  return {};
}

// Without a deadline the clock is never read: then some lock may be held, or it is the log's writer who evaluates.
uint64_t Evaluator::LookAt(uint64_t work) const {
  constexpr uint64_t kEvery = 4096;
  return environment_.deadline_us == 0 ? environment_.work_max
                                       : std::min(environment_.work_max, work + kEvery);
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
  if (op.kept == 0) return EvalAnew(index, frame, out);
  Items items;
  TRY(Kept(index, frame, &items));
  out->insert(out->end(), items.begin(), items.end());
  return Charge(op, items.size());
}

Status Evaluator::Kept(uint32_t index, const Frame& frame, Items* items) {
  if (kept_.empty()) kept_.resize(program_.kept);
  std::optional<Collection>& kept = kept_[program_.ops[index].kept - 1];
  if (!kept) {
    Collection found;
    TRY(EvalAnew(index, frame, &found));
    kept = std::move(found);
  }
  *items = *kept;
  return {};
}

Status Evaluator::EvalAnew(uint32_t index, const Frame& frame, Collection* out) {
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
    case Code::kFactory:
      return MakeOfFactory(op, frame, out);
    case Code::kLiteral:
    case Code::kTotal:
    case Code::kDefined:
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
  if (op.kept != 0) return Kept(index, frame, items);
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
    case Code::kDefined:
      if (op.first < defined_.size()) *items = defined_[op.first];
      return {};
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
  if (!op.has_input && frame.selves == nullptr && op.count > 0 && frame.self->node && !IsMade(*frame.self))
    return Charge(op, Walk(types_, steps, op.count, ToRef(*frame.self), resource_, out));
  Lease lease(scratch_);
  Items input;
  TRY(Input(op, frame, &lease, &input));
  for (const Item& item : input) {
    if (op.count > 0 && (item.node || item.extension_node)) {
      const size_t first = out->size();
      TRY(Charge(op, Walk(types_, steps, op.count, ToRef(item), resource_, out)));
      KeepDocument(item, first, out);
      continue;
    }
    if (std::optional<Item> found = OfComputed(op, item)) out->push_back(std::move(*found));
  }
  return {};
}

TypeId QuantityPart(TypeId type, std::string_view member) {
  if (type != kSystemQuantity) return kNoType;
  return member == "value" ? kSystemDecimal : member == "unit" ? kSystemString : kNoType;
}

std::optional<Item> Evaluator::OfComputed(const Op& path, const Item& item) const {
  std::optional<Item> found = item;
  for (uint32_t i = path.first; i < path.first + path.count; ++i) {
    const Step& step = program_.steps[i];
    if (step.kind == StepKind::kOfType) {
      if (!HasType(types_, *found, step.test, true)) return std::nullopt;
      continue;
    }
    const TypeId part = step.kind == StepKind::kChild ? QuantityPart(found->type, step.text) : kNoType;
    if (part == kNoType) return std::nullopt;
    const Scalar quantity = ToScalar(types_, *found);
    found = part == kSystemDecimal ? DecimalItem(quantity.decimal) : StringItem(quantity.text);
  }
  return found;
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
    case Function::kRepeatAll:
    case Function::kSort:
    case Function::kCoalesce:
    case Function::kDefineVariable:
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
  if (!known) TRY(CallConformance(call, &known));
  CHECK(known);  // the compiler knows no other
  return {};
}

}  // namespace tk::fhir::path
