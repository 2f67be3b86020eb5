#include "kernel/rules/update_action.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "kernel/rules/targets.h"

namespace tk::rules {

using fhir::path::Collection;

namespace {

/// One step of a path: a member, or an item of a list (kOneMore: behind its last).
constexpr size_t kNoItem = ~size_t{0}, kOneMore = ~size_t{0} - 1;
struct PathStep {
  std::string member;
  size_t item = kNoItem;
};

Error WrongPath(std::string_view path, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, "value", std::string(path), std::move(text));
}

Result<PathStep> ParseStep(std::string_view path, std::string_view text) {
  PathStep step;
  const size_t bracket = text.find('[');
  step.member = std::string(text.substr(0, bracket));
  if (bracket == std::string_view::npos) return step;
  const std::string_view inside = text.substr(bracket + 1);
  if (inside == "+]") {
    step.item = kOneMore;
    return step;
  }
  const auto parsed = std::from_chars(inside.data(), inside.data() + inside.size(), step.item);
  if (parsed.ec != std::errc() || std::string_view(parsed.ptr, inside.data() + inside.size()) != "]")
    return WrongPath(path, "has a bracket that is neither [n] nor [+]");
  return step;
}

/// `node` (absent: there was nothing) with `json` at the steps; "" = nothing is left. `json` "" takes away.
Result<std::string> SetAt(fhir::Value node, std::span<const PathStep> steps, const std::string& json);

Result<std::string> SetItem(fhir::Value list, std::span<const PathStep> steps, const std::string& json) {
  const size_t count = list.is_array() ? list.size() : 0;
  const size_t item = steps[0].item == kOneMore ? count : steps[0].item;
  if (item > count)
    return MakeError(ErrorCode::kInvalid, fmt::format("{} has no item {}", steps[0].member, item));
  std::string text;
  fhir::JsonWriter out(&text);
  out.Array();
  size_t written = 0;
  for (size_t i = 0; i < std::max(count, item + 1); ++i) {
    const fhir::Value old = i < count ? list.At(i) : fhir::Value();
    const std::string now = i == item ? TRY(SetAt(old, steps.subspan(1), json)) : std::string(old.Json());
    if (now.empty()) continue;
    out.Raw(now);
    ++written;
  }
  out.End();
  return written > 0 ? text : std::string();
}

Result<std::string> SetAt(fhir::Value node, std::span<const PathStep> steps, const std::string& json) {
  if (steps.empty()) return json;
  const PathStep& step = steps[0];
  const fhir::Value old = node.is_object() ? node[step.member] : fhir::Value();
  const std::string now =
      step.item == kNoItem ? TRY(SetAt(old, steps.subspan(1), json)) : TRY(SetItem(old, steps, json));
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  size_t written = 0;
  bool is_set = false;
  for (const fhir::Value member : node) {
    const bool is_it = member.name_text() == step.member;
    is_set = is_set || is_it;
    if (is_it && now.empty()) continue;
    out.Key(member.name_text()).Raw(is_it ? std::string_view(now) : member.Json());
    ++written;
  }
  if (!is_set && !now.empty()) {
    out.Key(step.member).Raw(now);
    ++written;
  }
  out.End();
  return written > 0 ? text : std::string();
}

}  // namespace

struct Setter::One {
  std::string path;
  std::vector<PathStep> steps;
  std::optional<Template> value;  // none: taken away
};

Setter::Setter(std::vector<One> all) : all_(std::move(all)) {}
Setter::Setter(Setter&&) noexcept = default;
Setter& Setter::operator=(Setter&&) noexcept = default;
Setter::~Setter() = default;

namespace {

/// The steps of a path, and the element that it ends at.
Result<const fhir::ElementInfo*> Follow(const fhir::Definitions& definitions, fhir::TypeId type,
                                        std::string_view path, std::vector<PathStep>* steps) {
  const fhir::ElementInfo* element = nullptr;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    PathStep step = TRY(ParseStep(path, part));
    if (element != nullptr && element->max > 1 && steps->back().item == kNoItem)
      return WrongPath(path, fmt::format("{} is a list: say which item, {}[0] or {}[+]", element->name,
                                         element->name, element->name));
    const fhir::NameId name = fhir::Names::Find(step.member);
    element = name == fhir::kUnknownName ? nullptr : definitions.FindElement(type, name);
    if (element == nullptr)
      return WrongPath(path, fmt::format("{} has no element {}", definitions.Type(type).name, step.member));
    if (step.item != kNoItem && element->max <= 1)
      return WrongPath(path, fmt::format("{} is no list: leave [ ] out", element->name));
    type = element->type;
    steps->push_back(std::move(step));
  }
  if (element == nullptr) return WrongPath(path, "is empty");
  return element;
}

