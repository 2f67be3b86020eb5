// A reading of somebody's temperature and symptoms, by whatever channel and app it comes; and the Observation that is made of it, so that one rule judges all.
// Source: LOINC 8310-5 "Body temperature"; UCUM Cel; HL7 observation-category vital-signs.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kernel/base/clock.h"
#include "kernel/exchange/person_cells.h"

namespace tk::exchange {

inline constexpr std::string_view kChannelSystem = "http://tongkang.dev/fhir/CodeSystem/screening-channel";
inline constexpr std::string_view kSymptomSystem = "http://tongkang.dev/fhir/CodeSystem/screening-symptom";

struct Symptom {
  std::string_view code, display;
  std::span<const std::string_view> words;  // as people write it, besides these two
};
std::span<const Symptom> Symptoms();

struct Reading {
  uint64_t line = 0;
  std::string key;  // tells it from others of its sender
  PersonRow person;
  std::string patient;  // id, when it is known who: then `person` says nothing
  std::string area, address;
  std::string temperature;  // "36.6"; "" it was not taken
  std::string when;         // FHIR dateTime
  uint32_t symptoms = 0;    // bit i: Symptoms()[i]
  bool asked = false;       // the answer may be: none
};

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
std::string ObservationOf(const Reading& reading, const Channel& channel, std::string_view id,
                          std::string_view subject, fhir::Value before, std::string_view source);

}  // namespace tk::exchange
