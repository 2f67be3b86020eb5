#include <gtest/gtest.h>

#include "kernel/view/directory.h"

namespace tk::view {
namespace {

TEST(AreaRange, SubtreeOfACounty) {
  const auto range = AreaRange("380102");
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->first, 380102000000u);
  EXPECT_EQ(range->second, 380103000000u);
}

TEST(AreaRange, VillageIsOneCode) {
  const auto range = AreaRange("380102001002");
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->second - range->first, 1u);
}

TEST(AreaRange, RefusesOtherLengthsAndLetters) {
  for (const char* bad : {"", "3", "380", "38010", "3801020", "38010200100x", "3801020010021", "3x", "-1"}) {
    EXPECT_FALSE(AreaRange(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tk::view
