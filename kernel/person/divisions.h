// The county codes of the national list, withdrawn ones too: what the first six digits of a resident number may be.
// Source: data/divisions.tsv, which says whose lists they are and what they lack. Lists are named by their month, 201607.
// Use:    IdContext::divisions; a code that is not listed is told (Remark::kDivisionNotListed) and never refused.
// Cost:   read once; then a binary search.
#pragma once

#include <cstdint>
#include <span>

namespace tk::person {

/// Ascending.
std::span<const uint32_t> KnownDivisions();

struct DivisionLists {
  uint32_t first = 0, last = 0;  // 0: none has it
};
DivisionLists ListsOf(uint32_t division);
/// Listed once, and not in the newest list.
bool IsWithdrawnDivision(uint32_t division);

}  // namespace tk::person
