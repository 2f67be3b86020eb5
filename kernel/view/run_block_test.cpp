#include "kernel/view/run_block.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/base/random.h"

namespace tk::view {
namespace {

/// Words of many shapes: constant, few, near each other, multiples of a second, all bits, ordinals.
uint64_t WordOf(int shape, size_t i, SeededRandom& random) {
  switch (shape) {
    case 0:
      return 7;
    case 1:
      return random.Next() >> 63 == 0 ? 5 : ~uint64_t{0};
    case 2:
      return (uint64_t{1} << 63) + 1000 * i + random.Below(50);
    case 3:
      return uint64_t{1'700'000'000'000'000} + random.Below(1000) * 1'000'000;
    case 4:
      return random.Next();
    case 5:
      return random.Below(20) == 0 ? random.Next() : random.Below(200);  // a few far out
    case 6:
      return random.Below(1'000'000) | random.Below(3) << 40;
    default:
      return i / 5 << 58 | i % 3;
  }
}
constexpr int kShapes = 8;

Entry16 Make(const uint64_t* w, Entry16*) { return {w[0], w[1]}; }
Entry24 Make(const uint64_t* w, Entry24*) { return {w[0], w[1], w[2]}; }
Entry32 Make(const uint64_t* w, Entry32*) { return {w[0], w[1], w[2], w[3]}; }

template <class Entry>
std::vector<Entry> RandomBlock(SeededRandom& random, bool second_near) {
  std::vector<Entry> entries(1 + random.Below(kBlockEntries));
  if (random.Below(3) == 0) entries.resize(kBlockEntries);
  int shapes[4];
  for (int& shape : shapes) shape = static_cast<int>(random.Below(kShapes));
  for (size_t i = 0; i < entries.size(); ++i) {
    uint64_t words[4];
    for (int w = 0; w < 4; ++w) words[w] = WordOf(shapes[w], i, random);
    if (second_near) words[2] = words[1] + 1'000'000;
    entries[i] = Make(words, static_cast<Entry*>(nullptr));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

template <class Entry>
void RoundTrips(std::vector<RunLayout> layouts) {
  SeededRandom random(11);
  for (int round = 0; round < 4000; ++round) {
    const RunLayout layout = layouts[random.Below(layouts.size())];
    const auto entries = RandomBlock<Entry>(random, random.Below(2) == 0);
    std::vector<uint8_t> bytes{1, 2, 3};
    EncodeBlock(layout, entries.data(), entries.size(), &bytes);
    const size_t end = bytes.size();
    ASSERT_LE(end, 3 + 40 + entries.size() * (sizeof(Entry) + 1)) << "never much longer than the words";
    bytes.resize(end + kBlockSlack, 0xff);
    std::vector<Entry> again(kBlockEntries);
    ASSERT_TRUE(
        DecodeBlock(layout, entries[0], entries.size(), bytes.data() + 3, bytes.data() + end, again.data()));
    again.resize(entries.size());
    ASSERT_EQ(again, entries) << "round " << round;
  }
}

TEST(RunBlock, RoundTrips16) { RoundTrips<Entry16>({RunLayout::kWords, RunLayout::kKeyTime}); }
TEST(RunBlock, RoundTrips24) {
  RoundTrips<Entry24>({RunLayout::kWords, RunLayout::kValueRow, RunLayout::kSecond});
}
TEST(RunBlock, RoundTrips32) { RoundTrips<Entry32>({RunLayout::kWords}); }

TEST(RunBlock, WhatIsAlikeBecomesSmall) {
  std::vector<Entry16> entries;
  for (uint64_t i = 0; i < kBlockEntries; ++i)
    entries.push_back({uint64_t{42} << 40, i * 60 << 40 | (500'000 + i)});
  std::vector<uint8_t> bytes;
  EncodeBlock(RunLayout::kKeyTime, entries.data(), entries.size(), &bytes);
  EXPECT_LT(bytes.size(), entries.size());  // one key, steps that are always the same
  std::vector<Entry24> days;
  for (uint64_t i = 0; i < kBlockEntries; ++i) {
    const uint64_t low = (uint64_t{1} << 63) + i * i % 1000 * 86'400'000'000;
    days.push_back({uint64_t{9} << 40 | i, low, low + 86'400'000'000});
  }
  bytes.clear();
  EncodeBlock(RunLayout::kValueRow, days.data(), days.size(), &bytes);
  EXPECT_LT(bytes.size(), days.size() * 2);
}

/// Every byte made another, and every length cut: read without a fault (the sanitizers watch), and what is too short is refused.
TEST(RunBlock, DamageIsNoFault) {
  SeededRandom random(12);
  for (int round = 0; round < 40; ++round) {
    const auto entries = RandomBlock<Entry24>(random, true);
    std::vector<uint8_t> bytes;
    EncodeBlock(RunLayout::kSecond, entries.data(), entries.size(), &bytes);
    const size_t end = bytes.size();
    Entry24 out[kBlockEntries];
    auto decode = [&](const std::vector<uint8_t>& damaged, size_t size) {
      std::vector<uint8_t> exact(damaged.begin(), damaged.begin() + static_cast<ptrdiff_t>(size));
      exact.resize(size + kBlockSlack);
      return DecodeBlock(RunLayout::kSecond, entries[0], entries.size(), exact.data(), exact.data() + size,
                         out);
    };
    for (size_t at = 0; at < end; ++at) {
      std::vector<uint8_t> damaged = bytes;
      damaged[at] = static_cast<uint8_t>(random.Below(256));
      (void)decode(damaged, end);
      EXPECT_FALSE(decode(bytes, at)) << "cut at " << at;
    }
    EXPECT_TRUE(decode(bytes, end));
    EXPECT_FALSE(DecodeBlock(RunLayout::kSecond, entries[0], entries.size() % kBlockEntries + 1, bytes.data(),
                             bytes.data() + end, out));
  }
}

}  // namespace
}  // namespace tk::view
