// The fold: what follows from records and decisions, whatever their order; what a split gives back.
#include "kernel/person/people.h"

#include <gtest/gtest.h>

#include <map>

#include "kernel/base/random.h"
#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person {
namespace {

using linkage::CityModel;
using linkage::ResidentRules;
using linkage::TestPerson;

std::string Packed(const linkage::Record& record) {
  std::string bytes;
  linkage::Pack(record, &bytes);
  return bytes;
}

/// All that can be asked of People, as text: persons with their records, decisions, and what the index holds of each.
std::string Told(const People& people) {
  std::map<uint64_t, std::string> persons;
  std::string room;
  for (Row row = 0; row < people.row_count(); ++row) {
    if (!people.IsLive(row)) continue;
    const std::vector<Row> members = people.MembersOf(row);
    if (members.front() != row) continue;
    std::string& text = persons[people.HashOf(row)];
    for (const Row member : members) {
      text += std::to_string(people.HashOf(member)) + "@" + std::to_string(people.OrdinalOf(member)) + "," +
              std::to_string(people.ChangedOf(member)) + " ";
      text += std::to_string(linkage::HashOf(people.BytesOf(member, &room))) + " ";
      EXPECT_EQ(people.EntryOf(member), people.EntryOf(row));
    }
    EXPECT_EQ(people.AnchorOf(people.EntryOf(row)), row);
    text += "= " + std::to_string(linkage::HashOf(people.index().View(people.EntryOf(row)).bytes()));
  }
  std::string all = std::to_string(people.records()) + " " + std::to_string(people.persons()) + "\n";
  for (const auto& [hash, text] : persons) all += std::to_string(hash) + ": " + text + "\n";
  return all;
}

class PeopleTest : public ::testing::Test {
 protected:
  void Put(uint64_t id, uint64_t ordinal) {
    people_.PutRecord(id, ordinal, Packed(TestPerson("王", "芳", 19800102, static_cast<uint32_t>(id))));
  }
  void Say(uint64_t linkage, uint64_t a, uint64_t b, bool active) {
    const PairOf pair{a, b};
    people_.PutDecision(linkage, {&pair, 1}, active, false);
  }
  bool Same(uint64_t a, uint64_t b) const { return people_.IsSamePerson(people_.Find(a), people_.Find(b)); }
  uint64_t Anchor(uint64_t id) const {
    return people_.HashOf(people_.AnchorOf(people_.EntryOf(people_.Find(id))));
  }

