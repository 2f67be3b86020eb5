// The definitions of types, search parameters, compartments and required code sets, as one flat table.
// Flow:   npm hl7.fhir.r4.examples (it carries the definitions) → tools/definitions, the same compiler at build time → blob
//         linked into the program → R4(); platform types: StructureDefinition JSON → Extend at start → the same table
// Source: HL7 FHIR R4 4.0.1 (profiles-types, profiles-resources, search-parameters, valuesets, compartment definitions).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

/// Index of a type (resource, complex, primitive, or a backbone element such as "Patient.contact") in the table.
using TypeId = uint16_t;
inline constexpr TypeId kNoType = 0xffff;
/// Index of an element in the table.
using ElementId = uint32_t;
inline constexpr ElementId kNoElement = 0xffffffff;
using CodeSetId = uint16_t;
inline constexpr CodeSetId kNoCodeSet = 0xffff;

enum class TypeClass : uint8_t { kPrimitive, kComplex, kBackbone, kResource };

/// How a primitive is written in JSON.
enum class JsonForm : uint8_t { kNone, kString, kNumber, kBoolean };

/// The primitives whose form is checked by hand-written code; kOther: by the pattern of its definition.
enum class Primitive : uint8_t {
  kNone,
  kBoolean,
  kInteger,
  kUnsignedInt,
  kPositiveInt,
  kDecimal,
  kString,
  kMarkdown,
  kCode,
  kId,
  kUri,
  kUrl,
  kCanonical,
  kOid,
  kUuid,
  kDate,
  kDateTime,
  kInstant,
  kTime,
  kBase64Binary,
  kXhtml,
  kOther
};

struct TypeInfo {
  std::string_view
      name;  // "Patient", "HumanName", "Patient.contact", "dateTime", "http://hl7.org/fhirpath/System.String"
  TypeClass type_class;
  JsonForm json_form;  // primitives only
  bool is_abstract;
  TypeId base;              // kNoType for Element, Resource
  std::string_view regex;   // primitives: pattern of the official definition, may be empty
  ElementId first_element;  // own and inherited elements lie together
  uint32_t element_count;
  std::string_view url;  // canonical of the StructureDefinition ("" for backbones)
  Primitive primitive;   // kNone for everything else
};

/// An invariant of a type or of an element: a FHIRPath expression that must be true.
struct Constraint {
  std::string_view key;         // "obs-6"
  std::string_view human;       // what it says, in the words of the definition
  std::string_view expression;  // evaluated on the node
  TypeId context;               // what it is compiled against; kNoType: a choice of several types
  bool is_error;                // else a warning
  uint32_t index;               // within AllConstraints()
};

/// One JSON member that a type may have. A choice `value[x]` appears once per permitted type (valueQuantity, valueString …),
/// all with the same `choice` group.
struct ElementInfo {
  std::string_view name;       // JSON member name, e.g. "valueQuantity"
  std::string_view base_name;  // name in paths: "value" for value[x], else the same as `name`
  NameId name_id;
  NameId base_name_id;
  TypeId type;  // type of the value
  uint16_t min;
  uint16_t max;     // 0xffff = *
  uint16_t choice;  // 0 = no choice; otherwise equal for the members of one choice within the type
  CodeSetId
      required_codes;  // for code, Coding, CodeableConcept bound with strength required and a finite set or a grammar; else kNoCodeSet
  std::span<const TypeId> reference_targets;  // Reference and canonical; empty = any
  bool is_summary;
  bool is_modifier;
  std::span<const Constraint> constraints;  // beyond those of its type
};

enum class SearchType : uint8_t {
  kNumber,
  kDate,
  kString,
  kToken,
  kReference,
  kComposite,
  kQuantity,
  kUri,
  kSpecial
};

struct SearchParameter {
  std::string_view code;  // "birthdate"
  std::string_view url;   // canonical
  SearchType type;
  TypeId
      resource;  // one entry per (base type, code); parameters of Resource/DomainResource are repeated for every type
  std::string_view
      expression;  // the part of the official expression that concerns `resource` (unions split by leading type name)
  std::span<const TypeId> targets;  // reference parameters
  struct Component {
    std::string_view definition_url;
    std::string_view expression;
  };
  std::span<const Component> components;  // composite parameters
};

