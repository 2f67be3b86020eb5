#include "kernel/http/byte_budget.h"

#include <gtest/gtest.h>

namespace tk::http {
namespace {

constexpr uint64_t kMegabyte = uint64_t{1} << 20;

TEST(ByteBudget, CountsWhatIsLargeAndGivesItBack) {
  ByteBudget budget(8 * kMegabyte);
  {
    ByteHold small(&budget), large(&budget);
    EXPECT_TRUE(small.Reach("li", ByteBudget::kCounted));
    EXPECT_EQ(budget.taken(), 0u);
    EXPECT_TRUE(large.Reach("li", 2 * kMegabyte));
    EXPECT_TRUE(large.Reach("li", 3 * kMegabyte));  // in all
    EXPECT_TRUE(large.Reach("li", 1 * kMegabyte));
    EXPECT_EQ(budget.taken(), 3 * kMegabyte);
    large.Shrink(2 * kMegabyte);
    EXPECT_EQ(budget.taken(), 2 * kMegabyte);
    large.Release();
    EXPECT_EQ(budget.taken(), 0u);
    EXPECT_TRUE(large.Reach("li", 4 * kMegabyte));
  }
  EXPECT_EQ(budget.taken(), 0u);
}

TEST(ByteBudget, AnAccountHasWhatIsLeftFree) {
  ByteBudget budget(8 * kMegabyte);
  ByteHold a(&budget), b(&budget), c(&budget), d(&budget);
  EXPECT_TRUE(a.Reach("li", 4 * kMegabyte));
  EXPECT_TRUE(budget.IsFull("li"));
  EXPECT_FALSE(budget.IsFull("wang"));
  EXPECT_FALSE(b.Reach("li", kMegabyte));
  EXPECT_FALSE(a.Reach("li", 5 * kMegabyte));
  EXPECT_EQ(budget.taken(), 4 * kMegabyte) << "a refusal holds nothing";
  EXPECT_FALSE(budget.HasRoom("wang", 3 * kMegabyte));
  EXPECT_TRUE(budget.HasRoom("wang", 2 * kMegabyte));
  EXPECT_TRUE(c.Reach("wang", 2 * kMegabyte));
  EXPECT_TRUE(d.Reach("zhao", kMegabyte)) << "there is room for whoever comes anew";
  a.Release();
  EXPECT_FALSE(budget.IsFull("li"));
  EXPECT_TRUE(c.Reach("wang", 3 * kMegabyte));
}

TEST(ByteBudget, WhatCannotBeRefusedIsCounted) {
  ByteBudget budget(4 * kMegabyte);
  ByteHold a(&budget), b(&budget);
  a.ReachAnyhow("li", 6 * kMegabyte);
  EXPECT_EQ(budget.taken(), 6 * kMegabyte);
  EXPECT_TRUE(budget.IsFull("li"));
  EXPECT_FALSE(budget.IsFull("wang")) << "has nothing to read first";
  EXPECT_FALSE(b.Reach("wang", kMegabyte));
}

}  // namespace
}  // namespace tk::http
