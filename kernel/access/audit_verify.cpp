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
  std::string path;  // the file before, "" before the first
  size_t torn_bytes = 0;
  uint64_t damaged = 0;
};

// What the next file's header says of the file before must be what is found in it. Only a torn end is taken as explained: damage stays
// damage, whoever has seen it.
void EndOfFile(const Walk& walk, const AuditScan& next, AuditReport* report) {
  if (walk.torn_bytes != 0 && walk.torn_bytes == next.torn_before) {
    report->notes.push_back(
        fmt::format("{}: the last {} bytes were torn by a crash; the program saw it at its next start",
                    walk.path, walk.torn_bytes));
  } else if (walk.torn_bytes != next.torn_before) {
    report->damage.push_back(
        fmt::format("{}: it ends in {} bytes of a torn line, and the file after it tells of {}",
                    walk.path.empty() ? "file before" : walk.path, walk.torn_bytes, next.torn_before));
  }
  if (next.damaged_before > walk.damaged) {
    report->damage.push_back(fmt::format(
        "{}: the program found {} damaged places in it, and now there are {}: it was changed since",
        walk.path.empty() ? "file before" : walk.path, next.damaged_before, walk.damaged));
  }
}

void EndOfSlot(const Walk& walk, AuditReport* report) {
  if (walk.slot < 0) return;
  if (walk.torn_bytes != 0) {
    report->damage.push_back(fmt::format(
        "{}: the last line is cut off after {} bytes; if a crash did it, the program's next start takes "
        "note of it",
        walk.path, walk.torn_bytes));
  }
  report->heads.push_back(fmt::format("slot {}: {} records, chain {}", walk.slot, walk.records, walk.chain));
}

void ReadOne(const AuditFile& file, std::string_view bytes, Walk* walk, AuditReport* report) {
  const bool missing = file.number != walk->number + 1;
  if (missing) {
    report->damage.push_back(
        fmt::format("{}: {} file(s) before it are missing", file.path, file.number - walk->number - 1));
    walk->chain.clear();  // what follows is checked among itself
  }
  const AuditScan scan = ScanAudit(bytes, walk->chain);
  if (!missing) EndOfFile(*walk, scan, report);
  for (const AuditScan::Wrong& wrong : scan.wrong)
    report->damage.push_back(fmt::format("{}:{}: {}", file.path, wrong.line, wrong.what));
  if (scan.wrong_count > scan.wrong.size()) {
    report->damage.push_back(
        fmt::format("{}: and {} more damaged places", file.path, scan.wrong_count - scan.wrong.size()));
  }
  report->records += scan.records;
  if (scan.lines != 0) walk->records = scan.last_record;
  walk->number = file.number;
  walk->chain = scan.chain;
  walk->torn_bytes = scan.torn_bytes;
  walk->damaged = scan.wrong_count;
  walk->path = file.path;
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
