// Which slice an item belongs to, and what slices ask.
// Source: FHIR R4 profiling.html#slicing, #discriminator; elementdefinition.html#slicing.
#include <algorithm>
#include <optional>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

/// Steps of a discriminator's path; a dot within brackets parts nothing.
std::vector<std::string> Steps(std::string_view path) {
  std::vector<std::string> steps(1);
  int depth = 0;
  for (const char c : path) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == '.' && depth == 0) {
      steps.emplace_back();
    } else {
      steps.back() += c;
    }
  }
  return steps;
}

/// extension('url') → url.
std::optional<std::string> Argument(const std::string& step, std::string_view function) {
  if (step.rfind(function, 0) != 0 || step.back() != ')') return std::nullopt;
  std::string inner = step.substr(function.size(), step.size() - function.size() - 1);
  if (inner.size() >= 2 && (inner.front() == '\'' || inner.front() == '"'))
    inner = inner.substr(1, inner.size() - 2);
  return inner;
}

/// The slices a choice has by its types, and those of extensions by their url, need no discriminator.
bool IsExtension(const ProfileElement& rule) {
  return rule.name == "extension" || rule.name == "modifierExtension";
}

/// Does a slice say by itself ($this) which items are its own?
bool TellsItems(const ProfileElement& slice, Discriminator::Kind kind) {
  if (kind == Discriminator::Kind::kExists) return false;
  if (kind == Discriminator::Kind::kType) return !slice.types.empty();
  const bool has_profile = std::any_of(slice.types.begin(), slice.types.end(), [](const TypeRule& type) {
    return !type.profiles.empty() || !type.targets.empty();
  });
  return has_profile || slice.fixed || slice.pattern || !slice.bindings.empty() || !slice.children.empty();
}

/// A slice, and the element that it is one of.
struct NamedSlice {
  const ProfileElement* element = nullptr;
  const ProfileElement* slice = nullptr;
  TypeId type = kNoType;  // of the element's items; kNoType: of several
};

/// What an element of a type has as its type; kNoType: a choice, or not known.
TypeId TypeBelow(const Definitions& definitions, TypeId owner, std::string_view name) {
  if (owner == kNoType) return kNoType;
  TypeId type = kNoType;
  for (const ElementInfo& element : definitions.Elements(owner)) {
    if (element.base_name != name) continue;
    if (element.choice != 0) return kNoType;
    type = element.type;
  }
  return type;
}

/// All slices of that sliceName or id, each once: what slices repeat of their element has its ids.
void FindSlices(const Definitions& definitions, const ProfileElement& element, TypeId type,
                std::string_view name, std::vector<NamedSlice>* found) {
  for (const auto& slice : element.slices) {
    const bool is_new = std::none_of(found->begin(), found->end(), [&](const NamedSlice& other) {
      return other.slice->definition == slice->definition && other.slice->slice == slice->slice;
    });
    if (is_new && (slice->slice == name || slice->definition == name))
      found->push_back({&element, slice.get(), type});
    FindSlices(definitions, *slice, type, name, found);
  }
  for (const auto& child : element.children)
    FindSlices(definitions, *child, TypeBelow(definitions, type, child->name), name, found);
}

}  // namespace

/// Where nothing is being walked through: the resource that the value stands in, its container, and the Bundles around.
void ProfileChecker::EnterResourceOf(Value value) {
  bool is_contained = false;
  for (Value at = value.document()->Root(); at;) {
    const path::Item resource = path::ResourceItem(definitions_, at);
    if (at.is_object() && resource.type != kNoType) {
      resource_ = at;
      if (!is_contained) container_ = at;
      if (definitions_.Type(resource.type).name == "Bundle") EnterBundle(at);
    }
    if (at.index() == value.index()) return;
    Value next;
    for (const Value member : at) {
      if (member.index() <= value.index() && value.index() < member.node().end) next = member;
    }
    if (at.is_object()) is_contained = next && next.name_text() == "contained";
    at = next;
  }
}

