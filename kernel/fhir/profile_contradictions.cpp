#include "kernel/fhir/profile_contradictions.h"

#include <algorithm>
#include <charconv>

#include "kernel/fhir/profile_builder.h"

namespace tk::fhir {
namespace {

constexpr std::string_view kSystemTypes = "http://hl7.org/fhirpath/System.";
constexpr std::string_view kValuePrefixes[] = {"fixed", "pattern"};

std::string Times(uint32_t count) { return count == kUnbounded ? "*" : std::to_string(count); }

/// Of its binding itself; nullopt: it has none that is told.
std::optional<ProfileBinding::Strength> StrengthOf(const ProfileElement& rule) {
  for (const ProfileBinding& binding : rule.bindings) {
    if (binding.part == ProfileBinding::Part::kMain) return binding.strength;
  }
  return std::nullopt;
}

class BaseComparison {
 public:
  BaseComparison(Profiles& profiles, Value definition, const BaseElement& base,
                 const std::function<void(std::string_view, std::string)>& tell)
      : profiles_(profiles),
        definitions_(profiles.definitions()),
        definition_(definition),
        base_(base),
        tell_(tell) {}

  void Cardinality() const;
  void Types() const;
  void Binding() const;
  std::string WeakenedBinding() const;
  void Values() const;

 private:
  static std::optional<uint32_t> Count(Value value);
  TypeId TypeNamed(const std::string& code) const;
  bool IsAmong(TypeId type, TypeId base) const;
  bool IsAmongBase(const std::string& code) const;
  std::string BaseTypes() const;
  const std::vector<TypeRule>* RuleTypes() const;
  std::vector<TypeId> EffectiveTypes() const;
  bool IsPrimitive(TypeId type) const {
    return type != kNoType && definitions_.Type(type).type_class == TypeClass::kPrimitive;
  }
  bool TakesValue(TypeId element, TypeId value) const;
  using Strength = ProfileBinding::Strength;
  std::optional<Strength> StrengthByType(TypeId owner, const ElementInfo& element) const;
  template <class Is>
  bool EachTypeBinds(const Is& is) const {
    return std::all_of(base_.of_type.begin(), base_.of_type.end(),
                       [&](const auto& one) { return is(StrengthByType(one.first, *one.second)); });
  }

