// Invariants during the walk: of a node's type when its members have been seen, and of the element that it is. What nearly everything has
// to keep is decided here by hand (see invariants.h), the rest by FHIRPath.
// Source: FHIR R4 element.html#ele-1, extensibility.html#ext-1, references.html#ref-1, domainresource.html#invs, narrative.html#invs,
//         fhirpath.html (%resource is the innermost resource, %rootResource what contains it).
#include <algorithm>
#include <optional>
#include <unordered_set>

#include "kernel/fhir/validator.h"
#include "kernel/fhir/xhtml.h"

namespace tk::fhir {
namespace {

struct ContainedNames {
  NameId meta = Names::Find("meta"), version_id = Names::Find("versionId"),
         version_id_sibling = Names::Find("_versionId"), updated = Names::Find("lastUpdated"),
         updated_sibling = Names::Find("_lastUpdated"), security = Names::Find("security");
};
const ContainedNames& MetaNames() {
  static const ContainedNames names;
  return names;
}

/// children().count() > id.count() of an element without a value.
bool HasMoreThanId(Value node) {
  for (const Value member : node) {
    if (member.name() != Known().id) return true;
  }
  return false;
}

/// The ids that links and images of narratives lead to: narrative.html has images of contained resources.
void AddNarrativeFragments(Value object, size_t level, std::unordered_set<std::string>* out) {
  constexpr size_t kNarrativeLevelsMax = 100;
  if (level > kNarrativeLevelsMax) return;
  for (const Value member : object) {
    if (member.is_string() && member.name_text() == "div") {
      std::string scratch;
      const NarrativeTargets found = ReadNarrativeTargets(member.String(scratch));
      for (const auto* list : {&found.links, &found.images}) {
        for (const std::string_view target : *list) {
          if (target.starts_with('#')) out->emplace(target.substr(1));
        }
      }
    } else if (member.is_object() || member.is_array()) {
      AddNarrativeFragments(member, level + 1, out);
    }
  }
}

}  // namespace

void Validator::Broken(Native native) {
  if (const Constraint* constraint = invariants_.Find(native))
    Add("invariant", InvariantText(constraint->key, constraint->human));
}

/// `node` is the value (of a primitive: absent if it has none), `sibling` the object `_name` of a primitive.
void Validator::TypeInvariants(Value node, Value sibling, TypeId type) {
  const Invariants::Plan& plan = invariants_.Of(type);
  if ((plan.natives & NativeBit(Native::kEle1)) != 0) {
    const Value object = sibling ? sibling : node;
    // Of an empty object that is told already, as a fault of its form.
    if (!(sibling && node) && object.size() != 0 && !HasMoreThanId(object)) Broken(Native::kEle1);
  }
  constexpr uint16_t kOfResources = NativeBit(Native::kDom2) | NativeBit(Native::kDom3) |
                                    NativeBit(Native::kDom4) | NativeBit(Native::kDom5);
  if ((plan.natives & kOfResources) != 0) ResourceNatives(node, plan.natives);
  if (plan.checks.empty()) return;
  const path::Item item{node, sibling, type, {}};
  const bool tells_warnings = options_.warnings && issues_.Takes(Severity::kWarning);
  for (const Constraint* constraint : plan.checks) {
    if (constraint->is_error || tells_warnings) Evaluate(*constraint, item);
  }
}

void Validator::ElementInvariants(Value node, Value sibling, const ElementInfo& element) {
  const path::Item item{node, sibling, element.type, {}};
  for (const Constraint& constraint : element.constraints) {
    if (invariants_.NativeOf(constraint) != Native::kNone) continue;
    if (constraint.is_error || options_.warnings) Evaluate(constraint, item);
  }
}

const path::Environment& Validator::PathEnvironment() {
  environment_.resource = resource_;
  environment_.variables.clear();
  if (resource_ != container_.value) {
    environment_.variables.emplace_back("rootResource",
                                        path::Collection{path::ResourceItem(definitions_, container_.value)});
  }
  return environment_;
}

void Validator::Evaluate(const Constraint& constraint, const path::Item& item) {
  const Invariants::Answer answer = invariants_.Test(constraint, PathEnvironment(), item);
  if (answer == Invariants::Answer::kHolds) return;
  Severity severity = constraint.is_error ? Severity::kError : Severity::kWarning;
  if (answer == Invariants::Answer::kTooLarge)
    return issues_.Add(TooLargeFor(severity, Path(), constraint.key, constraint.human));
  std::string text = InvariantText(constraint.key, constraint.human);
  if (answer != Invariants::Answer::kNotCompiled && !definitions_.IsResource(item.type) &&
      HasNumberBeyond(item.node)) {
    if (!options_.warnings) return;
    severity = Severity::kWarning;
    text += " (it may not be decided: a number has more than 38 digits)";
  }
  switch (answer) {
    case Invariants::Answer::kHolds:
    case Invariants::Answer::kBroken:
    case Invariants::Answer::kTooLarge:
      break;
    case Invariants::Answer::kFailed:
      text += " (it cannot be decided: its expression fails on what is there)";
      break;
    case Invariants::Answer::kNotCompiled:
      if (!options_.warnings) return;
      issues_.Add({Severity::kWarning, "not-supported", Path(), text + " (not checked)"});
      return;
  }
  issues_.Add({severity, "invariant", Path(), std::move(text)});
}

void Validator::ResourceNatives(Value resource, uint16_t natives) {
  const Value contained = resource[Known().contained];
  if (!contained.is_array()) return;
  path_.push_back({"contained", 0});
  std::unordered_set<std::string> ids;
  for (const Value inside : contained) {
    if (!inside.is_object()) {
      ++path_.back().index;
      continue;
    }
    if (options_.warnings && !inside[Known().id]) Add("required", "has no id that a reference could name");
    const Value id = contained.size() > 1 ? inside[Known().id] : Value();
    if (id.is_string() && !ids.insert(id.ToString()).second)
      Add("duplicate", "has the id of another contained resource: a reference to it would mean either");
    const ContainedNames& names = MetaNames();
    const Value meta = inside[names.meta];
    if ((natives & NativeBit(Native::kDom2)) != 0 && inside[Known().contained]) Broken(Native::kDom2);
    if ((natives & NativeBit(Native::kDom4)) != 0 &&
        (meta[names.version_id] || meta[names.version_id_sibling] || meta[names.updated] ||
         meta[names.updated_sibling]))
      Broken(Native::kDom4);
    if ((natives & NativeBit(Native::kDom5)) != 0 && meta[names.security]) Broken(Native::kDom5);
    ++path_.back().index;
  }
  path_.pop_back();
  if ((natives & NativeBit(Native::kDom3)) != 0 && resource == container_.value) ContainedUnused(resource);
}

void Validator::NoteFragment(std::string_view text, const ElementInfo& element) {
  using Form = fhir::Primitive;
  const Form primitive = definitions_.Type(element.type).primitive;
  const bool is_link = primitive == Form::kUri || primitive == Form::kCanonical;
  const bool is_reference = element.name_id == Known().reference_member;
  if (!is_link && !is_reference && primitive != Form::kUrl) return;
  container_.fragments.push_back(
      {std::string(text.substr(1)), container_.contained_at, is_link || is_reference});
}

// What a narrative shows or leads to belongs to the resource as well: an image may be "#id" of a contained one (narrative.html).
void Validator::NoteNarrative(std::string_view text) {
  if (!container_.value[Known().contained]) return;
  const NarrativeTargets found = ReadNarrativeTargets(text);
  for (const auto& targets : {found.images, found.links}) {
    for (const std::string_view target : targets) {
      if (target.starts_with('#'))
        container_.fragments.push_back({std::string(target.substr(1)), container_.contained_at, false});
    }
  }
}

// dom-3: a contained resource is referred to from anywhere in its container, or refers to the container.
void Validator::ContainedUnused(Value resource) {
  std::unordered_set<std::string_view> named;
  std::unordered_set<int64_t> to_container;  // places of the contained that refer to it
  for (const FragmentSeen& seen : container_.fragments) {
    if (!seen.text.empty())
      named.insert(seen.text);
    else if (seen.may_be_container)
      to_container.insert(seen.contained);
  }
  std::optional<std::unordered_set<std::string>> shown;  // by narratives; read when it matters
  path_.push_back({"contained", 0});
  for (const Value inside : resource[Known().contained]) {
    const Value id = inside[Known().id];
    bool used = !id.is_string() || to_container.contains(path_.back().index) || named.contains(id.ToString());
    if (!used) {
      if (!shown) AddNarrativeFragments(resource, 0, &shown.emplace());
      used = shown->contains(id.ToString());
    }
    if (!used) Broken(Native::kDom3);
    ++path_.back().index;
  }
  path_.pop_back();
}

}  // namespace tk::fhir
