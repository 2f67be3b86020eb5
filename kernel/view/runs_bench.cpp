// What the runs cost: adding and publishing, merging, a look-up of 20 and a count. TK_BENCH_FULL=1 asks a family of ten million entries too.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "kernel/base/hash.h"
#include "kernel/base/random.h"
#include "kernel/view/runs.h"

namespace tk::view {
namespace {

constexpr uint64_t kKeys = 1'000'000;

/// One entry of each of `kKeys` keys a round, in batches of ten thousand.
void Fill(Runs<Entry16>& runs, uint64_t entries) {
  SeededRandom random(1);
  uint64_t ordinal = 1;
  for (uint64_t i = 0; i < entries; ++i) {
    runs.Add({Mix(random.Below(kKeys)) & ~0x3ffULL, ordinal++});
    if (i % 10'000 == 9'999) {
      runs.Publish(ordinal);
      while (runs.Maintain().ValueOr(false)) {
      }
    }
  }
  runs.Publish(ordinal);
}

void AddAndPublish(benchmark::State& state) {
  const auto batch = static_cast<uint64_t>(state.range(0));
  Runs<Entry16> runs({"bench", "", 1 << 30, 0});
  SeededRandom random(1);
  uint64_t ordinal = 1;
  for (auto _ : state) {
    for (uint64_t i = 0; i < batch; ++i) runs.Add({random.Next(), ordinal++});
    runs.Publish(ordinal);
    if (ordinal % 4'000'000 < batch) {
      state.PauseTiming();
      runs.Clear();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(batch));
}
BENCHMARK(AddAndPublish)->Arg(10)->Arg(1000)->Arg(10'000);

void Maintain(benchmark::State& state) {
  for (auto _ : state) {
    Runs<Entry16> runs({"bench", "", 1 << 30, 0});
    Fill(runs, 200'000);
  }
  state.SetItemsProcessed(state.iterations() * 200'000);
}
BENCHMARK(Maintain)->Unit(benchmark::kMillisecond);

void LookUp(benchmark::State& state) {
  static Runs<Entry16>* runs = nullptr;
  static uint64_t filled = 0;
  const auto entries = static_cast<uint64_t>(state.range(0));
  if (entries > 1'000'000 && std::getenv("TK_BENCH_FULL") == nullptr) {
    state.SkipWithError("set TK_BENCH_FULL=1 to fill ten million entries");
    return;
  }
  if (filled != entries) {
    delete runs;
    runs = new Runs<Entry16>({"bench", "", 1u << 30, 0});
    Fill(*runs, entries);
    filled = entries;
  }
  const auto snapshot = runs->snapshot();
  SeededRandom random(2);
  uint64_t found = 0;
  for (auto _ : state) {
    const uint64_t key = Mix(random.Below(kKeys)) & ~0x3ffULL;
    if (state.range(1) == 0) {
      int n = 0;
      for (auto c = snapshot.Backward({key, 0}, {key | 0x3ff, ~0ULL}); c.valid() && n < 20; c.Next()) ++n;
      found += static_cast<uint64_t>(n);
    } else {
      found += static_cast<uint64_t>(snapshot.Count({key, 0}, {key | 0x3ff, ~0ULL}));
    }
  }
  state.counters["found"] =
      benchmark::Counter(static_cast<double>(found), benchmark::Counter::kAvgIterations);
  state.counters["runs"] = static_cast<double>(snapshot.runs().size());
}
BENCHMARK(LookUp)
    ->ArgNames({"entries", "count"})
    ->Args({200'000, 0})
    ->Args({200'000, 1})
    ->Args({10'000'000, 0})
    ->Args({10'000'000, 1});

}  // namespace
}  // namespace tk::view
