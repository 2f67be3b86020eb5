// Patient/[id]/$erase, Practitioner/[id]/$erase: POST of Parameters with a `reason`; also of a Bundle or another record that is its own
// (view/engine.h, Owners). Erases the person for good: the fact in the log, the
// key destroyed, contents, views and memory rid of him (Engine::Erase). The audit has that it is asked before anything is done, and how it ended before the answer, with the reason.
// The reason is one of a list and no free text: the audit stays, and must not say who is gone.
// Source: Personal Information Protection Law of the PRC (2021) article 47, the grounds of deletion [M].
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kernel/base/clock.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/person_reviews.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/same_person.h"
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

constexpr size_t kDeadlineEvery = 64;  // records read between two looks at the clock

/// What holds records of a person though it is not his.
struct Holding {
  std::set<std::string> named;  // that the viewer may see
  bool others = false;
  std::vector<view::Ordinal> unseen;  // damaged: whether they do is not known
};

/// Bundles (and Parameters): all versions in [from, position.end) count, of deleted ones and replaced ones too, for each can be read as long as
/// its key is there. Only what lies in no area can be such a one, so few others are read.
Result<Holding> BundlesHolding(const Room& room, const Call& call, const std::string& person,
                               view::Ordinal from, const view::Position& position) {
  const view::Owners& owners = room.engine().owners();
  const view::Directory& directory = room.directory();
  const view::OwnerNumber own = TRY(room.engine().keys().Find(person));
  const fhir::TypeId bundle = room.definitions->FindType("Bundle"),
                     parameters = room.definitions->FindType("Parameters");
  Holding found;
  size_t looked = 0;
  for (view::Ordinal at = from; at < position.end_ordinal && found.named.size() < kBundlesNamedMax; ++at) {
    const view::Directory::Column column = directory.Get(at);
    if ((column.type != bundle && column.type != parameters) || column.owner == 0 || column.owner == own ||
        (column.op != view::Operation::kCreate && column.op != view::Operation::kUpdate) ||
        directory.AreaOf(column.owner) != view::kAreaUnknown)
      continue;
    if (++looked % kDeadlineEvery == 0 && call.request.deadline_us != 0 &&
        MonotonicUs() > call.request.deadline_us)
      return MakeError(ErrorCode::kTimeout,
                       "Looking through all Bundles took longer than a request may: let an operator erase by "
                       "`tongkang erase`, which has no limit.");
    auto read = room.engine().Read(at);
    if (!read.ok() && read.error().code == ErrorCode::kGone) continue;  // erased
    if (!read.ok() && view::IsDamage(read.error())) {
      found.unseen.push_back(at);
      continue;
    }
    const view::ResourcePtr bundle_read = TRY(std::move(read));
    std::string name = owners.OwnName(column.type, bundle_read->id);
    if (TRY(room.engine().keys().Find(name)) != column.owner ||
        !owners.PersonsIn(column.type, bundle_read->document.Root(), call.request.base_url).contains(person))
      continue;
    if (directory.InScope(at, call.viewer().scope))
      found.named.insert(std::move(name));
    else
      found.others = true;
  }
  return found;
}

/// What is damaged holds up no erasure, and is added to `unseen`.
Status CheckInNoBundle(const Room& room, const Call& call, const std::string& person, view::Ordinal from,
                       const view::Position& position, std::vector<view::Ordinal>* unseen) {
  const Holding found = TRY(BundlesHolding(room, call, person, from, position));
  unseen->insert(unseen->end(), found.unseen.begin(), found.unseen.end());
  if (found.named.empty() && !found.others) return {};
  std::string text =
      "Bundles hold records of this and of other persons, or did in a former version; a part of them cannot "
      "be erased.";
  if (!found.named.empty())
    text += fmt::format(
        " Erase them first (POST [bundle]/$erase), after storing anew what of them is to stay: {}.",
        fmt::join(found.named, ", "));
  if (found.others) text += " Some are outside your area: ask a post of the whole city.";
  return MakeIssue(ErrorCode::kConflict, "conflict", {}, std::move(text));
}

