// Runs against a reference kept the obvious way, through random histories with merges, saves and loads at every step.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "kernel/view/runs.h"
#include "kernel/view/runs_for_test.h"

namespace tk::view {
namespace {

template <class Entry>
Entry Make(uint64_t a, uint64_t b);
template <>
Entry16 Make(uint64_t a, uint64_t b) {
  return {a, b};
}
template <>
Entry24 Make(uint64_t a, uint64_t b) {
  return {a, 7, b};
}
template <>
Entry32 Make(uint64_t a, uint64_t b) {
  return {a, 1, b, 9};
}
template <class Entry>
Entry MinOf(uint64_t a);
template <>
Entry16 MinOf(uint64_t a) {
  return {a, 0};
}
template <>
Entry24 MinOf(uint64_t a) {
  return {a, 0, 0};
}
template <>
Entry32 MinOf(uint64_t a) {
  return {a, 0, 0, 0};
}
template <class Entry>
Entry MaxOf(uint64_t a);
template <>
Entry16 MaxOf(uint64_t a) {
  return {a, ~0ULL};
}
template <>
Entry24 MaxOf(uint64_t a) {
  return {a, ~0ULL, ~0ULL};
}
template <>
Entry32 MaxOf(uint64_t a) {
  return {a, ~0ULL, ~0ULL, ~0ULL};
}

/// What a family must answer, kept the obvious way.
template <class Entry>
struct Reference {
  std::multiset<Entry> live;
  uint64_t end = 1;
};

template <class Entry>
std::vector<Entry> LiveIn(const RunSnapshot<Entry>& state, const Entry& low, const Entry& high) {
  std::map<Entry, int64_t> counts;
  std::vector<Entry> out;
  for (auto cursor = state.Forward(low, high); cursor.valid(); cursor.Next()) ++counts[cursor.entry()];
  for (auto& [entry, adds] : counts) {
    const int64_t live = state.Count(entry, entry);
    EXPECT_LE(live, adds);
    EXPECT_GE(live, 0);
    for (int64_t i = 0; i < live; ++i) out.push_back(entry);
  }
  return out;
}

template <class Entry>
void ExpectSame(const RunSnapshot<Entry>& state, const Reference<Entry>& expected, SeededRandom& random) {
  ASSERT_EQ(state.end_ordinal(), expected.end);
  const Entry low = MinOf<Entry>(0), high = MaxOf<Entry>(~0ULL);
  ASSERT_EQ(state.Count(low, high), static_cast<int64_t>(expected.live.size()));
  ASSERT_EQ(LiveIn(state, low, high), std::vector<Entry>(expected.live.begin(), expected.live.end()));
  for (int i = 0; i < 8; ++i) {
    uint64_t x = random.Below(70) << 58, y = random.Below(70) << 58;
    if (y < x) std::swap(x, y);
    const Entry from = MinOf<Entry>(x), to = MaxOf<Entry>(y);
    const auto first = expected.live.lower_bound(from), last = expected.live.upper_bound(to);
    ASSERT_EQ(state.Count(from, to), std::distance(first, last));
    std::vector<Entry> forward, backward;
    for (auto c = state.Forward(from, to); c.valid(); c.Next()) forward.push_back(c.entry());
    for (auto c = state.Backward(from, to); c.valid(); c.Next()) backward.push_back(c.entry());
    ASSERT_TRUE(std::is_sorted(forward.begin(), forward.end()));
    ASSERT_EQ(forward.size(), state.CountAdds(from, to));
    std::reverse(backward.begin(), backward.end());
    ASSERT_EQ(forward, backward);
    const RunPlaces<Entry> places = state.PlacesOf(from, to);
    ASSERT_EQ(places.adds, forward.size());
    std::vector<Entry> pieces;
    state.ForPieces(places, [&](const Entry* at, const Entry* end) {
      pieces.insert(pieces.end(), at, end);
      return true;
    });
    std::sort(pieces.begin(), pieces.end());
    ASSERT_EQ(forward, pieces);
  }
}

/// Random adds, removes, publishes, merges, saves and loads against the reference; old snapshots must not change.
template <class Entry>
void PlayHistory(uint64_t seed, bool reload, bool filtered = false) {
  Folder folder("history");
  RunsOptions options{"f", folder.path, 300, 1u << 20, RunLayout::kWords, filtered};
  auto runs = std::make_unique<Runs<Entry>>(options);
  SeededRandom random(seed);
  Reference<Entry> now;
  std::vector<Entry> alive;
  std::vector<std::pair<RunSnapshot<Entry>, Reference<Entry>>> old;
  for (int round = 0; round < 60; ++round) {
    const uint64_t changes = random.Below(8) == 0 ? 3000 : random.Below(60);
    for (uint64_t i = 0; i < changes; ++i) {
      if (!alive.empty() && random.Below(3) == 0) {
        const size_t victim = random.Below(alive.size());
        runs->Remove(alive[victim]);
        now.live.erase(now.live.find(alive[victim]));
        alive[victim] = alive.back();
        alive.pop_back();
      } else {
        const Entry entry = Make<Entry>(random.Below(64) << 58 | random.Below(3), random.Below(400));
        runs->Add(entry);
        now.live.insert(entry);
        alive.push_back(entry);
      }
      ++now.end;
    }
    runs->Publish(now.end);
    if (random.Below(3) == 0) old.emplace_back(runs->snapshot(), now);
    if (random.Below(3) == 0) runs->SetOldestPinned(random.Below(now.end + 1));
    for (uint64_t i = random.Below(3); i > 0; --i) ASSERT_TRUE(runs->Maintain().ok());
    if (random.Below(12) == 0) ExpectSame(runs->snapshot(), now, random);
    if (reload && random.Below(8) == 0) {
      const auto files = runs->Save(runs->snapshot());
      ASSERT_TRUE(files.ok()) << files.error().ToString();
      runs->RemoveUnused(*files);
      runs = std::make_unique<Runs<Entry>>(options);
      const Status loaded = runs->Load(*files, now.end);
      ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
      ExpectSame(runs->snapshot(), now, random);
    }
  }
  while (runs->Maintain().ValueOr(false)) {
  }
  ExpectSame(runs->snapshot(), now, random);
  for (auto& [state, expected] : old) ExpectSame(state, expected, random);
}

TEST(Runs, IncrementalEqualsReference16) {
  for (uint64_t seed = 1; seed <= 4; ++seed) PlayHistory<Entry16>(seed, false);
}
TEST(Runs, IncrementalEqualsReference24) {
  for (uint64_t seed = 5; seed <= 6; ++seed) PlayHistory<Entry24>(seed, false);
}
TEST(Runs, IncrementalEqualsReference32) {
  for (uint64_t seed = 7; seed <= 8; ++seed) PlayHistory<Entry32>(seed, false);
}
TEST(Runs, SavesAndLoadsAnywhereInAHistory) {
  for (uint64_t seed = 11; seed <= 13; ++seed) PlayHistory<Entry16>(seed, true);
  PlayHistory<Entry24>(14, true);
  PlayHistory<Entry32>(15, true);
}
TEST(Runs, FilteredIncrementalEqualsReference) {
  for (uint64_t seed = 21; seed <= 23; ++seed) PlayHistory<Entry16>(seed, seed != 21, true);
  PlayHistory<Entry32>(24, true, true);
}

}  // namespace
}  // namespace tk::view
