// Codes a second: made, judged, drawn; the list of revoked cards made and opened.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "apps/health-card/offline.h"
#include "kernel/base/qr.h"
#include "kernel/base/random.h"

namespace tk::health_card {
namespace {

constexpr int64_t kNowS = 1'795'000'000;

struct Ready {
  crypto::SigningKey key;
  KnownKeys known;
  Code code;
};
Ready ReadyFor(int64_t suite) {
  Ready ready{crypto::SigningKey::Generate(static_cast<crypto::Suite>(suite)).value(), {}, {}};
  ready.known.push_back({1, ready.key.verifying(), 0, 0, false});
  ready.code.key = 1;
  ready.code.issuer = 380'100;
  ready.code.issued_s = kNowS;
  ready.code.life_s = 60;
  return ready;
}

void BM_SignCode(benchmark::State& state) {
  const Ready ready = ReadyFor(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(SignCode(ready.code, ready.key).value());
}
BENCHMARK(BM_SignCode)->Arg(1)->Arg(2)->ArgName("suite");

void BM_JudgeCode(benchmark::State& state) {
  const Ready ready = ReadyFor(state.range(0));
  const std::string text = SignCode(ready.code, ready.key).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(Judge(ParseCode(text).value(), ready.known, {380'100, kNowS, 5}));
}
BENCHMARK(BM_JudgeCode)->Arg(1)->Arg(2)->ArgName("suite");

void BM_DrawCode(benchmark::State& state) {
  const Ready ready = ReadyFor(1);
  const std::string text = SignCode(ready.code, ready.key).value();
  for (auto _ : state) benchmark::DoNotOptimize(QrAsSvg(MakeQr(text).value()));
}
BENCHMARK(BM_DrawCode);

void BM_OpenList(benchmark::State& state) {
  const Ready ready = ReadyFor(1);
  Revocations list{1, 380'100, kNowS, kNowS + 60, {}};
  SeededRandom random(1);
  for (int64_t i = 0; i < state.range(0); ++i) list.cards.push_back(random.Next() >> 24);
  std::sort(list.cards.begin(), list.cards.end());
  list.cards.erase(std::unique(list.cards.begin(), list.cards.end()), list.cards.end());
  const std::string bytes = SignList(list, ready.key).value();
  for (auto _ : state) benchmark::DoNotOptimize(OpenList(bytes, ready.known).value());
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK(BM_OpenList)->Arg(1000)->Arg(1'000'000)->ArgName("cards");

}  // namespace
}  // namespace tk::health_card
