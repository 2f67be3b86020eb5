// Exact numbers for measuring: ± numerator / denominator × 10^exponent. Nothing is rounded until a text is asked for.
// Why:    1 '[in_i]' = 2.54 'cm', 98.6 '[degF]' = 37 'Cel' and 1 '[stone_av]' = 14 '[lb_av]' hold exactly, thirds of a tea-spoon
//         come back whole, and two quantities compare without a tolerance.
// Shape:  one form for one number: numerator and denominator have no common divisor, neither ends in a zero, and the denominator
//         has no factor 2 or 5. So the denominator is 1 exactly when the number is a finite decimal.
// Limits: numerator and denominator 1,024 bits each, exponent ± 9,999; beyond, the number is invalid, and so is every number made
//         from it: the caller asks valid() once, at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/ucum/natural.h"

namespace tk::ucum {

__extension__ typedef __int128 Int128;

/// `digits` × 10^-`scale`; the shape of the decimals elsewhere in the project.
struct Digits {
  Int128 digits = 0;
  int scale = 0;
  bool exact = true;  // false: it was rounded, half away from zero
};

class Rational {
 public:
  static constexpr uint32_t kBitsMax = 1024;
  static constexpr int kExponentMax = 9999;

  Rational() = default;  // 0
  explicit Rational(int64_t value);
  static Rational Invalid();
  /// digits × 10^-scale.
  static Rational FromDigits(Int128 digits, int scale);
  /// Sign, digits, point, exponent ("-6.02e23"), up to 128 characters; invalid for anything else.
  static Rational Parse(std::string_view text);
  /// With 18 significant digits; invalid if it is not finite.
  static Rational FromFloat(long double value);
  static Rational PowerOfTen(int exponent);

  bool valid() const { return !numerator_.overflowed(); }
  bool zero() const { return numerator_.zero(); }
  bool negative() const { return negative_; }
  bool one() const { return !negative_ && exponent_ == 0 && numerator_.one() && denominator_.one(); }
  /// It can be written with finitely many digits.
  bool finite() const { return denominator_.one(); }
  /// The value if it is a whole number that fits.
  std::optional<int64_t> ToInt() const;
  long double ToFloat() const;
  /// Rounded to `significant` digits where it has more (1 … 1000). "0.0063", "16", "1.057e-18": the exponent where the plain form
  /// would have more than 40 characters.
  std::string ToText(int significant) const;
  /// With at most `significant` digits (1 … 38) and a scale of 0 … 38. nullopt if it is too large for that; too small becomes 0.
  std::optional<Digits> ToDigits(int significant) const;

  /// Rounded to `significant` digits.
  Rational Rounded(int significant) const;
  Rational Negated() const;
  Rational Inverse() const;  // of 0: invalid
  /// To the power of `exponent`.
  Rational Power(int exponent) const;
  friend Rational operator*(const Rational& a, const Rational& b);
  friend Rational operator+(const Rational& a, const Rational& b);
  friend int Compare(const Rational& a, const Rational& b);
  friend std::optional<int> CompareProducts(const Rational& a, const Rational& b, const Rational& c,
                                            const Rational& d);

 private:
  struct Shortened {
    std::string digits;  // without zeros at the end, except "0"
    int exponent = 0;    // digits × 10^exponent
    bool exact = true;
  };
  static Rational Make(bool negative, Natural numerator, Natural denominator, int exponent);
  Shortened Shorten(int significant) const;

  bool negative_ = false;
  int exponent_ = 0;
  Natural numerator_;
  Natural denominator_{1};
};

Rational operator*(const Rational& a, const Rational& b);
Rational operator+(const Rational& a, const Rational& b);
inline Rational operator-(const Rational& a, const Rational& b) { return a + b.Negated(); }
inline Rational operator/(const Rational& a, const Rational& b) { return a * b.Inverse(); }
/// <0, 0, >0; exact. Both are valid. Cost: some tens of ns for usual numbers.
int Compare(const Rational& a, const Rational& b);
/// The sign of a × b - c × d. nullopt where a product is too large. Cheaper than to multiply first: the products are not brought into
/// their one form.
std::optional<int> CompareProducts(const Rational& a, const Rational& b, const Rational& c,
                                   const Rational& d);
inline bool operator==(const Rational& a, const Rational& b) { return Compare(a, b) == 0; }

}  // namespace tk::ucum
