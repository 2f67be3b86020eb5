// update, update as create, conditional update: PUT [type]/[id], PUT [type]?criteria. Every PUT makes a version, also one with the same content.
// Source: FHIR R4 http.html#update, #upsert, #cond-update.
#include <fmt/format.h>

#include "kernel/interaction/guest.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

Result<Plan> PlanPut(const Room& room, const CallPtr& call, const view::Position& basis,
                     fhir::Document document, const std::string& id, std::unique_ptr<view::ChangeSet> set) {
  const Current current = FindCurrent(room, call->viewer(), call->type_name, id, basis);
  TRY(CheckWritable(current));
  const bool created = !current.exists();
  TRY(CheckIfMatch(call->request.if_match, created ? 0 : current.version.version));
  if (!created && NamesVersion(call->request.if_none_match, current.version.version)) {
    return MakeError(ErrorCode::kPrecondition, "If-None-Match does not hold: the resource exists already.");
  }
  document = TRY(WithTruth(room, *call, created ? 0 : current.version.ordinal, std::move(document)));
  view::ResourcePtr now =
      TRY(MakeVersion(room, *call, call->type, std::move(document), current.version.version + 1, false));
  TRY(CheckPlace(room, call->viewer(), *now, basis));
  TRY(CheckMayChange(room, call->viewer(), created ? 0 : current.version.ordinal));
  TRY(AddWrite(room, current, std::move(now), set.get()));
  set->key = call->key;
  return WrittenPlan(call, std::move(set), created);
}

/// The body's id; "" if it has none. Errors: kInvalid if it is no id.
Result<std::string> IdOfBody(const Call& call, const fhir::Document& document) {
  const fhir::Value id = document.Root()["id"];
  if (!id) return std::string();
  std::string text = id.ToString();
  if (!id.is_string() || !IsId(text)) {
    return MakeIssue(ErrorCode::kInvalid, "value", call.type_name + ".id",
                     "An id has 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'.");
  }
  return text;
}

}  // namespace

Result<Plan> PlanUpdate(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayWrite(call->viewer(), call->type_name));
  fhir::Document document = TRY(ParseBody(*call));
  const std::string id = TRY(IdOfBody(*call, document));
  if (id != call->id) {
    return MakeIssue(ErrorCode::kIncorrect, id.empty() ? "required" : "value", call->type_name + ".id",
                     id.empty() ? "The resource needs the id of the URL in its element id."
                                : "The id in the resource is not the id of the URL: make them the same.");
  }
  return PlanPut(room, call, basis, std::move(document), call->id, std::make_unique<view::ChangeSet>());
}

Result<Plan> PlanConditionalUpdate(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayWrite(call->viewer(), call->type_name));
  if (auto repeated = TRY(RepeatedAnswer(room, *call, basis))) return ReadyPlan(std::move(*repeated));
  fhir::Document document = TRY(ParseBody(*call));
  const std::string body_id = TRY(IdOfBody(*call, document));
  const Match match = TRY(ResolveCondition(room, *call, call->type, call->query, basis));
  if (match.count > 1) return SeveralMatches(call->type_name);
  auto set = std::make_unique<view::ChangeSet>();
  set->guards.push_back(ConditionGuard(room, match.query));
  if (match.count == 1) {
    if (!body_id.empty() && body_id != match.id) {
      return MakeIssue(ErrorCode::kIncorrect, "value", call->type_name + ".id",
                       "The condition names another resource than the id in the body: leave the id out, or "
                       "give that one.");
    }
    document = TRY(WithId(std::move(document), match.id));
    return PlanPut(room, call, basis, std::move(document), match.id, std::move(set));
  }
  const std::string& id = body_id.empty() ? call->new_id : body_id;
  if (!body_id.empty() && FindCurrent(room, call->viewer(), call->type_name, id, basis).exists()) {
    return MakeIssue(
        ErrorCode::kConflict, "duplicate", call->type_name + ".id",
        "The condition names no resource, and the id in the body is that of one for which it does not hold.");
  }
  document = TRY(WithId(std::move(document), id));
  return PlanPut(room, call, basis, std::move(document), id, std::move(set));
}

}  // namespace tk::interaction
