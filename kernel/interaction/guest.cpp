#include "kernel/interaction/guest.h"

#include <algorithm>
#include <array>

#include "kernel/access/decision.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/record_rights.h"
#include "kernel/interaction/special.h"
#include "kernel/interaction/states.h"
#include "kernel/interaction/watch_mirrors.h"

namespace tk::interaction {
namespace {

// FHIR R4: the elements that name who made a record, or did what it tells. `actor` and `individual` stand inside performer and participant.
constexpr std::array<std::string_view, 8> kMakers = {"asserter",    "author",         "performer",
                                                     "participant", "practitioner",   "recorder",
                                                     "requester",   "serviceProvider"};
constexpr std::array<std::string_view, 2> kInside = {"actor", "individual"};

bool Refers(const access::Viewer& viewer, fhir::Value reference) {
  const std::string link = reference["reference"].ToString();
  if (!link.empty() && (link == viewer.record || link == viewer.organization)) return true;
  const fhir::Value identifier = reference["identifier"];
  return !viewer.account.empty() && identifier["system"].ToString() == kAccountSystem &&
         identifier["value"].ToString() == viewer.account;
}

bool NamesViewer(const access::Viewer& viewer, fhir::Value one) {
  return Refers(viewer, one) || std::any_of(kInside.begin(), kInside.end(), [&](std::string_view inside) {
           return Refers(viewer, one[inside]);
         });
}

}  // namespace

bool IsGuestOf(const Room& room, const access::Viewer& viewer, view::OwnerNumber person) {
  const view::Scope& scope = viewer.scope;
  if (person == 0 || scope.everything || scope.beyond == nullptr) return false;
  const auto& open = scope.beyond->open;
  return std::binary_search(open.begin(), open.end(), person) &&
         access::LiesOutside(scope, person, room.directory().AreaOf(person));
}

bool IsMadeBy(const access::Viewer& viewer, fhir::Value resource) {
  const bool asks = resource["resourceType"].ToString().ends_with("Request");
  return std::any_of(kMakers.begin(), kMakers.end(), [&](std::string_view name) {
    if (asks && name == "performer") return false;
    const fhir::Value maker = resource[name];
    if (!maker.is_array()) return NamesViewer(viewer, maker);
    return std::any_of(maker.begin(), maker.end(), [&](fhir::Value one) { return NamesViewer(viewer, one); });
  });
}

Status CheckGuest(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal, bool deletes) {
  if (ordinal == 0) return {};
  const view::OwnerNumber person = room.directory().OwnerNow(room.directory().Get(ordinal).owner);
  if (!IsGuestOf(room, viewer, person)) return {};
  const view::ResourcePtr stored = TRY(room.engine().Read(ordinal));
  const bool is_person = room.TypeName(stored->type) == "Patient";
  if (!(deletes && is_person) && IsMadeBy(viewer, stored->document.Root())) return {};
  return MakeError(ErrorCode::kForbidden,
                   "You were let in to this person from outside the area: you may read, add records about "
                   "the person, and change "
                   "those that name you or your organization as who made them (performer, author, recorder, "
                   "requester …). What "
                   "others wrote is changed and deleted by who is in charge there.");
}

namespace {

/// Of each type that may go wrong by hand: what is asked of the version that stands.
Status CheckOwnWays(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal) {
  if (ordinal == 0) return {};
  TRY(CheckStored(room, viewer, ordinal));
  return CheckNotMirror(room, ordinal);
}

}  // namespace

Status CheckMayChange(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal) {
  TRY(CheckGuest(room, viewer, ordinal, false));
  return CheckOwnWays(room, viewer, ordinal);
}

Status CheckMayDelete(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal) {
  TRY(CheckGuest(room, viewer, ordinal, true));
  TRY(CheckOwnWays(room, viewer, ordinal));
  TRY(CheckNotGoverned(room, ordinal));
  const bool lacks = MasksOf(viewer) != nullptr && !MasksOf(viewer)->without.empty();
  if (!access::IsBoundBySpecial(viewer) && !lacks) return {};
  const auto text = TRY(room.engine().OpenText(ordinal));
  TRY(CheckNotSpecial(room, viewer, text->json));
  if (!lacks || !TRY(LacksParts(viewer, text->json))) return {};
  return MakeError(
      ErrorCode::kForbidden,
      "This record holds what your post does not see: it is deleted by who sees it whole. Mark it as "
      "entered in error.");
}

}  // namespace tk::interaction
