// The search index: a view of four families of immutable sorted runs with a head in memory, merged in tiers.
// Flow:   Prepare extracts (FHIRPath of the official parameters) → Apply puts entries into the head → runs → merges
// Families: equality   keyed hash of type.parameter=value (and compound patient+code), clinical date, ordinal
//           ordered    parameter, value (dates low and high, numbers, folded strings for prefixes), ordinal
//           references target, parameter, source ordinal
//           sort       parameter, ordinal → value
// An update or delete puts anti-entries for everything its `before` had; counts at the head are sums, older ones scans.
// Source: DESIGN 1; FHIR R4 search.html.
#pragma once

#include <memory>

#include "kernel/search/query.h"
#include "kernel/view/directory.h"
#include "kernel/view/view.h"

namespace tk::search {

struct IndexOptions {
  std::string folder;                 // where runs live (memory-mapped files)
  HashKey hash_key{};
  int timezone_offset_min = 480;      // of dates without zone: China Standard Time
  size_t head_changes_max = 200'000;  // replay tail: persisted before it grows over this
};

struct Hit { view::Ordinal ordinal; };

struct PageRequest {
  view::Position position;            // all pages of one search stay at one position
  view::Scope scope;
  size_t count = 50;
  std::string cursor;                 // opaque, from the page before; empty = first
  int64_t deadline_us = 0;            // MonotonicUs() after which kTimeout; 0 = none
};
struct Page {
  std::vector<view::Ordinal> ordinals;   // matches in the asked order
  std::string next_cursor;               // empty = last page
  std::optional<uint64_t> total;         // when the query asks for it (_total=accurate, _summary=count)
};

/// A view and its question side. Question side is thread-safe and never waits for the writer.
class Index : public view::View {
 public:
  static std::unique_ptr<Index> Create(std::shared_ptr<const fhir::Definitions> definitions, const IndexOptions& options,
                                       const view::Directory* directory);

  virtual Result<Page> Search(const Query& query, const PageRequest& request) const = 0;
  virtual Result<uint64_t> Count(const Query& query, const PageRequest& request) const = 0;
  /// Live resources of the patient's compartment (the Patient itself too), by type then ordinal.
  virtual std::vector<view::Ordinal> Compartment(std::string_view patient_id, const view::Position& position) const = 0;
  /// Live resources that refer to Type/id at all (for delete warnings, _revinclude).
  virtual std::vector<view::Ordinal> ReferencesTo(std::string_view type_and_id, const view::Position& position) const = 0;
  /// The ordinal of the first entry written under an idempotency or consumer key, 0 if none.
  virtual view::Ordinal FindKey(uint64_t key, const view::Position& position) const = 0;

  /// Conservative check for the writer: could what `prepared` changes alter the answer to `query`? Memory only, no FHIRPath.
  virtual bool MayAffect(const view::Prepared& prepared, fhir::TypeId changed_type, const Query& query) const = 0;
};

}  // namespace tk::search
