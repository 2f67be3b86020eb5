#include <algorithm>

#include "kernel/person/name_parts.h"

namespace tk::person {
namespace {

constexpr std::array<std::string_view, kNameAgreements> kAgreementNames = {
    "exact",         "variant",       "alias",       "swapped",   "incomplete", "same-sound",
    "similar-sound", "similar-shape", "one-differs", "different", "nothing"};

bool AnyShared(std::span<const uint16_t> a, std::span<const uint16_t> b, bool similar) {
  const NameTable& table = NameTable::Get();
  return std::any_of(a.begin(), a.end(), [&](uint16_t x) {
    return std::any_of(b.begin(), b.end(), [&](uint16_t y) {
      return x == y || (similar && table.Similar(x) == table.Similar(y));
    });
  });
}

/// One character of each.
NameAgreement CompareCharacters(const Name& a, size_t i, const Name& b, size_t j) {
  if (a.c[i] == '?' || b.c[j] == '?') return NameAgreement::kIncomplete;
  if (a.c[i] == b.c[j]) return NameAgreement::kExact;
  const NameTable& table = NameTable::Get();
  const CharacterId x = table.Fold(a.id[i]), y = table.Fold(b.id[j]);
  if (x != 0 && x == y) return NameAgreement::kVariant;
  if (table.Has(NameTable::Pair::kAlias, x, y)) return NameAgreement::kAlias;
  const bool no_surname = a.surname == 0 || b.surname == 0;
  if (no_surname && table.Has(NameTable::Pair::kTranslit, x, y)) return NameAgreement::kAlias;
  const auto left = ReadingsOf(a, i), right = ReadingsOf(b, j);
  if (AnyShared(left, right, false)) return NameAgreement::kSameSound;
  if (AnyShared(left, right, true)) return NameAgreement::kSimilarSound;
  const bool alike = table.LookAlike(x, y) || table.LookAlike(a.id[i], b.id[j]);
  return alike ? NameAgreement::kSimilarShape : NameAgreement::kDifferent;
}

/// A stretch of one name with a stretch of the other, character by character.
struct Stretch {
  NameAgreement weakest = NameAgreement::kExact;
  size_t different = 0;
};
Stretch CompareStretch(const Name& a, size_t from_a, const Name& b, size_t from_b, size_t n) {
  Stretch out;
  for (size_t i = 0; i < n; ++i) {
    const NameAgreement one = CompareCharacters(a, from_a + i, b, from_b + i);
    if (one == NameAgreement::kDifferent) {
      ++out.different;
    } else {
      out.weakest = Weaker(out.weakest, one);
    }
  }
  return out;
}

bool SameHere(const Name& a, size_t i, const Name& b, size_t j) {
  return CompareCharacters(a, i, b, j) <= NameAgreement::kVariant;
}

/// The surname behind the given name, or two neighbours exchanged.
bool Swapped(const Name& a, const Name& b) {
  for (const size_t turn :
       {size_t{a.surname}, size_t{b.surname}, a.n - size_t{a.surname}, a.n - size_t{b.surname}}) {
    if (turn == 0 || turn >= a.n) continue;
    bool turned = true;
    for (size_t i = 0; i < a.n && turned; ++i) turned = SameHere(a, (i + turn) % a.n, b, i);
    if (turned) return true;
  }
  size_t i = 0;
  while (i < a.n && SameHere(a, i, b, i)) ++i;
  if (i + 1 >= a.n || !SameHere(a, i, b, i + 1) || !SameHere(a, i + 1, b, i)) return false;
  for (i += 2; i < a.n; ++i) {
    if (!SameHere(a, i, b, i)) return false;
  }
  return true;
}

Name WithoutDots(const Name& name) {
  Name out = name;
  out.n = 0;
  for (size_t i = 0; i < name.n; ++i) {
    if (name.c[i] == 0xB7) continue;
    out.c[out.n] = name.c[i];
    out.id[out.n++] = name.id[i];
  }
  return out;
}

/// The shorter is the beginning of the longer: a father's name left out, or a field that was too short.
bool IsBeginning(const Name& few, const Name& many) {
  const bool whole_part = many.dotted && many.c[few.n] == 0xB7 && few.n >= 2;
  if (!whole_part && (few.surname != 0 || few.n < 4)) return false;
  const Stretch stretch = CompareStretch(few, 0, many, 0, few.n);
  return stretch.different == 0 && stretch.weakest <= NameAgreement::kAlias;
}

/// One character of the longer is missing in the shorter, everything else is the same.
bool OneMissing(const Name& few, const Name& many) {
  if (many.n != few.n + 1 || few.n < 2) return false;
  size_t i = 0;
  while (i < few.n && SameHere(few, i, many, i)) ++i;
  for (; i < few.n; ++i) {
    if (!SameHere(few, i, many, i + 1U)) return false;
  }
  return true;
}

NameAgreement CompareChinese(const Name& a, const Name& b) {
  if (a.n != b.n) {
    const Name& few = a.n < b.n ? a : b;
    const Name& many = a.n < b.n ? b : a;
    if (a.dotted || b.dotted) {
      const Name x = WithoutDots(a), y = WithoutDots(b);
      const Stretch bare = CompareStretch(x, 0, y, 0, std::min(x.n, y.n));
      if (x.n == y.n && bare.different == 0) return Weaker(bare.weakest, NameAgreement::kVariant);
    }
    if (IsBeginning(few, many)) return NameAgreement::kIncomplete;
    return OneMissing(few, many) ? NameAgreement::kOneDiffers : NameAgreement::kDifferent;
  }
  const Stretch stretch = CompareStretch(a, 0, b, 0, a.n);
  const bool weak = stretch.different > 0 || stretch.weakest > NameAgreement::kSwapped;
  if (weak && Swapped(a, b)) return NameAgreement::kSwapped;
  if (stretch.different == 0) return stretch.weakest;
  return stretch.different == 1 && a.n >= 3 ? NameAgreement::kOneDiffers : NameAgreement::kDifferent;
}

NameAgreement CompareSpan(const Name& a, size_t a_from, size_t a_to, const Name& b, size_t b_from,
                          size_t b_to) {
  if (a_to == a_from || b_to == b_from) return NameAgreement::kNothing;
  if (a_to - a_from != b_to - b_from) return NameAgreement::kDifferent;
  const Stretch stretch = CompareStretch(a, a_from, b, b_from, a_to - a_from);
  return stretch.different == 0 ? stretch.weakest : NameAgreement::kDifferent;
}

bool Ideographic(const Name& name) {
  return name.kind == NameKind::kChinese || name.kind == NameKind::kChild;
}

NameAgreement CompareLatinSpan(const Name& a, size_t a_from, size_t a_to, const Name& b, size_t b_from,
                               size_t b_to) {
  Parts left, right;
  PartsOf(a, a_from, a_to, &left);
  PartsOf(b, b_from, b_to, &right);
  return CompareParts(left, right);
}

}  // namespace

std::string_view NameOf(NameAgreement agreement) { return kAgreementNames[static_cast<size_t>(agreement)]; }

NameComparison Compare(const Name& a, const Name& b) {
  NameComparison out;
  const auto end = [](const Name& name) { return name.c.begin() + name.n; };
  if (std::lexicographical_compare(b.c.begin(), end(b), a.c.begin(), end(a)))
    return Compare(b, a);  // symmetric
  const bool child = a.kind == NameKind::kChild || b.kind == NameKind::kChild;
  if (a.missing() || b.missing() || (child && a.kind != b.kind)) return out;
  const bool parted = a.surname > 0 && b.surname > 0;
  if (Ideographic(a) && Ideographic(b)) {
    out.whole = CompareChinese(a, b);
    if (!parted) return out;
    out.surname = CompareSpan(a, 0, a.surname, b, 0, b.surname);
    out.given = CompareSpan(a, a.surname, a.n, b, b.surname, b.n);
  } else if (Ideographic(a) || Ideographic(b)) {
    const Name& latin = Ideographic(a) ? b : a;
    out.whole = latin.kind == NameKind::kLatin ? CompareChineseWithLatin(Ideographic(a) ? a : b, latin)
                                               : NameAgreement::kNothing;
  } else {
    out.whole = CompareLatin(a, b);
    if (!parted) return out;
    out.surname = CompareLatinSpan(a, 0, a.surname, b, 0, b.surname);
    out.given = CompareLatinSpan(a, a.surname, a.n, b, b.surname, b.n);
  }
  return out;
}

NameComparison CompareBest(std::span<const Name> a, std::span<const Name> b) {
  NameComparison best;
  for (const Name& x : a) {
    for (const Name& y : b) {
      const NameComparison one = Compare(x, y);
      if (one.whole < best.whole) best = one;
    }
  }
  return best;
}

}  // namespace tk::person
