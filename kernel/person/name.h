// Names of persons: read, and compared level by level.
// Flow:   text → ReadName → Name → person index: SoundKeys (blocking), Compare (levels for the scorer)
// Why:    one person is 张伟, 張偉, ZHANG Wei, Zhang W. and, at one desk, 章伟. Each of these agrees, and each to another degree: the
//         scorer weighs the degree, so no two of them are folded into one.
// Chinese: full width, compatibility characters and variants fold; compound surnames are known; surnames are read as surnames (单 Shan);
//         a character that could not be written (?, □, 〓, private use) agrees with any; dots of minority names are one dot.
// Latin:  without accents and case, in any order, joined or apart, with initials.
// Source: characters from Unihan 15 (docs/decisions/0025-characters-of-names.md), lists from data/names.tsv;
//         Jaro-Winkler after Winkler 1990 (prefix 0.1, at most 4).
// Errors: none are returned: a text that is no name gives a Name whose `kind` says so.
// Cost:   no allocation; some hundred nanoseconds to read or compare, up to 2 µs for two Latin names (name_bench.cpp). Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tk::person {

inline constexpr size_t kNameInputMax = 400;  // bytes; what follows is left out
inline constexpr size_t kNameMax = 48;        // characters kept

enum class NameKind : uint8_t {
  kNothing,      // empty or blank
  kPlaceholder,  // 无名氏, 测试, UNKNOWN: missing, never to be matched
  kChild,        // 李红之子: a newborn under its mother's name, which is what is kept
  kChinese,
  kLatin,
  kOther,  // other scripts: compared letter by letter
};

struct Name {
  NameKind kind = NameKind::kNothing;
  uint8_t n = 0;
  uint8_t surname = 0;  // Chinese: characters of it, 0 if it has none (买买提·阿不都)
  bool dotted = false;
  bool cut = false;  // longer than kNameMax
  std::array<char32_t, kNameMax>
      c{};  // Chinese: as written, dots as U+00B7; Latin: A to Z, parts parted by ' '
  std::array<uint16_t, kNameMax> id{};  // Chinese: number of the character's standard form, 0: unknown

  /// Says nothing that could be compared.
  bool missing() const { return kind == NameKind::kNothing || kind == NameKind::kPlaceholder; }
};

Name ReadName(std::string_view text);
/// Family and given name apart, as FHIR has them; either may be empty.
Name ReadName(std::string_view family, std::string_view given);

/// From strong to none. Of a name with several differences, the weakest of them.
enum class NameAgreement : uint8_t {
  kExact,    // as written
  kVariant,  // traditional and simplified, variants, dots, accents, joined or apart
  kAlias,    // 萧/肖, 买买提/麦麦提, Bob/Robert
  kSwapped,  // the parts or two characters in another order
  kIncomplete,  // what both have agrees: a character that could not be written, an initial, a father's name left out, cut off
  kSameSound,     // one pinyin without tones; Chinese and its pinyin
  kSimilarSound,  // z/zh, n/l, in/ing …
  kSimilarShape,  // each differing character looks like its partner; of Latin names, a slip of the hand
  kOneDiffers,    // one character or part is quite another, or is missing
  kDifferent,
  kNothing,  // one of them says nothing, or a newborn is beside a named child: neither for nor against
};
inline constexpr size_t kNameAgreements = static_cast<size_t>(NameAgreement::kNothing) + 1;
std::string_view NameOf(NameAgreement agreement);  // "same-sound"

struct NameComparison {
  NameAgreement whole = NameAgreement::kNothing;
  NameAgreement surname = NameAgreement::kNothing;  // kNothing where they cannot be told apart
  NameAgreement given = NameAgreement::kNothing;
};
/// Symmetric.
NameComparison Compare(const Name& a, const Name& b);

/// The best of every value of two histories; empty spans: kNothing.
NameComparison CompareBest(std::span<const Name> a, std::span<const Name> b);

/// For blocking: hashes of the toneless pinyin of the whole name, one for each way to read it (Chinese) or to order it (Latin), so a
/// Chinese name shares one with its pinyin. `similar`: with the sounds of kSimilarSound folded. Names with a gap have none.
/// Returns how many were written; at most 8 are.
inline constexpr size_t kSoundKeysMax = 8;
size_t SoundKeys(const Name& name, bool similar, std::span<uint64_t, kSoundKeysMax> out);
/// Hash of the folded characters or letters in their order; 0 if there is nothing. Equal for kExact and kVariant.
uint64_t NameKey(const Name& name);

/// "zhang wei", "ouyang xiaoming": the usual reading. Of a Latin name, its letters.
std::string PinyinOf(const Name& name);
/// "zw": what is typed to find a name.
std::string InitialsOf(const Name& name);

/// 0 to 1.
double JaroWinkler(std::string_view a, std::string_view b);

}  // namespace tk::person
