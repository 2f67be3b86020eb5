// What comparing names is made of. Inside the room only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/person/name.h"
#include "kernel/person/name_table.h"

namespace tk::person {

/// Letters of a whole name, without blanks; longer ones are cut.
struct Spelling {
  std::array<char, 160> text;
  size_t n = 0;
  void Add(std::string_view letters);
  std::string_view view() const { return {text.data(), n}; }
};

inline constexpr size_t kSpellingsMax = 16;
/// The ways to write a Chinese name in pinyin, capitals; `given_first`: the surname behind. None if a character has no reading.
struct Spellings {
  std::array<Spelling, kSpellingsMax> one;
  size_t n = 0;
};
void SpellOut(const Name& chinese, bool given_first, Spellings* out);
/// The letters of a Latin name, its parts turned left by `turn`; ü in all its ways is U.
Spelling SpellLatin(const Name& latin, size_t turn);
/// In place: the sounds that are exchanged become one.
void FoldSounds(Spelling* spelling);

/// The readings of character `at`, those of a surname first where it is one.
std::span<const uint16_t> ReadingsOf(const Name& name, size_t at);

/// Parts of a Latin name.
struct Parts {
  std::array<std::string_view, 12> part;
  std::array<char, kNameMax> text;
  size_t n = 0;
};
/// `out` keeps the letters that its parts point into.
void PartsOf(const Name& latin, size_t from, size_t to, Parts* out);

NameAgreement CompareParts(const Parts& a, const Parts& b);
NameAgreement CompareLatin(const Name& a, const Name& b);
NameAgreement CompareChineseWithLatin(const Name& chinese, const Name& latin);

inline NameAgreement Weaker(NameAgreement a, NameAgreement b) { return a < b ? b : a; }

}  // namespace tk::person
