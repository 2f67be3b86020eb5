#include "kernel/person/linkage/name_levels.h"

#include <algorithm>

#include "kernel/person/linkage/text_likeness.h"
#include "kernel/person/name.h"

namespace tk::person::linkage {
namespace {

constexpr double kSimilarFrom = 0.88, kPartFrom = 0.75;  // of JaroWinkler, for Latin texts

/// Whose letters choose first may matter to Jaro; so it is always the same one's.
double Likeness(std::string_view a, std::string_view b) {
  return a < b ? JaroWinkler(a, b) : JaroWinkler(b, a);
}

uint8_t LatinLevel(std::string_view a, std::string_view b, bool sound) {
  if (a.empty() || b.empty()) return level::kMissing;
  if (a == b) return level::kNameSame;
  const double likeness = Likeness(a, b);
  if (likeness >= kSimilarFrom || (std::min(a.size(), b.size()) >= 4 && Slips(a, b, 1) <= 1))
    return level::kSimilar;
  if (sound && likeness >= kPartFrom) return level::kSound;
  const std::string_view shorter = a.size() <= b.size() ? a : b;
  const std::string_view longer = a.size() <= b.size() ? b : a;
  if (longer.substr(0, shorter.size()) == shorter) return level::kPart;
  return likeness >= kPartFrom ? level::kPart : level::kDifferent;
}

uint8_t LevelOf(NameAgreement agreement) {
  switch (agreement) {
    case NameAgreement::kExact:
    case NameAgreement::kVariant:
      return level::kNameSame;
    case NameAgreement::kAlias:
      return level::kAlias;
    case NameAgreement::kSwapped:
      return level::kSwapped;
    case NameAgreement::kSameSound:
      return level::kSound;
    case NameAgreement::kIncomplete:
    case NameAgreement::kSimilarSound:
    case NameAgreement::kSimilarShape:
      return level::kSimilar;
    case NameAgreement::kOneDiffers:
      return level::kPart;
    case NameAgreement::kDifferent:
      return level::kDifferent;
    case NameAgreement::kNothing:
      return level::kMissing;
  }
  return level::kMissing;
}

struct NameLevels {
  uint8_t family = 0, given = 0;
  uint32_t family_value = 0, given_value = 0;
  int rank = -1;
};

/// Latin names of people whose surname stands in a field of its own, or does not.
NameLevels CompareLatinNames(const NameView& a, const NameView& b) {
  const auto sounds = [](uint32_t x, uint32_t y) { return x != 0 && x == y; };
  NameLevels found;
  found.family = LatinLevel(a.family, b.family, sounds(a.family_sound, b.family_sound));
  found.given = LatinLevel(a.given, b.given, sounds(a.given_sound, b.given_sound));
  if (std::max(found.family, found.given) >= level::kSimilar) return found;
  const uint8_t crossed_1 = LatinLevel(a.family, b.given, false),
                crossed_2 = LatinLevel(a.given, b.family, false);
  if (std::max(crossed_1, crossed_2) != level::kNameSame ||
      std::min(crossed_1, crossed_2) == level::kDifferent)
    return found;
  found.family = std::min(crossed_1, crossed_2) == level::kMissing ? level::kMissing : level::kSwapped;
  found.given = level::kSwapped;
  return found;
}

/// 小明, 明明: how children and the old are called at home, of the character 明 in a given name.
bool IsPetNameOf(std::string_view pet, std::string_view given) {
  constexpr size_t kCharacter = 3;  // bytes of a Chinese character
  if (pet.size() != 2 * kCharacter || pet == given) return false;
  const std::string_view first = pet.substr(0, kCharacter), last = pet.substr(kCharacter);
  return (first == "小" || first == last) && given.find(last) != std::string_view::npos;
}

/// Of a Chinese name with another one, or with its pinyin.
NameLevels CompareRead(const NameView& a, const NameView& b) {
  const auto read = [](const NameView& name) {
    return name.family.empty() ? ReadName(name.given) : ReadName(name.family, name.given);
  };
  const NameComparison compared = person::Compare(read(a), read(b));
  const uint8_t whole = LevelOf(compared.whole);
  NameLevels found;
  if (whole == level::kSwapped) {
    found.family = found.given = level::kSwapped;
    return found;
  }
  if (compared.surname == NameAgreement::kNothing || compared.given == NameAgreement::kNothing) {
    // Not parted: the whole speaks for both where both have a surname, as a Chinese name and its pinyin do.
    found.given = whole;
    found.family = IsLatin(a.given) != IsLatin(b.given) ? whole : level::kMissing;
    return found;
  }
  found.family = LevelOf(compared.surname);
  found.given = LevelOf(compared.given);
  // One character of two or three is another one: so do twins' names differ, and slips of the pen.
  if (found.given == level::kDifferent && found.family >= level::kSimilar && whole > level::kDifferent)
    found.given = whole;
  if (found.given < level::kSimilar && found.family >= level::kSimilar &&
      (IsPetNameOf(a.given, b.given) || IsPetNameOf(b.given, a.given)))
    found.given = level::kSimilar;
  return found;
}

NameLevels CompareOne(const NameView& a, const NameView& b) {
  NameLevels found;
  if (a.family == b.family && a.given == b.given) {
    found.family = a.family.empty() ? level::kMissing : level::kNameSame;
    found.given = a.given.empty() ? level::kMissing : level::kNameSame;
  } else if (IsLatin(a.given.empty() ? a.family : a.given) && IsLatin(b.given.empty() ? b.family : b.given)) {
    found = CompareLatinNames(a, b);
  } else {
    found = CompareRead(a, b);
  }
  if (found.family == level::kNameSame && a.family == b.family) found.family_value = HashOf(a.family);
  if (found.given == level::kNameSame && a.given == b.given) found.given_value = HashOf(a.given);
  if (!a.current || !b.current) {
    found.family = std::min(found.family, level::kAlias);
    found.given = std::min(found.given, level::kAlias);
  }
  found.rank = found.given * 10 + found.family;
  return found;
}

}  // namespace

bool IsSimilarText(std::string_view a, std::string_view b) {
  return Likeness(a, b) >= kSimilarFrom || Slips(a, b, 1) <= 1;
}

void CompareNames(const EntryView& a, const EntryView& b, Comparison* out) {
  NameLevels best;
  for (const NameView& x : a.names()) {
    for (const NameView& y : b.names()) {
      const NameLevels found = CompareOne(x, y);
      // Ties go to the greater hash, so that the order of a history does not matter.
      if (found.rank > best.rank || (found.rank == best.rank && found.given_value > best.given_value))
        best = found;
    }
  }
  out->levels[Field::kFamily] = best.family;
  out->levels[Field::kGiven] = best.given;
  if (best.family == level::kNameSame) out->value[static_cast<size_t>(Field::kFamily)] = best.family_value;
  if (best.given == level::kNameSame) out->value[static_cast<size_t>(Field::kGiven)] = best.given_value;
}

}  // namespace tk::person::linkage
