#include "kernel/view/run_filter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/base/random.h"

namespace tk::view {
namespace {

/// Words as they come: spread evenly, all small, all with the same low half, all with the same high half.
uint64_t WordOf(int shape, SeededRandom& random) {
  const uint64_t word = random.Next();
  switch (shape) {
    case 0:
      return word;
    case 1:
      return word % 5000;
    case 2:
      return word >> 32 << 32;
    default:
      return (word & 0xffffffff) | uint64_t{77} << 32;
  }
}

TEST(RunFilter, NeverDeniesWhatIsThere) {
  SeededRandom random(21);
  for (int round = 0; round < 60; ++round) {
    std::vector<uint64_t> words(1 + random.Below(3000));
    for (uint64_t& word : words) word = WordOf(round % 4, random);
    words.push_back(0);
    words.push_back(~uint64_t{0});
    std::sort(words.begin(), words.end());
    // Room for fewer than there are, and for more: the filter is less sharp then, or larger, and as true.
    for (const size_t room : {size_t{0}, words.size() / 3, words.size(), words.size() * 2}) {
      RunFilterBuilder builder(room);
      for (uint64_t word : words) builder.Add(word);
      for (uint64_t word : words) ASSERT_TRUE(builder.filter().MayHave(word)) << word;
    }
  }
}

TEST(RunFilter, DeniesNearlyAllThatIsNotThere) {
  SeededRandom random(22);
  constexpr size_t kWords = 100'000;
  std::vector<uint64_t> words(kWords);
  for (uint64_t& word : words) word = random.Next();
  std::sort(words.begin(), words.end());
  RunFilterBuilder builder(kWords);
  for (uint64_t word : words) {
    builder.Add(word);
    builder.Add(word);  // a second version of the same id
  }
  EXPECT_EQ(builder.words(), kWords);
  EXPECT_LE(builder.blocks().size() * sizeof(FilterBlock), kWords * 5 / 4 + sizeof(FilterBlock));
  size_t perhaps = 0;
  for (size_t i = 0; i < kWords; ++i) perhaps += builder.filter().MayHave(random.Next()) ? 1 : 0;
  EXPECT_LT(perhaps, kWords / 50);
  EXPECT_GT(perhaps, 0u) << "then the measure is wrong";
}

TEST(RunFilter, NoneSaysPerhaps) {
  EXPECT_TRUE(RunFilter().MayHave(1));
  EXPECT_FALSE(RunFilter().exists());
  RunFilterBuilder nothing;
  nothing.Add(1);
  EXPECT_TRUE(nothing.blocks().empty());
  EXPECT_TRUE(nothing.filter().MayHave(2));
}

}  // namespace
}  // namespace tk::view
