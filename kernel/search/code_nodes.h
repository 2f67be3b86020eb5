// A criterion of many codes (:in, :not-in, :below, :above): as its entries gathered, or asked of a resource's text, whichever is less.
// Cost: a look-up of each key in every run to estimate; then 0.15 µs an entry, or a text a candidate.
#pragma once

#include <memory>
#include <vector>

#include "kernel/search/nodes.h"

namespace tk::search {

/// Up to so many keys a candidate is asked for each of them.
inline constexpr size_t kFewKeys = 32;

/// `keys` of the criterion's codes, which are many.
std::unique_ptr<Node> MakeCodesNode(const Ground& ground, const Criterion& criterion,
                                    std::vector<uint64_t> keys);

}  // namespace tk::search