  Profiles& profiles_;
  const Definitions& definitions_;
  const Value definition_;
  const BaseElement& base_;
  const std::function<void(std::string_view, std::string)>& tell_;
};

std::optional<uint32_t> BaseComparison::Count(Value value) {
  if (!value.present()) return std::nullopt;
  const std::string text = value.is_string() ? value.ToString() : std::string(value.Number());
  if (text == "*") return kUnbounded;
  uint32_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(count)
                                                                         : std::nullopt;
}

void BaseComparison::Cardinality() const {
  uint32_t least = kUnbounded, most = 0;
  for (const auto& [owner, element] : base_.of_type) {
    least = std::min<uint32_t>(least, element->min);
    most = std::max(most, element->max == 0xffff ? kUnbounded : uint32_t{element->max});
  }
  if (base_.is_slice) least = 0;
  if (base_.rule != nullptr) {
    least = std::max(least, base_.rule->min.value_or(0));
    most = std::min(most, base_.rule->max.value_or(kUnbounded));
  }
  const auto min = Count(definition_["min"]), max = Count(definition_["max"]);
  if (max && *max > most)
    tell_("max", "permits more (" + Times(*max) + ") than the base does (" + Times(most) + ")");
  if (min && *min < least)
    tell_("min", "asks for less (" + Times(*min) + ") than the base does (" + Times(least) + ")");
  if (min && !max && *min > most)
    tell_("min", "asks for more (" + Times(*min) + ") than the base permits (" + Times(most) + ")");
}

TypeId BaseComparison::TypeNamed(const std::string& code) const {
  const TypeId by_url = definitions_.FindTypeByUrl(code);
  const TypeId type = by_url != kNoType ? by_url : definitions_.FindType(code);
  // SimpleQuantity and MoneyQuantity are codes of types, but profiles.
  return type != kNoType ? type : profiles_.TypeOf(std::string(kTypeUrl) + code);
}

/// What has no name of its own in JSON is written as BackboneElement or Element; ids and urls have a type of the language's system.
bool BaseComparison::IsAmong(TypeId type, TypeId base) const {
  const TypeInfo& info = definitions_.Type(base);
  if (info.type_class == TypeClass::kBackbone || info.name.starts_with(kSystemTypes))
    return definitions_.IsA(base, type) || info.name.starts_with(kSystemTypes) ||
           definitions_.Type(type).name == "BackboneElement" || definitions_.Type(type).name == "Element";
  return definitions_.IsA(type, base);
}

const std::vector<TypeRule>* BaseComparison::RuleTypes() const {
  const ProfileElement* rule = base_.rule != nullptr ? base_.rule : base_.whole;
  if (rule == nullptr || rule->types.empty()) return nullptr;
  const bool known = std::none_of(rule->types.begin(), rule->types.end(),
                                  [](const TypeRule& one) { return one.type == kNoType; });
  return known ? &rule->types : nullptr;
}

bool BaseComparison::IsAmongBase(const std::string& code) const {
  if (code.starts_with(kSystemTypes)) {
    return std::any_of(base_.of_type.begin(), base_.of_type.end(), [&](const auto& one) {
      return IsPrimitive(one.second->type) ||
             definitions_.Type(one.second->type).name.starts_with(kSystemTypes);
    });
  }
  const TypeId type = TypeNamed(code);
  if (type == kNoType) return false;
  const bool of_type = std::any_of(base_.of_type.begin(), base_.of_type.end(),
                                   [&](const auto& one) { return IsAmong(type, one.second->type); });
  const std::vector<TypeRule>* rules = RuleTypes();
  return of_type && (rules == nullptr || std::any_of(rules->begin(), rules->end(), [&](const TypeRule& one) {
                       return IsAmong(type, one.type);
                     }));
}

std::string BaseComparison::BaseTypes() const {
  constexpr size_t kNamed = 8;
  std::vector<std::string_view> names;
  if (const std::vector<TypeRule>* rules = RuleTypes()) {
    for (const TypeRule& rule : *rules) names.push_back(definitions_.Type(rule.type).name);
  } else {
    for (const auto& [owner, element] : base_.of_type) names.push_back(definitions_.Type(element->type).name);
  }
  std::string text;
  for (size_t i = 0; i < names.size() && i < kNamed; ++i)
    text.append(text.empty() ? "" : ", ").append(names[i]);
  return names.size() > kNamed ? text + " …" : text;
}

void BaseComparison::Types() const {
  size_t place = 0;
  for (const Value given : definition_["type"]) {
    const std::string member = "type[" + std::to_string(place++) + "].code";
    const Value code = given["code"];
    if (code.is_string() && !IsAmongBase(code.ToString()))
      tell_(member, code.ToString() + " is none of the base's types (" + BaseTypes() +
                        ") and specializes none of them");
  }
}

std::optional<ProfileBinding::Strength> BaseComparison::StrengthByType(TypeId owner,
                                                                       const ElementInfo& element) const {
  // What is bound otherwise is kept apart: codes whose limit is another set (language), sets that cannot be listed.
  const std::string_view name = definitions_.Type(owner).name;
  const TypeId root = definitions_.FindType(name.substr(0, name.find('.')));
  std::string path = std::string(name) + "." + std::string(element.base_name);
  if (element.choice != 0) path += "[x]";
  const Profile* bindings = root == kNoType ? nullptr : profiles_.Bindings(root);
  const ProfileElement* rule = bindings == nullptr ? nullptr : bindings->Find(path);
  if (const auto strength = rule == nullptr ? std::nullopt : StrengthOf(*rule)) return strength;
  return element.required_codes != kNoCodeSet ? std::optional(Strength::kRequired) : std::nullopt;
}

void BaseComparison::Binding() const {
  const Value strength = definition_["binding"]["strength"];
  if (!strength.is_string() || strength.ToString() == "required") return;
  const bool of_rule = base_.rule != nullptr && StrengthOf(*base_.rule) == Strength::kRequired;
  if (of_rule || EachTypeBinds([](auto one) { return one == Strength::kRequired; }))
    tell_("binding.strength", "is weaker (" + strength.ToString() + ") than that of the base (required)");
}

std::string BaseComparison::WeakenedBinding() const {
  const std::string strength = definition_["binding"]["strength"].ToString();
  if (strength != "preferred" && strength != "example") return {};
  const auto of_rule = base_.rule == nullptr ? std::nullopt : StrengthOf(*base_.rule);
  const bool extensible = of_rule ? *of_rule == Strength::kExtensible
                                  : EachTypeBinds([](auto one) { return one == Strength::kExtensible; });
  return extensible ? "is weaker (" + strength + ") than that of the base (extensible)" : "";
}

/// What the definition itself says, else its base; empty: it cannot be told.
std::vector<TypeId> BaseComparison::EffectiveTypes() const {
  std::vector<TypeId> types;
  if (definition_["type"].size() > 0) {
    for (const Value given : definition_["type"]) {
      const std::string code = given["code"].ToString();
      const TypeId type = code.starts_with(kSystemTypes) ? kNoType : TypeNamed(code);
      if (type == kNoType) return {};
      types.push_back(type);
    }
  } else if (const std::vector<TypeRule>* rules = RuleTypes()) {
    for (const TypeRule& rule : *rules) types.push_back(rule.type);
  } else {
    for (const auto& [owner, element] : base_.of_type) types.push_back(element->type);
  }
  return types;
}

bool BaseComparison::TakesValue(TypeId element, TypeId value) const {
  const TypeInfo& info = definitions_.Type(element);
  if (info.is_abstract || info.type_class == TypeClass::kBackbone) return true;
  if (info.name.starts_with(kSystemTypes)) return IsPrimitive(value);
  return definitions_.IsA(value, element) || definitions_.IsA(element, value);
}

void BaseComparison::Values() const {
  for (const Value member : definition_) {
    const std::string_view name = member.name_text();
    for (const std::string_view prefix : kValuePrefixes) {
      if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
      std::string type_name(name.substr(prefix.size()));
      if (type_name[0] < 'A' || type_name[0] > 'Z') continue;
      TypeId type = definitions_.FindType(type_name);
      if (type == kNoType) {
        type_name[0] = static_cast<char>(type_name[0] - 'A' + 'a');
        type = definitions_.FindType(type_name);
      }
      const std::vector<TypeId> types = EffectiveTypes();
      if (type == kNoType || types.empty()) continue;
      if (std::none_of(types.begin(), types.end(), [&](TypeId one) { return TakesValue(one, type); }))
        tell_(name,
              "gives a value of type " + type_name + " to an element that has another (" + BaseTypes() + ")");
    }
  }
}

}  // namespace

std::string WeakenedBinding(Profiles& profiles, Value definition, const BaseElement& base) {
  return BaseComparison(profiles, definition, base, {}).WeakenedBinding();
}

void TellContradictions(Profiles& profiles, Value definition, const BaseElement& base,
                        const std::function<void(std::string_view, std::string)>& tell) {
  const BaseComparison comparison(profiles, definition, base, tell);
  comparison.Cardinality();
  comparison.Types();
  comparison.Binding();
  comparison.Values();
}

}  // namespace tk::fhir
