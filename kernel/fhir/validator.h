// One validation under way; see validate.h. The walk is in validate.cpp, references and codes in validate_links.cpp.
#pragma once

#include <bitset>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/fhir/invariants.h"
#include "kernel/fhir/issue_list.h"
#include "kernel/fhir/validate.h"

namespace tk::fhir {

class Validator {
 public:
  Validator(const Definitions& definitions, const ValidateOptions& options);
  std::vector<Issue> Run(Value root);

 private:
  static constexpr size_t kElementsMax = 1024;  // of one type; the compiler of definitions refuses more
  static constexpr size_t kChoicesMax = 64;

  struct Segment {
    std::string_view name;
    int64_t index = -1;  // -1: no array
  };
  /// What the members of one object have shown so far.
  struct Seen {
    std::bitset<kElementsMax> elements;
    std::bitset<kChoicesMax> choices;
  };
  enum class Place { kRoot, kContained, kInside };

  // The walk.
  void Resource(Value value, TypeId expected, Place place);
  void Members(Value object, TypeId type, bool is_resource, Seen* seen);
  void Complex(Value value, const ElementInfo& element);
  void Required(TypeId type, const Seen& seen);
  const ElementInfo* SiblingElement(TypeId type, Value member) const;
  void Member(Value object, Value member, const ElementInfo& element);
  void Items(Value object, Value array, const ElementInfo& element);
  void One(Value value, const ElementInfo& element);
  void Primitive(Value value, const ElementInfo& element);
  void Text(Value value, const ElementInfo& element, const TypeInfo& type);
  void Sibling(Value object, Value member, const ElementInfo& element);
  void SiblingObject(Value value, Value sibling, const ElementInfo& element);
  void UnknownMember(Value member);
  // References and codes.
  void Reference(Value value, const ElementInfo& element);
  void ReferenceText(std::string_view text, const ElementInfo& element);
  void Target(std::string_view type_name, const ElementInfo& element);
  void Fragment(std::string_view id, const ElementInfo& element);
  void ReadContained(Value resource);
  void Code(std::string_view code, const ElementInfo& element);
  void Coding(Value coding, const ElementInfo& element);
  void Concept(Value concept_value, const ElementInfo& element);
  bool IsCodingIn(Value coding, CodeSetId set) const;
  void WrongCode(CodeSetId set);
  void Extension(const Seen& seen, TypeId type, Value value);

  // Invariants: validate_invariants.cpp.
  void TypeInvariants(Value node, Value sibling, TypeId type);
  void ElementInvariants(Value node, Value sibling, const ElementInfo& element);
  void Evaluate(const Constraint& constraint, const path::Item& item);
  void Broken(Native native);
  void ResourceNatives(Value resource, uint16_t natives);
  void ContainedUnused(Value resource);
  void NoteFragment(std::string_view text, const ElementInfo& element);
  void NoteNarrative(std::string_view text);
  const path::Environment& PathEnvironment();

  void Add(std::string_view type, std::string text);
  std::string Path() const;
  bool Full() const { return !issues_.Takes(Severity::kError); }

  const Definitions& definitions_;
  const ValidateOptions& options_;
  IssueList issues_;
  std::vector<Segment> path_;
  std::string scratch_;
  bool in_bundle_ = false;
  /// A text that begins with '#', where it stands: in which contained resource (-1: outside), and can it mean the container?
  struct FragmentSeen {
    std::string text;
    int64_t contained;
    bool may_be_container;
  };
  /// The resource that fragments (#id) resolve in, with the ids of what it contains.
  struct Container {
    Value value;
    bool contained_read = false;
    std::unordered_map<std::string, std::string> contained;  // id → type
    std::vector<FragmentSeen> fragments;
    int64_t contained_at = -1;  // which contained resource the walk is in
  };
  Container container_;
  Value resource_;  // %resource: a contained resource is its own
  const Invariants& invariants_;
  path::Environment environment_;
};

/// Types and names that the rules speak of by name. Extended definitions keep the numbers of the official ones.
struct KnownTypes {
  TypeId reference, extension, coding, codeable_concept, bundle;
  NameId resource_type, contained, reference_member, type, system, code, coding_member, extension_member, id,
      text;
};
const KnownTypes& Known();

}  // namespace tk::fhir
