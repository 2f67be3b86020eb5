// Units of measure by UCUM: is a code a unit, what does it mean, do two measures compare, how much is one in another unit.
// Flow:    text → Unit::Parse (grammar, then meaning; remembered per thread) → Comparable, Compare, Convert, Canonical, Multiply …
// Source:  The Unified Code for Units of Measure, version 2.2 of 2024-06-17, https://ucum.org/ucum; table and licence: ucum_table.tsv.
// Meaning: of a unit: an exact factor (rational.h) and whole exponents of the seven base units m, s, g, rad, K, C, cd. Amount of
//          substance has no dimension in UCUM: mol is a number, so mmol/L compares with /L. Every arbitrary unit ([iU], [arb'U] …) is a
//          dimension of its own: it converts to itself and to nothing else ([IU] is another name of [iU]).
// Exact:   every conversion between units that begin at zero, and between the scales of temperature; see special.h for the others.
// Special units (Cel, [degF], [pH], dB …) stand alone: with a prefix or a number before them ("mCel", "2.Cel"), but not in a product, a
//          quotient or a power. "Cel/h" keeps to the grammar, so Validate takes it; it has no meaning to convert by, and why_not() says so.
// Limits:  256 characters, 16 parentheses deep, exponents to 9999, numbers of 18 digits, factors of 1,024 bits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/ucum/rational.h"
#include "kernel/ucum/table.h"

namespace tk::ucum {

/// A unit, understood. A cheap handle to an immutable value; thread-safe.
class Unit {
 public:
  /// Cost: some 20 ns for a unit that this thread has met, 5 µs at first, 0.3 ms for the worst of 256 characters. The memory holds 256
  /// units a thread, right or wrong.
  /// Errors: kInvalid with the place and what is wrong ("unit, character 3: ..."), kTooLarge over a limit. "" is the unit 1.
  static Result<Unit> Parse(std::string_view code, CodeCase letters = CodeCase::kSensitive);
  /// The unit 1.
  static Unit One();

  const std::string& code() const;  // as it was written
  /// The product of base and arbitrary units that it is a multiple of, in alphabetical order: "g.m-1.s-2", "[iU].m-3", "1".
  /// Two units compare exactly when this is the same. Empty if why_not() is not.
  const std::string& canonical_code() const;
  bool special() const;  // its scale is no multiple of the canonical unit (Cel, [pH], dB)
  /// Why a unit that keeps to the grammar has no meaning to convert by: a special unit in a product, or a factor too large. Else "".
  const std::string& why_not() const;
  /// The same object in memory: certainly the same unit. The reverse does not hold.
  bool same(const Unit& other) const { return data_ == other.data_; }

  struct Data;

 private:
  friend struct Access;
  explicit Unit(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

struct Quantity {
  Rational value;
  Unit unit = Unit::One();
};

/// Is it a unit by grammar and table? Errors: as Unit::Parse.
Status Validate(std::string_view code, CodeCase letters = CodeCase::kSensitive);
/// For people: "(meter) / (second ^ 2)"; the unit 1: "(unity)". Errors: as Unit::Parse.
Result<std::string> DisplayName(std::string_view code, CodeCase letters = CodeCase::kSensitive);

bool Comparable(const Unit& a, const Unit& b);
/// Errors: kInvalid if the units do not compare or have no meaning, or the target's scale has no such value; kTooLarge.
Result<Rational> Convert(const Rational& value, const Unit& from, const Unit& to);
/// The value in the canonical unit, with that unit. Errors: as Convert.
Result<Quantity> Canonical(const Quantity& quantity);
/// <0, 0, >0: which is more. Two values in one unit compare by their numbers. Errors: as Convert.
/// Cost: 0.2 µs between units that begin at zero, 1 µs between scales.
Result<int> Compare(const Quantity& a, const Quantity& b);

/// Value and unit of the product and the quotient; equal symbols are joined ("m" × "m" = "m2", "mg/mL" × "mL" = "mg"), nothing is
/// converted. Errors: kInvalid for division by zero, and for a special unit unless it is multiplied or divided by a pure number;
/// kTooLarge.
Result<Quantity> Multiply(const Quantity& a, const Quantity& b);
Result<Quantity> Divide(const Quantity& a, const Quantity& b);

/// How many significant digits a number states: "6.30": 3, "0.0063": 2. 0 for whole numbers, which count as exact.
int SignificantDigits(std::string_view number);
/// `value` as a text with as many digits as `significant` says; 0: all, or 24 where they do not end.
std::string StatedText(const Rational& value, int significant);

}  // namespace tk::ucum
