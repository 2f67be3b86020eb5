#include "kernel/person/linkage/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "kernel/person/linkage/synthetic_for_test.h"
#include "kernel/person/linkage/train.h"

namespace tk::person::linkage {
namespace {

using Found = std::set<std::tuple<size_t, size_t, float, Verdict>>;

/// Links by the records' numbers, whatever entries they became.
Found LinksOf(const std::vector<Record>& records, const std::vector<size_t>& order,
              std::set<std::set<size_t>>* groups) {
  Index index(CityModel(), ResidentRules());
  for (const size_t i : order) index.Add(records[i]);
  const std::vector<Link> links = FindLinks(index, Verdict::kPossible, 2);
  Found found;
  for (const Link& link : links) {
    const size_t a = order[link.a], b = order[link.b];
    found.emplace(std::min(a, b), std::max(a, b), link.bits, link.verdict);
  }
  std::map<Entry, std::set<size_t>> by_group;
  const Clusters clusters = Cluster(index, links, Verdict::kProbable);
  for (size_t i = 0; i < order.size(); ++i) by_group[clusters.group[i]].insert(order[i]);
  for (auto& [name, group] : by_group) groups->insert(std::move(group));
  return found;
}

TEST(Batch, DoesNotDependOnTheOrderOfRecords) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(150, 3, &whose);
  std::vector<size_t> order(records.size());
  std::iota(order.begin(), order.end(), 0);
  std::set<std::set<size_t>> groups;
  const Found found = LinksOf(records, order, &groups);
  EXPECT_GT(found.size(), 250u);
  SeededRandom random(9);
  for (int round = 0; round < 3; ++round) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    std::set<std::set<size_t>> again;
    EXPECT_EQ(LinksOf(records, order, &again), found);
    EXPECT_EQ(again, groups);
  }
}

TEST(Batch, FindsWhatTheLiveMatchFinds) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(120, 4, &whose);
  Index index(CityModel(), ResidentRules());
  for (const Record& record : records) index.Add(record);
  std::set<std::tuple<Entry, Entry, float>> live, batch;
  MatchScratch scratch;
  std::vector<MatchHit> hits;
  std::string bytes;
  for (size_t i = 0; i < records.size(); ++i) {
    Pack(records[i], &bytes);
    index.Match(EntryView(bytes.data()), Verdict::kPossible, &scratch, &hits);
    for (const MatchHit& hit : hits) {
      const auto self = static_cast<Entry>(i);
      if (hit.entry != self)
        live.emplace(std::min(self, hit.entry), std::max(self, hit.entry),
                     static_cast<float>(hit.scored.bits));
    }
  }
  for (const Link& link : FindLinks(index, Verdict::kPossible, 2)) batch.emplace(link.a, link.b, link.bits);
  EXPECT_EQ(batch, live);
  EXPECT_GT(batch.size(), 200u);
}

TEST(Batch, GroupsAreRightAndNobodyIsJoinedByAChain) {
  std::vector<size_t> whose;
  std::vector<Record> records = TestPopulation(150, 7, &whose);
  // A record without number between two persons of one name and birth date: it is probably either, and must not join them.
  const Record one = TestPerson("王", "芳", 19770607, 102);
  Record other = TestPerson("王", "芳", 19770607, 144), between = one;
  between.ids.clear();
  other.phones = one.phones;
  other.addresses = one.addresses;
  const size_t at = records.size();
  for (const Record& record : {one, between, other}) records.push_back(record);
  Index index(CityModel(), ResidentRules());
  for (const Record& record : records) index.Add(record);
  const Clusters clusters = Cluster(index, FindLinks(index, Verdict::kPossible, 1), Verdict::kProbable);
  EXPECT_NE(clusters.group[at], clusters.group[at + 2]);
  EXPECT_TRUE(std::any_of(clusters.conflicts.begin(), clusters.conflicts.end(), [](const Conflict& conflict) {
    return conflict.why == Conflict::Why::kContradiction;
  }));
  size_t wrong = 0;
  for (size_t i = 0; i < whose.size(); ++i) wrong += whose[clusters.group[i]] != whose[i];
  EXPECT_EQ(wrong, 0u);
}

TEST(IndexInMemory, AfterChangesIsAsOneBuiltAnew) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(200, 8, &whose);
  Index index(CityModel(), ResidentRules());
  std::map<Entry, Record> truth;
  SeededRandom random(11);
  for (const Record& record : records) truth[index.Add(record)] = record;
  for (int change = 0; change < 400; ++change) {
    auto at = truth.begin();
    std::advance(at, static_cast<long>(random.Below(truth.size())));
    Record record = at->second;
    const Entry before = at->first;
    truth.erase(at);
    if (random.Below(4) == 0) {
      index.Remove(before);
      continue;
    }
    if (random.Below(2) == 0)
      AddTo(records[random.Below(records.size())], &record);
    else
      record = records[random.Below(records.size())];
    truth[index.Replace(before, record)] = record;
    if (change % 100 == 50) index.Settle();
  }
  Index rebuilt(CityModel(), ResidentRules());
  std::map<Entry, Entry> entry_of;
  for (const auto& [entry, record] : truth) entry_of[rebuilt.Add(record)] = entry;
  MatchScratch scratch;
  std::vector<MatchHit> hits, others;
  std::string bytes;
  for (const Record& record : records) {
    Pack(record, &bytes);
    std::set<std::pair<Entry, double>> incremental, anew;
    index.Match(EntryView(bytes.data()), Verdict::kPossible, &scratch, &hits);
    for (const MatchHit& hit : hits) incremental.emplace(hit.entry, hit.scored.bits);
    rebuilt.Match(EntryView(bytes.data()), Verdict::kPossible, &scratch, &others);
    for (const MatchHit& hit : others) anew.emplace(entry_of[hit.entry], hit.scored.bits);
    ASSERT_EQ(incremental, anew);
  }
}

