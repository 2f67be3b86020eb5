#include "kernel/access/audit_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <tuple>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"

namespace tk::access {
namespace {

constexpr std::string_view kChainKey = ",\"chain\":\"";

std::string NextChain(std::string_view chain, std::string_view body) {
  const Digest digest = DigestOf({AsBytes(chain), AsBytes(body)});
  return ToHex(Bytes(digest).first(kChainDigits / 2));
}

uint64_t NumberAfter(std::string_view line, std::string_view key) {
  const size_t at = line.find(key);
  uint64_t number = 0;
  if (at != std::string_view::npos)
    std::from_chars(line.data() + at + key.size(), line.data() + line.size(), number);
  return number;
}

}  // namespace

std::string AuditFileName(int slot, uint64_t number) {
  return fmt::format("audit-{}-{:08}.jsonl", slot, number);
}

Result<std::vector<AuditFile>> ListAuditFiles(const std::string& folder) {
  std::vector<AuditFile> files;
  std::error_code error;
  for (std::filesystem::directory_iterator walk(folder, error), end; !error && walk != end;
       walk.increment(error)) {
    AuditFile file;
    unsigned long long number = 0;
    const std::string name = walk->path().filename().string();
    if (std::sscanf(name.c_str(), "audit-%d-%llu.jsonl", &file.slot, &number) != 2) continue;
    if (name != AuditFileName(file.slot, number)) continue;
    file.path = walk->path().string();
    file.number = number;
    files.push_back(std::move(file));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return SystemError("list", folder, error.value());
  std::sort(files.begin(), files.end(), [](const AuditFile& a, const AuditFile& b) {
    return std::tie(a.slot, a.number) < std::tie(b.slot, b.number);
  });
  return files;
}

void CloseLine(std::string* line, std::string* chain) {
  *chain = NextChain(*chain, *line);
  *line += kChainKey;
  *line += *chain;
  *line += "\"}\n";
}

AuditScan ScanAudit(std::string_view bytes, std::string chain) {
  AuditScan scan;
  scan.chain = std::move(chain);
  while (scan.good_bytes < bytes.size()) {
    const std::string_view rest = bytes.substr(scan.good_bytes);
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      scan.wrong = "the line is cut off";
      return scan;
    }
    const std::string_view line = rest.substr(0, end);
    const size_t tail = kChainKey.size() + kChainDigits + 2;
    if (line.size() < tail || line.substr(line.size() - tail, kChainKey.size()) != kChainKey ||
        !line.ends_with("\"}")) {
      scan.wrong = "this is not an audit line";
      return scan;
    }
    const std::string_view body = line.substr(0, line.size() - tail);
    const std::string_view given = line.substr(line.size() - kChainDigits - 2, kChainDigits);
    const bool believe = scan.lines == 0 && scan.chain.empty();
    if (!believe && NextChain(scan.chain, body) != given) {
      scan.wrong = "the chain does not fit: changed, or lines before it are missing";
      return scan;
    }
    const uint64_t record = NumberAfter(body, "{\"n\":");
    if (scan.lines == 0) {
      scan.torn_before = NumberAfter(body, "\"torn_bytes\":");
      scan.last_record = NumberAfter(body, "\"records_before\":");
    } else if (record != scan.last_record + 1) {
      scan.wrong = "the record's number does not follow the one before";
      return scan;
    } else {
      scan.last_record = record;
    }
    scan.chain = given;
    scan.good_bytes += end + 1;
    ++scan.lines;
  }
  return scan;
}

}  // namespace tk::access
