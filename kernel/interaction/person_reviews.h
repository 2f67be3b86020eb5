// The queue of clerks: Tasks of the person index, and what settles them.
// Law:    a review is settled when every pair of the records that it names is one person or is held apart; one about a contradiction when of its new
//         record and each other a person said so. It is completed in the transaction of the decision that settles it, with that as its output; so a review
//         about persons who were joined meanwhile goes with the decision that joined them.
// Cost:   a search for the reviews about both persons' records, of which kReviewedRecordsMax are looked at.
// Seen:   whom a review compares, and how far they agree, tells of persons who may lie anywhere in the city: whoever may not compare for the whole city
//         sees the Task without it, and does not write, change or delete one. Else a guess, written down as a Patient, would be answered by its review.
#pragma once

#include <vector>

#include "kernel/interaction/permit.h"
#include "kernel/interaction/person_links.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {

inline constexpr size_t kReviewedRecordsMax = 100, kReviewsMax = 200;

/// Post and scopes let him compare, and no area or person bounds what he sees.
bool SeesReviews(const access::Viewer& viewer);
/// Is there anything of a review in this JSON? In doubt yes. Cost: one scan.
bool TellsOfReview(std::string_view json);
/// `json` (a Task, a part of one, a Bundle) without the candidates and findings of reviews; nullopt: there are none.
/// Errors: kIncorrect if it is no JSON.
Result<std::optional<std::string>> WithoutReviews(std::string_view json);
/// kForbidden when that version is a review, and not this viewer's to change or delete. Cost: of a Task a read.
Status CheckNoReview(const Room& room, const access::Viewer& viewer, std::string_view type,
                     view::Ordinal ordinal);

/// A decision that is about to be written.
struct NewDecision {
  uint64_t a = 0, b = 0;         // id hashes of the Patients
  bool same = true;              // or held apart
  std::vector<uint64_t> turned;  // Linkages that say otherwise and no longer do
  std::string linkage;           // "Linkage/1"
};
/// Puts the reviews that it settles, completed, into the set.
Status SettleReviews(const Room& room, const Call& call, const view::Position& basis,
                     const NewDecision& decision, view::ChangeSet* set);

/// The next version of a resource that is there, changed by a JSON Patch, as a change of the set.
Status AddPatched(const Room& room, const Current& current, std::string_view patch, view::ChangeSet* set);

}  // namespace tk::interaction
