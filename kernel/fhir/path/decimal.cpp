#include "kernel/fhir/path/decimal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace tk::fhir::path {
namespace {

constexpr int kDigitsMax = 38;

constexpr Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}
constexpr Int128 kLimit = PowerOfTen(kDigitsMax);  // every |digits| is below it

Int128 Magnitude(Int128 value) { return value < 0 ? -value : value; }

int CountDigits(Int128 value) {
  int count = 0;
  for (value = Magnitude(value); value != 0; value /= 10) ++count;
  return count;
}

std::optional<Int128> Times(Int128 a, Int128 b) {
  if (a == 0 || b == 0) return Int128{0};
  if (Magnitude(a) > (kLimit - 1) / Magnitude(b)) return std::nullopt;
  return a * b;
}

/// Drops places until `scale` <= kDigitsMax and the digits fit; used after multiplications of long fractions.
Decimal Shortened(Decimal value, int scale_max) {
  return value.scale > scale_max ? value.Rounded(scale_max) : value;
}

/// Numbers as they are written most of the time: a sign, up to 18 digits, a point among them. nullopt for all others.
std::optional<Decimal> ParseShort(std::string_view text) {
  constexpr size_t kShort = 18;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kShort + 1) return std::nullopt;
  int64_t digits = 0;
  size_t point = text.size();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9')
      digits = digits * 10 + (c - '0');
    else if (c == '.' && point == text.size())
      point = i;
    else
      return std::nullopt;
  }
  const bool whole = point == text.size();
  if (whole ? text.size() > kShort : point == 0 || point + 1 == text.size()) return std::nullopt;
  return Decimal{negative ? -digits : digits, whole ? 0 : static_cast<int>(text.size() - point - 1)};
}

/// 10^exponent for 0 … 18.
constexpr auto kSmallPowers = [] {
  std::array<int64_t, 19> powers = {1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

}  // namespace

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  if (const std::optional<Decimal> plain = ParseShort(text)) return plain;
  Decimal out;
  size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  bool any = false;
  bool point = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point && any) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (out.digits >= kLimit / 10) return std::nullopt;
    out.digits = out.digits * 10 + (c - '0');
    if (point) ++out.scale;
  }
  if (!any || text[i - 1] == '.') return std::nullopt;
  int exponent = 0;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    const bool minus = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const size_t first = i;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && exponent < 1000; ++i)
      exponent = exponent * 10 + (text[i] - '0');
    if (i == first) return std::nullopt;
    if (minus) exponent = -exponent;
  }
  if (i != text.size()) return std::nullopt;
  if (negative) out.digits = -out.digits;
  out.scale -= exponent;
  if (out.scale < 0) {
    if (out.digits == 0) return Decimal{};
    if (CountDigits(out.digits) - out.scale > kDigitsMax) return std::nullopt;
    out.digits *= PowerOfTen(-out.scale);
    out.scale = 0;
  }
  if (out.scale > kDigitsMax) return std::nullopt;
  return out;
}

std::optional<Decimal> Decimal::FromReal(long double value) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e37) return std::nullopt;
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.15Le", value);
  std::optional<Decimal> parsed = Parse(buffer);
  if (!parsed) return Decimal{};  // smaller than any decimal that is kept
  return parsed->Trimmed();
}

long double Decimal::ToReal() const { return std::strtold(ToString().c_str(), nullptr); }

