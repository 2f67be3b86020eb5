#include "kernel/person/divisions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kernel/person/identifier.h"

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

}  // namespace
}  // namespace tk::person
