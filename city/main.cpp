// tongkang_city: writes the synthetic city of Anhe into a folder.
// Exit:   0 written; 1 refused or failed, with the reason on stderr; 2 wrong use.
#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <thread>

#include "city/write.h"
#include "kernel/base/clock.h"
#include "kernel/base/file.h"

namespace tk::city {
namespace {

struct Given {
  uint64_t persons = 1000, seed = 1;
  std::string noise_file;
  std::string from;
  int64_t days = 181;
  WriteOptions write;
  bool measure = false;
};

/// The most memory this process has had, in MB.
int64_t PeakMb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// Makes everybody and writes nothing: what the truth alone costs.
void Measure(const City& city) {
  const int64_t before = MonotonicUs();
  People people;
  uint64_t sum = 0;
  for (uint32_t grid = city.plan().first_grid(); grid < city.plan().areas().size(); ++grid) {
    city.Fill(grid, &people);
    for (const Person& person : people.persons) sum += person.id[17] + person.given.size();
  }
  const double seconds = static_cast<double>(MonotonicUs() - before) / 1e6;
  fmt::print(
      "{{\"persons\":{},\"seconds\":{:.3f},\"persons_per_second\":{:.0f},\"sum\":{},\"peak_mb\":{}}}\n",
      city.plan().persons(), seconds, static_cast<double>(city.plan().persons()) / seconds, sum, PeakMb());
}

/// The days that the lives tell of. Errors: kIncorrect when the first is no date, or not of the census or within three years after.
Result<Window> WindowOf(const Given& given, const Tables& tables) {
  constexpr int64_t kDaysAfterCensus = 3 * 365;
  const int64_t census = DaysFromCivil(tables.census.as_of.year, 1, 1);
  int64_t from = census;
  if (!given.from.empty()) {
    int year = 0, month = 0, day = 0;
    char after = 0;
    if (std::sscanf(given.from.c_str(), "%4d-%2d-%2d%c", &year, &month, &day, &after) != 3)
      return MakeError(ErrorCode::kIncorrect, "--from is a date, such as 2026-05-01");
    from = DaysFromCivil(year, month, day);
  }
  if (from < census || from > census + kDaysAfterCensus) {
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("--from lies between {}-01-01, when people were counted, and {} days after",
                                 tables.census.as_of.year, kDaysAfterCensus));
  }
  return Window{from, from + given.days};
}

Status Write(const Given& given) {
  std::string noise;
  if (!given.noise_file.empty()) noise = TRY(ReadFile(given.noise_file));
  const Tables tables = TRY(LoadTables(noise));
  const Plan plan = TRY(Plan::Make(given.persons, given.seed, tables));
  const City city(plan, tables);
  const Recorder recorder = TRY(Recorder::Make(city));
  if (given.measure) {
    Measure(city);
    return {};
  }
  WriteOptions options = given.write;
  options.window = TRY(WindowOf(given, tables));
  const int64_t before = MonotonicUs();
  const Written written = TRY(WriteCity(city, recorder, options));
  const double seconds = static_cast<double>(MonotonicUs() - before) / 1e6;
  fmt::print(
      "{{\"persons\":{},\"records\":{},\"lives\":{},\"resources\":{},\"seconds\":{:.2f},\"persons_per_"
      "second\":{:.0f},"
      "\"resources_per_second\":{:.0f},\"peak_mb\":{}}}\n",
      written.persons, written.records, written.lives, written.resources, seconds,
      static_cast<double>(written.persons) / seconds, static_cast<double>(written.resources) / seconds,
      PeakMb());
  return {};
}

int Run(int argc, char** argv) {
  CLI::App root("The synthetic city of Anhe as FHIR resources, and the truth apart", "tongkang_city");
  Given given;
  given.write.threads = std::max(1u, std::thread::hardware_concurrency());
  root.add_option("--persons", given.persons, "How many live there")
      ->check(CLI::Range(1'000, 10'000'000))
      ->capture_default_str();
  root.add_option("--seed", given.seed, "Another seed, another city")->capture_default_str();
  auto* const out = root.add_option("--out", given.write.folder, "Folder to write to; new or empty");
  root.add_flag("--records", given.write.records,
                "Also what hospitals, clinics, departments wrote about them");
  auto* const lives = root.add_flag("--lives", given.write.lives,
                                    "With --records: also visits, results, medicines, vaccinations");
  lives->needs("--records");
  root.add_option("--from", given.from, "First day of the visits (default: the day of the census)")
      ->needs(lives);
  root.add_option("--days", given.days, "How many days of visits")
      ->needs(lives)
      ->check(CLI::Range(1, 730))
      ->capture_default_str();
  root.add_option("--threads", given.write.threads, "Changes nothing but the time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  root.add_option("--noise", given.noise_file,
                  "Rates of the traps, in place of those of city/data/noise.json")
      ->check(CLI::ExistingFile);
  auto* const measure =
      root.add_flag("--measure", given.measure, "Make everybody, write nothing, tell the speed of one core");
  measure->excludes(out);
  CLI11_PARSE(root, argc, argv);
  if (!given.measure && given.write.folder.empty()) {
    std::fputs("tongkang_city: --out is required\n", stderr);
    return 2;
  }
  const Status written = Write(given);
  if (written.ok()) return 0;
  std::fprintf(stderr, "tongkang_city: %s\n", written.error().external.c_str());
  return 1;
}

}  // namespace
}  // namespace tk::city

int main(int argc, char** argv) {
  try {
    return tk::city::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tongkang_city: %s\n", error.what());
    return 1;
  }
}
