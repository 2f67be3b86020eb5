// How long units take: met before, met for the first time, compared, converted.
#include <benchmark/benchmark.h>

#include "kernel/ucum/ucum.h"

namespace tk::ucum {
namespace {

void BM_ParseKnown(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Unit::Parse("mmol/L"));
}
BENCHMARK(BM_ParseKnown);

void BM_ParseRefusedBefore(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Unit::Parse("mmHg"));
}
BENCHMARK(BM_ParseRefusedBefore);

void BM_ParseNew(benchmark::State& state) {
  uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Unit::Parse("mmol/(8.h.kg)." + std::to_string(++i)));
}
BENCHMARK(BM_ParseNew);

/// As much work as 256 characters can make, or nearly.
void BM_ParseWorst(benchmark::State& state) {
  uint64_t i = 0;
  for (auto _ : state) {
    std::string code = std::to_string(++i);
    while (code.size() < 240) code += "/7.deg/'.3";
    benchmark::DoNotOptimize(Unit::Parse(code));
  }
}
BENCHMARK(BM_ParseWorst);

void BM_CompareKnown(benchmark::State& state) {
  for (auto _ : state) {
    const Quantity a{Rational::FromDigits(55, 1), *Unit::Parse("mmol/L")};
    const Quantity b{Rational::FromDigits(5600, 0), *Unit::Parse("umol/L")};
    benchmark::DoNotOptimize(Compare(a, b));
  }
}
BENCHMARK(BM_CompareKnown);

void BM_CompareTemperatures(benchmark::State& state) {
  for (auto _ : state) {
    const Quantity a{Rational::FromDigits(375, 1), *Unit::Parse("Cel")};
    const Quantity b{Rational::FromDigits(995, 1), *Unit::Parse("[degF]")};
    benchmark::DoNotOptimize(Compare(a, b));
  }
}
BENCHMARK(BM_CompareTemperatures);

void BM_ConvertPounds(benchmark::State& state) {
  const Unit pounds = *Unit::Parse("[lb_av]");
  const Unit kilograms = *Unit::Parse("kg");
  for (auto _ : state) benchmark::DoNotOptimize(Convert(Rational::FromDigits(1545, 1), pounds, kilograms));
}
BENCHMARK(BM_ConvertPounds);

}  // namespace
}  // namespace tk::ucum

BENCHMARK_MAIN();
