#include "kernel/person/divisions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kernel/person/identifier.h"
#include "kernel/person/linkage/intake.h"

namespace tk::person {
namespace {

TEST(DivisionsTest, CurrentWithdrawnAndNeverListed) {
  const auto known = KnownDivisions();
  EXPECT_GT(known.size(), 3500u);
  EXPECT_TRUE(std::is_sorted(known.begin(), known.end()));
  EXPECT_TRUE(std::adjacent_find(known.begin(), known.end()) == known.end());
  EXPECT_FALSE(IsWithdrawnDivision(110101));
  EXPECT_EQ(ListsOf(110101).first, 200212u);
  EXPECT_TRUE(IsWithdrawnDivision(110103)) << "Chongwen, joined to Dongcheng in 2010";
  EXPECT_EQ(ListsOf(110103).last, 200912u);
  EXPECT_EQ(ListsOf(441900).first, 200212u) << "a city without counties";
  EXPECT_EQ(ListsOf(110199).last, 0u);
  EXPECT_FALSE(IsWithdrawnDivision(110199));
}

TEST(DivisionsTest, AResidentNumberOfNoListedCountyIsToldAndNotRefused) {
  IdContext context;
  context.divisions = KnownDivisions();
  const auto of = [&](std::string_view division) {
    std::string number = std::string(division) + "1990" + "0101001";
    number.push_back(ResidentCheckDigit(number));
    return Classify(number, IdKind::kResidentId, context);
  };
  for (const std::string_view listed : {"110101", "110103"})
    EXPECT_FALSE(of(listed).remarks.Has(Remark::kDivisionNotListed)) << listed;
  const Identifier strange = of("110199");
  EXPECT_TRUE(strange.remarks.Has(Remark::kDivisionNotListed));
  EXPECT_FALSE(strange.remarks.faults());
  EXPECT_EQ(strange.grade, Grade::kChecked) << "it may be older than the lists";
  EXPECT_FALSE(of("380102").remarks.Has(Remark::kDivisionNotListed)) << "nobody's, by agreement";
}

// The lists begin with the end of 2002: who was born before may have a number of a division that was gone by then.
TEST(DivisionsTest, ANumberOfADivisionThatNeverWasIsWeakerAndStillCounts) {
  const auto grade_of = [](std::string_view division, std::string_view born) {
    std::string number = std::string(division) + std::string(born) + "001";
    number.push_back(ResidentCheckDigit(number));
    linkage::PatientText text;
    text.ids.push_back({number, IdKind::kResidentId, 0});
    const linkage::Record record = linkage::ReadPatient(text);
    return record.ids.size() == 1 ? record.ids[0].id.grade : Grade::kNothing;
  };
  EXPECT_EQ(grade_of("110199", "20050102"), Grade::kConverted);
  EXPECT_EQ(grade_of("110199", "19900102"), Grade::kChecked) << "it may be older than the lists";
  EXPECT_EQ(grade_of("110101", "20050102"), Grade::kChecked);
  EXPECT_EQ(grade_of("380102", "20050102"), Grade::kChecked) << "nobody's, by agreement";
}

}  // namespace
}  // namespace tk::person
