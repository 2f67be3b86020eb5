// Small files that must be whole or absent: settings, accounts, keys. Not for the log, which has its own rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk {

/// The whole file. Errors: kNotFound; kTooLarge over `bytes_max`; kUnavailable with the system's reason.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max = size_t{16} << 20);

/// Replaces `path` by `bytes` so that a crash leaves the old or the new, never a mixture: written beside, synced, renamed,
/// folder synced. A file that is replaced keeps its owner, group and mode; a new one has `mode` (as in chmod) and, made by root, the owner
/// and group of its folder. Errors: kUnavailable ("disk full" said in words; a file of another owner that this process cannot give back to him).
Status WriteFileDurable(const std::string& path, std::string_view bytes, unsigned mode = 0600);

/// Creates the folder and those above it, for this user only, and makes them last; an existing one is left as it is.
Status MakeFolder(const std::string& path);

/// Names (not paths) in a folder, sorted; without "." and "..".
Result<std::vector<std::string>> ListFolder(const std::string& path);
/// Fine if it is not there.
Status RemoveFile(const std::string& path);
/// fsync of a file, of a folder ("" is the current one), so that what was made or renamed in it lasts.
Status SyncFile(const std::string& path);
Status SyncFolder(const std::string& path);
bool FileExists(const std::string& path);

/// An advisory lock (flock) on a file that it creates, with the process's number in it; let go when destroyed or when the process dies.
class FileLock {
 public:
  /// Waits up to `wait_ms`. kConflict, naming its number, if another process holds it.
  static Result<FileLock> Take(const std::string& path, int wait_ms);
  FileLock(FileLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

/// "No space left on device" and the like, with what was tried. Never throws.
Error SystemError(std::string_view tried, const std::string& path, int error_number,
                  const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace tk
