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
  const CharacterId x = a.id[i], y = b.id[j];
  if (x != 0 && x == y) return NameAgreement::kVariant;
  if (table.Has(NameTable::Pair::kAlias, x, y)) return NameAgreement::kAlias;
  const bool no_surname = a.surname == 0 || b.surname == 0;
  if (no_surname && table.Has(NameTable::Pair::kTranslit, x, y)) return NameAgreement::kAlias;
  const auto left = ReadingsOf(a, i), right = ReadingsOf(b, j);
  if (AnyShared(left, right, false)) return NameAgreement::kSameSound;
  if (AnyShared(left, right, true)) return NameAgreement::kSimilarSound;
  if (table.Has(NameTable::Pair::kShape, x, y) || table.LookAlike(x, y)) return NameAgreement::kSimilarShape;
  const CharacterId as_written = table.IdOf(a.c[i]), beside = table.IdOf(b.c[j]);
  const bool alike = (as_written != x || beside != y) && table.LookAlike(as_written, beside);
  return alike ? NameAgreement::kSimilarShape : NameAgreement::kDifferent;
}

/// What the characters of a stretch come to.
struct Stretch {
  NameAgreement weakest = NameAgreement::kExact;
  size_t different = 0;
  void Add(NameAgreement one) {
    if (one == NameAgreement::kDifferent) {
      ++different;
    } else {
      weakest = Weaker(weakest, one);
    }
  }
};
/// The first `n` characters of both.
Stretch CompareStretch(const Name& a, const Name& b, size_t n) {
  Stretch out;
  for (size_t i = 0; i < n; ++i) out.Add(CompareCharacters(a, i, b, i));
  return out;
}

bool SameHere(const Name& a, size_t i, const Name& b, size_t j) {
  return a.c[i] == b.c[j] || (a.id[i] != 0 && a.id[i] == b.id[j]);
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
  const Stretch stretch = CompareStretch(few, many, few.n);
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

NameAgreement CompareUnequalLengths(const Name& a, const Name& b) {
  const Name& few = a.n < b.n ? a : b;
  const Name& many = a.n < b.n ? b : a;
  if (a.dotted || b.dotted) {
    const Name x = WithoutDots(a), y = WithoutDots(b);
    const Stretch bare = CompareStretch(x, y, std::min(x.n, y.n));
    if (x.n == y.n && bare.different == 0) return Weaker(bare.weakest, NameAgreement::kVariant);
  }
  if (IsBeginning(few, many)) return NameAgreement::kIncomplete;
  return OneMissing(few, many) ? NameAgreement::kOneDiffers : NameAgreement::kDifferent;
}

NameAgreement CompareSpan(const Name& a, size_t a_from, size_t a_to, const Name& b, size_t b_from,
                          size_t b_to) {
  if (a_to == a_from || b_to == b_from) return NameAgreement::kNothing;
  if (a_to - a_from != b_to - b_from) return NameAgreement::kDifferent;
  Stretch stretch;
  for (size_t i = 0; i < a_to - a_from; ++i) stretch.Add(CompareCharacters(a, a_from + i, b, b_from + i));
  return stretch.different == 0 ? stretch.weakest : NameAgreement::kDifferent;
}

NameComparison CompareChinese(const Name& a, const Name& b) {
  NameComparison out;
  Stretch surname, given, whole;
  const bool parted = a.surname > 0 && b.surname > 0;
  if (a.n != b.n) {
    out.whole = CompareUnequalLengths(a, b);
  } else {
    for (size_t i = 0; i < a.n; ++i) {
      const NameAgreement one = CompareCharacters(a, i, b, i);
      whole.Add(one);
      (i < a.surname ? surname : given).Add(one);
    }
    const bool weak = whole.different > 0 || whole.weakest > NameAgreement::kSwapped;
    out.whole = whole.different == 0               ? whole.weakest
                : whole.different == 1 && a.n >= 3 ? NameAgreement::kOneDiffers
                                                   : NameAgreement::kDifferent;
    if (weak && Swapped(a, b)) out.whole = NameAgreement::kSwapped;
  }
  if (!parted) return out;
  if (a.n == b.n && a.surname == b.surname && a.surname < a.n) {
    out.surname = surname.different == 0 ? surname.weakest : NameAgreement::kDifferent;
    out.given = given.different == 0 ? given.weakest : NameAgreement::kDifferent;
  } else {
    out.surname = CompareSpan(a, 0, a.surname, b, 0, b.surname);
    out.given = CompareSpan(a, a.surname, a.n, b, b.surname, b.n);
  }
  return out;
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
  if (Ideographic(a) && Ideographic(b)) return CompareChinese(a, b);
  if (Ideographic(a) || Ideographic(b)) {
    const Name& latin = Ideographic(a) ? b : a;
    out.whole = latin.kind == NameKind::kLatin ? CompareChineseWithLatin(Ideographic(a) ? a : b, latin)
                                               : NameAgreement::kNothing;
  } else {
    out.whole = CompareLatin(a, b);
    if (a.surname == 0 || b.surname == 0) return out;
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
