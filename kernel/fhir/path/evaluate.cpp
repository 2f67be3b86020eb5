#include "kernel/fhir/path/evaluate.h"

#include <fmt/format.h>

#include "kernel/base/clock.h"

namespace tk::fhir::path {

Result<const Item*> Evaluator::One(const Op& op, const Collection& items) const {
  if (items.size() > 1) return Fail(op, fmt::format("expected one item at most, found {}", items.size()));
  return items.empty() ? nullptr : &items[0];
}

Result<Scalar> Evaluator::OneScalar(const Op& op, const Collection& items) const {
  const Item* item = TRY(One(op, items));
  return item == nullptr ? Scalar{} : ToScalar(types_, *item);
}

Result<std::optional<std::string>> Evaluator::OneText(const Op& op, const Collection& items) const {
  const Item* item = TRY(One(op, items));
  if (item == nullptr) return std::optional<std::string>();
  Scalar value = ToScalar(types_, *item);
  if (value.kind == SystemKind::kString) return std::optional<std::string>(std::move(value.text));
  // A primitive with extensions only has no value; anything else is no text.
  if (value.kind == SystemKind::kNone && !item->node && item->extension_node)
    return std::optional<std::string>();
  return Fail(op, "expected a string");
}

Result<std::optional<int64_t>> Evaluator::OneInteger(const Op& op, const Collection& items) const {
  const Item* item = TRY(One(op, items));
  if (item == nullptr) return std::optional<int64_t>();
  const Scalar value = ToScalar(types_, *item);
  if (!value.IsWhole()) return Fail(op, "expected an integer");
  return std::optional<int64_t>(value.integer);
}

Result<std::optional<bool>> Evaluator::Truth(const Op& op, const Collection& items) const {
  const Item* item = TRY(One(op, items));
  if (item == nullptr) return std::optional<bool>();
  if (const bool* computed = std::get_if<bool>(&item->computed)) return std::optional<bool>(*computed);
  const Scalar value = ToScalar(types_, *item);
  return std::optional<bool>(value.kind == SystemKind::kBoolean ? value.boolean : true);
}

void Evaluator::AppendInteger(int64_t value, bool is_long, Collection* out) const {
  if (is_long)
    out->push_back(LongItem(value));
  else if (value >= INT32_MIN && value <= INT32_MAX)
    out->push_back(IntegerItem(value));
}

Status Evaluator::Eval(uint32_t index, const Frame& frame, Collection* out) {
  const Op& op = program_.ops[index];
  switch (op.code) {
    case Code::kEmpty:
      return {};
    case Code::kLiteral:
      out->push_back(program_.literals[op.first]);
      return {};
    case Code::kPath:
      return EvalPath(op, frame, out);
    case Code::kIndex:
      if (frame.index < 0)
        return Fail(op, "$index has a meaning only inside where, select, all, repeat and the like");
      out->push_back(IntegerItem(frame.index));
      return {};
    case Code::kTotal:
      if (frame.total == nullptr) return Fail(op, "$total has a meaning only inside aggregate");
      out->insert(out->end(), frame.total->begin(), frame.total->end());
      return {};
    case Code::kVariable:
      return EvalVariable(op, out);
    case Code::kCall:
      return EvalCall(op, frame, out);
    case Code::kIndexer:
      return EvalIndexer(op, frame, out);
    case Code::kNegate:
    case Code::kPlus:
      return EvalSign(op, frame, out);
    case Code::kBinary:
      return EvalBinary(op, frame, out);
    case Code::kIs:
    case Code::kAs:
      return EvalType(op, frame, out);
  }
  return {};
}

Status Evaluator::EvalPath(const Op& op, const Frame& frame, Collection* out) {
  const Step* steps = program_.steps.data() + op.first;
  if (!op.has_input && frame.selves == nullptr) {
    if (op.count == 0) {
      out->push_back(*frame.self);  // $this, which may be computed
      return {};
    }
    // A computed value has no members, and passes only filters of type.
    if (!frame.self->node && !frame.self->extension_node && steps->kind != StepKind::kOfType) return {};
    if (frame.self->node || frame.self->extension_node) {
      return Charge(op, Walk(types_, steps, op.count, ToRef(*frame.self), resource_, out));
    }
  }
  Collection input;
  if (op.has_input)
    TRY(Eval(op.input, frame, &input));
  else if (frame.selves != nullptr)
    input = *frame.selves;
  else
    input.push_back(*frame.self);
  for (Item& item : input) {
    if (item.node || item.extension_node) {
      TRY(Charge(op, Walk(types_, steps, op.count, ToRef(item), resource_, out)));
      continue;
    }
    bool kept = true;
    for (uint32_t i = 0; i < op.count && kept; ++i) {
      kept = steps[i].kind == StepKind::kOfType && HasType(types_, item, steps[i].test, true);
    }
    if (kept) out->push_back(std::move(item));
  }
  return {};
}

Status Evaluator::EvalVariable(const Op& op, Collection* out) {
  const std::string& name = program_.names[op.first];
  for (const auto& [given, items] : environment_.variables) {
    if (given != name) continue;
    out->insert(out->end(), items.begin(), items.end());
    return {};
  }
  const auto constant = [&](std::string text) -> Status {
    out->push_back(StringItem(std::move(text)));
    return {};
  };
  if (name == "context") {
    out->push_back(context_);
    return {};
  }
  if (name == "resource" || name == "rootResource") {
    if (resource_) out->push_back(ResourceItem(types_.definitions(), resource_));
    return {};
  }
  if (name == "ucum") return constant("http://unitsofmeasure.org");
  if (name == "sct") return constant("http://snomed.info/sct");
  if (name == "loinc") return constant("http://loinc.org");
  if (name.rfind("vs-", 0) == 0) return constant("http://hl7.org/fhir/ValueSet/" + name.substr(3));
  if (name.rfind("ext-", 0) == 0)
    return constant("http://hl7.org/fhir/StructureDefinition/" + name.substr(4));
  return Fail(op, fmt::format("there is no variable %{}", name));
}

Status Evaluator::EvalIndexer(const Op& op, const Frame& frame, Collection* out) {
  Collection input, index;
  TRY(Eval(op.input, frame, &input));
  TRY(Eval(op.right, frame, &index));
  const std::optional<int64_t> at = TRY(OneInteger(op, index));
  if (at && *at >= 0 && static_cast<uint64_t>(*at) < input.size())
    out->push_back(std::move(input[static_cast<size_t>(*at)]));
  return {};
}

Status Evaluator::EvalType(const Op& op, const Frame& frame, Collection* out) {
  Collection input;
  TRY(Eval(op.input, frame, &input));
  const Item* item = TRY(One(op, input));
  if (item == nullptr) return {};
  const bool has = HasType(types_, *item, program_.tests[op.first], op.code == Code::kAs);
  if (op.code == Code::kIs)
    out->push_back(BooleanItem(has));
  else if (has)
    out->push_back(std::move(input[0]));
  return {};
}

Status Evaluator::Input(const Op& op, const Frame& frame, Collection* out) {
  if (op.has_input) return Eval(op.input, frame, out);
  if (frame.selves != nullptr)
    *out = *frame.selves;
  else
    out->push_back(*frame.self);
  return {};
}

Status Evaluator::EvalCall(const Op& op, const Frame& frame, Collection* out) {
  Collection input;
  TRY(Input(op, frame, &input));
  switch (op.function) {
    case Function::kWhere:
    case Function::kExists:
    case Function::kAll:
    case Function::kSelect:
    case Function::kRepeat:
    case Function::kAggregate:
    case Function::kIif:
    case Function::kTrace:
      return EvalLambda(op, frame, input, out);
    default:
      break;
  }
  std::vector<Collection> arguments(op.count);
  for (uint16_t i = 0; i < op.count; ++i) TRY(Eval(program_.arguments[op.first + i], frame, &arguments[i]));
  TRY(Charge(op, input.size() + 1));
  const Call call{op, input, arguments, out};
  bool known = false;
  TRY(CallCollection(call, &known));
  if (!known) TRY(CallConversion(call, &known));
  if (!known) TRY(CallString(call, &known));
  if (!known) TRY(CallNumber(call, &known));
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
