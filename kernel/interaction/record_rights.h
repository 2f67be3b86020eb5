// What of a type a post sees and writes, where that is not all of it: answers to packs' forms that name it, and records of the account's own
// organization. Both are said by packs (docs/packs.md, "Rights") and kept in access::Post.
// Flow:   Post.forms, forms_seen, organization → task_sight.h (what is seen, everywhere) and CheckSent, CheckStored (what is written)
// Law:    an answer belongs to the form that its `questionnaire` names, whatever version, also where no pack brings that form any more: then the
//         administrator sees it, and a resident what is about himself. A record is an organization's when the element that the post names
//         refers to it. Where the account has no organization nothing is its own.
// Source: Personal Information Protection Law (2021) article 6, least information for the purpose [M].
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Of which types does he see a part only? Sorted names; empty for most posts.
std::vector<std::string> TypesSeenInPart(const access::Viewer& viewer);
/// Is this record of such a type among what he sees? True of other types. Cost: looks at some elements.
bool IsInPartSeen(const access::Viewer& viewer, std::string_view type, fhir::Value record);
/// May he leave this behind? kForbidden for an answer to another's form and for what names another organization. Transitions are not asked: they bring
/// the right to what they make with them.
Status CheckSent(const access::Viewer& viewer, std::string_view type, fhir::Value record);
/// kForbidden for who would change or delete an answer that he sees and could not have written. `ordinal` 0: nothing is there.
Status CheckStored(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal);

}  // namespace tk::interaction
