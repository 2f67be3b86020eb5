// The search index: a view of families of immutable sorted runs with a head in memory, merged in tiers (kernel/view/runs.h).
// Flow:   Prepare extracts (FHIRPath of the official parameters) → Apply puts entries into the head → runs → merges
// Families: equality   keyed hash of parameter=value (and compound patient+system|code, compartment), clinical date, ordinal
//           ordered    parameter, value (dates low and high, numbers), ordinal
//           strings    parameter, folded text in chunks of 16 bytes, ordinal; of a longer one the first 256 bytes, and a key says so: what lies
//                      behind them is looked for in the resources' texts
//           sort       parameter, ordinal → value; and for every resource which parameters it has
// An update or delete puts anti-entries for everything its `before` had; counts at the head are sums, older ones scans.
// References are equality values, so what refers to a resource is found by its reference parameters' keys.
// Order without _sort: newest clinical date first when a token, reference or exact string is asked for, else newest entry first.
//   Equal keys, and more than 1,000 of one second, newest entry first.
// _sort=-[clinical date] is exact however many there are of a second.
// Counts: a key's, in an area, is summed from what each run has in which area (area_counts.h), not walked.
// Memory: what runs.h says for five families, at most `count_bytes_max`, of all searches under way what `kept_max` says, of orders between pages
//         what orders.h says; files of about 5 bytes
//         an entry beside (run_block.h). Source: DESIGN 1; FHIR R4 search.html.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "kernel/search/explain.h"
#include "kernel/search/query.h"
#include "kernel/view/directory.h"
#include "kernel/view/view.h"

namespace tk::search {

struct IndexOptions {
  std::string
      folder;  // where runs live (memory-mapped files); the folder that Save and Load are called with; "" = memory only
  HashKey hash_key{};
  int timezone_offset_min = 480;              // of dates without zone: China Standard Time
  size_t file_entries_min = 65'536;           // runs.h
  size_t count_bytes_max = size_t{32} << 20;  // area_counts.h
  uint64_t count_alone_max = 64;
  // Ordinals that a search may keep in intermediate sets (8 bytes each) when it is alone, beyond which kTooLarge; of all under way see kept.h.
  uint64_t kept_max = 8'000'000;
};

struct PageRequest {
  view::Position position;  // all pages of one search stay at one position
  view::Scope scope;
  size_t count = 50;
  bool total_known = false;  // from an earlier page: it is not counted again
  std::string cursor;        // opaque, from the page before; empty = first
  int64_t deadline_us = 0;   // MonotonicUs() after which kTimeout; 0 = none
  /// The ordinal after the last entry written at or before that instant (Engine::FindTime). Needed for _lastUpdated only.
  std::function<Result<view::Ordinal>(Instant)> find_time;
  /// One version, for what entries alone do not tell (match.h); kGone for an erased one. Without it such a question is kUnsupported.
  std::function<Result<view::ResourcePtr>(view::Ordinal)> read;
};
struct Page {
  std::vector<view::Ordinal> ordinals;  // matches in the asked order
  std::string next_cursor;              // empty = last page
  std::optional<uint64_t> total;        // when the query asks for it (_total, _summary=count, _count=0)
  bool total_estimated = false;         // it is no count, but reckoned from a sample (_total=estimate)
  std::shared_ptr<const Explanation> explanation;  // when the query asks for it
  std::vector<Issue> warnings;  // parameters that some resources could not be evaluated for (faults.h)
};

/// The cursor with which a search sorted by _lastUpdated alone goes on behind that ordinal, of whatever type it is.
std::string CursorBehind(view::Ordinal ordinal);

/// What is to come along with a page's matches (include.h).
struct IncludeRequest {
  PageRequest page;  // position, scope, deadline
  std::function<bool(fhir::TypeId)> may_read;
  size_t max = 1000;
  std::string_view own_base;  // as in ParseOptions: canonicals that are addresses of this server
};
struct Included {
  std::vector<view::Ordinal> ordinals;  // as found
  bool cut = false;                     // there are more
};

/// A view and its question side. Question side is thread-safe and never waits for the writer.
class Index : public view::View {
 public:
  /// One generation: its files lie in `options.folder` itself.
  static std::unique_ptr<Index> Create(std::shared_ptr<const fhir::Definitions> definitions,
                                       const IndexOptions& options, const view::Directory* directory);
  /// Generations: each in a numbered folder in `options.folder`, where the file `current` names the one that serves. It can be rebuilt while it
  /// serves. While none serves everything that must know is answered kUnavailable, saying how far the new one is.
  static std::unique_ptr<Index> CreateRebuildable(std::shared_ptr<const fhir::Definitions> definitions,
                                                  const IndexOptions& options,
                                                  const view::Directory* directory);

