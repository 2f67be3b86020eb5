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

constexpr std::string_view kChainKey = ",\"chain\":\"", kRecordKey = "{\"n\":", kHeaderKey = "{\"file\":";
constexpr size_t kTailBytes = kChainKey.size() + kChainDigits + 2;

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

bool EndsInForm(std::string_view line) {
  return line.size() >= kTailBytes && line.substr(line.size() - kTailBytes, kChainKey.size()) == kChainKey &&
         line.ends_with("\"}");
}

// Lines are written in their order, so a crash leaves the beginning of one line, perhaps with the zeros of a page that was not written.
// Raw quotes stand only where the form has them: a second beginning is a second line.
bool IsTorn(std::string_view end, uint64_t next_record) {
  while (!end.empty() && end.back() == '\0') end.remove_suffix(1);
  const std::string begin = fmt::format("{}{},\"at\":\"", kRecordKey, next_record);
  const size_t both = std::min(begin.size(), end.size());
  if (end.substr(0, both) != std::string_view(begin).substr(0, both)) return false;
  if (end.size() > 1 && end.find(kRecordKey, 1) != std::string_view::npos) return false;
  const size_t tail = end.find(kChainKey);
  return tail == std::string_view::npos || end.size() <= tail + kTailBytes;
}

class Scanner {
 public:
  explicit Scanner(std::string chain) : believe_(chain.empty()) { scan_.chain = std::move(chain); }

  void ReadLine(std::string_view line, uint64_t number) {
    if (!EndsInForm(line)) {
      Wrong(number, "this is not an audit line");
      believe_ = true;
      return;
    }
    const std::string_view body = line.substr(0, line.size() - kTailBytes);
    const std::string_view given = line.substr(line.size() - kChainDigits - 2, kChainDigits);
    std::string wrong;
    if (!believe_ && NextChain(scan_.chain, body) != given)
      wrong = "the chain does not fit: changed, or lines before it are missing";
    if (number == 1 && body.starts_with(kHeaderKey)) {
      scan_.torn_before = NumberAfter(body, "\"torn_bytes\":");
      scan_.damaged_before = NumberAfter(body, "\"damaged_before\":");
      scan_.last_record = NumberAfter(body, "\"records_before\":");
    } else {
      if (number == 1) wrong = "the first line is not the header of an audit file";
      ReadNumber(body, &wrong);
    }
    if (!wrong.empty()) Wrong(number, std::move(wrong));
    scan_.chain = given;
    believe_ = false;
    ++scan_.lines;
  }

  void ReadEnd(std::string_view end, uint64_t number) {
    if (scan_.lines != 0 && IsTorn(end, scan_.last_record + 1)) {
      scan_.torn_bytes = end.size();
    } else {
      Wrong(number, "the line has no end, and it is not what a crash leaves");
    }
  }

  AuditScan Finish(bool empty) {
    if (empty) Wrong(1, "the file is empty; every audit file begins with a header");
    return std::move(scan_);
  }

 private:
  void ReadNumber(std::string_view body, std::string* wrong) {
    if (!body.starts_with(kRecordKey)) {
      if (wrong->empty()) *wrong = "this is no record";
      return;
    }
    const uint64_t record = NumberAfter(body, kRecordKey);
    if (wrong->empty() && !believe_ && record != scan_.last_record + 1)
      *wrong = "the record's number does not follow the one before";
    scan_.last_record = record;
    ++scan_.records;
  }

  void Wrong(uint64_t line, std::string what) {
    if (scan_.wrong_count++ < kAuditWrongMax) scan_.wrong.push_back({line, std::move(what)});
  }

  AuditScan scan_;
  bool believe_;  // the next line's own chain and number
};

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
  Scanner scanner(std::move(chain));
  size_t at = 0;
  for (uint64_t number = 1; at < bytes.size(); ++number) {
    const std::string_view rest = bytes.substr(at);
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      scanner.ReadEnd(rest, number);
      break;
    }
    scanner.ReadLine(rest.substr(0, end), number);
    at += end + 1;
  }
  return scanner.Finish(bytes.empty());
}

}  // namespace tk::access