std::string Decimal::ToString() const {
  std::string reversed;
  Int128 rest = Magnitude(digits);
  for (int i = 0; rest != 0 || i <= scale; ++i) {
    if (i == scale && scale > 0) reversed.push_back('.');
    reversed.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  if (digits < 0) reversed.push_back('-');
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::optional<int64_t> Decimal::ToInt() const {
  const Decimal whole = Trimmed();
  if (whole.scale != 0 || whole.digits > INT64_MAX || whole.digits < INT64_MIN) return std::nullopt;
  return static_cast<int64_t>(whole.digits);
}

Decimal Decimal::Trimmed() const {
  Decimal out = *this;
  while (out.scale > 0 && out.digits % 10 == 0) {
    out.digits /= 10;
    --out.scale;
  }
  return out;
}

Decimal Decimal::Rounded(int places) const {
  if (places >= scale) return *this;
  Decimal out = *this;
  while (out.scale > places + 1) {  // cut to one digit more; a half is decided by that digit alone
    out.digits /= 10;
    --out.scale;
  }
  const Int128 last = out.digits % 10;
  out.digits /= 10;
  --out.scale;
  if (last >= 5) ++out.digits;
  if (last <= -5) --out.digits;
  return out;
}

Decimal Decimal::Truncated() const {
  Decimal out = *this;
  for (; out.scale > 0; --out.scale) out.digits /= 10;
  return out;
}

Decimal Decimal::Floor() const {
  Decimal out = Truncated();
  if (digits < 0 && Compare(out, *this) != 0) --out.digits;
  return out;
}

Decimal Decimal::Ceiling() const {
  Decimal out = Truncated();
  if (digits > 0 && Compare(out, *this) != 0) ++out.digits;
  return out;
}

int Compare(const Decimal& a, const Decimal& b) {
  const int sign_a = (a.digits > 0) - (a.digits < 0);
  const int sign_b = (b.digits > 0) - (b.digits < 0);
  if (sign_a != sign_b || sign_a == 0) return sign_a - sign_b;
  if (a.scale == b.scale) return (a.digits > b.digits) - (a.digits < b.digits);
  // 64 bits and at most 18 places more stay within 128 bits.
  const auto is_short = [](Int128 digits) { return digits >= INT64_MIN && digits <= INT64_MAX; };
  const int apart = a.scale - b.scale;
  if (is_short(a.digits) && is_short(b.digits) && apart >= -18 && apart <= 18) {
    const Int128 left = a.digits * kSmallPowers[static_cast<size_t>(std::max(-apart, 0))];
    const Int128 right = b.digits * kSmallPowers[static_cast<size_t>(std::max(apart, 0))];
    return (left > right) - (left < right);
  }
  // Different orders of magnitude decide; within one order both can be written with the same number of digits.
  const int count_a = CountDigits(a.digits);
  const int count_b = CountDigits(b.digits);
  const int order_a = count_a - a.scale;
  const int order_b = count_b - b.scale;
  if (order_a != order_b) return order_a > order_b ? sign_a : -sign_a;
  const int count = std::max(count_a, count_b);
  const Int128 left = a.digits * PowerOfTen(count - count_a);
  const Int128 right = b.digits * PowerOfTen(count - count_b);
  return (left > right) - (left < right);
}

std::optional<Decimal> Rescaled(const Decimal& a, int scale) {
  if (scale <= a.scale) return a.Rounded(scale);
  if (scale > kDigitsMax) return std::nullopt;
  const std::optional<Int128> digits = Times(a.digits, PowerOfTen(scale - a.scale));
  if (!digits) return std::nullopt;
  return Decimal{*digits, scale};
}

std::optional<Decimal> Add(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Decimal> left = Rescaled(a, scale);
  const std::optional<Decimal> right = Rescaled(b, scale);
  if (!left || !right) return std::nullopt;
  // Both are below 10^38 and 2 × 10^38 does not fit, so the sum is tested before it is made.
  const bool same_sign = (left->digits < 0) == (right->digits < 0);
  if (same_sign && Magnitude(left->digits) > kLimit - 1 - Magnitude(right->digits)) return std::nullopt;
  return Decimal{left->digits + right->digits, scale};
}

std::optional<Decimal> Subtract(const Decimal& a, const Decimal& b) { return Add(a, b.Negated()); }

std::optional<Decimal> Multiply(const Decimal& a, const Decimal& b) {
  if (const std::optional<Int128> digits = Times(a.digits, b.digits)) {
    return Shortened(Decimal{*digits, a.scale + b.scale}, 28);
  }
  // Too long: give up places after the point of the longer fraction, never digits before it.
  const Decimal left = a.Trimmed();
  const Decimal right = b.Trimmed();
  for (int places = 18; places >= 8; --places) {
    const Decimal l = Shortened(left, places);
    const Decimal r = Shortened(right, places);
    if (const std::optional<Int128> digits = Times(l.digits, r.digits))
      return Shortened(Decimal{*digits, l.scale + r.scale}, 28);
  }
  return std::nullopt;
}

std::optional<Decimal> Divide(const Decimal& a, const Decimal& b) {
  if (b.digits == 0) return std::nullopt;
  const Decimal left = a.Trimmed();
  const Decimal right = b.Trimmed();
  // Long division, digit by digit, so that nothing overflows while a result fits.
  const Int128 divisor = Magnitude(right.digits);
  Int128 quotient = Magnitude(left.digits) / divisor;
  Int128 rest = Magnitude(left.digits) % divisor;
  int scale = left.scale - right.scale;
  const int scale_target = std::max(16, 28 - CountDigits(quotient));
  while ((scale < 0 || rest != 0) && scale <= scale_target && quotient < kLimit / 10 &&
         rest <= (kLimit - 1) / 10) {
    rest *= 10;
    quotient = quotient * 10 + rest / divisor;
    rest %= divisor;
    ++scale;
  }
  if (scale < 0 || quotient >= kLimit) return std::nullopt;
  if ((left.digits < 0) != (right.digits < 0)) quotient = -quotient;
  return Decimal{quotient, scale}.Rounded(scale_target).Trimmed();
}

std::optional<Decimal> Modulo(const Decimal& a, const Decimal& b) {
  if (b.digits == 0) return std::nullopt;
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Decimal> left = Rescaled(a, scale);
  const std::optional<Decimal> right = Rescaled(b, scale);
  if (!left || !right) return std::nullopt;
  return Decimal{left->digits % right->digits, scale}.Trimmed();
}

}  // namespace tk::fhir::path
