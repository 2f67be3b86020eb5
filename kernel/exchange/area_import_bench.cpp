// A table of divisions into an empty log with index, view and validation: rows a second. TK_DIVISIONS=FILE takes that table (the official one
// has some 665,000 rows to the village and is not in this repository; npm's china-division has it), else one of 2,000 rows is made.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/exchange/area_import.h"
#include "kernel/interaction/interaction.h"
#include "kernel/search/index.h"

namespace tk::exchange {
namespace {

std::string BenchTable() {
  if (const char* const file = std::getenv("TK_DIVISIONS")) return ReadFile(file, size_t{1} << 30).value();
  std::string csv = "code,name\n3801,安和市\n380102,东城区\n";
  for (int t = 1; t <= 20; ++t) {
    csv += fmt::format("380102{:03},某某街道办事处\n", t);
    for (int v = 1; v < 100; ++v) csv += fmt::format("380102{:03}{:03},某某社区居委会\n", t, v);
  }
  return csv;
}

struct BenchHouse {
  BenchHouse() : folder(std::filesystem::temp_directory_path() / ("tk-import-bench-" + NewUuid())) {
    view::EngineOptions options;
    options.folder = options.log.folder = folder;
    options.definitions = fhir::Definitions::R4();
    options.clock = &clock;
    engine = view::Engine::Create(options, [&](const view::Directory& directory, const HashKey& key) {
               search::IndexOptions index;
               index.folder = folder / "views/search";
               index.hash_key = key;
               std::vector<std::unique_ptr<view::View>> views;
               views.push_back(search::Index::CreateRebuildable(options.definitions, index, &directory));
               views.push_back(std::make_unique<geo::AreaView>(options.definitions));
               areas = static_cast<geo::AreaView*>(views.back().get());
               return views;
             }).value();
    interaction::Context context;
    context.engine = engine.get();
    context.index = static_cast<search::Index*>(&engine->view(0));
    context.clock = &clock;
    interactions = std::make_unique<interaction::Interactions>(context);
  }
  ~BenchHouse() {
    interactions.reset();
    engine->Stop();
    engine.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  SystemClock clock;
  std::filesystem::path folder;
  geo::AreaView* areas = nullptr;
  std::unique_ptr<view::Engine> engine;
  std::unique_ptr<interaction::Interactions> interactions;
  ImportContext context() const { return {engine.get(), areas, interactions.get()}; }
};

void BM_ImportAreas(benchmark::State& state) {
  const std::string csv = BenchTable();
  for (auto _ : state) {
    BenchHouse house;
    const ImportOptions options;
    const int64_t begin_us = MonotonicUs();
    const ImportReport first = ImportAreas(house.context(), csv, options).value();
    const int64_t again_us = MonotonicUs();
    const ImportReport again = ImportAreas(house.context(), csv, options).value();
    const int64_t end_us = MonotonicUs();
    CHECK(first.refused == 0 && again.added + again.changed == 0);
    state.counters["rows"] = static_cast<double>(first.rows);
    state.counters["areas"] = static_cast<double>(first.added);
    state.counters["first_s"] = static_cast<double>(again_us - begin_us) / 1e6;
    state.counters["again_s"] = static_cast<double>(end_us - again_us) / 1e6;
    state.counters["tree_mb"] = static_cast<double>(house.areas->memory_bytes()) / 1e6;
  }
}
BENCHMARK(BM_ImportAreas)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace tk::exchange
