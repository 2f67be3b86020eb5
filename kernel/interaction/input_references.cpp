#include "kernel/interaction/input_references.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/city_time.h"
#include "kernel/base/random.h"
#include "kernel/interaction/guest.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/reach.h"
#include "kernel/rules/targets.h"

namespace tk::interaction {
namespace {

using workflow::Input;

/// The references of one order.
class ReferenceCheck {
 public:
  ReferenceCheck(const Room& room, const access::Viewer& viewer, const view::Position& basis,
                 const view::ResourcePtr& record, const workflow::Order& order)
      : room_(room), viewer_(viewer), basis_(basis), record_(record), order_(order) {}

  Status Check(const Input& input, const fhir::path::Item& given) const {
    const std::string name = rules::TargetOf(given);
    const std::string type = name.substr(0, name.find('/'));
    if (name.empty() && (input.exists || !input.to.empty()))
      return Refusal(ErrorCode::kIncorrect, "value", input,
                     fmt::format("The input {} is a reference to a record here: [type]/[id].", input.name));
    if (!input.to.empty() && std::find(input.to.begin(), input.to.end(), type) == input.to.end())
      return Refusal(
          ErrorCode::kIncorrect, "value", input,
          fmt::format("The input {} refers to one of: {}.", input.name, fmt::join(input.to, ", ")));
    if (input.exists) TRY(CheckThere(input, type, name.substr(type.size() + 1)));
    if (input.unless != nullptr && TRY(Finds(*input.unless))) return Spoken(input);
    return {};
  }

 private:
  static Error Refusal(ErrorCode code, std::string_view issue, const Input& input, std::string text) {
    return MakeIssue(
        code, issue,
        fmt::format("Parameters.parameter.where(name='inputs').part.where(name='{}')", input.name),
        std::move(text));
  }
  static Error Spoken(const Input& input) {
    return Refusal(ErrorCode::kInvalid, "business-rule", input,
                   fmt::format("{} / {}", input.message.zh, input.message.en));
  }

  /// What never was and what he does not see are one answer.
  Status CheckThere(const Input& input, const std::string& type, const std::string& id) const {
    const Current current = FindCurrent(room_, viewer_, type, id, basis_);
    if (!CheckMayRead(viewer_, type).ok() || !current.in_scope || !current.exists())
      return Refusal(ErrorCode::kInvalid, "not-found", input, fmt::format("There is no such {}.", type));
    if (input.same_person && !TRY(IsOfSamePerson(type, id)))
      return Refusal(ErrorCode::kInvalid, "business-rule", input,
                     fmt::format("The {} is about another person.", type));
    if (input.where == nullptr) return {};
    const view::ResourcePtr there = TRY(room_.engine().Read(current.version.ordinal));
    const rules::HeadVariables head(order_.workflow->head, 0, order_.now_us);
    fhir::path::Environment environment;
    environment.definitions = room_.definitions;
    environment.resource = there->document.Root();
    environment.now_us = order_.now_us;
    environment.offset_min = CityOffsetMin();
    environment.more_variables = &head;
    const auto context = fhir::path::ResourceItem(*room_.definitions, there->document.Root());
    return TRY(input.where->Test(environment, context)) ? Status() : Spoken(input);
  }

  Result<bool> IsOfSamePerson(const std::string& type, const std::string& id) const {
    for (const std::string_view member : {"subject", "patient", "for"}) {
      const std::string person = record_->document.Root()[member]["reference"].ToString();
      if (!person.starts_with("Patient/")) continue;
      return !TRY(ReachOf(room_.context).find(type, person, "_id=" + id)).empty();
    }
    return false;
  }

  /// With the names that the transition's actions will have.
  Result<bool> Finds(const rules::Targets& targets) const {
    rules::Performance::Scene scene;
    scene.definitions = room_.definitions;
    scene.head = &order_.workflow->head;
    scene.resource = record_->document.Root();
    scene.now_us = order_.now_us;
    scene.new_id = NewUuid;
    scene.read = rules::ReaderAt(&room_.engine(), basis_);
    scene.reach = ReachOf(room_.context);
    scene.variables = workflow::NamesOf(order_);
    rules::Performance performance(std::move(scene));
    return !TRY(targets.Find(&performance)).empty();
  }

  const Room& room_;
  const access::Viewer& viewer_;
  const view::Position& basis_;
  const view::ResourcePtr& record_;
  const workflow::Order& order_;
};

}  // namespace

Status CheckReferences(const Room& room, const access::Viewer& viewer, const view::Position& basis,
                       const view::ResourcePtr& record, const workflow::Order& order) {
  const ReferenceCheck check(room, viewer, basis, record, order);
  for (const Input& input : order.transition->inputs) {
    if (input.type != "Reference") continue;
    for (const auto& [name, items] : order.inputs) {
      if (name == input.name && !items.empty()) TRY(check.Check(input, items.front()));
    }
  }
  return {};
}

}  // namespace tk::interaction
