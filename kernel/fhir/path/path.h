// FHIRPath: compiled once, evaluated over resource values. Search extraction, rules, and later invariants, forms, indicators.
// Source: HL7 FHIRPath N1 (2.0.0) normative release; FHIR R4 fhirpath.html for resolve(), extension(), as/is on FHIR types.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/fhir/definitions.h"

namespace tk::fhir::path {

/// One item of a collection: a node of a document with its FHIR type, or a computed System value.
/// A primitive node carries also its extension sibling (`_birthDate`), if there is one.
struct Item {
  Value node;                     // absent for computed values
  Value extension_node;           // the `_name` sibling of a primitive, else absent
  TypeId type = kNoType;          // FHIR type of the node; for computed values the System type
  struct Quantity { std::string number; std::string unit; };
  /// Computed values: boolean, integer, string-like (string, date, dateTime, time, decimal digits: told apart by `type`), quantity.
  std::variant<std::monostate, bool, int64_t, std::string, Quantity> computed;
};
using Collection = std::vector<Item>;

/// What an expression may ask of the world. All optional; absent answers give the empty collection.
struct Environment {
  const Definitions* definitions = nullptr;
  Value resource;                 // %resource, the root
  int64_t now_us = 0;             // now(), today(): time comes in, it is never read
  std::vector<std::pair<std::string, Collection>> variables;  // %name
};

/// A compiled expression; immutable, thread-safe.
class Expression {
 public:
  /// Compiles against `context` (the type of `%context`; kNoType = untyped).
  /// Errors: kIncorrect with position ("column 12: ...") for syntax; kUnsupported naming a function that is not offered.
  static Result<Expression> Compile(std::string_view text, const Definitions& definitions, TypeId context);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  /// Evaluates on `context`. Simple paths cost tens of ns per step and do not allocate beyond `out`.
  Status Evaluate(const Environment& environment, const Item& context, Collection* out) const;
  /// As a criterion: true if the result is a single true; empty is false. Errors: kInvalid if it is not a boolean.
  Result<bool> Test(const Environment& environment, const Item& context) const;
  std::string_view text() const;

  struct Program;

 private:
  explicit Expression(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

/// The item for a whole resource; its type is read from resourceType.
Item ResourceItem(const Definitions& definitions, Value resource);

}  // namespace tk::fhir::path
