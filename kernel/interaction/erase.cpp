// Patient/[id]/$erase, Practitioner/[id]/$erase: POST of Parameters with a `reason`; also of a Bundle or another record that is its own
// (view/engine.h, Owners). Erases the person for good: the fact in the log, the
// key destroyed, contents, views and memory rid of him (Engine::Erase). The audit has it before the answer, with the reason.
// The reason is one of a list and no free text: the audit stays, and must not say who is gone.
// Source: Personal Information Protection Law of the PRC (2021) article 47, the grounds of deletion [M].
#include <fmt/format.h>

#include <algorithm>
#include <set>

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

/// Bundles that hold records of `person` though they are not his: all versions in [from, position.end) count, of deleted ones and replaced ones
/// too, for each can be read as long as its key is there. Only what lies in no area can be such a one, so few others are read.
Result<std::set<std::string>> BundlesHolding(const Room& room, const std::string& person, view::Ordinal from,
                                             const view::Position& position) {
  const view::Owners& owners = room.engine().owners();
  const view::Directory& directory = room.directory();
  const view::OwnerNumber own = TRY(room.engine().keys().Find(person));
  const fhir::TypeId bundle = room.definitions->FindType("Bundle");
  std::set<std::string> found;
  for (view::Ordinal at = from; at < position.end_ordinal && found.size() < kBundlesNamedMax; ++at) {
    const view::Directory::Column column = directory.Get(at);
    if (column.type != bundle || column.owner == 0 || column.owner == own ||
        (column.op != view::Operation::kCreate && column.op != view::Operation::kUpdate) ||
        directory.AreaOf(column.owner) != view::kAreaUnknown)
      continue;
    std::string text;
    auto read = room.engine().ReadText(at, &text);
    if (!read.ok() && read.error().code == ErrorCode::kGone) continue;  // erased
    const view::Engine::Header header = TRY(std::move(read));
    const fhir::Document document = TRY(fhir::Document::Parse(text));
    const std::string name = owners.OwnName(bundle, header.id);
    if (owners.NameOf(bundle, header.id, document.Root()) == name &&
        owners.PersonsIn(bundle, document.Root()).contains(person))
      found.insert(name);
  }
  return found;
}

Status CheckInNoBundle(const Room& room, const std::string& person, view::Ordinal from,
                       const view::Position& position) {
  const std::set<std::string> bundles = TRY(BundlesHolding(room, person, from, position));
  if (bundles.empty()) return {};
  return MakeIssue(ErrorCode::kConflict, "conflict", {},
                   fmt::format("Bundles hold records of this and of other persons, or did in a former "
                               "version; a part of them cannot be erased. Erase them first (POST "
                               "[bundle]/$erase), after storing anew what of them is to stay: {}.",
                               fmt::join(bundles, ", ")));
}

}  // namespace

Result<Response> Erase(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$erase"));
  TRY(CheckMayWrite(call.viewer(), call.type_name));
  const std::string_view reason = TRY(ReadReason(call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  const std::string name = fmt::format("{}/{}", call.type_name, call.id);
  // The long look while everything goes on; then a short one at what came meanwhile, with writing about him held.
  const view::Position before = room.engine().Head();
  TRY(CheckInNoBundle(room, name, 1, before));
  auto erased = room.engine().Erase(name, [&](const view::Position& held) {
    return CheckInNoBundle(room, name, before.end_ordinal, held);
  });
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
