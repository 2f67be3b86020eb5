// Numbers of persons and institutions as the state writes them; only those that nobody has.
// Source: resident numbers GB 11643-1999 (ISO 7064 MOD 11-2); credit codes GB 32100-2015 with the organisation code of GB 11714-1997.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/base/clock.h"

namespace tk::city {

/// 18 characters.
using ResidentId = std::array<char, 18>;
inline std::string_view TextOf(const ResidentId& id) { return {id.data(), id.size()}; }

/// The last character of a resident number. `first17`: digits.
char CheckCharacter(std::string_view first17);

/// A place in the register of one division: no two persons of a division share one, whatever their years and sexes, so their numbers differ.
/// Shape:  day 0 … 364 of the year; rank 0 … 495, of which those with rank % 8 == 1 belong to the younger twin of the rank before.
struct RegisterSlot {
  uint16_t day;
  uint16_t rank;
};
inline constexpr uint64_t kSlotsPerDivision = 365 * 434;
/// `index` in [0, kSlotsPerDivision) → its slot; one to one for a `key`. Never a younger twin's rank.
RegisterSlot SlotOf(uint64_t key, uint64_t index);
constexpr bool MayHaveTwin(RegisterSlot slot) { return slot.rank % 8 == 0; }
constexpr RegisterSlot TwinOf(RegisterSlot slot) { return {slot.day, static_cast<uint16_t>(slot.rank + 1)}; }

/// The birth date of a slot in a year; half of those of 28 February are of the 29th in leap years.
CivilDate BirthOf(RegisterSlot slot, int year);
/// `division`: six digits. Sequence numbers 996 … 999, which mark centenarians in short numbers, are never used.
ResidentId ResidentIdOf(std::string_view division, RegisterSlot slot, CivilDate birth, bool male);

/// The number of 15 digits that stood before 1999-10-01: no century, no check character.
std::string ShortResidentId(const ResidentId& id);

/// A unified social credit code. `registrar`: two characters; `division`: six digits; `number` < 100,000,000, of the organisation.
std::string CreditCode(std::string_view registrar, std::string_view division, uint64_t number);

/// Appends year-month-day, as FHIR writes a date.
void AppendDate(CivilDate date, std::string* out);

}  // namespace tk::city
