#include "kernel/ucum/rational.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace tk::ucum {
namespace {

constexpr double kLog10Of2 = 0.30102999566398119521;
constexpr size_t kTextMax = 128;

/// Takes the zeros off the end of `n` and returns how many there were.
int StripTens(Natural* n) {
  int count = 0;
  if (n->zero() || n->overflowed()) return 0;
  if (n->fits_64()) {
    uint64_t small = n->low();
    for (; small % 10 == 0; ++count) small /= 10;
    if (count != 0) *n = Natural(small);
    return count;
  }
  while ((n->low() & 1) == 0) {
    Natural tenth = *n;
    if (tenth.DivideSmall(10) != 0) break;
    *n = tenth;
    ++count;
  }
  return count;
}

/// Takes the factors 5 out of `n` and returns how many there were.
uint32_t StripFives(Natural* n) {
  uint32_t count = 0;
  for (Natural fifth = *n; fifth.DivideSmall(5) == 0; fifth = *n) {
    *n = fifth;
    ++count;
  }
  return count;
}

/// Adds one to a number written in digits.
void Increment(std::string* digits) {
  size_t i = digits->size();
  while (i > 0 && (*digits)[i - 1] == '9') (*digits)[--i] = '0';
  if (i == 0) {
    digits->insert(digits->begin(), '1');
  } else {
    ++(*digits)[i - 1];
  }
}

std::string PlainText(const std::string& digits, int exponent) {
  if (exponent >= 0) return digits + std::string(static_cast<size_t>(exponent), '0');
  const auto places = static_cast<size_t>(-exponent);
  if (places >= digits.size()) return "0." + std::string(places - digits.size(), '0') + digits;
  return digits.substr(0, digits.size() - places) + "." + digits.substr(digits.size() - places);
}

}  // namespace

Rational Rational::Make(bool negative, Natural numerator, Natural denominator, int exponent) {
  if (numerator.overflowed() || denominator.overflowed() || denominator.zero()) return Invalid();
  Rational out;
  if (numerator.zero()) return out;
  if (!denominator.one()) {
    const Natural common = GreatestCommonDivisor(numerator, denominator);
    if (!common.one()) {
      Natural rest;
      Divide(Natural(numerator), common, &numerator, &rest);
      Divide(Natural(denominator), common, &denominator, &rest);
    }
    // 1/2 = 5/10 and 1/5 = 2/10: factors of ten go into the exponent.
    const uint32_t twos = denominator.trailing_zeros();
    denominator.ShiftRight(twos);
    const uint32_t fives = StripFives(&denominator);
    for (uint32_t i = 0; i < twos; ++i) numerator.MultiplySmall(5);
    numerator.ShiftLeft(fives);
    exponent -= static_cast<int>(twos + fives);
  }
  exponent += StripTens(&numerator);
  if (numerator.overflowed() || numerator.bits() > kBitsMax || denominator.bits() > kBitsMax)
    return Invalid();
  if (exponent > kExponentMax || exponent < -kExponentMax) return Invalid();
  out.negative_ = negative;
  out.exponent_ = exponent;
  out.numerator_ = numerator;
  out.denominator_ = denominator;
  return out;
}

Rational::Rational(int64_t value) {
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  *this = Make(negative, Natural(magnitude), Natural(1), 0);
}

Rational Rational::Invalid() {
  Rational out;
  out.numerator_ = Natural::OverflowedValue();
  return out;
}

Rational Rational::FromDigits(Int128 digits, int scale) {
  const bool negative = digits < 0;
  __extension__ typedef unsigned __int128 Uint128;
  const Uint128 magnitude =
      negative ? Uint128{0} - static_cast<Uint128>(digits) : static_cast<Uint128>(digits);
  if (magnitude >> 64 == 0)
    return Make(negative, Natural(static_cast<uint64_t>(magnitude)), Natural(1), -scale);
  Natural numerator(static_cast<uint64_t>(magnitude >> 64));
  numerator.ShiftLeft(64);
  return Make(negative, numerator + Natural(static_cast<uint64_t>(magnitude)), Natural(1), -scale);
}

Rational Rational::Parse(std::string_view text) {
  if (text.size() > kTextMax) return Invalid();
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
  std::string digits;
  int exponent = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point && !digits.empty()) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      digits.push_back(text[at]);
      if (point) --exponent;
    } else {
      break;
    }
  }
  if (digits.empty() || text[at - 1] == '.') return Invalid();
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int power = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), power);
    if (error != std::errc() || power > 2 * kExponentMax || power < -2 * kExponentMax) return Invalid();
    if (text[at] == '-' && at > 0 && text[at - 1] == '+') return Invalid();
    exponent += power;
    at = static_cast<size_t>(end - text.data());
  }
  if (at != text.size()) return Invalid();
  return Make(negative, Natural::FromDigits(digits), Natural(1), exponent);
}

