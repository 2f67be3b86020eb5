// Who a record is about, before it is written: whom live matching would join it to now. Nothing is written, and nothing is told of him but his id.
// Cost: a match (person/linkage/index.h) and one text of the log a record. Thread-safe; to be called by many threads at once for many records.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Errors: kUnavailable while the person index is being built; of what must be read. Without a person index nobody is known.
Result<std::vector<Interactions::Fit>> FindPersons(const Room& room,
                                                   std::span<const Interactions::Sought> sought);

}  // namespace tk::interaction
