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
  Cursors cursors(&clock, 10, 600 * kSecondUs);
  const std::string a = cursors.Keep(Of("li", 7)), b = cursors.Keep(Of("li", 8));
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), 32u);
  EXPECT_EQ((*cursors.Find(a, "li"))->offset, 7u);
  EXPECT_EQ((*cursors.Find(b, "li"))->offset, 8u);
  EXPECT_EQ((*cursors.Find(a, "li"))->offset, 7u) << "the same page may be asked twice";
}

TEST(Cursors, ExpireAfterTheirLastUse) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 10, 600 * kSecondUs);
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
  Cursors cursors(&clock, 10, 600 * kSecondUs);
  const std::string handle = cursors.Keep(Of("li", 7));
  EXPECT_FALSE(cursors.Find(handle, "wang").ok());
  EXPECT_FALSE(cursors.Find("nothing", "li").ok());
}

TEST(Cursors, TheLeastUsedGoFirst) {
  FixedClock clock(kSecondUs);
  Cursors cursors(&clock, 3, 600 * kSecondUs);
  const std::string a = cursors.Keep(Of("li", 1)), b = cursors.Keep(Of("li", 2)),
                    c = cursors.Keep(Of("li", 3));
  EXPECT_TRUE(cursors.Find(a, "li").ok());
  const std::string d = cursors.Keep(Of("li", 4));
  EXPECT_FALSE(cursors.Find(b, "li").ok());
  for (const std::string& kept : {a, c, d}) EXPECT_TRUE(cursors.Find(kept, "li").ok());
}

}  // namespace
}  // namespace tk::interaction
