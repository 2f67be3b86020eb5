// What is asked of the person index about a row is what it would read of the Patient that is made of it.
#include "kernel/exchange/person_cells.h"

#include <gtest/gtest.h>

#include "kernel/person/patient_record.h"

namespace tk::exchange {
namespace {

std::string PackedOf(const person::linkage::Record& record) {
  std::string packed;
  person::linkage::Pack(record, &packed);
  return packed;
}

TEST(PersonCells, ARowIsSoughtAsItsPatientWouldBeRead) {
  struct Case {
    PersonRow row;
    std::string_view area, address;
  };
  const Case cases[] = {
      {{"王晓芳", "380102198001022223", "", "female", 19800102}, "", ""},
      {{"王晓芳", "380102198001022223", "19900000101", "female", 19800102}, "380102001", "东湖路 12 号 3 室"},
      {{"李 \"明\"", "", "19900000102", "male", 19900304}, "3801", "西街 7 号"},
      {{"Anna Maria", "", "19900000103", "", 19900304}, "380102", ""},
      {{"赵", "", "", "", 0}, "", "北路 1 号"},
  };
  for (const auto& [row, area, address] : cases) {
    const auto patient = fhir::Document::Parse(PatientOf(row, "sought", {}, area, address, {}));
    ASSERT_TRUE(patient.ok());
    EXPECT_EQ(PackedOf(person::linkage::ReadPatient(TextOf(row, area, address))),
              PackedOf(person::ReadPatientRecord(patient->Root())))
        << row.name;
  }
  // The packed bytes tell what a row says.
  EXPECT_NE(PackedOf(person::linkage::ReadPatient(TextOf(cases[1].row, cases[1].area, cases[1].address))),
            PackedOf(person::linkage::ReadPatient(TextOf(cases[1].row, "", cases[1].address))));
}

}  // namespace
}  // namespace tk::exchange
