// The form of audit files, shared by the writer and the verifier: names, chain, scanning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::access {

inline constexpr size_t kChainDigits = 32;  // 128 bits of BLAKE2b-256 in hex
inline const std::string kFirstChain(kChainDigits, '0');

/// No audit file is larger: a longer one is not ours.
inline constexpr size_t kAuditFileBytesMax = size_t{4} << 30;

std::string AuditFileName(int slot, uint64_t number);
struct AuditFile {
  std::string path;
  int slot = 0;
  uint64_t number = 0;
};
/// By slot, then number. An absent folder has no files.
Result<std::vector<AuditFile>> ListAuditFiles(const std::string& folder);

/// Ends `line` (a JSON object without its closing brace) with its chain and a newline; moves `chain` on.
void CloseLine(std::string* line, std::string* chain);

/// What one file holds. A line that does not fit is told and walked past: what stands behind it is read too, by its own chain.
struct AuditScan {
  struct Wrong {
    uint64_t line = 0;
    std::string what;
  };
  std::vector<Wrong> wrong;  // the first kAuditWrongMax damaged places
  uint64_t wrong_count = 0;  // all of them
  uint64_t lines = 0;        // whole ones in the form of an audit line, the header too, damaged or not
  uint64_t records = 0;      // those of them that are records
  uint64_t last_record = 0;  // "n" of the last record, 0 if none
  std::string chain;         // as the last line in the form gives it; the one given if there is none
  size_t torn_bytes =
      0;  // the end that a crash tore: the beginning of the next record's line, and no newline after it
  uint64_t torn_before = 0;  // from the header: bytes at the end of the file before that a crash tore
  uint64_t damaged_before =
      0;  // from the header: damaged places that the program found in the file before when it began this one
};
inline constexpr size_t kAuditWrongMax = 100;
/// `chain`: what it was before the file; empty = believe the first line's own. Whatever has a newline after it was written whole: no
/// crash explains it when it does not fit.
AuditScan ScanAudit(std::string_view bytes, std::string chain);

}  // namespace tk::access
