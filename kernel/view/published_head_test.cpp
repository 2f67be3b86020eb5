#include "kernel/view/published_head.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tk::view {
namespace {

TEST(PublishedHead, NobodySeesHalfOfAPosition) {
  PublishedHead head({7, 21});
  EXPECT_EQ(head.Get().t, 7u);
  EXPECT_EQ(head.Get().end_ordinal, 21u);
  constexpr uint64_t kLast = 200'000;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&head] {
      for (uint64_t t = 0; t < kLast;) {
        const Position now = head.Get();
        ASSERT_EQ(now.end_ordinal, 3 * now.t);
        ASSERT_GE(now.t, t) << "it never goes back";
        t = now.t;
      }
    });
  }
  for (uint64_t t = 8; t <= kLast; ++t) head.Set({t, 3 * t});
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace tk::view
