// Candidates in the order of a query's sort keys: by the entries of the sort family, and where these do not tell by the texts.
// Cost: a look-up a key and candidate; of tokens, references, uris and long strings alike in their beginnings a text each.
#pragma once

#include <functional>
#include <vector>

#include "kernel/search/nodes.h"

namespace tk::search {

class Orderer {
 public:
  /// All outlive it. `sort`: the query's keys, or others in their place. `tick`: before each candidate; what it refuses ends the ordering.
  Orderer(const Ground& ground, const Query& query, const std::vector<SortKey>& sort,
          std::function<Status()> tick)
      : ground_(ground), query_(query), sort_(sort), tick_(std::move(tick)) {}
  /// The first `wanted` of `matches`. Several values count by the least (descending: the greatest); resources without one come last; equals newest
  /// first.
  Status Order(std::vector<Candidate>* matches, size_t wanted);
  /// Does a key stand in the texts alone, so that those of all matches are read?
  static bool ReadsTexts(const std::vector<SortKey>& sort);

 private:
  struct SortValue {
    bool missing = true;
    uint64_t high = 0, low = 0;
    size_t rank = 0;  // among the texts that were read for this key, when entries do not tell
  };
  SortValue ValueOf(const SortKey& key, Ordinal ordinal) const;
  /// Its value is content that the asker does not see: then it has none.
  bool IsHidden(const SortKey& key, Ordinal ordinal) const;
  std::vector<size_t> Untold(const SortKey& key, const std::vector<SortValue>& values, size_t k,
                             size_t matches) const;
  Status RankTexts(const SortKey& key, size_t k, const std::vector<Candidate>& matches,
                   std::vector<SortValue>* values);

  const Ground& ground_;
  const Query& query_;
  const std::vector<SortKey>& sort_;
  const std::function<Status()> tick_;
};

}  // namespace tk::search
