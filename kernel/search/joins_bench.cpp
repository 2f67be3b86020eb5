// What chains, _has and includes cost: a page and a count over patients with 20 observations each, as who sees everything and as who sees half;
// and chains into what is contained, by the candidate.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "kernel/base/random.h"
#include "kernel/search/test_house.h"
#include "kernel/view/directory_view.h"

namespace tk::search {
namespace {

constexpr uint64_t kHalf = 1000;  // the area of every other patient

/// One in 21 is a patient, the others are their observations, of 50 codes; one in 200 patients has an observation of the code "rare".
struct Town {
  House house;  // for the definitions and the key
  view::DirectoryView directory{
      {house.definitions->FindType("Patient"), house.definitions->FindType("Observation")}, ""};
  std::unique_ptr<Index> index;
  view::Position head{1, 1};

  explicit Town(uint64_t resources) {
    index = Index::Create(house.definitions, house.options(), &directory);
    SeededRandom random(1);
    for (uint64_t patient = 0; head.end_ordinal < resources; ++patient) {
      Add(patient, 0,
          fmt::format(
              R"({{"resourceType":"Patient","id":"{}","gender":"{}","name":[{{"family":"Family{}"}}]}})",
              patient, patient % 2 == 0 ? "male" : "female", patient));
      for (uint64_t i = 0; i < 20; ++i)
        Add(patient, 1,
            fmt::format(
                R"({{"resourceType":"Observation","id":"{}-{}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{}"}}]}},)"
                R"("subject":{{"reference":"Patient/{}"}},"effectiveDateTime":"20{:02}-03-04"}})",
                patient, i, i == 0 && patient % 200 == 0 ? "rare" : fmt::format("c{}", random.Below(50)),
                patient, 10 + random.Below(15)));
      if (patient % 50 == 49) Publish();
    }
    Publish();
  }