Result<std::optional<bool>> ProfileChecker::InNamedSlice(const Item& item, const std::string& canonical,
                                                         std::string_view slice) {
  const ProfilePtr profile = TRY(profiles_.Find(canonical));
  if (profile == nullptr) return MakeError(ErrorCode::kInvalid, "the profile is not known here");
  std::vector<NamedSlice> found;
  FindSlices(definitions_, *profile->root, profile->type, slice, &found);
  if (found.empty()) return MakeError(ErrorCode::kInvalid, "the profile has no slice of this name or id");
  if (found.size() > 1)
    return MakeError(ErrorCode::kInvalid,
                     "the profile has several slices of this name: give the id of its element");
  const NamedSlice& named = found.front();
  if (named.type != kNoType && !definitions_.IsA(item.type, named.type)) return std::optional<bool>(false);
  if (!resource_ && item.node) EnterResourceOf(item.node);
  std::optional<bool> answer = false;
  for (const auto& each : named.element->slices) {  // an item is of the first slice that it fits
    const Fit fit = InSlice(*named.element, *each, item);
    if (each.get() == named.slice) {
      answer = fit == Fit::kUndecided ? std::nullopt : std::optional<bool>(fit == Fit::kYes);
      break;
    }
    if (fit == Fit::kYes) break;
  }
  if (too_much_) return MakeError(ErrorCode::kTooLarge, "it takes too much work to decide");
  return answer;
}

std::vector<const ProfileElement*> ProfileChecker::RulesBelow(const ProfileElement& rule,
                                                              const std::string& step) {
  std::vector<const ProfileElement*> found;
  const auto in_profiles = [&](const std::vector<std::string>& canonicals, auto&& take) {
    for (const std::string& canonical : canonicals) {
      if (const ProfilePtr profile = Known(canonical)) take(*profile->root);
    }
  };
  if (step == "$this") return {&rule};
  const auto url = Argument(step, "extension(");
  const auto take = [&](const ProfileElement& element) {
    const ProfileElement* child = element.Child(url ? "extension" : step);
    if (child == nullptr) return;
    if (!url) {
      found.push_back(child);
      for (const auto& slice : child->slices) {  // code.coding, where one of the codings is fixed
        if (slice->min && *slice->min > 0) found.push_back(slice.get());
      }
      return;
    }
    for (const auto& slice : child->slices) {
      const ProfileElement* slice_url = slice->Child("url");
      const bool by_profile =
          !slice->types.empty() && !slice->types[0].profiles.empty() && slice->types[0].profiles[0] == *url;
      if (by_profile || (slice_url != nullptr && slice_url->fixed.ToString() == *url))
        found.push_back(slice.get());
    }
  };
  take(rule);
  if (found.empty()) {
    for (const TypeRule& type : rule.types) in_profiles(type.profiles, take);
  }
  return found;
}

/// What the targets of a reference must keep to: a profile, or (by_type: in any case) a type.
std::vector<const ProfileElement*> ProfileChecker::TargetRules(const ProfileElement& rule, bool by_type) {
  std::vector<const ProfileElement*> found;
  for (const TypeRule& type : rule.types) {
    for (const std::string& canonical : type.targets) {
      const ProfilePtr profile = Known(canonical);
      const TypeId of = profiles_.TypeOf(canonical);
      if (profile != nullptr && !by_type) {
        ProfileElement& is_of_profile =
            target_rules_[canonical];  // its type too: other types may have all that it asks
        if (is_of_profile.types.empty()) is_of_profile.types.push_back({profile->type, {canonical}, {}});
        found.push_back(&is_of_profile);
      } else if (of != kNoType) {
        ProfileElement& is_of_type = type_rules_[of];
        if (is_of_type.types.empty()) is_of_type.types.push_back({of, {}, {}});
        found.push_back(&is_of_type);
      }
    }
  }
  return found;
}

