// Signatures a second, for both sets.
#include <benchmark/benchmark.h>

#include "kernel/base/crypto/crypto.h"

namespace tk::crypto {
namespace {

constexpr std::string_view kMessage = "a health card's code is twenty-nine bytes";

void BM_Sign(benchmark::State& state) {
  const auto key = SigningKey::Generate(static_cast<Suite>(state.range(0))).value();
  for (auto _ : state) benchmark::DoNotOptimize(key.Sign(AsBytes(kMessage)).value());
}
BENCHMARK(BM_Sign)->Arg(1)->Arg(2)->ArgName("suite");

void BM_Verify(benchmark::State& state) {
  const auto key = SigningKey::Generate(static_cast<Suite>(state.range(0))).value();
  const Signature signature = key.Sign(AsBytes(kMessage)).value();
  for (auto _ : state) benchmark::DoNotOptimize(key.verifying().Verify(AsBytes(kMessage), signature));
}
BENCHMARK(BM_Verify)->Arg(1)->Arg(2)->ArgName("suite");

}  // namespace
}  // namespace tk::crypto
