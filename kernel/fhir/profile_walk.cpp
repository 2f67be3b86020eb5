// The way through a resource, to everything that is checked without being asked for: what it claims, its extensions, what it contains,
// the bindings of its types.
// Source: FHIR R4 extensibility.html, defining-extensions.html#context, profiling.html, observation-vitalsigns.html.
#include <algorithm>

#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/own_address.h"
#include "kernel/fhir/profile_builder.h"
#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

constexpr size_t kWalkDepthMax = 128;
constexpr std::ptrdiff_t kPlacePartsMax = 64;  // of the path that a definition's value is of

/// The vital signs that R4 has a profile for, by the codes that tell them: LOINC's, which the profile asks for, and those of SNOMED CT
/// for the same. 76534-7 is a pressure told more closely: R4 wants the panel's code beside it.
struct VitalSign {
  std::string_view loinc, snomed, profile;
};
constexpr VitalSign kVitalSigns[] = {{"85353-1", "", "vitalspanel"},
                                     {"9279-1", "86290005", "resprate"},
                                     {"8867-4", "364075005", "heartrate"},
                                     {"2708-6", "431314004", "oxygensat"},
                                     {"8310-5", "276885007", "bodytemp"},
                                     {"8302-2", "50373000", "bodyheight"},
                                     {"9843-4", "363811000", "headcircum"},
                                     {"29463-7", "27113001", "bodyweight"},
                                     {"39156-5", "60621009", "bmi"},
                                     {"85354-9", "75367002", "bp"},
                                     {"76534-7", "", "bp"}};

/// Without the [x] that a choice is written with in definitions.
std::string WithoutChoiceMarks(std::string text) {
  for (size_t at; (at = text.find("[x]")) != std::string::npos;) text.erase(at, 3);
  return text;
}

}  // namespace

void ProfileChecker::Resource(Value resource, TypeId type) {
  const bool is_bundle = definitions_.Type(type).name == "Bundle";
  if (is_bundle) EnterBundle(resource);
  const Value outer = std::exchange(resource_, resource);
  std::vector<Holder> outer_holders = std::exchange(holders_, {{resource, type, kNoType, {}}});
  Claimed(resource);
  if (options_.implied) VitalSigns(resource, type);
  TypeBindings(resource, type);
  Walk(resource, type);
  holders_ = std::move(outer_holders);
  resource_ = outer;
  if (is_bundle) LeaveBundle();
}

/// Goes to extensions and to resources within; everything else is the profile's business.
void ProfileChecker::Walk(Value object, TypeId type) {
  if (path_.size() > kWalkDepthMax || !Work()) return;
  for (const Value member : object) {
    if (!member.is_object() && !member.is_array()) continue;
    std::string_view name = member.name_text();
    if (!name.empty() && name.front() == '_') name.remove_prefix(1);
    const ElementInfo* element = definitions_.FindElement(type, Names::Find(name));
    if (element == nullptr) continue;
    const bool is_resource = definitions_.Type(element->type).type_class == TypeClass::kResource;
    path_.push_back({std::string(element->base_name), member.is_array() ? 0 : -1});
    const auto one = [&](Value value) {
      if (!value.is_object()) return;
      if (!is_resource) {
        if (definitions_.Type(element->type).name == "Extension")
          KnownExtension(value, element->base_name == "modifierExtension");
        TypeBindings(value, element->type);
        holders_.push_back({value, element->type, type, element->base_name});
        Walk(value, element->type);
        return holders_.pop_back();
      }
      const path::Item inner = path::ResourceItem(definitions_, value);
      if (inner.type == kNoType) return;
      const Value outer = container_;
      if (element->name != "contained") container_ = value;
      Resource(value, inner.type);
      container_ = outer;
    };
    if (member.is_object()) {
      one(member);
    } else {
      for (const Value value : member) {
        one(value);
        ++path_.back().index;
      }
    }
    path_.pop_back();
  }
}

void ProfileChecker::Claimed(Value resource) {
  for (const Value claim : resource["meta"]["profile"]) {
    const std::string canonical = claim.ToString();
    const auto profile = FindProfile(profiles_, canonical, options_.own_base);
    const TypeId type = profiles_.TypeOf(canonical);
    const Item item = path::ResourceItem(definitions_, resource);
    if (!profile.ok()) {
      Add(Severity::kWarning, "not-supported", "is not checked: " + profile.error().external);
    } else if (*profile != nullptr) {
      CheckProfile(item, **profile);
    } else if (type != kNoType) {  // a type itself, which the validator checks
      if (!definitions_.IsA(item.type, type))
        Error("structure", "claims to be a " + std::string(definitions_.Type(type).name));
    } else if (!canonical.empty())
      Add(Severity::kWarning, "not-found",
          "claims the profile " + canonical + ", which is not known here: not checked");
  }
}

