// A resource beside a profile's tree: cardinality, types, fixed values and patterns, bindings, bounds, slices, invariants.
// Flow:   Validate (the base type) → ProfileChecker for each profile that is asked for or claimed, for known extensions, and within
//         Bundles and contained resources → issues with severity and element path
// Codes outside a binding: an error where it is required, a warning where extensible, information where preferred.
// A profile that is not known here is told as a warning, a code set that cannot be listed as information: nothing passes in silence.
// Limits: depth, work (nodes compared) and number of issues; beyond them an issue says that the check is not complete.
// Source: FHIR R4 profiling.html, elementdefinition.html, references.html.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "kernel/fhir/bundle_entries.h"
#include "kernel/fhir/check_time.h"
#include "kernel/fhir/issue_list.h"
#include "kernel/fhir/profile.h"
#include "kernel/fhir/profile_turns.h"
#include "kernel/fhir/validate.h"

namespace tk::fhir {

struct ProfileOptions {
  size_t issues_max = 100;        // so many errors are told at most, and as many others
  bool warnings = false;          // also severities warning and information
  bool implied = false;           // also profiles that R4 asks for without a claim: vital signs
  uint64_t work_max = 2'000'000;  // comparisons of one resource
  int64_t deadline_us = 0;        // MonotonicUs(), 0 = none; beyond it the check ends and time() says so
  int64_t now_us = 0;             // for invariants that ask the time
  std::string_view own_base;      // of claims, as FindByUrlOrAddress has it
};

/// As many comparisons as a resource of that size may need: what a large one is allowed does not depend on the machine's load.
inline uint64_t ProfileWorkFor(Value resource) {
  constexpr uint64_t kLeast = 2'000'000, kEachNode = 100;
  const uint64_t nodes = resource ? resource.node().end - resource.index() : 0;
  return std::max(kLeast, nodes * kEachNode);
}

class ProfileChecker {
 public:
  ProfileChecker(Profiles& profiles, const ProfileOptions& options);
  ~ProfileChecker();
  /// Checks `resource` (already valid by its type, or nearly) against the profile `canonical`.
  void Check(Value resource, std::string_view canonical);
  /// What the resource claims itself: meta.profile of it, of what it contains and of a Bundle's entries; and its extensions as far as they are
  /// known here.
  void CheckClaims(Value resource);
  std::vector<Issue> Take() { return issues_.Take(); }
  /// Does the item keep to a profile or type? Tells nothing. `*known` is false if it is neither.
  bool ConformsToProfile(const path::Item& item, const std::string& canonical, bool* known);
  /// Is the item in that slice of the profile (path::Conformance::InSlice)?
  Result<std::optional<bool>> InNamedSlice(const path::Item& item, const std::string& canonical,
                                           std::string_view slice);
  /// If it is over, the check is not complete: nothing is said of the resource, the same request may be sent again. Further checks of the same
  /// resource go by it too.
  CheckTime& time() { return time_; }
  /// Codings (by their places in the document) whose display is a text that a value set they are bound to gives that code. Asked with warnings only.
  const std::unordered_set<uint32_t>& named() const { return named_; }
  /// Entries of Bundles read to find what references mean: each once for each Bundle that it is in.
  size_t entries_read() const { return entries_read_; }

 private:
  struct Segment {
    std::string name;
    int64_t index = -1;
  };
  /// One item of an element: a value, its `_` sibling, its type.
  using Item = path::Item;
  struct Named {
    Item item;
    int64_t index;  // -1: not in an array
  };

