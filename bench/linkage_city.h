// The synthetic city's records (city/: Patient.ndjson, truth/truth.csv) for the matcher, and how it fares by kind of trap.
// Flow:   folder → ReadCity → CitySet → RecordsReport (each record for itself), PersonsReport (one entry a person, live match)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/linkage_sets.h"

namespace tk::bench {

struct CitySet {
  std::vector<person::linkage::Record> records;
  std::vector<uint64_t> person;  // by record
  std::vector<uint64_t> traps;   // by record: bits by trap_names
  std::vector<std::string> trap_names;
};
/// Errors: kNotFound without the files; kIncorrect with the line.
Result<CitySet> ReadCity(const std::string& folder);

/// FHIR Patients, one a line. Errors: kNotFound; kIncorrect.
Result<std::vector<person::linkage::Record>> ReadPatients(const std::string& file);
/// One FHIR Patient as text of a line. Errors: kIncorrect.
Result<person::linkage::Record> ReadPatientJson(std::string_view line);

struct CityRow {
  uint64_t pairs = 0, found = 0, queued = 0,
           wrong = 0;  // true pairs of records with the trap; joined; left to a clerk; joined wrongly
};
struct CityResult {
  SetResult pairs;    // of records, by the fixed threshold
  Accuracy clusters;  // pairs within groups
  uint64_t certain = 0, certain_wrong = 0;
  uint64_t queued = 0, queued_right = 0, unsupported = 0, contradicted = 0;
  std::map<std::string, CityRow> by_trap;
};
CityResult JudgeCity(const person::linkage::Index& index, const CitySet& set,
                     const std::vector<person::linkage::Link>& links);

struct LiveResult {
  size_t persons = 0, bytes_entries = 0, bytes_postings = 0, bytes_directory = 0;
  double build_seconds = 0, p50_us = 0, p99_us = 0, candidates = 0;
  uint64_t asked = 0, right = 0, wrong = 0, queued = 0, missed = 0, certain_wrong = 0;
};
/// One entry a person with all his records but one, which is asked for. Every `nth` person is asked.
LiveResult AskLive(const CitySet& set, const person::linkage::Model& model, size_t nth);

}  // namespace tk::bench