/// `is_modifier`: it stands in modifierExtension.
void ProfileChecker::KnownExtension(Value extension, bool is_modifier) {
  const std::string url = extension["url"].ToString();
  const bool is_part = definitions_.Type(holders_.back().type).name == "Extension";
  if (!is_part && options_.warnings && !url.empty() && url.find(':') == std::string::npos) {
    path_.push_back({"url", -1});
    Error("value", "must be an absolute URI: only a part of an extension is named within that one");
    path_.pop_back();
  }
  if (url.rfind("http", 0) != 0 && url.rfind("urn:", 0) != 0) return;  // a part of another one
  // Its url names the definition; which version of it is not the url's to say. R5 says so in words: no write is refused for it.
  const std::string plain(WithoutVersion(url));
  if (plain.size() != url.size()) {
    if (!options_.warnings) return;
    path_.push_back({"url", -1});
    Error("value", "must not contain a version");
    path_.pop_back();
  }
  const auto profile = profiles_.Find(plain);
  if (!profile.ok() || *profile == nullptr || definitions_.Type((*profile)->type).name != "Extension") {
    return Add(Severity::kInformation, "not-found",
               "is an extension that is not known here (" + url + "): not checked");
  }
  // Whoever reads a resource has to understand its modifier extensions and looks for them there alone.
  if (is_modifier != (*profile)->is_modifier) {
    Error("structure", is_modifier
                           ? "is no modifier by its definition (" + plain + "): it stands in extension"
                           : "changes what the element means, by its definition (" + plain +
                                 ", isModifier): it stands in modifierExtension");
  }
  const path::Item item{extension, Value(), (*profile)->type, {}};
  CheckProfile(item, **profile);
  const Profile* outer = std::exchange(profile_, profile->get());
  Parts(**profile, extension);
  Context(**profile, item);
  profile_ = outer;
}

// The url of a part means something only by the extension that it stands in. Told by $validate: no write is refused for it.
void ProfileChecker::Parts(const Profile& profile, Value extension) {
  const ProfileElement* parts = profile.root->Child("extension");
  if (!options_.warnings || parts == nullptr) return;
  std::vector<std::string> urls;
  for (const auto& slice : parts->slices) {
    if (const ProfileElement* url = slice->Child("url"); url != nullptr && url->fixed)
      urls.push_back(url->fixed.ToString());
  }
  if (urls.empty()) return;
  path_.push_back({"extension", 0});
  for (const Value part : extension["extension"]) {
    const std::string url = part["url"].ToString();
    const bool is_relative = !url.empty() && url.find(':') == std::string::npos;
    if (is_relative && std::find(urls.begin(), urls.end(), url) == urls.end())
      Error("structure", "is no part that the extension has by its definition");
    ++path_.back().index;
  }
  path_.pop_back();
}

void ProfileChecker::Context(const Profile& profile, const Item& extension) {
  const Holder& holder = holders_.back();
  const bool fits = profile.contexts.empty() ||
                    std::any_of(profile.contexts.begin(), profile.contexts.end(),
                                [&](const ExtensionContext& context) { return IsContext(context, holder); });
  if (!fits) {
    std::string permitted;
    for (const ExtensionContext& context : profile.contexts)
      permitted += (permitted.empty() ? "" : ", ") + context.expression;
    Error("structure", "is an extension that must not stand here; its context is: " + permitted);
  }
  if (definitions_.Type(holder.type).type_class == TypeClass::kPrimitive)
    return;  // its value stands elsewhere
  path::Environment environment = PathEnvironment();
  environment.variables.emplace_back("extension", path::Collection{extension});
  for (const ProfileInvariant& invariant : profile.context_invariants) {
    if (!Work() || invariant.expression == nullptr) return;
    const auto holds = invariant.expression->Test(environment, {holder.value, Value(), holder.type, {}});
    if (holds.ok() && !*holds) Error("invariant", "is an extension that needs: " + invariant.text);
  }
}

bool ProfileChecker::IsContext(const ExtensionContext& context, const Holder& holder) {
  using Where = ExtensionContext::Kind;
  if (const size_t value = ValueOfDefinition(); value != 0) {
    const auto place = PlaceOfValue(value);
    if (!place || context.kind == Where::kFhirPath) return true;  // it cannot be decided
    if (context.kind == Where::kElement)
      return IsElement(WithoutChoiceMarks(context.expression), *place) ||
             IsElement(WithoutChoiceMarks(context.expression), holders_);
    if (value + 1 == holders_.size()) return true;  // of an extension that is not here itself
  }
  if (context.kind == Where::kFhirPath) {
    path::Collection items;
    if (context.test == nullptr ||
        !context.test->Evaluate(PathEnvironment(), path::ResourceItem(definitions_, resource_), &items).ok())
      return true;  // it cannot be decided
    return std::any_of(items.begin(), items.end(), [&](const Item& item) {
      return item.node == holder.value || item.extension_node == holder.value;
    });
  }
  if (context.kind == Where::kExtension) {
    const size_t part = context.expression.find('#');
    std::string url = holder.value["url"].ToString();
    if (part != std::string::npos && holders_.size() > 1) {  // http://whole#part
      if (url != context.expression.substr(part + 1)) return false;
      url = holders_[holders_.size() - 2].value["url"].ToString();
    }
    return url == context.expression.substr(0, part);
  }
  return IsElement(WithoutChoiceMarks(context.expression), holders_);
}

