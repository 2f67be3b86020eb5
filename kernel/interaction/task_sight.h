// Which Tasks a viewer sees among those of whom he sees: reviews of the person index whoever decides about persons; of the others, where the table
// [tasks.POST] of policies.toml names systems, those with a code of one of them.
// Flow:   FactFeed::With → TaskSightOf → view::Scope.reviews, which every read, search, count, include, chain, history and the live stream ask
// Cost:   a Task that is asked for is read and parsed, some µs; nothing for posts that have no table and decide nothing about persons (doctors).
// Source: Personal Information Protection Law (2021) article 6, least information for the purpose [M].
#pragma once

#include <memory>

#include "kernel/access/viewer.h"
#include "kernel/view/engine.h"

namespace tk::interaction {

/// Of all whom he sees, and of all kinds?
bool SeesAllTasks(const access::Viewer& viewer);
/// No reviews, and all others.
std::shared_ptr<const view::ReviewSight> NoReviews(const view::Engine& engine);
/// Of a viewer whose scope is otherwise done; it lives no longer than the engine. Reviews are seen with the operation $link, unmasked, by who sees every
/// record that it names. Of a Task that was deleted counts what it was before.
std::shared_ptr<const view::ReviewSight> TaskSightOf(const view::Engine* engine, const access::Viewer& viewer,
                                                     std::shared_ptr<const view::ReviewSight> no_reviews);

}  // namespace tk::interaction
