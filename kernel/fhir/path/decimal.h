// Exact decimal numbers: 128-bit digits and a decimal scale. No binary floating point, so 0.1 + 0.2 = 0.3.
// Source: FHIRPath N1 2.0.0 section 4.1.4 (28 digits of precision at least, 8 of them after the point), 6.6 (arithmetic).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tk::fhir::path {

__extension__ typedef __int128 Int128;

/// digits × 10^-scale. At most 38 digits; scale 0 … 38. Trailing zeros are kept, because they state the precision.
struct Decimal {
  Int128 digits = 0;
  int scale = 0;

  /// Text of a JSON number or a FHIRPath literal: sign, digits, point, exponent. nullopt if it is no number or has more
  /// than 38 digits.
  static std::optional<Decimal> Parse(std::string_view text);
  static Decimal FromInt(int64_t value) { return Decimal{value, 0}; }
  /// The nearest decimal with 16 significant digits; nullopt if infinite, no number, or too large.
  static std::optional<Decimal> FromReal(long double value);

  long double ToReal() const;
  std::string ToString() const;  // keeps trailing zeros, never an exponent
  /// The value if it has no fraction and fits.
  std::optional<int64_t> ToInt() const;
  bool IsZero() const { return digits == 0; }
  Decimal Negated() const { return Decimal{-digits, scale}; }
  /// Without trailing zeros after the point.
  Decimal Trimmed() const;
  /// Half away from zero to `places` digits after the point. More places than there are leave the value as it is.
  Decimal Rounded(int places) const;
  Decimal Truncated() const;  // toward zero, no fraction
  Decimal Floor() const;
  Decimal Ceiling() const;
};

/// <0, 0, >0. Exact for every pair.
int Compare(const Decimal& a, const Decimal& b);
/// nullopt when the result has more than 38 digits; division also by zero. Quotients keep 16 digits after the point at least
/// when they fit, without trailing zeros.
std::optional<Decimal> Add(const Decimal& a, const Decimal& b);
std::optional<Decimal> Subtract(const Decimal& a, const Decimal& b);
std::optional<Decimal> Multiply(const Decimal& a, const Decimal& b);
std::optional<Decimal> Divide(const Decimal& a, const Decimal& b);
/// a - b × truncated(a / b); exact.
std::optional<Decimal> Modulo(const Decimal& a, const Decimal& b);
/// `digits` × 10^-`scale` with exactly `scale` places; nullopt if that needs more than 38 digits. For boundaries.
std::optional<Decimal> Rescaled(const Decimal& a, int scale);

}  // namespace tk::fhir::path
