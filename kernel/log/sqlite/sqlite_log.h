// The log in SQLite: one file, log.db, with a write-ahead file beside it. The embedded default.
// Flow:   writer connection: BEGIN IMMEDIATE · check epoch and last batch · insert rows · COMMIT (one fdatasync of log.db-wal)
//   checkpoint thread: copies the write-ahead file into log.db while the writer goes on; above a limit the writer copies the rest
//   readers: a pool of connections, one per thread slot
// Files:  log.db, log.db-wal, log.db-shm; log.lock (held by the one writing process); log.head (the last acknowledged position:
//   tells when acknowledged transactions are missing after damage to the write-ahead file).
#pragma once

#include "kernel/log/log_store.h"

namespace tk::log {

/// What tests and measurements change.
struct SqliteTuning {
  const char* vfs = nullptr;  // another file layer, e.g. one that fails
  bool lock_folder = true;    // false: several writers in one test, fenced by the epoch alone
  bool head_file = true;
  int page_bytes = 4096;
  uint64_t checkpoint_bytes = uint64_t{16}
                              << 20;            // the write-ahead file from which the checkpoint thread works
  uint64_t wal_bytes_max = uint64_t{64} << 20;  // from here on the writer itself copies what is left
  uint64_t mmap_bytes = uint64_t{0x7fff0000};   // SQLite's own maximum
};

Result<std::unique_ptr<LogStore>> OpenSqliteLog(const OpenOptions& options, const SqliteTuning& tuning = {});

/// Writes a log.db of exactly the batches of `source` up to its head into the new folder `folder`, synced. Works for every back end.
Status BackupToSqlite(const LogStore& source, const std::string& folder);

}  // namespace tk::log
