// _total=estimate is no more than there are, and says that it is one.
#include <gtest/gtest.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

TEST(Total, IsNeverEstimatedAboveWhatThereIs) {
  House house;
  std::string codes, asked;
  for (int i = 0; i < 10; ++i) {
    codes += std::string(i == 0 ? "" : ",") + R"({"system":"s","code":"c)" + std::to_string(i) + "\"}";
    asked += std::string(i == 0 ? "" : ",") + "c" + std::to_string(i);
  }
  constexpr uint64_t kResources = 900;  // of which each has ten of the entries that are walked
  for (uint64_t i = 0; i < kResources; ++i)
    house.Put(R"({"resourceType":"Observation","id":"o)" + std::to_string(i) +
              R"(","status":"final","code":{"coding":[)" + codes + "]}}");
  house.Delete("Observation", "o1");
  const std::string text = "code=" + asked + "&status:not=amended&_count=1&_total=";
  const auto estimate = house.Ask("Observation", text + "estimate");
  ASSERT_TRUE(estimate.ok()) << estimate.error().ToString();
  EXPECT_EQ(estimate->total, kResources - 1);
  EXPECT_TRUE(estimate->total_estimated);
  const auto accurate = house.Ask("Observation", text + "accurate");
  ASSERT_TRUE(accurate.ok());
  EXPECT_EQ(accurate->total, kResources - 1);
  EXPECT_FALSE(accurate->total_estimated);
  EXPECT_FALSE(house.Ask("Observation", "_id=o2&_total=estimate")->total_estimated) << "it was counted";
}

}  // namespace
}  // namespace tk::search
