#include "server/open.h"

#include <gtest/gtest.h>

namespace tk::server {
namespace {

view::ViewState Search(uint64_t entries, std::string failure = {}) {
  view::ViewState state;
  state.name = "search";
  state.kind = view::ViewState::Kind::kBuilding;
  state.entries = entries;
  state.entries_wanted = 1000;
  state.failure = std::move(failure);
  return state;
}

TEST(WaitUntilReady, WhatMovesIsWaitedFor) {
  uint64_t looks = 0;
  const Status waited =
      WaitUntilReady([&] { return looks >= 5; }, [&] { return std::vector{Search(++looks)}; }, 60'000);
  EXPECT_TRUE(waited.ok());
  EXPECT_EQ(looks, 5u);
}

TEST(WaitUntilReady, WhatStandsStillIsToldWithWhatTheViewsSay) {
  const Status waited = WaitUntilReady([] { return false; },
                                       [] { return std::vector{Search(7, "no space left on device")}; }, 1);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
  for (const char* part : {"search: building", "7 of 1000", "no space left on device"})
    EXPECT_NE(waited.error().external.find(part), std::string::npos) << waited.error().external;
}

}  // namespace
}  // namespace tk::server
