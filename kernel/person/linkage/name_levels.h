// Names against names: the level of the surname and of the given name.
// Flow:   EntryView × EntryView → the best pair of names → levels of Field::kFamily and kGiven, hashes of what is the same
// How:    same > alias (a legal spelling, a former name) > swapped (surname and given name changed over) > the same sound > similar (one slip,
//         sounds that dialects mix up) > part (an initial, a shorter form, one character in common) > different. A name that is not split is
//         compared as a whole with the other's whole.
// Cost:   ~50 ns when equal, below 1 µs else.
#pragma once

#include "kernel/person/linkage/compare.h"

namespace tk::person::linkage {

/// Writes levels and values of both fields.
void CompareNames(const EntryView& a, const EntryView& b, Comparison* out);

/// One slip or little more between two Latin texts.
bool IsSimilarText(std::string_view a, std::string_view b);

}  // namespace tk::person::linkage
