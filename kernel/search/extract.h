// What a resource says under each of its search parameters: tokens, references, dates, strings, numbers, quantities, uris.
// Flow:   Extractor::Create compiles the expressions of all types once → Extract walks one resource → a ValueSink hears each value
// A parameter whose expression is another's (phonetic = name), a union of others (combo-code = code | component-code) or another's with a
//   type test (patient = subject.where(resolve() is Patient)) is derived: it has no values of its own, a question to it is put to its sources.
// Source: FHIR R4 search.html sections 3.1.1.4.5 - 3.1.1.4.15 (which datatype parts a parameter type searches).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/path/path.h"
#include "kernel/search/saved_parameters.h"

namespace tk::search {

/// Number of a parameter: parameters of all resource types in the order of the definitions. Stable under one definitions hash.
using ParameterId = uint32_t;
inline constexpr ParameterId kNoParameter = 0xffffffff;
/// Parameters of one type that have a bit of their own in its presence word; later ones cannot be asked with :missing.
inline constexpr size_t kPresenceBits = 128;

/// The element that a plain path (Patient.gender, Patient.contact.gender) leads to; nullptr: it is another expression.
const fhir::ElementInfo* ElementOf(const fhir::Definitions& definitions, fhir::TypeId type,
                                   std::string_view expression);

/// Times that an open period runs to.
inline constexpr int64_t kTimeMin = INT64_MIN, kTimeMax = INT64_MAX;

/// A number or a quantity.
struct NumberValue {
  double low = 0, high = 0;  // equal unless it is a range; infinite where that is open
  bool is_range = false;
  std::string_view system = {}, code = {};  // "" for plain numbers; without a code its unit, of no system
  std::string_view unit = {};               // as people write it, where it is not written as the code
  /// In the canonical unit of UCUM, when it is of one that converts; else "".
  std::string_view canonical_unit = {};
  double canonical_low = 0, canonical_high = 0;
};

class ValueSink {
 public:
  virtual ~ValueSink() = default;
  /// `system` null: the datatype has none (code, boolean, string); "" : it has one and it is empty. Neither system nor code: a concept of a text alone.
  virtual void Token(ParameterId parameter, const std::string_view* system, std::string_view code) = 0;
  /// A token that is a string, or of a ContactPoint: compared without case. Source: FHIR R4 search.html 3.1.1.4.10 (strings; what is in doubt).
  virtual void Words(ParameterId parameter, std::string_view text) { Token(parameter, nullptr, text); }
  /// "Patient/1", an absolute URL, a canonical with or without version, a urn.
  virtual void Reference(ParameterId parameter, std::string_view target) = 0;
  /// A canonical as it is written, with its version if it has one, without a fragment: what it names has this url. Reference is heard too.
  virtual void Canonical(ParameterId, std::string_view /*url_and_version*/) {}
  /// Half-open [low, high).
  virtual void Date(ParameterId parameter, int64_t low_us, int64_t high_us) = 0;
  virtual void String(ParameterId parameter, std::string_view text) = 0;
  virtual void Number(ParameterId parameter, const NumberValue& value) = 0;
  /// A canonical is said with its version and without.
  virtual void Uri(ParameterId parameter, std::string_view text) = 0;
  /// A reference by identifier; either part may be "". `type`: the name of the type that it is said to be of, "" if it is not said.
  virtual void ReferenceIdentifier(ParameterId, std::string_view /*type*/, std::string_view /*system*/,
                                   std::string_view /*value*/) {}
  /// A reference "#id" to a contained resource, or with "" to the one that contains.
  virtual void Contained(ParameterId, std::string_view /*id*/) {}
  /// A resource that stands there whole, of a type that the parameter may refer to (nested.h).
  virtual void Resource(ParameterId, fhir::TypeId, fhir::Value) {}
  /// WGS 84, degrees.
  virtual void Place(ParameterId, double /*latitude*/, double /*longitude*/) {}
  /// The expression could not be evaluated on this resource, which has no value there: kTooLarge over a bound, else what is wrong.
  virtual void Fault(ParameterId, const Error& /*why*/) {}
};

/// What evaluating a stored parameter on one resource may come to: it is somebody's own expression, and every write waits for it. Large resources
/// may take more: a list of all its members is long and no mischief.
struct Bounds {
  uint64_t work = 0;  // as path.h counts it: some ten ns each
  size_t values = 0, bytes = 0;
  static Bounds Of(size_t resource_bytes) {
    return {10'000 + resource_bytes / 2, 1'000 + resource_bytes / 32, 65'536 + 2 * resource_bytes};
  }
};

class Extractor {
 public:
  /// That of the same definitions is made once and kept: every generation of an index shares it. What `definitions` have and `base` has not are
  /// stored parameters, which are bounded; without a base there are none.
  static std::shared_ptr<const Extractor> Create(std::shared_ptr<const fhir::Definitions> definitions,
                                                 int timezone_offset_min,
                                                 std::shared_ptr<const fhir::Definitions> base = nullptr);
  /// As one was made with the parameters of `saved`, whatever `definitions` say now. Types that these do not have under the same number give
  /// nothing (Knows).
  static std::unique_ptr<const Extractor> CreateOld(std::shared_ptr<const fhir::Definitions> definitions,
                                                    int timezone_offset_min, SavedParameters saved,
                                                    std::shared_ptr<const fhir::Definitions> base = nullptr);

