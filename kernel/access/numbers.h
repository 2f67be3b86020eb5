// Numbers of persons inside free text: residents' and telephone numbers in the forms that people write, so that masks find what the person index reads.
// Flow:   text → NextNumber, again and again → where it stands and which of its characters are the number → mask.h puts stars
// Finds:  residents' numbers (18 or 15), permits of 18, mobile numbers with or without +86, 0086, 86, landlines with their area code, numbers abroad
//         with a plus; in ASCII, full width or Chinese digits, parted by up to three blanks, dashes, dots, strokes, commas, colons or brackets, signs that
//         nobody sees among them; mobile numbers also digit by digit. Passports and other permits have no form
//         of their own: they are masked where an element says that they are one.
// Not:    dates, codes, quantities. A number in one piece is taken by its form alone; one that is parted needs more (a province, parts of three digits
//         or more), and object identifiers (1.2.156.…) are left.
// Source: person/identifier.h says which forms there are, and judges telephone numbers.
// Cost:   one look at each byte where there is no number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tk::access {

/// Shortest number in bytes (abroad, with its plus).
inline constexpr size_t kNumberBytesMin = 8;

/// False: there is none in `text`, which may be a whole JSON document. True in doubt.
bool MayHoldNumber(std::string_view text);

/// Three Chinese digits in a row, whatever parts them: where a number is asked for piece by piece.
bool HasHanDigits(std::string_view text);

/// Stars where digits of a number were, beside digits that were left, or so many that a whole number was: what a mask leaves, whatever parts it.
bool HoldsMaskedNumber(std::string_view text);

struct NumberFound {
  /// One digit (or X), as it stands in the text.
  struct Place {
    size_t at = 0;
    size_t bytes = 1;
  };
  static constexpr size_t kDigitsMax = 18;
  bool is_resident = false;  // else a telephone
  size_t count = 0;          // of the number without what is dialled before it
  std::array<Place, kDigitsMax> places{};
};

/// The first number at or behind `from`; `*next`: from where to look on.
std::optional<NumberFound> NextNumber(std::string_view text, size_t from, size_t* next);

}  // namespace tk::access
