// delete and conditional delete: DELETE [type]/[id], DELETE [type]?criteria (one at most). Source: FHIR R4 http.html#delete, #cdelete.
#include "kernel/interaction/guest.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

/// There is nothing to delete, which is what was wanted.
Plan NothingToDelete(const Call& call, uint32_t version) {
  Response response;
  response.status = call.prefer.returns == Returns::kOutcome ? 200 : 204;
  if (response.status == 200) response.body = InformationJson("There was nothing to delete.");
  if (version != 0) response.etag = ETag(version);
  return ReadyPlan(std::move(response));
}

Result<Plan> PlanDeleteOf(const Room& room, const CallPtr& call, const view::Position& basis,
                          const std::string& id, std::unique_ptr<view::ChangeSet> set) {
  const Current current = FindCurrent(room, call->viewer(), call->type_name, id, basis);
  // Out of scope: answered in every way like an id that never was, and stays.
  const uint32_t version = current.in_scope ? current.version.version : 0;
  const bool exists = current.in_scope && current.exists();
  TRY(CheckIfMatch(call->request.if_match, exists ? version : 0));
  if (!exists) return NothingToDelete(*call, version);
  TRY(CheckMayDelete(room, call->viewer(), current.version.ordinal));
  TRY(AddDelete(room, call->type, id, current, set.get()));
  return DeletedPlan(call, std::move(set));
}

}  // namespace

Result<Plan> PlanDelete(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayDeleteOf(call->viewer(), call->type_name));
  return PlanDeleteOf(room, call, basis, call->id, std::make_unique<view::ChangeSet>());
}

Result<Plan> PlanConditionalDelete(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayDeleteOf(call->viewer(), call->type_name));
  const Match match = TRY(ResolveCondition(room, *call, call->type, call->query, basis));
  if (match.count > 1) return SeveralMatches(call->type_name);
  if (match.count == 0) {
    TRY(CheckIfMatch(call->request.if_match, 0));
    return NothingToDelete(*call, 0);
  }
  auto set = std::make_unique<view::ChangeSet>();
  set->guards.push_back(ConditionGuard(room, match.query));
  return PlanDeleteOf(room, call, basis, match.id, std::move(set));
}

}  // namespace tk::interaction
