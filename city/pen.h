// What is written about a life, as FHIR R4 resources: Encounter, Condition, Observation, MedicationRequest, Immunization. Each stands under a
// record that a source keeps of the person (Patient/r…) and is named for it, so that nothing tells which records are one person's.
// Flow:   for a grid: Pen(city) → per person Begin(records) → Visit … → per visit what was found, ordered → Pages::Take, by record
// Codes:  ICD-10, LOINC, ATC, UCUM; texts in Chinese, as the source would have them.
// Cost:   ~1 µs a resource.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "city/record.h"

namespace tk::city {

enum class Told : uint8_t { kEncounter, kCondition, kObservation, kMedication, kImmunization };
inline constexpr size_t kTold = 5;
/// The names of their files: Encounter, Condition, …
extern const std::array<std::string_view, kTold> kToldTypes;

/// The resources of a grid, which are made person by person and taken record by record.
class Pages {
 public:
  void Clear();
  /// The line of `record` that begins at the end of the text so far; Close ends it.
  std::string* Open(Told type) { return &texts_[static_cast<size_t>(type)]; }
  void Close(Told type, uint64_t record);
  /// All lines of a type in the order of their records' ids, each record's as they were written. Appends.
  void Take(Told type, std::string* out);
  uint64_t lines() const;

 private:
  struct Line {
    uint64_t record;
    size_t begin, end;
  };
  std::array<std::string, kTold> texts_;
  std::array<std::vector<Line>, kTold> lines_;
};

/// A meeting of a record's person with its institution.
struct Meeting {
  size_t record;  // of those given to Begin
  int64_t day;
  int minute;                           // of the day, in the city's time
  std::string encounter, practitioner;  // ids; empty when there is none
};

/// A measured value that was found.
struct Found {
  std::string_view code, text, unit;
  double value;
  int decimals;
  bool has_range = false;
  double low = 0, high = 0;
};

class Pen {
 public:
  /// `city` and `pages` must outlive it.
  Pen(const City& city, Pages* pages) : city_(city), pages_(*pages) {}

  /// The records that sources keep of the next person.
  void Begin(std::vector<const Record*> records);
  const Record& record(size_t number) const { return *records_[number].record; }
  size_t records() const { return records_.size(); }

  /// A visit in a department: the first of `departments` that the institution has, else any it has first. `days` > 0: in bed so long.
  Meeting Visit(size_t record, int64_t day, int minute, const std::vector<std::string>& departments,
                std::string_view reason, int days = 0);
  /// `ended` < 0: it goes on. With a meeting that has no encounter: on the list of problems.
  void Diagnose(const Meeting& meeting, std::string_view code, std::string_view text, int64_t onset,
                int64_t ended);
  void Measure(const Meeting& meeting, bool vital, const Found& found);
  void BloodPressure(const Meeting& meeting, int systolic, int diastolic);
  /// A date that was reckoned: of birth, from the last period.
  void ExpectedBirth(const Meeting& meeting, int64_t day);
  void Prescribe(const Meeting& meeting, const Drug& drug, bool ended);
  void Vaccinate(const Meeting& meeting, const Vaccine& vaccine, uint64_t lot);

 private:
  struct Source {
    const Record* record;
    std::array<uint32_t, kTold> written{};
  };
  std::string* Start(Told type, const Meeting& meeting, std::string* id = nullptr);
  void Subject(std::string* out, const Meeting& meeting, std::string_view key) const;
  void End(Told type, const Meeting& meeting);

  const City& city_;
  Pages& pages_;
  std::vector<Source> records_;
};

}  // namespace tk::city
