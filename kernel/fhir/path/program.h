// What an expression is compiled to, and what is known of types while it runs. Internal to FHIRPath.
// Flow:   SyntaxTree → Compiler (names, types, arities resolved) → Program: flat operations, steps, literals → Evaluator
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/fhir/path/functions.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/path/pattern.h"
#include "kernel/fhir/path/syntax.h"

namespace tk::fhir::path {

/// What a value is when FHIRPath calculates with it.
enum class SystemKind : uint8_t {
  kNone,
  kBoolean,
  kInteger,
  kLong,
  kDecimal,
  kString,
  kDate,
  kDateTime,
  kTime,
  kQuantity
};
TypeId SystemTypeOf(SystemKind kind);
SystemKind SystemKindNamed(std::string_view name);  // kNone if there is none
/// FHIR's primitive of that name, which is converted to the language's own type wherever it is used: `x as String` takes it too, `is` tells the
/// two apart. kNoType if there is none.
TypeId PrimitiveLike(const Definitions& definitions, SystemKind kind);
/// "Boolean", "Integer" …
std::string_view SystemTypeName(SystemKind kind);
SystemKind SystemKindOf(TypeId system_type);  // kNone if it is no System type of path.h

/// Facts about the types of one Definitions, derived once and shared by all expressions compiled against it.
class TypeTable {
 public:
  explicit TypeTable(const Definitions& definitions);
  /// The table for these definitions; kept for as long as an expression uses it. Thread-safe.
  static std::shared_ptr<const TypeTable> For(const Definitions& definitions);

  const Definitions& definitions() const { return *definitions_; }
  SystemKind KindOf(TypeId type) const { return type < kinds_.size() ? kinds_[type] : SystemKindOf(type); }
  bool IsAbstractResource(TypeId type) const {
    return type < abstract_resource_.size() && abstract_resource_[type] != 0;
  }
  bool IsPrimitive(TypeId type) const { return type < primitive_.size() && primitive_[type] != 0; }
  /// A resource type that resources can be of.
  bool IsConcreteResource(TypeId type) const {
    return type < abstract_resource_.size() && definitions_->IsResource(type) &&
           abstract_resource_[type] == 0;
  }
  /// Type of a resource node from its resourceType; `fallback` if there is none or it is unknown.
  TypeId ResourceType(Value node, TypeId fallback) const;
  NameId name_resource_type, name_reference, name_type, name_value, name_unit, name_system, name_code,
      name_url, name_extension, name_id, name_contained, name_comparator, name_modifier_extension;
  TypeId quantity_type, extension_type, reference_type;
  /// A value set that some element must be of; kNoCodeSet if it is not enumerated here.
  CodeSetId CodeSetNamed(std::string_view url) const;

