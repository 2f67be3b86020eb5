// Readers beside the writer and the merges.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

constexpr uint64_t kArea = 100;

/// Of the patient with that number, with code x.
std::string Observation(int patient, const char* when, int value) {
  return fmt::format(
      R"({{"resourceType":"Observation","id":"{0}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"x"}}]}},)"
      R"("subject":{{"reference":"Patient/{0}"}},"effectiveDateTime":"{1}","valueInteger":{2}}})",
      patient, when, value);
}

TEST(IndexReaders, AreRightWhileTheWriterGoesOn) {
  IndexOptions options;
  options.count_alone_max = 0;
  House house(options);
  constexpr int kPatients = 8;
  // Every patient has exactly one observation with code x at every position: it is updated again and again. Half of them live in the area.
  auto owner_of = [](int patient) { return static_cast<view::OwnerNumber>(1 + patient % 2); };
  house.directory.SetArea(1, kArea);
  for (int i = 0; i < kPatients; ++i) house.Put(Observation(i, "2020-01-01", 1), owner_of(i));
  std::atomic<uint64_t> t{house.t}, end{house.next};
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0}, answered{0};
  const auto query = ParseQuery(*house.definitions, house.definitions->FindType("Observation"),
                                "code=x&_total=accurate", {});
  const auto one =
      ParseQuery(*house.definitions, house.definitions->FindType("Observation"), "code=x&patient=3", {});
  ASSERT_TRUE(query.ok() && one.ok());
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!stop) {
        PageRequest request;
        request.position = {t.load(), end.load()};
        const auto all = house.index->Search(*query, request);
        const auto single = house.index->Search(*one, request);
        request.scope = {false, kArea, kArea + 1, 0};
        if (house.index->Count(*query, request).value() != kPatients / 2) ++wrong;
        if (!all.ok() || all->ordinals.size() != kPatients || all->total != kPatients || !single.ok() ||
            single->ordinals.size() != 1)
          ++wrong;
        ++answered;
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      if (!house.index->Maintain()) std::this_thread::yield();
    }
  });
  for (int round = 0; round < 600 || answered < 10; ++round) {
    house.Put(Observation(round % kPatients, round % 2 == 0 ? "2020-01-01" : "2021-01-01", round),
              owner_of(round % kPatients));
    end = house.next;  // an end without its t is still a position; readers use the end alone
    t = house.t;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(answered, 0);
}

}  // namespace
}  // namespace tk::search
