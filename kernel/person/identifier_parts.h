// What reading identifiers is made of. Inside the room only.
// Flow:  text → Fold (full width, dashes, signs, look-alikes of X) → Compact (letters and digits alone) → a reader for each kind
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/person/identifier.h"

namespace tk::person {

/// The characters of a text, blanks taken out, letters as ASCII capitals where they are Latin, all dashes as '-'.
struct FoldedText {
  static constexpr size_t kMax = 96;
  std::array<char32_t, kMax> c;
  size_t n = 0;
  Remarks remarks;
  bool too_long = false;
};
FoldedText Fold(std::string_view text);

/// Of a folded text: what is left without dashes and brackets.
struct CompactText {
  std::array<char, FoldedText::kMax> c;
  size_t n = 0;
  size_t digits = 0, letters = 0, stars = 0;
  size_t dash_at = 0;     // characters before the last dash; 0: none
  bool brackets = false;  // it ends in (…)
  bool plain = true;      // nothing but letters, digits and stars was left
  std::string_view view() const { return {c.data(), n}; }
};
CompactText Compact(const FoldedText& folded);

inline bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
inline bool IsCapital(char32_t c) { return c >= 'A' && c <= 'Z'; }
bool AllDigits(std::string_view text);
/// The number that up to nine digits write.
uint32_t NumberOf(std::string_view digits);
/// One digit only, or digits that rise or fall by one all along (9 is followed by 0), or two that take turns.
bool IsFiller(std::string_view text);

void SetValue(Identifier* id, std::string_view value);
/// Puts `grade` unless a remark says that it cannot be so much.
void Settle(Identifier* id, Grade grade);

/// A phone in any way of writing; kind kNone if it is none. `claimed`: a number without area code is one too.
Identifier ReadPhone(const FoldedText& folded, bool claimed);

}  // namespace tk::person