  /// Thread-safe. `root` is a resource of `type`. A value may be heard more than once.
  void Extract(fhir::TypeId type, fhir::Value root, ValueSink& sink) const;

  /// `parameter` must be known.
  ParameterId IdOf(const fhir::SearchParameter& parameter) const;
  /// Also one of other definitions, if it says the same here; false for what is new or different there.
  bool Knows(const fhir::SearchParameter& parameter) const { return Find(parameter) != kNoParameter; }
  bool Knows(fhir::TypeId type) const { return type < types_.size() && types_[type].is_resource; }
  bool is_old() const { return saved_ != nullptr; }
  /// All reference parameters and compartments of the definitions are known.
  bool KnowsAllReferences() const;
  /// Where a question to `parameter` is put. `type` != kNoType: only references to it.
  struct Source {
    ParameterId parameter;
    fhir::TypeId type;
  };
  /// A composite parameter: items of the resource, and within each what its components say. It has no entries: its parts have.
  struct Composite {
    struct Component {
      ParameterId
          parameter;  // the one that it is defined by: how values are read, and where all that it can say is indexed too
      std::unique_ptr<fhir::path::Expression> expression;  // on an item
      bool all = false;  // on a `whole` item it says just what that parameter says
    };
    std::unique_ptr<fhir::path::Expression> items;
    std::vector<Component> components;
    bool whole = false;  // the one item is the resource itself
  };
  struct Parameter {
    const fhir::SearchParameter* definition = nullptr;
    bool ready = false;            // offered, and its expression (or those of its sources) compiled
    bool own = false;              // stored, not of the program's definitions: bounded
    bool holds_resources = false;  // nested.h
    std::vector<Source> sources;   // itself, unless it is derived
    std::vector<std::pair<ParameterId, fhir::TypeId>>
        derived;  // who is present when this one is (restricted to a type)
    std::unique_ptr<fhir::path::Expression> expression;  // null when derived or composite
    std::unique_ptr<const Composite> composite;
    uint8_t presence_bit = 0xff;  // 0xff: none
    fhir::CodeSetId implied_codes =
        fhir::kNoCodeSet;  // of a plain code element (gender, status): they say which system is meant
    bool holds_names =
        false;  // a string of names or addresses: found by the beginnings of all their words (values.h)
    bool may_be_words = false;  // a token that may be compared without case (ValueSink::Words)
  };
  const Parameter& At(ParameterId id) const { return parameters_[id]; }
  /// The items of `root` that an expression of `parameter` names; none where it cannot be evaluated, as in Extract. `share`: of how many evaluations
  /// that have the bounds together it is one. Thread-safe, as Say.
  Status Items(const Parameter& parameter, const fhir::path::Expression& expression, fhir::Value root,
               const fhir::path::Item& context, fhir::path::Collection* out, size_t share = 1) const;
  fhir::path::Item ItemOf(fhir::TypeId type, fhir::Value root) const {
    fhir::path::Item item;
    item.node = root;
    item.type = type;
    return item;
  }
  /// What an item says under a parameter, as Extract has it.
  void Say(ParameterId id, const fhir::path::Item& item, ValueSink& sink) const {
    Emit(parameters_[id], id, item, sink);
  }
  size_t size() const { return parameters_.size(); }
  /// The date parameter that says when a resource of the type happened; kNoParameter if it has none. Never a derived one, as the next two.
  ParameterId ClinicalDate(fhir::TypeId type) const { return types_[type].clinical; }
  /// "patient" (or "subject") and "code", when the type has both.
  ParameterId PatientOf(fhir::TypeId type) const { return types_[type].patient; }
  ParameterId CodeOf(fhir::TypeId type) const { return types_[type].code; }
  /// Are resources of the type named by canonicals: have they a url and a version of their own?
  bool HasCanonicals(fhir::TypeId type) const { return types_[type].canonicals; }
  static bool HasCanonicals(const fhir::Definitions& definitions, fhir::TypeId type);
  /// Is a reference under this parameter a membership in a patient's compartment?
  bool InCompartment(ParameterId id) const { return compartment_[id]; }
  /// Parameters whose expression did not compile, with the reason: empty for the official definitions.
  const std::vector<std::string>& failures() const { return failures_; }
  const fhir::Definitions& definitions() const { return *definitions_; }

