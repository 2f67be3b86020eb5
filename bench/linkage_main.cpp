// The accuracy and speed of person matching, as Markdown: ./tk bench linkage and ./tk train-matching call this. See bench/README.md.
// Use:    tongkang_linkage sets FOLDER START_MODEL     the public labelled sets, each trained without its labels
//         tongkang_linkage city FOLDER [MODEL]         the synthetic city's records against the truth
//         tongkang_linkage train FOLDER_OR_FILE OUT    learns a model from Patient.ndjson; with truth/truth.csv, a report of thresholds
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "bench/linkage_city.h"
#include "kernel/base/clock.h"
#include "kernel/base/file.h"
#include "kernel/person/linkage/train.h"

namespace tk::bench {
namespace {

using namespace person::linkage;

double SecondsSince(int64_t start_us) { return static_cast<double>(MonotonicUs() - start_us) / 1e6; }

std::string Today() { return FormatInstant(SystemClock().NowUs()).substr(0, 10); }

void Fill(const std::vector<Record>& records, Index* index) {
  for (const Record& record : records) index->Add(record);
  index->Settle();
}

Result<Model> TrainOn(const std::vector<Record>& records, const Model& start, const std::string& name,
                      const std::string& source, TrainReport* report) {
  Index index(start, NoRules());
  Fill(records, &index);
  TrainOptions options;
  options.name = name;
  options.date = Today();
  options.source = source;
  options.version = start.name == name ? start.version + 1 : 1;
  return Train(index, options, report);
}

Status RunSets(const std::string& folder, const std::string& start_file) {
  const std::string json = TRY(ReadFile(start_file));
  const Model start = TRY(Model::Read(json));
  fmt::print(
      "\n## Public labelled sets\n\nEach set's model is trained on the set itself without its labels, from "
      "`{}`. *Fixed*: joined when "
      "the model says more likely than not (0 bits), set before any label was seen; *best*: the threshold "
      "chosen with the labels. Pairs "
      "that the keys did not bring together count as missed.\n\n| set | records | true pairs | reached by "
      "keys | pairs compared | fixed: "
      "precision | recall | F1 | best: bits | precision | recall | F1 | pairs/s, one thread "
      "|\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      start_file);
  for (const SetSpec& spec : KnownSets()) {
    const LabelledSet set = TRY(ReadSet(folder, spec));
    TrainReport report;
    const Model model = TRY(TrainOn(set.records, start, set.name, "trained without labels", &report));
    Index index(model, NoRules());
    Fill(set.records, &index);
    BatchReport batch;
    const int64_t before = MonotonicUs();
    const std::vector<Link> links = FindLinks(index, Verdict::kDifferent, 1, &batch);
    const double seconds = SecondsSince(before);
    const SetResult r = Judge(links, set.person, model.thresholds.probable);
    fmt::print(
        "| {} | {} | {} | {} | {} | {:.4f} | {:.4f} | **{:.4f}** | {:.1f} | {:.4f} | {:.4f} | **{:.4f}** | "
        "{:.0f} |\n",
        set.name, set.records.size(), r.true_pairs, r.reached, batch.compared, r.fixed.precision,
        r.fixed.recall, r.fixed.f1, r.best.threshold, r.best.precision, r.best.recall, r.best.f1,
        static_cast<double>(batch.compared) / seconds);
  }
  fmt::print(
      "\nElsewhere: FEBRL4 best 0.9998 (Splink, threshold chosen with labels; its demos), 0.9946 "
      "(GoldenMatch, its own figure).\n");
  return {};
}

void PrintCity(const CityResult& r) {
  const Accuracy& p = r.pairs.fixed;
  fmt::print(
      "\n| | precision | recall | F1 | wrong | missed |\n|---|---|---|---|---|---|\n| pairs joined (probable "
      "and better) | {:.5f} | {:.5f} | "
      "**{:.5f}** | {} | {} |\n| groups (clusters without chains) | {:.5f} | {:.5f} | **{:.5f}** | {} | {} "
      "|\n",
      p.precision, p.recall, p.f1, p.wrong, p.missed, r.clusters.precision, r.clusters.recall, r.clusters.f1,
      r.clusters.wrong, r.clusters.missed);
  fmt::print(
      "\nCertain: {} pairs, **{} wrong**. Left to a clerk (possible): {} pairs, of which {} right. Groups "
      "not joined: {} "
      "contradictions, {} unsupported.\n",
      r.certain, r.certain_wrong, r.queued, r.queued_right, r.contradicted, r.unsupported);
  fmt::print(
      "\n| trap (in either record) | true pairs | joined | left to a clerk | recall | joined wrongly "
      "|\n|---|---|---|---|---|---|\n");
  for (const auto& [trap, row] : r.by_trap) {
    const double recall =
        row.pairs == 0 ? 0 : static_cast<double>(row.found) / static_cast<double>(row.pairs);
    fmt::print("| {} | {} | {} | {} | {:.4f} | {} |\n", trap, row.pairs, row.found, row.queued, recall,
               row.wrong);
  }
}

void PrintLive(const LiveResult& live) {
  const auto persons = static_cast<double>(live.persons);
  const auto share = [&](size_t bytes) { return static_cast<double>(bytes) / persons; };
  fmt::print(
      "\n### Live match, one entry a person\n\n{} persons with all their records but the asked one; built in "
      "{:.1f} s. Memory: {:.0f} bytes "
      "a person (entries {:.0f}, keys {:.0f}, places {:.0f}).\n\nAsked {} records: p50 {:.0f} µs, p99 {:.0f} "
      "µs, {:.1f} candidates each. Best hit joined "
      "rightly {}, wrongly {} (certain and wrong {}), left to a clerk {}, nobody found {}.\n",
      live.persons, live.build_seconds,
      share(live.bytes_entries + live.bytes_postings + live.bytes_directory), share(live.bytes_entries),
      share(live.bytes_postings), share(live.bytes_directory), live.asked, live.p50_us, live.p99_us,
      live.candidates, live.right, live.wrong, live.certain_wrong, live.queued, live.missed);
}

Status RunCity(const std::string& folder, const std::string& model_file) {
  Model model = CityModel();
  if (!model_file.empty()) {
    const std::string json = TRY(ReadFile(model_file));
    model = TRY(Model::Read(json));
  }
  const CitySet set = TRY(ReadCity(folder));
  fmt::print(
      "\n## The synthetic city\n\n{} records; model {} version {} of {}; rules of {}, {}. Rates of the "
      "traps: city/data/noise.json.\n",
      set.records.size(), model.name, model.version, model.date, ResidentRules().name, ResidentRules().date);
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  {
    Index index(model, ResidentRules());
    int64_t before = MonotonicUs();
    Fill(set.records, &index);
    const double built = SecondsSince(before);
    BatchReport batch;
    before = MonotonicUs();
    const std::vector<Link> links = FindLinks(index, Verdict::kPossible, threads, &batch);
    const double seconds = SecondsSince(before);
    fmt::print(
        "\nBatch: {:.1f} s to index, {:.1f} s on {} threads to compare {} pairs ({:.0f} pairs/s, {:.0f} "
        "records/s); {} keys of too many entries "
        "passed over.\n",
        built, seconds, threads, batch.compared, static_cast<double>(batch.compared) / seconds,
        static_cast<double>(set.records.size()) / seconds, batch.passed_over);
    PrintCity(JudgeCity(index, set, links));
  }
  PrintLive(AskLive(set, model, 20));
  return {};
}

void PrintThresholds(const Index& index, const CitySet& set) {
  const std::vector<Link> links =
      FindLinks(index, Verdict::kDifferent, std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::string> names;
  for (const uint64_t person : set.person) names.push_back(std::to_string(person));
  fmt::print("\n| threshold, bits | probability | precision | recall | F1 |\n|---|---|---|---|---|\n");
  for (const double bits : {-10.0, -6.6, -3.0, 0.0, 3.0, 6.6, 10.0, 13.3, 20.0}) {
    const SetResult r = Judge(links, names, bits);
    fmt::print("| {:.1f} | {:.4f} | {:.5f} | {:.5f} | {:.5f} |\n", bits, ProbabilityOf(bits),
               r.fixed.precision, r.fixed.recall, r.fixed.f1);
  }
}

Status RunTrain(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  CitySet set;
  const bool labelled = fs::exists(from + "/truth/truth.csv");
  if (labelled)
    set = TRY(ReadCity(from));
  else
    set.records = TRY(ReadPatients(fs::is_directory(from) ? from + "/Patient.ndjson" : from));
  TrainReport report;
  const Model model = TRY(
      TrainOn(set.records, CityModel(), CityModel().name,
              fmt::format("./tk train-matching, {} records, without labels", set.records.size()), &report));
  TRY(WriteFileDurable(to, model.ToJson(), 0644));
  fmt::print(
      "# Training\n\n{} records → {} version {}; prior {:.2f} bits; {:.0f} candidates, {:.0f} expected "
      "matches.\n\n| pass | pairs | expected matches |\n|---|---|---|\n",
      set.records.size(), to, model.version, model.prior_bits, report.candidates, report.matches);
  for (const auto& row : report.passes) {
    std::string parts;
    for (const KeyPart part : model.passes[row.pass].parts)
      parts.append(parts.empty() ? "" : " + ").append(NameOf(part));
    fmt::print("| {} | {:.0f} | {:.0f} |\n", parts, row.pairs, row.matches);
  }
  fmt::print("\n| field | level | m | u | bits |\n|---|---|---|---|---|\n");
  for (size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    for (uint8_t level = 1;
         level < kLevelsMax && model.fields[i].used && !TraitsOf(field).levels[level].empty(); ++level)
      fmt::print("| {} | {} | {:.6f} | {:.8f} | {:.2f} |\n", TraitsOf(field).name,
                 TraitsOf(field).levels[level], model.fields[i].m[level], model.fields[i].u[level],
                 model.Bits(field, level, 0));
  }
  if (!labelled) return {};
  Index index(model, NoRules());
  Fill(set.records, &index);
  fmt::print("\nAgainst the truth, by the score alone (no rules):\n");
  PrintThresholds(index, set);
  return {};
}

Status Main(int argc, char** argv) {
  const std::string command = argc > 2 ? argv[1] : "";
  if (command == "sets" && argc == 4) return RunSets(argv[2], argv[3]);
  if (command == "city") return RunCity(argv[2], argc > 3 ? argv[3] : "");
  if (command == "train" && argc == 4) return RunTrain(argv[2], argv[3]);
  return MakeError(ErrorCode::kIncorrect,
                   "use: tongkang_linkage sets FOLDER START_MODEL | city FOLDER [MODEL] | train DATA OUT");
}

}  // namespace
}  // namespace tk::bench

int main(int argc, char** argv) {
  const tk::Status status = tk::bench::Main(argc, argv);
  if (!status.ok()) fmt::print(stderr, "tongkang_linkage: {}\n", status.error().external);
  return status.ok() ? 0 : 1;
}
