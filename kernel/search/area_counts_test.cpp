#include "kernel/search/area_counts.h"

#include <gtest/gtest.h>

namespace tk::search {
namespace {

const AreaCounts::Key kKey{77, 0};
const view::Scope kFive{false, 5, 6, 0};

TEST(AreaCounts, SharesKnowTheAreasOfAScope) {
  const AreaShares shares =
      SharesOf({{7, 1}, {5, 2}, {view::kAreaPublic, 10}, {5, 1}, {view::kAreaUnknown, 4}, {9, -1}});
  EXPECT_EQ(InAreas(shares, kFive), 13);
  EXPECT_EQ(InAreas(shares, {false, 5, 8, 0}), 14);
  EXPECT_EQ(InAreas(shares, {false, 6, 7, 0}), 10);
  EXPECT_EQ(InAreas(shares, {false, 0, 0, 0}), 10);    // no area: what is open to all
  EXPECT_EQ(InAreas(shares, {false, 0, 100, 0}), 17);  // everything, and once
  EXPECT_EQ(InAreas(shares, {}), 17);
  EXPECT_EQ(InAreas({}, kFive), 0);
}

TEST(AreaCounts, WhatIsHiddenIsLeftOutOfQuestionsForContent) {
  const uint64_t hidden = view::kAreaHiddenBit;
  const AreaShares shares = SharesOf({{5, 2},
                                      {5 | hidden, 1},
                                      {7, 4},
                                      {7 | hidden, 8},
                                      {view::kAreaPublic, 16},
                                      {view::kAreaPublic | hidden, 32},
                                      {view::kAreaByContext, 64}});
  view::Scope five = kFive, wide{false, 0, 100, 0}, all;
  EXPECT_EQ(InAreas(shares, five), 2 + 1 + 16 + 32);
  EXPECT_EQ(InAreas(shares, wide), 63);
  EXPECT_EQ(InAreas(shares, all), 63);
  for (view::Scope* scope : {&five, &wide, &all}) {
    scope->hidden = std::make_shared<const view::HiddenSight>();
    const int64_t listed = InAreas(shares, *scope);
    EXPECT_EQ(listed, scope == &five ? 51 : 63) << "that they are there is seen";
    *scope = scope->ByContent();
  }
  EXPECT_EQ(InAreas(shares, five), 2 + 16);
  EXPECT_EQ(InAreas(shares, wide), 2 + 4 + 16);
  EXPECT_EQ(InAreas(shares, all), 2 + 4 + 16);
}

TEST(AreaCounts, MergedWindowsAreTiledAndGapsAreMissing) {
  AreaCounts counts(1 << 20, 0);
  const AreaCounts::Window a{1, 10}, b{10, 20}, c{20, 40}, merged{1, 20}, all{1, 40}, other{5, 25};
  EXPECT_FALSE(counts.Sum(kKey, 1, {&a, 1}, kFive).tracked);
  counts.Keep(kKey, 1, b, SharesOf({{5, 2}, {6, 1}}));
  counts.Keep(kKey, 1, a, SharesOf({{5, 1}}));
  const auto both = counts.Sum(kKey, 1, {&merged, 1}, kFive);
  EXPECT_EQ(both.sum, 3);
  EXPECT_TRUE(both.missing.empty());
  const auto gap = counts.Sum(kKey, 1, {&all, 1}, kFive);
  EXPECT_TRUE(gap.tracked);
  EXPECT_EQ(gap.missing, std::vector<AreaCounts::Window>{all});
  counts.Keep(kKey, 1, c, SharesOf({{5, -1}}));
  EXPECT_EQ(counts.Sum(kKey, 1, {&all, 1}, kFive).sum, 2);
  EXPECT_EQ(counts.Sum(kKey, 1, {&other, 1}, kFive).missing, std::vector<AreaCounts::Window>{other});
  counts.Keep(kKey, 1, other, SharesOf({{5, 100}}));  // what overlaps it gives way
  EXPECT_EQ(counts.Sum(kKey, 1, {&all, 1}, kFive).missing, std::vector<AreaCounts::Window>{all});
  EXPECT_EQ(counts.Sum(kKey, 1, {&other, 1}, kFive).sum, 100);
}

TEST(AreaCounts, AWindowWithoutAPositionIsNeverKept) {
  AreaCounts counts(1 << 20, 0);
  const std::vector<AreaCounts::Window> windows = {{1, 5}, {5, 5}, {5, 9}};
  for (size_t i = 0; i < windows.size(); ++i)
    counts.Keep(kKey, 1, windows[i], SharesOf({{5, static_cast<int64_t>(i) + 1}}));
  for (int again = 0; again < 2; ++again) {
    const auto known = counts.Sum(kKey, 1, windows, kFive);
    EXPECT_EQ(known.sum, 4);
    EXPECT_EQ(known.missing, std::vector<AreaCounts::Window>{windows[1]});
  }
  // Before the first, after the last, and when nothing else is kept.
  for (const uint64_t at : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{9}, uint64_t{20}}) {
    const AreaCounts::Window none{at, at};
    EXPECT_EQ(counts.Sum(kKey, 1, {&none, 1}, kFive).missing.size(), 1u);
  }
  const AreaCounts::Window all{1, 9};
  EXPECT_EQ(counts.Sum(kKey, 1, {&all, 1}, kFive).sum, 4);
}

TEST(AreaCounts, ANewGenerationForgetsTheFormer) {
  AreaCounts counts(1 << 20, 0);
  const AreaCounts::Window a{1, 10}, b{10, 20};
  counts.Keep(kKey, 1, a, SharesOf({{5, 1}}));
  EXPECT_EQ(counts.Sum(kKey, 2, {&a, 1}, kFive).missing.size(), 1u);
  counts.Keep(kKey, 2, b, SharesOf({{5, 3}}));
  EXPECT_EQ(counts.Sum(kKey, 2, {&a, 1}, kFive).missing.size(), 1u);
  EXPECT_EQ(counts.Sum(kKey, 2, {&b, 1}, kFive).sum, 3);
  counts.Keep(kKey, 1, a, SharesOf({{5, 1}}));  // somebody was late
  EXPECT_EQ(counts.Sum(kKey, 2, {&a, 1}, kFive).missing.size(), 1u);
}

TEST(AreaCounts, MemoryIsBounded) {
  constexpr size_t kBytesMax = 100'000;
  AreaCounts counts(kBytesMax, 0);
  const AreaCounts::Window a{1, 10};
  std::vector<std::pair<uint64_t, int64_t>> numbers;
  for (uint64_t area = 10; area < 110; ++area) numbers.emplace_back(area, 1);
  for (uint64_t word = 0; word < 1000; ++word) {
    counts.Keep({word, 0}, 1, a, SharesOf(numbers));
    EXPECT_LE(counts.memory_bytes(), kBytesMax + 20'000);
    EXPECT_EQ(counts.Sum({word, 0}, 1, {&a, 1}, {false, 10, 20, 0}).sum, 10);
  }
  EXPECT_FALSE(
      counts.Sum({0, 0}, 1, {&a, 1}, kFive).tracked);  // what was not asked for the longest time went
}

}  // namespace
}  // namespace tk::search