  // The way through the resource: profile_walk.cpp.
  /// What an extension stands in: an element of `owner`, or (owner kNoType) the resource.
  struct Holder {
    Value value;
    TypeId type;
    TypeId owner;
    std::string_view name;
  };
  void Resource(Value resource, TypeId type);
  void Walk(Value object, TypeId type);
  void Claimed(Value resource);
  void KnownExtension(Value extension, bool is_modifier);
  void Parts(const Profile& profile, Value extension);
  void Context(const Profile& profile, const Item& extension);
  bool IsContext(const ExtensionContext& context, const Holder& holder);
  bool IsElement(std::string_view expression, const std::vector<Holder>& holders);
  size_t ValueOfDefinition() const;
  std::optional<std::vector<Holder>> PlaceOfValue(size_t value) const;
  void VitalSigns(Value resource, TypeId type);
  void TypeBindings(Value value, TypeId type);
  void CheckProfile(const Item& item, const Profile& profile);
  void Element(const ProfileElement& rule, const Item& item);
  void Content(const ProfileElement& rule, const Item& item);
  void Children(const ProfileElement& rule, const Item& item);
  void Within(const Item& item, const std::function<void()>& check);
  /// `undecided`: so many more may be of the slice that the rule is.
  void Items(const ProfileElement& rule, const std::vector<Named>& items, size_t undecided = 0);
  void Count(const ProfileElement& rule, size_t count, size_t undecided);
  bool Types(const ProfileElement& rule, const Item& item);
  void TypeProfiles(const TypeRule& type, const Item& item);
  void Targets(const TypeRule& type, const Item& item);
  TypeId TargetType(Value reference) const;
  void Aggregated(uint8_t permitted, std::string_view reference, Value target);
  std::string WhyNot(Value target, std::string_view reference, const std::string& canonical);
  void Values(const ProfileElement& rule, const Item& item);
  void Fixed(Value value, Value fixed);
  void Pattern(Value value, Value pattern);
  void Length(const ProfileElement& rule, const Item& item);
  void Form(const ProfileElement& rule, const Item& item);
  void Bounds(const ProfileElement& rule, const Item& item);
  void Binding(const ProfileBinding& binding, const Item& item);
  void Texts(const ProfileBinding& binding, const Item& item);
  bool IsOutside(const std::string& value_set, const Item& item);
  std::optional<bool> ByGrammar(const std::string& value_set, const Item& item);
  void Invariants(const ProfileElement& rule, const Item& item);
  // Slices: profile_slices.cpp.
  void Slices(const ProfileElement& rule, const std::vector<Named>& items);
  enum class Fit : uint8_t { kNo, kYes, kUndecided };  // undecided: what a reference leads to is not here
  Fit InSlice(const ProfileElement& rule, const ProfileElement& slice, const Item& item);
  Fit Discriminates(const Discriminator& discriminator, const ProfileElement& slice, const Item& item);
  Fit ByReference(const Discriminator& discriminator, const ProfileElement& slice,
                  const path::Collection& references);
  void EnterResourceOf(Value value);
  bool ExtensionSlice(const ProfileElement& slice, const Item& item);
  /// What expressions ask: references within the Bundle, conformsTo() and memberOf().
  class World;
  /// What a slice asks at the path of a discriminator.
  struct RulesThere {
    std::vector<const ProfileElement*> rules;
    bool of_other_type = false;  // the path asks for a type that the slice does not have there
  };
  RulesThere RulesAt(const Discriminator& discriminator, const ProfileElement& slice);
  std::vector<const ProfileElement*> RulesBelow(const ProfileElement& rule, const std::string& step);
  std::vector<const ProfileElement*> TargetRules(const ProfileElement& rule, bool by_type);
  bool IsOfType(const ProfileElement& rule, TypeId type) const;
  path::Collection ValuesAt(const path::Expression* path, const Item& item);
  /// Does the item keep to the rule? Tells nothing.
  bool Conforms(const ProfileElement& rule, const Item& item);

  std::vector<Named> ItemsOf(const Item& parent, std::string_view name) const;
  /// `from`: where the reference stands.
  Value Resolve(std::string_view reference, Value from);
  void EnterBundle(Value bundle);
  void LeaveBundle();
  bool Work();
  void Add(Severity severity, std::string_view type, std::string text);
  void Error(std::string_view type, std::string text) { Add(Severity::kError, type, std::move(text)); }
  std::string Path() const;
  path::Environment PathEnvironment();
  ProfilePtr Known(const std::string& canonical);

  Profiles& profiles_;
  const Definitions& definitions_;
  const ProfileOptions options_;
  CheckTime time_;
  IssueList issues_;
  std::vector<Segment> path_;
  const Profile* profile_ = nullptr;
  Value root_, container_, resource_;
  std::vector<BundleEntries> bundles_;  // that the walk is in
  size_t entries_read_ = 0;             // of those it has left
  std::vector<Holder> holders_;         // from the resource down to where the walk is
  ProfileTurns turns_;                  // against endless ones
  std::unique_ptr<World> world_;
  std::map<TypeId, ProfileElement> type_rules_;         // "is of this type", for discriminators
  std::map<std::string, ProfileElement> target_rules_;  // "keeps to this profile", by canonical
  std::unordered_set<uint32_t> named_;
  uint64_t work_ = 0;
  size_t quiet_ = 0;   // >0: errors are counted only
  size_t errors_ = 0;  // of what is being checked, told or not
  bool too_much_ = false;
};

/// conformsTo(), memberOf(), subsumes() and slice() of an expression that is no profile's own: by the profiles, value sets and code systems that are
/// known here.
class KnownConformance final : public path::Conformance {
 public:
  KnownConformance(Profiles& profiles, int64_t now_us) : profiles_(profiles), now_us_(now_us) {}
  std::optional<bool> ConformsTo(const path::Item& item, std::string_view profile) const override;
  std::optional<bool> MemberOf(const path::Item& item, std::string_view value_set) const override;
  std::optional<bool> Subsumes(std::string_view system, std::string_view code,
                               std::string_view other) const override;
  Result<std::optional<bool>> InSlice(const path::Item& item, std::string_view profile,
                                      std::string_view slice) const override;

 private:
  Profiles& profiles_;
  const int64_t now_us_;
};

/// Validation in all: the type, profiles asked for, what the resource claims, answers against their Questionnaire.
struct FullOptions {
  ValidateOptions base;
  std::vector<std::string> profiles;  // asked for, beside those claimed
  int64_t now_us = 0;
  int64_t deadline_us = 0;    // MonotonicUs(), 0 = none; beyond it what is left is not checked, which is told
  std::string_view own_base;  // as FindByUrlOrAddress has it
};
std::vector<Issue> ValidateFully(const Definitions& definitions, Profiles& profiles, Value root,
                                 const FullOptions& options);

}  // namespace tk::fhir
