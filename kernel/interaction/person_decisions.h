// What a person decides about who is who, as changes of a plan: Linkages made or changed, reviews that are settled by them.
#pragma once

#include <string>
#include <vector>

#include "kernel/interaction/merge_links.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/person_records.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {

/// One of the two Patients that a decision is about.
struct DecidedPatient {
  std::string id;
  std::string path;  // of the parameter that names him
  Current current;
  bool is_gone() const { return !current.exists(); }
  std::string name() const { return "Patient/" + id; }
};
/// Reads a parameter that names a Patient whom the viewer may see. Errors: kIncorrect; kNotFound where he may not, or there is none; `or_gone`: one that
/// was deleted or erased, or that never was, is good too.
Result<DecidedPatient> ReadPatient(const Room& room, const Call& call, const class BodyParameters& body,
                                   std::string_view name, const view::Position& basis, bool or_gone = false);

/// A decision of a plan: what is written of Linkages, and the guards that nothing about the two persons changed meanwhile.
class Deciding {
 public:
  /// `note`: why, in the words of who decides; "": he does not say.
  Deciding(const Room& room, const Call& call, const view::Position& basis, view::ChangeSet* set,
           std::string note = {})
      : room_(room), call_(call), basis_(basis), set_(set), note_(std::move(note)) {}

  /// They are one person; what a machine said so becomes a person's word. Errors: kConflict where a person said so already.
  /// `again`: also where a person said so already; he may say it again, anyway, of a record that was written since.
  Status Join(const DecidedPatient& source, const DecidedPatient& alternate, bool again = false);
  /// They are not: decisions that joined them directly are turned, and of those that join them through a Patient who is gone the last on each way from
  /// `stays` to `leaves`: about one who is gone nobody else can decide. Links of merges go with them (merge_links.h). Errors: kConflict where that was said
  /// already, or where decisions about others who are there join them too: these are named.
  Status HoldApart(const DecidedPatient& stays, const DecidedPatient& leaves);
  /// What joins the two as things stand.
  WasOne JoinedBy(const DecidedPatient& a, const DecidedPatient& b) const;
  /// A merge of two whom something else joined before, and joins still, is taken back: its links, and the Linkage that it made; one that was there is as it was before.
  /// False: nothing
  /// else joins them now, and nothing was done.
  Result<bool> Unmake(const DecidedPatient& target, const DecidedPatient& source, WasOne was_one);
  /// What Patient.active of the source was, of a merge from before its links were marked, when the Linkage told it; "" if no active one does.
  Result<std::string> WasActive(const DecidedPatient& target, const DecidedPatient& source) const;
  /// The merge of one who is there with one who is gone is taken back: the decisions about the two, and the links of who is there. Errors: kNotFound
  /// where there is nothing to take back.
  Status LetGo(const DecidedPatient& there, const DecidedPatient& gone);
  /// Where in the set the Linkage stands that says it.
  size_t place() const { return place_; }

 private:
  LinkReason Reason() const;
  /// The next version of a Linkage that is there. `for_linkage`: the decision that asks for it.
  Status Turn(const StoredLinkage& stored, bool active, std::string for_linkage = {});
  /// As of which the source has the link of this merge; 0: it has none.
  Result<view::Ordinal> MergedAt(const DecidedPatient& target, const DecidedPatient& source) const;
  /// The Linkage as it was before that, as its next version.
  Status PutBack(const StoredLinkage& stored, view::Ordinal merged_at);
  Status Make(const DecidedPatient& source, const DecidedPatient& alternate, bool active);
  /// Turns them to inactive, and takes back the merges that they said.
  Status TakeBack(const std::vector<uint64_t>& linkages, const std::string& for_linkage);
  /// Takes back the links of merges between these pairs, of Patients who are there.
  Status TakeBackLinks(const std::vector<std::pair<std::string, std::string>>& pairs);
  bool IsWrittenSince(const std::vector<uint64_t>& linkages, const DecidedPatient& a,
                      const DecidedPatient& b) const;
  void Guard(const person::People& people, person::Row a, person::Row b);
  Status Settle(struct NewDecision decision);

  const Room& room_;
  const Call& call_;
  const view::Position basis_;
  view::ChangeSet* const set_;
  const std::string note_;
  size_t place_ = 0;
  std::string linkage_;                                     // "Linkage/1": that says it
  std::vector<std::pair<std::string, std::string>> apart_;  // pairs that a decision no longer joins
};

}  // namespace tk::interaction
