#include "kernel/access/numbers.h"

#include <algorithm>

#include "kernel/person/identifier.h"

namespace tk::access {
namespace {

using NumberPlace = NumberFound::Place;

constexpr size_t kChainMin = 11;   // digits of the shortest number without a plus
constexpr size_t kPlusCounts = 4;  // of one with a plus: seven
constexpr size_t kJointMax = 3;    // signs between two parts
constexpr size_t kPartsMax = 18;

// What a byte is to a run of digits, parted or not. Bytes of other scripts neither count nor end one, for blanks and dashes are among them.
enum class ByteKind : uint8_t { kEnds, kDigit, kBetween, kPlus, kMayBeHan };
constexpr std::array<ByteKind, 256> kByteKinds = [] {
  std::array<ByteKind, 256> kinds{};
  for (size_t c = '0'; c <= '9'; ++c) kinds[c] = ByteKind::kDigit;
  for (const char c : {' ', '-', '.', '(', ')', '\t', '/', '_', '~', ',', ':'})
    kinds[static_cast<size_t>(c)] = ByteKind::kBetween;
  for (size_t c = 0x80; c < 0x100; ++c) kinds[c] = ByteKind::kBetween;
  kinds[0xEF] = ByteKind::kDigit;  // a full width digit begins so
  for (size_t c = 0xE3; c <= 0xE9; ++c) kinds[c] = ByteKind::kMayBeHan;
  kinds['+'] = ByteKind::kPlus;
  return kinds;
}();

enum class TextSign : uint8_t { kOther, kDigit, kX, kBetween, kOfTimes, kDot, kPlus, kNothing };

struct SignRead {
  TextSign sign = TextSign::kOther;
  char digit = '\0';
  size_t bytes = 1;
};

/// The digit that a Chinese character of three bytes writes; '\0': none. GB/T 15835-2011: 〇 and 零, and the great forms.
char HanDigit(uint32_t point) {
  constexpr std::u32string_view kHan = U"〇零一壹二贰三叁四肆五伍六陆七柒八捌九玖";
  const size_t at = kHan.find(static_cast<char32_t>(point));
  return at == std::u32string_view::npos ? '\0' : static_cast<char>('0' + static_cast<int>(at / 2));
}

uint32_t PointOfThree(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  return (byte(0) & 0xFU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
}

/// The character at `at`. Signs of three bytes are blanks, dashes and full width forms (person/identifier_fold.cpp has the same).
SignRead ReadAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const char c = text[at];
  if (c >= '0' && c <= '9') return {TextSign::kDigit, c, 1};
  if (c == 'X' || c == 'x') return {TextSign::kX, 'X', 1};
  if (c == '+') return {TextSign::kPlus, c, 1};
  if (c == '.') return {TextSign::kDot, c, 1};
  if (c == ':' || c == ',') return {TextSign::kOfTimes, c, 1};
  constexpr std::string_view kBetween = " -()\t/_~";
  if (kBetween.find(c) != std::string_view::npos) return {TextSign::kBetween, c, 1};
  if (byte(0) < 0x80) return {};
  if (byte(0) < 0xE0) {
    const uint32_t point = (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
    if (point == 0xAD) return {TextSign::kNothing, '\0', 2};
    if (point == 0xA0 || point == 0xB7) return {TextSign::kBetween, ' ', 2};
    if (point == 0xD7 || point == 0x425 || point == 0x445 || point == 0x3A7 || point == 0x3C7)
      return {TextSign::kX, 'X', 2};
    return {TextSign::kOther, '\0', 2};
  }
  if (byte(0) >= 0xF0) return {TextSign::kOther, '\0', 4};
  const uint32_t point = PointOfThree(text, at);
  if (const char han = HanDigit(point); han != '\0') return {TextSign::kDigit, han, 3};
  if (point >= 0xFF10 && point <= 0xFF19)
    return {TextSign::kDigit, static_cast<char>('0' + static_cast<int>(point - 0xFF10)), 3};
  if (point == 0xFF38 || point == 0xFF58 || point == 0x2169 || point == 0x2179 || point == 0x2715)
    return {TextSign::kX, 'X', 3};
  if (point == 0xFF0B) return {TextSign::kPlus, '+', 3};
  if (point == 0xFF0E || point == 0x30FB || point == 0x2022) return {TextSign::kDot, '.', 3};
  const bool is_nothing =
      (point >= 0x200B && point <= 0x200F) || (point >= 0x2060 && point <= 0x2064) || point == 0xFEFF;
  if (is_nothing) return {TextSign::kNothing, '\0', 3};
  const bool is_blank =
      (point >= 0x2000 && point <= 0x200A) || point == 0x202F || point == 0x205F || point == 0x3000;
  const bool is_dash = (point >= 0x2010 && point <= 0x2015) || point == 0x2212 || point == 0xFF0D ||
                       point == 0xFE63 || point == 0x2043;
  constexpr std::u32string_view kWideOfTimes = U"，：、";
  if (kWideOfTimes.find(static_cast<char32_t>(point)) != std::u32string_view::npos)
    return {TextSign::kOfTimes, ' ', 3};
  constexpr std::u32string_view kWide = U"（）／＿～";
  if (is_blank || is_dash || kWide.find(static_cast<char32_t>(point)) != std::u32string_view::npos)
    return {TextSign::kBetween, ' ', 3};
  return {TextSign::kOther, '\0', 3};
}

/// Parts of digits, from one of them on, no more than a number can have.
struct Chain {
  std::array<char, 2 * NumberFound::kDigitsMax> digits{};
  std::array<NumberPlace, 2 * NumberFound::kDigitsMax> places{};
  std::array<size_t, kPartsMax + 1> begins{};  // of part i; begins[parts]: the end
  std::array<bool, kPartsMax> after_dot{};     // a dot alone stands before part i
  size_t count = 0, parts = 0;
  size_t times_from =
      kPartsMax;  // the first part that a colon or a comma stands before: of times of day and lists, mostly
  bool dot_before = false;  // the first part follows another and a dot
  bool has_plus = false;

  size_t DigitsOf(size_t part_count) const { return begins[part_count]; }
  std::string_view Text(size_t part_count) const { return {digits.data(), DigitsOf(part_count)}; }
  size_t SizeOf(size_t part) const { return begins[part + 1] - begins[part]; }
};

/// Reads one part. Returns where it ends. What nobody sees does not end it.
size_t ReadPart(std::string_view text, size_t at, Chain* chain) {
  while (at < text.size()) {
    const SignRead read = ReadAt(text, at);
    if (read.sign == TextSign::kNothing) {
      at += read.bytes;
      continue;
    }
    const bool is_check = read.sign == TextSign::kX && chain->count == NumberFound::kDigitsMax - 1;
    if (read.sign != TextSign::kDigit && !is_check) break;
    if (chain->count < chain->digits.size()) {  // what is longer is no number anyway
      chain->places[chain->count] = {at, read.bytes};
      chain->digits[chain->count++] = read.digit;
    }
    at += read.bytes;
    if (is_check) break;
  }
  chain->begins[++chain->parts] = chain->count;
  return at;
}

/// Skips what parts two parts, and keeps it of the second. False: no part follows.
bool SkipJoint(std::string_view text, size_t* at, Chain* chain) {
  size_t signs = 0, dots = 0, here = *at;
  bool of_times = false;
  while (here < text.size()) {
    const SignRead read = ReadAt(text, here);
    const bool is_check = read.sign == TextSign::kX && chain->count == NumberFound::kDigitsMax - 1;
    if (read.sign == TextSign::kDigit || is_check) break;
    if (read.sign == TextSign::kNothing) {
      here += read.bytes;
      continue;
    }
    const bool parts =
        read.sign == TextSign::kBetween || read.sign == TextSign::kOfTimes || read.sign == TextSign::kDot;
    if (!parts || ++signs > kJointMax) return false;
    of_times = of_times || read.sign == TextSign::kOfTimes;
    dots += read.sign == TextSign::kDot ? 1 : 0;
    here += read.bytes;
  }
  if (here >= text.size() || signs == 0) return false;
  chain->after_dot[chain->parts] = dots == 1 && signs == 1;
  if (of_times) chain->times_from = std::min(chain->times_from, chain->parts);
  *at = here;
  return true;
}

/// The chain that begins with the digit at `at`.
Chain ReadChain(std::string_view text, size_t at) {
  Chain chain;
  at = ReadPart(text, at, &chain);
  while (chain.parts < kPartsMax && chain.count <= NumberFound::kDigitsMax) {
    if (!SkipJoint(text, &at, &chain)) break;
    at = ReadPart(text, at, &chain);
  }
  return chain;
}

int32_t DateOf(std::string_view digits) {
  int32_t number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

bool IsMonthAndDay(std::string_view four) {
  const int32_t number = DateOf(four), month = number / 100, day = number % 100;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/// Where a resident's number is given: a province, the division that nobody has (tests), permits of those from Hong Kong, Macao and Taiwan.
bool IsProvinceOrPermit(std::string_view two) {
  return person::IsProvince(static_cast<uint32_t>(DateOf(two))) || two == "38" || two == "83";
}

/// All parts but `first` of at least three digits?
bool HasLongParts(const Chain& chain, size_t part_count, size_t first = 0) {
  for (size_t i = first; i < part_count; ++i) {
    if (chain.SizeOf(i) < 3) return false;
  }
  return true;
}

bool IsResident(const Chain& chain, size_t part_count) {
  constexpr size_t kWordsMax =
      8;  // more parts than that: digit by digit; then the check digit must hold, and of times and lists
  const std::string_view text = chain.Text(part_count);
  if (text.size() == 18) {
    const std::string_view century = text.substr(6, 2);
    if (part_count == 1) return (century == "19" || century == "20") && IsMonthAndDay(text.substr(10, 4));
    const bool checks = person::ResidentCheckDigit(text.substr(0, 17)) == text[17];
    if (century < "18" || century > "20" || !person::IsDay(DateOf(text.substr(6, 8)))) return false;
    const bool is_in_words = part_count <= kWordsMax && chain.times_from >= part_count;
    return checks || (is_in_words && IsProvinceOrPermit(text.substr(0, 2)));
  }
  if (text.size() != 15 || text.back() == 'X' || !IsMonthAndDay(text.substr(8, 4))) return false;
  return part_count == 1 || (IsProvinceOrPermit(text.substr(0, 2)) && HasLongParts(chain, part_count));
}

/// A mobile number by ones and twos, its first three perhaps together, and nothing before or behind.
bool IsDigitByDigit(const Chain& chain, size_t part_count) {
  if (part_count != chain.parts || chain.DigitsOf(part_count) != kChainMin ||
      chain.Text(part_count)[0] != '1')
    return false;
  for (size_t i = 0; i < part_count; ++i) {
    if (chain.SizeOf(i) > (i == 0 ? 3U : 2U)) return false;
  }
  return true;
}

/// The digits of a telephone number in the first parts, without what is dialled before it; 0: it is none.
size_t PhoneDigits(const Chain& chain, size_t part_count) {
  constexpr size_t kShort = 7, kLong = 16, kAbroadUsual = 9;
  const std::string_view text = chain.Text(part_count);
  if (text.size() < kShort || text.size() > kLong || text.back() == 'X') return 0;
  const bool may =
      chain.has_plus || (text.size() >= kChainMin && (text[0] == '0' || text[0] == '1' || text[0] == '8'));
  if (!may) return 0;
  const bool is_parted_so =
      IsDigitByDigit(chain, part_count) || HasLongParts(chain, part_count, text.starts_with("86") ? 1 : 0);
  if (part_count > 1 && !chain.has_plus && !is_parted_so) return 0;
  std::array<char, kLong + 1> dialled{'+'};
  std::copy(text.begin(), text.end(), dialled.begin() + 1);
  const std::string_view whole(dialled.data(), text.size() + 1);
  const person::Identifier phone = person::Classify(chain.has_plus ? whole : whole.substr(1));
  switch (phone.kind) {
    case person::IdKind::kMobile:
      return kChainMin;
    case person::IdKind::
        kLandline:  // of the normal form the dash is none of the digits, nor a zero that was not dialled
      return std::min(text.size(), phone.value().size() - 1);
    case person::IdKind::kPhoneAbroad:
      return text.size() >= kAbroadUsual || part_count == chain.parts ? text.size() : 0;
    default:
      return 0;
  }
}

/// The number in the first parts of the chain, and of how many of them.
std::optional<NumberFound> NumberOfParts(const Chain& chain, size_t* part_count) {
  for (size_t parts = 1; parts <= chain.parts && chain.DigitsOf(parts) <= NumberFound::kDigitsMax; ++parts) {
    // Inside an object identifier, or a quantity: what a dot joins is not torn.
    const bool torn = chain.dot_before || (parts < chain.parts && chain.after_dot[parts]);
    if (parts > 1 && torn) continue;
    NumberFound found;
    const std::string_view text = chain.Text(parts);
    const size_t phone = PhoneDigits(chain, parts);
    found.is_resident = phone == 0;
    found.count = phone != 0 ? phone : IsResident(chain, parts) ? text.size() : 0;
    if (found.count == 0) continue;
    const size_t skipped = text.size() - found.count;
    std::copy_n(chain.places.begin() + static_cast<ptrdiff_t>(skipped), found.count, found.places.begin());
    *part_count = parts;
    return found;
  }
  return std::nullopt;
}

bool IsPlusBefore(std::string_view text, size_t at) {
  while (at > 0 && (text[at - 1] == '(' || text[at - 1] == ' ')) --at;
  const bool ascii = at > 0 && text[at - 1] == '+';
  const bool wide = at > 2 && text.substr(at - 3, 3) == "＋";
  if (!ascii && !wide) return false;
  const size_t before = at - (ascii ? 1 : 3);
  return before == 0 || text[before - 1] < '0' || text[before - 1] > '9';
}

}  // namespace

bool MayHoldNumber(std::string_view text) {
  size_t run = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    switch (kByteKinds[static_cast<unsigned char>(text[at])]) {
      case ByteKind::kEnds:
        run = 0;
        break;
      case ByteKind::kDigit:
        if (++run == kChainMin) return true;
        break;
      case ByteKind::kPlus:
        run = kPlusCounts;
        break;
      case ByteKind::kMayBeHan:
        if (HanDigit(PointOfThree(text, at)) != '\0' && ++run == kChainMin) return true;
        break;
      case ByteKind::kBetween:
        break;
    }
  }
  return false;
}

bool HasHanDigits(std::string_view text) {
  constexpr size_t kManyInARow = 3;
  size_t run = 0;
  for (size_t at = 0; at < text.size();) {
    const SignRead read = ReadAt(text, at);
    at += read.bytes;
    if (read.sign == TextSign::kOther) run = 0;
    if (read.sign == TextSign::kDigit && ++run == kManyInARow) return true;
  }
  return false;
}

bool HoldsMaskedNumber(std::string_view text) {
  constexpr size_t kStarsOfSome = 3, kStarsOfAll = 7;
  size_t stars = 0, digits = 0, signs = 0;
  const auto is_masked = [&] { return stars >= kStarsOfAll || (stars >= kStarsOfSome && digits > 0); };
  for (size_t at = 0; at < text.size();) {
    const SignRead read = ReadAt(text, at);
    const bool is_star = text[at] == '*';
    at += read.bytes;
    const bool counts = is_star || read.sign == TextSign::kDigit || read.sign == TextSign::kX;
    if (counts) {
      ++(is_star ? stars : digits);
      signs = 0;
      if (is_masked()) return true;
    } else if (read.sign != TextSign::kNothing && (read.sign == TextSign::kOther || ++signs > kJointMax)) {
      stars = digits = signs = 0;
    }
  }
  return false;
}

std::optional<NumberFound> NextNumber(std::string_view text, size_t from, size_t* next) {
  bool dot_before = false;
  for (size_t at = from; at < text.size();) {
    const SignRead read = ReadAt(text, at);
    if (read.sign != TextSign::kDigit) {
      // A dot between digits.
      dot_before = read.sign == TextSign::kDot && at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9';
      at += read.bytes;
      continue;
    }
    Chain chain = ReadChain(text, at);
    chain.dot_before = dot_before;
    chain.has_plus = IsPlusBefore(text, at);
    size_t parts = 0;
    if (auto found = NumberOfParts(chain, &parts)) {
      const NumberPlace& last = chain.places[chain.DigitsOf(parts) - 1];
      *next = last.at + last.bytes;
      return found;
    }
    // On with the second part; the first is looked at whole, so that no number is found inside a longer one.
    while (at < text.size()) {
      const SignRead one = ReadAt(text, at);
      if (one.sign != TextSign::kDigit && one.sign != TextSign::kNothing) break;
      at += one.bytes;
    }
    dot_before = false;
  }
  *next = text.size();
  return std::nullopt;
}

}  // namespace tk::access
