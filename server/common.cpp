#include <fmt/format.h>

#include <cstdio>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "server/commands.h"

namespace tk::server {

int Fail(const Error& error) {
  FlushDiagnostics();
  std::fprintf(stderr, "tongkang: %s\n", error.external.c_str());
  if (!error.internal.empty()) std::fprintf(stderr, "  (%s)\n", error.internal.c_str());
  for (const Issue& issue : error.issues) {
    if (issue.text != error.external)
      std::fprintf(stderr, "  %s %s\n", issue.path.c_str(), issue.text.c_str());
  }
  return kExitFailed;
}

int Finish(const Status& status) { return status.ok() ? kExitDone : Fail(status.error()); }

void AddDataOptions(CLI::App* app, DataOptions* options) {
  app->add_option("--data", options->data, "Data folder")->required()->envname("TONGKANG_DATA");
  app->add_option("--log", options->log_url,
                  "The log's database, postgresql://…; without it SQLite in the data folder")
      ->envname("TONGKANG_LOG");
  app->add_option("--packs", options->packs, "Folder of packs beside those of the program [DATA/packs]")
      ->envname("TONGKANG_PACKS");
}

Status CheckDataFolder(const std::string& folder) {
  for (const char* name : {"log.db", "keys.db", "accounts.toml", "access.key"}) {
    if (FileExists(folder + "/" + name)) return {};
  }
  return MakeError(
      ErrorCode::kIncorrect,
      fmt::format(
          "{} is no data folder of tongkang ({}). Is --data right? `tongkang serve` makes a new one.", folder,
          FileExists(folder) ? "it has neither log nor keys nor accounts" : "there is no such folder"));
}

Status CheckDataFolderOrEmpty(const std::string& folder) {
  const auto names = ListFolder(folder);
  return names.ok() && names->empty() ? Status() : CheckDataFolder(folder);
}

}  // namespace tk::server
