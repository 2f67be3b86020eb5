#include <cstdio>

#include "kernel/base/diagnostics.h"
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
}

}  // namespace tk::server
