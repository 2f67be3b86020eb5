// Questions to a tree as large as the national one: 31 provinces, 340 cities, 2,900 counties, 41,000 townships, 620,000 villages (generated; the
// official list has the same shape), and to the grids of a city of five million.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/random.h"
#include "kernel/geo/area_tree.h"

namespace tk::geo {
namespace {

void AddArea(AllFacts* facts, AreaNumber area, std::string name) {
  AreaFact fact;
  fact.area = area;
  fact.name = std::move(name);
  facts->areas.push_back(std::move(fact));
}

AllFacts NationalFacts() {
  constexpr AreaNumber kProvince = 10'000'000'000'000, kCity = 100'000'000'000, kCounty = 1'000'000'000,
                       kTownship = 1'000'000, kVillage = 1'000;
  AllFacts facts;
  for (AreaNumber p = 11; p < 42; ++p) {
    AddArea(&facts, p * kProvince, "某某省");
    for (AreaNumber c = 1; c <= 11; ++c) {
      const AreaNumber city = p * kProvince + c * kCity;
      AddArea(&facts, city, "某某市");
      for (AreaNumber d = 2; d < 11; ++d) {
        AddArea(&facts, city + d * kCounty, "某某区");
        for (AreaNumber t = 1; t <= 14; ++t) {
          AddArea(&facts, city + d * kCounty + t * kTownship, "某某街道办事处");
          for (AreaNumber v = 1; v <= 15; ++v)
            AddArea(&facts, city + d * kCounty + t * kTownship + v * kVillage, "某某社区居委会");
        }
      }
    }
  }
  return facts;
}

const AreaTree& National() {
  static const AreaTree tree(NationalFacts());
  return tree;
}

std::vector<AreaNumber> RandomNumbers() {
  SeededRandom random(1);
  std::vector<AreaNumber> numbers(1 << 16);
  for (AreaNumber& number : numbers)
    number = National().NumberAt(static_cast<AreaIndex>(random.Below(National().size())));
  return numbers;
}

void BM_Find(benchmark::State& state) {
  const auto numbers = RandomNumbers();
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(National().Find(numbers[i++ & (numbers.size() - 1)]));
  state.counters["areas"] = static_cast<double>(National().size());
  state.counters["bytes_an_area"] =
      static_cast<double>(National().memory_bytes()) / static_cast<double>(National().size());
}
BENCHMARK(BM_Find);

// A city of some ten thousand areas: all of it stays in the processor's cache.
void BM_FindInACity(benchmark::State& state) {
  AllFacts facts = NationalFacts();
  facts.areas.resize(10'000);
  const AreaTree tree(std::move(facts));
  SeededRandom random(3);
  std::vector<AreaNumber> numbers(1 << 12);
  for (AreaNumber& number : numbers)
    number = tree.NumberAt(static_cast<AreaIndex>(random.Below(tree.size())));
  size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(tree.Above(tree.Find(numbers[i++ & (numbers.size() - 1)]), AreaLevel::kCounty));
}
BENCHMARK(BM_FindInACity);

void BM_FindAndCounty(benchmark::State& state) {
  const auto numbers = RandomNumbers();
  size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        National().Above(National().Find(numbers[i++ & (numbers.size() - 1)]), AreaLevel::kCounty));
}
BENCHMARK(BM_FindAndCounty);

void BM_Path(benchmark::State& state) {
  const auto numbers = RandomNumbers();
  size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(National().Path(National().Find(numbers[i++ & (numbers.size() - 1)])));
}
BENCHMARK(BM_Path);

void BM_Build(benchmark::State& state) {
  const AllFacts facts = NationalFacts();
  for (auto _ : state) benchmark::DoNotOptimize(AreaTree(facts).size());
}
BENCHMARK(BM_Build)->Unit(benchmark::kMillisecond);

// 75 × 75 grids of 24 corners each in 12 townships.
void BM_AreaOfPoint(benchmark::State& state) {
  AllFacts facts;
  constexpr int32_t kSide = 75, kStep = 10'000;
  for (int32_t y = 0; y < kSide; ++y) {
    for (int32_t x = 0; x < kSide; ++x) {
      AreaFact fact;
      fact.area = 380'102'000'000'000 + AreaNumber(1 + (y * kSide + x) / 500) * 1'000'000 + 1'000 +
                  AreaNumber((y * kSide + x) % 500 + 1);
      Shape shape;
      auto& ring = shape.rings.emplace_back();
      for (int32_t k = 0; k < 6; ++k) ring.push_back({x * kStep + k * kStep / 6, y * kStep});
      for (int32_t k = 0; k < 6; ++k) ring.push_back({(x + 1) * kStep, y * kStep + k * kStep / 6});
      for (int32_t k = 6; k > 0; --k) ring.push_back({x * kStep + k * kStep / 6, (y + 1) * kStep});
      for (int32_t k = 6; k > 0; --k) ring.push_back({x * kStep, y * kStep + k * kStep / 6});
      for (const MapPoint& point : ring) shape.box.Add(point);
      fact.shape = std::make_shared<const Shape>(std::move(shape));
      facts.areas.push_back(std::move(fact));
    }
  }
  std::sort(facts.areas.begin(), facts.areas.end());
  const AreaTree tree(std::move(facts));
  SeededRandom random(2);
  std::vector<MapPoint> points(1 << 12);
  for (MapPoint& point : points)
    point = {static_cast<int32_t>(random.Below(kSide * kStep)),
             static_cast<int32_t>(random.Below(kSide * kStep))};
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(tree.AreaAt(points[i++ & (points.size() - 1)]));
}
BENCHMARK(BM_AreaOfPoint);

}  // namespace
}  // namespace tk::geo
