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
  at_once.BeginFill(persons);
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

}  // namespace
}  // namespace tk::person::linkage
