#include <algorithm>

#include "kernel/base/hash.h"
#include "kernel/person/name_parts.h"

namespace tk::person {
namespace {

uint64_t HashLetters(std::string_view letters, uint64_t seed) {
  uint64_t hash = Mix(seed + letters.size());
  for (size_t i = 0; i < letters.size(); i += 8) {
    uint64_t word = 0;
    for (size_t j = i; j < std::min(i + 8, letters.size()); ++j)
      word = word << 8 | static_cast<uint8_t>(letters[j]);
    hash = Mix(hash ^ word) + 0x9e3779b97f4a7c15ULL;
  }
  return hash == 0 ? 1 : hash;
}

/// LV, LYU, LU are all written for 吕: V and YU behind L or N become U.
void FoldUmlaut(Spelling* spelling) {
  size_t to = 0;
  for (size_t i = 0; i < spelling->n; ++i) {
    const char c = spelling->text[i];
    const bool behind = to > 0 && (spelling->text[to - 1] == 'L' || spelling->text[to - 1] == 'N');
    const bool yu = c == 'Y' && i + 1 < spelling->n && spelling->text[i + 1] == 'U';
    if (behind && (c == 'V' || yu)) {
      spelling->text[to++] = 'U';
      i += yu ? 1 : 0;
    } else {
      spelling->text[to++] = c;
    }
  }
  spelling->n = to;
}

bool IsVowel(char c) { return c == 'A' || c == 'E' || c == 'I' || c == 'O' || c == 'U'; }

/// Adds every reading of the next character to every spelling so far, up to the limit: the usual ones come first.
bool AddCharacter(const Name& name, size_t at, Spellings* out) {
  const NameTable& table = NameTable::Get();
  const auto readings = ReadingsOf(name, at);
  if (readings.empty()) return false;
  const size_t before = out->n;
  for (size_t r = 1; r < readings.size(); ++r) {
    for (size_t i = 0; i < before && out->n < kSpellingsMax; ++i) {
      out->one[out->n] = out->one[i];
      out->one[out->n++].Add(table.Syllable(readings[r]));
    }
  }
  for (size_t i = 0; i < before; ++i) out->one[i].Add(table.Syllable(readings[0]));
  return true;
}

bool Spellable(const Name& name) { return name.kind == NameKind::kChinese || name.kind == NameKind::kChild; }

}  // namespace

void Spelling::Add(std::string_view letters) {
  for (const char c : letters) {
    if (n == text.size()) return;
    text[n++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  }
}

std::span<const uint16_t> ReadingsOf(const Name& name, size_t at) {
  const NameTable& table = NameTable::Get();
  if (name.surname == 2 && at < 2) {
    const auto [first, second] = table.Compound(name.id[0], name.id[1]);
    if (first != 0) return table.ReadingsAt(at == 0 ? first : second);
  }
  return table.Readings(name.id[at], at < name.surname);
}

void SpellOut(const Name& chinese, bool given_first, Spellings* out) {
  out->n = 1;
  out->one[0].n = 0;
  const size_t turn = given_first ? chinese.surname : 0;
  for (size_t i = 0; i < chinese.n; ++i) {
    const size_t at = (i + turn) % chinese.n;
    if (chinese.c[at] == 0xB7) continue;
    if (!AddCharacter(chinese, at, out)) {
      out->n = 0;
      return;
    }
  }
  for (size_t i = 0; i < out->n; ++i) FoldUmlaut(&out->one[i]);
}

Spelling SpellLatin(const Name& latin, size_t turn) {
  Parts parts;
  PartsOf(latin, 0, latin.n, &parts);
  Spelling out;
  for (size_t i = 0; i < parts.n; ++i) out.Add(parts.part[(i + turn) % parts.n]);
  FoldUmlaut(&out);
  return out;
}

void FoldSounds(Spelling* spelling) {
  size_t to = 0;
  for (size_t i = 0; i < spelling->n; ++i) {
    const char c = spelling->text[i];
    const char last = to > 0 ? spelling->text[to - 1] : ' ';
    if (c == 'H' && (last == 'Z' || last == 'C' || last == 'S')) continue;  // zh, ch, sh
    if (c == 'G' && last == 'L' && to > 1 && IsVowel(spelling->text[to - 2]))
      continue;  // ng: its n is an l by now
    spelling->text[to++] = c == 'N' || c == 'R' ? 'L' : c == 'H' ? 'F' : c;
  }
  spelling->n = to;
}

size_t SoundKeys(const Name& name, bool similar, std::span<uint64_t, kSoundKeysMax> out) {
  size_t n = 0;
  const auto add = [&](Spelling spelling) {
    if (similar) FoldSounds(&spelling);
    const uint64_t key = HashLetters(spelling.view(), similar ? 2 : 1);
    if (spelling.n > 0 && n < out.size() && std::find(out.data(), out.data() + n, key) == out.data() + n) {
      out[n++] = key;
    }
  };
  if (Spellable(name)) {
    Spellings spellings;
    SpellOut(name, false, &spellings);
    for (size_t i = 0; i < spellings.n; ++i) add(spellings.one[i]);
  } else if (name.kind == NameKind::kLatin) {
    Parts parts;
    PartsOf(name, 0, name.n, &parts);
    for (size_t turn = 0; turn < parts.n; ++turn) add(SpellLatin(name, turn));
  }
  return n;
}

uint64_t NameKey(const Name& name) {
  if (name.missing()) return 0;
  Spelling bytes;
  for (size_t i = 0; i < name.n; ++i) {
    if (name.c[i] == ' ' || name.c[i] == 0xB7) continue;
    const char32_t value = name.id[i] != 0 ? name.id[i] : name.c[i];
    const std::array<char, 3> three = {static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                                       static_cast<char>(value)};
    if (bytes.n + 3 <= bytes.text.size()) {
      std::copy(three.begin(), three.end(), bytes.text.begin() + static_cast<std::ptrdiff_t>(bytes.n));
      bytes.n += 3;
    }
  }
  return HashLetters(bytes.view(), 3 + static_cast<uint64_t>(name.kind));
}

namespace {
template <class Take>
std::string Spoken(const Name& name, bool parted, const Take& take) {
  std::string out;
  if (name.missing()) return out;
  bool open = true;
  for (size_t i = 0; i < name.n; ++i) {
    if (name.c[i] == ' ' || name.c[i] == 0xB7) {
      open = true;
      continue;
    }
    if (i == name.surname) open = true;
    if (parted && open && !out.empty()) out += ' ';
    if (!Spellable(name)) {
      take(name.c[i] < 0x80 ? std::string_view(&"abcdefghijklmnopqrstuvwxyz"[name.c[i] - 'A'], 1) : "", open,
           &out);
    } else if (const auto readings = ReadingsOf(name, i); !readings.empty()) {
      take(NameTable::Get().Syllable(readings[0]), true, &out);
    }
    open = false;
  }
  return out;
}
}  // namespace

std::string PinyinOf(const Name& name) {
  return Spoken(name, true, [](std::string_view letters, bool, std::string* out) { *out += letters; });
}

std::string InitialsOf(const Name& name) {
  return Spoken(name, false, [](std::string_view letters, bool first, std::string* out) {
    if (first && !letters.empty()) *out += letters.front();
  });
}

}  // namespace tk::person
