// tongkang_load: drives a server and prints what it measured as one line of JSON; or prints the city's bundles.
// Exit:   0 done, also with refused requests (they are counted); 1 the server was not there or went away; 2 wrong use.
#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>

#include "bench/work.h"

namespace tk::bench {
namespace {

struct Given {
  std::string listen = "127.0.0.1:8080", token_file, folder, file, patients;
  uint64_t seed = 1, from = 0, end = 0, rate_max = 0, count = 0, together = 1;
  size_t connections = 8;
  double seconds = 0;
};

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The first line of what a server said, as a JSON string.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  return out + "\"";
}

int Failed(const Error& error) {
  std::fprintf(stderr, "tongkang_load: %s\n", error.external.c_str());
  return 1;
}

int Load(const Given& given, const Result<std::unique_ptr<Work>>& work) {
  if (!work.ok()) return Failed(work.error());
  ClientOptions options;
  const size_t colon = given.listen.find(':');
  options.address = given.listen.substr(0, colon);
  uint16_t port = 0;
  if (colon == std::string::npos || std::sscanf(given.listen.c_str() + colon + 1, "%hu", &port) != 1) {
    return Failed(MakeError(ErrorCode::kIncorrect, "--server is ADDR:PORT"));
  }
  options.port = port;
  options.connections = given.connections;
  options.run_us = static_cast<int64_t>(given.seconds * 1e6);
  options.rate_max = given.rate_max;
  const double before = CpuSeconds();
  const auto measured = Drive(options, work->get());
  if (!measured.ok()) return Failed(measured.error());
  const Measured& m = *measured;
  const double wall = static_cast<double>(m.wall_us) / 1e6;
  fmt::print(
      R"({{"requests":{},"things":{},"errors":{},"seconds":{:.6f},"rate":{:.1f},"p50_us":{},"p90_us":{},"p99_us":{},"max_us":{},)"
      R"("bytes_in":{},"bytes_out":{},"client_cpu_seconds":{:.3f},"first_error":{}}})"
      "\n",
      m.requests, m.things, m.errors, wall, static_cast<double>(m.things) / wall, m.latency.Quantile(0.5),
      m.latency.Quantile(0.9), m.latency.Quantile(0.99), m.latency.max_us(), m.bytes_in, m.bytes_out,
      CpuSeconds() - before, Quoted(m.first_error));
  return 0;
}

Result<WorkOptions> OptionsOf(const Given& given) {
  WorkOptions options;
  options.host = given.listen;
  options.seed = given.seed;
  std::ifstream file(given.token_file);
  if (!std::getline(file, options.token) || options.token.empty())
    return MakeError(ErrorCode::kNotFound, "--token-file cannot be read");
  return options;
}

int Generate(const Given& given) {
  const City city(given.seed);
  std::string bundle;
  uint64_t resources = 0;
  for (uint64_t next = given.from, number = 0; next < given.end; ++number) {
    resources += city.NextBundle(&next, given.end, &bundle);
    std::ofstream out(fmt::format("{}/city-{:06}.json", given.folder, number), std::ios::binary);
    if (!(out << bundle))
      return Failed(MakeError(ErrorCode::kUnavailable, fmt::format("{} cannot be written", given.folder)));
  }
  fmt::print("{{\"resources\":{}}}\n", resources);
  return 0;
}

/// One Observation a line for each of `count`, about the patients whose ids stand in the file, in turn.
int Observations(const Given& given) {
  const City city(given.seed);
  std::ifstream file(given.patients);
  std::vector<std::string> ids;
  for (std::string id; std::getline(file, id);)
    if (!id.empty()) ids.push_back(id);
  if (ids.empty()) return Failed(MakeError(ErrorCode::kNotFound, "--patients has no ids"));
  for (uint64_t i = 0; i < given.count; ++i) std::puts(city.ObservationOf(ids[i % ids.size()], i).c_str());
  return 0;
}

int Run(int argc, char** argv) {
  CLI::App root("Load client of ./tk bench", "tongkang_load");
  root.require_subcommand(1);
  Given given;
  const auto sub = [&](const char* name, const char* help, bool drives) {
    CLI::App* const app = root.add_subcommand(name, help);
    app->add_option("--seed", given.seed, "Order and contents come from it")->capture_default_str();
    if (!drives) return app;
    app->add_option("--server", given.listen, "ADDR:PORT")->required();
    app->add_option("--token-file", given.token_file, "Bearer token")->required();
    app->add_option("--connections", given.connections, "At once")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app->add_option("--seconds", given.seconds, "0: until the work ends")->capture_default_str();
    app->add_option("--rate", given.rate_max, "Requests a second, sent when due; 0: as many as are answered");
    return app;
  };
  const auto persons = [&](CLI::App* app) {
    app->add_option("--from", given.from, "First person, or line");
    app->add_option("--to", given.end, "The one after the last")->required();
    return app;
  };
  const CLI::App* const city = persons(sub("city", "Send the city's transactions", true));
  CLI::App* const folder = sub("bundles", "Send each *.json of a folder", true);
  folder->add_option("folder", given.folder)->required();
  CLI::App* const patients = persons(sub("patients", "Create the Patients of a file, one a line", true));
  patients->add_option("file", given.file)->required();
  patients->add_option("--together", given.together, "Of a transaction; 1: each by itself")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI::App* const list = sub("list", "Send lines METHOD TARGET[<tab>BODY] in random order", true);
  list->add_option("file", given.file)->required();
  CLI::App* const lives = sub("lives", "Create, read, update, delete: one Observation a line", true);
  lives->add_option("file", given.file)->required();
  CLI::App* const generate = persons(sub("generate", "Write the city's transactions into a folder", false));
  generate->add_option("folder", given.folder)->required();
  CLI::App* const observations = sub("observations", "Print Observations, one a line", false);
  observations->add_option("--patients", given.patients, "File of ids")->required();
  observations->add_option("--count", given.count)->required();
  CLI11_PARSE(root, argc, argv);
  if (generate->parsed()) return Generate(given);
  if (observations->parsed()) return Observations(given);
  const auto options = OptionsOf(given);
  if (!options.ok()) return Failed(options.error());
  if (city->parsed()) return Load(given, MakeCityWork(*options, given.from, given.end));
  if (patients->parsed())
    return Load(given, MakePatientWork(*options, given.file, given.from, given.end, given.together));
  if (folder->parsed()) return Load(given, MakeFolderWork(*options, given.folder));
  if (list->parsed()) return Load(given, MakeListWork(*options, given.file));
  return Load(given, MakeLifeWork(*options, given.file, given.connections));
}

}  // namespace
}  // namespace tk::bench

int main(int argc, char** argv) {
  try {
    return tk::bench::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tongkang_load: %s\n", error.what());
    return 1;
  }
}
