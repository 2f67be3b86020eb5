// A rule tried on history: what it would have made of the changes of a period. Nothing is written, and the rule need not be installed.
// Flow:   stretch of the log → ordinals of the rule's type (the directory's columns: no entry of another type is opened) → in pieces, by several
//         threads: the version, what it replaced (only where the condition holds now) → Fires → Make → `each`, in the order of the log
// As of then: the changed version and the one before it; %now and now(), the time of that transaction; %depth; what a target of an update was
//         just after that transaction.
// As of now:  the rule, its constants, the types and their codes; whom the viewer may see, and who was erased since (he is not in it). What this
//         rule, tried, would have made before is not there: two findings about one target each begin from what really was; and what other rules would have
//         made of it is not followed.
// Not asked:  what an action searches for (`unless`, `find`, `each` of a search): what would be found now is not what would have been found then, and the installed rule's own
//         work would hide what it did. It is as if nothing had been found: `unless` keeps nothing back, so as many are told as there can have been at most, and where a search finds the
//         targets nothing is told of them. Such a finding says so (`searched`).
// Cost:   2 ns an entry of another type; some µs one that is opened. Memory: one piece.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernel/rules/rule.h"

namespace tk::rules {

struct TrialOptions {
  view::Ordinal from = 1, end = 1;  // entries [from, end)
  view::Scope scope;                // whose records are looked at, as he sees them now
  bool makes = true;                // false: which changes, and not what is made of them
  size_t findings_max = ~size_t{0};
  int64_t until_us = 0;  // MonotonicUs(): stop then; 0 = never. At least one entry is looked at
  int threads = 1;
};

/// A change by which the rule would have fired.
struct Finding {
  view::Change change;
  std::vector<Write>
      writes;  // what it would have made, checked as it would have been when written; ids are "trial-1", "trial-2" …
  bool searched = false;  // an action searches for something, which was not asked
  std::string failure;    // why it would have made nothing: no value of anybody
};

struct TrialResult {
  view::Ordinal next = 1;   // where to go on; the options' end when all was looked at
  uint64_t judged = 0;      // changes that were opened
  uint64_t fired = 0;       // of these: findings
  uint64_t failed = 0;      // of these: with a failure
  uint64_t unreadable = 0;  // that could not be opened: erased since, or damaged
};

/// `each` is called on this thread, in the order of the log; false ends the trial. Errors: the log's, and those of `each`; kBusy where other long work
/// goes first (kernel/base/turn.h); kInvalid for a rule that is not on changes.
Result<TrialResult> TryRule(view::Engine& engine, const Rule& rule, const TrialOptions& options,
                            const std::function<Result<bool>(const Finding&)>& each);

/// The entries of the transactions with `from_us` <= time < `until_us`. Errors: kIncorrect when that is no period; the log's.
Result<std::pair<view::Ordinal, view::Ordinal>> StretchOf(const view::Engine& engine, Instant from_us,
                                                          Instant until_us);

}  // namespace tk::rules
