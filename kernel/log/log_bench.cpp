// How fast is the log? Appends durable batches of about 450-byte entries, reads at random, seals and unseals. SQLite by default; the
// environment variable TK_BENCH_POSTGRES=postgresql://… measures that database too.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "kernel/base/random.h"
#include "kernel/log/codec.h"

namespace tk::log {
namespace {

template <class T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().ToString().c_str());
    std::abort();
  }
  return std::move(result).value();
}

struct Place {
  explicit Place(bool postgres) {
    std::string name = (std::filesystem::current_path() / "build" / "tk_log_bench_XXXXXX").string();
    std::filesystem::create_directories("build");
    CHECK(mkdtemp(name.data()) != nullptr);
    folder = name;
    options.folder = folder + "/log";
    const char* url = std::getenv("TK_BENCH_POSTGRES");
    if (!postgres || url == nullptr) return;
    std::array<uint8_t, 6> random{};
    SystemRandom(random);
    options.url = url;
    options.schema = "bench_" + ToHex(random);
  }
  ~Place() { std::filesystem::remove_all(folder); }
  std::string folder;
  OpenOptions options;
};

Batch MakeBatch(const Head& head, size_t entries, SeededRandom* random) {
  Batch batch;
  SystemRandom(batch.id);
  batch.epoch = head.epoch;
  batch.first_t = head.t + 1;
  batch.first_ordinal = head.next_ordinal;
  for (size_t i = 0; i < entries; ++i) {
    NewEntry entry;
    entry.type = 1;
    entry.id_hash = random->Next();
    entry.owner = static_cast<OwnerNumber>(i);
    entry.sealed.resize(200);
    std::memcpy(entry.sealed.data(), &entry.id_hash, sizeof entry.id_hash);
    batch.entries.push_back(std::move(entry));
    batch.transactions.push_back({1, 0, head.last_at_us + 1000 + static_cast<Instant>(i)});
  }
  return batch;
}

void Append(benchmark::State& state, bool postgres) {
  const Place place(postgres);
  const auto log = Must(OpenLog(place.options));
  Must(log->TakeEpoch());
  SeededRandom random(1);
  const auto entries = static_cast<size_t>(state.range(0));
  Batch batch = MakeBatch(log->head(), entries, &random);
  for (auto _ : state) {
    const Head head = log->head();
    SystemRandom(batch.id);
    batch.first_t = head.t + 1;
    batch.first_ordinal = head.next_ordinal;
    for (NewTransaction& transaction : batch.transactions)
      transaction.at_us += 1000 + static_cast<Instant>(entries);
    Must(log->Append(batch));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(entries));
  const double stored = static_cast<double>(log->head().next_ordinal - 1);
  state.counters["disk_bytes_per_entry"] = static_cast<double>(log->bytes_on_disk()) / std::max(stored, 1.0);
}
void AppendSqlite(benchmark::State& state) { Append(state, false); }
void AppendPostgres(benchmark::State& state) {
  if (std::getenv("TK_BENCH_POSTGRES") == nullptr)
    state.SkipWithError("TK_BENCH_POSTGRES is not set");
  else
    Append(state, true);
}
BENCHMARK(AppendSqlite)->Arg(1)->Arg(8)->Arg(64)->Arg(1000)->UseRealTime();
BENCHMARK(AppendPostgres)->Arg(1)->Arg(8)->Arg(64)->Arg(1000)->UseRealTime();

// One log for all reading threads, filled once.
struct Filled {
  explicit Filled(bool postgres) : place(postgres), log(Must(OpenLog(place.options))) {
    Must(log->TakeEpoch());
    SeededRandom random(1);
    for (int i = 0; i < 50; ++i) Must(log->Append(MakeBatch(log->head(), 1000, &random)));
  }
  Place place;
  std::unique_ptr<Log> log;
};