  /// What queries are to be parsed by: the definitions given, with the stored SearchParameters that are active. Grows with these; a query parsed by
  /// former ones can still be asked. What the index was not built with yet is answered kUnavailable, saying how far the new one is.
  virtual std::shared_ptr<const fhir::Definitions> definitions() const = 0;
  /// May this SearchParameter be stored under this id, together with `beside` (SearchParameters of the same change set, which count as stored; those with
  /// an empty document are deleted; itself may be among them)?
  /// To be asked before it is written. Errors: kInvalid, kTooLarge with the element that does not fit
  /// (parameter_check.h); kUnavailable while it is not known which ones there are. Cost: tens of ms for an active one.
  virtual Status CheckParameter(std::string_view id, const fhir::Document& parameter,
                                std::span<const view::ResourcePtr> beside) const = 0;
  /// Errors: kIncorrect for a cursor that is not ours; kUnsupported when a parameter's expression cannot be evaluated here; kTimeout; kCorrupt
  /// when a file of the index turned out damaged (the view must be rebuilt).
  virtual Result<Page> Search(const Query& query, const PageRequest& request) const = 0;
  virtual Result<uint64_t> Count(const Query& query, const PageRequest& request) const = 0;
  /// What the query's includes bring along with `matches`. Errors: as Search.
  virtual Result<Included> Include(const Query& query, std::span<const view::Ordinal> matches,
                                   const IncludeRequest& request) const = 0;
  /// Live resources of the patient's compartment (the Patient itself too), by type then ordinal.
  virtual Result<std::vector<view::Ordinal>> Compartment(std::string_view patient_id,
                                                         const view::Position& position) const = 0;
  /// Live resources that refer to Type/id through a search parameter (for delete warnings, _revinclude), by ordinal.
  virtual Result<std::vector<view::Ordinal>> ReferencesTo(std::string_view type_and_id,
                                                          const view::Position& position) const = 0;
  /// What went wrong with the stored parameter of this url on resources that are stored, as warnings.
  virtual std::vector<Issue> FaultsOf(std::string_view url) const = 0;
  /// The ordinal of the first entry written under an idempotency or consumer key, 0 if none.
  virtual Result<view::Ordinal> FindKey(uint64_t key, const view::Position& position) const = 0;

  /// Conservative check for the writer: could what `prepared` changes alter the answer to `query`? Memory only, no FHIRPath.
  virtual bool MayAffect(const view::Prepared& prepared, fhir::TypeId changed_type,
                         const Query& query) const = 0;
  /// Among resources that one change set makes, who is meant by a condition that names nobody yet (meant.h): pairs (place in `queries`, place in
  /// `changes`). One whose parameters are not indexed yet is not judged.
  /// Errors: kTooLarge beyond `pairs_max` pairs to compare; kTimeout.
  struct Made {
    fhir::TypeId type = fhir::kNoType;
    const view::Prepared* prepared = nullptr;
    fhir::Value root = {};  // of the resource; null of what is deleted
  };
  struct MeantOptions {
    int64_t deadline_us = 0;  // MonotonicUs(); 0 = none
    uint64_t pairs_max = 250'000;
  };
  using Meant = std::vector<std::pair<size_t, size_t>>;
  virtual Result<Meant> WhoIsMeant(std::span<const Made> changes, std::span<const Query* const> queries,
                                   const MeantOptions& options) const = 0;
};

}  // namespace tk::search