bool IsKept(std::string_view type, std::string_view member) {
  return member == "id" || member == "resourceType" || member == "meta" ||
         (type == "Patient" && member == "link");
}

}  // namespace

Result<Setter> Setter::Compile(const ActionScope& scope, fhir::TypeId type, fhir::Value set) {
  if (!set.is_object() || set.size() == 0)
    return WrongPath({}, "must be an object: element paths and what they become");
  std::vector<One> all;
  for (const fhir::Value member : set) {
    One one;
    one.path = std::string(member.name_text());
    const fhir::ElementInfo* const element = TRY(Follow(*scope.definitions, type, one.path, &one.steps));
    if (IsKept(scope.definitions->Type(type).name, one.steps[0].member))
      return WrongPath(one.path, "is the platform's own: it cannot be set");
    if (member.kind() != fhir::Kind::kNull) {
      auto value = Template::CompileValue(*scope.definitions, scope.context, member, *element,
                                          one.steps.back().item != kNoItem);
      if (!value.ok()) {
        const std::string below = value.error().issues.empty() ? "" : value.error().issues[0].path;
        return WrongPath(one.path + (below.empty() || below[0] == '[' ? "" : ".") + below,
                         value.error().external);
      }
      one.value = std::move(value).value();
    }
    all.push_back(std::move(one));
  }
  return Setter(std::move(all));
}

Result<fhir::Document> Setter::Apply(const Performance& performance, fhir::Value target) const {
  fhir::path::Environment environment = performance.environment();
  environment.variables.emplace_back(
      "target", Collection{fhir::path::ResourceItem(*performance.scene().definitions, target)});
  // All are asked of the target as it is, then set one behind the other.
  std::vector<std::string> values;
  for (const One& one : all_)
    values.push_back(one.value ? TRY(one.value->Render(environment, performance.context())) : std::string());
  fhir::Document now = TRY(fhir::Document::Parse(target.Json()));
  for (size_t i = 0; i < all_.size(); ++i) {
    auto set = SetAt(now.Root(), all_[i].steps, values[i]);
    if (!set.ok()) return WrongPath(all_[i].path, set.error().external);
    now = TRY(fhir::Document::Parse(*set));
  }
  return now;
}

namespace {

class UpdateAction : public Action {
 public:
  UpdateAction(Targets targets, Setter setter) : targets_(std::move(targets)), setter_(std::move(setter)) {}
  std::vector<fhir::TypeId> Writes() const override { return {targets_.type()}; }
  bool Changes() const override { return true; }

  Status Perform(Performance* performance) const override {
    const std::string_view type = performance->scene().definitions->Type(targets_.type()).name;
    for (const std::string& id : TRY(targets_.Find(performance))) TRY(UpdateOne(performance, type, id));
    return {};
  }

 private:
  Status UpdateOne(Performance* performance, std::string_view type, std::string_view id) const {
    const fhir::Value now = TRY(performance->Now(type, id));
    if (!now.present())
      return MakeError(ErrorCode::kInvalid, fmt::format("the {} that is to be updated is not there", type));
    fhir::Document changed = TRY(setter_.Apply(*performance, now));
    if (changed.Text() == now.Json()) return {};
    return performance->Update(type, id, std::move(changed));
  }

  const Targets targets_;
  const Setter setter_;
};

/// Errors tell the member that they are about.
Error Below(std::string_view member, const Error& cause) {
  const std::string path = cause.issues.empty() ? "" : cause.issues[0].path;
  return WrongPath(fmt::format("{}{}{}", member, path.empty() ? "" : ".", path), cause.external);
}

}  // namespace

Result<std::unique_ptr<const Action>> ParseUpdate(const ActionScope& scope, fhir::Value json) {
  constexpr std::string_view kMembers[] = {"type", "target", "find", "set"};
  for (const fhir::Value member : json) {
    if (std::find(std::begin(kMembers), std::end(kMembers), member.name_text()) == std::end(kMembers))
      return WrongPath(member.name_text(), "is not known here: an update has type, target or find, and set");
  }
  Targets targets = TRY(Targets::Parse(scope, json));
  if (scope.definitions->Type(targets.type()).name == "Linkage")
    return WrongPath("type", "Linkage is written by the person index alone");
  auto setter = Setter::Compile(scope, targets.type(), json["set"]);
  if (!setter.ok()) return Below("set", setter.error());
  return std::unique_ptr<const Action>(
      std::make_unique<UpdateAction>(std::move(targets), std::move(setter).value()));
}

}  // namespace tk::rules
