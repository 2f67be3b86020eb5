// Profiles: StructureDefinitions that constrain a type, loaded at run time, as trees of what they ask of each element.
// Flow:   StructureDefinition (snapshot, or differential laid over the tree of its base) → Profile → ProfileChecker
//         (profile_check.h) walks it beside a resource
// What the base type asks is not repeated here: the validator checks it anyway.
// Source: FHIR R4 profiling.html, elementdefinition.html, structuredefinition.html.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/fhir/canonicals.h"
#include "kernel/fhir/code_tree.h"
#include "kernel/fhir/definitions.h"
#include "kernel/fhir/kept_by_bytes.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/path/pattern.h"

namespace tk::fhir {

inline constexpr size_t kProfileElementsMax = 20'000;
inline constexpr size_t kProfileDepthMax = 32;
inline constexpr uint32_t kUnbounded = 0xffff'ffff;

/// An invariant that a profile adds.
struct ProfileInvariant {
  std::string key, human, text;
  bool is_error = true;
  std::shared_ptr<const path::Expression> expression;  // nullptr: it does not compile, see `problem`
  std::string problem;
};

/// A value set that codes of an element are taken from.
struct ProfileBinding {
  enum class Strength : uint8_t { kRequired, kExtensible, kPreferred };
  enum class Part : uint8_t { kMain, kMax, kAdditional };  // kMax: the limit of one that is not required
  Strength strength = Strength::kRequired;
  Part part = Part::kMain;
  std::string value_set;
};

/// Where an extension may stand.
struct ExtensionContext {
  enum class Kind : uint8_t { kElement, kExtension, kFhirPath };
  Kind kind = Kind::kElement;
  std::string expression;
  std::shared_ptr<const path::Expression> test;  // kFhirPath
};

/// Where what a reference refers to may be.
enum Aggregation : uint8_t { kContainedHere = 1, kElsewhere = 2, kInBundle = 4 };

struct TypeRule {
  TypeId type = kNoType;              // kNoType: not known here
  std::vector<std::string> profiles;  // the item keeps to one of them
  std::vector<std::string> targets;   // of Reference and canonical: profiles or types
  uint8_t aggregation = 0;            // of Reference: bits of Aggregation; 0 = anywhere
};

struct Discriminator {
  enum class Kind : uint8_t { kValue, kExists, kType, kProfile };
  Kind kind = Kind::kValue;
  std::string path;
  std::shared_ptr<const path::Expression> expression;  // nullptr: $this
  bool resolves = false;                               // there is a resolve() in the path
  bool ends_at_target = false;                         // and it is the last step
  std::shared_ptr<const path::Expression> reference;   // what stands before the resolve(); nullptr: $this
};

struct Slicing {
  std::vector<Discriminator> discriminators;
  bool ordered = false;
  bool closed = false;
  bool open_at_end = false;
};

/// What a profile asks of one element, or of one slice of it.
struct ProfileElement {
  std::string name;        // "value" for value[x]; "" of the root
  std::string slice;       // "" = all items
  std::string definition;  // its id or path, for messages
  std::optional<uint32_t> min, max;
  std::vector<TypeRule> types;  // empty = as the base
  Value fixed, pattern, min_value, max_value;
  std::optional<uint32_t> length_min, length_max;
  std::shared_ptr<const path::Pattern> form;  // of its text or number, by the extension regex
  std::string form_problem;                   // why that cannot be read; then `form` is nullptr
  std::vector<ProfileBinding> bindings;
  std::string content;  // id of the element whose children these are (contentReference)
  std::vector<ProfileInvariant> invariants;
  std::optional<Slicing> slicing;
  std::vector<std::unique_ptr<ProfileElement>> children, slices;

  ProfileElement* Child(std::string_view child) const;
  ProfileElement* Slice(std::string_view slice_name) const;
  std::unique_ptr<ProfileElement> Clone() const;
};

/// Immutable. `root` asks of the resource or of the value of the data type itself.
struct Profile {
  std::string url;
  TypeId type = kNoType;
  std::unique_ptr<ProfileElement> root;
  bool is_modifier = false;                                       // of an extension: Extension.isModifier
  std::vector<ExtensionContext> contexts;                         // of an extension
  std::vector<ProfileInvariant> context_invariants;               // of the element that it stands in
  std::vector<std::shared_ptr<const Document>> documents;         // that fixed and pattern values stand in
  const ProfileElement* Find(std::string_view definition) const;  // by id
};
using ProfilePtr = std::shared_ptr<const Profile>;

/// Codes of a value set that can be listed.
class ListedCodes {
 public:
  /// `folding`: the systems whose codes are the same in upper and lower case (CodeSystem.caseSensitive false).
  ListedCodes(const std::vector<std::pair<std::string, std::string>>& codes, std::set<std::string> folding);
  bool Has(const std::string& system, const std::string& code) const;
  bool HasPlain(const std::string& code) const;  // of whatever system

