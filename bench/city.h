// The synthetic city of the bench: persons with their records, as FHIR transaction bundles, the same for a seed on every machine.
// Flow:   City(seed) → PersonOf(number) (who, where) → AppendPerson (20 entries) → NextBundle (100–500 entries)
// Shapes: a person has Patient, 3 Encounter, 2 Condition, 9 Observation, 2 MedicationRequest, 2 Immunization, Procedure. One in 2,000 has
//         a long record (about 600 entries, 530 KB as $everything), lives in kMeasuredArea and has a bundle of his own.
// Cost:   about 0.6 KB a resource; no state but the person's number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/base/random.h"

namespace tk::bench {

/// The township whose doctor measures: one of 48.
inline constexpr std::string_view kMeasuredArea = "380101001";
inline constexpr uint32_t kPersonsPerLongRecord = 2000;

struct Person {
  uint64_t number = 0;
  bool long_record = false;
  std::string area;         // nine digits, 3801…
  std::string resident_id;  // with a right check digit
  std::string name;
  std::string birth_date;
  bool male = false;
  std::string uuid;  // of the bundle's fullUrl
};

class City {
 public:
  explicit City(uint64_t seed) : seed_(seed) {}

  Person PersonOf(uint64_t number) const;
  /// Appends the person's entries with commas between them; returns their number.
  uint32_t AppendPerson(uint64_t number, std::string* out) const;
  /// One transaction: persons from `*next` until the bundle's size is reached or `end`; `*next` moves on. Returns its entries.
  uint32_t NextBundle(uint64_t* next, uint64_t end, std::string* out) const;
  /// One Observation about a patient that the server knows, without id.
  std::string ObservationOf(std::string_view patient_id, uint64_t number) const;

 private:
  uint64_t seed_;
};

}  // namespace tk::bench
