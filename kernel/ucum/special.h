// The functions of UCUM's special units: scales that do not begin at zero or are not straight. Inside the room only.
// A special unit is (f, u): a value x on its scale stands for f^-1(x) × u, and a measure m reads f(m / u) on it.
// Source: UCUM 2.2, sections 21 and 22, and the definitions of the special units in its tables.
// Exact:  the temperature scales always; powers, where the exponent is a whole number (pH 7 is 10^-7 mol/l). The rest is calculated in
//         long double with some 18 digits; whoever hands a result out rounds it to kSpecialDigits.
#pragma once

#include <string_view>

#include "kernel/base/result.h"
#include "kernel/ucum/rational.h"

namespace tk::ucum {

inline constexpr int kSpecialDigits = 15;

struct Function {
  enum class Kind : uint8_t { kOffset, kTangent, kLogarithm, kSquareRoot };
  std::string_view name;  // in the table
  Kind kind;
  Rational offset{};  // kOffset: f(x) = x - offset
  int base = 0;       // kLogarithm: f(x) = times × log_base(x); 0 stands for e
  int times = 1;
  std::string_view unit = {};  // u, where the table's own is not what the function means; else empty

  bool exact() const { return kind == Kind::kOffset; }
};

/// nullptr for a name that is not known: the table and this room then do not fit together.
const Function* FindFunction(std::string_view name);

/// f(x). Errors: kInvalid where the scale has no such value (the logarithm of 0).
Result<Rational> OntoScale(const Function& function, const Rational& x);
/// f^-1(x). Errors: kInvalid, kTooLarge.
Result<Rational> FromScale(const Function& function, const Rational& x);

}  // namespace tk::ucum
