// How many live resources stand under one key at a position in a scope, without walking them.
// A run that ends at or before the position counts by its adds minus its antis: what a merge dropped came to nothing. In the few young runs beyond the
//   position, and in the tail, every entry is asked for: an add that is there by then counts, an anti only if its add was superseded by then.
// Right only while no erased owner's entries still stand (Look::exact).
#pragma once

#include "kernel/search/answer.h"

namespace tk::search {

/// Resources of which the equality family has `key`. Errors: kTimeout.
Result<uint64_t> CountOfKey(const Setting& setting, const Look& look, uint64_t key,
                            const PageRequest& request);
/// Resources of a type.
Result<uint64_t> CountOfType(const Setting& setting, const Look& look, fhir::TypeId type,
                             const PageRequest& request);

}  // namespace tk::search
