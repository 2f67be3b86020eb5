// FindJoin is Decide's join, found by less.
#include "kernel/person/live_match.h"

#include <gtest/gtest.h>

#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person {
namespace {

using linkage::CityModel;
using linkage::ResidentRules;

std::string PackedOf(const linkage::Record& record) {
  std::string bytes;
  linkage::Pack(record, &bytes);
  return bytes;
}

std::optional<uint64_t> DecidedJoin(const People& people, const Incoming& incoming) {
  for (const Finding& finding : Decide(people, {&incoming, 1}).found) {
    if (finding.kind == Finding::Kind::kJoin) return finding.others.front();
  }
  return std::nullopt;
}

/// People of all records but each third one, joined as they come; then whom the left out ones would be joined to.
TEST(FindJoin, IsWhatDecideJoinsTo) {
  std::vector<size_t> whose;
  const std::vector<linkage::Record> records = linkage::TestPopulation(500, 7, &whose);
  People people(CityModel(), ResidentRules());
  for (size_t i = 0; i < records.size(); ++i) {
    if (i % 3 == 2) continue;
    const Incoming incoming{1 + i, PackedOf(records[i]), {}};
    const auto join = DecidedJoin(people, incoming);
    people.PutRecord(1 + i, 1 + i, incoming.packed);
    if (!join) continue;
    const PairOf pair{*join, 1 + i};
    people.PutDecision(100'000 + i, {&pair, 1}, true, false);
  }
  size_t joined = 0, not_joined = 0;
  for (size_t i = 2; i < records.size(); i += 3) {
    const Incoming incoming{50'000 + i, PackedOf(records[i]), {}};
    const auto join = DecidedJoin(people, incoming);
    ++(join ? joined : not_joined);
    ASSERT_EQ(FindJoin(people, incoming), join) << i;
  }
  EXPECT_GT(joined, 150u);
  EXPECT_GT(not_joined, 100u);
}

// A record of the person that fits contradicts the new one: a clerk is asked, nobody is joined.
TEST(FindJoin, DoesNotPassOverWhatContradicts) {
  People people(CityModel(), ResidentRules());
  const linkage::Record whole = linkage::TestPerson("王", "芳", 19800102, 21);
  linkage::Record other = linkage::TestPerson("王", "芳", 19800102, 21);
  other.ids = linkage::TestPerson("王", "芳", 19800102, 23).ids;
  people.PutRecord(1, 1, PackedOf(whole));
  EXPECT_EQ(FindJoin(people, {9, PackedOf(whole), {}}), std::optional<uint64_t>(1));
  people.PutRecord(2, 2, PackedOf(other));
  const PairOf pair{1, 2};
  people.PutDecision(100, {&pair, 1}, true, true);
  const Incoming incoming{9, PackedOf(whole), {}};
  EXPECT_EQ(DecidedJoin(people, incoming), std::nullopt);
  EXPECT_EQ(FindJoin(people, incoming), std::nullopt);
}

// A number that more have than the model looks through may hide one whom another key finds: that is left to Decide.
TEST(FindJoin, DoesNotTellWhereANumberIsOfTooMany) {
  People people(CityModel(), ResidentRules());
  const linkage::Record shared = linkage::TestPerson("王", "芳", 19800102, 23);
  linkage::Record asked = linkage::TestPerson("王", "芳", 19800102, 21);
  people.PutRecord(1, 1, PackedOf(asked));
  asked.ids.push_back(shared.ids[0]);
  ASSERT_EQ(FindJoin(people, {999, PackedOf(asked), {}}), std::optional<uint64_t>(1));
  for (uint64_t i = 2; i <= CityModel().block_max + 3; ++i) {
    linkage::Record record = shared;
    record.names[0] = linkage::TestName("李", "明" + std::to_string(i));
    people.PutRecord(i, i, PackedOf(record));
  }
  EXPECT_EQ(FindJoin(people, {999, PackedOf(asked), {}}), std::nullopt);
}

// Where the rules let a score alone join, every key is looked at.
TEST(FindJoin, PassesAreThoseOfTheRules) {
  const linkage::Index by_numbers(CityModel(), ResidentRules()), by_score(CityModel(), linkage::NoRules());
  EXPECT_EQ(by_numbers.PassesFor(linkage::Verdict::kCertain), 1u);
  EXPECT_EQ(by_numbers.PassesFor(linkage::Verdict::kProbable), linkage::Index::kAllPasses);
  EXPECT_EQ(by_score.PassesFor(linkage::Verdict::kCertain), linkage::Index::kAllPasses);
}

}  // namespace
}  // namespace tk::person
