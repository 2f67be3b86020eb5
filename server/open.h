// Opening a data folder: log, keys, views and index, in the way that serve and the log's subcommands share.
#pragma once

#include <memory>

#include "kernel/base/file.h"
#include "kernel/search/index.h"
#include "kernel/view/engine.h"
#include "server/commands.h"

namespace tk::server {

struct Opened {
  std::unique_ptr<FileLock> lock;  // one process a folder: the views in it are one process's
  std::unique_ptr<view::Engine> engine;
  search::Index* index = nullptr;  // slot 0 of the engine
};

struct OpenOptions {
  DataOptions data;
  log::Cipher cipher = log::Cipher::kAes256Gcm;
  int timezone_offset_min = 480;
  size_t text_cache_bytes = size_t{128} << 20;
  size_t replay_changes_max = 200'000;
  const Clock* clock = nullptr;
};

/// Errors: kUnavailable when another tongkang has the folder; what the engine says otherwise.
Result<Opened> OpenData(const OpenOptions& options);
/// Only the lock.
Result<FileLock> LockData(const std::string& folder);

}  // namespace tk::server
