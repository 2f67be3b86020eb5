// Which codes a value set has, and which stand above or below one: from the value sets and code systems that are stored, then from the official ones.
// Flow:   search (:in, :not-in, :above, :below) → Terminology → fhir::ExpandValueSet over what is stored, official, compiled → CodeList
// There is no terminology server: what is not stored here in full (SNOMED CT, LOINC, a filter over properties) is refused, saying what and why.
// Limits: 10,000 codes a list; kept lists and trees together 500,000 codes, then all are dropped.
// Cost:   a list that is kept: a look-up of each resource that it was made from, once for what is stored now (Terminology), then a hash look-up;
//         made anew about 1 µs a code looked at.
// Source: FHIR R4 search.html 3.1.1.4.10 (token modifiers), valueset.html, codesystem.html 4.8.10.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/fhir/canonicals.h"
#include "kernel/fhir/definitions.h"
#include "kernel/fhir/definitions_codes.h"

namespace tk::terminology {

inline constexpr size_t kListedCodesMax = 10'000;

/// Codes with their systems, each once. Immutable.
class CodeList {
 public:
  /// `note`: what whoever asked should be told.
  explicit CodeList(std::vector<fhir::SystemCode> codes, std::string note = {});
  bool Has(std::string_view system, std::string_view code) const;
  /// The entries with that code, of whatever system: a part of codes().
  std::pair<const fhir::SystemCode*, const fhir::SystemCode*> WithCode(std::string_view code) const;
  const std::vector<fhir::SystemCode>& codes() const { return codes_; }  // by code, then system
  size_t size() const { return codes_.size(); }
  const std::string& note() const { return note_; }

 private:
  std::vector<fhir::SystemCode> codes_;
  std::string note_;
};
using CodeListPtr = std::shared_ptr<const CodeList>;

/// Lists and trees that were made, each with a hash of what it was made from: it serves as long as that is what is found. Thread-safe.
class Kept;
std::shared_ptr<Kept> MakeKept();

/// What can be asked at one state of the stored resources. Thread-safe. Make a new one when that changes, over the same `kept`.
class Terminology {
 public:
  /// All outlive it.
  Terminology(const fhir::Definitions& definitions, const fhir::Canonicals& stored,
              std::shared_ptr<Kept> kept)
      : definitions_(definitions), stored_(stored), kept_(std::move(kept)) {}

  /// The codes of a value set: by canonical, perhaps with |version, or "ValueSet/id". Errors: kUnsupported with the value set and why it cannot be
  /// listed; kTooLarge; those of Canonicals::Complete.
  Result<CodeListPtr> In(std::string_view value_set) const;
  /// The code itself and all that it subsumes, or that subsume it. One that the code system does not have is itself alone, with a note: a search by an
  /// unknown code is no error (FHIR R4 search.html 3.1.1.3). Errors: as In, of the code system.
  Result<CodeListPtr> Below(std::string_view system, std::string_view code) const;
  Result<CodeListPtr> Above(std::string_view system, std::string_view code) const;

 private:
  class Source;
  template <class Make>
  Result<CodeListPtr> Get(const std::string& key, const Make& make) const;
  Result<CodeListPtr> Related(std::string_view system, std::string_view code, bool below) const;

  const fhir::Definitions& definitions_;
  const fhir::Canonicals& stored_;
  const std::shared_ptr<Kept> kept_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, CodeListPtr> confirmed_;
};

/// A canonical as a client wrote it, fit to be repeated in an answer.
std::string ShownCanonical(std::string_view canonical);

}  // namespace tk::terminology