 private:
  struct Evaluated {
    std::vector<ParameterId> ids;  // whose expressions are in `set`, in its order
    std::unique_ptr<const fhir::path::ExpressionSet> set;
  };
  struct TypePlan {
    ParameterId first = 0;
    uint32_t count = 0;
    bool is_resource = false, canonicals = false;
    Evaluated official, own;
    std::vector<ParameterId> own_composites;
    ParameterId clinical = kNoParameter, patient = kNoParameter, code = kNoParameter;
  };
  enum class Datatype : uint8_t;
  struct NameIds;

  Extractor() = default;
  static std::unique_ptr<const Extractor> Make(std::shared_ptr<const fhir::Definitions> definitions,
                                               int timezone_offset_min,
                                               std::unique_ptr<const SavedParameters> saved,
                                               std::shared_ptr<const fhir::Definitions> base);
  bool IsOwn(const fhir::SearchParameter& parameter) const;
  void ExtractAll(const Evaluated& some, const fhir::path::Environment& environment,
                  const fhir::path::Item& context, ValueSink& sink) const;
  void CheckComposites(const TypePlan& plan, const fhir::path::Item& context, ValueSink& sink) const;
  void ClassifyTypes();
  std::vector<fhir::TypeId> TakeSaved();
  void Skip(size_t count);
  ParameterId Find(const fhir::SearchParameter& parameter) const;
  std::span<const fhir::SearchParameter> ListOf(fhir::TypeId type) const {
    return saved_ == nullptr ? definitions_->SearchParameters(type) : std::span(old_lists_[type]);
  }
  void Number(fhir::TypeId type);
  void Derive(fhir::TypeId type);
  void DeriveUnions(fhir::TypeId type);
  void Adopt(ParameterId id, std::vector<Source> sources);
  void Compile(fhir::TypeId type);
  void CompileComposites(fhir::TypeId type);
  std::unique_ptr<const Composite> MakeComposite(fhir::TypeId type, const fhir::SearchParameter& definition);
  ParameterId DefinedBy(fhir::TypeId type, const fhir::SearchParameter& composite, size_t component) const;
  void Emit(const Parameter& parameter, ParameterId id, const fhir::path::Item& item, ValueSink& sink) const;
  void EmitExtension(const Parameter& parameter, ParameterId id, const fhir::path::Item& item,
                     ValueSink& sink) const;
  void EmitToken(ParameterId id, Datatype datatype, fhir::Value node, ValueSink& sink) const;
  void EmitResource(ParameterId id, fhir::Value node, ValueSink& sink) const;
  void EmitReference(ParameterId id, Datatype datatype, fhir::Value node, ValueSink& sink) const;
  void EmitDate(ParameterId id, Datatype datatype, fhir::Value node, ValueSink& sink) const;
  void EmitString(ParameterId id, Datatype datatype, fhir::Value node, ValueSink& sink) const;
  void EmitNumber(ParameterId id, Datatype datatype, fhir::Value node, ValueSink& sink) const;
  void EmitRange(ParameterId id, fhir::Value node, ValueSink& sink) const;
  void EmitPlace(ParameterId id, fhir::Value node, ValueSink& sink) const;
  void EmitComputed(const Parameter& parameter, ParameterId id, const fhir::path::Item& item,
                    ValueSink& sink) const;

  std::shared_ptr<const fhir::Definitions> definitions_, base_;
  int timezone_offset_min_ = 0;
  std::shared_ptr<const NameIds> names_;
  std::unique_ptr<const SavedParameters> saved_;               // of an old one; else null
  std::vector<std::vector<fhir::SearchParameter>> old_lists_;  // by TypeId; texts are those of saved_
  std::vector<std::vector<fhir::TypeId>> old_targets_;         // what their spans point into
  std::vector<Parameter> parameters_;
  std::vector<bool> compartment_;
  std::vector<TypePlan> types_;      // by TypeId
  std::vector<Datatype> datatypes_;  // by TypeId
  std::vector<std::string> failures_;
};

}  // namespace tk::search
