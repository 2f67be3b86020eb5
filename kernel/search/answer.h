// Answers one query at one position: chooses the criterion with the fewest entries, walks or gathers it, tests the others on each candidate.
// Flow:   query → nodes with estimates → driver → candidates (live, in scope, all nodes hold) → order → page
#pragma once

#include "kernel/search/area_counts.h"
#include "kernel/search/entries.h"
#include "kernel/search/index.h"
#include "kernel/search/kept.h"
#include "kernel/search/orders.h"

namespace tk::search {

/// What an answer reads: snapshots taken once. `exact`: sums of adds and antis are the truth at `end_ordinal` of the snapshots.
struct Look {
  view::RunSnapshot<Entry16> equality;
  view::RunSnapshot<Entry24> ordered;
  view::RunSnapshot<Entry32> strings;
  view::RunSnapshot<Entry24> sort;
  bool exact = false;
};

/// The fixed things around a question.
struct Setting {
  const Extractor& extractor;
  const HashKey& hash_key;
  const view::Directory& directory;
  AreaCounts& counts;
  Kept& kept;
  Orders& orders;
};

Result<Page> AnswerPage(const Setting& setting, const Look& look, const Query& query,
                        const PageRequest& request);
Result<uint64_t> AnswerCount(const Setting& setting, const Look& look, const Query& query,
                             const PageRequest& request);

}  // namespace tk::search
