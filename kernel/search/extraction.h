// What the extraction says, by number; and which questions need which number. An index of an older one serves while the new one is built: what its
// entries do not tell is answered "not yet" then, never wrongly, also to a condition that a write hangs on.
// Whoever makes the extraction say more or other things raises kExtractionVersion and adds a row to the table in extraction.cpp.
#pragma once

#include "kernel/search/query.h"

namespace tk::search {

/// Entries of an older one can be read (unlike those of another format, which are read no more): they serve, and are rebuilt meanwhile.
inline constexpr uint64_t kExtractionVersion = 15;

/// Errors: kUnavailable, with the parameter, when entries of `extraction` do not answer it. The sentence ends with a colon: how far the new index
/// is comes after it. Cost: nothing to speak of when `extraction` is the current one.
Status CheckExtraction(const fhir::Definitions& definitions, uint64_t extraction, const Query& query);

}  // namespace tk::search