/// What was erased, and what of it nobody could look into.
std::string Told(const view::Engine::Erased& erased, const std::vector<view::Ordinal>& unseen) {
  std::vector<Issue> issues;
  issues.push_back({Severity::kInformation,
                    "informational",
                    {},
                    fmt::format("Erased: {} records. Backups of the keys made before now still open them: "
                                "destroy those within 30 days.",
                                erased.records)});
  if (erased.damaged != 0)
    issues.push_back(
        {Severity::kWarning,
         "incomplete",
         {},
         fmt::format("{} of them are damaged in the log, and were erased without being opened: their key and "
                     "their attachments are gone like those of all others. The log is to be mended: run "
                     "`tongkang verify`, and restore from a backup.",
                     erased.damaged)});
  if (!unseen.empty()) {
    const std::span<const view::Ordinal> first(unseen.data(), std::min(unseen.size(), kBundlesNamedMax));
    issues.push_back(
        {Severity::kWarning,
         "incomplete",
         {},
         fmt::format("{} versions of Bundles or Parameters are damaged, and could not be looked into: they "
                     "may hold records of this person too (entries of the log: {}{}). When the log has been "
                     "restored, ask for this erasure once more: it names those that do.",
                     unseen.size(), fmt::join(first, ", "), unseen.size() > first.size() ? " …" : "")});
  }
  return OutcomeJson(issues);
}

Error NotItsOwn() {
  return MakeIssue(ErrorCode::kIncorrect, "business-rule", {},
                   "This record is not its own: it goes with the person whom it is about. Erase the "
                   "Patient, or delete it.");
}

/// What a Consent closes is closed for the whole person; one that goes with this record would leave his other records open, and nobody would know.
Status CheckNoDenyGoesWithIt(const Room& room, const Call& call, view::OwnerNumber owner) {
  if (call.type_name != "Patient") return {};
  const auto records = OwnersOfPerson(room.context, room.engine().IdHash("Patient", call.id));
  if (std::all_of(records.begin(), records.end(), [&](view::OwnerNumber each) { return each == owner; }))
    return {};
  const Instant now_us = room.context.clock->NowUs();
  for (const access::Fact& fact : room.facts->facts().About(owner)) {
    if (fact.kind != access::Fact::Kind::kConsent || fact.permits || fact.owner != owner ||
        fact.until_us <= now_us)
      continue;
    return MakeIssue(ErrorCode::kConflict, "business-rule", {},
                     fmt::format("{} denies access to all records of this person, of whom there are others, "
                                 "and would be erased with this one. Store it about another record of his "
                                 "first and make this one inactive, or erase the others before.",
                                 fact.source));
  }
  return {};
}

}  // namespace

Result<Response> Erase(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$erase"));
  TRY(CheckMayWrite(call.viewer(), call.type_name));
  const std::string_view reason = TRY(ReadReason(call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  const view::OwnerNumber owner = room.directory().Get(current.version.ordinal).owner;
  if (!call.viewer().scope.everything && room.directory().AreaOf(owner) == view::kAreaPublic)
    return MakeError(ErrorCode::kForbidden,
                     "Staff are known to the whole city: let a post of the whole city erase them.");
  if (room.directory().OwnerNow(owner) != owner) return NotItsOwn();
  TRY(CheckNoDenyGoesWithIt(room, call, owner));
  const std::string name = fmt::format("{}/{}", call.type_name, call.id);
  // The long look while everything goes on; then a short one at what came meanwhile, with writing about him held.
  const view::Position before = room.engine().Head();
  std::vector<view::Ordinal> unseen;
  TRY(CheckInNoBundle(room, call, name, 1, before, &unseen));
  if (call.request.note_intent) TRY(call.request.note_intent(call.type_name, call.id, reason));
  TRY(ClearErased(room, name));
  auto erased = room.engine().Erase(name, [&](const view::Position& held) {
    return CheckInNoBundle(room, call, name, before.end_ordinal, held, &unseen);
  });
  if (!erased.ok() && erased.error().code == ErrorCode::kNotFound) return NotItsOwn();
  const view::Engine::Erased done = TRY(std::move(erased));
  TRY(ClearErased(room, name));  // what was planned before it was erased
  Response response = JsonResponse(call, Told(done, unseen), "erase");
  response.audit_reason = reason;
  response.audit_damaged = done.damaged;
  response.audit_unseen = unseen.size();
  return response;
}

}  // namespace tk::interaction
