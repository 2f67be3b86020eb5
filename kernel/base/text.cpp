#include "kernel/base/text.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace tk {

size_t Utf8CharLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is above U+10FFFF.
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
  return length;
}

namespace {

/// ASCII that JSON takes as it is.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

/// Are these eight characters all plain? Whoever hears "no" looks at each.
bool AllPlain(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x80 * kOnes;
  const auto has = [word](uint64_t c) {  // a byte that is `c`: its difference is zero, and borrows
    const uint64_t different = word ^ (c * kOnes);
    return (different - kOnes) & ~different;
  };
  const uint64_t control = word - 0x20 * kOnes;
  return ((word | control | has('"') | has('\\') | has(0x7f)) & kHighs) == 0;
}

/// How many characters at the start are plain.
size_t PlainLength(std::string_view text) {
  size_t length = 0;
  const auto word_at = [text](size_t at) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  };
  constexpr size_t kWord = sizeof(uint64_t);
  while (length + kWord <= text.size() && AllPlain(word_at(length))) length += kWord;
  // What is left of a longer text: its last eight, some of them for the second time.
  if (text.size() >= kWord && length + kWord > text.size() && AllPlain(word_at(text.size() - kWord)))
    return text.size();
  while (length < text.size() && kPlain[static_cast<uint8_t>(text[length])]) ++length;
  return length;
}

}  // namespace

bool IsPlainJson(std::string_view text) { return PlainLength(text) == text.size(); }

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out->push_back('"');
  for (;;) {
    const size_t plain = PlainLength(text);
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char c = text[0];
    size_t length = Utf8CharLength(text);
    if (length == 0) {
      *out += "\xef\xbf\xbd";
      length = 1;
    } else if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      *out += "\\n";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      *out += "\\u00";
      out->push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
      out->push_back(kDigits[static_cast<uint8_t>(c) & 15]);
    } else {
      out->append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  out->push_back('"');
}

void AppendNumber(int64_t number, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out->append(digits, end);
}

void AppendHex(uint64_t number, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  char digits[16];
  for (size_t i = 16; i-- > 0; number >>= 4) digits[i] = kDigits[number & 15];
  out->append(digits, sizeof digits);
}

std::string ToBase64Url(Bytes bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string out(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), kVariant);
  out.pop_back();  // the terminating NUL
  return out;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string out(text.size(), '\0');
  size_t length = 0;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(),
                        nullptr, &length, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (failed != 0) return std::nullopt;
  out.resize(length);
  return out;
}

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error BrokenPercent() {
  return MakeIssue(
      ErrorCode::kIncorrect, "structure", {},
      "Broken percent encoding in a URL: % is followed by two hexadecimal digits, and the whole is "
      "UTF-8 without zero bytes.");
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  const auto as_it_is = [plus_is_space](char c) { return c > 0 && c != '%' && (c != '+' || !plus_is_space); };
  if (std::all_of(text.begin(), text.end(), as_it_is)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return BrokenPercent();
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return BrokenPercent();
    out.push_back(c);
  }
  for (std::string_view rest = out; !rest.empty();) {
    const size_t length = Utf8CharLength(rest);
    if (length == 0) return BrokenPercent();
    rest.remove_prefix(length);
  }
  return out;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kKept = "-._~:/,|$@";
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || kKept.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool EqualsIgnoreCase(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (size_t i = 0; i < left.size(); ++i) {
    if (low(left[i]) != low(right[i])) return false;
  }
  return true;
}

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace tk
