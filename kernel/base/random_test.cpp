#include "kernel/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tk {
namespace {

bool IsUuid4(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash && std::string("0123456789abcdef").find(text[i]) == std::string::npos) return false;
  }
  return text[14] == '4' && std::string("89ab").find(text[19]) != std::string::npos;
}

TEST(NewUuid, IsVersion4AndNeverRepeatsAcrossThreads) {
  constexpr size_t kEach = 2000;
  std::array<std::vector<std::string>, 4> made;
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (size_t i = 0; i < kEach; ++i) mine.push_back(NewUuid());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) {
    for (const std::string& id : mine) {
      ASSERT_TRUE(IsUuid4(id)) << id;
      all.insert(id);
    }
  }
  EXPECT_EQ(all.size(), kEach * made.size());
}

// The first numbers of splitmix64 from seed 1234567, as its author's reference code prints them.
TEST(SeededRandom, IsSplitmix64) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317ULL);
  EXPECT_EQ(random.Next(), 3203168211198807973ULL);
  EXPECT_EQ(random.Next(), 9817491932198370423ULL);
}

TEST(SeededRandom, BelowCoversTheWholeRangeEvenly) {
  SeededRandom random(7);
  std::array<int, 10> counts{};
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t n = random.Below(counts.size());
    ASSERT_LT(n, counts.size());
    ++counts[n];
  }
  for (const int count : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
  EXPECT_EQ(random.Below(1), 0u);
}

TEST(SeededRandom, UnitStaysInItsInterval) {
  SeededRandom random(11);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double u = random.Unit();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(SystemRandom, FillsTheWholeSpan) {
  std::array<uint8_t, 64> seen{};
  for (int round = 0; round < 20; ++round) {
    std::array<uint8_t, 64> bytes{};
    SystemRandom(bytes);
    for (size_t i = 0; i < bytes.size(); ++i) seen[i] = static_cast<uint8_t>(seen[i] | bytes[i]);
  }
  for (const uint8_t byte : seen) EXPECT_NE(byte, 0);
}

}  // namespace
}  // namespace tk
