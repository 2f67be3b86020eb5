// What the index costs: preparing and applying a resource, a page of the newest 20, a count; over observations of many patients.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>

#include "kernel/base/random.h"
#include "kernel/search/entries.h"
#include "kernel/search/test_house.h"
#include "kernel/view/directory_view.h"

namespace tk::search {
namespace {

std::string Observation(SeededRandom& random, uint64_t number, uint64_t patients) {
  const char* codes[] = {"8310-5", "8867-4", "29463-7", "8302-2", "85354-9"};
  return fmt::format(
      R"({{"resourceType":"Observation","id":"o{}","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}}]}}],)"
      R"("code":{{"coding":[{{"system":"http://loinc.org","code":"{}","display":"a display"}}],"text":"a text"}},"subject":{{"reference":"Patient/{}"}},"encounter":{{"reference":"Encounter/{}"}},)"
      R"("effectiveDateTime":"20{:02}-0{}-1{}T08:{:02}:00+08:00","issued":"2020-01-01T00:00:00.000Z","valueQuantity":{{"value":{}.{},"unit":"C","system":"http://unitsofmeasure.org","code":"Cel"}}}})",
      number, codes[random.Below(5)], random.Below(patients), random.Below(patients * 4),
      10 + random.Below(15), 1 + random.Below(9), random.Below(10), random.Below(60), 35 + random.Below(6),
      random.Below(10));
}

view::ResourcePtr Made(const House& house, const std::string& text) {
  auto document = fhir::Document::Parse(text);
  CHECK(document.ok());
  auto now = std::make_shared<view::Resource>();
  now->type = house.definitions->FindType("Observation");
  now->id = document->Root()["id"].ToString();
  now->document = std::move(*document);
  return now;
}

void Prepare(benchmark::State& state) {
  const House house;
  SeededRandom random(1);
  const auto resource = Made(house, Observation(random, 1, 1000));
  const view::Change change{resource, nullptr, 0};
  size_t entries = 0;
  for (auto _ : state) {
    const auto prepared = house.index->Prepare(change);
    const auto& now = static_cast<const PreparedEntries&>(**prepared).now;
    entries = now.equality.size() + now.ordered.size() + now.strings.size() + now.sort.size();
  }
  state.counters["entries"] = static_cast<double>(entries);
}
BENCHMARK(Prepare);

constexpr uint64_t kArea = 1000;

struct Filled {
  House house;  // for the definitions and the key
  view::DirectoryView directory{{house.definitions->FindType("Observation")}, ""};
  std::unique_ptr<Index> index;
  view::Position head{1, 1};
  explicit Filled(uint64_t resources) {
    index = Index::Create(house.definitions, house.options(), &directory);
    SeededRandom random(1);
    for (uint64_t i = 0; i < resources; ++i) {
      const view::Change change{Made(house, Observation(random, i, resources / 20)), nullptr, 0};
      auto prepared = index->Prepare(change);
      CHECK(prepared.ok());
      Place(i, static_cast<view::OwnerNumber>(1 + random.Below(resources / 20)));
      index->Apply(change, **prepared, head.end_ordinal++);
      if (i % 1000 == 999) Publish();
    }
    Publish();
  }

 private:
  /// Half of the owners are in the area that a limited scope sees.
  void Place(uint64_t id_hash, view::OwnerNumber owner) {
    view::DirectoryEntry entry;
    entry.owner = owner;
    entry.version = 1;
    entry.id_hash = Mix(id_hash);
    entry.ordinal = head.end_ordinal;
    entry.area = kArea + owner % 2;
    entry.sets_area = true;
    directory.Apply(entry);
  }
  void Publish() {
    directory.Publish(++head.t, head.end_ordinal);
    index->Publish(head.t, head.end_ordinal);
    while (index->Maintain()) {
    }
  }
};

Filled& At(int64_t resources) {
  static std::unique_ptr<Filled> filled;
  static int64_t size = 0;
  if (size != resources) {
    filled = std::make_unique<Filled>(static_cast<uint64_t>(resources));
    size = resources;
  }
  return *filled;
}

void Apply(benchmark::State& state) {
  House house;
  view::DirectoryView directory({house.definitions->FindType("Observation")}, "");
  auto index = Index::Create(house.definitions, house.options(), &directory);
  SeededRandom random(1);
  std::vector<std::pair<view::Change, std::unique_ptr<view::Prepared>>> all;
  for (uint64_t i = 0; i < 1000; ++i) {
    view::Change change{Made(house, Observation(random, i, 1000)), nullptr, 0};
    auto prepared = index->Prepare(change);
    CHECK(prepared.ok());
    all.emplace_back(std::move(change), std::move(*prepared));
  }
  uint64_t ordinal = 1, t = 0;
  for (auto _ : state) {
    for (const auto& [change, prepared] : all) index->Apply(change, *prepared, ordinal++);
    index->Publish(++t, ordinal);
    if (t % 100 == 0) {
      state.PauseTiming();
      index->Clear();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(Apply);

enum Question { kPatientCode, kPatient, kCodeCount, kCodeCountInScope, kPatientDate, kCodeDateCount };

void Ask(benchmark::State& state) {
  Filled& filled = At(state.range(0));
  SeededRandom random(3);
  PageRequest request;
  request.position = filled.head;
  request.count = 20;
  request.scope.everything = state.range(1) != kCodeCountInScope;
  request.scope.area_low = kArea;
  request.scope.area_high = kArea + 1;
  uint64_t found = 0;
  for (auto _ : state) {
    const auto patient = std::to_string(random.Below(static_cast<uint64_t>(state.range(0)) / 20));
    std::string text;
    switch (state.range(1)) {
      case kPatientCode:
        text = "patient=" + patient + "&code=http://loinc.org|8310-5&_sort=-date";
        break;
      case kPatient:
        text = "patient=" + patient;
        break;
      case kPatientDate:
        text = "patient=" + patient + "&date=ge2015";
        break;
      case kCodeDateCount:
        text = "code=8310-5&date=ge2024&_summary=count";
        break;
      default:
        text = "code=http://loinc.org|8310-5&_summary=count";
    }
    const auto query =
        ParseQuery(*filled.house.definitions, filled.house.definitions->FindType("Observation"), text, {});
    const auto page = filled.index->Search(*query, request);
    CHECK(page.ok());
    found += page->total ? *page->total : page->ordinals.size();
  }
  state.counters["found"] =
      benchmark::Counter(static_cast<double>(found), benchmark::Counter::kAvgIterations);
}
BENCHMARK(Ask)
    ->ArgNames({"resources", "question"})
    ->ArgsProduct({{20'000}, {0, 1, 2, 3, 4, 5}})
    ->Unit(benchmark::kMicrosecond);

/// The full size takes a minute to fill: asked for with --benchmark_filter=AskMillion and TK_BENCH_FULL=1.
void AskMillion(benchmark::State& state) {
  if (std::getenv("TK_BENCH_FULL") == nullptr) {
    state.SkipWithError("set TK_BENCH_FULL=1 to fill a million resources");
    return;
  }
  Ask(state);
}
BENCHMARK(AskMillion)
    ->ArgNames({"resources", "question"})
    ->ArgsProduct({{1'000'000}, {0, 1, 2, 3, 4, 5}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tk::search
