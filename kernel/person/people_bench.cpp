// What a start of the person index costs: People folded from a journal as it is saved. TK_PEOPLE=5000000 asks for so many persons (default 2,000),
// TK_PEOPLE_RECORDS=2 for so many records of each, joined by decisions.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/base/random.h"
#include "kernel/person/journal.h"
#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person {
namespace {

size_t Asked(const char* name, size_t usual) {
  const char* const given = std::getenv(name);
  return given == nullptr ? usual : static_cast<size_t>(std::strtoull(given, nullptr, 10));
}

/// As spread as the keyed hashes of ids are; a plain multiple would lie in the tables more evenly than these do.
uint64_t IdHashOf(uint64_t number) {
  uint64_t x = number * 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// A journal of persons who are all different: 100 births × some thousand names and addresses.
size_t WritePeople(const std::string& path, size_t persons, size_t records) {
  static const std::vector<std::string> families = {"王", "李", "张", "刘", "陈", "赵", "黄", "周", "吴"};
  std::string bytes;
  size_t size = 0;
  const auto write = [&] {
    if (!AppendToJournal(path, size, bytes).ok()) std::abort();
    size += bytes.size();
    bytes.clear();
  };
  SeededRandom random(5);
  JournalEntry link;
  link.kind = JournalKind::kDecision;
  link.active = true;
  for (size_t i = 0; i < persons; ++i) {
    const auto birth = static_cast<int32_t>((1930 + random.Below(90)) * 10000 + (1 + random.Below(12)) * 100 +
                                            1 + random.Below(28));
    const linkage::Record record = linkage::TestPerson(families[random.Below(families.size())],
                                                       "给" + std::to_string(random.Below(40'000)), birth,
                                                       static_cast<uint32_t>(1 + random.Below(990)));
    std::string packed;
    linkage::Pack(record, &packed);
    for (size_t copy = 0; copy < records; ++copy) {
      JournalEntry entry;
      entry.kind = JournalKind::kRecord;
      entry.id_hash = IdHashOf(i * records + copy + 1);
      entry.ordinal = entry.first = i * records + copy + 1;
      entry.packed = packed;
      PrintJournal(entry, &bytes);
    }
    if (bytes.size() > (size_t{8} << 20)) write();
  }
  // As a de-duplication leaves it: who is joined was read long before.
  for (size_t i = 0; i < persons; ++i) {
    for (size_t copy = 1; copy < records; ++copy) {
      const uint64_t number = i * records + copy + 1;
      link.id_hash = IdHashOf(~number);
      link.pairs = {{IdHashOf(i * records + 1), IdHashOf(number)}};
      PrintJournal(link, &bytes);
    }
    if (bytes.size() > (size_t{8} << 20)) write();
  }
  write();
  return size;
}

void BM_StartOfPeople(benchmark::State& state) {
  const size_t persons = Asked("TK_PEOPLE", 2000), records = Asked("TK_PEOPLE_RECORDS", 1);
  const std::string path = std::filesystem::temp_directory_path() / ("tk-people-bench-" + NewUuid());
  const size_t size = WritePeople(path, persons, records);
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  for (auto _ : state) {
    People people(linkage::CityModel(), linkage::ResidentRules());
    const int64_t begun_us = MonotonicUs();
    const bool read =
        LoadPeople(path, size, persons * records, persons * (records - 1), threads, &people).ok();
    if (!read || people.persons() != persons) state.SkipWithError("the journal was not read whole");
    state.counters["seconds"] = static_cast<double>(MonotonicUs() - begun_us) / 1e6;
    state.counters["bytes_a_person"] =
        static_cast<double>(people.memory().sum()) / static_cast<double>(persons);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_mb"] = static_cast<double>(usage.ru_maxrss) / 1024;
  state.counters["journal_bytes_a_person"] = static_cast<double>(size) / static_cast<double>(persons);
  std::filesystem::remove(path);
}
BENCHMARK(BM_StartOfPeople)->Iterations(1)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace tk::person
