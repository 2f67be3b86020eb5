// Whose is what was bound to a record: an account, a guardianship, a relation, an emergency access, a Consent hold for the person whose the record was then.
// Law:    a record is another's since the first version after the binding that is somebody else (IsAnother, former_identity.h) than a version since the binding;
//         it stays so whatever is written next, until a person says that it is still his (Confirmed). Then what was bound to it opens nothing of it, and what
//         was joined with it before stays his; to whoever was bound while it was another's, between two times that it was who it is now, the answer opens nothing. A
//         decision by which records are one counts only while neither became another's after it, whenever something was bound.
// Kept:   of each record that was asked for and has more than one version, who it was: read from its versions once, and each new version once. It
//         is all in the log: a restart or a rebuilt view gives the same.
// Cost:   a look-up in memory a record; of a new version some 20 µs, once. Of a record that is another's one search, once.
// Inside the room only. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/interaction/interaction.h"

namespace tk::interaction {

class BoundRecords {
 public:
  explicit BoundRecords(const Context& context) : context_(context) {}

  struct Holding {
    Instant anothers_us = 0;                   // since when the record is another's; 0: it is not
    std::vector<view::OwnerNumber> owners;     // of the records for which it holds, ascending
    std::vector<view::AnothersTime> anothers;  // while those of them were somebody else's, ascending
  };
  /// What was bound at that moment to the record (id hash). What cannot be read is taken for another's.
  Holding Of(uint64_t record, Instant bound_us);
  /// The records (id hashes) that are his whose the record was at that moment, as of what was bound to it then.
  std::vector<uint64_t> HisOf(uint64_t record, Instant at_us) { return Find(record, at_us).his; }
  /// What was bound at that moment to the record concerns these: those for which it holds, and those that were his until they became another's.
  /// Errors: of what must be read. Cost: a search, and what was ever said of his records.
  Result<std::vector<access::OwnedSpan>> SpansOf(uint64_t record, Instant bound_us);
  /// The records (id hashes) that are one person with this one by decisions since which none of them became another's, this one first. Those that other decisions join are
  /// before a clerk. Takes the person view's readers' lock.
  std::vector<uint64_t> Together(uint64_t record);
  /// What was read of a record that is deleted or erased.
  void Forget(uint64_t record);
  /// Did the record become another's since somebody answered last whose it is?
  bool IsToBeAnswered(uint64_t record);
  /// Would this version (packed) make another's of the record, which was not asked yet: since somebody answered, or saw it (`vouched`, former_identity.h)?
  bool WouldBecome(uint64_t record, std::string_view packed, view::Ordinal vouched);
  /// Is it now who it was at that version, whoever it was in between? What cannot be read is not.
  bool IsStill(uint64_t record, view::Ordinal then);
  /// What other records say of the person of this one: those that were one with his until they became another's, and nobody has said that they were that one's all along. Errors, cost:
  /// as SpansOf.
  struct Former {
    uint64_t record = 0;
    view::AnothersTime his;  // while it was his
  };
  Result<std::vector<Former>> FormerOf(uint64_t record);
  /// A person said whose the record is: then, or before (`at_us`), of that person. `same`: still his to whom it was bound.
  void Answer(uint64_t record, Instant at_us, bool same);

 private:
  struct Past;  // who a record was
  using PastPtr = std::shared_ptr<const Past>;
  struct Since {
    Instant at_us = 0;  // 0: it is the same person's
    view::Ordinal ordinal = 0;
  };
  struct Found {
    Since became;               // of the record itself
    std::vector<uint64_t> his;  // id hashes
    std::vector<std::pair<uint64_t, Since>>
        left;  // that became another's, and were his or joined with one that was
  };
  Found Find(uint64_t record, Instant bound_us);
  /// [from, until); from ordinal 0: ever before.
  struct Stretch {
    Since from, until;
  };
  /// While it was somebody else's than who it is now: all before it became so. Once a person has said that it is still his: while it was somebody else's who is neither, between
  /// two times that it was who it is now.
  std::vector<Stretch> StretchesOfOthers(uint64_t record);
  /// Since when it has been who it is now, or was just before that version; ordinal 0: ever. Whatever was answered.
  static Since EraOf(const Past& past, view::Ordinal before = 0);
  bool IsErased(uint64_t record) const;
  view::OwnerNumber OwnerOf(uint64_t record) const;
  struct Answers {
    Instant last_us = 0, same_us = 0;
  };
  /// `of_one_version`: also who a record is that never changed.
  PastPtr PastOf(uint64_t record, bool of_one_version = false);
  Result<PastPtr> Extended(uint64_t record, const PastPtr& known) const;
  Instant AnsweredAt(uint64_t record) const;
  /// `decided`: counted from that decision on (its ordinal) in place of a binding.
  Since Become(uint64_t record, Instant bound_us, bool with_answers, view::Ordinal decided = 0);
  /// Joined with the record by decisions that stood when it became another's (id hashes).
  std::vector<uint64_t> JoinedBefore(uint64_t record, view::Ordinal became);
  Result<std::vector<uint64_t>> LinkagesOf(view::Ordinal ordinal) const;
  Status AppendLost(uint64_t record, std::vector<std::pair<uint64_t, Since>>* out);
  Result<std::vector<uint64_t>> ReadJoinedBefore(uint64_t record, view::Ordinal became) const;
  void AppendJoined(uint64_t record, std::vector<uint64_t>* out);

  const Context context_;
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, PastPtr> pasts_;
  std::unordered_map<uint64_t, Answers> answers_;  // few
  std::map<std::pair<uint64_t, view::Ordinal>, std::vector<uint64_t>> joined_before_;
};

}  // namespace tk::interaction
