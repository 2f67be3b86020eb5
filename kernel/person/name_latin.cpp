#include <algorithm>

#include "kernel/person/name_parts.h"

namespace tk::person {
namespace {

constexpr double kSlip =
    0.9;  // Jaro-Winkler of two spellings of one part, from which it is a slip of the hand

bool Nicknames(std::string_view a, std::string_view b) {
  const auto& rows = NameTable::Get().nicknames();
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    return (row.first == a && (row.second == b)) || (row.first == b && row.second == a);
  });
}

NameAgreement ComparePart(std::string_view a, std::string_view b) {
  if (a == b) return NameAgreement::kExact;
  if (a.empty() || b.empty()) return NameAgreement::kDifferent;
  if (a.size() == 1 || b.size() == 1) {
    return a.front() == b.front() ? NameAgreement::kIncomplete : NameAgreement::kDifferent;
  }
  if (Nicknames(a, b)) return NameAgreement::kAlias;
  return std::min(a.size(), b.size()) >= 3 && JaroWinkler(a, b) >= kSlip ? NameAgreement::kSimilarShape
                                                                         : NameAgreement::kDifferent;
}

bool SameLetters(const Name& a, const Name& b, size_t turn) {
  return SpellLatin(a, 0).view() == SpellLatin(b, turn).view();
}

/// Each part of the shorter list with the best one left of the longer, strongest pairs first.
struct Pairing {
  NameAgreement weakest = NameAgreement::kExact;
  size_t unmatched = 0;  // of the shorter list
  size_t whole = 0;      // pairs of more than initials
  bool moved = false;    // a pair stands in other places
};
Pairing PairUp(const Parts& few, const Parts& many) {
  Pairing out;
  std::array<bool, 12> few_used{}, many_used{};
  for (size_t round = 0; round < few.n; ++round) {
    NameAgreement best = NameAgreement::kDifferent;
    size_t from = 0, to = 0;
    for (size_t i = 0; i < few.n; ++i) {
      for (size_t j = 0; j < many.n; ++j) {
        if (few_used[i] || many_used[j]) continue;
        const NameAgreement agreement = ComparePart(few.part[i], many.part[j]);
        if (agreement < best) best = agreement, from = i, to = j;
      }
    }
    if (best == NameAgreement::kDifferent) {
      out.unmatched = few.n - round;
      break;
    }
    few_used[from] = many_used[to] = true;
    out.weakest = Weaker(out.weakest, best);
    out.whole += best != NameAgreement::kIncomplete && few.part[from].size() > 1 ? 1 : 0;
    out.moved = out.moved || from != to;
  }
  return out;
}

}  // namespace

double JaroWinkler(std::string_view a, std::string_view b) {
  constexpr size_t kMax = 64;
  a = a.substr(0, kMax);
  b = b.substr(0, kMax);
  if (a.empty() || b.empty()) return a.size() == b.size() ? 1 : 0;
  const size_t window = std::max<size_t>(std::max(a.size(), b.size()) / 2, 1) - 1;
  std::array<bool, kMax> a_met{}, b_met{};
  size_t met = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t end = std::min(i + window + 1, b.size());
    for (size_t j = i > window ? i - window : 0; j < end; ++j) {
      if (b_met[j] || a[i] != b[j]) continue;
      a_met[i] = b_met[j] = true;
      ++met;
      break;
    }
  }
  if (met == 0) return 0;
  size_t moved = 0;
  for (size_t i = 0, j = 0; i < a.size(); ++i) {
    if (!a_met[i]) continue;
    while (!b_met[j]) ++j;
    moved += a[i] != b[j++] ? 1 : 0;
  }
  const auto m = static_cast<double>(met);
  const double jaro = (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) +
                       (m - static_cast<double>(moved) / 2) / m) /
                      3;
  size_t prefix = 0;
  while (prefix < std::min({size_t{4}, a.size(), b.size()}) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * 0.1 * (1 - jaro);
}

void PartsOf(const Name& latin, size_t from, size_t to, Parts* out) {
  size_t start = from;
  for (size_t i = from; i <= to; ++i) {
    if (i < to && latin.c[i] != ' ') {
      // Other scripts are compared by the low bytes of their characters: enough to tell whether they are the same.
      out->text[i] = static_cast<char>(latin.c[i] & 0xFF);
      continue;
    }
    if (i > start && out->n < out->part.size()) out->part[out->n++] = {out->text.data() + start, i - start};
    start = i + 1;
  }
}

