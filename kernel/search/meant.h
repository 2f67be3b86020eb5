// Who among the resources that one change set makes is meant by conditions that name nobody yet?
// Flow:   a condition → the keys of that exact criterion which the fewest resources have → these, or without one all of its type →
//         MayAffect → the criteria that keys do not tell, read from the resource itself (match.h) → pairs
// An exact criterion goes by keys alone, a chain, _has and what is handled by name by MayAffect: who fulfils these only perhaps counts as meant.
// A condition that asks for nothing of a resource's own (but excludes, or goes through others) is not judged.
// Limits: options.pairs_max pairs of condition and resource.
// Cost:   one look-up for each entry of the changes (two, when a condition has several exact criteria); some microseconds a pair.
#pragma once

#include "kernel/search/answer.h"
#include "kernel/search/index.h"

namespace tk::search {

/// `queries`: null where one is not to be judged; else `index` knows its parameters. Errors: as Index::WhoIsMeant.
Result<Index::Meant> FindMeant(const Index& index, const Setting& setting,
                               std::span<const Index::Made> changes, std::span<const Query* const> queries,
                               const Index::MeantOptions& options);

}  // namespace tk::search
