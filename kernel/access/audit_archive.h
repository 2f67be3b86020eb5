// Reading the audit: who did what, newest first; and the files themselves, to be kept and verified elsewhere.
// Flow:   AuditLog writes files → a thread makes side files of those that are closed (audit_index.h) → Search: the slots' records merged by time
// Several slots (processes) may write meanwhile; what is on disk is read, at most half a second behind.
// Cost:   by person, account or resource: some µs a file and ~10 µs a record that is found; by nothing: files are read from their end.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/audit_index.h"
#include "kernel/access/owned_span.h"
#include "kernel/base/clock.h"
#include "kernel/base/result.h"

namespace tk::access {

struct AuditQuestion {
  std::vector<uint32_t> owners;  // about any of these persons; empty: about whomever
  /// Besides: about one of these while the record was his. Empty: at any time.
  std::vector<OwnedSpan> spans = {};
  std::string account, action, type;
  std::string id;  // keyed hash of "Type/id" in hexadecimal
  enum class Outcome : uint8_t { kAny, kDone, kRefused } outcome = Outcome::kAny;  // kRefused: 400 and above
  Instant from_us = 0, until_us = INT64_MAX;                                       // [from, until)
  size_t count = 50;                                                               // 1 … kAuditCountMax
  std::string after;        // AuditAnswer::next of the page before
  int64_t deadline_us = 0;  // MonotonicUs; 0: none
};
inline constexpr size_t kAuditCountMax = 1000;

struct AuditFound {
  int slot = 0;
  uint64_t file = 0, at = 0;
  std::string text;  // the line as it stands in the file
  AuditLine line;    // views into `text`
};
struct AuditAnswer {
  std::vector<std::unique_ptr<const AuditFound>> found;  // newest first
  std::string next;                                      // "": nothing older
};

struct AuditFileState {
  std::string name;
  int slot = 0;
  uint64_t number = 0, bytes = 0;
  bool closed = false;  // it is not written to any more
};

/// Thread-safe.
class AuditArchive {
 public:
  /// `folder` is AuditOptions::folder. With `indexing`, a thread makes side files.
  static std::unique_ptr<AuditArchive> Open(const std::string& folder, bool indexing);
  virtual ~AuditArchive() = default;

  /// Errors: kIncorrect for an `after` that is none of ours; kTimeout; kUnavailable.
  virtual Result<AuditAnswer> Search(const AuditQuestion& question) = 0;
  /// Makes the side file of one closed file that has none, or a damaged one; false: there was none to do.
  virtual Result<bool> IndexOne() = 0;
  /// By slot and number.
  virtual Result<std::vector<AuditFileState>> Files() const = 0;
  /// As it is now. kNotFound; kTooLarge.
  virtual Result<std::string> ReadWhole(std::string_view name) const = 0;
};

}  // namespace tk::access
