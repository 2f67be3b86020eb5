// Which records a viewer sees among those of whom he sees. Of Tasks: reviews of the person index whoever decides about persons; of the others, where the
// table [tasks.POST] of policies.toml names systems, those with a code of one of them. Of types that his post sees in part: that part (record_rights.h).
// Flow:   FactFeed::With → RecordSightOf → view::Scope.records, which every read, search, count, include, chain, history and the live stream ask
// Cost:   a record of such a type that is asked for is read and parsed, some µs; of Tasks nothing for posts that have no table and decide nothing about
//         persons (doctors), of other types nothing for who sees all of them.
// Source: Personal Information Protection Law (2021) article 6, least information for the purpose [M].
#pragma once

#include <memory>

#include "kernel/access/viewer.h"
#include "kernel/view/engine.h"

namespace tk::interaction {

/// Of all whom he sees, of all types and kinds that his post may read?
bool SeesAllRecords(const access::Viewer& viewer);
/// No reviews, and all others.
std::shared_ptr<const view::RecordSight> NoReviews(const view::Engine& engine);
/// Of a viewer whose scope is otherwise done; it lives no longer than the engine. Reviews are seen with the operation $link, unmasked, by who sees every
/// record that it names. Of what was deleted counts what it was before.
std::shared_ptr<const view::RecordSight> RecordSightOf(const view::Engine* engine,
                                                       const access::Viewer& viewer,
                                                       std::shared_ptr<const view::RecordSight> no_reviews);

}  // namespace tk::interaction
