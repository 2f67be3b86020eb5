// The synthetic city's records (city/: Patient.ndjson, truth/truth.csv) for the matcher, and how it fares by kind of trap.
// Flow:   folder → ReadCity → CitySet → JudgePairs (each record for itself), JudgePersons (the batch, resolve.h), AskLive (one entry a person)
// Memory: records stay packed (some 150 bytes each), so that ten million of them can be read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/linkage_sets.h"
#include "kernel/person/linkage/resolve.h"

namespace tk::bench {

struct CitySet {
  person::linkage::EntryStore records;
  std::vector<uint64_t> person;  // by record
  std::vector<uint64_t> traps;   // by record: bits by trap_names
  std::vector<std::string> trap_names;
};
/// Errors: kNotFound without the files; kIncorrect with the line.
Status ReadCity(const std::string& folder, CitySet* set);

/// FHIR Patients, one a line. Errors: kNotFound; kIncorrect.
Status ReadPatients(const std::string& file, person::linkage::EntryStore* records);
/// One FHIR Patient as text of a line. Errors: kIncorrect.
Result<person::linkage::Record> ReadPatientJson(std::string_view line);

struct CityRow {
  uint64_t pairs = 0, found = 0, queued = 0,
           wrong = 0;  // true pairs of records with the trap; joined; left to a clerk; joined wrongly
};
using CityRows = std::map<std::string, CityRow>;

/// What the scorer says of two records alone, joined as it says.
struct PairsResult {
  Accuracy pairs;
  uint64_t certain = 0, certain_wrong = 0, queued = 0, queued_right = 0;
};
PairsResult JudgePairs(const CitySet& set, const std::vector<person::linkage::Link>& links);

/// The batch: records to persons.
struct PersonsResult {
  Accuracy pairs;        // of records that are one person in the end
  uint64_t persons = 0;  // as found
  struct Round {
    size_t entries, joined, lent;
    uint64_t compared, passed_over;
    double seconds, cpu_seconds;
  };
  std::vector<Round> rounds;
  double seconds = 0;
  uint64_t certain = 0,
           certain_wrong = 0;  // links between what was not yet joined; wrong: no person in common
  uint64_t queued = 0, queued_right = 0, unsupported = 0, contradicted = 0;
  CityRows by_trap;
  /// Pairs missed, by what the parts of a person that stayed apart have in common at best.
  std::map<std::string, uint64_t> missed;
};
/// `missed_out`: where to write a line of levels for each part that stayed apart and each wrong join; may be null.
PersonsResult JudgePersons(const CitySet& set, const person::linkage::Model& model, unsigned threads,
                           std::FILE* missed_out);

struct LiveResult {
  size_t persons = 0, bytes_entries = 0, bytes_postings = 0, bytes_directory = 0;
  double build_seconds = 0, p50_us = 0, p99_us = 0, candidates = 0;
  uint64_t asked = 0, right = 0, wrong = 0, queued = 0, missed = 0, certain_wrong = 0;
};
/// One entry a person with all his records but one, which is asked for. Every `nth` person is asked.
LiveResult AskLive(const CitySet& set, const person::linkage::Model& model, size_t nth);

}  // namespace tk::bench
