// Who is who while it is written: Patients of a plan are matched at its basis, and what follows (Linkages, review Tasks) goes into the same change set.
// Flow:   a planner's change set with Patients → LinkPatients → person::Decide → Linkage (joined), Task (a clerk is asked), a guard
// Guard:  a change set is planned anew when, since its basis, a Patient came that shares a key with one of its own, or a record or decision changed
//         that was looked at. So two concurrent creates of one person never miss one another.
// Shape:  Linkage: item "source" the Patient that was there, "alternate" the one joined to him; active: one person; inactive: "not the same".
//         Extension kPersonLinkUrl: grade (certain, probable, manual), by (machine, person), account, note, model, rules, rule, bits, probability, and
//         level by field: never a value of a field. Task: code of kReviewSystem, `for` the new record, input "candidate" and basedOn (by which it is
//         found) the others.
// The Linkage is the alternate's, the Task the new record's: they are seen, and erased, with him.
#pragma once

#include <string>
#include <vector>

#include "kernel/interaction/permit.h"
#include "kernel/interaction/room.h"
#include "kernel/person/live_match.h"
#include "kernel/view/directory.h"

namespace tk::interaction {

using view::kReviewSystem;

/// Who joined, or held apart, and why.
struct LinkReason {
  std::string_view grade = "manual";  // "certain", "probable", "manual"
  std::string account;                // of the person who decided; "": the machine did
  Instant at_us = 0;                  // when he did; 0: it is not told
  std::string note;                   // why, in his words; "": he did not say
  std::string taken_back_for;         // "Linkage/1": the decision that this one had to yield to
  std::string_view cause;             // code of kReviewSystem: why the machine took back its own
  const person::linkage::Scored* scored = nullptr;  // null: not compared
};

/// JSON of a Linkage between two Patients ("Patient/1").
std::string LinkageJson(const Room& room, std::string_view id, std::string_view source,
                        std::string_view alternate, bool active, const LinkReason& reason);
struct ReviewAsked {
  std::string_view code;            // of kReviewSystem
  std::string subject;              // "Patient/1"
  std::vector<std::string> others;  // "Patient/2" …
  const person::linkage::Scored* scored = nullptr;
  std::string_view answer = {};   // kSamePerson or kAnotherPerson: it is completed with it
  std::string_view account = {};  // of the person who answered
  std::string_view note = {};     // why, in his words
};
/// Codes of kReviewSystem in Task.output of a review that asks whose a record is: still his to whom it was bound, or another's.
inline constexpr std::string_view kSamePerson = "same-person", kAnotherPerson = "another-person";
/// Task.output of the answer: a JSON array.
std::string AnswerJson(std::string_view answer, std::string_view patient);
std::string ReviewJson(const Room& room, std::string_view id, const ReviewAsked& asked);
/// The extension of a review that says nothing of a comparison: a JSON array. `account`: of the person who answered it, `note`: why; "": the machine asked.
std::string UnscoredReasonJson(const Room& room, std::string_view account = {}, std::string_view note = {});
/// Puts a resource that the platform itself makes into the set.
Status AddMade(const Room& room, std::string json, view::ChangeSet* set);

/// A Linkage that is there.
struct StoredLinkage {
  Current current;
  std::string id, source, alternate;  // source and alternate: "Patient/1", of several the first
};
/// Errors: kUnavailable where it is being changed.
Result<StoredLinkage> ReadLinkage(const Room& room, uint64_t id_hash);
/// Its next version, of the platform's own, into the set.
Status AddLinkageVersion(const Room& room, const StoredLinkage& stored, bool active, const LinkReason& reason,
                         view::ChangeSet* set);

/// Matches the plan's Patients, if live matching is on, and settles the reviews that have nothing to ask any more (person_reviews.h); nothing if the plan
/// has decided by itself. Errors: of what must be read.
Status LinkPatients(const Room& room, const view::Position& basis, Plan* plan);
/// Holds until a record with one of `keys`, or one of the records `ids`, or a decision about these, changes. Sorted here.
view::Guard PersonGuard(const Room& room, std::vector<uint32_t> keys, std::vector<uint64_t> ids);
/// Did LinkPatients make it?
bool IsMadeByMachine(fhir::Value resource);

}  // namespace tk::interaction