ProfileChecker::RulesThere ProfileChecker::RulesAt(const Discriminator& discriminator,
                                                   const ProfileElement& slice) {
  RulesThere there{{&slice}};
  if (discriminator.path == "$this") return there;
  const std::vector<std::string> steps = Steps(discriminator.path);
  for (const std::string& step : steps) {
    const auto type_name = Argument(step, "ofType(");
    const TypeId type = type_name ? definitions_.FindType(*type_name) : kNoType;
    const bool is_last = &step == &steps.back();
    std::vector<const ProfileElement*> below;
    for (const ProfileElement* rule : there.rules) {
      const bool is_other = type != kNoType && !rule->types.empty() &&
                            std::none_of(rule->types.begin(), rule->types.end(), [&](const TypeRule& one) {
                              return definitions_.IsA(one.type, type);
                            });
      there.of_other_type = there.of_other_type || is_other;
      if (is_other) continue;
      const std::vector<const ProfileElement*> found =
          type_name ? std::vector<const ProfileElement*>{rule}
          : step == "resolve()"
              ? TargetRules(*rule, is_last && discriminator.kind == Discriminator::Kind::kType)
              : RulesBelow(*rule, step);
      below.insert(below.end(), found.begin(), found.end());
    }
    there.rules = std::move(below);
  }
  return there;
}

/// valueQuantity alone says of value[x] what type it has.
bool ProfileChecker::IsOfType(const ProfileElement& rule, TypeId type) const {
  const auto has = [&](const ProfileElement& one) {
    return std::any_of(one.types.begin(), one.types.end(), [&](const TypeRule& given) {
      return given.type != kNoType && definitions_.IsA(type, given.type);
    });
  };
  if (!rule.types.empty()) return has(rule);
  const bool by_slices =
      !rule.slices.empty() && std::none_of(rule.slices.begin(), rule.slices.end(),
                                           [](const auto& slice) { return slice->types.empty(); });
  return !by_slices ||
         std::any_of(rule.slices.begin(), rule.slices.end(), [&](const auto& slice) { return has(*slice); });
}

path::Collection ProfileChecker::ValuesAt(const path::Expression* path, const Item& item) {
  if (path == nullptr) return {item};
  path::Environment environment = PathEnvironment();
  environment.resource = container_;
  path::Collection values;
  if (!path->Evaluate(environment, item, &values).ok()) values.clear();
  return values;
}

/// Where nothing was found behind references: what is not here is judged by the type that the reference names.
ProfileChecker::Fit ProfileChecker::ByReference(const Discriminator& discriminator,
                                                const ProfileElement& slice,
                                                const path::Collection& references) {
  std::vector<Value> missing;
  for (const Item& reference : references) {
    if (reference.node.is_object() &&
        !Resolve(reference.node["reference"].ToString(), reference.node).present())
      missing.push_back(reference.node);
  }
  if (missing.empty()) return Fit::kNo;
  Discriminator by_type = discriminator;
  by_type.kind = Discriminator::Kind::kType;
  const std::vector<const ProfileElement*> rules =
      discriminator.ends_at_target ? RulesAt(by_type, slice).rules : std::vector<const ProfileElement*>();
  if (rules.empty()) return Fit::kUndecided;
  Fit fit = Fit::kNo;
  for (const Value reference : missing) {
    const TypeId type = TargetType(reference);
    if (type == kNoType) {
      fit = Fit::kUndecided;
    } else if (std::any_of(rules.begin(), rules.end(),
                           [&](const ProfileElement* rule) { return IsOfType(*rule, type); })) {
      if (discriminator.kind == Discriminator::Kind::kType) return Fit::kYes;
      fit = Fit::kUndecided;
    }
  }
  return fit;
}

ProfileChecker::Fit ProfileChecker::Discriminates(const Discriminator& discriminator,
                                                  const ProfileElement& slice, const Item& item) {
  auto [rules, of_other_type] = RulesAt(discriminator, slice);
  const auto is_fixed = [](const ProfileElement* rule) { return rule->fixed || rule->pattern; };
  if (std::any_of(rules.begin(), rules.end(), is_fixed))
    std::erase_if(rules, [&](const ProfileElement* rule) { return !is_fixed(rule); });
  const path::Collection values = ValuesAt(discriminator.expression.get(), item);
  const bool is_absent = std::any_of(rules.begin(), rules.end(), [&](const ProfileElement* rule) {
    if (!rule->max || *rule->max != 0) return false;
    return rule != &slice ||
           !TellsItems(*rule, discriminator.kind);  // a slice may forbid just what it tells apart
  });
  const auto fit_if = [](bool is_so) { return is_so ? Fit::kYes : Fit::kNo; };
  if (is_absent || (rules.empty() && of_other_type)) return fit_if(values.empty());
  if (values.empty() && discriminator.resolves)
    return ByReference(discriminator, slice, ValuesAt(discriminator.reference.get(), item));
  if (discriminator.kind == Discriminator::Kind::kExists) {
    for (const ProfileElement* rule : rules) {
      if (rule->min && *rule->min > 0) return fit_if(!values.empty());
    }
    return Fit::kYes;
  }
  const auto fits = [&](const ProfileElement& rule) {
    return std::any_of(values.begin(), values.end(), [&](const Item& value) {
      if (discriminator.kind != Discriminator::Kind::kType) return Conforms(rule, value);
      return IsOfType(rule, value.type);
    });
  };
  // A slice that says nothing at this path is told apart by the others.
  return fit_if(rules.empty() || std::any_of(rules.begin(), rules.end(),
                                             [&](const ProfileElement* rule) { return fits(*rule); }));
}

