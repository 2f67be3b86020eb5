// Card numbers by a configured format: a prefix, random digits, a check character. The algorithm of the official index number (主索引ID) is not
// public: no text was found, so the format is a setting and nothing here claims to be it.
// Source: ISO/IEC 7064:2003, MOD 11-2 (digits, check 0-9 or X) and MOD 37,36 (0-9 A-Z).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::health_card {

enum class Check : uint8_t { kNone, kMod11_2, kMod37_36 };
/// "none", "mod11-2", "mod37-36". Errors: kIncorrect, naming these.
Result<Check> ParseCheck(std::string_view name);

struct NumberFormat {
  std::string prefix;  // digits; of MOD 37,36 capitals too
  int digits = 12;     // random ones behind it
  Check check = Check::kMod11_2;
};
/// Errors: kIncorrect, what does not fit.
Status CheckFormat(const NumberFormat& format);

/// `fill` gives random bytes (SystemRandom).
std::string NewNumber(const NumberFormat& format, const std::function<void(std::span<uint8_t>)>& fill);
/// Has it the prefix, the length and the right check character?
bool IsNumber(const NumberFormat& format, std::string_view number);
/// An older card's number as it is kept and compared, however it was typed: full width forms as the plain ones, letters large, without blanks, signs that part groups
/// (- – — . _ / · and their like) and what nobody sees. "" if nothing is left.
std::string PlainNumber(std::string_view typed);
/// '\0' when `body` has a character that the check does not know.
char CheckCharacter(Check check, std::string_view body);

}  // namespace tk::health_card
