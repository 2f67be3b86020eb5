// Records to persons, the whole of a population: each record is compared with whole persons, as the live match does it, not with records alone.
// Flow:   EntryStore of records → round 0: joins that a number makes certain, found by the number alone → one entry a person → round 1: everyone
//         against everyone → joined entries become one → next rounds: what was joined, against all → until nothing is joined
// Why:    two records that share little are often both like a third: what one says beside what the other says is sure where neither is. And
//         most records are joined by their number, so the costly comparisons are of persons, which are fewer by half.
// Lent:   an entry whose number is of one person, while name and birth date are of another who has a number of his own, bears a number that is
//         not his: it is taken as merely claimed, and in the next round it is the other's. (Of twins' numbers mixed up, only this tells.)
// Law:    the persons do not depend on the order of records (resolve_test.cpp); nobody is joined by a chain (batch.h's Cluster).
// Source: comparing with every value known of a person: S. J. Grannis et al., JAMIA 29 (2022), "referential" matching.
// Memory: the records, and an index of persons; in round 0 the records once more.
#pragma once

#include <memory>
#include <vector>

#include "kernel/person/linkage/batch.h"

namespace tk::person::linkage {

class Resolver {
 public:
  /// All must outlive it. Joins by links whose verdict is at least `joins`; links of `at_least` and better are told.
  Resolver(const EntryStore& records, const Model& model, const Rules& rules, Verdict joins, Verdict at_least,
           unsigned threads);

  struct Round {
    size_t entries = 0;  // before it
    size_t joined = 0;   // entries that became part of another
    size_t lent = 0;     // entries whose number was found to be another's
    BatchReport batch;
    std::vector<Link> links;  // of entries of people(), of round 0: of records
    std::vector<Conflict> conflicts;
  };
  /// The next round. False: it joined nothing, and there is no other. At most kRoundsMax.
  bool Next(Round* round);
  static constexpr int kRoundsMax = 6;

  /// Where a record is now. After round 0.
  Entry PersonOf(Entry record) const { return LastOf(first_[record]); }
  /// What an entry of people(), of any round, became part of in the end.
  Entry LastOf(Entry entry) const;
  const Index& people() const { return people_; }

 private:
  bool JoinByNumber(Round* round);
  bool JoinPeople(Round* round);
  /// In rising order.
  std::vector<Entry> BearersOfLentNumbers(const std::vector<Link>& links) const;
  void TakeAsClaimed(const std::vector<Entry>& bearers);
  /// Puts groups of entries of `from` into people() as one entry each; `alone` too if it is so wanted. `into[entry]`: which one it became.
  size_t Merge(const EntryStore& from, const Clusters& clusters, bool alone, std::vector<Entry>* into);

  const EntryStore& records_;
  const Model& model_;
  const Rules& rules_;
  const Verdict joins_, at_least_;
  const unsigned threads_;
  Index people_;
  std::vector<Entry> first_;    // by record: its entry after round 0
  std::vector<Entry> into_;     // by entry: the one it became part of, or itself
  std::vector<Entry> changed_;  // entries that the last round made
  int rounds_ = 0;
};

}  // namespace tk::person::linkage
