// Masking what leaves: a page of 50 persons, one person, a page of records without anything to mask. Figures: µs a resource.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "kernel/access/mask.h"
#include "kernel/base/error.h"
#include "kernel/fhir/definitions.h"

namespace {

using tk::access::AppendMasked;
using tk::access::Masks;

bool IsNone(std::string_view) { return false; }

Masks Usual() {
  (void)tk::fhir::Definitions::R4();
  Masks masks;
  masks.identifier = masks.phone = tk::access::Ends{3, 4};
  masks.birth_date = true;
  return masks;
}

std::string Person(int i) {
  return fmt::format(
      R"({{"resourceType":"Patient","id":"p{0}","meta":{{"versionId":"1","lastUpdated":"2026-11-23T01:00:00Z","tag":[{{"system":"http://tongkang.dev/fhir/sid/area","code":"380102"}}]}},)"
      R"("identifier":[{{"use":"official","system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"38010219710304{0:04}"}},{{"system":"http://tongkang.dev/fhir/sid/health-card","value":"HC{0:010}"}}],)"
      R"("active":true,"name":[{{"use":"official","text":"张三","family":"张","given":["三"]}}],"telecom":[{{"system":"phone","value":"1990000{0:04}","use":"mobile"}}],)"
      R"("gender":"female","birthDate":"1971-03-04","address":[{{"use":"home","text":"安和市东区灯市口 4 号","city":"安和市","district":"东区","line":["灯市口 4 号"]}}]}})",
      i);
}

std::string Page(const std::string& one, int count) {
  std::string page = R"({"resourceType":"Bundle","type":"searchset","entry":[)";
  for (int i = 0; i < count; ++i) page += (i == 0 ? "" : ",") + fmt::format(R"({{"resource":{}}})", one);
  return page + "]}";
}

void Run(benchmark::State& state, const std::string& text, int resources) {
  const Masks masks = Usual();
  std::string out;
  for (auto _ : state) {
    out.clear();
    const auto masked = AppendMasked(masks, IsNone, text, &out);
    CHECK(masked.ok());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * resources);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void BM_MaskPerson(benchmark::State& state) { Run(state, Person(1), 1); }
void BM_MaskPageOfPersons(benchmark::State& state) { Run(state, Page(Person(1), 50), 50); }
void BM_MaskPageWithoutPersons(benchmark::State& state) {
  const std::string one =
      R"({"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-11-23T08:00:00+08:00","valueQuantity":{"value":121,"unit":"mmHg"}})";
  Run(state, Page(one, 50), 50);
}

BENCHMARK(BM_MaskPerson);
BENCHMARK(BM_MaskPageOfPersons);
BENCHMARK(BM_MaskPageWithoutPersons);

}  // namespace