  People people_{CityModel(), ResidentRules()};
};

TEST_F(PeopleTest, APersonIsWhoeverActiveDecisionsJoin) {
  for (uint64_t id = 1; id <= 4; ++id) Put(id, 10 * id);
  EXPECT_EQ(people_.persons(), 4u);
  Say(100, 2, 3, true);
  Say(101, 3, 4, true);
  EXPECT_EQ(people_.persons(), 2u);
  EXPECT_TRUE(Same(2, 4));
  EXPECT_FALSE(Same(1, 4));
  EXPECT_EQ(Anchor(4), 2u);
  Say(102, 4, 1, true);  // the older anchor stays
  EXPECT_EQ(Anchor(2), 1u);
}

TEST_F(PeopleTest, ASplitGivesBackExactlyWhatWas) {
  for (uint64_t id = 1; id <= 3; ++id) Put(id, 10 * id);
  Say(100, 1, 2, true);
  const std::string before = Told(people_);
  Say(101, 2, 3, true);
  EXPECT_NE(Told(people_), before);
  Say(101, 2, 3, false);
  EXPECT_EQ(Told(people_), before);
  EXPECT_TRUE(people_.IsHeldApart(people_.Find(1), people_.Find(3)));
  people_.RemoveDecision(101);
  EXPECT_FALSE(people_.IsHeldApart(people_.Find(1), people_.Find(3)));
}

TEST_F(PeopleTest, TwoDecisionsHoldWhatOneOfThemLetsGo) {
  for (uint64_t id = 1; id <= 3; ++id) Put(id, 10 * id);
  Say(100, 1, 2, true);
  Say(101, 2, 3, true);
  Say(102, 1, 3, true);
  Say(101, 2, 3, false);
  EXPECT_TRUE(Same(2, 3));
  EXPECT_EQ(people_.JoinedWithout(people_.Find(2), people_.Find(3), {}), (std::vector<uint64_t>{100, 102}));
  people_.RemoveDecision(102);
  EXPECT_FALSE(Same(2, 3));
}

TEST_F(PeopleTest, ADeletedRecordStillJoinsThoseWhomItJoined) {
  for (uint64_t id = 1; id <= 3; ++id) Put(id, 10 * id);
  Say(100, 1, 2, true);
  Say(101, 1, 3, true);
  people_.RemoveRecord(1);
  EXPECT_TRUE(Same(2, 3));
  EXPECT_EQ(Anchor(3), 2u);
  EXPECT_EQ(people_.persons(), 1u);
  Put(1, 50);  // he came again, as the youngest
  EXPECT_EQ(Anchor(1), 2u);
  people_.RemoveRecord(1);
  people_.RemoveRecord(2);
  people_.RemoveRecord(3);
  EXPECT_EQ(people_.persons(), 0u);
  EXPECT_EQ(people_.records(), 0u);
}

TEST_F(PeopleTest, ADecisionMayComeBeforeItsRecords) {
  Say(100, 1, 2, true);
  Put(2, 10);
  Put(1, 20);
  EXPECT_TRUE(Same(1, 2));
  EXPECT_EQ(Anchor(1), 2u);
}

TEST_F(PeopleTest, WhatChangesNothingMakesNoRecordNewer) {
  linkage::Record moved = TestPerson("王", "芳", 19800102, 21);
  moved.phones = {19900000777};
  people_.PutRecord(1, 10, Packed(TestPerson("王", "芳", 19800102, 21)));
  people_.PutRecord(2, 20, Packed(moved));
  Say(100, 1, 2, true);
  const auto phone = [&] { return people_.index().View(people_.EntryOf(people_.Find(1))).phones()[0]; };
  EXPECT_EQ(phone(), 19900000777u);
  people_.PutRecord(1, 30, Packed(TestPerson("王", "芳", 19800102, 21)));
  EXPECT_EQ(people_.OrdinalOf(people_.Find(1)), 30u);
  EXPECT_EQ(phone(), 19900000777u);
}

TEST_F(PeopleTest, APersonOfLikeRecordsStandsOnNoneOfThem) {
  // Records alike to the letter: the person's entry is what each of them is, also when one after the other is let go and wiped.
  const std::string packed = Packed(TestPerson("王", "芳", 19800102, 21));
  for (uint64_t id = 1; id <= 3; ++id) people_.PutRecord(id, 10 * id, packed);
  Say(100, 1, 2, true);
  Say(101, 2, 3, true);
  people_.RemoveRecord(1);
  EXPECT_EQ(people_.index().View(people_.EntryOf(people_.Find(2))).bytes(), packed);
  people_.RemoveRecord(2);
  EXPECT_EQ(people_.index().View(people_.EntryOf(people_.Find(3))).bytes(), packed);
  EXPECT_EQ(people_.packed_bytes(), packed.size());
}

TEST_F(PeopleTest, WhatItsPersonTellsIsNotKeptOfARecordOnceMore) {
  constexpr uint64_t kPersons = 5000, kRecordsEach = 4;
  size_t bytes = 0;
  for (uint64_t person = 0; person < kPersons; ++person) {
    const std::string packed = Packed(
        TestPerson("王", "给" + std::to_string(person), 19800102, static_cast<uint32_t>(1 + person % 990)));
    for (uint64_t copy = 0; copy < kRecordsEach; ++copy) {
      const uint64_t id = person * kRecordsEach + copy + 1;
      people_.PutRecord(id * 0x9E3779B97F4A7C15ULL, id, packed);
      if (copy > 0) Say(id, (id - copy) * 0x9E3779B97F4A7C15ULL, id * 0x9E3779B97F4A7C15ULL, true);
    }
    bytes += packed.size();
  }
  EXPECT_EQ(people_.persons(), kPersons);
  EXPECT_EQ(people_.packed_bytes(), bytes * kRecordsEach);
  EXPECT_LT(people_.memory().packed, bytes * 3 / 2 + (size_t{1} << 20));
}

TEST_F(PeopleTest, APersonIsFoundByEveryValueOfHisRecords) {
  linkage::Record married = TestPerson("王", "芳", 19800102, 21);
  married.phones = {19900000777};
  people_.PutRecord(1, 10, Packed(TestPerson("王", "芳", 19800102, 21)));
  people_.PutRecord(2, 20, Packed(married));
  Say(100, 1, 2, true);
  linkage::Record query = TestPerson("王", "芳", 19800102, 21);
  query.ids.clear();
  query.phones = {19900000777};
  query.addresses = TestPerson("王", "芳", 19800102, 21).addresses;
  linkage::MatchScratch scratch;
  std::vector<linkage::MatchHit> hits;
  const std::string packed = Packed(query);
  people_.index().Match(linkage::EntryView(packed.data()), linkage::Verdict::kProbable, &scratch, &hits);
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].entry, people_.EntryOf(people_.Find(1)));
  EXPECT_EQ(hits[0].scored.comparison.levels[linkage::Field::kPhone], linkage::level::kPhoneSame);
}

