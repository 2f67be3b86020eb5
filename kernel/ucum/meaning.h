// What a unit expression means: a factor and exponents of dimensions. Inside the room only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/ucum/expression.h"
#include "kernel/ucum/special.h"

namespace tk::ucum {

struct Meaning {
  Rational factor{1};                               // how many canonical units; of a special unit: its u
  std::array<int, kBaseCount> base{};               // exponents
  std::vector<std::pair<uint32_t, int>> arbitrary;  // (index of the atom, exponent), sorted, exponents not 0
  const Function* function = nullptr;               // of a special unit
  std::shared_ptr<const Rational> before;  // of a special unit: prefixes and numbers before it; nullptr: 1

  bool dimensionless() const;
};

/// Errors: kInvalid for a special unit in a product, quotient or power; kTooLarge.
Result<Meaning> MeaningOf(const Term& term);
/// "g.m-1.s-2"; "1" without dimensions.
std::string CanonicalCode(const Meaning& meaning);

}  // namespace tk::ucum
