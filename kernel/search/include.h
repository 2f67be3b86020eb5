// What comes along with matches: _include (what they refer to), _revinclude (what refers to them), :iterate (and so on from what came).
// Found by the index's links and reference keys; no text is read. Only what is live at the position, within the asker's scope and of types that
//   he may read comes, each resource once, and never a match again.
// Cost:   about 1 µs a link. Bounded by `max` resources, `request.deadline_us`, and 16 rounds of :iterate.
#pragma once

#include <functional>
#include <span>

#include "kernel/search/answer.h"

namespace tk::search {

/// Errors: kTimeout.
Result<Included> AnswerInclude(const Setting& setting, const Look& look, const Query& query,
                               std::span<const Ordinal> matches, const IncludeRequest& request);

}  // namespace tk::search
