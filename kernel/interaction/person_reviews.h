// The queue of clerks: Tasks of the person index, and what settles them.
// Law:    a review is settled when every pair of the records that it names is one person or is held apart; one about a contradiction when of its new
//         record and each other a person said so since it is asked (what he said before is what is asked about), or when what contradicts is written away: then by what he said, which
//         nothing contradicts any more; one about a changed identity when its new record and each other are one person or held apart, and one that names no other
//         when a person answers whose the record is ($link or $not-same of it with itself). It is completed in the transaction of the decision that settles it, a person's or the machine's, with
//         that as its output; so a review about persons who were joined meanwhile goes with the decision that joined them.
//         It is cancelled in the transaction that leaves nothing to ask, with the cause (kRecordGone, kRecordErased, kRecordsDiffer): its new record is gone, or fewer than
//         two are left; or of every pair that is not decided live matching would ask no more, because a record was changed (not of a changed identity: that
//         it was somebody else's stays true).
//         Who is erased is named by no Task that stays, open or not, and what the comparison with him said goes too: see ClearErased.
// Found:  by Task.for, the new record, and by Task.basedOn, the others; Tasks of before basedOn was written are found by the first alone, but for ClearErased.
// Cost:   a search for the reviews about the records that a set changes and those of persons whom it joins, of which kReviewedRecordsMax are looked at.
//         None where a new record is joined to a person: no two of before become one by it.
#pragma once

#include <vector>

#include "kernel/interaction/after_write.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/person_links.h"

namespace tk::interaction {

inline constexpr size_t kReviewedRecordsMax = 100, kReviewsMax = 200;
/// Codes of kReviewSystem in Task.statusReason of a review that is cancelled.
inline constexpr std::string_view kRecordGone = "record-gone", kRecordErased = "record-erased",
                                  kRecordsDiffer = "records-differ";

/// Puts the reviews that the set settles, completed or cancelled, into it, with guards; and of change.whose those that are to be asked now.
Status SettleReviews(const Room& room, const view::Position& basis, const PersonChange& change,
                     view::ChangeSet* set);

/// Is there an open review with that code of this new record ("Patient/1") and the other (id hash)?
Result<bool> IsAsked(const Room& room, const view::Position& basis, std::string_view code,
                     const std::string& record, uint64_t other);

/// Open reviews of a changed identity of which this is the record ("Patient/1").
struct Identity {
  bool is_asked = false;
  bool contradicts = false;      // a contradiction of it waits, whose answer says whose it is
  std::optional<Current> whose;  // the one that names no other: whose is it now?
};
Result<Identity> IdentityAsked(const Room& room, const view::Position& basis, const std::string& record);

/// Takes a Patient ("Patient/1") who is being erased, or was, out of all reviews that name him and are not his, in transactions of its own; blocks. Once
/// more after the erasure: what was planned before it is found by the second.
Status ClearErased(const Room& room, const std::string& patient);

/// The next version of a resource that is there, changed by a JSON Patch of the platform's own, as a change of the set.
Status AddPatched(const Room& room, const Current& current, std::string_view patch, view::ChangeSet* set);

}  // namespace tk::interaction
