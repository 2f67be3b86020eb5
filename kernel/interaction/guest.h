// What a guest may write: who is let in from outside the person's area by a fact alone (emergency access, treating relation, Consent, family) adds to the
// person's records and changes what he or his organization wrote; he deletes no Patient and changes nothing that others wrote.
// Wrote:  the stored version names his own record, his organization or his account as who made it, in one of FHIR's elements for that (kMakers, guest.cpp).
// Source: Personal Information Protection Law (2021) article 6: the least for the purpose [M]; FHIR R4 fivews.html (author, actor, recorder).
// Cost:   nothing to whom his area lets in; to a guest a read of what he would change.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Is it a fact alone that lets him see this person?
bool IsGuestOf(const Room& room, const access::Viewer& viewer, view::OwnerNumber person);
/// Does this resource name the viewer, or his organization, as who made it? The performer of a request is whom it is asked of.
bool IsMadeBy(const access::Viewer& viewer, fhir::Value resource);
/// kForbidden for a guest who would change (or delete) that version, and it is not his. `ordinal` 0: nothing is there.
Status CheckGuest(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal, bool deletes);
/// May the viewer put another version in place of that one, of a type that he writes and in his scope? Not asked of transitions. kForbidden as CheckGuest,
/// and of answers to forms that are not his (record_rights.h); kInvalid of a mirror, which goes as its entry goes (watch_mirrors.h).
Status CheckMayChange(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal);
/// The same of deleting: besides kForbidden for what is hidden from him (special.h), and kInvalid, for everybody, of what a workflow governs.
Status CheckMayDelete(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal);

}  // namespace tk::interaction
