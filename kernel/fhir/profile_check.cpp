#include "kernel/fhir/profile_world.h"

#include <algorithm>

#include "kernel/fhir/code_grammar.h"
#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/element_path.h"
#include "kernel/fhir/invariants.h"
#include "kernel/fhir/own_address.h"
#include "kernel/fhir/profile_values.h"

namespace tk::fhir {
namespace {

constexpr size_t kNestingMax = 48;  // profiles within profiles, references followed
constexpr size_t kPathMax = 128;
constexpr size_t kWhyNotMax =
    400;  // characters of the elements at which a reference's target breaks its profile
constexpr std::string_view kByProfile = " (profile ";
constexpr uint64_t kInvariantWorkMax = 500'000;  // items that one invariant of a profile may visit

/// Characters, not bytes.
size_t LengthOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

ProfileChecker::ProfileChecker(Profiles& profiles, const ProfileOptions& options)
    : profiles_(profiles),
      definitions_(profiles.definitions()),
      options_(options),
      time_(options.deadline_us),
      issues_(options.issues_max),
      world_(std::make_unique<World>(this)) {}

ProfileChecker::~ProfileChecker() = default;

// ---- telling ---------------------------------------------------------------------------------------------------------

void ProfileChecker::Add(Severity severity, std::string_view type, std::string text) {
  const bool is_error = severity == Severity::kError || severity == Severity::kFatal;
  errors_ += is_error ? 1 : 0;
  if (quiet_ != 0) return;
  if ((!is_error && !options_.warnings) || time_.over()) return;
  if (!issues_.Takes(severity)) return;
  Issue issue{severity, type, Path(), std::move(text)};
  const auto told = [&](const Issue& other) {  // by the same profile, or by another one that asks the same
    return other.path == issue.path && other.text.starts_with(issue.text) &&
           (other.text.size() == issue.text.size() ||
            other.text.compare(issue.text.size(), kByProfile.size(), kByProfile) == 0);
  };
  if (std::any_of(issues_.all().begin(), issues_.all().end(), told)) return;
  if (profile_ != nullptr && !profile_->url.empty())
    issue.text += std::string(kByProfile) + profile_->url + ")";
  issues_.Add(std::move(issue));
}

std::string ProfileChecker::Path() const { return ElementPath(path_); }

bool ProfileChecker::Work() {
  if (!time_.Step()) return false;
  if (++work_ <= options_.work_max && !too_much_) return true;
  if (!too_much_) {
    too_much_ = true;
    const size_t quiet = std::exchange(quiet_, 0);
    Error("too-costly", "the check against profiles takes too much work and is not complete");
    quiet_ = quiet;
  }
  return false;
}

ProfilePtr ProfileChecker::Known(const std::string& canonical) {
  auto profile = profiles_.Find(canonical);
  if (profile.ok()) return *profile;
  Add(Severity::kWarning, "not-supported", "is not checked: " + profile.error().external);
  return nullptr;
}

path::Environment ProfileChecker::PathEnvironment() {
  path::Environment environment;
  environment.definitions = &definitions_;
  environment.resource = resource_;
  environment.now_us = options_.now_us;
  environment.work_max = kInvariantWorkMax;
  environment.resolver = world_.get();
  environment.conformance = world_.get();
  if (container_ != resource_) {
    environment.variables.emplace_back("rootResource",
                                       path::Collection{path::ResourceItem(definitions_, container_)});
  }
  return environment;
}

// ---- what is checked -------------------------------------------------------------------------------------------------

void ProfileChecker::Check(Value resource, std::string_view canonical) {
  const path::Item item = path::ResourceItem(definitions_, resource);
  if (item.type == kNoType) return;
  root_ = container_ = resource_ = resource;
  path_.assign(1, {std::string(definitions_.Type(item.type).name), -1});
  if (const TypeId type = definitions_.FindTypeByUrl(canonical); type != kNoType) {
    if (!definitions_.IsA(item.type, type))
      Error("invalid", "is not a " + std::string(definitions_.Type(type).name));
    return;  // the type itself, which the validator checks
  }
  const auto profile = FindProfile(profiles_, canonical, options_.own_base);
  if (!profile.ok()) return Error("not-supported", "cannot be checked: " + profile.error().external);
  if (*profile == nullptr)
    return Error("not-found", "the profile " + std::string(canonical) + " is not known here");
  const bool is_bundle = definitions_.Type(item.type).name == "Bundle";
  if (is_bundle) EnterBundle(resource);
  CheckProfile(item, **profile);
  if (is_bundle) LeaveBundle();
}

void ProfileChecker::CheckClaims(Value resource) {
  const path::Item item = path::ResourceItem(definitions_, resource);
  if (item.type == kNoType) return;
  root_ = container_ = resource_ = resource;
  path_.assign(1, {std::string(definitions_.Type(item.type).name), -1});
  Resource(resource, item.type);
}

void ProfileChecker::CheckProfile(const Item& item, const Profile& profile) {
  const ProfileTurns::Turn turn{item.node, &profile};
  if (turns_.Assume(turn)) return;
  // What is told must be looked for each time; and only a resource asks the same wherever it is met.
  const bool is_resource = item.node.is_object() && definitions_.IsResource(item.type);
  const std::optional<bool> found = is_resource && quiet_ != 0 ? turns_.Find(turn) : std::nullopt;
  if (found && !*found) return Error("structure", "does not keep to the profile");
  if (found) return;
  if (turns_.depth() >= kNestingMax) {
    turns_.Cut();
    return Error("too-costly", "profiles refer to one another too deeply");
  }
  const Profile* outer = std::exchange(profile_, &profile);
  if (!definitions_.IsA(item.type, profile.type)) {
    Error("structure", "must be a " + std::string(definitions_.Type(profile.type).name));
  } else {
    const size_t before = errors_;
    turns_.Begin(turn);
    Within(item, [&] { Content(*profile.root, item); });
    turns_.End(errors_ == before, is_resource && !too_much_ && !time_.over());
  }
  profile_ = outer;
}

// ---- one item --------------------------------------------------------------------------------------------------------

void ProfileChecker::Element(const ProfileElement& rule, const Item& item) {
  if (rule.types.empty() || Types(rule, item)) Content(rule, item);
}

void ProfileChecker::Content(const ProfileElement& rule, const Item& item) {
  if (!Work()) return;
  Values(rule, item);
  if (rule.length_min || rule.length_max) Length(rule, item);
  if (rule.form != nullptr || !rule.form_problem.empty()) Form(rule, item);
  if (rule.min_value || rule.max_value) Bounds(rule, item);
  for (const ProfileBinding& binding : rule.bindings) Binding(binding, item);
  if (!rule.invariants.empty()) Invariants(rule, item);
  Children(rule, item);
  if (!rule.content.empty() && profile_ != nullptr && item.node) {
    const ProfileElement* other = profile_->Find(rule.content);
    if (other != nullptr && other != &rule && rule.children.empty()) Children(*other, item);
  }
}

void ProfileChecker::Children(const ProfileElement& rule, const Item& item) {
  if (rule.children.empty()) return;
  if (path_.size() > kPathMax) return turns_.Cut();
  Within(item, [&] {
    for (const auto& child : rule.children) {
      path_.push_back({child->name, -1});
      Items(*child, ItemsOf(item, child->name));
      path_.pop_back();
    }
  });
}

/// Within a resource %resource is that one; what an element asks of the resource that it holds is still asked from outside.
void ProfileChecker::Within(const Item& item, const std::function<void()>& check) {
  if (!item.node.is_object() || item.node == resource_ || !definitions_.IsResource(item.type)) return check();
  const Value outer = std::exchange(resource_, item.node);
  const Value outer_container = container_;
  const Value contained = container_["contained"];
  if (std::find(contained.begin(), contained.end(), item.node) == contained.end()) container_ = item.node;
  check();
  resource_ = outer;
  container_ = outer_container;
}

std::vector<ProfileChecker::Named> ProfileChecker::ItemsOf(const Item& parent, std::string_view name) const {
  std::vector<Named> items;
  const Value object = parent.node.is_object() ? parent.node : parent.extension_node;
  if (!object.is_object()) return items;
  for (const ElementInfo& element : definitions_.Elements(parent.type)) {
    if (element.base_name != name) continue;
    const Value value = object[element.name_id];
    const bool is_primitive = definitions_.Type(element.type).type_class == TypeClass::kPrimitive;
    const Value sibling = is_primitive ? object["_" + std::string(element.name)] : Value();
    if (!value && !sibling) continue;
    const auto add = [&](Value one, Value extra, int64_t index) {
      if (one.kind() == Kind::kNull) one = Value();
      if (extra.kind() == Kind::kNull) extra = Value();
      if (!one && !extra) return;
      path::Item item{one, extra, element.type, {}};
      if (definitions_.Type(element.type).type_class == TypeClass::kResource)
        item = path::ResourceItem(definitions_, one);
      items.push_back({std::move(item), index});
    };
    if (!value.is_array() && !sibling.is_array()) {
      add(value, sibling, -1);
      continue;
    }
    const size_t count =
        std::max(value.is_array() ? value.size() : 0, sibling.is_array() ? sibling.size() : 0);
    Value::Iterator next = value.begin();
    for (size_t i = 0; i < count; ++i) {
      Value one;
      if (value.is_array() && !(next == value.end())) one = *next++;
      add(one, sibling.At(i), static_cast<int64_t>(i));
    }
  }
  return items;
}

void ProfileChecker::Count(const ProfileElement& rule, size_t count, size_t undecided) {
  const std::string what = rule.slice.empty() ? "" : "slice " + rule.slice + ": ";
  if (rule.min && count + undecided < *rule.min)
    Error("required",
          what + "is there " + std::to_string(count) + " times; at least " + std::to_string(*rule.min));
  if (rule.max && count > *rule.max) {
    Error("structure", what + (*rule.max == 0 ? "must not be there"
                                              : "is there " + std::to_string(count) + " times; at most " +
                                                    std::to_string(*rule.max)));
  }
}

void ProfileChecker::Items(const ProfileElement& rule, const std::vector<Named>& items, size_t undecided) {
  Count(rule, items.size(), undecided);
  for (const Named& named : items) {
    path_.back().index = named.index;
    Element(rule, named.item);
  }
  path_.back().index = -1;
  if (!rule.slices.empty()) Slices(rule, items);
}

/// False: it is of another type, so that nothing else need be told of it.
bool ProfileChecker::Types(const ProfileElement& rule, const Item& item) {
  std::string permitted;
  for (const TypeRule& type : rule.types) {
    if (type.type == kNoType) return true;  // ids and urls have types of the language's system
    permitted += (permitted.empty() ? "" : ", ") + std::string(definitions_.Type(type.type).name);
    if (!definitions_.IsA(item.type, type.type)) continue;
    if (!type.profiles.empty()) TypeProfiles(type, item);
    if (!type.targets.empty() || type.aggregation != 0) Targets(type, item);
    return true;
  }
  Error("structure", "must be one of: " + permitted);
  return false;
}

void ProfileChecker::TypeProfiles(const TypeRule& type, const Item& item) {
  std::string told;
  for (const std::string& canonical : type.profiles) {
    bool known = false;
    if (type.profiles.size() == 1) {
      if (profiles_.TypeOf(canonical) == kNoType) break;
      if (const ProfilePtr profile = Known(canonical)) {
        CheckProfile(item, *profile);
      } else if (definitions_.IsResource(item.type) &&
                 !definitions_.IsA(item.type, profiles_.TypeOf(canonical))) {
        Error("structure", "must be a " + std::string(definitions_.Type(profiles_.TypeOf(canonical)).name));
      }
      return;
    }
    if (ConformsToProfile(item, canonical, &known) || !known) return;
    told += (told.empty() ? "" : ", ") + canonical;
  }
  if (!told.empty()) {
    Error("structure", "keeps to none of the profiles " + told);
    if (quiet_ != 0) return;
    for (const std::string& canonical : type.profiles) {  // why not
      if (const ProfilePtr profile = Known(canonical)) CheckProfile(item, *profile);
    }
    return;
  }
  Add(Severity::kWarning, "not-found",
      "is not checked against " + type.profiles[0] + ", which is not known here");
}

void ProfileChecker::EnterBundle(Value bundle) {
  bundles_.emplace_back(definitions_, bundle);
  turns_.Forget();
}

void ProfileChecker::LeaveBundle() {
  entries_read_ += bundles_.back().entries_read();
  bundles_.pop_back();
  turns_.Forget();
}

Value ProfileChecker::Resolve(std::string_view reference, Value from) {
  if (reference.empty()) return {};
  if (reference.front() == '#') {
    for (const Value contained : container_["contained"]) {
      if (contained["id"].ToString() == reference.substr(1)) return contained;
    }
    return reference.size() == 1 ? container_ : Value();
  }
  for (BundleEntries& bundle : bundles_) {
    if (const auto entry = bundle.Find(reference, from)) return (*entry)["resource"];
  }
  return {};
}

/// What a reference refers to, by its text or by what it says itself; kNoType: they do not tell.
TypeId ProfileChecker::TargetType(Value reference) const {
  const std::string whole = reference["reference"].ToString();
  const std::string_view text = std::string_view(whole).substr(0, whole.find("/_history/"));
  const size_t slash = text.rfind('/');
  TypeId type = kNoType;
  if (slash != std::string_view::npos && slash > 0) {
    const size_t start = text.rfind('/', slash - 1) + 1;  // 0 if there is none
    type = definitions_.FindType(text.substr(start, slash - start));
  }
  if (type == kNoType) type = definitions_.FindType(reference["type"].ToString());
  return type != kNoType && definitions_.IsResource(type) ? type : kNoType;
}

// A reference's target is of a permitted type, as far as its text tells; what is contained or in the same Bundle keeps to its profile.
void ProfileChecker::Targets(const TypeRule& type, const Item& item) {
  if (definitions_.Type(type.type).name != "Reference") return;
  std::string scratch;
  const std::string_view reference = item.node["reference"].String(scratch);
  const Value target = Resolve(reference, item.node);
  if (type.aggregation != 0) Aggregated(type.aggregation, reference, target);
  if (type.targets.empty()) return;
  const TypeId target_type = target ? path::ResourceItem(definitions_, target).type : TargetType(item.node);
  if (target_type == kNoType || !definitions_.IsResource(target_type)) return;
  std::string permitted, broken;
  bool conforms = false, undecided = false;
  for (const std::string& canonical : type.targets) {
    const TypeId wanted = profiles_.TypeOf(canonical);
    permitted += (permitted.empty() ? "" : ", ") + canonical;
    if (wanted == kNoType) undecided = true;
    if (wanted == kNoType || !definitions_.IsA(target_type, wanted)) continue;
    bool known = false;
    if (!target || ConformsToProfile(path::ResourceItem(definitions_, target), canonical, &known) || !known)
      conforms = true;
    if (!conforms && broken.empty()) broken = canonical;
  }
  if (conforms) return;
  if (undecided) {
    return Add(Severity::kInformation, "not-found", "the target's profile is not known here: not checked");
  }
  std::string text =
      "refers to a " + std::string(definitions_.Type(target_type).name) + " that is none of: " + permitted;
  const bool is_told = quiet_ == 0 && issues_.Takes(Severity::kError);
  if (!broken.empty() && is_told) text += "; " + WhyNot(target, reference, broken);
  Error("structure", std::move(text));
}

// What is in a Bundle is judged where there is one: a resource by itself may come out of it.
void ProfileChecker::Aggregated(uint8_t permitted, std::string_view reference, Value target) {
  if (reference.empty()) return;
  const bool is_contained = reference.front() == '#';
  const bool fits = is_contained ? (permitted & kContainedHere) != 0
                    : target
                        ? (permitted & (kInBundle | kElsewhere)) != 0
                        : (permitted & kElsewhere) != 0 || (bundles_.empty() && (permitted & kInBundle) != 0);
  if (fits) return;
  Error("structure", is_contained || target || (permitted & kInBundle) == 0
                         ? "refers to a resource in a place that is not permitted here (aggregation)"
                         : "refers to a resource that is not in the Bundle, where it must be (aggregation)");
}

/// The first elements of a reference's target that break the profile, in words: "Patient.contained[0].name: is there 0 times …".
std::string ProfileChecker::WhyNot(Value target, std::string_view reference, const std::string& canonical) {
  const path::Item item = path::ResourceItem(definitions_, target);
  std::vector<Segment> place = {{std::string(definitions_.Type(item.type).name), -1}};
  const auto stand_in = [&](Value holder, const char* member, Value one, const char* below) {
    int64_t index = 0;
    for (const Value entry : holder[member]) {
      if ((below == nullptr ? entry : entry[below]) == one) {
        place = {{holder["resourceType"].ToString(), -1}, {member, index}};
        if (below != nullptr) place.push_back({below, -1});
      }
      ++index;
    }
  };
  if (reference.substr(0, 1) == "#") stand_in(container_, "contained", target, nullptr);
  for (const BundleEntries& bundle : bundles_) stand_in(bundle.bundle(), "entry", target, "resource");
  IssueList outer_issues = std::exchange(issues_, IssueList(options_.issues_max));
  std::vector<Segment> outer_path = std::exchange(path_, std::move(place));
  if (const ProfilePtr profile = Known(canonical)) CheckProfile(item, *profile);
  path_ = std::move(outer_path);
  const std::vector<Issue> found = std::exchange(issues_, std::move(outer_issues)).Take();
  std::string text;
  for (const Issue& issue : found) {
    if (issue.severity != Severity::kError && issue.severity != Severity::kFatal) continue;
    if (text.size() > kWhyNotMax) break;
    text += (text.empty() ? "" : "; ") + issue.path + ": " + issue.text;
  }
  return text;
}

// ---- values ----------------------------------------------------------------------------------------------------------

void ProfileChecker::Values(const ProfileElement& rule, const Item& item) {
  if (rule.fixed && !EqualsFixed(item.node, rule.fixed)) Fixed(item.node, rule.fixed);
  if (rule.pattern && !MatchesPattern(item.node, rule.pattern)) Pattern(item.node, rule.pattern);
}

/// Each member that does not match, by its own path; of lists the list: any of its items might.
void ProfileChecker::Pattern(Value value, Value pattern) {
  if (!value.is_object() || !pattern.is_object())
    return Error("value", value.present() ? "has not what its pattern asks for"
                                          : "is missing: its pattern asks for it");
  for (const Value member : pattern) {
    const Value given = value[member.name_text()];
    if (given && MatchesPattern(given, member)) continue;
    path_.push_back({std::string(member.name_text()), -1});
    Pattern(given, member);
    path_.pop_back();
  }
}

/// Each member that differs, by its own path.
void ProfileChecker::Fixed(Value value, Value fixed) {
  if (value.is_array() && fixed.is_array() && value.size() == fixed.size()) {
    for (size_t i = 0; i < fixed.size(); ++i) {
      path_.back().index = static_cast<int64_t>(i);
      if (!EqualsFixed(value.At(i), fixed.At(i))) Fixed(value.At(i), fixed.At(i));
    }
    path_.back().index = -1;
    return;
  }
  if (!value.is_object() || !fixed.is_object()) return Error("value", "has not the value that is fixed");
  const auto at = [&](Value member, const auto& check) {
    path_.push_back({std::string(member.name_text()), -1});
    check();
    path_.pop_back();
  };
  for (const Value member : fixed) {
    const Value given = value[member.name_text()];
    if (given && EqualsFixed(given, member)) continue;
    at(member,
       [&] { given ? Fixed(given, member) : Error("value", "is missing: the profile fixes its value"); });
  }
  for (const Value member : value) {
    if (!fixed[member.name_text()])
      at(member, [&] { Error("value", "is not in the value that the profile fixes"); });
  }
}

void ProfileChecker::Length(const ProfileElement& rule, const Item& item) {
  if (!item.node.is_string()) return;
  std::string scratch;
  const std::string_view text = item.node.String(scratch);
  if (rule.length_max && LengthOf(text) > *rule.length_max)
    Error("too-long", "is longer than " + std::to_string(*rule.length_max) + " characters");
  if (rule.length_min && LengthOf(text) < *rule.length_min)
    Error("value", "is shorter than " + std::to_string(*rule.length_min) + " characters");
}

void ProfileChecker::Form(const ProfileElement& rule, const Item& item) {
  constexpr uint64_t kWorkEach =
      10;  // of a pattern's own units: a match costs no more than its node is allowed
  if (!item.node.is_string() && item.node.kind() != Kind::kNumber) return;
  std::string scratch;
  const std::string_view text = item.node.is_string() ? item.node.String(scratch) : item.node.Number();
  std::string problem = rule.form_problem;
  if (rule.form != nullptr) {
    for (uint64_t work = rule.form->WorkFor(text.size()) / kWorkEach; work > 0; --work) {
      if (!Work()) return;
    }
    const auto fits = rule.form->Matches(text, true);
    if (fits.ok() && !*fits) Error("value", "has not the form that the profile asks for");
    if (!fits.ok()) problem = fits.error().external;
  }
  if (!problem.empty())
    Add(Severity::kWarning, "not-supported", "its form is not checked: of the profile's regex, " + problem);
}

void ProfileChecker::Bounds(const ProfileElement& rule, const Item& item) {
  const auto compare = [&](Value bound, int wrong, const char* text) {
    if (!bound || !item.node) return;
    std::string_view type = bound.name_text().substr(8);  // minValue…, maxValue…
    std::string name(type);
    TypeId bound_type = definitions_.FindType(name);
    if (bound_type == kNoType) {
      name[0] = static_cast<char>(name[0] - 'A' + 'a');
      bound_type = definitions_.FindType(name);
    }
    const std::string_view value_type = definitions_.Type(item.type).name;
    const bool is_time = value_type == "date" || value_type == "dateTime" || value_type == "instant";
    const auto order = is_time && bound.is_object()
                           ? CompareToNow(definitions_, item, bound, wrong < 0, options_.now_us)
                           : CompareBound(definitions_, item, bound, bound_type);
    if (order && *order == wrong) Error("value", text);
  };
  compare(rule.min_value, -1, "is less than the least permitted value");
  compare(rule.max_value, 1, "is more than the greatest permitted value");
}

/// No code that is given can be in the value set, whose codes cannot be listed: all are of other code systems.
bool ProfileChecker::IsOutside(const std::string& value_set, const Item& item) {
  if (!item.node.is_object()) return false;
  const auto systems = profiles_.SystemsOf(value_set);
  const auto outside = [&](Value coding) {
    return coding["system"].is_string() && !systems->Has(coding["system"].ToString());
  };
  if (systems == nullptr) return false;
  const Value codings = item.node["coding"];
  if (!codings.present()) return outside(item.node);
  return codings.size() != 0 && std::all_of(codings.begin(), codings.end(), outside);
}

/// Of a value set that is whole code systems by a grammar; nullopt: it is not, or no code is given.
std::optional<bool> ProfileChecker::ByGrammar(const std::string& value_set, const Item& item) {
  const auto systems = profiles_.SystemsOf(value_set);
  if (systems == nullptr || !systems->whole || systems->systems.size() != 1) return std::nullopt;
  const std::string& system = *systems->systems.begin();
  if (item.node.is_string()) return KeepsToGrammar(system, item.node.ToString());
  const auto fits = [&](Value coding) {
    return coding["system"].ToString() == system && coding["code"].is_string()
               ? KeepsToGrammar(system, coding["code"].ToString())
               : std::nullopt;
  };
  const Value codings = item.node["coding"];
  if (!codings.present()) return fits(item.node);
  std::optional<bool> answer;
  for (const Value coding : codings) {
    const auto one = fits(coding);
    if (one && (!answer || *one)) answer = one;
  }
  return answer;
}

/// In its context a value set may give a code another text than the code system does.
/// Source: FHIR R4 valueset.html, compose.include.concept.display.
void ProfileChecker::Texts(const ProfileBinding& binding, const Item& item) {
  const auto one = [&](Value coding) {
    const Value display = coding["display"];
    if (!display.is_string()) return;
    const auto texts = profiles_.TextsOf(binding.value_set);
    if (texts == nullptr) return;
    const auto found = texts->displays.find(coding["system"].ToString() + "|" + coding["code"].ToString());
    if (found == texts->displays.end()) return;
    if (std::find(found->second.begin(), found->second.end(), display.ToString()) != found->second.end())
      named_.insert(coding.index());
  };
  for (const Value coding : item.node["coding"]) one(coding);
  one(item.node);
}

void ProfileChecker::Binding(const ProfileBinding& binding, const Item& item) {
  const bool is_required = binding.strength == ProfileBinding::Strength::kRequired;
  if (!item.node || (!is_required && !options_.warnings)) return;
  if (options_.warnings && quiet_ == 0) Texts(binding, item);
  const auto codes = profiles_.Codes(binding.value_set);
  if (codes == nullptr) {
    if (is_required && IsOutside(binding.value_set, item))
      return Error("code-invalid", "is of a code system that the required value set " + binding.value_set +
                                       " has no codes of");
    if (is_required) {
      if (const auto fits = ByGrammar(binding.value_set, item)) {
        if (!*fits) Error("code-invalid", "is no code of the required value set " + binding.value_set);
        return;
      }
    }
    const bool is_told = is_required || (binding.strength != ProfileBinding::Strength::kPreferred &&
                                         profile_ != nullptr && !profile_->url.empty());
    if (is_told)
      Add(Severity::kInformation, "not-supported",
          "is not checked: the codes of " + binding.value_set + " cannot be listed here");
    return;
  }
  const auto coding_in = [&](Value coding) {
    return codes->Has(coding["system"].ToString(), coding["code"].ToString());
  };
  bool is_in = false;
  const bool is_concept =
      item.node["coding"].present() || definitions_.Type(item.type).name == "CodeableConcept";
  if (item.node.is_string()) {
    is_in = codes->HasPlain(item.node.ToString());
  } else if (is_concept) {
    const Value codings = item.node["coding"];
    is_in = std::any_of(codings.begin(), codings.end(), coding_in) ||
            (!codings.present() && item.node["extension"].present());
  } else if (item.node.is_object()) {
    is_in = coding_in(item.node);
  }
  if (is_in) return;
  if (is_required) return Error("code-invalid", "is not of the required value set " + binding.value_set);
  if (!item.node.is_string() && !(is_concept ? item.node["coding"] : item.node["code"]).present())
    return;  // words alone: no code may have applied
  const bool is_extensible = binding.strength == ProfileBinding::Strength::kExtensible;
  Add(is_extensible ? Severity::kWarning : Severity::kInformation, "code-invalid",
      is_extensible ? "has no code of the extensible value set " + binding.value_set +
                          ": it must have one where one of them applies"
                    : "has no code of the preferred value set " + binding.value_set);
}

void ProfileChecker::Invariants(const ProfileElement& rule, const Item& item) {
  for (const ProfileInvariant& invariant : rule.invariants) {
    if (!Work()) return;
    const std::string text = InvariantText(invariant.key, invariant.human);
    const Severity severity = invariant.is_error ? Severity::kError : Severity::kWarning;
    if (invariant.expression == nullptr) {
      Add(Severity::kWarning, "not-supported", text + " (not checked: " + invariant.problem + ")");
      continue;
    }
    const auto holds = invariant.expression->Test(PathEnvironment(), item);
    if (!holds.ok() && holds.error().code == ErrorCode::kTooLarge) {
      Issue issue = TooLargeFor(severity, Path(), invariant.key, invariant.human);
      Add(severity, issue.type, std::move(issue.text));
    } else if ((!holds.ok() || !*holds) && !definitions_.IsResource(item.type) &&
               HasNumberBeyond(item.node)) {
      Add(Severity::kWarning, "invariant",
          text + " (it may not be decided: a number has more than 38 digits)");
    } else if (!holds.ok()) {
      Add(severity, "invariant", text + " (it cannot be decided: its expression fails on what is there)");
    } else if (!*holds) {
      Add(severity, "invariant", text);
    }
  }
}

bool ProfileChecker::Conforms(const ProfileElement& rule, const Item& item) {
  const size_t before = errors_;
  ++quiet_;
  Element(rule, item);
  --quiet_;
  return std::exchange(errors_, before) == before;
}

bool ProfileChecker::ConformsToProfile(const Item& item, const std::string& canonical, bool* known) {
  const TypeId type = profiles_.TypeOf(canonical);
  *known = type != kNoType;
  if (type == kNoType || !definitions_.IsA(item.type, type)) return false;
  const ProfilePtr profile = Known(canonical);
  if (profile == nullptr) return true;  // the type itself
  const size_t before = errors_;
  ++quiet_;
  CheckProfile(item, *profile);
  --quiet_;
  return std::exchange(errors_, before) == before;
}

}  // namespace tk::fhir
