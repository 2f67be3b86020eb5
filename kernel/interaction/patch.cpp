// patch and conditional patch: PATCH [type]/[id], PATCH [type]?criteria with a JSON Patch. Source: FHIR R4 http.html#patch; RFC 6902.
#include "kernel/fhir/patch.h"

#include <fmt/format.h>

#include "kernel/interaction/guest.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

Result<Plan> PlanPatchOf(const Room& room, const CallPtr& call, const view::Position& basis,
                         const std::string& id, std::unique_ptr<view::ChangeSet> set) {
  const Current current = FindCurrent(room, call->viewer(), call->type_name, id, basis);
  if (current.version.ordinal == 0 || !current.in_scope) return ReadyPlan(NotFound(*call));
  if (current.version.deleted) return ReadyPlan(Gone(current.version.version));
  TRY(CheckIfMatch(call->request.if_match, current.version.version));
  if (call->request.body.empty())
    return MakeError(ErrorCode::kIncorrect, "The body is empty: send a JSON Patch, an array of operations.");
  const fhir::Document patch = TRY(fhir::Document::Parse(call->request.body));
  // The patch speaks of the resource as clients read it, with meta.versionId and meta.lastUpdated.
  std::string text;
  TRY(room.engine().ReadText(current.version.ordinal, &text));
  TRY(CheckSeesAll(room, call->viewer(), text));
  const fhir::Document before = TRY(fhir::Document::Parse(text));
  fhir::Document after = TRY(fhir::ApplyJsonPatch(before.Root(), patch.Root()));
  if (after.Root()["id"].ToString() != id) {
    return MakeIssue(ErrorCode::kInvalid, "business-rule", call->type_name + ".id",
                     "A patch may not change or remove the id.");
  }
  TRY(CountTold(room, *call, text, after.Root()));
  view::ResourcePtr now =
      TRY(MakeVersion(room, *call, call->type, std::move(after), current.version.version + 1, false));
  TRY(CheckPlace(room, call->viewer(), *now, basis));
  TRY(CheckMayChange(room, call->viewer(), current.version.ordinal));
  TRY(AddWrite(room, current, std::move(now), set.get()));
  return WrittenPlan(call, std::move(set), false);
}

}  // namespace

Result<Plan> PlanPatch(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayWrite(call->viewer(), call->type_name));
  TRY(CheckMayRead(call->viewer(), call->type_name));  // the answer to a test operation tells content
  return PlanPatchOf(room, call, basis, call->id, std::make_unique<view::ChangeSet>());
}

Result<Plan> PlanConditionalPatch(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayWrite(call->viewer(), call->type_name));
  const Match match = TRY(ResolveCondition(room, *call, call->type, call->query, basis));
  if (match.count > 1) return SeveralMatches(call->type_name);
  if (match.count == 0) return ReadyPlan(NotFound(*call));
  auto set = std::make_unique<view::ChangeSet>();
  set->guards.push_back(ConditionGuard(room, match.query));
  return PlanPatchOf(room, call, basis, match.id, std::move(set));
}

}  // namespace tk::interaction
