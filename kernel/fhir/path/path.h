// FHIRPath: compiled once, evaluated over resource values. Search extraction, rules, and later invariants, forms, indicators.
// Source: HL7 FHIRPath N1 (2.0.0) normative release; FHIR R4 fhirpath.html for resolve(), extension(), as/is on FHIR types.
// Exact: decimals are calculated by digits, never in binary floating point (roots, logarithms and powers of fractions excepted).
// Units:  quantities compare, add, convert and multiply by UCUM (kernel/ucum), exactly: 98.6 '[degF]' = 37 'Cel'. A sum has the finer
//         of its two units, an equivalence (~) is judged in the coarser. Weeks, days … milliseconds are those of UCUM; calendar
//         years and months convert into calendar durations only (12 months or 365 days, 30 days), and the 'a' and 'mo' of a FHIR
//         Quantity are read as calendar years and months beside such. Units that do not convert, or that UCUM does not know, give the empty collection, and
//         comparable() false. The unit of a FHIR Quantity is its code, or without a code its unit text; a code of another
//         system than UCUM's stands as "system|code" and compares with itself only.
// Types:  an expression compiled for a known context type is checked: a member that the type does not have is an error.
//         `ofType(T)` keeps the items of T; for primitive types exactly T, for others also its subtypes. `x as T` and `x.as(T)` do the
//         same for one item and are errors for several, except where Options says otherwise.
// Beyond N1, from 3.0.0-ballot: sort, coalesce, repeatAll, defineVariable, parts of dates, duration, difference; from FHIR R5 the type
//         factory (%factory.HumanName(…)); sum, min, max, avg.
// Patterns: RE2's, in linear time; what looks around or refers back by PCRE2 with a limit of steps (pattern.h).
// Not offered (kUnsupported): elementDefinition, slice; instance selectors.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/fhir/definitions.h"

namespace tk::fhir::path {

/// Types of computed values (System.Boolean …), above all that Definitions can hold.
inline constexpr TypeId kSystemBoolean = 0xfff0, kSystemInteger = 0xfff1, kSystemLong = 0xfff2,
                        kSystemDecimal = 0xfff3, kSystemString = 0xfff4, kSystemDate = 0xfff5,
                        kSystemDateTime = 0xfff6, kSystemTime = 0xfff7, kSystemQuantity = 0xfff8;

/// One item of a collection: a node of a document with its FHIR type, or a computed System value.
/// A primitive node carries also its extension sibling (`_birthDate`), if there is one.
struct Item {
  Value node;             // absent for computed values
  Value extension_node;   // the `_name` sibling of a primitive, else absent
  TypeId type = kNoType;  // FHIR type of the node; for computed values one of kSystem…
  struct Quantity {
    std::string number;
    std::string unit;
    bool operator==(const Quantity&) const = default;
  };
  /// Computed values: boolean, integer, string-like (string, date, dateTime, time, decimal digits: told apart by `type`), quantity.
  /// Without a node and without a computed value: a resource that is referred to, of which only `type` is known (resolve()).
  /// With a node: the document that holds it, if the expression made it (type(), %factory) and nobody else keeps it.
  std::variant<std::monostate, bool, int64_t, std::string, Quantity, std::shared_ptr<const Document>>
      computed;
};
using Collection = std::vector<Item>;

/// Finds what a reference points to, for resolve(). The documents it answers from must outlive the result.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// The resource with the literal reference ("Patient/1", an absolute URL, a canonical); absent if it is not to be had. `from`: where that
  /// stands, which a relative one goes by; absent: it was computed.
  virtual Value Resolve(std::string_view reference, Value from) const = 0;
};

/// Variables that are made when they are asked for. What they answer must outlive the evaluation.
class Variables {
 public:
  virtual ~Variables() = default;
  /// nullptr: there is no such variable.
  virtual const Collection* Find(std::string_view name) const = 0;
};

/// Profiles, value sets and code systems that the definitions do not hold, for conformsTo(), memberOf(), subsumes(), subsumedBy() and slice().
class Conformance {
 public:
  virtual ~Conformance() = default;
  /// nullopt: the profile is not known here; then the definitions are asked, and if they do not know it either, it is an error.
  virtual std::optional<bool> ConformsTo(const Item& item, std::string_view profile) const = 0;
  /// nullopt: the value set is not known here; then the definitions are asked, and if they do not know it either, it is an error.
  virtual std::optional<bool> MemberOf(const Item& item, std::string_view value_set) const = 0;
  /// Is `code` the same as `other` or above it in their code system? nullopt: the code system is not known here in full, or has not both codes: an error.
  virtual std::optional<bool> Subsumes(std::string_view system, std::string_view code,
                                       std::string_view other) const {
    static_cast<void>(system), static_cast<void>(code), static_cast<void>(other);
    return std::nullopt;
  }
  /// Is the item in the slice of that profile? `slice`: its sliceName, or the id of its ElementDefinition. nullopt: it cannot be decided, because
  /// what a reference leads to is not here. Errors: kInvalid: the profile is not known here or broken, or has no such slice, or several.
  virtual Result<std::optional<bool>> InSlice(const Item& item, std::string_view profile,
                                              std::string_view slice) const {
    static_cast<void>(item), static_cast<void>(profile), static_cast<void>(slice);
    return MakeError(ErrorCode::kInvalid, "no profiles are known here");
  }
};

