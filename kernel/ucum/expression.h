// Unit expressions as UCUM's grammar has them, read into a tree of terms. Inside the room only.
// Source: UCUM 2.2, chapter "syntax rules" (the grammar) and sections 2 to 12. Read from left to right: a/b.c is (a/b).c.
// More than the grammar: the empty text is the unit 1, and an annotation may follow a number, as UCUM's own list of examples has it
//         (/100{WBCs}). Less: a number is not 0, which the text of the specification says and its grammar does not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/ucum/table.h"

namespace tk::ucum {

inline constexpr size_t kCodeLengthMax = 256;
inline constexpr int kDepthMax = 16;            // parentheses within parentheses
inline constexpr size_t kNumberLengthMax = 18;  // digits of a number in a unit
inline constexpr int kPowerMax = 9999;          // of an exponent, without its sign

struct Component;
/// Components in order; `divides` of each says what stands before it ("/" or "."; for the first: a "/" in front).
struct Term {
  std::vector<Component> components;
};

struct Component {
  enum class Kind : uint8_t { kSymbol, kNumber, kGroup, kAnnotation };
  Kind kind = Kind::kSymbol;
  bool divides = false;
  Table::Symbol symbol;         // kSymbol
  int exponent = 1;             // kSymbol
  uint64_t number = 1;          // kNumber
  std::string_view annotation;  // with its braces, or empty; points into the text that was read
  Term group;                   // kGroup
};

/// Errors: kInvalid with "character N: ..." and how to mend it; kTooLarge over a limit above. Texts of annotations are never repeated.
Result<Term> ParseExpression(std::string_view text, CodeCase letters);

}  // namespace tk::ucum
