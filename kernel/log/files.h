// log.head: the last acknowledged position, written after every commit without syncing. It survives the death of the process, and after
// a power cut it may be old but never ahead of the truth; so a log that ends before it has lost acknowledged transactions.
#pragma once

#include <string>

#include "kernel/log/log.h"

namespace tk::log {

class HeadFile {
 public:
  HeadFile() = default;
  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;
  ~HeadFile();
  /// Opens or creates. `existed` tells which.
  Status Open(const std::string& path, bool* existed);
  /// The recorded head; nothing if the record is absent or torn (then it proves nothing).
  std::optional<Head> Load() const;
  /// The same of a file that others write; nothing too if there is no file.
  static std::optional<Head> Read(const std::string& path);
  /// Cost: one write of 96 bytes to the page cache, about 1 µs. Failure is not an error: the record only grows old.
  void Store(const Head& head) const;

 private:
  int fd_ = -1;
};

/// Holds `path` for this process until destroyed; the kernel frees it when the process dies.
class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();
  /// kUnavailable if another holder lives, naming its process number.
  Status Take(const std::string& path);

 private:
  int fd_ = -1;
};

/// Makes `folder` with its parents, readable by this user only.
Status MakeFolder(const std::string& folder);
/// Syncs a file's bytes.
Status SyncFile(const std::string& path);
/// Syncs a folder, so that files made or renamed in it survive a power cut.
Status SyncFolder(const std::string& folder);

}  // namespace tk::log