/// Hears what trace(name, …) is given.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void Trace(std::string_view name, const Collection& items) = 0;
};

/// What an expression may ask of the world. All optional; absent answers give the empty collection, except where Conformance says otherwise.
/// Only a %name that is neither given here nor known to the language is an error.
struct Environment {
  const Definitions* definitions = nullptr;  // those of Compile, or nullptr
  Value resource;                            // %resource, the root; if absent, the context
  int64_t now_us = 0;                        // now(), today(): time comes in, it is never read
  int offset_min = 0;                        // the zone of now() and today(), minutes east of UTC
  const Resolver* resolver =
      nullptr;  // without it resolve() finds contained resources, and of others the type only
  const Conformance* conformance =
      nullptr;                    // without it types and the value sets of the definitions are known
  uint64_t work_max = 4'000'000;  // items visited and compared in one evaluation; beyond it kTooLarge
  int64_t deadline_us = 0;   // MonotonicUs(): beyond it kTimeout. Given only where no lock is held: a long
                             // evaluation lets others go first (kernel/base/turn.h)
  Tracer* tracer = nullptr;  // trace(name, …) reports here; nothing is traced otherwise
  std::vector<std::pair<std::string, Collection>> variables;  // %name
  const Variables* more_variables = nullptr;                  // asked after `variables`
};

/// Has %name a meaning in the language itself (%resource, %ucum, %vs-…), so that it cannot be given?
bool IsOwnVariable(std::string_view name);

/// How strictly an expression is compiled.
struct Options {
  /// `x as T` and `x.as(T)` keep the items of T where x has several, as the official search parameters mean it. Otherwise that is an error.
  bool as_filters = false;
  /// Refuses what depends on an order that nobody promises: children().first(), descendants()[0] and the like.
  bool check_order = false;
};
inline constexpr Options kForSearchParameters{.as_filters = true};

/// A compiled expression; immutable, thread-safe. The definitions must outlive it.
class Expression {
 public:
  /// Compiles against `context` (the type of `%context`; kNoType = untyped).
  /// Errors: kIncorrect with position ("column 12: ...") for syntax; kInvalid with position for unknown members, types and
  /// functions and wrong numbers of arguments; kUnsupported naming a function that is not offered; kTooLarge.
  static Result<Expression> Compile(std::string_view text, const Definitions& definitions, TypeId context,
                                    const Options& options = {});
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  /// Evaluates on `context`; appends to `out`. Simple paths cost tens of ns per step and do not allocate beyond `out`.
  /// Errors: kInvalid with position where an operand has the wrong type or too many items; kTooLarge over a limit of work.
  Status Evaluate(const Environment& environment, const Item& context, Collection* out) const;
  /// As a criterion: true if the result is a single true, or one item that is no boolean (singleton evaluation); empty is false. Errors:
  /// kInvalid for several items.
  /// Cheaper than Evaluate: conditions are followed as truth values, and a question whether something exists ends at the first item.
  Result<bool> Test(const Environment& environment, const Item& context) const;
  /// False: Test is not true of any item of this document (it may be an error), since none of its strings is a text that the criterion compares with:
  /// `code.coding.where(code = '8310-5').exists()` where nothing has that code. Cost: some ns a node, a twentieth of a Test.
  bool MayBeTrue(const Document& document) const;
  std::string_view text() const;
  /// The types that its items may be of, those of computed ones kSystem…; nullopt where only the data tell.
  const std::optional<std::vector<TypeId>>& types() const;

  struct Program;

 private:
  friend class ExpressionSet;
  explicit Expression(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

/// Several expressions on one resource, as search extraction needs them. Those that cannot match, because the resource lacks the
/// members they begin with, cost nothing: one pass over the top-level members selects the rest.
class ExpressionSet {
 public:
  /// The expressions must outlive the set. All are compiled against the same definitions.
  explicit ExpressionSet(std::vector<const Expression*> expressions);
  /// Calls `found(index of the expression, items)` for every expression with a result, in order. `items` is reused.
  /// Stops at the first error of an expression or of `found`.
  Status Evaluate(const Environment& environment, const Item& context,
                  const std::function<Status(size_t, const Collection&)>& found) const;

 private:
  std::vector<const Expression*> expressions_;
  /// Which expressions can begin with a member: a table by name (open addressing), and runs of `starts_`.
  struct Start {
    NameId name = kNoName;
    uint16_t count = 0;
    uint32_t first = 0;
  };
  const Start* Find(NameId name) const;
  std::vector<Start> starts_;        // size is a power of two
  std::vector<uint32_t> beginning_;  // expressions
  std::vector<uint64_t> always_;     // a bit each
};

/// The item for a whole resource; its type is read from resourceType.
Item ResourceItem(const Definitions& definitions, Value resource);

}  // namespace tk::fhir::path
