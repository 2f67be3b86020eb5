// The invariants of the definitions, ready to be tested: a plan for each type, expressions compiled when first needed and then shared.
// Flow:   Definitions::Constraints → Invariants (one per Definitions, kept with it) → Validator asks for each node
// Native: what nearly every element has to keep (ele-1, ext-1, ref-1, dom-2 … dom-5, txt-1, txt-2) is checked by code of the validator's
//         walk, as long as the definition's expression is the very text that the code was proven equal to
//         (invariants_wide_test.cpp); with another text the expression itself is evaluated. See docs/decisions/0022.
// Source: FHIR R4 conformance-rules.html#constraints, fhirpath.html (%resource, %rootResource).
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/path/path.h"

namespace tk::fhir {

enum class Native : uint8_t { kNone, kEle1, kExt1, kRef1, kDom2, kDom3, kDom4, kDom5, kTxt1, kTxt2 };
inline constexpr size_t kNatives = 10;
inline constexpr uint16_t NativeBit(Native native) {
  return static_cast<uint16_t>(1U << static_cast<unsigned>(native));
}

/// Immutable but for expressions compiled at first use. Thread-safe.
class Invariants {
 public:
  explicit Invariants(const Definitions& definitions);
  Invariants(const Invariants&) = delete;
  Invariants& operator=(const Invariants&) = delete;

  /// What nodes of one type have to keep, inherited ones first.
  struct Plan {
    uint16_t natives = 0;  // bits
    bool has_warnings = false;
    std::vector<const Constraint*> checks;  // to be evaluated
  };
  const Plan& Of(TypeId type) const { return plans_[type]; }
  Native NativeOf(const Constraint& constraint) const { return native_of_[constraint.index]; }
  /// nullptr: the definitions do not have it, or with another expression.
  const Constraint* Find(Native native) const { return natives_[static_cast<size_t>(native)]; }

  enum class Answer : uint8_t { kHolds, kBroken, kFailed, kTooLarge, kNotCompiled };
  /// Does `constraint` (one of these definitions) hold at `item`? Empty is not true. kFailed: the evaluation ended with an error. kTooLarge: by the limit of work.
  /// Cost: 0.1 to 1 µs for most; the first call compiles.
  Answer Test(const Constraint& constraint, const path::Environment& environment,
              const path::Item& item) const;
  /// Why an expression does not compile; "" if it does.
  std::string CompileProblem(const Constraint& constraint) const;

 private:
  struct Slot {
    std::once_flag once;
    std::unique_ptr<const path::Expression> expression;
    std::string problem;
  };
  const Slot& Compiled(const Constraint& constraint) const;

  const Definitions& definitions_;
  std::vector<Plan> plans_;        // by type
  std::vector<Native> native_of_;  // by constraint
  std::array<const Constraint*, kNatives> natives_{};
  std::unique_ptr<Slot[]> slots_;  // by constraint
};

/// Is there a number in `element`, or one or two levels below it, that FHIRPath cannot count with (more than 38 digits)? An invariant of the
/// element may be about it and is not to be decided then.
bool HasNumberBeyond(Value element, int levels = 2);

/// What is told where the limit of work ends the evaluation of an invariant: nothing is known of the invariant then.
Issue TooLargeFor(Severity severity, std::string path, std::string_view key, std::string_view human);

/// "obs-6: what it says", as an issue's text.
std::string InvariantText(std::string_view key, std::string_view human);

}  // namespace tk::fhir
