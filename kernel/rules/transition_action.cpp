#include "kernel/rules/transition_action.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/rules/targets.h"

namespace tk::rules {
namespace {

using fhir::path::Collection;
using fhir::path::Expression;

/// An input as it is given: JSON, or what an expression comes to.
struct GivenInput {
  std::string name;
  std::unique_ptr<const Expression> expression;   // null: `literal`
  std::shared_ptr<const fhir::Document> literal;  // a list of one
};

class TransitionAction : public Action {
 public:
  TransitionAction(Targets targets, std::string code, std::vector<GivenInput> inputs, bool must)
      : targets_(std::move(targets)), code_(std::move(code)), inputs_(std::move(inputs)), must_(must) {}
  std::vector<fhir::TypeId> Writes() const override { return {targets_.type()}; }
  bool Changes() const override { return true; }

  Status Perform(Performance* performance) const override {
    if (!performance->scene().reach.move)
      return MakeError(ErrorCode::kInvalid, "no transition can be made here: there are no workflows");
    Moving moving;
    moving.type = performance->scene().definitions->Type(targets_.type()).name;
    moving.code = code_;
    moving.must = must_;
    for (const GivenInput& input : inputs_) {
      Collection value;
      if (input.expression != nullptr) {
        TRY(input.expression->Evaluate(performance->environment(), performance->context(), &value));
        if (value.empty()) continue;
        value.resize(1);
      } else {
        fhir::path::Item& item = value.emplace_back();
        item.node = input.literal->Root().At(0);
        item.computed = input.literal;
      }
      moving.inputs.emplace_back(input.name, std::move(value));
    }
    for (const std::string& id : TRY(targets_.Find(performance))) {
      moving.id = id;
      TRY(performance->scene().reach.move(performance, moving));
    }
    return {};
  }

 private:
  const Targets targets_;
  const std::string code_;
  const std::vector<GivenInput> inputs_;
  const bool must_;
};

}  // namespace

Result<std::unique_ptr<const Action>> ParseTransition(const ActionScope& scope, fhir::Value json) {
  constexpr std::array<std::string_view, 6> kMembers = {"type", "target", "find", "code", "inputs", "must"};
  for (const fhir::Value member : json) {
    if (std::find(kMembers.begin(), kMembers.end(), member.name_text()) == kMembers.end())
      return MakeIssue(ErrorCode::kInvalid, "value", std::string(member.name_text()),
                       fmt::format("is not known here: a transition has {}", fmt::join(kMembers, ", ")));
  }
  Targets targets = TRY(Targets::Parse(scope, json));
  const std::string code = json["code"].ToString();
  if (code.empty()) return MakeIssue(ErrorCode::kInvalid, "required", "code", "is missing: which transition");
  std::vector<GivenInput> inputs;
  for (const fhir::Value member : json["inputs"]) {
    GivenInput& input = inputs.emplace_back();
    input.name = std::string(member.name_text());
    const std::string text = member.is_string() ? member.ToString() : std::string();
    if (text.starts_with("=")) {
      auto compiled =
          Expression::Compile(std::string_view(text).substr(1), *scope.definitions, scope.context);
      if (!compiled.ok())
        return MakeIssue(ErrorCode::kInvalid, "value", "inputs." + input.name, compiled.error().external);
      input.expression = std::make_unique<const Expression>(std::move(compiled).value());
    } else {
      input.literal = std::make_shared<const fhir::Document>(
          TRY(fhir::Document::Parse(fmt::format("[{}]", member.Json()))));
    }
  }
  return std::unique_ptr<const Action>(
      std::make_unique<TransitionAction>(std::move(targets), code, std::move(inputs), json["must"].IsTrue()));
}

}  // namespace tk::rules
