// Runs a program over items. Internal to FHIRPath.
// Flow:   Program + Environment + context → Eval (a walk over the operations) → Collection
// Limits: work is counted in items visited and compared; beyond Environment::work_max the evaluation ends with kTooLarge.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kernel/fhir/path/navigate.h"
#include "kernel/fhir/path/program.h"
#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {

inline constexpr size_t kTextBytesMax = 2u << 20;  // of one computed string

/// What $this, $index and $total mean while a lambda runs.
struct Frame {
  const Item* self = nullptr;
  const Collection* selves = nullptr;  // iif on a collection: $this is all of it; otherwise nullptr
  int64_t index = -1;
  const Collection* total = nullptr;
};

class Evaluator {
 public:
  Evaluator(const Expression::Program& program, const Environment& environment, const Item& context)
      : program_(program),
        types_(*program.types),
        environment_(environment),
        context_(context),
        resource_(environment.resource ? environment.resource : context.node) {}

  Status Run(Collection* out) {
    Frame frame;
    frame.self = &context_;
    return Eval(program_.root, frame, out);
  }

 private:
  /// A call whose input and value arguments are known.
  struct Call {
    const Op& op;
    const Collection& input;
    const std::vector<Collection>& arguments;
    Collection* out;
  };

  Status Eval(uint32_t index, const Frame& frame, Collection* out);
  Status EvalPath(const Op& op, const Frame& frame, Collection* out);
  Status EvalVariable(const Op& op, Collection* out);
  Status EvalIndexer(const Op& op, const Frame& frame, Collection* out);
  Status EvalType(const Op& op, const Frame& frame, Collection* out);
  Status EvalSign(const Op& op, const Frame& frame, Collection* out);
  Status EvalBinary(const Op& op, const Frame& frame, Collection* out);
  Status EvalLogic(const Op& op, const Frame& frame, Collection* out);
  Status EvalCall(const Op& op, const Frame& frame, Collection* out);
  Status Input(const Op& op, const Frame& frame, Collection* out);

  // lambdas.cpp
  Status EvalLambda(const Op& op, const Frame& frame, const Collection& input, Collection* out);
  Status Where(const Op& op, const Collection& input, bool stop_at_first, Collection* out);
  Status All(const Op& op, const Collection& input, Collection* out);
  Status Select(const Op& op, const Collection& input, Collection* out);
  Status Repeat(const Op& op, const Collection& input, Collection* out);
  Status Aggregate(const Op& op, const Frame& frame, const Collection& input, Collection* out);
  Status Iif(const Op& op, const Frame& frame, const Collection& input, Collection* out);
  Status Trace(const Op& op, const Frame& frame, const Collection& input, Collection* out);

  // operators.cpp
  Status Arithmetic(const Op& op, const Collection& left, const Collection& right, Collection* out);
  Status ArithmeticOfNumbers(const Op& op, const Scalar& a, const Scalar& b, Collection* out);
  Status ArithmeticOfQuantities(const Op& op, const Scalar& a, const Scalar& b, Collection* out);
  Status Comparison(const Op& op, const Collection& left, const Collection& right, Collection* out);
  Status Membership(const Op& op, const Collection& left, const Collection& right, Collection* out);
  Status Concatenate(const Op& op, const Collection& left, const Collection& right, Collection* out);

  // collections.cpp
  Status CallCollection(const Call& call, bool* known);
  Status CallBooleans(const Call& call);
  Status CallPart(const Call& call);
  Status CallSubset(const Call& call);
  Status Distinct(const Op& op, const Collection& input, Collection* out);
  Result<bool> ContainsItem(const Op& op, const Collection& items, const Item& item);
  Status AppendUnion(const Op& op, const Collection& left, const Collection& right, Collection* out);
  Status Descendants(const Op& op, const Collection& input, Collection* out);
  Status Resolve(const Collection& input, Collection* out);
  Status Extension(const Call& call);

  // conversions.cpp
  Status CallConversion(const Call& call, bool* known);
  // strings.cpp
  Status CallString(const Call& call, bool* known);
  Status CallMatch(const Call& call, const std::string& text);
  Status CallCoding(const Call& call, const std::string& text);
  Status CallTwoTexts(const Call& call, const std::string& text, const std::string& other);
  Status Substring(const Call& call, const std::string& text);
  // numbers.cpp
  Status CallNumber(const Call& call, bool* known);
  Status CallReal(const Call& call, const Scalar& value);
  Status Power(const Call& call, const Scalar& value);
  Status CallBoundary(const Call& call, const Scalar& value);
  Status CallTime(const Call& call, bool* known);

  // ---- shared ----
  Error Fail(const Op& op, std::string_view message, ErrorCode code = ErrorCode::kInvalid) const {
    return SyntaxError(program_.text, op.at, message, code);
  }
  Status Charge(const Op& op, uint64_t work) {
    work_ += work;
    if (work_ > environment_.work_max)
      return Fail(op, "the evaluation takes too much work", ErrorCode::kTooLarge);
    return {};
  }
  /// The only item, nullptr if there is none. Errors: kInvalid for several.
  Result<const Item*> One(const Op& op, const Collection& items) const;
  /// The value of the only item; kind kNone if there is none or it is complex.
  Result<Scalar> OneScalar(const Op& op, const Collection& items) const;
  /// A string argument or input; nullopt if empty. Errors: kInvalid if it is something else.
  Result<std::optional<std::string>> OneText(const Op& op, const Collection& items) const;
  Result<std::optional<int64_t>> OneInteger(const Op& op, const Collection& items) const;
  /// As a condition: empty = unknown; a single item that is no boolean counts as true (singleton evaluation).
  Result<std::optional<bool>> Truth(const Op& op, const Collection& items) const;
  void AppendInteger(int64_t value, bool is_long, Collection* out) const;
  Temporal Now(TemporalKind kind) const;

  const Expression::Program& program_;
  const TypeTable& types_;
  const Environment& environment_;
  const Item& context_;
  Value resource_;
  uint64_t work_ = 0;
};

}  // namespace tk::fhir::path
