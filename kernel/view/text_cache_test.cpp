#include "kernel/view/text_cache.h"

#include <gtest/gtest.h>

#include <thread>

namespace tk::view {
namespace {

Engine::TextPtr TextOf(Ordinal ordinal, OwnerNumber owner, std::string json) {
  return std::make_shared<const Engine::Text>(Engine::Text{
      {1, "id-" + std::to_string(ordinal), 1, Operation::kCreate, 5, owner, 7}, std::move(json)});
}

bool Has(const TextCache& cache, Ordinal ordinal) { return cache.Find(ordinal) != nullptr; }

TEST(TextCache, GivesBackWhatWasPut) {
  TextCache cache(1 << 20);
  const Engine::TextPtr text = TextOf(3, 9, R"({"a":1})");
  cache.Put(3, text, cache.generation());
  EXPECT_EQ(cache.Find(3), text) << "the same, not a copy";
  cache.Put(3, TextOf(3, 9, "{}"), cache.generation());
  EXPECT_EQ(cache.Find(3), text) << "a version never changes";
  EXPECT_FALSE(Has(cache, 4));
}

TEST(TextCache, StaysWithinItsBytesAndKeepsWhatIsAskedForAgain) {
  constexpr size_t kBytes = 1 << 20;
  TextCache cache(kBytes);
  const std::string text(1000, 'x');
  cache.Put(16, TextOf(16, 1, text), cache.generation());
  for (Ordinal ordinal = 17; ordinal < 20'000; ++ordinal) {
    cache.Put(ordinal, TextOf(ordinal, 1, text), cache.generation());
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
  cache.Put(1, TextOf(1, 1, std::string(1 << 20, 'x')), cache.generation());
  EXPECT_FALSE(Has(cache, 1));
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(TextCache, NothingOfAnErasedPersonIsFoundOrPutBack) {
  TextCache cache(1 << 20);
  for (Ordinal ordinal = 1; ordinal <= 100; ++ordinal)
    cache.Put(ordinal, TextOf(ordinal, ordinal % 2 == 0 ? 8 : 9, "text"), cache.generation());
  const uint64_t before = cache.generation();
  const std::weak_ptr<const Engine::Text> his = cache.Find(2);
  cache.Drop(8);
  EXPECT_TRUE(his.expired()) << "memory has gone with him";
  for (Ordinal ordinal = 1; ordinal <= 100; ++ordinal) EXPECT_EQ(Has(cache, ordinal), ordinal % 2 != 0);
  // Who had opened the text before the key was destroyed comes too late.
  cache.Put(2, TextOf(2, 8, "text"), before);
  EXPECT_FALSE(Has(cache, 2));
}

TEST(TextCache, ManyThreads) {
  TextCache cache(1 << 18);
  std::vector<std::thread> threads;
  for (size_t number = 0; number < 4; ++number) {
    threads.emplace_back([&cache, number] {
      for (Ordinal i = 0; i < 20'000; ++i) {
        const Ordinal ordinal = (i * 7 + number) % 997;
        if (const Engine::TextPtr text = cache.Find(ordinal)) {
          ASSERT_EQ(text->json, std::to_string(ordinal));
        } else {
          const auto owner = static_cast<OwnerNumber>(1 + ordinal % 5);
          cache.Put(ordinal, TextOf(ordinal, owner, std::to_string(ordinal)), cache.generation());
        }
        if (i % 1000 == 0) cache.Drop(static_cast<OwnerNumber>(1 + i / 1000 % 5));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tk::view