 private:
  std::set<std::pair<std::string, std::string>> codes_;  // system, code; in lower case if it is of folding_
  std::set<std::string> plain_, plain_folded_;           // codes alone; those of folding_ in lower case
  std::set<std::string> folding_;
};

/// The code systems that the codes of a value set can be of.
struct SetSystems {
  std::set<std::string> systems;
  bool whole = true;  // all codes of each

  bool Has(std::string_view system) const { return systems.count(std::string(system)) != 0; }
};

/// A code system that is here in full: its codes, each with the texts that may stand for it.
struct ListedSystem {
  std::string version;
  bool folds_case = false;  // its codes are the same in upper and lower case
  std::unordered_map<std::string, std::vector<std::string>> displays;  // by code, folded if `folds_case`
};

/// Compiles profiles when they are first asked for and keeps them. Thread-safe. Throw it away when what `canonicals` answers changes.
class Profiles {
 public:
  Profiles(const Definitions& definitions, const Canonicals& canonicals)
      : definitions_(definitions), canonicals_(canonicals) {}

  /// nullptr: not known here. "url#id": what that profile asks of one of its elements (extension elementdefinition-profile-element).
  /// Errors: kInvalid for a profile that is broken, with its url and element.
  Result<ProfilePtr> Find(std::string_view canonical);
  /// The type that a canonical of a type or of a profile stands for; kNoType if it is not known.
  TypeId TypeOf(std::string_view canonical);
  /// What the official definition of a type binds without requiring it, as a profile without a url; nullptr: nothing.
  const Profile* Bindings(TypeId type);
  /// nullptr: its codes cannot be listed, or it is not known. "url#id": one that the profile of that url contains.
  std::shared_ptr<const ListedCodes> Codes(std::string_view canonical);
  /// The texts that a value set itself gives its codes, in its compose or its expansion, by "system|code"; nullptr: not known, or none.
  std::shared_ptr<const ListedSystem> TextsOf(std::string_view value_set);
  /// The same of a value set that `holder` contains.
  std::shared_ptr<const ListedCodes> CodesOf(Value holder, std::string_view id);
  /// nullptr: the code system is not known here, or not in full.
  std::shared_ptr<const ListedSystem> System(std::string_view url);
  /// Its codes and what stands above each; nullptr as System().
  std::shared_ptr<const CodeTree> Tree(std::string_view url);
  /// Of a value set, also of one whose codes cannot be listed; nullptr: not known.
  std::shared_ptr<const SetSystems> SystemsOf(std::string_view canonical);
  const Definitions& definitions() const { return definitions_; }
  const Canonicals& canonicals() const { return canonicals_; }
  /// What is kept of code systems, about; at most 128 MB, or one that is larger by itself.
  size_t kept_bytes();

 private:
  Result<ProfilePtr> Compile(std::string_view canonical);
  Result<ProfilePtr> CompileElement(std::string_view canonical, std::string_view id);
  /// Lives as long as `*holder`; absent: not known.
  Value ValueSet(std::string_view canonical, std::shared_ptr<const Document>* holder) const;

  const Definitions& definitions_;
  const Canonicals& canonicals_;
  std::recursive_mutex mutex_;  // bases are compiled while their profile is
  struct Entry {
    ProfilePtr profile;
    std::optional<Error> error;
  };
  std::unordered_map<std::string, Entry> profiles_;
  std::unordered_map<TypeId, ProfilePtr> bindings_;
  std::unordered_map<std::string, std::shared_ptr<const ListedCodes>> codes_;
  static constexpr size_t kKeptBytesMax = size_t{64} << 20;
  KeptByBytes<ListedSystem> systems_{kKeptBytesMax};  // and texts of value sets
  KeptByBytes<CodeTree> trees_{kKeptBytesMax};
  std::unordered_map<std::string, std::shared_ptr<const SetSystems>> systems_of_;
  std::set<std::string> compiling_;
};

}  // namespace tk::fhir
