// Stored parameters that could not be evaluated on some resource: the expression fails there, or takes too much. The resource is stored, and not
// found by them; whoever asks by one is told so, and a condition that a write hangs on is not decided by it.
// Flow:   MakeEntries → Entries::faults → Index::Apply → Mark (told in the log the first time) → Page::warnings, Index::FaultsOf; saved with the
//         manifest of a generation, anew with the next one.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/search/extract.h"
#include "kernel/search/query.h"

namespace tk::search {

struct Fault {
  ParameterId parameter = kNoParameter;
  bool too_dear = false;
  std::string why;  // of the expression, never of the resource
};

/// Mark, Read and Clear by one thread; questions by any.
class Faults {
 public:
  /// Before anybody asks.
  void Reset(const Extractor* extractor);
  void Clear();
  void Mark(const std::vector<Fault>& faults);
  /// A warning for each parameter with faults that the query's criteria, sort keys and includes go through.
  std::vector<Issue> Warnings(const Query& query) const;
  /// Of the parameter with this url, as warnings.
  std::vector<Issue> Of(std::string_view url) const;
  /// To keep: a name without blanks and a number each; what is none of ours is passed over by Read.
  std::vector<std::pair<std::string, uint64_t>> Print() const;
  void Read(const std::vector<std::pair<std::string, uint64_t>>& numbers);

 private:
  void Warn(const fhir::SearchParameter* parameter, std::vector<Issue>* out) const;
  void Warn(const Criterion& criterion, std::vector<Issue>* out) const;
  void Set(ParameterId id, uint8_t bits) {
    marks_[id].fetch_or(bits, std::memory_order_relaxed);
    any_.store(true, std::memory_order_release);
  }
  const Extractor* extractor_ = nullptr;
  std::vector<std::atomic<uint8_t>> marks_;  // by ParameterId
  std::atomic<bool> any_{false};
};

}  // namespace tk::search