 private:
  void Add(uint64_t patient, log::TypeCode code, const std::string& json) {
    auto document = fhir::Document::Parse(json);
    CHECK(document.ok());
    auto now = std::make_shared<view::Resource>();
    now->type = house.definitions->FindType(code == 0 ? "Patient" : "Observation");
    now->id = document->Root()["id"].ToString();
    now->document = std::move(*document);
    view::DirectoryEntry entry;
    entry.type = code;
    entry.owner = static_cast<view::OwnerNumber>(patient + 1);
    entry.version = 1;
    entry.id_hash =
        KeyedHash(house.key(), std::string(house.definitions->Type(now->type).name) + "/" + now->id);
    entry.ordinal = head.end_ordinal;
    entry.area = kHalf + patient % 4 / 2;
    entry.sets_area = code == 0;
    directory.Apply(entry);
    const view::Change change{now, nullptr, 0};
    auto prepared = index->Prepare(change);
    CHECK(prepared.ok());
    index->Apply(change, **prepared, head.end_ordinal++);
  }
  void Publish() {
    directory.Publish(++head.t, head.end_ordinal);
    index->Publish(head.t, head.end_ordinal);
    while (index->Maintain()) {
    }
  }
};

struct Question {
  const char* type;
  const char* text;  // {} is a patient's number
};
constexpr Question kQuestions[] = {
    {"Observation", "patient.family=Family{}"},
    {"Observation", "patient.family=Family{}&code=c7"},
    {"Observation", "patient.gender=male&code=c7"},
    {"Observation", "patient.gender=male&_summary=count"},
    {"Patient", "_has:Observation:patient:code=rare"},
    {"Patient", "_has:Observation:patient:code=c7&_summary=count"},
    {"Patient",
     "_has:Observation:patient:code=c7&_has:Observation:patient:code=c8&gender=male&_summary=count"},
    {"Observation", "code=c7&_include=Observation:patient"},
    {"Patient", "gender=male&_revinclude=Observation:patient"},
};

Town& TownOf(int64_t resources) {
  static std::unique_ptr<Town> town;
  static int64_t size = 0;
  if (size != resources) {
    town = std::make_unique<Town>(static_cast<uint64_t>(resources));
    size = resources;
  }
  return *town;
}

void Join(benchmark::State& state) {
  Town& town = TownOf(state.range(0));
  const Question& question = kQuestions[state.range(1)];
  SeededRandom random(3);
  PageRequest request;
  request.position = town.head;
  request.count = 50;
  if (state.range(2) != 0) request.scope = {false, kHalf, kHalf + 1, 0};
  IncludeRequest include;
  include.page = request;
  include.may_read = [](fhir::TypeId) { return true; };
  include.max = 5000;
  uint64_t found = 0;
  for (auto _ : state) {
    const uint64_t patient = random.Below(static_cast<uint64_t>(state.range(0)) / 21);
    const auto query = ParseQuery(*town.house.definitions, town.house.definitions->FindType(question.type),
                                  fmt::format(fmt::runtime(question.text), patient), {});
    CHECK(query.ok());
    const auto page = town.index->Search(*query, request);
    CHECK(page.ok());
    found += page->total ? *page->total : page->ordinals.size();
    if (query->includes.empty()) continue;
    const auto included = town.index->Include(*query, page->ordinals, include);
    CHECK(included.ok());
    found += included->ordinals.size();
  }
  state.SetLabel(question.text);
  state.counters["found"] =
      benchmark::Counter(static_cast<double>(found), benchmark::Counter::kAvgIterations);
}
BENCHMARK(Join)
    ->ArgNames({"resources", "question", "half"})
    ->ArgsProduct({{20'000}, benchmark::CreateDenseRange(0, 8, 1), {0, 1}})
    ->Unit(benchmark::kMicrosecond);

/// Requests whose medication stands in them, of 20 codes, which only their texts tell; every second is stopped. The counter is what one of
/// them costs, without what reading it from the log does.
struct Pharmacy {
  House house;
  explicit Pharmacy(uint64_t requests) {
    for (uint64_t i = 0; i < requests; ++i)
      house.Put(fmt::format(
          R"({{"resourceType":"MedicationRequest","id":"{}","status":"{}","intent":"order","subject":{{"reference":"Patient/{}"}},)"
          R"("contained":[{{"resourceType":"Medication","id":"med","code":{{"coding":[{{"system":"http://x/drugs","code":"d{}"}}]}}}}],)"
          R"("medicationReference":{{"reference":"#med"}}}})",
          i, i % 2 == 0 ? "active" : "stopped", i % 100, i % 20));
  }
};

void JoinContained(benchmark::State& state) {
  const auto candidates = static_cast<uint64_t>(state.range(0));
  static std::unique_ptr<Pharmacy> pharmacy;
  static uint64_t size = 0;
  if (std::exchange(size, candidates) != candidates) pharmacy = std::make_unique<Pharmacy>(candidates);
  const std::string text =
      fmt::format("medication.code=d7{}&_summary=count", state.range(1) != 0 ? "&status=stopped" : "");
  uint64_t found = 0;
  for (auto _ : state) {
    const auto page = pharmacy->house.Ask("MedicationRequest", text);
    CHECK(page.ok());
    found += page->total.value_or(0);
  }
  CHECK(found > 0);
  state.SetLabel(text);
  state.counters["a_candidate"] =
      benchmark::Counter(static_cast<double>(candidates),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(JoinContained)
    ->ArgNames({"candidates", "with_status"})
    ->ArgsProduct({{2'000}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

/// Asked for with --benchmark_filter=JoinedFull and the size by TK_BENCH_FULL=1.
void JoinedFull(benchmark::State& state) {
  if (std::getenv("TK_BENCH_FULL") == nullptr) {
    state.SkipWithError("set TK_BENCH_FULL=1 to fill 100,000 resources");
    return;
  }
  Join(state);
}
BENCHMARK(JoinedFull)
    ->ArgNames({"resources", "question", "half"})
    ->ArgsProduct({{100'000}, benchmark::CreateDenseRange(0, 8, 1), {0, 1}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tk::search
