#include "kernel/fhir/validate_structures.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "kernel/fhir/profile_builder.h"
#include "kernel/fhir/profile_contradictions.h"
#include "kernel/fhir/profile_values.h"
#include "kernel/fhir/regex_extension.h"

namespace tk::fhir {
namespace {

constexpr std::ptrdiff_t kPathPartsMax = 64;
constexpr std::string_view kBindable[] = {"code", "Coding", "CodeableConcept", "Quantity", "string", "uri"};

class StructureChecker {
 public:
  StructureChecker(Profiles& profiles, Value structure, size_t issues_max, CheckTime& time)
      : profiles_(profiles),
        definitions_(profiles.definitions()),
        structure_(structure),
        issues_max_(issues_max),
        time_(time) {}

  std::vector<Issue> Run();
  std::vector<Issue> RunUnusable();

 private:
  /// The types that an element may have; not known: `open`.
  struct Types {
    std::vector<TypeId> types;
    bool open = false;
  };

  bool IsOfKnownType() const;
  bool IsOfThisVersion() const;
  void FindBase();
  template <class Check>
  void EachElement(Check check);
  void Element(Value element);
  void Constraints(Value element, const Types& types);
  void Forms(Value element);
  bool Path(Value element, Types* types);
  bool FindInBase(Value element, BaseElement* base) const;
  void AgainstBase(Value element);
  void WeakBinding(Value element);
  void Slices(Value element);
  static std::string IdOf(Value element) {
    return element["id"].present() ? element["id"].ToString() : element["path"].ToString();
  }
  Types TypesAt(std::string_view path) const;
  void Order(Value element);
  void TypeProfiles(Value element);
  void Extensions(Value element);
  void Contexts();
  Types Below(const Types& from, std::string_view name) const;
  void Binding(Value element, const Types& types);
  void Fixed(Value element);
  void Discriminators(Value element, const Types& types);
  void Add(std::string_view member, std::string_view type, std::string text,
           Severity severity = Severity::kError) {
    if (issues_.size() >= issues_max_ || time_.over()) return;
    issues_.push_back(
        {severity, type, place_ + (member.empty() ? "" : ".") + std::string(member), std::move(text)});
  }

