// create and conditional create: POST [type], If-None-Exist. Source: FHIR R4 http.html#create, #ccreate.
#include <fmt/format.h>

#include "kernel/interaction/masked.h"
#include "kernel/interaction/merge_links.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

/// The condition holds for one: nothing is written, the caller is told which.
Result<Plan> ExistingPlan(const Room& room, const Call& call, const Match& match) {
  Response response;
  const view::Engine::TextPtr found = TRY(OpenAsFound(room, match.ordinal));
  const Header& header = found->header;
  response.body = found->attachments_lost == 0 ? found->json : OutcomeJson({LostIssue(room, *found)});
  response.etag = ETag(header.version);
  response.last_modified_us = header.at_us;
  response.location =
      fmt::format("{}/{}/{}/_history/{}", call.request.base_url, call.type_name, header.id, header.version);
  response.audit_type = call.type_name;
  response.audit_id = header.id;
  response.audit_action = "read";
  if (call.prefer.returns == Returns::kMinimal) response.body.clear();
  if (call.pretty && !response.body.empty()) response.body = PrettyJson(response.body);
  return ReadyPlan(std::move(response));
}

}  // namespace

Result<Plan> PlanCreate(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayWrite(call->viewer(), call->type_name));
  if (auto repeated = TRY(RepeatedAnswer(room, *call, basis))) return ReadyPlan(std::move(*repeated));
  auto set = std::make_unique<view::ChangeSet>();
  // The body is judged first, so that a bad one is refused whether or not the condition holds.
  fhir::Document document = TRY(WithTruth(room, *call, 0, TRY(BodyWithNewId(*call))));
  view::ResourcePtr now = TRY(MakeVersion(room, *call, call->type, std::move(document), 1, true));
  if (!call->request.if_none_exist.empty()) {
    const Match match = TRY(ResolveCondition(room, *call, call->type, call->request.if_none_exist, basis));
    if (match.count > 1) return SeveralMatches(call->type_name);
    if (match.count == 1) return ExistingPlan(room, *call, match);
    set->guards.push_back(ConditionGuard(room, match.query));
  }
  TRY(CheckPlace(room, call->viewer(), *now, basis));
  TRY(CheckNoNewMergeLinks(room, nullptr, *now));
  set->key = call->key;
  GuardParameter(room, now, set.get());
  set->changes.push_back(view::Change{std::move(now), nullptr, 0});
  view::Guard guard;
  guard.id_hash = room.engine().IdHash(call->type_name, call->new_id);
  set->guards.push_back(std::move(guard));
  return WrittenPlan(call, std::move(set), true);
}

}  // namespace tk::interaction