/// Which holder is a value in an ElementDefinition: an example, a pattern, what is fixed. 0: none.
size_t ProfileChecker::ValueOfDefinition() const {
  for (size_t i = 1; i + 1 < holders_.size(); ++i) {
    if (definitions_.Type(holders_[i].type).name != "ElementDefinition") continue;
    const std::string_view name = holders_[i + 1].name;
    if (name == "fixed" || name == "pattern" || name == "defaultValue") return i + 1;
    if (name == "example" && i + 2 < holders_.size() && holders_[i + 2].name == "value") return i + 2;
  }
  return 0;
}

/// Such a value stands for the element that is defined, and what is in it stands as if there; nullopt: not known here.
std::optional<std::vector<ProfileChecker::Holder>> ProfileChecker::PlaceOfValue(size_t value) const {
  const size_t definition = holders_[value].name == "value" ? value - 2 : value - 1;
  const std::string path = WithoutChoiceMarks(holders_[definition].value["path"].ToString());
  if (std::count(path.begin(), path.end(), '.') > kPlacePartsMax) return std::nullopt;
  std::string_view rest = path;
  const auto take = [&] {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
  };
  std::vector<Holder> place = {{Value(), definitions_.FindType(take()), kNoType, {}}};
  while (!rest.empty() && place.back().type != kNoType) {
    const std::string_view part = take();
    const TypeId owner = place.back().type;
    const auto elements = definitions_.Elements(owner);
    const auto found = std::find_if(elements.begin(), elements.end(), [&](const ElementInfo& element) {
      return element.base_name == part || element.name == part;
    });
    if (found == elements.end()) return std::nullopt;
    place.push_back({Value(), found->type, owner, found->base_name});
  }
  if (place.back().type == kNoType) return std::nullopt;
  place.back().value = holders_[value].value;
  place.back().type = holders_[value].type;
  place.insert(place.end(), holders_.begin() + static_cast<std::ptrdiff_t>(value) + 1, holders_.end());
  return place;
}

/// Is the holder of this type, or the element of this path ("Patient", "HumanName.family", "Questionnaire.item.item")?
bool ProfileChecker::IsElement(std::string_view expression, const std::vector<Holder>& holders) {
  const Holder& holder = holders.back();
  if (expression == "Element") return true;
  if (expression.find('#') != std::string_view::npos || expression.find(':') != std::string_view::npos) {
    const size_t part = std::min(expression.find('#'), expression.size());
    const TypeId type = definitions_.FindTypeByUrl(expression.substr(0, part));
    if (type == kNoType && !expression.starts_with(kTypeUrl))
      return true;  // an element of a profile: not decided
    expression = part < expression.size() ? expression.substr(part + 1)
                 : type != kNoType        ? definitions_.Type(type).name
                                          : expression.substr(kTypeUrl.size());
  }
  const TypeId type = definitions_.FindType(expression);
  if (type != kNoType && definitions_.IsA(holder.type, type)) return true;
  if (definitions_.FindType(expression.substr(0, expression.find('.'))) == kNoType)
    return true;  // nor is that known
  std::string path(definitions_.Type(holders[0].type).name);
  for (size_t i = 1; i < holders.size(); ++i) path += "." + std::string(holders[i].name);
  if (path == expression) return true;
  for (TypeId owner = holder.owner; owner != kNoType; owner = definitions_.Type(owner).base) {
    if (std::string(definitions_.Type(owner).name) + "." + std::string(holder.name) == expression)
      return true;
  }
  return false;
}

/// Whoever records one of these keeps to its profile: the specification asks it of every Observation of that kind.
void ProfileChecker::VitalSigns(Value resource, TypeId type) {
  if (definitions_.Type(type).name != "Observation") return;
  for (const VitalSign& vital : kVitalSigns) {
    for (const Value coding : resource["code"]["coding"]) {
      const std::string system = coding["system"].ToString();
      const std::string code = coding["code"].ToString();
      if ((system != "http://loinc.org" || code != vital.loinc) &&
          (system != "http://snomed.info/sct" || vital.snomed.empty() || code != vital.snomed))
        continue;
      if (const ProfilePtr profile = Known(std::string(kTypeUrl) + std::string(vital.profile)))
        CheckProfile(path::ResourceItem(definitions_, resource), *profile);
      break;
    }
  }
}

void ProfileChecker::TypeBindings(Value value, TypeId type) {
  if (!options_.warnings) return;
  const Profile* bindings = profiles_.Bindings(type);
  if (bindings != nullptr) CheckProfile({value, Value(), type, {}}, *bindings);
}

}  // namespace tk::fhir