  Profiles& profiles_;
  const Definitions& definitions_;
  const Value structure_;
  const size_t issues_max_;
  CheckTime& time_;
  ProfilePtr base_;
  std::unordered_map<std::string_view, const ProfileElement*> base_rules_;  // of base_, by id
  std::string place_;  // "StructureDefinition.differential.element[3]"
  std::string path_before_;
  std::unordered_map<std::string, std::unordered_set<std::string>> slices_;  // by the id of what is sliced
  std::vector<Issue> issues_;
};

std::vector<Issue> StructureChecker::Run() {
  if (!IsOfKnownType()) return {};
  FindBase();
  EachElement([this](Value element) { Element(element); });
  Contexts();
  return std::move(issues_);
}

void StructureChecker::FindBase() {
  const auto base = profiles_.Find(structure_["baseDefinition"].ToString());
  if (!base.ok() || *base == nullptr) return;
  base_ = *base;
  std::vector<const ProfileElement*> left = {base_->root.get()};
  while (!left.empty()) {
    const ProfileElement* rule = left.back();
    left.pop_back();
    base_rules_.emplace(rule->definition, rule);
    for (const auto& child : rule->children) left.push_back(child.get());
    for (const auto& slice : rule->slices) left.push_back(slice.get());
  }
}

bool StructureChecker::IsOfThisVersion() const {
  const Value version = structure_["fhirVersion"];
  return !version.is_string() || version.ToString().starts_with("4.0");
}

bool StructureChecker::IsOfKnownType() const {
  return structure_["resourceType"].ToString() == "StructureDefinition" &&
         structure_["derivation"].ToString() == "constraint" &&
         definitions_.FindType(structure_["type"].ToString()) != kNoType;
}

template <class Check>
void StructureChecker::EachElement(Check check) {
  const char* list = structure_["differential"].present() ? "differential" : "snapshot";
  size_t place = 0;
  for (const Value element : structure_[list]["element"]) {
    place_ = std::string("StructureDefinition.") + list + ".element[" + std::to_string(place++) + "]";
    if (!time_.Step()) return;
    check(element);
  }
}

std::vector<Issue> StructureChecker::RunUnusable() {
  if (!IsOfKnownType()) return {};
  FindBase();
  EachElement([this](Value element) {
    if (!element["path"].is_string()) return;
    Types types;
    // What another version of FHIR has is not known here.
    if (!Path(element, &types) && IsOfThisVersion())
      return Add("path", "value", "names no element of the type that the profile constrains");
    if (element["constraint"].present()) Constraints(element, types);
    Forms(element);
    Slices(element);
    AgainstBase(element);
  });
  return std::move(issues_);
}

// What cannot be read would never be asked. A function that is not offered is no fault of the profile's.
void StructureChecker::Constraints(Value element, const Types& types) {
  const TypeId context = types.open || types.types.size() != 1 ? kNoType : types.types[0];
  size_t place = 0;
  for (const Value constraint : element["constraint"]) {
    if (!time_.Step()) return;
    const std::string member = "constraint[" + std::to_string(place++) + "].expression";
    const std::string text = constraint["expression"].ToString();
    if (text.empty() || constraint["severity"].ToString() != "error") continue;
    const auto compiled = path::Expression::Compile(text, definitions_, context);
    if (compiled.ok() || compiled.error().code == ErrorCode::kUnsupported) continue;
    Add(member, "value", "cannot be read: " + compiled.error().external);
  }
}

void StructureChecker::Forms(Value element) {
  size_t place = 0;
  for (const Value extension : element["extension"]) {
    const std::string member = "extension[" + std::to_string(place++) + "].valueString";
    const std::string problem = RegexProblem(extension, time_);
    if (!problem.empty()) Add(member, "value", "cannot be read: " + problem);
  }
}

/// False: it names no element of the type.
bool StructureChecker::Path(Value element, Types* types) {
  const std::string path = element["path"].ToString();
  const bool is_of_type = path.substr(0, path.find('.')) == structure_["type"].ToString();
  if (is_of_type) *types = TypesAt(path);
  return !types->types.empty() || types->open;
}

void StructureChecker::Element(Value element) {
  if (!element["path"].is_string()) return;
  Types types;
  if (!Path(element, &types))
    return Add("path", "value", "names no element of the type that the profile constrains");
  Order(element);
  if (element["binding"].present()) Binding(element, types);
  if (element["constraint"].present()) Constraints(element, types);
  Forms(element);
  TypeProfiles(element);
  Extensions(element);
  Fixed(element);
  Discriminators(element, types);
  Slices(element);
  AgainstBase(element);
  WeakBinding(element);
}

/// A profile of more cannot be applied (profile_builder.h). Those of its base count.
void StructureChecker::Slices(Value element) {
  const std::string id = IdOf(element);
  const size_t dot = id.rfind('.'), colon = id.find(':', dot == std::string::npos ? 0 : dot);
  std::string name = element["sliceName"].present() ? element["sliceName"].ToString()
                     : colon == std::string::npos   ? ""
                                                    : id.substr(colon + 1);
  if (name.empty()) return;
  std::string sliced = id.substr(0, colon);
  if (const size_t slash = name.rfind('/'); slash != std::string::npos) {
    sliced += ":" + name.substr(0, slash);
    name.erase(0, slash + 1);
  }
  const auto [known, is_first] = slices_.try_emplace(sliced);
  const auto rule = base_rules_.find(sliced);
  if (is_first && rule != base_rules_.end()) {
    for (const auto& slice : rule->second->slices) {
      const std::string& whole = slice->slice;
      known->second.insert(whole.substr(whole.rfind('/') + 1));
    }
  }
  if (known->second.insert(name).second && known->second.size() == kSlicesMax + 1)
    Add("sliceName", "too-costly",
        id + ": with it " + sliced + " has more than " + std::to_string(kSlicesMax) +
            " slices, with those of the base: more of one element are not applied");
}

/// The same element of the base. False: there is none to compare with.
bool StructureChecker::FindInBase(Value element, BaseElement* found) const {
  const std::string path = element["path"].ToString();
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || !IsOfThisVersion()) return false;
  const Types parent = TypesAt(std::string_view(path).substr(0, dot));
  if (parent.open) return false;
  BaseElement& base = *found;
  std::string_view name = std::string_view(path).substr(dot + 1);
  const bool is_choice = name.ends_with("[x]");
  if (is_choice) name.remove_suffix(3);
  for (const TypeId owner : parent.types) {
    for (const ElementInfo& one : definitions_.Elements(owner)) {
      if (is_choice ? one.choice == 0 || one.base_name != name : one.name != name) continue;
      base.of_type.emplace_back(owner, &one);
      base.is_slice = base.is_slice || (one.choice != 0 && !is_choice);
    }
  }
  if (base.of_type.empty()) return false;
  const std::string id = IdOf(element);
  const size_t colon = id.find(':', id.rfind('.') == std::string::npos ? 0 : id.rfind('.'));
  base.is_slice = base.is_slice || colon != std::string::npos || element["sliceName"].present();
  // Without an id that names the slice none is compared with that of the whole.
  const auto rule = base_rules_.find(id);
  if (rule != base_rules_.end() && (colon != std::string::npos || !element["sliceName"].present()))
    base.rule = rule->second;
  const auto whole = base_rules_.find(std::string_view(id).substr(0, colon));
  if (base.is_slice && whole != base_rules_.end()) base.whole = whole->second;
  return true;
}

/// What a profile says of an element beside what its base says.
void StructureChecker::AgainstBase(Value element) {
  BaseElement base;
  if (!FindInBase(element, &base)) return;
  TellContradictions(profiles_, element, base, [&](std::string_view member, std::string text) {
    Add(member, "value", IdOf(element) + ": " + std::move(text));
  });
}

void StructureChecker::WeakBinding(Value element) {
  BaseElement base;
  if (!element["binding"].present() || !FindInBase(element, &base)) return;
  std::string text = WeakenedBinding(profiles_, element, base);
  if (!text.empty())
    Add("binding.strength", "value", IdOf(element) + ": " + std::move(text), Severity::kWarning);
}

StructureChecker::Types StructureChecker::TypesAt(std::string_view path) const {
  const std::string_view root = path.substr(0, path.find('.'));
  Types at;
  const TypeId type = definitions_.FindType(root);
  if (type == kNoType || std::count(path.begin(), path.end(), '.') >= kPathPartsMax) return at;
  at.types.push_back(type);
  for (path.remove_prefix(root.size()); !path.empty() && !at.open && !at.types.empty();) {
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(name.size());
    at = Below(at, name);
  }
  return at;
}

StructureChecker::Types StructureChecker::Below(const Types& from, std::string_view name) const {
  Types to;
  const bool is_choice = name.ends_with("[x]");
  if (is_choice) name.remove_suffix(3);
  for (const TypeId type : from.types) {
    const TypeInfo& info = definitions_.Type(type);
    // Of a resource within anything may be told; the value of a primitive has a type of the language's system.
    to.open = to.open || info.is_abstract || info.name.starts_with("http") ||
              (info.type_class == TypeClass::kPrimitive && name == "value");
    for (const ElementInfo& element : definitions_.Elements(type)) {
      const bool is_it = is_choice ? element.choice != 0 && element.base_name == name : element.name == name;
      if (!is_it) continue;
      to.types.push_back(element.type);
      const TypeInfo& of = definitions_.Type(element.type);
      if (of.type_class == TypeClass::kResource) to.open = true;
    }
  }
  // Each once, or every "extension.value[x]" of a path would make them fifty times as many.
  std::sort(to.types.begin(), to.types.end());
  to.types.erase(std::unique(to.types.begin(), to.types.end()), to.types.end());
  return to;
}

// eld-11 means to ask it, but its expression holds for every type.
void StructureChecker::Binding(Value element, const Types& types) {
  std::vector<TypeId> bound = types.types;
  if (const Value given = element["type"]) {
    bound.clear();
    for (const Value type : given) bound.push_back(definitions_.FindType(type["code"].ToString()));
  } else if (types.open) {
    return;
  }
  const auto bindable = [&](TypeId type) {
    return type == kNoType ||
           std::any_of(std::begin(kBindable), std::end(kBindable), [&](std::string_view name) {
             return definitions_.IsA(type, definitions_.FindType(name));
           });
  };
  if (std::none_of(bound.begin(), bound.end(), bindable))
    Add("binding", "value", "binds an element whose type takes no codes");
}

/// The elements stand in the order that the type has; those of one slice after those of another.
void StructureChecker::Order(Value element) {
  const std::string path = element["path"].ToString();
  const std::string before = std::exchange(path_before_, path);
  size_t same = 0;  // where the first segment begins that differs
  for (size_t i = 0; i < path.size() && i < before.size() && path[i] == before[i]; ++i) {
    if (path[i] == '.') same = i + 1;
  }
  if (same == 0 || before.size() <= same || path.size() <= same) return;
  const auto segment = [&](const std::string& text) {
    std::string_view rest = std::string_view(text).substr(same);
    rest = rest.substr(0, rest.find('.'));
    return rest.ends_with("[x]") ? rest.substr(0, rest.size() - 3) : rest;
  };
  const Types parent = TypesAt(std::string_view(path).substr(0, same - 1));
  if (parent.open || parent.types.size() != 1) return;
  const std::span<const ElementInfo> elements = definitions_.Elements(parent.types[0]);
  const auto place_of = [&](std::string_view name) {
    return std::find_if(elements.begin(), elements.end(),
                        [&](const ElementInfo& one) { return one.name == name || one.base_name == name; }) -
           elements.begin();
  };
  const auto here = place_of(segment(path)), there = place_of(segment(before));
  const auto size = static_cast<std::ptrdiff_t>(elements.size());
  const bool is_choice =
      here < size && there < size && elements[static_cast<size_t>(here)].choice != 0 &&
      elements[static_cast<size_t>(here)].choice == elements[static_cast<size_t>(there)].choice;
  if (here < there && there < size && !is_choice)
    Add("path", "structure", "stands behind an element that comes after it in the type");
}

/// A profile of an element's type constrains that type.
void StructureChecker::TypeProfiles(Value element) {
  size_t type_place = 0;
  for (const Value given : element["type"]) {
    const std::string at = "type[" + std::to_string(type_place++) + "].profile[";
    const TypeId type = definitions_.FindType(given["code"].ToString());
    if (type == kNoType || definitions_.Type(type).is_abstract || given["_profile"].present()) continue;
    size_t place = 0;
    for (const Value canonical : given["profile"]) {
      const std::string member = at + std::to_string(place++) + "]";
      const auto profile = profiles_.Find(canonical.ToString());
      if (!profile.ok()) continue;
      const TypeId of = *profile != nullptr ? (*profile)->type : profiles_.TypeOf(canonical.ToString());
      if (of != kNoType && of != type)
        Add(member, "value",
            "is a profile of " + std::string(definitions_.Type(of).name) +
                ", not of the type it is given for");
    }
  }
}

/// What a profile must not say, and the url that an extension has.
void StructureChecker::Extensions(Value element) {
  const bool is_extension = structure_["type"].ToString() == "Extension";
  if (!is_extension && element["meaningWhenMissing"].present() && structure_["differential"].present())
    Add("meaningWhenMissing", "structure", "is for the definition of a type: a profile must not say it");
  const std::string id = IdOf(element);
  const Value url = element["fixedUri"];
  if (is_extension && id == "Extension.url" && url.is_string() &&
      structure_["baseDefinition"].ToString() == std::string(kTypeUrl) + "Extension" &&
      url.ToString() != structure_["url"].ToString())
    Add("fixedUri", "value", "is not the url of the extension that is defined here");
}

/// The elements that an extension may stand in are some. What another version of FHIR has is not known here.
void StructureChecker::Contexts() {
  if (structure_["type"].ToString() != "Extension" || !IsOfThisVersion()) return;
  size_t place = 0;
  for (const Value context : structure_["context"]) {
    place_ = "StructureDefinition.context[" + std::to_string(place++) + "]";
    const std::string expression = context["expression"].ToString();
    if (context["type"].ToString() != "element" || expression.find_first_of("#:/ (|") != std::string::npos)
      continue;
    const Types types = TypesAt(expression);
    if (!expression.empty() && types.types.empty() && !types.open)
      Add("expression", "value", "names no element of any type");
  }
}

void StructureChecker::Fixed(Value element) {
  if (base_ == nullptr) return;
  const std::string id = IdOf(element);
  const auto found = base_rules_.find(id);
  if (found == base_rules_.end() || !found->second->fixed) return;
  const ProfileElement* before = found->second;
  const Value given = element[before->fixed.name_text()];
  if (given && !EqualsFixed(given, before->fixed))
    Add(before->fixed.name_text(), "value", "fixes another value than the profile that this one is based on");
}

void StructureChecker::Discriminators(Value element, const Types& types) {
  if (types.open || types.types.size() != 1) return;
  size_t place = 0;
  for (const Value discriminator : element["slicing"]["discriminator"]) {
    const std::string member = "slicing.discriminator[" + std::to_string(place++) + "]";
    const std::string path = discriminator["path"].ToString();
    if (path.empty() || path == "$this") continue;
    const auto compiled = path::Expression::Compile(path, definitions_, types.types[0]);
    if (!compiled.ok())
      Add(member, "value", "is no path of the element that is sliced: " + compiled.error().external);
  }
}

}  // namespace

std::vector<Issue> StructureProblems(Profiles& profiles, Value structure, size_t issues_max,
                                     CheckTime& time) {
  return StructureChecker(profiles, structure, issues_max, time).Run();
}

std::vector<Issue> UnusableProblems(Profiles& profiles, Value structure, size_t issues_max, CheckTime& time) {
  return StructureChecker(profiles, structure, issues_max, time).RunUnusable();
}

}  // namespace tk::fhir
