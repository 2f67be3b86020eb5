// Who a row of a table is about: name, number, phone, day of birth, gender as people write them, and the Patient that is made of it.
// Rules:  a resident number must be sound (18 characters, the last one checks the others), and says birth and sex. Without one, phone and day of birth must
//         be there: nobody is found by a name alone.
// Source: GB 11643-1999 by kernel/person/identifier.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/exchange/cells.h"
#include "kernel/fhir/value.h"
#include "kernel/person/linkage/intake.h"

namespace tk::exchange {

inline constexpr std::string_view kResidentIdSystem = "http://tongkang.dev/fhir/sid/cn-resident-id";

enum class PersonField : uint8_t { kName, kNumber, kPhone, kBirth, kGender };

/// Heads of the columns, the first as messages call it.
std::span<const std::string_view> HeadsOf(PersonField field);

/// As the cells have them.
struct PersonTexts {
  std::string_view name, number, phone, birth, gender;
};
struct PersonRow {
  std::string name, number, phone;
  std::string_view gender;  // "male", "female", "" if it is not said
  int32_t birth = 0;        // 19900101; 0 if it is not said
};
/// The first thing that is wrong, and how to mend it.
struct PersonFault {
  PersonField field;
  std::string_view text;  // a literal
};
std::optional<PersonFault> ReadPerson(const PersonTexts& texts, PersonRow* row);

/// What tells this person from others in a table: his number, else name, phone and birth.
std::string KeyOf(const PersonRow& row);

/// `before`, or nothing, with what the row says. `area_code`: of the division he lives in; "" leaves it. `address`: as it is written; "" leaves it.
std::string PatientOf(const PersonRow& row, std::string_view id, fhir::Value before,
                      std::string_view area_code, std::string_view address, std::string_view source);

/// What the person index would read of PatientOf(row, …), without making it.
person::linkage::PatientText TextOf(const PersonRow& row, std::string_view area_code,
                                    std::string_view address);

}  // namespace tk::exchange
