// Patient/[id]/$erase, Practitioner/[id]/$erase: POST of Parameters with a `reason`. Erases the person for good: the fact in the log, the
// key destroyed, contents, views and memory rid of him (Engine::Erase). The audit has it before the answer, with the reason.
// The reason is one of a list and no free text: the audit stays, and must not say who is gone.
// Source: Personal Information Protection Law of the PRC (2021) article 47, the grounds of deletion [M].
#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

constexpr std::array<std::string_view, 5> kReasons = {"purpose-ended", "retention-ended", "consent-withdrawn",
                                                      "unlawful", "other-law"};

Error ReasonMissing() {
  return MakeIssue(ErrorCode::kIncorrect, "required", "Parameters.parameter",
                   fmt::format("An erasure needs a parameter named reason with a valueCode, one of: {}.",
                               fmt::join(kReasons, ", ")));
}

Result<std::string_view> ReadReason(const Call& call) {
  const fhir::Document document = TRY(ParseBody(call));
  const fhir::Value root = document.Root();
  if (root["resourceType"].ToString() != "Parameters") return ReasonMissing();
  std::string_view reason;
  for (const fhir::Value parameter : root["parameter"]) {
    if (parameter["name"].ToString() != "reason") {
      return MakeIssue(ErrorCode::kIncorrect, "not-supported", "Parameters.parameter.name",
                       "The only parameter is reason.");
    }
    const std::string code = parameter["valueCode"].ToString();
    const auto* const at = std::find(kReasons.begin(), kReasons.end(), code);
    if (at == kReasons.end() || !reason.empty()) return ReasonMissing();
    reason = *at;
  }
  if (reason.empty()) return ReasonMissing();
  return reason;
}

}  // namespace

Result<Response> Erase(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$erase"));
  TRY(CheckMayWrite(call.viewer(), call.type_name));
  const std::string_view reason = TRY(ReadReason(call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  const uint64_t count = TRY(room.engine().Erase(fmt::format("{}/{}", call.type_name, call.id)));
  Response response =
      JsonResponse(call,
                   InformationJson(fmt::format("Erased: {} records. Backups of the keys made before now "
                                               "still open them: destroy those within 30 days.",
                                               count)),
                   "erase");
  response.audit_reason = reason;
  return response;
}

}  // namespace tk::interaction
