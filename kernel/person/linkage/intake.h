// What a source wrote about a patient → a Record of the matcher: read, classified, fillers left out, derived values put in.
// Flow:   a FHIR Patient, a line of CSV, a message → PatientText → ReadPatient → Record → Index
// Rules:  a number says what it is, whatever its field (identifier.h); a resident's number of a woman a generation older than the stated
//         birth date is a newborn's link to its mother, never its own number; a valid number gives birth date and sex where none is stated (but
//         not to a child with its mother's name beside it: the number may be hers); a valid number whose birth date is quite another than the
//         one stated may be lent: it is kept as merely claimed, and speaks neither for certain nor as a contradiction;
//         1900-01-01 and the like are missing; a newborn's name after its mother is no name of its own.
// Errors: none; what cannot be read is left out.
// Cost:   ~2 µs. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/person/linkage/record.h"

namespace tk::person::linkage {

struct PatientText {
  struct NameText {
    std::string text, family, given;  // family and given where the source has them apart
    bool current = true;
  };
  struct IdText {
    std::string value;
    IdKind claimed = IdKind::kNone;
    uint32_t issuer = 0;
  };
  struct AddressText {
    std::string text;
    uint32_t division = 0;
  };
  std::vector<NameText> names;
  std::vector<IdText> ids;
  std::string birth;  // 1990, 1990-01, 1990-01-02
  Sex sex = Sex::kUnknown;
  std::vector<std::string> phones, emails;
  std::vector<AddressText> addresses;
  std::string mother_name;
  std::vector<std::string> mother_phones;
  uint8_t birth_order = 0;
};

Record ReadPatient(const PatientText& text, const IdContext& context = {});

/// For tests and tools that have a name alone; a name that says nothing gives empty texts.
NameValue ReadNameValue(const PatientText::NameText& text);

}  // namespace tk::person::linkage
