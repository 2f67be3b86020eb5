// Phones. Source: mobile numbers have 11 digits from 13 to 19, area codes are 010, 02x and 03xx to 09xx (the numbering plan of the
// Ministry of Industry and Information Technology, 2017), E.164 for those abroad.
#include <algorithm>

#include "kernel/person/identifier_parts.h"

namespace tk::person {
namespace {

struct Digits {
  std::array<char, 32> c;
  size_t n = 0;
  bool plus = false;
  size_t main_n = 0;     // digits before the last dash, where more than two parts stand; 0: no such
  size_t extension = 0;  // digits behind a word for extension
  uint32_t extension_number = 0;
  bool several = false;
  bool phone = true;  // nothing that no phone has
  std::string_view view() const { return {c.data(), n}; }
};

bool IsExtensionSign(char32_t c) {
  return c == '#' || c == 'X' || c == U'转' || c == U'轉' || c == U'机' || c == U'機';
}

bool IsListSign(char32_t c) {
  return c == '/' || c == ',' || c == ';' || c == 0x3001 || c == 0xFF0C || c == 0xFF1B;
}

/// Signs that say nothing: points, brackets, the rest of "ext." and of 分机.
bool IsPhoneFiller(char32_t c) {
  return c == '(' || c == ')' || c == '.' || c == ':' || c == 'E' || c == 'T' || c == U'分';
}

Digits ReadDigits(const FoldedText& folded) {
  Digits out;
  size_t dashes = 0;
  bool extending = false;
  for (size_t i = 0; i < folded.n && out.phone; ++i) {
    const char32_t c = folded.c[i];
    if (IsDigit(c)) {
      if (extending) {
        ++out.extension;
        out.extension_number = out.extension_number * 10 + static_cast<uint32_t>(c - '0');
        out.phone = out.extension <= 6;
      } else if (out.n == out.c.size()) {
        out.phone = false;
      } else {
        out.c[out.n++] = static_cast<char>(c);
      }
    } else if (c == '+' && out.n == 0) {
      out.plus = true;
    } else if (c == '-') {
      if (++dashes > 1 && out.n >= 10) out.main_n = out.n;
    } else if (IsExtensionSign(c) && out.n >= 7) {
      extending = true;
    } else if (IsListSign(c) && out.n >= 7) {
      out.several = true;
      break;
    } else {
      out.phone = IsPhoneFiller(c);
    }
  }
  return out;
}

/// Removes +86 and its like and the prefixes of cheaper calls. True if the country is China.
bool StripPrefixes(const Digits& digits, std::string_view* number, bool* stripped) {
  *stripped = false;
  const auto take = [&](size_t count) {
    number->remove_prefix(count);
    *stripped = true;
  };
  if (digits.plus || number->substr(0, 2) == "00") {
    const size_t zeros = digits.plus ? 0 : 2;
    if (number->substr(zeros, 2) != "86") return false;
    take(zeros + 2);
  } else if (number->size() == 13 && number->substr(0, 3) == "861") {
    take(2);
  }
  static constexpr std::string_view kCheaperCalls[] = {"17951", "17911", "17909", "12593", "17900"};
  for (const std::string_view prefix : kCheaperCalls) {
    if (number->size() == 16 && number->substr(0, 5) == prefix) take(5);
  }
  if (number->size() == 12 && number->front() == '0' && (*number)[1] == '1' && (*number)[2] >= '3') take(1);
  return true;
}

bool IsMobile(std::string_view number) {
  return number.size() == 11 && number[0] == '1' && number[1] >= '3' && number[1] <= '9';
}

/// Digits of the area code, with its zero; 0 if there is none.
size_t AreaCode(std::string_view number) {
  if (number.size() < 10 || number[0] != '0' || number[1] == '0') return 0;
  if (number[1] == '1') return number[2] == '0' ? 3 : 0;
  return number[1] == '2' ? 3 : 4;
}

bool IsService(std::string_view number) {
  if (number.size() == 10 && (number.substr(0, 3) == "400" || number.substr(0, 3) == "800")) return true;
  const bool short_one = number.size() >= 3 && number.size() <= 6 && (number[0] == '1' || number[0] == '9');
  return short_one && number.size() != 4;
}

bool IsLocal(std::string_view number) {
  return (number.size() == 7 || number.size() == 8) && number[0] >= '2' && number[0] <= '8';
}

void SettlePhone(Identifier* id, std::string_view subscriber) {
  // The operator's own line for recharging, written into forms by everybody; in two pieces, for it looks like a person's.
  static constexpr std::string_view kRecharge =
      "1380013"
      "8000";
  if (id->kind == IdKind::kMobile && subscriber.size() == 11) {
    if (subscriber == kRecharge) id->remarks.Add(Remark::kServiceNumber);
    subscriber.remove_prefix(3);  // eight alike or in a row are nobody's
  }
  if (IsFiller(subscriber)) id->remarks.Add(Remark::kPlaceholder);
  Settle(id, id->remarks.Has(Remark::kAreaCodeMissing) ? Grade::kClaimed : Grade::kPattern);
}

Identifier Landline(std::string_view number, size_t area, const Digits& digits, Identifier id) {
  id.kind = IdKind::kLandline;
  std::array<char, 24> text;
  size_t n = 0;
  for (size_t i = 0; i < number.size(); ++i) {
    if (i == area && area > 0) text[n++] = '-';
    text[n++] = number[i];
  }
  SetValue(&id, {text.data(), n});
  if (digits.extension > 0) {
    id.extension = digits.extension_number;
    id.remarks.Add(Remark::kExtension);
  }
  if (area == 0) id.remarks.Add(Remark::kAreaCodeMissing);
  SettlePhone(&id, number.substr(area));
  return id;
}

Identifier Abroad(const Digits& digits, std::string_view number, Identifier id) {
  if (!digits.plus) number.remove_prefix(2);
  if (number.size() < 7 || number.size() > 15 || number.front() == '0') return {};
  id.kind = IdKind::kPhoneAbroad;
  std::array<char, 16> text;
  text[0] = '+';
  std::copy(number.begin(), number.end(), text.begin() + 1);
  SetValue(&id, {text.data(), number.size() + 1});
  SettlePhone(&id, number.substr(3));
  return id;
}

/// The third part of 0571-88880000-801 is its extension.
void TakeDashedExtension(Digits* digits) {
  if (digits->main_n == 0 || digits->extension > 0 || digits->n - digits->main_n > 6) return;
  const std::string_view whole = digits->view();
  const size_t zeros = AreaCode(whole.substr(0, digits->main_n));
  const size_t local = digits->main_n - zeros;
  if (zeros == 0 || local < 7 || local > 8 || digits->n == digits->main_n) return;
  digits->extension_number = NumberOf(whole.substr(digits->main_n));
  digits->extension = digits->n - digits->main_n;
  digits->n = digits->main_n;
}

}  // namespace

bool IsPhone(IdKind kind) {
  return kind == IdKind::kMobile || kind == IdKind::kLandline || kind == IdKind::kPhoneAbroad;
}

Identifier ReadPhone(const FoldedText& folded, bool claimed) {
  Digits digits = ReadDigits(folded);
  if (!digits.phone || digits.n < 3) return {};
  TakeDashedExtension(&digits);
  Identifier id;
  id.remarks = folded.remarks;
  if (digits.several) id.remarks.Add(Remark::kSeveral);
  std::string_view number = digits.view();
  bool stripped = false;
  if (!StripPrefixes(digits, &number, &stripped)) {
    // Older numbers of Taiwan's permits begin with 00 too: without a plus, only a field of phones makes it a phone.
    return digits.plus || claimed ? Abroad(digits, number, id) : Identifier{};
  }
  if (stripped) id.remarks.Add(Remark::kPrefix);
  if (IsMobile(number)) {
    id.kind = IdKind::kMobile;
    SetValue(&id, number);
    SettlePhone(&id, number);
    return id;
  }
  std::array<char, 33> with_zero;  // +86 571 …: from abroad the zero of the area code is not dialled
  if (stripped && number.size() > 8 && number.front() != '0') {
    with_zero[0] = '0';
    std::copy(number.begin(), number.end(), with_zero.begin() + 1);
    number = {with_zero.data(), number.size() + 1};
  }
  const size_t area = AreaCode(number);
  const size_t local = number.size() - area;
  if (area > 0 && (local == 8 || (local == 7 && area == 4)) && number[area] >= '2') {
    return Landline(number, area, digits, id);
  }
  if (!claimed) return {};
  if (IsLocal(number)) return Landline(number, 0, digits, id);
  if (IsService(number)) {
    id.kind = IdKind::kLandline;
    id.remarks.Add(Remark::kServiceNumber);
    SetValue(&id, number);
    Settle(&id, Grade::kPattern);
    return id;
  }
  return {};
}

}  // namespace tk::person
