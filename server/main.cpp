// tongkang: one program; what it does is said by its first word.
#include <sodium.h>
#include <sys/stat.h>

#include <cstdio>

#include "server/commands.h"

// Read by jemalloc at its start: memory in pages of 2 MB where the kernel gives them (setting `madvise` or `always` of transparent_hugepage). The
// index, the cache of texts and the tables of dictionaries are touched all over: with 4 KB pages a read cost a fifth more.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:auto";
}

namespace {

/// The first word that stands where a command is asked for and is none; null if there is no such word.
const char* UnknownCommand(const CLI::App& root, int argc, char** argv, std::string* known) {
  const CLI::App* app = &root;
  for (int i = 1; i < argc && app->get_require_subcommand_min() > 0; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) continue;
    const CLI::App* found = nullptr;
    known->clear();
    for (const CLI::App* each : app->get_subcommands([](const CLI::App*) { return true; })) {
      if (each->get_name() == word) found = each;
      *known += (known->empty() ? "" : ", ") + each->get_name();
    }
    if (found == nullptr) return argv[i];
    app = found;
  }
  return nullptr;
}

int Run(int argc, char** argv) {
  CLI::App root("Tongkang 通康: the health platform of a city", "tongkang");
  root.require_subcommand(1);
  tk::server::Commands commands;
  tk::server::AddServe(&root, &commands);
  tk::server::AddAccount(&root, &commands);
  tk::server::AddKeys(&root, &commands);
  tk::server::AddToken(&root, &commands);
  tk::server::AddLog(&root, &commands);
  tk::server::AddErase(&root, &commands);
  tk::server::AddDeduplicate(&root, &commands);
  tk::server::AddAudit(&root, &commands);
  tk::server::AddImport(&root, &commands);
  tk::server::AddPack(&root, &commands);
  commands.push_back({root.add_subcommand("version", "Print the version"), [] {
                        std::puts("tongkang " TK_PROGRAM_VERSION);
                        return tk::server::kExitDone;
                      }});
  std::string known;
  if (const char* unknown = UnknownCommand(root, argc, argv, &known)) {
    std::fprintf(stderr, "tongkang: there is no command '%s' here; commands are: %s\n", unknown,
                 known.c_str());
    return tk::server::kExitUsage;
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = root.exit(error);
    return code == 0 ? tk::server::kExitDone : tk::server::kExitUsage;
  }
  for (const tk::server::Command& command : commands) {
    if (!command.app->parsed()) continue;
    // serve may have it from its settings too, and does the same there.
    const CLI::Option* const data = command.app->get_option_no_throw("--data");
    if (data != nullptr && !data->empty()) {
      const tk::Status owner = tk::server::ActAsOwner(data->as<std::string>());
      if (!owner.ok()) return tk::server::Fail(owner.error());
    }
    return command.run();
  }
  return tk::server::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(0077);  // what it makes is its user's alone: even the sizes and times of a log tell of persons
  if (sodium_init() < 0) {
    std::fputs("tongkang: libsodium could not be started\n", stderr);
    return tk::server::kExitFailed;
  }
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tongkang: %s\n", error.what());
    return tk::server::kExitFailed;
  }
}
