// The city as files: FHIR resources, one a line and one file a type, in an order in which nothing refers to what comes later; and, in a folder
// of its own, the truth, which no platform may see.
//
//   OUT/Location.ndjson Organization.ndjson HealthcareService.ndjson Practitioner.ndjson PractitionerRole.ndjson   the plan
//   OUT/areas.csv organizations.csv    divisions and institutions once more, as tables for $import-areas and $import-organizations
//   OUT/Patient.ndjson          what the sources wrote, with `records`
//   OUT/Encounter.ndjson Condition.ndjson Observation.ndjson MedicationRequest.ndjson Immunization.ndjson
//                               what they wrote of these people's lives, with `lives`; Encounter first, the others name it
//   OUT/truth/persons.csv       who there is
//   OUT/truth/truth.csv         whose each record is, and which traps struck it, with `records`
//   OUT/truth/lives.csv         who has which disease since when and who knows it, who is with child, with `lives`
//   OUT/city.json               what was asked and counted
//
// The bytes are the same for a seed, whatever the number of threads. Memory: the plan, and some grids at once for each thread (with lives some 10 MB each).
#pragma once

#include <string>

#include "city/life.h"
#include "city/record.h"

namespace tk::city {

struct WriteOptions {
  std::string folder{};
  bool records = false;
  bool lives = false;   // only with `records`
  Window window{0, 0};  // of the lives
  unsigned threads = 1;
};

struct Written {
  uint64_t persons = 0, records = 0, lives = 0, resources = 0;
  Recorder::Counts traps;
};

/// Errors: kConflict when the folder holds something already; kUnavailable with the system's reason (disk full).
Result<Written> WriteCity(const City& city, const Recorder& recorder, const WriteOptions& options);

}  // namespace tk::city
