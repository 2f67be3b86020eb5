// Whose records are one person's, for what holds for a person and not for one source's record of him: consents, relations, who looked at me.
// Source: the person index (person/people.h): records that active decisions join, deleted ones too, for what was about them is still there.
#pragma once

#include <vector>

#include "kernel/interaction/interaction.h"
#include "kernel/person/people.h"

namespace tk::interaction {

/// All records of the person of this Patient (keyed hashes), himself first; those that never were live are among them. `also`: pairs that are decided besides.
/// Himself alone where there is no person index and no such pair. Cost: some µs. Takes the person view's readers' lock.
std::vector<uint64_t> RecordsOfPerson(const Context& context, uint64_t patient,
                                      std::span<const person::PairOf> also = {});

/// The owners of all records of the person of this Patient (by its keyed hash), ascending; of him alone where there is no person index; without those that are before a clerk, since one of them
/// became another's after that was decided (bound_records.h). Empty: there
/// never was such a Patient. Cost: some µs for each record. Takes the person view's readers' lock.
std::vector<view::OwnerNumber> OwnersOfPerson(const Context& context, uint64_t patient);

/// The Patients who are one person now; without those that are before a clerk (as above).
struct RecordsOfOne {
  std::vector<std::string>
      patients;  // ids of those who are there, the one asked for first, then by age; empty: he is not
  std::vector<uint64_t>
      hashes;  // of the deleted too, and of whom decisions name: what changes them may change who is one
};
/// Of this Patient alone where there is no person index. Errors: of what must be read.
Result<RecordsOfOne> RecordsOfPerson(const Context& context, std::string_view patient_id);

/// Of the Patients who are one person with this one now, the one who lies in the lowest area (a grid before its district), the one asked for before others:
/// by whom he is reached at home. "Patient/1"; "" if he is not there. Errors: of what must be read.
Result<std::string> HomeOf(const Context& context, std::string_view patient_id);

/// The Patients whom a Linkage names, by their keyed hashes; empty if it decides nothing here.
std::vector<uint64_t> PatientsOfDecision(const Context& context, fhir::Value linkage);

}  // namespace tk::interaction
