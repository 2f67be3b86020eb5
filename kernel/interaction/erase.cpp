// Patient/[id]/$erase, Practitioner/[id]/$erase: POST of Parameters with a `reason`; also of a Bundle or another record that is its own
// (view/engine.h, Owners). Erases the person for good: the fact in the log, the
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

namespace {

constexpr size_t kBundlesNamedMax = 20;

/// Bundles that are their own because they hold records of several persons, `person` among them.
Result<std::vector<std::string>> BundlesHolding(const Room& room, const Call& call,
                                                const std::string& person) {
  const fhir::Definitions& definitions = *room.definitions;
  const view::Owners& owners = room.engine().owners();
  const view::Position position = room.engine().Head();
  const fhir::TypeId type = definitions.FindType("Bundle");
  std::vector<std::string> found;
  if (room.directory().LiveCount(type) == 0) return found;
  search::Query query = TRY(search::ParseQuery(definitions, type, "", search::ParseOptions{}));
  search::PageRequest request = ScopedRequest(room, call, position, 200);
  request.scope = {};  // whoever may erase a person erases him wherever he is
  while (found.size() < kBundlesNamedMax) {
    const search::Page page = TRY(room.index().Search(query, request));
    for (const view::Ordinal ordinal : page.ordinals) {
      std::string text;
      const view::Engine::Header header = TRY(room.engine().ReadText(ordinal, &text));
      const fhir::Document document = TRY(fhir::Document::Parse(text));
      if (owners.NameOf(type, header.id, document.Root()) != owners.OwnName(type, header.id)) continue;
      for (const fhir::Value entry : document.Root()["entry"]) {
        const fhir::Value inside = entry["resource"];
        const fhir::TypeId inside_type = definitions.FindType(inside["resourceType"].ToString());
        if (inside.is_object() && owners.NameOf(inside_type, inside["id"].ToString(), inside) == person) {
          found.push_back(owners.OwnName(type, header.id));
          break;
        }
      }
    }
    if (page.next_cursor.empty()) return found;
    request.cursor = page.next_cursor;
  }
  return found;
}

}  // namespace

Result<Response> Erase(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$erase"));
  TRY(CheckMayWrite(call.viewer(), call.type_name));
  const std::string_view reason = TRY(ReadReason(call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  const std::string name = fmt::format("{}/{}", call.type_name, call.id);
  const auto bundles = TRY(BundlesHolding(room, call, name));
  if (!bundles.empty())
    return MakeIssue(
        ErrorCode::kConflict, "conflict", {},
        fmt::format("Bundles hold records of this and of other persons; a part of them cannot be erased. "
                    "Erase them first (POST [bundle]/$erase), after storing anew what of them is to "
                    "stay: {}.",
                    fmt::join(bundles, ", ")));
  auto erased = room.engine().Erase(name);
  if (!erased.ok() && erased.error().code == ErrorCode::kNotFound)
    return MakeIssue(ErrorCode::kIncorrect, "business-rule", {},
                     "This record is not its own: it goes with the person whom it is about. Erase the "
                     "Patient, or delete it.");
  const uint64_t count = TRY(std::move(erased));
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