TEST(PostingRuns, FindEverythingAcrossRunsAndHead) {
  Postings postings;
  for (Entry entry = 0; entry < 200'000; ++entry) postings.Add(entry % 50'000 * 2654435761U, entry);
  std::vector<Entry> found;
  for (uint32_t key = 0; key < 50'000; key += 97) {
    found.clear();
    ASSERT_EQ(postings.Find(key * 2654435761U, 100, &found), 4u) << key;
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<Entry>{key, key + 50'000, key + 100'000, key + 150'000}));
  }
  found.clear();
  EXPECT_EQ(postings.Find(0, 2, &found), 3u) << "one more than asked for tells that there are too many";
  EXPECT_EQ(postings.size(), 200'000u);
}

/// Pairs exactly as a model says that they are distributed.
PatternCounts PatternsOf(const Model& model, double share, double pairs) {
  PatternCounts patterns;
  const auto add = [&](double weight, bool match) {
    for (const uint8_t family : std::initializer_list<uint8_t>{1, 4, 7}) {
      for (const uint8_t given : std::initializer_list<uint8_t>{1, 2, 7}) {
        for (const uint8_t birth : std::initializer_list<uint8_t>{1, 6}) {
          for (const uint8_t sex : std::initializer_list<uint8_t>{1, 2}) {
            Levels levels;
            levels.of = {family, given, birth, sex};
            double p = weight;
            for (size_t i = 0; i < 4; ++i)
              p *= match ? model.fields[i].m[levels.of[i]] : model.fields[i].u[levels.of[i]];
            patterns[levels.packed()] += p;
          }
        }
      }
    }
  };
  add(pairs * share, true);
  add(pairs * (1 - share), false);
  return patterns;
}

TEST(Training, EmFindsTheParametersOfSyntheticPairs) {
  Model truth;
  for (size_t i = 0; i < 4; ++i) truth.fields[i].used = true;
  truth.fields[0].m = {0, 0.04, 0, 0, 0.06, 0, 0, 0.9};
  truth.fields[0].u = {0, 0.9, 0, 0, 0.04, 0, 0, 0.06};
  truth.fields[1].m = {0, 0.05, 0.05, 0, 0, 0, 0, 0.9};
  truth.fields[1].u = {0, 0.9, 0.08, 0, 0, 0, 0, 0.02};
  truth.fields[2].m = {0, 0.07, 0, 0, 0, 0, 0.93};
  truth.fields[2].u = {0, 0.98, 0, 0, 0, 0, 0.02};
  truth.fields[3].m = {0, 0.01, 0.99};
  truth.fields[3].u = {0, 0.5, 0.5};
  Model start = truth;
  start.fields[0].m = {0, 0.3, 0, 0, 0.2, 0, 0, 0.5};
  start.fields[1].m = {0, 0.3, 0.2, 0, 0, 0, 0, 0.5};
  start.fields[2].m = {0, 0.4, 0, 0, 0, 0, 0.6};
  start.fields[3].m = {0, 0.3, 0.7};
  const double share = 0.12, pairs = 1e6;
  const EmOutcome outcome = RunEm(PatternsOf(truth, share, pairs), start, 0, 300);
  EXPECT_NEAR(outcome.share, share, 0.002);
  for (size_t i = 0; i < 4; ++i) {
    double total = 0;
    for (const double count : outcome.expected[i]) total += count;
    for (size_t level = 1; level < kLevelsMax; ++level)
      EXPECT_NEAR(outcome.expected[i][level] / total, truth.fields[i].m[level], 0.005) << i << " " << level;
  }
}

TEST(Training, IsTheSameEveryTimeAndSeparatesPersons) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(400, 12, &whose);
  Index index(CityModel(), ResidentRules());
  for (const Record& record : records) index.Add(record);
  TrainOptions options;
  options.name = "test";
  options.random_pairs = 50'000;
  TrainReport report;
  auto model = Train(index, options, &report), again = Train(index, options, &report);
  ASSERT_TRUE(model.ok() && again.ok());
  EXPECT_EQ(model->ToJson(), again->ToJson());
  EXPECT_GT(report.matches, 900);  // of 1,200 pairs
  EXPECT_LT(report.matches, 1300);
  Index trained(*model, NoRules());
  for (const Record& record : records) trained.Add(record);
  size_t right = 0, wrong = 0;
  for (const Link& link : FindLinks(trained, Verdict::kProbable, 1))
    ++(whose[link.a] == whose[link.b] ? right : wrong);
  EXPECT_GT(right, 1150u);
  EXPECT_LT(wrong, 15u);
  Index empty(CityModel(), ResidentRules());
  EXPECT_FALSE(Train(empty, options, &report).ok());
}

}  // namespace
}  // namespace tk::person::linkage
