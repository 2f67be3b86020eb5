#include "kernel/interaction/cursors.h"

#include <gtest/gtest.h>

namespace tk::interaction {
namespace {

Cursor Of(std::string account, uint64_t offset) {
  Cursor cursor;
  cursor.account = std::move(account);
  cursor.offset = offset;
  return cursor;
}

TEST(Cursors, GiveBackWhatWasKept) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 100'000, 600 * kSecondUs);
  const std::string a = cursors.Keep(Of("li", 7)), b = cursors.Keep(Of("li", 8));
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), 32u);
  EXPECT_EQ((*cursors.Find(a, "li"))->offset, 7u);
  EXPECT_EQ((*cursors.Find(b, "li"))->offset, 8u);
  EXPECT_EQ((*cursors.Find(a, "li"))->offset, 7u) << "the same page may be asked twice";
}

TEST(Cursors, ExpireAfterTheirLastUse) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 100'000, 600 * kSecondUs);
  const std::string handle = cursors.Keep(Of("li", 7));
  clock.Advance(599 * kSecondUs);
  EXPECT_TRUE(cursors.Find(handle, "li").ok());
  clock.Advance(599 * kSecondUs);
  EXPECT_TRUE(cursors.Find(handle, "li").ok()) << "use prolongs";
  clock.Advance(601 * kSecondUs);
  const auto gone = cursors.Find(handle, "li");
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, ErrorCode::kGone);
}

TEST(Cursors, AreOneAccountsOnly) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 100'000, 600 * kSecondUs);
  const std::string handle = cursors.Keep(Of("li", 7));
  EXPECT_FALSE(cursors.Find(handle, "wang").ok());
  EXPECT_FALSE(cursors.Find("nothing", "li").ok());
}

TEST(Cursors, TheLeastUsedGoFirst) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 3 * MemoryBytes(Of("li", 1)), 600 * kSecondUs);
  const std::string a = cursors.Keep(Of("li", 1)), b = cursors.Keep(Of("li", 2)),
                    c = cursors.Keep(Of("li", 3));
  EXPECT_TRUE(cursors.Find(a, "li").ok());
  const std::string d = cursors.Keep(Of("li", 4));
  EXPECT_FALSE(cursors.Find(b, "li").ok());
  for (const std::string& kept : {a, c, d}) EXPECT_TRUE(cursors.Find(kept, "li").ok());
}

TEST(Cursors, WhoKeepsMostLosesItsOwnFirst) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 1'000'000, 600 * kSecondUs);
  const std::string of_wang = cursors.Keep(Of("wang", 1));
  search::Query fat;
  fat.criteria.resize(1);
  fat.criteria[0].terms.resize(1000);
  const size_t bytes = search::MemoryBytes(fat);
  EXPECT_GE(bytes, 1000 * sizeof(search::Term));
  const size_t room = 1'000'000 / bytes;
  std::vector<std::string> of_li;
  for (size_t i = 0; i < room + 3; ++i) {
    Cursor cursor = Of("li", i);
    cursor.query = std::make_shared<const search::Query>(fat);
    of_li.push_back(cursors.Keep(std::move(cursor)));
  }
  EXPECT_TRUE(cursors.Find(of_wang, "wang").ok()) << "the oldest of all, but another's";
  EXPECT_FALSE(cursors.Find(of_li[2], "li").ok());
  EXPECT_TRUE(cursors.Find(of_li.back(), "li").ok());
}

TEST(Cursors, WhatExpiredMakesRoomForAll) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 2 * MemoryBytes(Of("li", 1)), 600 * kSecondUs);
  const std::string old = cursors.Keep(Of("wang", 1));
  clock.Advance(601 * kSecondUs);
  const std::string a = cursors.Keep(Of("li", 2)), b = cursors.Keep(Of("li", 3));
  EXPECT_FALSE(cursors.Find(old, "wang").ok());
  EXPECT_TRUE(cursors.Find(a, "li").ok());
  EXPECT_TRUE(cursors.Find(b, "li").ok());
}

}  // namespace
}  // namespace tk::interaction
