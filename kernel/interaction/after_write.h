// Who is who, and who is alike, once a change set is written: what reviews of the person index are settled by (person_reviews.h).
// Nothing is decided here; it is asked while nobody writes (PersonView::Read), at the plan's basis.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/person/person_view.h"

namespace tk::interaction {

/// A decision that is about to be written.
struct NewDecision {
  uint64_t a = 0, b = 0;         // id hashes of the Patients
  bool same = true;              // or held apart; then it is the set's only one
  std::vector<uint64_t> turned;  // Linkages that say otherwise and no longer do
  std::string linkage;           // "Linkage/1"
  bool manual = true;            // a person's
};
/// A Patient that is about to be written or deleted.
struct NewRecord {
  std::string name;  // "Patient/1"
  person::PackedPatientPtr patient;
  bool is_gone() const { return patient->packed.empty(); }
  bool is_new() const { return patient->before.empty(); }
};
struct PersonChange {
  std::vector<NewDecision> decisions;
  std::vector<uint64_t> taken_back;  // Linkages of the machine's that join nobody any more
  std::vector<NewRecord> records;
  std::vector<uint64_t> erased;  // id hashes of Patients who are being erased
  // Records ("Patient/1", by id hash) that became another's: whose they are is asked once no contradiction of theirs waits, unless a decision settles it.
  std::map<uint64_t, std::string> whose;
};

class AfterWrite {
 public:
  /// Both must outlive it.
  AfterWrite(const person::People& people, const PersonChange& change);

  bool IsThere(uint64_t record) const;
  /// Is it among those that are written with other values, or go?
  bool IsChanged(uint64_t record) const { return bytes_.contains(record); }
  bool AreSame(uint64_t x, uint64_t y) const;
  bool AreApart(uint64_t x, uint64_t y) const;
  /// Does a person decide about just these two in this set, or are they held apart?
  bool IsDecidedByPerson(uint64_t x, uint64_t y) const;
  /// Would live matching still find one for the other, as it asks (live_match.h)? Of two who are one person: does x contradict any record of his?
  bool StillAsks(uint64_t x, uint64_t y) const;
  /// The decision of the set by which records of these came to be one person, or apart; null: none.
  const NewDecision* DecisionAbout(const std::vector<uint64_t>& records) const;

 private:
  bool IsOne(uint64_t x, uint64_t y) const;
  /// One record of each person of before whom the set's decisions join with x; x first.
  std::vector<uint64_t> Reached(uint64_t x) const;
  /// The record's packed bytes; "" of one who is not there.
  std::string BytesOf(uint64_t record) const;
  /// Those of his person of before who are there.
  std::vector<uint64_t> RecordsOf(uint64_t record) const;
  std::string PersonBytesOf(uint64_t record) const;
  person::linkage::Scored Score(const std::string& a, const std::string& b) const;
  bool FitsPersonOf(uint64_t x, uint64_t y) const;

  const person::People& people_;
  const PersonChange& change_;
  const NewDecision* apart_ = nullptr;     // the set's decision "not the same"
  std::map<uint64_t, std::string> bytes_;  // of records that the set changes; "": gone
  mutable person::linkage::MatchScratch scratch_;
};

}  // namespace tk::interaction
