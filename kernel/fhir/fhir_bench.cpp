// Parse and validate, by type, over the official examples. Figures: time of all documents of the type once; bytes a second
// of minified text.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/base/file.h"
#include "kernel/fhir/patch.h"
#include "kernel/fhir/validate.h"

namespace {

using tk::fhir::Definitions;
using tk::fhir::Document;

constexpr uintmax_t kTextMax = 200'000;

/// Minified texts of the examples of one type.
const std::vector<std::string>& Texts(const std::string& type) {
  static std::map<std::string, std::vector<std::string>> known;
  std::vector<std::string>& texts = known[type];
  if (!texts.empty()) return texts;
  (void)Definitions::R4();  // names are known before anything is parsed, as in the program
  for (const auto& entry : std::filesystem::directory_iterator(TK_R4_FOLDER)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(type + "-", 0) != 0 || entry.file_size() > kTextMax) continue;
    const auto text = tk::ReadFile(entry.path().string());
    const auto document = Document::Parse(*text);
    CHECK(document.ok());
    texts.emplace_back(document->Text());
  }
  CHECK(!texts.empty());
  return texts;
}

size_t Bytes(const std::vector<std::string>& texts) {
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

void Parse(benchmark::State& state, const char* type) {
  const auto& texts = Texts(type);
  for (auto _ : state) {
    for (const std::string& text : texts) {
      auto document = Document::Parse(text);
      benchmark::DoNotOptimize(document);
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * Bytes(texts)));
}

void Validate(benchmark::State& state, const std::string& type) {
  const auto& texts = Texts(type);
  const auto r4 = Definitions::R4();
  std::vector<Document> documents;
  for (const std::string& text : texts) documents.push_back(Document::Parse(text).value());
  for (auto _ : state) {
    for (const Document& document : documents) {
      auto issues = tk::fhir::Validate(*r4, document.Root());
      benchmark::DoNotOptimize(issues);
    }
  }
  const auto each = static_cast<double>(texts.size());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * Bytes(texts)));
  state.counters["bytes_each"] = static_cast<double>(Bytes(texts)) / each;
  // Seconds a resource: Google Benchmark prints it with the unit's prefix (3.1u = 3.1 µs).
  state.counters["each"] =
      benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Patch(benchmark::State& state) {
  const Document target = Document::Parse(Texts("Patient").front()).value();
  const Document patch =
      Document::Parse(
          R"([{"op":"add","path":"/active","value":true},{"op":"test","path":"/active","value":true}])")
          .value();
  for (auto _ : state) {
    auto patched = tk::fhir::ApplyJsonPatch(target.Root(), patch.Root());
    benchmark::DoNotOptimize(patched);
  }
}

void FindMember(benchmark::State& state) {
  const auto r4 = Definitions::R4();
  const auto patient = r4->FindType("Patient");
  const auto name = tk::fhir::Names::Find("birthDate");
  for (auto _ : state) benchmark::DoNotOptimize(r4->FindElement(patient, name));
}

BENCHMARK_CAPTURE(Parse, patient, "Patient");
BENCHMARK_CAPTURE(Parse, observation, "Observation");
BENCHMARK_CAPTURE(Parse, bundle, "Bundle");
BENCHMARK_CAPTURE(Parse, questionnaire, "Questionnaire");
/// Validate, of every type that has an example.
const bool kValidateByType = [] {
  std::set<std::string> types;
  for (const auto& entry : std::filesystem::directory_iterator(TK_R4_FOLDER)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".json" && name.find('-') != std::string::npos && name[0] >= 'A' &&
        name[0] <= 'Z' && entry.file_size() <= kTextMax)
      types.insert(name.substr(0, name.find('-')));
  }
  for (const std::string& type : types) {
    benchmark::RegisterBenchmark(("Validate/" + type).c_str(),
                                 [type](benchmark::State& state) { Validate(state, type); });
  }
  return true;
}();

BENCHMARK(Patch);
BENCHMARK(FindMember);

}  // namespace
