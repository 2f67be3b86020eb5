// What becomes of records that are about to be written: joined to a person, or put before a clerk, or neither.
// Flow:   the records of one change set + People at its basis → Decide → findings → Linkages and review Tasks in the same change set
// Policy: - One person fits certainly, and none of his records contradicts: joined, to his record that agrees best.
//         - Several fit certainly: where any two of them contradict each other, or a person said "not the same" of them, nothing is joined and one review
//           names all; else it is joined to the best, and the review asks whether they are one.
//         - It fits certainly and a record of the person contradicts it: a review, no join.
//         - It fits probably: a review.
//         - A record that is joined already is not joined further by machine: a review asks. One that now contradicts its own person: a review, and the machine's
//           own joins that name it and lead to whom it contradicts are taken back, as the machine would not make them now; a person's stand. Of a record that is made anew under
//           the id of one that is gone, also those that nothing of it speaks for. Whom it held together are joined directly where they fit one another. Those from whom
//           it parts so are asked about as a changed identity, those with whom a person's decisions hold it as a contradiction.
//         - What a person said was not the same is neither joined nor asked about again.
//         - What an update did not make any better is not asked about again.
//         Records of one change set match one another as if they had come one after the other.
// Law:    the same People and records, the same findings; batch de-duplication calls the same (batch: every record against those before it).
// Cost:   a match a record (linkage/index.h), and a comparison with each record of those who fit.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/person/people.h"

namespace tk::person {

struct Incoming {
  uint64_t id_hash = 0;
  std::string packed;
  std::string before;  // packed too; empty of a new one
};

struct Finding {
  enum class Kind : uint8_t {
    kJoin,             // with others[0]
    kProbable,         // may be of one person with each of the others
    kTwoPersons,       // fits several persons, for each of whom one record stands
    kContradiction,    // is joined with, or fits, others that it contradicts
    kIdentityChanged,  // was taken for one with others that it does not fit any more; or would be joined, but was somebody else (interaction/former_identity.h)
  } kind = Kind::kJoin;
  size_t incoming = 0;           // place
  std::vector<uint64_t> others;  // id hashes of records, existing or incoming; the best first
  linkage::Scored scored;        // with the first of them
  bool was_as_good = false;  // of a join: the record as it was fit as well, and is not joined all the same
};
/// "probable", "two-persons", "contradiction", "identity-changed": codes of the review's CodeSystem; "" of a join.
std::string_view CodeOf(Finding::Kind kind);

/// Persons that one review names, and records that a machine's person may have; above it a clerk looks.
inline constexpr size_t kReviewedMax = 5, kMachineRecordsMax = 200;

/// A join of the machine's that does not hold any more.
struct TakenBack {
  uint64_t linkage = 0;  // id hash
  std::optional<linkage::Scored>
      scored;  // of the changed record with one that it does not fit; without: with one that is gone
};
/// Two whom a record held together that is of another person now.
struct JoinedDirectly {
  uint64_t source = 0, alternate = 0;  // id hashes, the older first
  linkage::Scored scored;
};

struct Findings {
  std::vector<Finding> found;
  std::vector<TakenBack> taken_back;     // each Linkage once
  std::vector<JoinedDirectly> directly;  // once these are taken back
  /// Whose state was looked at, sorted: what changes them changes the findings, as does any record with a key of the incoming.
  std::vector<uint64_t> looked_at;
};
Findings Decide(const People& people, std::span<const Incoming> incoming);
/// The record to which Decide would join a new one, and nothing of what a clerk would be asked. Nothing: none, or only Decide can tell. Cost: where the
/// rules join by residents' numbers alone one key instead of some seventeen, and those who have it.
std::optional<uint64_t> FindJoin(const People& people, const Incoming& incoming);

}  // namespace tk::person
