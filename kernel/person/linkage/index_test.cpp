// An index that was filled at once is the one that was filled one by one.
#include "kernel/person/linkage/index.h"

#include <gtest/gtest.h>

#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person::linkage {
namespace {

std::string HitsOf(const Index& index, Entry entry) {
  MatchScratch scratch;
  std::vector<MatchHit> hits;
  index.Match(index.View(entry), Verdict::kPossible, &scratch, &hits);
  std::string told;
  for (const MatchHit& hit : hits)
    told += std::to_string(hit.entry) + " " + std::to_string(hit.scored.bits) + ", ";
  return told;
}

void FillAndCompare(uint32_t persons) {
  Index one_by_one(CityModel(), ResidentRules()), at_once(CityModel(), ResidentRules());
  at_once.BeginFill();
  std::vector<Place> places;
  for (uint32_t i = 0; i < persons; ++i) {
    std::string packed;
    // Several to a name, so that keys are shared; every fifth on bytes that another keeps.
    Pack(TestPerson("王", "芳" + std::to_string(i % (persons / 4)), 19800102, 1 + i / 2), &packed);
    one_by_one.AddPacked(packed);
    if (i % 5 == 0)
      at_once.AddShared(at_once.packed().Keep(packed));
    else
      at_once.AddPacked(packed);
  }
  at_once.EndFill(3);
  size_t hits = 0;
  for (Entry entry = 0; entry < persons; entry += 1 + persons / 500) {
    const std::string told = HitsOf(at_once, entry);
    hits += told.size();
    ASSERT_EQ(told, HitsOf(one_by_one, entry)) << entry;
  }
  EXPECT_GT(hits, size_t{persons} / (1 + persons / 500) * 4);
  one_by_one.Settle();
  EXPECT_EQ(at_once.memory().postings, one_by_one.memory().postings);
}

TEST(IndexTest, FilledAtOnceIsWhatItIsOneByOne) {
  for (const uint32_t persons : {8U, 300U, 6000U}) FillAndCompare(persons);
}

TEST(IndexTest, WhatIsLeftOutEarlyWouldNotHaveReachedTheVerdict) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(400, 12, &whose);
  Index index(CityModel(), ResidentRules());
  for (const Record& record : records) index.Add(record);
  MatchScratch scratch;
  std::vector<MatchHit> all, asked;
  size_t left_out = 0;
  for (Entry entry = 0; entry < index.size(); ++entry) {
    // Everything is compared to the end where anything will do.
    index.Match(index.View(entry), Verdict::kDifferent, &scratch, &all);
    for (const Verdict at_least : {Verdict::kPossible, Verdict::kProbable, Verdict::kCertain}) {
      index.Match(index.View(entry), at_least, &scratch, &asked);
      std::vector<std::pair<Entry, double>> expected, found;
      for (const MatchHit& hit : all) {
        if (hit.scored.verdict >= at_least)
          expected.emplace_back(hit.entry, hit.scored.bits);
        else
          ++left_out;
      }
      for (const MatchHit& hit : asked) found.emplace_back(hit.entry, hit.scored.bits);
      ASSERT_EQ(found, expected) << entry;
    }
  }
  EXPECT_GT(left_out, 1000u);
}

TEST(IndexTest, EntriesThatAreGoneMakeNoKeyOneOfTooMany) {
  constexpr size_t kPhonePass = 3;
  ASSERT_EQ(CityModel().passes[kPhonePass].parts, std::vector<KeyPart>{KeyPart::kPhone});
  Index index(CityModel(), ResidentRules());
  const auto add = [&](uint32_t sequence) {
    Record record = TestPerson("王", "芳", 19800102, sequence);
    record.phones = {19900000123};
    return index.Add(record);
  };
  const Entry there = add(1);
  for (uint32_t i = 0; i < 2 * CityModel().block_max; ++i) index.Remove(add(2 + i));
  const Entry asked = add(900);
  MatchScratch scratch;
  std::vector<Entry> neighbours;
  index.Neighbours(asked, kPhonePass, &scratch, &neighbours);
  EXPECT_EQ(neighbours, std::vector<Entry>{there});
}

TEST(PackedStoreTest, WhatIsLetGoIsWipedAndItsRoomGivenToTheNextOfItsSize) {
  PackedStore store;
  const std::string one(100, 'x'), other(97, 'y'), longer(300, 'z');
  const Place first = store.Keep(one), last = store.Keep(longer);
  const char* const at = store.At(first);
  store.LetGo(first, one.size());
  EXPECT_EQ(std::string(at, one.size()).find('x'), std::string::npos);
  EXPECT_NE(store.Keep(longer), first);
  EXPECT_EQ(store.Keep(other), first);
  EXPECT_EQ(std::string(at, other.size()), other);
  EXPECT_NE(store.Keep(other), first);
  EXPECT_EQ(std::string(store.At(last), longer.size()), longer);
  // What is too long for that is wiped and no more.
  const std::string long_one(5000, 'w');
  const Place place = store.Keep(long_one);
  store.LetGo(place, long_one.size());
  EXPECT_EQ(std::string(store.At(place), long_one.size()), std::string(long_one.size(), '\0'));
  EXPECT_NE(store.Keep(long_one), place);
}

}  // namespace
}  // namespace tk::person::linkage
