#include "kernel/ucum/special.h"

#include <cmath>
#include <cstdlib>
#include <vector>

namespace tk::ucum {
namespace {

using Kind = Function::Kind;

// UCUM 2.2 (2024-06-17): tables of the special units. Offsets: 0 Cel = 273.15 K; 0 [degF] = 459.67 × 5/9 K;
// 0 [degRe] = 273.15 K = 218.52 × 5/4 K.
const std::vector<Function>& Functions() {
  static const std::vector<Function> functions = {
      {"Cel", Kind::kOffset, Rational::Parse("273.15")},
      {"degF", Kind::kOffset, Rational::Parse("459.67")},
      {"degRe", Kind::kOffset, Rational::Parse("218.52")},
      {"tanTimes100", Kind::kTangent},
      // The table names the same function "100tan" here with the unit deg, although its text says 100tan(1 rad). The tangent is that of
      // the angle itself: a slope of 100 % is 45 degrees.
      {"100tan", Kind::kTangent, {}, 0, 1, "rad"},
      {"ln", Kind::kLogarithm, {}, 0, 1},
      {"lg", Kind::kLogarithm, {}, 10, 1},
      {"lgTimes2", Kind::kLogarithm, {}, 10, 2},
      {"ld", Kind::kLogarithm, {}, 2, 1},
      {"pH", Kind::kLogarithm, {}, 10, -1},
      {"hpX", Kind::kLogarithm, {}, 10, -1},
      {"hpC", Kind::kLogarithm, {}, 100, -1},
      {"hpM", Kind::kLogarithm, {}, 1000, -1},
      {"hpQ", Kind::kLogarithm, {}, 50000, -1},
      {"sqrt", Kind::kSquareRoot},
  };
  return functions;
}

Result<Rational> OnScale(Rational value) {
  if (!value.valid())
    return MakeError(ErrorCode::kTooLarge, "the value is too large or too small on this scale");
  return value;
}

/// log_base(x); exact where x is a power of the base.
Rational Logarithm(int base, const Rational& x) {
  const long double quotient =
      base == 0 ? std::log(x.ToFloat())
                : (base == 2 ? std::log2(x.ToFloat())
                             : std::log10(x.ToFloat()) / std::log10(static_cast<long double>(base)));
  if (base != 0 && std::fabs(quotient) < 400 && std::fabs(quotient - std::round(quotient)) < 1e-12L) {
    const auto whole = static_cast<int>(std::round(quotient));
    if (Compare(Rational(base).Power(whole), x) == 0) return Rational(whole);
  }
  return Rational::FromFloat(quotient);
}

}  // namespace

const Function* FindFunction(std::string_view name) {
  for (const Function& function : Functions()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

Result<Rational> OntoScale(const Function& function, const Rational& x) {
  switch (function.kind) {
    case Kind::kOffset:
      return OnScale(x - function.offset);
    case Kind::kTangent:
      return OnScale(Rational::FromFloat(100 * std::tan(x.ToFloat())));
    case Kind::kLogarithm:
      if (x.zero() || x.negative())
        return MakeError(ErrorCode::kInvalid,
                         "only values above zero have a logarithm, and with it a place on this scale");
      return OnScale(Logarithm(function.base, x) * Rational(function.times));
    case Kind::kSquareRoot: {
      if (x.negative())
        return MakeError(ErrorCode::kInvalid, "values below zero have no place on this scale");
      return OnScale(Rational::FromFloat(std::sqrt(x.ToFloat())));
    }
  }
  std::abort();
}

Result<Rational> FromScale(const Function& function, const Rational& x) {
  switch (function.kind) {
    case Kind::kOffset:
      return OnScale(x + function.offset);
    case Kind::kTangent:
      return OnScale(Rational::FromFloat(std::atan(x.ToFloat() / 100)));
    case Kind::kLogarithm: {
      const Rational exponent = x / Rational(function.times);
      constexpr int64_t kExactMax = 300;
      const std::optional<int64_t> whole = exponent.ToInt();
      if (function.base != 0 && whole && *whole <= kExactMax && *whole >= -kExactMax)
        return OnScale(Rational(function.base).Power(static_cast<int>(*whole)));
      const long double power = exponent.ToFloat();
      const long double result =
          function.base == 0 ? std::exp(power) : std::pow(static_cast<long double>(function.base), power);
      return OnScale(result > 0 ? Rational::FromFloat(result) : Rational::Invalid());
    }
    case Kind::kSquareRoot:
      return OnScale(x * x);
  }
  std::abort();
}

}  // namespace tk::ucum
