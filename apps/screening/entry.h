// One entry of screening, by whatever channel it comes: who, how warm, what symptoms, when; and the records that are made of it.
// Columns of a table, in either language (the person's: exchange/person_cells.h):
//   when 测量时间    must be there: 2026-11-23, or with a time 2026-11-23 08:30
//   temperature 体温 degrees Celsius; a thermometer for people shows 34.0 to 43.0
//   symptoms 症状    words with commas between, or 无; one of temperature and symptoms must be there
//   area 网格代码    code of the division he lives in; of whom nobody knew. address 住址
//   entry 编号       the row's number at its sender: rows with the same are the same entry. Without it person and time tell them apart
// Source: LOINC 8310-5 "Body temperature"; UCUM Cel; HL7 observation-category vital-signs.
#pragma once

#include "kernel/base/clock.h"
#include "kernel/exchange/person_cells.h"
#include "kernel/exchange/table_import.h"

namespace tk::screening {

inline constexpr std::string_view kChannelSystem = "http://tongkang.dev/fhir/CodeSystem/screening-channel";
inline constexpr std::string_view kSymptomSystem = "http://tongkang.dev/fhir/CodeSystem/screening-symptom";

struct Symptom {
  std::string_view code, display;
  std::span<const std::string_view> words;  // as people write it, besides these two
};
std::span<const Symptom> Symptoms();

struct Entry {
  uint64_t line = 0;
  std::string key;  // tells it from others of its sender
  exchange::PersonRow person;
  std::string patient;  // id, when it is known who: then `person` says nothing
  std::string area, address;
  std::string temperature;  // "36.6"; "" it was not taken
  std::string when;         // FHIR dateTime
  uint32_t symptoms = 0;    // bit i: Symptoms()[i]
  bool asked = false;       // the answer may be: none
};

enum EntryColumn : size_t {
  kName,
  kNumber,
  kPhone,
  kBirth,
  kGender,
  kWhen,
  kTemperature,
  kSymptomWords,
  kArea,
  kAddress,
  kEntryNumber,
  kEntryColumns
};
std::span<const CsvColumn> Columns();
/// A row, or nothing: then it is refused in `report`. `now_us`: no entry is of a later day.
std::optional<Entry> ReadRow(const CsvRow& row, const CsvColumns& columns, Instant now_us,
                             exchange::ImportReport* report);

/// What cells say; the error's text tells how to mend it.
Result<std::string> ReadTemperature(std::string_view text);
/// The bits; 0 for "none of these".
Result<uint32_t> ReadSymptoms(std::string_view text);
Result<std::string> ReadWhen(std::string_view text, Instant now_us);

/// Who brought it.
struct Channel {
  std::string_view code;  // "screener", "self", "organization"
  std::string performer;  // "Organization/1"; "" nobody is named
  std::string source;     // meta.source
};
/// The Observation. What another made of it since (marked as entered in error) stays. `subject`: a Patient's id.
std::string ObservationOf(const Entry& entry, const Channel& channel, std::string_view id,
                          std::string_view subject, fhir::Value before, std::string_view source);

}  // namespace tk::screening
