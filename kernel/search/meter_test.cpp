// What searches under way keep on their way has one limit, however many they are.
#include "kernel/search/meter.h"

#include <gtest/gtest.h>

namespace tk::search {
namespace {

bool KeepSome(Meter* meter, int count) {
  static const std::string what = "code";
  for (int i = 0; i < count; ++i) {
    if (!meter->Keep(what)) return false;
  }
  return true;
}

TEST(Meters, ShareWhatTheyMayKeep) {
  Kept all(10'000);
  {
    Meter first(0, all), second(0, all), third(0, all);
    EXPECT_TRUE(KeepSome(&first, 10'000));
    EXPECT_TRUE(KeepSome(&second, 5'000));
    EXPECT_FALSE(KeepSome(&second, 1));
    EXPECT_EQ(second.status().error().code, ErrorCode::kBusy) << "others keep so much, not it";
    EXPECT_TRUE(KeepSome(&third, 2'000)) << "whoever begins finds room";
    EXPECT_FALSE(KeepSome(&first, 1));
    EXPECT_EQ(first.status().error().code, ErrorCode::kTooLarge);
  }
  EXPECT_EQ(all.now(), 0U);
  Meter alone(0, all);
  EXPECT_TRUE(KeepSome(&alone, 10'000));
  EXPECT_FALSE(KeepSome(&alone, 1));
  EXPECT_EQ(alone.kept(), all.alone_max());
}

}  // namespace
}  // namespace tk::search
