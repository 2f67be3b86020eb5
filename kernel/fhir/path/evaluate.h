// Runs a program over items. Internal to FHIRPath.
// Flow:   Program + Environment + context → Eval (a walk over the operations) → Collection
// Limits: work is counted in items visited and compared; beyond Environment::work_max the evaluation ends with kTooLarge.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/path/navigate.h"
#include "kernel/fhir/path/program.h"
#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {

inline constexpr size_t kTextBytesMax = 2u << 20;  // of one computed string

using Items = std::span<const Item>;

/// Collections for operands, kept by the thread so that their memory serves again: an evaluation seldom allocates.
class Scratch {
 public:
  static Scratch& OfThread();
  std::unique_ptr<Collection> Take() {
    if (free_.empty()) return std::make_unique<Collection>();
    std::unique_ptr<Collection> items = std::move(free_.back());
    free_.pop_back();
    return items;
  }
  void Give(std::unique_ptr<Collection> items) {
    items->clear();
    if (free_.size() < kCollectionsKept && items->capacity() <= kItemsKept) free_.push_back(std::move(items));
  }

 private:
  static constexpr size_t kCollectionsKept = 64, kItemsKept = 64;
  std::vector<std::unique_ptr<Collection>> free_;
};

/// A collection of the thread for the time of a scope, taken when it is first needed.
class Lease {
 public:
  explicit Lease(Scratch& scratch) : scratch_(scratch) {}
  ~Lease() {
    if (items_ != nullptr) scratch_.Give(std::move(items_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Collection* get() {
    if (items_ == nullptr) items_ = scratch_.Take();
    return items_.get();
  }

 private:
  Scratch& scratch_;
  std::unique_ptr<Collection> items_;
};

/// A condition's answer: empty is neither true nor false.
enum class Ternary : uint8_t { kFalse, kTrue, kEmpty };
inline Ternary TernaryOf(bool value) { return value ? Ternary::kTrue : Ternary::kFalse; }

/// What $this, $index and $total mean while a lambda runs.
struct Frame {
  const Item* self = nullptr;
  const Items* selves = nullptr;  // iif on a collection: $this is all of it; otherwise nullptr
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
        resource_(environment.resource ? environment.resource : context.node),
        scratch_(Scratch::OfThread()),
        look_at_(LookAt(0)) {}

  Status Run(Collection* out) { return Eval(program_.root, RootFrame(), out); }
  /// As Expression::Test.
  Status Test(bool* out);

 private:
  /// A call whose input and value arguments are known.
  struct Call {
    const Op& op;
    Items input;
    std::span<const Items> arguments;
    Collection* out;
  };

  Frame RootFrame() const {
    Frame frame;
    frame.self = &context_;
    return frame;
  }
  /// The frame of item `i` in a lambda.
  static Frame FrameOf(Items input, size_t i) {
    Frame frame;
    frame.self = &input[i];
    frame.index = static_cast<int64_t>(i);
    return frame;
  }
  Status Eval(uint32_t index, const Frame& frame, Collection* out);
  Status EvalAnew(uint32_t index, const Frame& frame, Collection* out);
  /// The items of an operation that is kept: evaluated when they are first asked for.
  Status Kept(uint32_t index, const Frame& frame, Items* items);
  /// The items of an operation where they stand already (literals, $this, variables), else evaluated into `lease`.
  Status Operand(uint32_t index, const Frame& frame, Lease* lease, Items* items);
  /// The input of a call; without one $this.
  Status Input(const Op& op, const Frame& frame, Lease* lease, Items* items);
  Status EvalPath(const Op& op, const Frame& frame, Collection* out);
  /// Where the path leads from a computed value: filters of type, and the parts of a quantity. nullopt: nowhere.
  std::optional<Item> OfComputed(const Op& path, const Item& item) const;
  Status FindVariable(const Op& op, Lease* lease, Items* items);
  Status EvalIndexer(const Op& op, const Frame& frame, Collection* out);
  Status EvalAs(const Op& op, const Frame& frame, Collection* out);
  Status EvalSign(const Op& op, const Frame& frame, Collection* out);
  Status EvalBinary(const Op& op, const Frame& frame, Collection* out);
  Status EvalCall(const Op& op, const Frame& frame, Collection* out);
  Status CallFunction(const Call& call);

  // conditions.cpp: operations that give one boolean or nothing
  Status EvalBoolean(const Op& op, const Frame& frame, Ternary* out);
  /// The operation as a condition of `asking`: a single item that is no boolean counts as true (singleton evaluation).
  Status Condition(const Op& asking, uint32_t index, const Frame& frame, Ternary* out);
  Status EvalLogic(const Op& op, const Frame& frame, Ternary* out);
  Status EvalRelation(const Op& op, const Frame& frame, Ternary* out);
  Status EvalQuestion(const Op& op, const Frame& frame, Ternary* out);
  Status All(const Op& op, Items input, Ternary* out);
  /// Is there any item? Ends at the first where what comes after it cannot matter.
  Status AnyOfInput(const Op& op, const Frame& frame, bool* any);
  Status AnyWhere(const Op& op, Items input, bool* any);
  Status Comparison(const Op& op, Items left, Items right, Ternary* out);
  Status Membership(const Op& op, Items one, Items many, Ternary* out);

  // lambdas.cpp
  Status EvalLambda(const Op& op, const Frame& frame, Items input, Collection* out);
  Status Where(const Op& op, Items input, Collection* out);
  Status Select(const Op& op, Items input, Collection* out);
  Status Repeat(const Op& op, Items input, Collection* out);
  Status RepeatAll(const Op& op, Items input, Collection* out);
  Status Sort(const Op& op, Items input, Collection* out);
  Status CompareKeys(const Op& op, Items left, Items right, Order* out);
  Status Coalesce(const Op& op, const Frame& frame, Collection* out);
  Status DefineVariable(const Op& op, Items input, Collection* out);
  Status Aggregate(const Op& op, const Frame& frame, Items input, Collection* out);
  Status Iif(const Op& op, const Frame& frame, Items input, Collection* out);
  Status Trace(const Op& op, const Frame& frame, Items input, Collection* out);

  // operators.cpp
  Status Arithmetic(const Op& op, Items left, Items right, Collection* out);
  Status ArithmeticOfNumbers(const Op& op, const Scalar& a, const Scalar& b, Collection* out);
  Status ArithmeticOfQuantities(const Op& op, const Scalar& a, const Scalar& b, Collection* out);
  Status Concatenate(const Op& op, Items left, Items right, Collection* out);

  // collections.cpp
  Status CallCollection(const Call& call, bool* known);
  Status CallBooleans(const Call& call);
  Status CallPart(const Call& call);
  Status CallSubset(const Call& call);
  Status Distinct(const Op& op, Items input, Collection* out);
  Result<bool> ContainsItem(const Op& op, Items items, const Item& item);
  /// Takes from the items from `first` on those that equal an earlier one.
  Status KeepDistinct(const Op& op, size_t first, Collection* out);
  Status AppendUnion(const Op& op, Items left, Items right, Collection* out);
  Status Descendants(const Op& op, Items input, Collection* out);
  Status Resolve(const Op& op, Items input, Collection* out);
  Status Extension(const Call& call);

  // conversions.cpp
  Status CallConversion(const Call& call, bool* known);
  // strings.cpp
  Status CallString(const Call& call, bool* known);
  Status CallMatch(const Call& call, std::string_view text);
  Status CallCoding(const Call& call, const std::string& text);
  Status CallTwoTexts(const Call& call, std::string_view text, std::string_view other);
  Status Substring(const Call& call, std::string_view text);
  // numbers.cpp
  Status CallNumber(const Call& call, bool* known);
  Status CallReal(const Call& call, const Scalar& value);
  Status Power(const Call& call, const Scalar& value);
  Status CallComparable(const Call& call, const Scalar& value);
  Status CallBoundary(const Call& call, const Scalar& value);
  Result<int> Places(const Call& call) const;
  Status RoundQuantity(const Call& call, const Scalar& value);
  // components.cpp
  Status CallTime(const Call& call, bool* known);
  Status CallComponent(const Call& call);
  Status CallBetween(const Call& call);
  // sums.cpp
  Status CallSum(const Call& call);
  Status CallExtreme(const Call& call);
  // made.cpp
  Status MakeOfFactory(const Op& op, const Frame& frame, Collection* out);
  Status CallType(const Call& call);
  // conformance.cpp
  Status CallConformance(const Call& call, bool* known);
  Status Subsumption(const Call& call, const Item& above, const Item& below);
  std::optional<bool> ConformsToType(const Item& item, std::string_view url) const;
  Status CheckModifiers(const Call& call);
  Status InSlice(const Call& call);
  // element_definitions.cpp
  using Structures = std::map<std::string, std::shared_ptr<const Document>, std::less<>>;  // by type
  Status ElementDefinitions(const Call& call);
  Status DefinitionAt(const Call& call, const std::string& path, Structures* structures, Item* found);

  // ---- shared ----
  // Out of line, as is what only errors need: the way without an error stays short.
  [[gnu::cold, gnu::noinline]] Error Fail(const Op& op, std::string_view message,
                                          ErrorCode code = ErrorCode::kInvalid) const;
  [[gnu::cold, gnu::noinline]] Status Look(const Op& op);
  [[gnu::cold, gnu::noinline]] Error SeveralItems(const Op& op, size_t count) const;
  uint64_t LookAt(uint64_t work) const;
  Status Charge(const Op& op, uint64_t work) {
    work_ += work;
    if (work_ > look_at_) [[unlikely]]
      return Look(op);
    return {};
  }
  /// The only item, nullptr if there is none. Errors: kInvalid for several.
  Result<const Item*> One(const Op& op, Items items) const {
    if (items.size() > 1) return SeveralItems(op, items.size());
    return items.empty() ? nullptr : items.data();
  }
  /// The value of the only item; kind kNone if there is none or it is complex.
  Result<Scalar> OneScalar(const Op& op, Items items) const;
  /// A string argument or input; nullopt if empty. Errors: kInvalid if it is something else.
  Result<std::optional<std::string>> OneText(const Op& op, Items items) const;
  /// The same in place, or decoded into `scratch`.
  Result<std::optional<std::string_view>> OneText(const Op& op, Items items, std::string* scratch) const;
  Result<std::optional<int64_t>> OneInteger(const Op& op, Items items) const;
  void AppendInteger(int64_t value, bool is_long, Collection* out) const;
  Temporal Now(TemporalKind kind) const;

  const Expression::Program& program_;
  const TypeTable& types_;
  const Environment& environment_;
  const Item& context_;
  Value resource_;
  Scratch& scratch_;
  uint64_t work_ = 0;
  uint64_t look_at_;                             // at this much work the clock and the limit are looked at
  std::vector<Collection> defined_;              // by slot, from the first defineVariable() on
  std::vector<std::optional<Collection>> kept_;  // by Op::kept, from the first one on
};

}  // namespace tk::fhir::path
