#include "kernel/rules/targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/search/query.h"

namespace tk::rules {

using fhir::path::Collection;
using fhir::path::Expression;

namespace {

Error WrongTarget(std::string_view path, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, "value", std::string(path), std::move(text));
}

/// With or without a leading '='.
Result<std::unique_ptr<const Expression>> CompileAt(const ActionScope& scope, fhir::Value text,
                                                    std::string_view path) {
  std::string own = text.ToString();
  if (own.starts_with("=")) own.erase(0, 1);
  auto compiled = Expression::Compile(own, *scope.definitions, scope.context);
  if (!compiled.ok()) return WrongTarget(path, compiled.error().external);
  return std::make_unique<const Expression>(std::move(compiled).value());
}

Result<std::string> TextOf(const Expression& expression, const Performance& performance) {
  Collection found;
  TRY(expression.Evaluate(performance.environment(), performance.context(), &found));
  if (found.empty()) return std::string();
  if (found[0].node.is_string()) return found[0].node.ToString();
  const std::string* const text = std::get_if<std::string>(&found[0].computed);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

Result<Targets> Targets::Parse(const ActionScope& scope, fhir::Value action) {
  Targets targets;
  const fhir::Definitions& definitions = *scope.definitions;
  const fhir::Value target = action["target"], find = action["find"];
  targets.type_ = scope.context;
  if (target.present() && find.present())
    return WrongTarget("find", "is said instead of target, not with it");
  if (target.present() || find.present())
    targets.type_ = definitions.FindType(action["type"].ToString());
  else if (action["type"].present())
    return WrongTarget("type", "is said with a target only: without one the cause itself is meant");
  if (!definitions.IsResource(targets.type_))
    return WrongTarget("type", "names no resource type: say which type the target is of");
  if (target.present()) targets.target_ = TRY(CompileAt(scope, target, "target"));
  if (!find.present()) return targets;
  targets.searches_ = true;
  for (const fhir::Value member : find) {
    if (member.name_text() != "patient" && member.name_text() != "where")
      return WrongTarget(fmt::format("find.{}", member.name_text()),
                         "is not known here: a search has patient and where");
  }
  if (find["patient"].present()) {
    targets.patient_ = TRY(CompileAt(scope, find["patient"], "find.patient"));
    if (definitions.FindSearchParameter(targets.type_, "patient") == nullptr)
      return WrongTarget("find.patient", "cannot be asked: the type has no search parameter \"patient\"");
  }
  targets.where_ = find["where"].ToString();
  if (!targets.patient_ && targets.where_.empty()) return WrongTarget("find", "needs patient, where or both");
  if (targets.where_.starts_with("=")) {
    targets.where_of_ = TRY(CompileAt(scope, find["where"], "find.where"));
  } else if (!targets.where_.empty()) {
    const auto query = search::ParseQuery(definitions, targets.type_, targets.where_, {});
    if (!query.ok()) return WrongTarget("find.where", query.error().external);
  }
  return targets;
}

Result<std::vector<std::string>> Targets::Search(Performance* performance) const {
  const auto& find = performance->scene().reach.find;
  if (!find) return MakeError(ErrorCode::kInvalid, "a search cannot be asked here");
  std::string patient;
  if (patient_ != nullptr) {
    Collection found;
    TRY(patient_->Evaluate(performance->environment(), performance->context(), &found));
    if (!found.empty()) patient = TargetOf(found[0]);
    if (!patient.starts_with("Patient/")) return std::vector<std::string>();  // nobody's
    if (performance->scene().reach.sees) TRY(performance->scene().reach.sees(patient));
  }
  const std::string where = where_of_ == nullptr ? where_ : TRY(TextOf(*where_of_, *performance));
  if (!patient.empty()) {
    auto meant = performance->Meant(patient);
    // Of the one before no other record is known: what was his at this one, until a person has said whose it is.
    if (!meant.ok() && meant.error().code == ErrorCode::kInvalid && performance->scene().reach.in_question)
      return performance->scene().reach.in_question(performance->scene().definitions->Type(type_).name,
                                                    patient, where);
    patient = TRY(std::move(meant));
  }
  return find(performance->scene().definitions->Type(type_).name, patient, where);
}

Result<std::vector<std::string>> Targets::Find(Performance* performance) const {
  if (searches_) return Search(performance);
  Collection found;
  if (target_ == nullptr)
    found.push_back(performance->context());
  else
    TRY(target_->Evaluate(performance->environment(), performance->context(), &found));
  if (found.size() > kTargetsMax)
    return MakeError(ErrorCode::kInvalid, fmt::format("an action has more than {} targets", kTargetsMax));
  const std::string_view type = performance->scene().definitions->Type(type_).name;
  std::vector<std::string> ids;
  for (const fhir::path::Item& each : found) {
    const std::string name = TargetOf(each);
    if (name.size() <= type.size() || !name.starts_with(type) || name[type.size()] != '/')
      return MakeError(ErrorCode::kInvalid, fmt::format("the target is no {} of this log", type));
    std::string id = name.substr(type.size() + 1);
    const auto& sees = performance->scene().reach.sees;
    if (target_ != nullptr && sees && !performance->HasMade(type, id)) TRY(sees(name));
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace tk::rules
