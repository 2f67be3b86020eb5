// What a person decides about who is who, as changes of a plan: Linkages made or changed, reviews that are settled by them.
#pragma once

#include <string>
#include <vector>

#include "kernel/interaction/person_links.h"
#include "kernel/interaction/person_records.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {

/// One of the two Patients that a decision is about.
struct DecidedPatient {
  std::string id;
  Current current;
  std::string name() const { return "Patient/" + id; }
};
/// Reads a parameter that names a Patient whom the viewer may see. Errors: kIncorrect; kNotFound where he may not, or there is none.
Result<DecidedPatient> ReadPatient(const Room& room, const Call& call, const class BodyParameters& body,
                                   std::string_view name, const view::Position& basis);

/// A decision of a plan: what is written of Linkages, and the guards that nothing about the two persons changed meanwhile.
class Deciding {
 public:
  Deciding(const Room& room, const Call& call, const view::Position& basis, view::ChangeSet* set)
      : room_(room), call_(call), basis_(basis), set_(set) {}

  /// They are one person; what a machine said so becomes a person's word. Errors: kConflict where a person said so already.
  /// `again`: it may be said once more.
  Status Join(const DecidedPatient& source, const DecidedPatient& alternate, bool again = false);
  /// They are not: decisions that joined them directly are turned. Errors: kConflict where that was said already, or where other decisions join
  /// them too: these are named.
  Status HoldApart(const DecidedPatient& source, const DecidedPatient& alternate);
  /// Where in the set the Linkage stands that says it.
  size_t place() const { return place_; }
  /// Parts of a merge: told with the Linkage, so that it can be taken back exactly.
  void NoteMerge(std::string was_active) { was_active_ = std::move(was_active); }

 private:
  struct Stored {
    Current current;
    std::string id, source, alternate;  // "Patient/1"
  };
  Result<Stored> ReadLinkage(uint64_t id_hash) const;
  LinkReason Reason() const;
  /// The next version of a Linkage that is there.
  Status Turn(const Stored& stored, bool active);
  Status Make(const DecidedPatient& source, const DecidedPatient& alternate, bool active);
  void Guard(const person::People& people, person::Row a, person::Row b);

  const Room& room_;
  const Call& call_;
  const view::Position basis_;
  view::ChangeSet* const set_;
  size_t place_ = 0;
  std::string linkage_;  // "Linkage/1": that says it
  std::string was_active_;
};

}  // namespace tk::interaction