Rational Rational::FromFloat(long double value) {
  if (!std::isfinite(value)) return Invalid();
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.17Le", value);
  return Parse(buffer);
}

Rational Rational::PowerOfTen(int exponent) { return Make(false, Natural(1), Natural(1), exponent); }

std::optional<int64_t> Rational::ToInt() const {
  if (!valid() || !denominator_.one() || exponent_ < 0 || exponent_ > 18) return std::nullopt;
  Natural whole = numerator_;
  for (int i = 0; i < exponent_; ++i) whole.MultiplySmall(10);
  if (!whole.fits_64() || whole.low() > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  const auto value = static_cast<int64_t>(whole.low());
  return negative_ ? -value : value;
}

long double Rational::ToFloat() const {
  if (!valid()) return std::nanl("");
  const Shortened s = Shorten(25);
  const std::string text = (negative_ ? "-" : "") + s.digits + "e" + std::to_string(s.exponent);
  return std::strtold(text.c_str(), nullptr);
}

Rational::Shortened Rational::Shorten(int significant) const {
  const auto wanted = static_cast<size_t>(std::clamp(significant, 1, 1000));
  Shortened out{"0", 0, true};
  if (zero() || !valid()) return out;
  out.exponent = exponent_;
  if (denominator_.one()) {
    out.digits = numerator_.ToDigits();
  } else {
    // As many places as make the quotient one digit longer than wanted at least; what is left over is not zero.
    const double magnitude =
        (static_cast<double>(numerator_.bits()) - static_cast<double>(denominator_.bits())) * kLog10Of2;
    const int places = static_cast<int>(wanted) + 2 - static_cast<int>(std::floor(magnitude));
    Natural quotient;
    Natural rest;
    if (places >= 0) {
      Divide(numerator_ * Natural::PowerOfTen(static_cast<uint32_t>(places)), denominator_, &quotient, &rest);
    } else {
      Divide(numerator_, denominator_ * Natural::PowerOfTen(static_cast<uint32_t>(-places)), &quotient,
             &rest);
    }
    out.digits = quotient.ToDigits();
    out.exponent -= places;
    out.exact = false;
  }
  if (out.digits.size() > wanted) {
    const bool up = out.digits[wanted] >= '5';
    out.exponent += static_cast<int>(out.digits.size() - wanted);
    out.digits.resize(wanted);
    if (up) Increment(&out.digits);
    out.exact = false;
  }
  while (out.digits.size() > 1 && out.digits.back() == '0') {
    out.digits.pop_back();
    ++out.exponent;
  }
  return out;
}

std::string Rational::ToText(int significant) const {
  const Shortened s = Shorten(significant);
  std::string text = negative_ ? "-" : "";
  constexpr int kPlainMax = 40;
  const int length = static_cast<int>(s.digits.size());
  if (s.exponent <= kPlainMax - length && s.exponent >= -kPlainMax)
    return text + PlainText(s.digits, s.exponent);
  text += s.digits.substr(0, 1);
  if (length > 1) text += "." + s.digits.substr(1);
  return text + "e" + std::to_string(s.exponent + length - 1);
}

std::optional<Digits> Rational::ToDigits(int significant) const {
  if (!valid()) return std::nullopt;
  constexpr int kPlaces = 38;
  const int most = std::clamp(significant, 1, kPlaces);
  Shortened s = Shorten(most);
  if (s.exponent < -kPlaces) {  // fewer digits, so that the last one has its place
    const int keep = static_cast<int>(s.digits.size()) + s.exponent + kPlaces;
    if (keep < 0) return Digits{0, 0, false};
    s = keep == 0 ? Shortened{"0", 0, false} : Shorten(keep);
    s.exact = false;
  }
  if (static_cast<int>(s.digits.size()) + std::max(s.exponent, 0) > kPlaces) return std::nullopt;
  Digits out;
  out.exact = s.exact;
  for (const char c : s.digits) out.digits = out.digits * 10 + (c - '0');
  for (int i = 0; i < s.exponent; ++i) out.digits *= 10;
  out.scale = std::max(0, -s.exponent);
  if (negative_) out.digits = -out.digits;
  return out;
}

Rational Rational::Rounded(int significant) const {
  if (!valid()) return *this;
  const Shortened s = Shorten(significant);
  return Make(negative_, Natural::FromDigits(s.digits), Natural(1), s.exponent);
}

Rational Rational::Negated() const {
  Rational out = *this;
  if (!zero()) out.negative_ = !negative_;
  return out;
}

Rational Rational::Inverse() const {
  if (!valid() || zero()) return Invalid();
  return Make(negative_, denominator_, numerator_, -exponent_);
}

Rational Rational::Power(int exponent) const {
  if (exponent < -kExponentMax || exponent > kExponentMax) return Invalid();
  if (exponent < 0) return Inverse().Power(-exponent);
  Rational out(1);
  Rational square = *this;
  for (int rest = exponent; rest != 0 && out.valid(); rest >>= 1) {
    if ((rest & 1) != 0) out = out * square;
    if (rest > 1) square = square * square;
  }
  return out;
}

Rational operator*(const Rational& a, const Rational& b) {
  return Rational::Make(a.negative_ != b.negative_, a.numerator_ * b.numerator_,
                        a.denominator_ * b.denominator_, a.exponent_ + b.exponent_);
}

Rational operator+(const Rational& a, const Rational& b) {
  if (!a.valid() || !b.valid()) return Rational::Invalid();
  if (a.zero()) return b;
  if (b.zero()) return a;
  const int exponent = std::min(a.exponent_, b.exponent_);
  const Natural left =
      a.numerator_ * b.denominator_ * Natural::PowerOfTen(static_cast<uint32_t>(a.exponent_ - exponent));
  const Natural right =
      b.numerator_ * a.denominator_ * Natural::PowerOfTen(static_cast<uint32_t>(b.exponent_ - exponent));
  if (left.overflowed() || right.overflowed()) return Rational::Invalid();
  const Natural denominator = a.denominator_ * b.denominator_;
  if (a.negative_ == b.negative_) return Rational::Make(a.negative_, left + right, denominator, exponent);
  const bool left_wins = Compare(left, right) >= 0;
  return Rational::Make(left_wins ? a.negative_ : b.negative_, left_wins ? left - right : right - left,
                        denominator, exponent);
}

namespace {

int Sign(const Rational& value) { return value.zero() ? 0 : (value.negative() ? -1 : 1); }

/// The sign of left × 10^shift - right, both above zero; nullopt if that gets too large.
std::optional<int> CompareShifted(Natural left, int shift, Natural right) {
  // A number of n bits lies in [2^(n-1), 2^n): where that decides already, the powers of ten are never written out.
  const double distance =
      (static_cast<double>(left.bits()) - static_cast<double>(right.bits())) * kLog10Of2 + shift;
  if (distance > 1.0 || distance < -1.0) return distance > 0 ? 1 : -1;
  if (shift > 0) left = left * Natural::PowerOfTen(static_cast<uint32_t>(shift));
  if (shift < 0) right = right * Natural::PowerOfTen(static_cast<uint32_t>(-shift));
  if (left.overflowed() || right.overflowed()) return std::nullopt;
  return Compare(left, right);
}

}  // namespace

int Compare(const Rational& a, const Rational& b) {
  if (!a.valid() || !b.valid()) return static_cast<int>(a.valid()) - static_cast<int>(b.valid());
  const int sign = Sign(a);
  if (sign != Sign(b) || sign == 0) return sign - Sign(b);
  // Two numbers of 1,024 bits each multiply crosswise to 2,048, and as many again for the powers of ten: it fits.
  return sign * *CompareShifted(a.numerator_ * b.denominator_, a.exponent_ - b.exponent_,
                                b.numerator_ * a.denominator_);
}

std::optional<int> CompareProducts(const Rational& a, const Rational& b, const Rational& c,
                                   const Rational& d) {
  const int sign = Sign(a) * Sign(b);
  if (sign != Sign(c) * Sign(d) || sign == 0) return sign - Sign(c) * Sign(d);
  const Natural left = a.numerator_ * b.numerator_ * c.denominator_ * d.denominator_;
  const Natural right = c.numerator_ * d.numerator_ * a.denominator_ * b.denominator_;
  if (left.overflowed() || right.overflowed()) {
    const Rational whole = a * b;
    const Rational other = c * d;
    return whole.valid() && other.valid() ? std::optional(Compare(whole, other)) : std::nullopt;
  }
  const std::optional<int> order =
      CompareShifted(left, a.exponent_ + b.exponent_ - c.exponent_ - d.exponent_, right);
  return order ? std::optional(sign * *order) : std::nullopt;
}

}  // namespace tk::ucum
