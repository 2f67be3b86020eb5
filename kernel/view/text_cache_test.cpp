#include "kernel/view/text_cache.h"

#include <gtest/gtest.h>

#include <thread>

namespace tk::view {
namespace {

Engine::Header HeaderOf(Ordinal ordinal, OwnerNumber owner) {
  return {1, "id-" + std::to_string(ordinal), 1, Operation::kCreate, 5, owner, 7};
}

bool Has(const TextCache& cache, Ordinal ordinal) {
  Engine::Header header;
  std::string text;
  return cache.Find(ordinal, &header, &text);
}

TEST(TextCache, GivesBackWhatWasPut) {
  TextCache cache(1 << 20);
  cache.Put(3, HeaderOf(3, 9), R"({"a":1})", cache.generation());
  Engine::Header header;
  std::string text = "before ";
  ASSERT_TRUE(cache.Find(3, &header, &text));
  EXPECT_EQ(text, R"(before {"a":1})");
  EXPECT_EQ(header.id, "id-3");
  EXPECT_EQ(header.owner, 9u);
  EXPECT_FALSE(Has(cache, 4));
}

TEST(TextCache, StaysWithinItsBytesAndKeepsWhatIsAskedForAgain) {
  constexpr size_t kBytes = 1 << 20;
  TextCache cache(kBytes);
  const std::string text(1000, 'x');
  cache.Put(16, HeaderOf(16, 1), text, cache.generation());
  for (Ordinal ordinal = 17; ordinal < 20'000; ++ordinal) {
    cache.Put(ordinal, HeaderOf(ordinal, 1), text, cache.generation());
    if (ordinal % 100 == 0) {
      ASSERT_TRUE(Has(cache, 16)) << ordinal;
    }
    ASSERT_LE(cache.bytes(), kBytes);
  }
  EXPECT_TRUE(Has(cache, 19'999));
  EXPECT_FALSE(Has(cache, 17));
}

TEST(TextCache, TakesNoGiants) {
  TextCache cache(1 << 20);
  cache.Put(1, HeaderOf(1, 1), std::string(1 << 20, 'x'), cache.generation());
  EXPECT_FALSE(Has(cache, 1));
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(TextCache, NothingOfAnErasedPersonIsFoundOrPutBack) {
  TextCache cache(1 << 20);
  for (Ordinal ordinal = 1; ordinal <= 100; ++ordinal)
    cache.Put(ordinal, HeaderOf(ordinal, ordinal % 2 == 0 ? 8 : 9), "text", cache.generation());
  const uint64_t before = cache.generation();
  cache.Drop(8);
  for (Ordinal ordinal = 1; ordinal <= 100; ++ordinal) EXPECT_EQ(Has(cache, ordinal), ordinal % 2 != 0);
  // Who had opened the text before the key was destroyed comes too late.
  cache.Put(2, HeaderOf(2, 8), "text", before);
  EXPECT_FALSE(Has(cache, 2));
}

TEST(TextCache, ManyThreads) {
  TextCache cache(1 << 18);
  std::vector<std::thread> threads;
  for (size_t number = 0; number < 4; ++number) {
    threads.emplace_back([&cache, number] {
      for (Ordinal i = 0; i < 20'000; ++i) {
        const Ordinal ordinal = (i * 7 + number) % 997;
        Engine::Header header;
        std::string text;
        if (cache.Find(ordinal, &header, &text)) {
          ASSERT_EQ(text, std::to_string(ordinal));
        } else {
          cache.Put(ordinal, HeaderOf(ordinal, static_cast<OwnerNumber>(1 + ordinal % 5)),
                    std::to_string(ordinal), cache.generation());
        }
        if (i % 1000 == 0) cache.Drop(static_cast<OwnerNumber>(1 + i / 1000 % 5));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tk::view
