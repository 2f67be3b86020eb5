// De-duplication of all Patients at once, after a bulk load with live matching off: the decisions that live matching would have made, had the records come
// one by one in the order in which they became live.
// Flow:   records by age → a second People, in which each record is matched against those before it (person::Decide) → what the log does not say
//         yet: Linkages and review Tasks, appended some hundred at once
// Law:    a second run appends nothing, and one that was cut off goes on where it was, because what is found depends on records and persons' decisions
//         alone and what was said already is not said again. What a person decided is kept, also against the machine.
// For:    the one process that has the data folder (tongkang deduplicate). Not beside a server: it would decide about records that change
//         meanwhile, and it needs the memory of a second index.
// Threads: the caller's decides, one record after the other; what is to be said is made and prepared by others (deduplicate_sayings.h) and appended in
//         the order in which it was decided, so the same comes of any number of them.
// Cost:   a match a record, and beside it a write for what is appended; at first a look at each review that there is. Memory: the person index once more.
#pragma once

#include <functional>

#include "kernel/interaction/interaction.h"

namespace tk::interaction {

struct Deduplicated {
  uint64_t records = 0;              // looked at
  uint64_t joined = 0, reviews = 0;  // appended now
  uint64_t known = 0;                // joins and reviews that the log had already
};
struct DeduplicateOptions {
  /// Hears how far it is, about every second, and at the end.
  std::function<void(const Deduplicated& so_far, uint64_t records)> tell = {};
  size_t at_once = 500;  // resources of a transaction
  unsigned threads =
      0;  // that make what is appended, beside the one that decides; 0: as many as the machine has
  /// Tests: asked before each transaction; an error ends it there, as a crash would.
  std::function<Status()> before_append = {};
};
/// Errors: kUnsupported without a person index; those of reading and appending: what was appended stays, and another run goes on.
Result<Deduplicated> Deduplicate(const Context& context, const DeduplicateOptions& options);

}  // namespace tk::interaction
