// One table on its way through: read by one thread, written by several.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "apps/screening/entry.h"
#include "kernel/app/app.h"

namespace tk::screening {

inline constexpr size_t kPiece = 1000;

/// What a run has come to; read while it runs.
struct ImportState {
  std::mutex mutex;
  uint64_t rows = 0, refused = 0;
  Taken taken;
  std::vector<exchange::RowIssue> issues;  // the first kIssuesTold by line
  std::string bad_rows;                    // CSV
  bool bad_rows_cut = false;
  std::vector<std::string> unknown_columns;
  std::string charset;
};

struct ImportRun {
  const app::Context* context = nullptr;
  Intake* intake = nullptr;
  std::string_view bytes;
  std::string charset;
  bool check_only = false;
  unsigned threads = 4;  // more than processors: each waits for its commit
  const std::atomic<bool>* cancelled = nullptr;
};
/// Errors: those of the file and its heads; the engine's; kTooLarge over kRowsMax rows. What was written stays.
Status RunImport(const ImportRun& run, ImportState* state);

}  // namespace tk::screening
