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

}  // namespace tk::log
