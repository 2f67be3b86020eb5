// Bytes of a run file: written once front to back, synced, renamed; mapped to read. Knows nothing of entries but their size; what the data are
// is told in entry_list.h.
// File:   RunHeader (72 bytes) · data · one CRC-32C of each kRunBlockBytes of data · CRC-32C of that table
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk::view {

inline constexpr uint32_t kRunFormatVersion = 2;
/// The same, and after the lists a filter. Who writes says which of the two it is; both are read.
inline constexpr uint32_t kRunFormatFiltered = 3;
inline constexpr size_t kRunBlockBytes = 64 * 1024;

struct RunHeader {
  char magic[8];  // "TKRUN\0\0\0"
  uint32_t format_version;
  uint32_t entry_bytes;
  uint64_t adds, antis;
  uint64_t first_ordinal, end_ordinal;
  uint64_t number;
  uint64_t data_bytes;
  uint32_t layout;  // RunLayout
  uint32_t crc;     // of the 68 bytes before
};
static_assert(sizeof(RunHeader) == 72);

/// Writes `path`.tmp and renames it at Finish. Abandoned (the destructor) it leaves nothing behind.
class RunFileWriter {
 public:
  static Result<std::unique_ptr<RunFileWriter>> Create(const std::string& path);
  ~RunFileWriter();
  RunFileWriter(const RunFileWriter&) = delete;
  RunFileWriter& operator=(const RunFileWriter&) = delete;

  /// Errors: kUnavailable (disk full): the file is given up.
  Status Append(const void* bytes, size_t count);
  /// Fills in magic and crc of `header`, writes the rest, syncs, renames. Returns the file's checksum.
  Result<uint32_t> Finish(RunHeader header);

 private:
  RunFileWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status WriteOut();
  std::string path_;
  int fd_ = -1;
  std::vector<uint8_t> buffer_;  // the block being filled
  std::vector<uint32_t> table_;
};

/// A mapped run file whose size, header and table are sound.
struct RunMap {
  void* base = nullptr;
  size_t bytes = 0;
  RunHeader header{};
  uint32_t checksum = 0;
  const uint8_t* data() const { return static_cast<const uint8_t*>(base) + sizeof(RunHeader); }
};
/// Errors: kCorrupt (missing, short, other size of entries, header or table damaged), always with the file's name.
Result<RunMap> MapRunFile(const std::string& path, uint32_t entry_bytes);
void UnmapRunFile(void* base, size_t bytes);
/// Compares every block with its checksum. Errors: kCorrupt naming the first bad block.
Status CheckRunBlocks(const std::string& path, const void* base, size_t bytes);

}  // namespace tk::view
