// How alike two short Latin texts are, as people misspell them. (Chinese names: kernel/person/name.h.)
// Source: R. C. Russell's sound index (US patent 1,261,167, 1918), here of six digits and without the first letter itself, so that a wrong
//         first letter may sound alike; Jaro-Winkler from name.h.
// Cost:   O(n·m) of short texts, below 1 µs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tk::person::linkage {

inline constexpr size_t kLikenessMax = 64;  // bytes; longer texts are cut

/// Insertions, deletions, replacements and swaps of neighbours, at most `most` + 1. Of bytes.
int Slips(std::string_view a, std::string_view b, int most);

/// Digits of sounds of a Latin text; "" if it has no consonant.
std::string LatinSound(std::string_view text);

/// Does it begin with a Latin letter? (Chinese names and Latin ones are compared in different ways.)
bool IsLatin(std::string_view text);

}  // namespace tk::person::linkage
