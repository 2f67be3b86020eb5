// Elements are placed by their ids, which name the slices they stand in ("Patient.name:official.family"). Where ids do not do so, the order
// tells: what stands below a slice's path belongs to the slice that was named last at that path.
// Source: FHIR R4 elementdefinition.html, profiling.html#slicing (slicing of extensions and of types needs no discriminator).
#include "kernel/fhir/profile_builder.h"

#include <algorithm>
#include <charconv>

#include "kernel/fhir/definitions_codes.h"

namespace tk::fhir {
namespace {

constexpr size_t kInvariantsMax = 64;  // of one element
constexpr std::string_view kMaxValueSetUrl =
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";
constexpr std::string_view kProfileElementUrl =
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element";
constexpr std::string_view kSystemUrl = "http://hl7.org/fhirpath/System.";

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint32_t> Number(Value value) {
  if (!value.present()) return std::nullopt;
  const std::string text = value.is_string() ? value.ToString() : std::string(value.Number());
  if (text == "*") return kUnbounded;
  uint32_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

/// The member fixed…, pattern…, minValue…, maxValue… of a definition.
Value Choice(Value definition, std::string_view prefix) {
  for (const Value member : definition) {
    const std::string_view name = member.name_text();
    if (name.size() > prefix.size() && name.substr(0, prefix.size()) == prefix &&
        name[prefix.size()] >= 'A' && name[prefix.size()] <= 'Z')
      return member;
  }
  return {};
}

/// Every element has an id, and that of every slice says so.
bool IdsNameSlices(Value elements) {
  return std::all_of(elements.begin(), elements.end(), [](Value element) {
    const std::string id = element["id"].ToString();
    return !id.empty() && (!element["sliceName"].present() || id.find(':') != std::string::npos);
  });
}

class ProfileBuilder {
 public:
  ProfileBuilder(Profiles& profiles, Value elements, bool from_snapshot, Profile* profile)
      : profiles_(profiles),
        definitions_(profiles.definitions()),
        from_snapshot_(from_snapshot),
        ids_name_slices_(IdsNameSlices(elements)),
        profile_(*profile) {
    for (const Constraint& constraint : definitions_.AllConstraints()) official_.emplace(constraint.key);
  }

  Status Add(Value definition);

 private:
  Error Problem(std::string text) const {
    return MakeError(ErrorCode::kInvalid, "the profile " + profile_.url + ", element " + id_ + ": " + text);
  }
  Status Place(const std::vector<std::string>& segments, const std::string& slice, ProfileElement** out);
  std::vector<std::string> NamedSlices(const std::vector<std::string>& segments) const;
  void Unfold(ProfileElement* element);
  TypeId ChoiceType(TypeId owner, const std::string& name) const;
  ProfileElement* Child(ProfileElement* parent, const std::string& segment, TypeId owner, std::string* slice,
                        TypeId* type);
  static ProfileElement* Within(ProfileElement* element, const std::string& name);
  ProfileElement* SliceOf(ProfileElement* element, const std::string& name);
  static void TextRules(Value definition, ProfileElement* element);
  Status Fill(Value definition, TypeId context, ProfileElement* element);
  void Types(Value definition, ProfileElement* element) const;
  void Bindings(Value binding, ProfileElement* element) const;
  Status Invariants(Value definition, TypeId context, ProfileElement* element);
  Status Slices(Value definition, TypeId context, ProfileElement* element);
  Result<std::shared_ptr<const path::Expression>> CompiledPath(const std::string& path, TypeId context) const;
  TypeId TypeNamed(const std::string& code) const;

  Profiles& profiles_;
  const Definitions& definitions_;
  const bool from_snapshot_;
  const bool ids_name_slices_;
  Profile& profile_;
  std::set<std::string, std::less<>> official_;
  std::string id_;
  std::map<std::string, ProfileElement*> current_;  // by path: where elements below it belong
  std::map<std::string, TypeId> types_;             // by path, as far as it is known
  size_t elements_ = 0;
};

TypeId ProfileBuilder::TypeNamed(const std::string& code) const {
  if (code.rfind(kSystemUrl, 0) == 0) return kNoType;
  const TypeId by_url = definitions_.FindTypeByUrl(code);
  return by_url != kNoType ? by_url : definitions_.FindType(code);
}

Status ProfileBuilder::Add(Value definition) {
  const std::string path = definition["path"].ToString();
  id_ = definition["id"].present() ? definition["id"].ToString() : path;
  if (++elements_ > kProfileElementsMax) return Problem("there are more than 20,000 elements");
  const std::vector<std::string> segments = Split(path, '.');
  if (segments.size() > kProfileDepthMax) return Problem("lies deeper than 32 levels");
  if (segments[0] != definitions_.Type(profile_.type).name)
    return Problem("its path must begin with the type that the profile constrains");
  ProfileElement* element = nullptr;
  if (const Value is_modifier = definition["isModifier"]; is_modifier && segments.size() == 1)
    profile_.is_modifier = is_modifier.IsTrue();
  TRY(Place(segments, definition["sliceName"].ToString(), &element));
  element->definition = id_;
  const auto known = types_.find(path);
  return Fill(definition, known == types_.end() ? kNoType : known->second, element);
}

// The element of `segment` below `parent`; valueQuantity of a choice is its slice of that name.
ProfileElement* ProfileBuilder::Child(ProfileElement* parent, const std::string& segment, TypeId owner,
                                      std::string* slice, TypeId* type) {
  std::string name = segment;
  if (name.ends_with("[x]")) name.resize(name.size() - 3);
  *type = kNoType;
  if (owner != kNoType) {
    for (const ElementInfo& element : definitions_.Elements(owner)) {
      if (element.name == name && element.choice != 0 && element.base_name != name) {
        *type = element.type;
        *slice = name;
        name = std::string(element.base_name);
        break;
      }
      if (element.base_name == name && element.choice == 0) *type = element.type;
    }
  }
  ProfileElement* child = parent->Child(name);
  if (child == nullptr) {
    parent->children.push_back(std::make_unique<ProfileElement>());
    child = parent->children.back().get();
    child->name = name;
  }
  return child;
}

/// The slice "a/b" that is there already; nullptr: none.
ProfileElement* ProfileBuilder::Within(ProfileElement* element, const std::string& name) {
  if (ProfileElement* slice = element->Slice(name)) return slice;
  const size_t slash = name.rfind('/');
  ProfileElement* outer = slash == std::string::npos ? nullptr : Within(element, name.substr(0, slash));
  return outer == nullptr ? nullptr : outer->Slice(name);
}

// "a/b" is a slice of the slice "a", where there is one.
ProfileElement* ProfileBuilder::SliceOf(ProfileElement* element, const std::string& name) {
  const size_t slash = name.rfind('/');
  if (slash != std::string::npos) {
    if (ProfileElement* outer = Within(element, name.substr(0, slash))) element = outer;
  }
  if (ProfileElement* slice = element->Slice(name)) return slice;
  if (element->slices.size() >= kSlicesMax) return nullptr;
  element->slices.push_back(std::make_unique<ProfileElement>());
  ProfileElement* slice = element->slices.back().get();
  slice->name = element->name;
  slice->slice = name;
  return slice;
}

/// The slice that each segment of the path stands in by the id; empty where the id does not tell.
std::vector<std::string> ProfileBuilder::NamedSlices(const std::vector<std::string>& segments) const {
  if (!ids_name_slices_) return {};
  std::vector<std::string> named = Split(id_, '.');
  if (named.size() != segments.size()) return {};
  for (std::string& segment : named) {
    const size_t colon = segment.find(':');
    segment = colon == std::string::npos ? std::string() : segment.substr(colon + 1);
  }
  return named;
}

/// What stands below an element with a profile of its own (an extension, an address) is what that profile says, where this one says no more.
void ProfileBuilder::Unfold(ProfileElement* element) {
  if (from_snapshot_ || !element->children.empty() || element->types.size() != 1 ||
      element->types[0].profiles.size() != 1)
    return;
  const auto found = profiles_.Find(element->types[0].profiles[0]);
  if (!found.ok() || *found == nullptr) return;
  for (const auto& child : (*found)->root->children) element->children.push_back(child->Clone());
  profile_.documents.insert(profile_.documents.end(), (*found)->documents.begin(), (*found)->documents.end());
}

/// valueQuantity → Quantity, of the choice value[x] of `owner`.
TypeId ProfileBuilder::ChoiceType(TypeId owner, const std::string& name) const {
  if (owner == kNoType) return kNoType;
  for (const ElementInfo& element : definitions_.Elements(owner)) {
    if (element.choice != 0 && element.name == name) return element.type;
  }
  return kNoType;
}

Status ProfileBuilder::Place(const std::vector<std::string>& segments, const std::string& slice,
                             ProfileElement** out) {
  std::string path = segments[0];
  if (current_.empty()) {
    current_[path] = profile_.root.get();
    types_[path] = profile_.type;
  }
  const std::vector<std::string> named = NamedSlices(segments);
  ProfileElement* element = current_[path];
  for (size_t i = 1; i < segments.size(); ++i) {
    const std::string parent = path;
    path += "." + segments[i];
    const bool is_last = i + 1 == segments.size();
    const auto known = current_.find(path);
    if (!is_last && known != current_.end() &&
        (named.empty() || known->second->slice == named[i] || known->second->slice == segments[i])) {
      element = known->second;
      continue;
    }
    Unfold(element);
    std::string slice_name;
    TypeId type = kNoType;
    const TypeId owner = types_[parent];
    element = Child(element, segments[i], owner, &slice_name, &type);
    if (is_last && !slice.empty()) {
      slice_name = slice;
    } else if (!named.empty() && !named[i].empty()) {
      slice_name = named[i];
    }
    if (!slice_name.empty()) {
      const TypeId by_type = ChoiceType(owner, slice_name);
      if (!is_last && by_type == kNoType && element->Slice(slice_name) == nullptr &&
          slice_name.find('/') == std::string::npos)
        return Problem("its id names the slice " + slice_name +
                       ", which neither this profile nor its base has");
      element = SliceOf(element, slice_name);
      if (element == nullptr) return Problem("there are more than 512 slices");
      if (by_type != kNoType && element->types.empty()) element->types.push_back({by_type, {}, {}});
      if (type == kNoType) type = by_type;
    }
    // What lay below the former one of this path is no longer meant.
    std::erase_if(current_, [&](const auto& entry) { return entry.first.rfind(path + ".", 0) == 0; });
    std::erase_if(types_, [&](const auto& entry) { return entry.first.rfind(path + ".", 0) == 0; });
    current_[path] = element;
    types_[path] = type;
  }
  *out = element;
  return {};
}

void ProfileBuilder::Types(Value definition, ProfileElement* element) const {
  if (definition["type"].size() == 0) return;
  std::vector<TypeRule> types;
  for (const Value given : definition["type"]) {
    TypeRule rule;
    rule.type = TypeNamed(given["code"].ToString());
    const Value beside = given["_profile"];
    size_t place = 0;
    for (const Value profile : given["profile"]) {
      rule.profiles.push_back(profile.ToString());
      for (const Value extension : beside.At(place++)["extension"]) {
        if (extension["url"].ToString() == kProfileElementUrl)
          rule.profiles.back() += "#" + extension["valueString"].ToString();
      }
    }
    for (const Value target : given["targetProfile"]) rule.targets.push_back(target.ToString());
    for (const Value mode : given["aggregation"]) {
      const std::string name = mode.ToString();
      if (name == "contained") rule.aggregation |= kContainedHere;
      if (name == "referenced") rule.aggregation |= kElsewhere;
      if (name == "bundled") rule.aggregation |= kInBundle;
    }
    types.push_back(std::move(rule));
  }
  element->types = std::move(types);
}

// The binding itself, the limit of one that is not required, and additional ones, which R4 has as extensions.
// Source: FHIR R4 elementdefinition-binding, extension elementdefinition-maxValueSet; R5 ElementDefinition.binding.additional.
void ProfileBuilder::Bindings(Value binding, ProfileElement* element) const {
  using Part = ProfileBinding::Part;
  using Strength = ProfileBinding::Strength;
  const auto replace = [&](Part part, Strength strength, std::string value_set) {
    if (value_set.empty()) return;
    if (value_set.front() == '#') value_set.insert(0, profile_.url);  // one that the profile contains
    if (part != Part::kAdditional)
      std::erase_if(element->bindings, [&](const ProfileBinding& other) {
        return other.part == part && other.strength >= strength;  // no profile may loosen what its base asks
      });
    element->bindings.push_back({strength, part, std::move(value_set)});
  };
  const std::string strength = binding["strength"].ToString();
  const std::string value_set = binding["valueSet"].ToString();
  if (strength == "required") replace(Part::kMain, Strength::kRequired, value_set);
  if (strength == "extensible") replace(Part::kMain, Strength::kExtensible, value_set);
  if (strength == "preferred") replace(Part::kMain, Strength::kPreferred, value_set);
  for (const Value extension : binding["extension"]) {
    const std::string url = extension["url"].ToString();
    if (url == kMaxValueSetUrl)
      replace(Part::kMax, Strength::kRequired,
              (extension["valueCanonical"] ? extension["valueCanonical"] : extension["valueUri"]).ToString());
    if (!url.ends_with(".binding.additional") && !url.ends_with("/additional-binding")) continue;
    std::string purpose, additional;
    bool is_limited = false;  // to a context of use
    for (const Value part : extension["extension"]) {
      const std::string name = part["url"].ToString();
      if (name == "purpose") purpose = part["valueCode"].ToString();
      if (name == "valueSet") additional = part["valueCanonical"].ToString();
      is_limited = is_limited || name == "usage" || name == "any";
    }
    if (purpose == "required" && !is_limited) replace(Part::kAdditional, Strength::kRequired, additional);
  }
}

Status ProfileBuilder::Invariants(Value definition, TypeId context, ProfileElement* element) {
  for (const Value given : definition["constraint"]) {
    ProfileInvariant invariant;
    invariant.key = given["key"].ToString();
    invariant.human = given["human"].ToString();
    invariant.text = given["expression"].ToString();
    invariant.is_error = given["severity"].ToString() != "warning";
    const std::string source = given["source"].ToString();
    const bool from_type =
        source.empty() ? from_snapshot_ : TypeNamed(std::string(WithoutVersion(source))) != kNoType;
    const bool known = std::any_of(element->invariants.begin(), element->invariants.end(),
                                   [&](const ProfileInvariant& other) {
                                     return other.key == invariant.key && other.text == invariant.text;
                                   });
    // Those of the type itself, which snapshots repeat, hold anyway.
    if (invariant.text.empty() || known || (from_type && official_.count(invariant.key) != 0)) continue;
    if (element->invariants.size() >= kInvariantsMax) return Problem("has more than 64 invariants");
    auto compiled = path::Expression::Compile(invariant.text, definitions_, context);
    if (compiled.ok()) {
      invariant.expression = std::make_shared<const path::Expression>(std::move(compiled).value());
    } else {
      invariant.problem = compiled.error().external;
    }
    element->invariants.push_back(std::move(invariant));
  }
  return {};
}

Result<std::shared_ptr<const path::Expression>> ProfileBuilder::CompiledPath(const std::string& path,
                                                                             TypeId context) const {
  auto compiled = path::Expression::Compile(path, definitions_, context);
  if (!compiled.ok()) return Problem("its discriminator: " + compiled.error().external);
  return std::make_shared<const path::Expression>(std::move(compiled).value());
}

Status ProfileBuilder::Slices(Value definition, TypeId context, ProfileElement* element) {
  const Value given = definition["slicing"];
  if (!given.present()) return {};
  Slicing slicing;
  slicing.ordered = given["ordered"].IsTrue();
  slicing.closed = given["rules"].ToString() == "closed";
  slicing.open_at_end = given["rules"].ToString() == "openAtEnd";
  for (const Value item : given["discriminator"]) {
    Discriminator discriminator;
    const std::string kind = item["type"].ToString();
    discriminator.path = item["path"].ToString();
    if (kind == "exists") discriminator.kind = Discriminator::Kind::kExists;
    if (kind == "type") discriminator.kind = Discriminator::Kind::kType;
    if (kind == "profile") discriminator.kind = Discriminator::Kind::kProfile;
    if (discriminator.path != "$this")
      discriminator.expression = TRY(CompiledPath(discriminator.path, context));
    constexpr std::string_view kResolve = "resolve()";
    const size_t resolve = discriminator.path.find(kResolve);
    if (resolve != std::string::npos) {
      discriminator.resolves = true;
      discriminator.ends_at_target = resolve + kResolve.size() == discriminator.path.size();
      if (resolve > 1)
        discriminator.reference = TRY(CompiledPath(discriminator.path.substr(0, resolve - 1), context));
    }
    slicing.discriminators.push_back(std::move(discriminator));
  }
  element->slicing = std::move(slicing);
  return {};
}

// What R4 has as extensions of an element: its least length, and the form of its text.
void ProfileBuilder::TextRules(Value definition, ProfileElement* element) {
  for (const Value extension : definition["extension"]) {
    const std::string url = extension["url"].ToString();
    if (!url.starts_with(kTypeUrl)) continue;
    if (url.compare(kTypeUrl.size(), std::string::npos, "minLength") == 0)
      element->length_min = Number(extension["valueInteger"]);
    if (url.compare(kTypeUrl.size(), std::string::npos, "regex") != 0) continue;
    auto form = path::Pattern::Make(extension["valueString"].ToString(), "");
    element->form_problem =
        form.ok() ? "" : form.error().external;  // only this is not asked then, which is told
    element->form = form.ok() ? std::move(form).value() : nullptr;
  }
}

Status ProfileBuilder::Fill(Value definition, TypeId context, ProfileElement* element) {
  if (const auto min = Number(definition["min"])) element->min = min;
  if (const auto max = Number(definition["max"])) element->max = max;
  if (const auto length = Number(definition["maxLength"])) element->length_max = length;
  Types(definition, element);
  if (const Value fixed = Choice(definition, "fixed")) element->fixed = fixed;
  if (const Value pattern = Choice(definition, "pattern")) element->pattern = pattern;
  if (const Value least = Choice(definition, "minValue")) element->min_value = least;
  if (const Value most = Choice(definition, "maxValue")) element->max_value = most;
  if (const Value binding = definition["binding"]) Bindings(binding, element);
  const std::string content = definition["contentReference"].ToString();
  if (!content.empty()) element->content = content.substr(content.find('#') + 1);
  // Of a choice narrowed to one type, that type is what its invariants speak of.
  if (context == kNoType && element->types.size() == 1) context = element->types[0].type;
  if (context != kNoType && definitions_.IsResource(context)) {
    const bool is_root = element == profile_.root.get();
    if (!is_root) context = kNoType;
  }
  types_[definition["path"].ToString()] = context;
  TRY(Invariants(definition, context, element));
  TextRules(definition, element);
  return Slices(definition, context, element);
}

std::shared_ptr<const path::Expression> CompiledUntyped(const Definitions& definitions,
                                                        const std::string& text) {
  auto compiled = path::Expression::Compile(text, definitions, kNoType);
  return compiled.ok() ? std::make_shared<const path::Expression>(std::move(compiled).value()) : nullptr;
}

}  // namespace

void BuildContext(const Definitions& definitions, Value structure, Profile* profile) {
  for (const Value given : structure["context"]) {
    ExtensionContext context;
    const std::string kind = given["type"].ToString();
    context.expression = given["expression"].ToString();
    if (kind == "extension") context.kind = ExtensionContext::Kind::kExtension;
    if (kind == "fhirpath") {
      context.kind = ExtensionContext::Kind::kFhirPath;
      context.test = CompiledUntyped(definitions, context.expression);
    }
    profile->contexts.push_back(std::move(context));
  }
  for (const Value given : structure["contextInvariant"]) {
    ProfileInvariant invariant;
    invariant.text = given.ToString();
    invariant.expression = CompiledUntyped(definitions, invariant.text);
    profile->context_invariants.push_back(std::move(invariant));
  }
}

Status BuildProfile(Profiles& profiles, Value structure, bool from_snapshot, Profile* profile) {
  const Value elements = structure[from_snapshot ? "snapshot" : "differential"]["element"];
  ProfileBuilder builder(profiles, elements, from_snapshot, profile);
  for (const Value element : elements) TRY(builder.Add(element));
  return {};
}

}  // namespace tk::fhir
