#include "kernel/person/name.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "kernel/person/characters.h"
#include "kernel/person/name_table.h"

namespace tk::person {
namespace {

constexpr char32_t kDot = 0xB7;
constexpr char32_t kGap = '?';  // a character that could not be written

bool IsIdeograph(char32_t c) {
  return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0x20000 && c <= 0x3FFFF) || c == 0x3007;
}
bool IsLatin(char32_t c) { return c >= 'A' && c <= 'Z'; }

bool IsDot(char32_t c) {
  static constexpr std::u32string_view kDots = U"·•∙・‧●．。.⋅･˙";
  return kDots.find(c) != std::u32string_view::npos;
}
bool IsNameDash(char32_t c) { return c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0xFF0D || c == 0x2212; }
bool IsGap(char32_t c) {
  return c == '?' || c == '*' || c == 0xFF1F || c == 0xFF0A || c == 0x25A1 || c == 0x3013 || c == 0xFFFD ||
         (c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000;
}

/// The characters of a text, folded in width and accents, letters as capitals; brackets and what is in them left out.
struct Letters {
  static constexpr size_t kMax = 128;
  std::array<char32_t, kMax> c;
  size_t n = 0;
  bool cut = false;
  bool ideographs = false, latin = false, other = false;

  void Push(char32_t one) {
    if (n == kMax) {
      cut = true;
      return;
    }
    ideographs = ideographs || IsIdeograph(one);
    latin = latin || IsLatin(one);
    other = other || (one >= 0x80 && one != kDot && !IsIdeograph(one));
    c[n++] = one;
  }
};

/// Letters that have no accent to take off.
char32_t PlainLetter(char32_t c) {
  switch (c) {
    case 0x142:
      return 'L';
    case 0xF8:
      return 'O';
    case 0x111:
    case 0xF0:
      return 'D';
    case 0x131:
      return 'I';
    default:
      return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
  }
}

void FoldCharacter(char32_t c, Letters* out) {
  if (c < 0x80 || IsIdeograph(c)) return out->Push(PlainLetter(c));
  constexpr auto kOptions = static_cast<utf8proc_option_t>(
      UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  std::array<utf8proc_int32_t, 20> parts{};
  int boundary = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(),
                              static_cast<utf8proc_ssize_t>(parts.size()), kOptions, &boundary);
  for (utf8proc_ssize_t i = 0; i < count && i < static_cast<utf8proc_ssize_t>(parts.size()); ++i) {
    out->Push(PlainLetter(static_cast<char32_t>(parts[static_cast<size_t>(i)])));
  }
}

Letters FoldText(std::string_view text) {
  Letters out;
  if (text.size() > kNameInputMax) {
    text = text.substr(0, kNameInputMax);
    out.cut = true;
  }
  int brackets = 0;
  while (!text.empty()) {
    const char32_t c = TakeCharacter(&text);
    if (c == '(' || c == 0xFF08) ++brackets;
    if (brackets == 0) {
      if (IsBlank(c)) {
        out.Push(' ');
      } else if (IsDot(c)) {
        out.Push(kDot);
      } else if (IsGap(c)) {
        out.Push(kGap);
      } else if (IsNameDash(c)) {
        out.Push('-');
      } else {
        FoldCharacter(c, &out);
      }
    }
    if ((c == ')' || c == 0xFF09) && brackets > 0) --brackets;
  }
  return out;
}

void Append(char32_t c, Name* name) {
  if (name->n == kNameMax) {
    name->cut = true;
    return;
  }
  const NameTable& table = NameTable::Get();
  name->id[name->n] = name->kind == NameKind::kChinese ? table.Fold(table.IdOf(c)) : uint16_t{0};
  name->c[name->n++] = c;
}

/// Blanks and digits go; a run of Latin letters (李yan) is a gap; dots stand alone and never at an end.
void ReadChinese(const Letters& letters, Name* name) {
  name->kind = NameKind::kChinese;
  bool in_latin = false;
  for (size_t i = 0; i < letters.n; ++i) {
    const char32_t c = letters.c[i];
    const bool latin = IsLatin(c);
    if (latin && !in_latin) Append(kGap, name);
    if (c == kDot || c == '-') {
      if (name->n > 0 && name->c[name->n - 1U] != kDot) Append(kDot, name);
    } else if (!latin && (c >= 0x80 || c == kGap)) {
      Append(c, name);
    }
    if (c != ' ') in_latin = latin;
  }
  while (name->n > 0 && name->c[name->n - 1U] == kDot) --name->n;
  name->dotted = std::find(name->c.begin(), name->c.begin() + name->n, kDot) != name->c.begin() + name->n;
}

/// Letters in parts with one blank between; apostrophes join, everything else parts.
void ReadLatin(const Letters& letters, Name* name) {
  for (size_t i = 0; i < letters.n; ++i) {
    const char32_t c = letters.c[i];
    const bool letter = IsLatin(c) || (name->kind == NameKind::kOther && c >= 0x80 && c != kDot);
    if (letter) {
      Append(c, name);
    } else if (c != '\'' && c != 0x2019 && c != '`' && name->n > 0 && name->c[name->n - 1U] != ' ') {
      Append(' ', name);
    }
  }
  while (name->n > 0 && name->c[name->n - 1U] == ' ') --name->n;
}

bool EndsWith(const Name& name, std::u32string_view word) {
  return name.n >= word.size() &&
         std::equal(word.rbegin(), word.rend(), std::reverse_iterator(name.c.begin() + name.n));
}

bool IsPlaceholder(const Name& name) {
  const auto end = name.c.begin() + name.n;
  const bool gaps = std::all_of(name.c.begin(), end, [](char32_t c) { return c == kGap || c == kDot; });
  if (name.kind == NameKind::kChinese && gaps) return true;
  const auto& words = NameTable::Get().placeholders();
  return std::any_of(words.begin(), words.end(), [&](const std::u32string& word) {
    return word.size() == name.n && EndsWith(name, word);
  });
}

void FindSurname(Name* name) {
  if (name->dotted || name->n > 4) return;
  const bool compound = name->n >= 3 && NameTable::Get().Compound(name->id[0], name->id[1]).first != 0;
  name->surname = compound ? 2 : 1;
}

/// 李红之子 is a child of 李红.
void TakeChildOff(Name* name) {
  for (const std::u32string& word : NameTable::Get().children()) {
    if (name->n < word.size() + 2 || !EndsWith(*name, word)) continue;
    name->n = static_cast<uint8_t>(name->n - word.size());
    name->kind = NameKind::kChild;
    return;
  }
}

void TellKind(Name* name) {
  if (name->n == 0) {
    name->kind = NameKind::kNothing;
  } else if (IsPlaceholder(*name)) {
    name->kind = NameKind::kPlaceholder;
  } else if (name->kind == NameKind::kChinese) {
    TakeChildOff(name);
    FindSurname(name);
  }
}

void ReadLetters(const Letters& letters, Name* name) {
  name->cut = name->cut || letters.cut;
  if (letters.ideographs) {
    ReadChinese(letters, name);
  } else {
    name->kind = letters.other ? NameKind::kOther : NameKind::kLatin;
    ReadLatin(letters, name);
  }
}

}  // namespace

Name ReadName(std::string_view text) {
  Name name;
  const Letters letters = FoldText(text);
  ReadLetters(letters, &name);
  if (name.n == 0 && std::find(letters.c.begin(), letters.c.begin() + static_cast<std::ptrdiff_t>(letters.n),
                               kGap) != letters.c.begin() + static_cast<std::ptrdiff_t>(letters.n)) {
    name.kind = NameKind::kPlaceholder;  // "???"
    return name;
  }
  TellKind(&name);
  return name;
}

Name ReadName(std::string_view family, std::string_view given) {
  const Name first = ReadName(family);
  if (first.n == 0) return ReadName(given);
  const Letters letters = FoldText(given);
  if (letters.n == 0) return ReadName(family);
  Name name;
  const bool lettered = first.kind == NameKind::kLatin || first.kind == NameKind::kOther;
  if (letters.ideographs || !lettered) {
    std::array<char, 2 * kNameInputMax + 1> both;
    const size_t a = std::min(family.size(), kNameInputMax), b = std::min(given.size(), kNameInputMax);
    std::copy_n(family.begin(), a, both.begin());
    both[a] = ' ';
    std::copy_n(given.begin(), b, both.begin() + static_cast<std::ptrdiff_t>(a) + 1);
    name = ReadName({both.data(), a + 1 + b});
    if (name.kind == NameKind::kChinese && first.kind == NameKind::kChinese && first.n < name.n)
      name.surname = first.n;
    return name;
  }
  name = first;
  Append(' ', &name);
  name.surname = static_cast<uint8_t>(name.n - 1);
  ReadLetters(letters, &name);
  TellKind(&name);
  return name;
}

}  // namespace tk::person