class Canonicals;
class Invariants;

/// Immutable once built; shared by shared_ptr<const Definitions>. All views point into memory it owns.
class Definitions {
 public:
  /// The official R4 definitions linked into the program. Cost: a few ms at first call, then nothing.
  static std::shared_ptr<const Definitions> R4();
  /// `base` plus the given StructureDefinition, SearchParameter, ValueSet, CodeSystem and (Patient) CompartmentDefinition
  /// resources (JSON texts). A StructureDefinition (derivation specialization) needs only a differential; without a
  /// CompartmentDefinition its reference parameters "patient" and "subject" put it into the Patient's compartment.
  /// The types are codes of every code system and value set that has all types of FHIR.
  /// Errors: kInvalid with the resource's url and element path. Cost: tens of ms.
  static Result<std::shared_ptr<const Definitions>> Extend(std::shared_ptr<const Definitions> base,
                                                           const std::vector<std::string>& resources);
  virtual ~Definitions() = default;

  virtual TypeId FindType(std::string_view name) const = 0;  // kNoType if unknown
  /// The type that a StructureDefinition of this canonical defines, whatever |version it names; kNoType if unknown.
  virtual TypeId FindTypeByUrl(std::string_view canonical) const = 0;
  virtual const TypeInfo& Type(TypeId id) const = 0;
  virtual size_t type_count() const = 0;
  virtual std::span<const ElementInfo> Elements(TypeId id) const = 0;
  /// The element of `type` whose JSON member is `name`; nullptr if none. A few ns.
  virtual const ElementInfo* FindElement(TypeId type, NameId name) const = 0;
  /// Places within Elements(type) of what must be there; of a required choice, its first member.
  virtual std::span<const uint16_t> RequiredElements(TypeId type) const = 0;
  /// The invariants that `type` itself adds; those of its base types hold as well.
  virtual std::span<const Constraint> Constraints(TypeId type) const = 0;
  virtual std::span<const Constraint> AllConstraints() const = 0;
  virtual bool IsA(TypeId type, TypeId base) const = 0;
  bool IsResource(TypeId id) const { return id != kNoType && Type(id).type_class == TypeClass::kResource; }
  /// Concrete resource types, in alphabetical order.
  virtual std::span<const TypeId> ResourceTypes() const = 0;

  virtual std::span<const SearchParameter> SearchParameters(TypeId resource) const = 0;
  virtual const SearchParameter* FindSearchParameter(TypeId resource, std::string_view code) const = 0;
  /// Codes of search parameters through which `resource` is in a Patient's compartment, e.g. Observation: subject, performer.
  virtual std::span<const std::string_view> PatientCompartment(TypeId resource) const = 0;

  /// Is `code` (with `system`, when the element has one) in the set?
  virtual bool HasCode(CodeSetId set, std::string_view system, std::string_view code) const = 0;
  /// A compiled value set or code system by its url; kNoCodeSet if it is unknown or cannot be listed. Cost: a search over all.
  virtual CodeSetId FindCodeSet(std::string_view url) const = 0;
  /// Empty for a set that is a grammar (code_grammar.h), as Codes.
  virtual std::vector<std::pair<std::string_view, std::string_view>> SystemCodes(CodeSetId set) const = 0;
  virtual std::string_view CodeSetUrl(CodeSetId set) const = 0;
  /// The codes of a set in alphabetical order, for messages and forms. Cost: sorts.
  virtual std::vector<std::string_view> Codes(CodeSetId set) const = 0;
  /// The StructureDefinitions, ValueSets and CodeSystems that Extend was given; none of R4's own.
  virtual const Canonicals& given() const = 0;
  /// Digest of everything; part of a saved view's manifest.
  virtual uint64_t hash() const = 0;

  /// The invariants, ready to be tested; made at the first call.
  const Invariants& invariants() const;

 private:
  mutable std::once_flag invariants_once_;
  mutable std::shared_ptr<const Invariants> invariants_;
};

}  // namespace tk::fhir