NameAgreement CompareParts(const Parts& a, const Parts& b) {
  if (a.n == 0 || b.n == 0) return NameAgreement::kNothing;
  const Parts& few = a.n <= b.n ? a : b;
  const Parts& many = a.n <= b.n ? b : a;
  const Pairing pairing = PairUp(few, many);
  if (pairing.unmatched == 0 && (pairing.whole > 0 || (a.n == 1 && b.n == 1))) {
    NameAgreement agreement = pairing.weakest;
    if (pairing.moved && a.n == b.n) agreement = Weaker(agreement, NameAgreement::kSwapped);
    return a.n == b.n ? agreement : Weaker(agreement, NameAgreement::kIncomplete);
  }
  if (pairing.unmatched == 1 && pairing.whole > 0 && few.n >= 2) return NameAgreement::kOneDiffers;
  return NameAgreement::kDifferent;
}

NameAgreement CompareLatin(const Name& a, const Name& b) {
  if (a.n == b.n && std::equal(a.c.begin(), a.c.begin() + a.n, b.c.begin())) return NameAgreement::kExact;
  if (a.kind == NameKind::kOther || b.kind == NameKind::kOther) {
    return NameKey(a) == NameKey(b) ? NameAgreement::kVariant : NameAgreement::kDifferent;
  }
  if (SameLetters(a, b, 0)) return NameAgreement::kVariant;
  Parts left, right;
  PartsOf(a, 0, a.n, &left);
  PartsOf(b, 0, b.n, &right);
  NameAgreement best = CompareParts(left, right);
  for (size_t turn = 1; turn < std::max(left.n, right.n) && best > NameAgreement::kSwapped; ++turn) {
    if (SameLetters(a, b, turn) || SameLetters(b, a, turn)) best = NameAgreement::kSwapped;
  }
  if (best <= NameAgreement::kSimilarShape) return best;
  const Spelling x = SpellLatin(a, 0), y = SpellLatin(b, 0);
  return std::min(x.n, y.n) >= 5 && JaroWinkler(x.view(), y.view()) >= 0.94 ? NameAgreement::kSimilarShape
                                                                            : best;
}

namespace {

/// ZHANG S, ZHANG S F: one part is the surname's pinyin, the others are initials of the given name, in order.
bool SurnameAndInitials(const Name& chinese, const Parts& parts) {
  if (chinese.surname == 0 || chinese.n == chinese.surname || parts.n < 2) return false;
  Name alone = chinese;
  alone.n = chinese.surname;
  Spellings surname;
  SpellOut(alone, false, &surname);
  const auto is_surname = [&](std::string_view part) {
    return std::any_of(surname.one.begin(), surname.one.begin() + static_cast<std::ptrdiff_t>(surname.n),
                       [&](const Spelling& one) { return one.view() == part; });
  };
  const bool first = is_surname(parts.part[0]), last = is_surname(parts.part[parts.n - 1]);
  if (!first && !last) return false;
  size_t at = chinese.surname;
  for (size_t i = first ? 1 : 0; i < (first ? parts.n : parts.n - 1); ++i) {
    for (const char letter : parts.part[i]) {
      if (at == chinese.n) return false;
      const auto readings = ReadingsOf(chinese, at++);
      const bool fits = std::any_of(readings.begin(), readings.end(), [&](uint16_t reading) {
        return NameTable::Get().Syllable(reading).front() == letter - 'A' + 'a';
      });
      if (!fits) return false;
    }
  }
  return true;
}

}  // namespace

NameAgreement CompareChineseWithLatin(const Name& chinese, const Name& latin) {
  const Spelling letters = SpellLatin(latin, 0);
  Spelling sounds = letters;
  FoldSounds(&sounds);
  bool similar = false;
  for (const bool given_first : {false, true}) {
    if (given_first && (chinese.surname == 0 || chinese.surname == chinese.n)) continue;
    Spellings spellings;
    SpellOut(chinese, given_first, &spellings);
    for (size_t i = 0; i < spellings.n; ++i) {
      if (spellings.one[i].view() == letters.view()) return NameAgreement::kSameSound;
      FoldSounds(&spellings.one[i]);
      similar = similar || spellings.one[i].view() == sounds.view();
    }
  }
  Parts parts;
  PartsOf(latin, 0, latin.n, &parts);
  // Initials say less than a sound that is nearly the same.
  if (similar) return NameAgreement::kSimilarSound;
  return SurnameAndInitials(chinese, parts) ? NameAgreement::kIncomplete : NameAgreement::kDifferent;
}

}  // namespace tk::person
