// An entry of a watch-list means a person and names one record of his (subject). When that record becomes another's, nobody may be missed and nobody knows yet who is who.
// Law:   in the transaction of the write by which the record becomes another's, each entry about it that was stored before gets a mirror: an entry of the same list that names a
//        record with which it was one person until then, and the first entry as its evidence. So whoever he is, he is found. The mirror goes as its entry goes, in
//        the same transaction: its time, level, instruction, its end. A clerk's answer that the record is another's ($not-same of it with itself) gives the entry the mirror's
//        subject, and an entry that has its mirror's subject ends the mirror. So does what he says of the record and the mirror's: one person ($link), and the mirror ends; two, and
//        the entry goes to the mirror's subject, or the mirror ends where the record is again who was listed. Both about one visit are one alert.
//        Where the record was one with no other, there is no mirror: the review of the changed identity (person_reviews.h) is how one learns of it.
//        Whose record was deleted is no one's any more, and is joined with none that comes: his entries keep keyed hashes of his numbers (identifier of kGoneSystem), and the
//        record that comes with one of them gets the mirror. Both name him if the deleted one is made anew.
// Cost:  a look-up in memory for each Patient that is changed and each entry that is written, a search of each Patient with a number while anybody is listed; of a listed Patient what bound_records.h reads.
#pragma once

#include <utility>

#include "kernel/interaction/permit.h"

namespace tk::interaction {

/// Of an entry's identifier: keyed hash of a number of whom it means, whose record was deleted.
inline constexpr std::string_view kGoneSystem = "http://tongkang.dev/fhir/sid/deleted-number";
/// Adds to the set what is due of mirrors by what it changes.
Status MirrorWatchEntries(const Room& room, const view::Position& basis, view::ChangeSet* set);
/// A person said that this Patient (id hash) is another's: the entries that mean who it was go to their mirrors' records.
Status MoveToMirrors(const Room& room, const view::Position& basis, uint64_t record, view::ChangeSet* set);
/// A person said of two Patients (id hashes) that they are one, or are not: each other's mirrors go with it.
Status SettleMirrors(const Room& room, const view::Position& basis, std::pair<uint64_t, uint64_t> records,
                     bool same, view::ChangeSet* set);
/// kInvalid of a mirror, naming its entry, while that is there: who ends a mirror alone would leave nobody listed who was, and after a clerk's answer the
/// wrong one. True of everybody. `ordinal`: of any record's version. Cost: of a WatchEntry a read.
Status CheckNotMirror(const Room& room, view::Ordinal ordinal);
/// The id of the mirror of an entry.
std::string MirrorIdOf(const Room& room, std::string_view entry_id);

}  // namespace tk::interaction
