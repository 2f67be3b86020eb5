#include "apps/health-card/number.h"

#include <algorithm>
#include <array>

#include "kernel/base/text.h"

namespace tk::health_card {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

char Mod11(std::string_view body) {
  int sum = 0;
  for (const char c : body) {
    if (c < '0' || c > '9') return '\0';
    sum = (sum + (c - '0')) * 2 % 11;
  }
  const int check = (12 - sum) % 11;
  return check == 10 ? 'X' : static_cast<char>('0' + check);
}

char Mod37(std::string_view body) {
  size_t product = 36;
  for (const char c : body) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return '\0';
    const size_t sum = (product + digit) % 36;
    product = (sum == 0 ? 36 : sum) * 2 % 37;
  }
  return kAlphabet[(37 - product) % 36];
}

}  // namespace

Result<Check> ParseCheck(std::string_view name) {
  if (name == "none") return Check::kNone;
  if (name == "mod11-2") return Check::kMod11_2;
  if (name == "mod37-36") return Check::kMod37_36;
  return MakeError(ErrorCode::kIncorrect, "the check of card numbers must be none, mod11-2 or mod37-36");
}

char CheckCharacter(Check check, std::string_view body) {
  if (check == Check::kMod11_2) return Mod11(body);
  return check == Check::kMod37_36 ? Mod37(body) : '\0';
}

Status CheckFormat(const NumberFormat& format) {
  if (format.digits < 8 || format.digits > 24 || format.prefix.size() > 24)
    return MakeError(ErrorCode::kIncorrect, "card numbers need 8 to 24 digits behind a prefix of at most 24");
  const Check of_prefix = format.check == Check::kNone ? Check::kMod37_36 : format.check;
  if (CheckCharacter(of_prefix, format.prefix) == '\0')
    return MakeError(ErrorCode::kIncorrect,
                     "the prefix of card numbers has characters that its check does not know");
  return {};
}

std::string NewNumber(const NumberFormat& format, const std::function<void(std::span<uint8_t>)>& fill) {
  std::string number = format.prefix;
  while (number.size() < format.prefix.size() + static_cast<size_t>(format.digits)) {
    std::array<uint8_t, 1> byte{};
    fill(byte);
    if (byte[0] < 250) number += static_cast<char>('0' + byte[0] % 10);  // above, the digits were not even
  }
  if (const char check = CheckCharacter(format.check, number); check != '\0') number += check;
  return number;
}

std::string PlainNumber(std::string_view typed) {
  constexpr std::array<std::string_view, 24> kNothing = {
      " ",      "\t",     "-",      ".",      "_",      "/",      "\u00a0", "\u00b7",
      "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\u200b",
      "\u200c", "\u200d", "\u2022", "\u3000", "\u3001", "\u3002", "\u30fb", "\ufeff"};
  std::string plain;
  while (!typed.empty()) {
    const size_t size = std::max<size_t>(1, Utf8CharLength(typed));
    std::string sign(typed.substr(0, size));
    typed.remove_prefix(size);
    // U+FF01 to U+FF5E are the signs ! to ~.
    const auto byte = [&sign](size_t i) {
      return static_cast<unsigned>(static_cast<unsigned char>(sign[i]));
    };
    const unsigned point =
        size == 3 ? (byte(0) & 0xFU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU) : 0;
    if (point >= 0xFF01 && point <= 0xFF5E) sign = static_cast<char>(point - 0xFEE0);
    if (sign.size() == 1 && sign[0] >= 'a' && sign[0] <= 'z')
      sign[0] = static_cast<char>(sign[0] - 'a' + 'A');
    if (std::find(kNothing.begin(), kNothing.end(), sign) == kNothing.end()) plain += sign;
  }
  return plain;
}

bool IsNumber(const NumberFormat& format, std::string_view number) {
  const size_t body = format.prefix.size() + static_cast<size_t>(format.digits);
  if (number.size() != body + (format.check == Check::kNone ? 0 : 1) || !number.starts_with(format.prefix))
    return false;
  const std::string_view digits = number.substr(format.prefix.size(), static_cast<size_t>(format.digits));
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  return format.check == Check::kNone ||
         number.back() == CheckCharacter(format.check, number.substr(0, body));
}

}  // namespace tk::health_card