void Read(benchmark::State& state, const Log& log) {
  SeededRandom random(static_cast<uint64_t>(state.thread_index()) + 1);
  for (auto _ : state) benchmark::DoNotOptimize(Must(log.Read(1 + random.Below(50'000))));
  state.SetItemsProcessed(state.iterations());
}
void ReadSqlite(benchmark::State& state) {
  static const Filled filled(false);
  Read(state, *filled.log);
}
void ReadPostgres(benchmark::State& state) {
  if (std::getenv("TK_BENCH_POSTGRES") == nullptr) {
    state.SkipWithError("TK_BENCH_POSTGRES is not set");
    return;
  }
  static const Filled filled(true);
  Read(state, *filled.log);
}
void ScanSqlite(benchmark::State& state) {
  static const Filled filled(false);
  for (auto _ : state) {
    Must(filled.log->Scan(1, 50'001, [](StoredEntry&&) -> Result<bool> { return true; }).ok()
             ? Result<int>(0)
             : Result<int>(MakeError(ErrorCode::kInternal, "scan")));
  }
  state.SetItemsProcessed(state.iterations() * 50'000);
}
BENCHMARK(ReadSqlite)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(ReadPostgres)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(ScanSqlite)->UseRealTime();

std::string Observation(SeededRandom* random) {
  return R"({"resourceType":"Observation","id":")" + std::to_string(random->Next()) +
         R"(","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/vitalsigns"]},"status":"final","category":[{"coding":[{"system":)"
         R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],"code":{"coding":[{"system":)"
         R"("http://loinc.org","code":"8310-5","display":"Body temperature"}],"text":"Body temperature"},"subject":{"reference":"Patient/)" +
         std::to_string(random->Below(1000)) + R"("},"encounter":{"reference":"Encounter/)" +
         std::to_string(random->Next()) + R"("},"effectiveDateTime":"2026-03-01T08:)" +
         std::to_string(10 + random->Below(50)) + R"(:00+08:00","valueQuantity":{"value":3)" +
         std::to_string(random->Below(10)) +
         R"(.5,"unit":"Cel","system":"http://unitsofmeasure.org","code":"Cel"}})";
}

// range: 0 = AES-256-GCM, 1 = SM4.
struct Sealing {
  explicit Sealing(bool sm4)
      : place(false),
        log(Must(OpenLog(place.options))),
        keys(Must(OpenKeyStore(place.folder + "/keys", sm4 ? Cipher::kSm4 : Cipher::kAes256Gcm))),
        codec(Must(Codec::Create(log.get(), keys.get()))) {
    SeededRandom random(3);
    for (uint32_t i = 0; i < 600; ++i) codec->Observe(1, 1 + i % 100, Observation(&random));
    Must(codec->TrainDue([](const std::function<Status()>& work) { return work(); }));
    content.id = "1";
    content.text = Observation(&random);
    CHECK(Splice(&content).ok());
    key = Must(keys->ForName("Patient/1"));
    entry.type = 1;
    CHECK(codec->Seal(content, key, &entry).ok());
  }
  Place place;
  std::unique_ptr<Log> log;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<Codec> codec;
  Content content;
  PersonKey key;
  NewEntry entry;
};
void Seal(benchmark::State& state) {
  Sealing s(state.range(0) == 1);
  for (auto _ : state) CHECK(s.codec->Seal(s.content, s.key, &s.entry).ok());
  state.counters["text_bytes"] = static_cast<double>(s.content.text.size());
  state.counters["sealed_bytes"] = static_cast<double>(s.entry.sealed.size());
}
void Unseal(benchmark::State& state) {
  Sealing s(state.range(0) == 1);
  for (auto _ : state) benchmark::DoNotOptimize(Must(s.codec->Unseal(s.entry)));
}
void KeyOfNumber(benchmark::State& state) {
  Sealing s(false);
  for (auto _ : state) benchmark::DoNotOptimize(Must(s.keys->Get(1)));
}
BENCHMARK(Seal)->Arg(0)->Arg(1);
BENCHMARK(Unseal)->Arg(0)->Arg(1);
BENCHMARK(KeyOfNumber);

}  // namespace
}  // namespace tk::log
