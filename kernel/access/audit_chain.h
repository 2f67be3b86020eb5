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

/// How far a file is good. `chain`: what the chain was before; empty = believe the first line's own.
struct AuditScan {
  size_t good_bytes = 0;     // up to the end of the last good line
  uint64_t lines = 0;        // good ones, the header too
  uint64_t last_record = 0;  // "n" of the last record, 0 if none
  std::string chain;         // after the last good line
  std::string wrong;         // "" or what is wrong with the line after
  uint64_t torn_before = 0;  // from the header: bytes of the file before that a crash tore
};
AuditScan ScanAudit(std::string_view bytes, std::string chain);

}  // namespace tk::access
