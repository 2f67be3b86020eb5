// The equality keys that criteria come to: tokens, references, exact strings, uris, and patient with code as one.
// Flow:   Criterion → sources of its parameter (extract.h) → keys (entries.h) → nodes (nodes.h), the writer's check (Index::MayAffect)
#pragma once

#include <optional>
#include <vector>

#include "kernel/search/answer.h"

namespace tk::search {

/// The equality keys that a criterion's terms come to; nullopt if it is no matter of equality (ranges, prefixes, :missing). With :not the keys of
/// what must not be.
std::optional<std::vector<uint64_t>> EqualityKeys(const Setting& setting, fhir::TypeId type,
                                                  const Criterion& criterion);

/// patient=…&code=system|… as one key, when the type rides on that compound. Marks the two criteria as used.
std::vector<uint64_t> CompoundKeys(const Setting& setting, const Query& query, std::vector<bool>* used);

/// The live ordinals under one equality key at a position, unsorted.
std::vector<Ordinal> LiveUnder(const view::RunSnapshot<Entry16>& equality, uint64_t key,
                               const view::Directory& directory, const view::Position& position);

}  // namespace tk::search
