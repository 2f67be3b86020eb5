// The queue of clerks: Tasks of the person index, and what settles them.
// Law:    a review is settled when every pair of the records that it names is one person or is held apart; one about a contradiction when of its new
//         record and each other a person said so. It is completed in the transaction of the decision that settles it, with that as its output; so a review
//         about persons who were joined meanwhile goes with the decision that joined them. One whose new record is deleted, so that no two are left, is cancelled with it.
// Cost:   a search for the reviews about both persons' records, of which kReviewedRecordsMax are looked at.
#pragma once

#include <vector>

#include "kernel/interaction/permit.h"
#include "kernel/interaction/person_links.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {

inline constexpr size_t kReviewedRecordsMax = 100, kReviewsMax = 200;

/// A decision that is about to be written.
struct NewDecision {
  uint64_t a = 0, b = 0;         // id hashes of the Patients
  bool same = true;              // or held apart
  std::vector<uint64_t> turned;  // Linkages that say otherwise and no longer do
  std::string linkage;           // "Linkage/1"
};
/// Puts the reviews that it settles, completed, into the set.
Status SettleReviews(const Room& room, const view::Position& basis, const NewDecision& decision,
                     view::ChangeSet* set);
/// Cancels the reviews of these Patients ("Patient/1"), which are deleted, in which fewer than two are left.
Status SettleReviewsOfGone(const Room& room, const view::Position& basis,
                           const std::vector<std::string>& patients, view::ChangeSet* set);

/// The next version of a resource that is there, changed by a JSON Patch of the platform's own, as a change of the set.
Status AddPatched(const Room& room, const Current& current, std::string_view patch, view::ChangeSet* set);

}  // namespace tk::interaction