bool ProfileChecker::ExtensionSlice(const ProfileElement& slice, const Item& item) {
  const std::string url = item.node["url"].ToString();
  if (const ProfileElement* rule = slice.Child("url"); rule != nullptr && rule->fixed)
    return rule->fixed.ToString() == url;
  for (const TypeRule& type : slice.types) {
    for (const std::string& profile : type.profiles) {
      if (profile.substr(0, profile.find('|')) == url) return true;
    }
  }
  return false;
}

ProfileChecker::Fit ProfileChecker::InSlice(const ProfileElement& rule, const ProfileElement& slice,
                                            const Item& item) {
  if (IsExtension(rule)) return ExtensionSlice(slice, item) ? Fit::kYes : Fit::kNo;
  const bool has_discriminators = rule.slicing && !rule.slicing->discriminators.empty();
  if (!has_discriminators) {  // valueQuantity and the like
    const bool is_of_type = std::any_of(slice.types.begin(), slice.types.end(), [&](const TypeRule& type) {
      return type.type != kNoType && definitions_.IsA(item.type, type.type);
    });
    return is_of_type ? Fit::kYes : Fit::kNo;
  }
  // $this of a slice with a type and content of its own: what it fixes decides, not what it asks.
  Fit fit = Fit::kYes;
  for (const Discriminator& discriminator : rule.slicing->discriminators) {
    const Fit one = Discriminates(discriminator, slice, item);
    if (one == Fit::kNo) return one;
    if (one == Fit::kUndecided) fit = one;
  }
  return fit;
}

void ProfileChecker::Slices(const ProfileElement& rule, const std::vector<Named>& items) {
  std::vector<std::vector<Named>> of_slices(rule.slices.size());
  std::vector<size_t> undecided(rule.slices.size());
  size_t last = 0;
  bool unmatched_before = false;
  for (const Named& named : items) {
    if (!Work()) return;
    path_.back().index = named.index;
    std::vector<Fit> fits;
    for (const auto& slice : rule.slices) {
      if (!fits.empty() && fits.back() == Fit::kYes) break;
      fits.push_back(InSlice(rule, *slice, named.item));
    }
    const size_t at = fits.back() == Fit::kYes ? fits.size() - 1 : rule.slices.size();
    if (at == rule.slices.size() && std::count(fits.begin(), fits.end(), Fit::kUndecided) != 0) {
      Add(Severity::kInformation, "not-found",
          "may be of a slice: what it refers to is not known here, not checked");
      for (size_t i = 0; i < fits.size(); ++i) undecided[i] += fits[i] == Fit::kUndecided ? 1 : 0;
      continue;
    }
    if (at == rule.slices.size()) {
      if (rule.slicing && rule.slicing->closed)
        Error("structure", "belongs to none of the slices, and they are closed");
      unmatched_before = true;
      continue;
    }
    if (rule.slicing && rule.slicing->open_at_end && unmatched_before)
      Error("structure", "of slice " + rule.slices[at]->slice + " stands behind what belongs to no slice");
    if (rule.slicing && rule.slicing->ordered && at < last)
      Error("structure", "of slice " + rule.slices[at]->slice + " stands out of order");
    last = std::max(last, at);
    of_slices[at].push_back(named);
  }
  path_.back().index = -1;
  for (size_t i = 0; i < rule.slices.size(); ++i) Items(*rule.slices[i], of_slices[i], undecided[i]);
}

}  // namespace tk::fhir
