// Where in an audit file the records of a person, an account or a resource are, so that "who looked at me" need not read gigabytes. Derived: a
// side file beside each audit file that is no more written to, made anew when it is missing or damaged.
// Flow:   lines → KeysOf → AuditPostings (the open file, in memory) or side file (closed ones) → offsets → the line itself is read and decides
// File:   header · one fence (first key, CRC-32C) a block · blocks of 4,096 postings: keys, then offsets; sorted by key, then offset
// Cost:   ~2 µs a line to make; a look-up reads the fences and the blocks that hold the key. About 12 bytes a posting, two or three a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/result.h"

namespace tk::access {

/// What one line says. Views into the line.
struct AuditLine {
  uint64_t record = 0;
  Instant at_us = 0;
  std::string_view account, post, action, type, id, reason, request, session, scope;
  uint32_t owner = 0;
  std::vector<uint32_t> owners;  // whose records the answer showed, where that is not told by `owner` alone
  int status = 0;
  uint64_t t = 0;
  uint64_t records = 0;
  bool Concerns(uint32_t person) const;
};
/// false: a header, or no audit line. ~1 µs. Values with escapes are read as they stand in the file.
bool ReadAuditLine(std::string_view line, AuditLine* out);

uint64_t KeyOfOwner(uint32_t owner);
uint64_t KeyOfAccount(std::string_view account);
/// `id`: the keyed hash in hexadecimal, as in the line.
uint64_t KeyOfRecord(std::string_view id);

/// Of one file, as far as it was read.
struct AuditPostings {
  struct Posting {
    uint64_t key;
    uint32_t at;  // of the line's first byte
  };
  uint64_t bytes = 0;  // of the file, whole lines
  uint64_t lines = 0;
  Instant first_us = 0, last_us = 0;  // of its records; first > last: it has none
  std::vector<Posting> postings;      // by offset until Sort

  /// `more`: the file from `bytes` on; a line without its end is left for the next time.
  void Add(std::string_view more);
  void Sort();
};

/// The side file of an audit file.
class AuditSideFile {
 public:
  /// Written whole and renamed. `postings` sorted.
  static Status Write(const std::string& path, const AuditPostings& postings);
  /// kNotFound; kCorrupt, also when it is of a file of other size than `bytes`.
  static Result<AuditSideFile> Open(const std::string& path, uint64_t bytes);
  AuditSideFile(AuditSideFile&& other) noexcept;
  AuditSideFile& operator=(AuditSideFile&&) = delete;
  ~AuditSideFile();

  Instant first_us() const { return first_us_; }
  Instant last_us() const { return last_us_; }
  /// Appends the offsets of `key`, ascending. kCorrupt.
  Status Find(uint64_t key, std::vector<uint32_t>* out) const;

 private:
  struct Fence {
    uint64_t key;
    uint32_t crc, count;
  };
  AuditSideFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Status ReadHead(uint64_t bytes);
  int fd_ = -1;
  std::string path_;
  Instant first_us_ = 0, last_us_ = 0;
  std::vector<Fence> fences_;
};

/// "audit-0-00000012.jsonl" → "audit-0-00000012.index"
std::string AuditSidePath(const std::string& audit_path);

}  // namespace tk::access
