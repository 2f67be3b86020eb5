// The accuracy and speed of person matching, as Markdown: ./tk bench linkage and ./tk train-matching call this. See bench/README.md.
// Use:    tongkang_linkage sets FOLDER START_MODEL     the public labelled sets, each trained without its labels
//         tongkang_linkage city FOLDER [MODEL [MISSED]]  the synthetic city's records against the truth; MODEL may be ""; MISSED: a file for
//                                                      a line on each part of a person that stayed apart and each wrong join: levels, no values
//         tongkang_linkage train FOLDER_OR_FILE OUT    learns a model from Patient.ndjson; with truth/truth.csv, a report of thresholds
#include <fmt/format.h>

#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <map>
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

double PeakGigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e6;  // of kilobytes
}

void Fill(const EntryStore& records, Index* index) {
  for (size_t i = 0; i < records.size(); ++i) index->AddPacked(records.View(static_cast<Entry>(i)).bytes());
  index->Settle();
}

Result<Model> TrainOn(const EntryStore& records, const Model& start, const std::string& name,
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

/// The batch on a labelled set: pairs of records that became one person, joined when more likely one than not.
Accuracy PersonsOf(const LabelledSet& set, const Model& model) {
  Resolver resolver(set.records, model, NoRules(), Verdict::kProbable, Verdict::kProbable, 1);
  Resolver::Round round;
  while (resolver.Next(&round)) continue;
  uint64_t right = 0, found = 0, all = 0;
  std::map<std::pair<Entry, std::string>, uint64_t> cells;
  std::map<Entry, uint64_t> groups;
  std::map<std::string, uint64_t> persons;
  for (size_t i = 0; i < set.person.size(); ++i) {
    const Entry group = resolver.PersonOf(static_cast<Entry>(i));
    right += cells[{group, set.person[i]}]++;
    found += groups[group]++;
    all += persons[set.person[i]]++;
  }
  return AccuracyOf(right, found, all, model.thresholds.probable);
}

Status RunSet(const std::string& folder, const SetSpec& spec, const Model& start) {
  LabelledSet set;
  TRY(ReadSet(folder, spec, &set));
  TrainReport report;
  const Model model = TRY(TrainOn(set.records, start, set.name, "trained without labels", &report));
  Index index(model, NoRules());
  Fill(set.records, &index);
  BatchReport batch;
  const int64_t before = MonotonicUs();
  const std::vector<Link> links = FindLinks(index, Verdict::kDifferent, 1, &batch);
  const double seconds = SecondsSince(before);
  const SetResult r = Judge(links, set.person, model.thresholds.probable);
  const Accuracy persons = PersonsOf(set, model);
  fmt::print(
      "| {} | {} | {} | {} | {} | {:.4f} | {:.4f} | **{:.4f}** | {:.1f} | {:.4f} | {:.4f} | **{:.4f}** | "
      "{:.4f} | {:.4f} | **{:.4f}** | {:.0f} |\n",
      set.name, set.records.size(), r.true_pairs, r.reached, batch.compared, r.fixed.precision,
      r.fixed.recall, r.fixed.f1, r.best.threshold, r.best.precision, r.best.recall, r.best.f1,
      persons.precision, persons.recall, persons.f1, static_cast<double>(batch.compared) / seconds);
  return {};
}

Status RunSets(const std::string& folder, const std::string& start_file) {
  const std::string json = TRY(ReadFile(start_file));
  const Model start = TRY(Model::Read(json));
  fmt::print(
      "\n## Public labelled sets\n\nEach set's model is trained on the set itself without its labels, from "
      "`{}`. *Fixed*: joined when the model says more likely than not (0 bits), set before any label was "
      "seen; *best*: the threshold chosen with the labels; *persons*: the batch that compares with whole "
      "persons, at the fixed threshold, judged by the pairs within persons. Pairs that the keys did not "
      "bring together count as missed.\n\n| set | records | true pairs | reached by keys | pairs compared | "
      "fixed: precision | recall | F1 | best: bits | precision | recall | F1 | persons: precision | recall | "
      "F1 | pairs/s, one thread "
      "|\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      start_file);
  for (const SetSpec& spec : KnownSets()) TRY(RunSet(folder, spec, start));
  fmt::print(
      "\nElsewhere: FEBRL4 best 0.9998 (Splink, threshold chosen with labels; its demos), 0.9946 "
      "(GoldenMatch, its own figure).\n");
  return {};
}

void PrintAccuracy(const char* what, const Accuracy& a) {
  fmt::print("| {} | {:.5f} | {:.5f} | **{:.5f}** | {} | {} |\n", what, a.precision, a.recall, a.f1, a.wrong,
             a.missed);
}

void PrintTraps(const CityRows& rows) {
  fmt::print(
      "\n| trap (in either record) | true pairs | joined | recall | joined wrongly "
      "|\n|---|---|---|---|---|\n");
  for (const auto& [trap, row] : rows) {
    const double recall =
        row.pairs == 0 ? 0 : static_cast<double>(row.found) / static_cast<double>(row.pairs);
    fmt::print("| {} | {} | {} | {:.4f} | {} |\n", trap, row.pairs, row.found, recall, row.wrong);
  }
}

/// Names of linkage_judge.cpp's CommonOf.
bool NobodyCouldTell(const std::string& common) {
  return common == "nothing" || common == "a name alone" || common == "a birth date alone" ||
         common == "birth date and household, another name";
}

void PrintPersons(const CitySet& set, const PersonsResult& r) {
  double cpu = 0;
  fmt::print(
      "\n### Batch: records to persons\n\n| round | entries | pairs compared | keys passed over | joined | "
      "numbers taken as lent | seconds | CPU s |\n|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < r.rounds.size(); ++i) {
    const auto& round = r.rounds[i];
    fmt::print("| {} | {} | {} | {} | {} | {} | {:.1f} | {:.1f} |\n", i, round.entries, round.compared,
               round.passed_over, round.joined, round.lent, round.seconds, round.cpu_seconds);
    cpu += round.cpu_seconds;
  }
  fmt::print(
      "\n{} records became {} persons in **{:.1f} s** ({:.0f} records/s), {:.1f} s of CPU.\n\n| | precision "
      "| recall | F1 | "
      "wrong | missed |\n|---|---|---|---|---|---|\n",
      set.records.size(), r.persons, r.seconds, static_cast<double>(set.records.size()) / r.seconds, cpu);
  PrintAccuracy("pairs of records of one person", r.pairs);
  fmt::print(
      "\nCertain: {} links, **{} wrong**. Left to a clerk (possible): {} links, of which {} right. Not "
      "joined: {} "
      "contradictions, {} unsupported.\n",
      r.certain, r.certain_wrong, r.queued, r.queued_right, r.contradicted, r.unsupported);
  fmt::print(
      "\nWhat the parts of a person that stayed apart have in common, each part beside all else that is "
      "known of him:\n\n| in common at best | pairs |\n|---|---|\n");
  uint64_t untold = 0;
  for (const auto& [common, pairs] : r.missed) {
    fmt::print("| {} | {} |\n", common, pairs);
    if (NobodyCouldTell(common)) untold += pairs;
  }
  fmt::print(
      "\nOf these nobody could tell {} without asking: nothing, a name alone, a birth date alone, or a "
      "birth date and household with another name, as a twin has. So no matcher's recall could be much above "
      "{:.5f} but by luck.\n",
      untold, 1 - static_cast<double>(untold) / static_cast<double>(r.pairs.right + r.pairs.missed));
  PrintTraps(r.by_trap);
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

/// Two records at a time, as the scorer has it. Of millions it would only take time.
void RunPairs(const CitySet& set, const Model& model, unsigned threads) {
  Index index(model, ResidentRules());
  int64_t before = MonotonicUs();
  Fill(set.records, &index);
  const double built = SecondsSince(before);
  BatchReport batch;
  before = MonotonicUs();
  const std::vector<Link> links = FindLinks(index, Verdict::kPossible, threads, &batch);
  const double seconds = SecondsSince(before);
  const PairsResult r = JudgePairs(set, links);
  fmt::print(
      "\n### Records alone, two at a time\n\n{:.1f} s to index, {:.1f} s on {} threads to compare {} pairs "
      "({:.0f} pairs/s).\n\n| | precision | recall | F1 | wrong | missed |\n|---|---|---|---|---|---|\n",
      built, seconds, threads, batch.compared, static_cast<double>(batch.compared) / seconds);
  PrintAccuracy("pairs joined (probable and better)", r.pairs);
  fmt::print("\nCertain: {} pairs, **{} wrong**; possible: {}, of which {} right.\n", r.certain,
             r.certain_wrong, r.queued, r.queued_right);
}

Result<Model> ModelFor(const std::string& file) {
  if (file.empty()) return CityModel();
  const std::string json = TRY(ReadFile(file));
  return Model::Read(json);
}

Status RunCity(const std::string& folder, const std::string& model_file, const std::string& missed_file) {
  constexpr size_t kPairsUpTo = 1'000'000;
  CitySet set;
  const int64_t start = MonotonicUs();
  TRY(ReadCity(folder, &set));
  const Model trained = TRY(ModelFor(model_file));
  const Model model = trained.ForEntries(set.records.size());
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  fmt::print(
      "\n## The synthetic city\n\n{} records, read in {:.1f} s; model {} version {} of {}; rules of {}, {}. "
      "Rates of the "
      "traps: city/data/noise.json.\n",
      set.records.size(), SecondsSince(start), model.name, model.version, model.date, ResidentRules().name,
      ResidentRules().date);
  if (set.records.size() <= kPairsUpTo) RunPairs(set, model, threads);
  std::FILE* missed = missed_file.empty() ? nullptr : std::fopen(missed_file.c_str(), "w");
  PrintPersons(set, JudgePersons(set, model, threads, missed));
  if (missed != nullptr) std::fclose(missed);
  std::fflush(stdout);
  PrintLive(AskLive(set, model, 20));
  fmt::print("\nPeak memory of all of it: {:.1f} GB.\n", PeakGigabytes());
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
    TRY(ReadCity(from, &set));
  else
    TRY(ReadPatients(fs::is_directory(from) ? from + "/Patient.ndjson" : from, &set.records));
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
  if (command == "city") return RunCity(argv[2], argc > 3 ? argv[3] : "", argc > 4 ? argv[4] : "");
  if (command == "train" && argc == 4) return RunTrain(argv[2], argv[3]);
  return MakeError(
      ErrorCode::kIncorrect,
      "use: tongkang_linkage sets FOLDER START_MODEL | city FOLDER [MODEL [MISSED]] | train DATA OUT");
}

}  // namespace
}  // namespace tk::bench

int main(int argc, char** argv) {
  const tk::Status status = tk::bench::Main(argc, argv);
  if (!status.ok()) fmt::print(stderr, "tongkang_linkage: {}\n", status.error().external);
  return status.ok() ? 0 : 1;
}
