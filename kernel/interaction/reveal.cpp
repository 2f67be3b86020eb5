// [type]/[id]/$reveal: POST of Parameters with a `reason` (a code of policies.toml): the resource whole, for a post that sees it masked.
// The audit has who, whom and why, durably, before the answer (access/audit.h). Once for one resource: nothing stays open by it.
#include <fmt/format.h>

#include "kernel/access/policies.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

Error RevealReasonMissing(const access::Policies& policies) {
  return MakeIssue(ErrorCode::kIncorrect, "required", "Parameters.parameter",
                   fmt::format("A reveal needs a parameter named reason with a valueCode, one of: {}.",
                               fmt::join(policies.reveal_reasons(), ", ")));
}

Result<std::string_view> ReadRevealReason(const Call& call, const access::Policies& policies) {
  const fhir::Document document = TRY(ParseBody(call));
  const fhir::Value root = document.Root();
  if (root["resourceType"].ToString() != "Parameters") return RevealReasonMissing(policies);
  std::string_view reason;
  for (const fhir::Value parameter : root["parameter"]) {
    if (parameter["name"].ToString() != "reason")
      return MakeIssue(ErrorCode::kIncorrect, "not-supported", "Parameters.parameter.name",
                       "The only parameter is reason.");
    const std::string_view code = policies.RevealReason(parameter["valueCode"].ToString());
    if (code.empty() || !reason.empty()) return RevealReasonMissing(policies);
    reason = code;
  }
  if (reason.empty()) return RevealReasonMissing(policies);
  return reason;
}

}  // namespace

Result<Response> Reveal(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "reveal"));
  TRY(CheckMayRead(call.viewer(), call.type_name));
  const auto& policies =
      call.viewer().policies != nullptr ? *call.viewer().policies : *access::Policies::BuiltIn();
  const std::string_view reason = TRY(ReadRevealReason(call, policies));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  if (current.version.deleted) return Gone(current.version.version);
  Response response = TRY(StoredResource(room, call, current.version.ordinal, Shape{}));
  response.audit_action = "reveal";
  response.audit_reason = reason;
  return response;
}

}  // namespace tk::interaction
