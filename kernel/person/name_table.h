// The characters of names: what each folds to, how it is read, how it looks. Inside the room only.
// Source: tools/name_table.py, of Unihan and data/names.tsv; the form of the bytes is said there.
// Cost:   every look-up is one or two reads of memory; pairs and surnames a binary search.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tk::person {

/// Of a character, from 1; 0: not in the table.
using CharacterId = uint16_t;

class NameTable {
 public:
  static const NameTable& Get();

  CharacterId IdOf(char32_t c) const;
  /// The same character in today's standard form; the id itself if there is no other.
  CharacterId Fold(CharacterId id) const;
  /// Numbers of syllables, the usual one first; `surname`: the reading as a surname first. Empty if not known.
  std::span<const uint16_t> Readings(CharacterId id, bool surname) const;
  /// Letters without tone; "lv" for 吕.
  std::string_view Syllable(uint16_t syllable) const;
  /// Equal for syllables that ears and hands exchange (zh/z, n/l, in/ing …).
  uint16_t Similar(uint16_t syllable) const;
  /// Places of the readings of a compound surname for ReadingsAt; both 0 if the two, in their standard form, are none.
  std::pair<uint16_t, uint16_t> Compound(CharacterId first, CharacterId second) const;
  std::span<const uint16_t> ReadingsAt(uint16_t place) const;

  enum class Pair : uint8_t { kAlias, kTranslit, kShape };
  bool Has(Pair pair, CharacterId a, CharacterId b) const;  // of standard forms
  /// Do they look alike, by their components, corners and strokes?
  bool LookAlike(CharacterId a, CharacterId b) const;

  const std::vector<std::u32string>& placeholders() const { return placeholders_; }
  const std::vector<std::u32string>& children() const { return children_; }  // longest first
  const std::vector<std::pair<std::string_view, std::string_view>>& nicknames() const { return nicknames_; }

 private:
  struct Character {
    uint16_t fold, readings;
    uint32_t shape;
    uint16_t corners;
  };
  struct Syllables {
    char text[6];
    uint16_t similar;
  };
  struct Surname {
    uint16_t character, readings;
  };
  struct CompoundSurname {
    uint16_t first, second, first_readings, second_readings;
  };
  NameTable();
  Character At(CharacterId id) const;
  void ReadWords(std::string_view words);

  uint32_t first_ = 0, last_ = 0;
  std::string_view characters_;
  std::span<const uint32_t> extras_;
  std::span<const Syllables> syllables_;
  std::span<const uint16_t> readings_;
  std::span<const Surname> surnames_;
  std::span<const CompoundSurname> compounds_;
  std::span<const uint32_t> pairs_[3];
  std::vector<std::u32string> placeholders_, children_;
  std::vector<std::pair<std::string_view, std::string_view>> nicknames_;
};

}  // namespace tk::person