/// Records and decisions at random, many times over: what People tells is what a fresh one tells that hears the last state alone.
void RunRandomly(size_t steps, uint64_t seed) {
  constexpr uint64_t kRecords = 60, kLinkages = 90;
  SeededRandom random(seed);
  People people(CityModel(), ResidentRules());
  struct Kept {
    uint64_t first, ordinal, changed;
    std::string packed;
  };
  std::map<uint64_t, Kept> records;
  std::map<uint64_t, std::pair<PairOf, bool>> decisions;
  size_t times = 0;
  const auto rebuilt = [&] {
    People fresh(CityModel(), ResidentRules());
    const bool at_once = ++times % 2 == 0;  // as a start does
    if (at_once) fresh.BeginMany();
    for (auto at = decisions.rbegin(); at != decisions.rend(); ++at)
      fresh.PutDecision(at->first, {&at->second.first, 1}, at->second.second, true);
    for (const auto& [id, kept] : records)
      fresh.PutRecord(id, kept.ordinal, kept.packed, kept.first, kept.changed);
    if (at_once) fresh.EndMany(times % 4 == 0 ? 3 : 1);
    return Told(fresh);
  };
  for (size_t step = 0; step < steps; ++step) {
    const uint64_t ordinal = step + 1, id = 1 + random.Below(kRecords),
                   linkage = 1000 + random.Below(kLinkages);
    switch (random.Below(8)) {
      case 0:
        people.RemoveRecord(id);
        records.erase(id);
        break;
      case 1:
      case 2: {
        const auto sequence = static_cast<uint32_t>(1 + random.Below(500));
        const std::string packed =
            Packed(TestPerson("李", random.Below(2) == 0 ? "明" : "建国", 19700305, sequence));
        const auto known = records.find(id);
        const uint64_t first = known == records.end() ? ordinal : known->second.first;
        people.PutRecord(id, ordinal, packed);
        const bool is_same = known != records.end() && known->second.packed == packed;
        records[id] = {first, ordinal, is_same ? known->second.changed : ordinal, packed};
        break;
      }
      case 3:
        people.RemoveDecision(linkage);
        decisions.erase(linkage);
        break;
      default: {
        const PairOf pair{1 + random.Below(kRecords), 1 + random.Below(kRecords)};
        if (pair.source == pair.alternate) break;
        const bool active = random.Below(3) != 0;
        people.PutDecision(linkage, {&pair, 1}, active, true);
        decisions[linkage] = {pair, active};
      }
    }
    if (step % 10 == 0) {  // joined and taken apart again: exactly what was
      const PairOf pair{1 + random.Below(kRecords), 1 + random.Below(kRecords)};
      const std::string before = Told(people);
      people.PutDecision(5000, {&pair, 1}, true, true);
      people.PutDecision(5000, {&pair, 1}, false, true);
      ASSERT_EQ(Told(people), before) << "step " << step << " seed " << seed;
      people.RemoveDecision(5000);
    }
    if (step % 97 == 0) {
      ASSERT_EQ(Told(people), rebuilt()) << "step " << step << " seed " << seed;
    }
  }
  EXPECT_EQ(Told(people), rebuilt());
}

TEST(PeopleRandomly, IncrementalEqualsRebuilt) {
  for (uint64_t seed = 1; seed <= 3; ++seed) RunRandomly(3500, seed);
}

}  // namespace
}  // namespace tk::person