 private:
  const Definitions* definitions_;
  std::vector<SystemKind> kinds_;
  std::vector<uint8_t> abstract_resource_, primitive_;
  std::vector<CodeSetId> code_sets_;  // sorted by url
};

/// A type named in an expression: `Quantity`, `FHIR.Patient`, `System.String`. Either side may be absent.
struct TypeTest {
  TypeId fhir = kNoType;
  SystemKind system = SystemKind::kNone;
};

/// How a member name is found in nodes of one type.
struct Resolved {
  TypeId owner = kNoType;
  bool found = false;
  bool primitive = false;
  uint16_t choice = 0;    // not 0: any member of this choice
  TypeId type = kNoType;  // of a plain member
  // Members of the choice as far as the compiler has looked them up: a run of Step::choices.
  uint16_t choice_first = 0;
  uint16_t choice_mask = 0;  // size of the run less one; 0 = not looked up
};

/// One member that a choice may have, or the "_" sibling of one; an entry of a table by name (open addressing).
struct ChoiceMember {
  NameId name = kNoName;   // kNoName: the entry is free
  NameId other = kNoName;  // the sibling; of a sibling the member
  TypeId type = kNoType;
  bool primitive = false;
  bool is_sibling = false;
};

enum class StepKind : uint8_t {
  kChild,        // members named so
  kRoot,         // the context itself if it is of `test.fhir`, else members named so
  kOfType,       // keep items of exactly this type (primitives) or of this type and its subtypes
  kReferenceTo,  // keep references whose target is of `test.fhir`: where(resolve() is T)
  kWhereEquals   // keep items whose one member `name` equals the string `literal`: where(name = 'literal')
};

struct Step {
  StepKind kind = StepKind::kChild;
  NameId name = kNoName;
  NameId sibling = kNoName;  // "_name"
  std::string text;          // the name, also when the table of names does not know it
  std::string sibling_text;
  std::string literal;
  TypeTest test;
  std::vector<Resolved> resolved;  // for the types that are possible here as far as is known
  std::vector<ChoiceMember> choices;
};

enum class Code : uint8_t {
  kEmpty,
  kLiteral,
  kPath,
  kIndex,
  kTotal,
  kVariable,
  kDefined,  // a variable of defineVariable(); first = its slot
  kFactory,  // %factory.name(…): input = name, right = type, arguments as of a call
  kCall,
  kIndexer,
  kNegate,
  kPlus,
  kBinary,
  kIs,
  kAs
};

struct Op {
  Code code = Code::kEmpty;
  Function function = Function::kNone;
  Operator op = Operator::kMultiply;
  bool has_input = false;
  bool boolean = false;  // gives one boolean or nothing, whatever the data: evaluated as a Ternary
  bool by_type =
      false;  // resolve(): what cannot be had stands there with its type, as `is` asks for nothing else
  bool sure =
      false;  // where, exists: the criterion cannot fail, so that what comes after a hit need not be looked at
  uint16_t count = 0;  // kPath: steps; kCall: arguments; kLiteral: items
  uint32_t kept = 0;   // not 0: gives the same for every item, and is kept there when it was evaluated once
  uint32_t at = 0;     // position in the text, for messages
  uint32_t input = 0;  // operation whose result is the input (if has_input); left operand
  uint32_t right =
      0;  // right operand, index; matches and the like: 1 + index of the literal pattern, 0 if it is no literal
  uint32_t first = 0;  // kPath: first step; kCall: first of `arguments`; kLiteral, kVariable, kIs, kAs: index
};

/// Texts that must stand in a resource, each as a whole string, for a criterion to be true of it: of every group one.
struct TextsNeeded {
  static constexpr uint32_t kGroupsMax = 16;
  static uint64_t SizeBit(size_t size) { return uint64_t{1} << (size < 63 ? size : 63); }
  /// False: of some group none does. Cost: one look at each node.
  bool MayStandIn(const Document& document) const;

  std::vector<std::pair<std::string, uint32_t>> texts;  // with the number of its group
  uint32_t groups = 0;
  uint64_t sizes = 0;  // a bit for each size that one of them has
  size_t longest = 0;
};

struct Expression::Program {
  std::string text;
  std::shared_ptr<const TypeTable> types;
  std::vector<Op> ops;
  std::vector<Step> steps;
  std::vector<uint32_t> arguments;  // operations, or for a type argument an index into `tests`
  std::vector<Item> literals;
  std::vector<std::string> names;  // of variables
  std::vector<TypeTest> tests;
  std::vector<std::unique_ptr<const Pattern>> patterns;
  uint32_t root = 0;
  uint32_t slots = 0;  // of defineVariable()
  uint32_t kept = 0;   // operations whose result is kept
  /// Members of the context without which the result is empty for certain; used by ExpressionSet. Empty = not known.
  std::vector<NameId> needs_any;
  TextsNeeded texts_needed;
  std::optional<std::vector<TypeId>> types_given;  // as Expression::types
};

/// The text of an expression is needed for messages. Errors: kIncorrect.
Result<Item> LiteralItem(std::string_view text, const SyntaxNode& node);
/// A System.Quantity has a value and a unit; the type of the member, kNoType if there is none.
TypeId QuantityPart(TypeId type, std::string_view member);

/// Errors as Expression::Compile.
Result<std::unique_ptr<const Expression::Program>> CompileProgram(std::string_view text,
                                                                  const Definitions& definitions,
                                                                  TypeId context, const Options& options);

/// Marks what criteria ask of every item although it does not depend on the item (Op::kept).
void MarkKept(Expression::Program* program);

/// Fills texts_needed.
void FindTextsNeeded(Expression::Program* program);

/// Adds names of members of the context without any of which the operation gives nothing. False if that cannot be said.
bool Needs(const Expression::Program& program, uint32_t op, std::vector<NameId>* names);

}  // namespace tk::fhir::path
