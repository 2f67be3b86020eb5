#include "kernel/fhir/invariants.h"

#include <algorithm>

#include "kernel/fhir/path/decimal.h"

namespace tk::fhir {
namespace {

struct NativeText {
  Native native;
  std::string_view key;
  std::string_view expression;
};

// The texts that the native code is proven equal to; of dom-3 and ref-1 those of invariants_mended.json.
constexpr NativeText kNativeTexts[] = {
    {Native::kEle1, "ele-1", "hasValue() or (children().count() > id.count())"},
    {Native::kExt1, "ext-1", "extension.exists() != value.exists()"},
    {Native::kRef1, "ref-1",
     "reference.exists().not() or reference.startsWith('#').not() or reference = '#' or "
     "(reference.substring(1) in %rootResource.contained.id)"},
    {Native::kDom2, "dom-2", "contained.contained.empty()"},
    {Native::kDom3, "dom-3",
     "contained.where((('#'+id in (%resource.descendants().reference | "
     "%resource.descendants().ofType(canonical) | %resource.descendants().ofType(uri) | "
     "%resource.descendants().ofType(url))) or descendants().where(reference = '#').exists() or "
     "descendants().where(ofType(canonical) = '#').exists() or descendants().where(ofType(uri) = "
     "'#').exists()).not()).empty()"},
    {Native::kDom4, "dom-4", "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()"},
    {Native::kDom5, "dom-5", "contained.meta.security.empty()"},
    {Native::kTxt1, "txt-1", "htmlChecks()"},
    {Native::kTxt2, "txt-2", "htmlChecks()"},
};

Native NativeFor(const Constraint& constraint) {
  for (const NativeText& known : kNativeTexts) {
    if (known.key == constraint.key && known.expression == constraint.expression) return known.native;
  }
  return Native::kNone;
}

}  // namespace

const Invariants& Definitions::invariants() const {
  std::call_once(invariants_once_, [this] { invariants_ = std::make_shared<const Invariants>(*this); });
  return *invariants_;
}

Invariants::Invariants(const Definitions& definitions) : definitions_(definitions) {
  const std::span<const Constraint> all = definitions.AllConstraints();
  slots_ = std::make_unique<Slot[]>(all.size());
  for (const Constraint& constraint : all) {
    native_of_.push_back(NativeFor(constraint));
    const Constraint*& native = natives_[static_cast<size_t>(native_of_.back())];
    if (native == nullptr) native = &constraint;
  }
  natives_[static_cast<size_t>(Native::kNone)] = nullptr;
  plans_.resize(definitions.type_count());
  for (size_t i = 0; i < plans_.size(); ++i) {
    std::vector<TypeId> chain;
    for (auto type = static_cast<TypeId>(i); type != kNoType; type = definitions.Type(type).base)
      chain.push_back(type);
    std::reverse(chain.begin(), chain.end());
    for (const TypeId type : chain) {
      for (const Constraint& constraint : definitions.Constraints(type)) {
        if (const Native native = NativeOf(constraint); native != Native::kNone) {
          plans_[i].natives |= NativeBit(native);
          continue;
        }
        plans_[i].checks.push_back(&constraint);
        plans_[i].has_warnings = plans_[i].has_warnings || !constraint.is_error;
      }
    }
  }
}

const Invariants::Slot& Invariants::Compiled(const Constraint& constraint) const {
  Slot& slot = slots_[constraint.index];
  std::call_once(slot.once, [&] {
    auto compiled = path::Expression::Compile(constraint.expression, definitions_, constraint.context);
    if (compiled.ok()) {
      slot.expression = std::make_unique<const path::Expression>(std::move(compiled).value());
    } else {
      slot.problem = compiled.error().external;
    }
  });
  return slot;
}

Invariants::Answer Invariants::Test(const Constraint& constraint, const path::Environment& environment,
                                    const path::Item& item) const {
  const Slot& slot = Compiled(constraint);
  if (slot.expression == nullptr) return Answer::kNotCompiled;
  const Result<bool> holds = slot.expression->Test(environment, item);
  if (!holds.ok()) return holds.error().code == ErrorCode::kTooLarge ? Answer::kTooLarge : Answer::kFailed;
  return holds.value() ? Answer::kHolds : Answer::kBroken;
}

std::string Invariants::CompileProblem(const Constraint& constraint) const {
  return Compiled(constraint).problem;
}

bool HasNumberBeyond(Value element, int levels) {
  if (const std::string_view digits = element.Number(); !digits.empty())
    return !path::Decimal::Parse(digits).has_value();
  if (levels < 0) return false;
  for (const Value inside : element) {
    if (HasNumberBeyond(inside, inside.is_array() ? levels : levels - 1)) return true;
  }
  return false;
}

Issue TooLargeFor(Severity severity, std::string path, std::string_view key, std::string_view human) {
  return {severity, "too-costly", std::move(path),
          "is too large to check: whether it keeps to " + InvariantText(key, human)};
}

std::string InvariantText(std::string_view key, std::string_view human) {
  return std::string(key) + ": " + std::string(human);
}

}  // namespace tk::fhir
