#include <fmt/format.h>

#include "kernel/access/audit.h"
#include "kernel/access/audit_chain.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

struct Walk {
  int slot = -1;
  uint64_t number = 0;   // of the file before
  uint64_t records = 0;  // so far in this slot
  std::string chain = kFirstChain;
  std::string unread_path;  // the file before, if it has an unreadable end
  size_t unread_bytes = 0;
  std::string unread_why;
};

void EndOfFile(const Walk& walk, uint64_t torn_told, AuditReport* report) {
  if (walk.unread_bytes == 0 && torn_told == 0) return;
  if (walk.unread_bytes == torn_told) {
    report->notes.push_back(
        fmt::format("{}: the last {} bytes were torn by a crash; the program saw it at its next start",
                    walk.unread_path, torn_told));
  } else {
    report->damage.push_back(fmt::format("{}: {}",
                                         walk.unread_path.empty() ? "file before" : walk.unread_path,
                                         walk.unread_why.empty() ? "its end is missing" : walk.unread_why));
  }
}

void EndOfSlot(const Walk& walk, AuditReport* report) {
  if (walk.slot < 0) return;
  EndOfFile(walk, 0, report);
  report->heads.push_back(fmt::format("slot {}: {} records, chain {}", walk.slot, walk.records, walk.chain));
}

void ReadOne(const AuditFile& file, std::string_view bytes, Walk* walk, AuditReport* report) {
  if (file.number != walk->number + 1) {
    report->damage.push_back(
        fmt::format("{}: {} file(s) before it are missing", file.path, file.number - walk->number - 1));
    walk->chain.clear();  // what follows is checked among itself
  }
  const std::string chain_before = walk->chain;
  AuditScan scan = ScanAudit(bytes, chain_before);
  if (scan.lines == 0 && !bytes.empty() && !chain_before.empty()) {
    // The joint is broken: say so once, then check the rest of the file by its own chain.
    const AuditScan alone = ScanAudit(bytes, "");
    EndOfFile(*walk, alone.torn_before, report);
    report->damage.push_back(fmt::format("{}:1: {}", file.path, scan.wrong));
    scan = alone;
  } else {
    EndOfFile(*walk, scan.torn_before, report);
  }
  const uint64_t in_file = scan.lines == 0 ? 0 : scan.lines - 1;
  report->records += in_file;
  walk->records = scan.last_record;
  walk->number = file.number;
  walk->chain = scan.chain;
  walk->unread_bytes = bytes.size() - scan.good_bytes;
  walk->unread_path = file.path;
  walk->unread_why = walk->unread_bytes == 0 ? "" : fmt::format("line {}: {}", scan.lines + 1, scan.wrong);
}

}  // namespace

Result<AuditReport> VerifyAudit(const std::string& folder) {
  const std::vector<AuditFile> files = TRY(ListAuditFiles(folder));
  if (files.empty()) return MakeError(ErrorCode::kNotFound, fmt::format("there is no audit in {}", folder));
  AuditReport report;
  Walk walk;
  for (const AuditFile& file : files) {
    if (file.slot != walk.slot) {
      EndOfSlot(walk, &report);
      walk = Walk{};
      walk.slot = file.slot;
    }
    const std::string bytes = TRY(ReadFile(file.path, kAuditFileBytesMax));
    ReadOne(file, bytes, &walk, &report);
    ++report.files;
  }
  EndOfSlot(walk, &report);
  return report;
}

}  // namespace tk::access
