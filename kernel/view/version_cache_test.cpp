#include "kernel/view/version_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "kernel/base/hash.h"

namespace tk::view {
namespace {

TEST(VersionCache, GivesBackTheLastThatWasPutOrNothing) {
  VersionCache cache;
  EXPECT_EQ(cache.Find(0), 0u) << "an empty slot is no version of the id whose hash is 0";
  cache.Put(5, 77);
  EXPECT_EQ(cache.Find(5), 77u);
  cache.Put(5, 78);
  EXPECT_EQ(cache.Find(5), 78u);
  const uint64_t same_slot = 5 + (uint64_t{1} << 40);
  EXPECT_EQ(cache.Find(same_slot), 0u);
  cache.Put(same_slot, 9);
  EXPECT_EQ(cache.Find(same_slot), 9u);
  EXPECT_EQ(cache.Find(5), 0u);
  cache.Clear();
  EXPECT_EQ(cache.Find(same_slot), 0u);
}

/// Several write and read the same few slots: what is found is always what was put for that id.
TEST(VersionCache, HalvesOfTwoAreNothing) {
  VersionCache cache;
  const auto version_of = [](uint64_t hash, uint64_t round) {
    return Mix(hash) >> 8 << 8 | (1 + round % 200);
  };
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      for (uint64_t i = 0; i < 50'000; ++i) {
        const uint64_t hash = (Mix(i * 4 + number) % 16) << 32 | (i % 3);
        const uint64_t found = cache.Find(hash);
        if (found != 0) {
          ASSERT_EQ(found >> 8, version_of(hash, 0) >> 8);
        }
        cache.Put(hash, version_of(hash, i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tk::view
