#include "kernel/access/audit_index.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"

namespace tk::access {
namespace {

constexpr char kSideMagic[8] = {'T', 'K', 'A', 'X', '0', '0', '0', '1'};
constexpr size_t kBlockPostings = 4096;
constexpr size_t kPostingBytes = sizeof(uint64_t) + sizeof(uint32_t);

struct SideHeader {
  char magic[8];
  uint64_t bytes, lines, count;
  int64_t first_us, last_us;
  uint32_t blocks, crc;  // of what is before and of the fences
};
static_assert(sizeof(SideHeader) == 56);

/// Members come in the order in which AppendLine writes them, each once; raw quotes stand only where the form has them.
class Members {
 public:
  explicit Members(std::string_view line) : rest_(line) {}
  /// The value of `key` (`,"key":`), "" if it is not there; goes on behind it.
  std::string_view Take(std::string_view key) {
    const size_t at = rest_.find(key);
    if (at == std::string_view::npos) return {};
    std::string_view value = rest_.substr(at + key.size());
    const bool text = value.starts_with('"');
    if (text) value.remove_prefix(1);
    size_t end = text ? EndOfText(value) : value.find_first_of(value.starts_with('[') ? "]" : ",}");
    end = std::min(end, value.size());
    rest_ = value.substr(end);
    return value.substr(0, end);
  }

 private:
  static size_t EndOfText(std::string_view value) {
    size_t at = 0;
    while (at < value.size() && value[at] != '"') at += value[at] == '\\' ? 2 : 1;
    return at;
  }
  std::string_view rest_;
};

template <class Number>
Number NumberIn(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "2026-11-21T20:14:07.123456Z" as AppendInstant writes it; 0 if it is none.
Instant InstantIn(std::string_view text) {
  if (text.size() != 27 || text[10] != 'T' || text[26] != 'Z') return 0;
  const auto part = [text](size_t at, size_t size) { return NumberIn<int>(text.substr(at, size)); };
  const int64_t days = DaysFromCivil(part(0, 4), part(5, 2), part(8, 2));
  return (days * 86'400 + part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2)) * kSecondUs + part(20, 6);
}

uint64_t KeyOf(char kind, std::string_view text) {
  std::string named(1, kind);
  return KeyedHash(HashKey{}, named.append(text));
}

template <class Value>
void Put(const Value& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

Status ReadAt(int fd, const std::string& path, uint64_t at, char* to, size_t count) {
  while (count > 0) {
    const ssize_t got = ::pread(fd, to, count, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", path, errno);
    if (got == 0) return MakeError(ErrorCode::kCorrupt, fmt::format("{} is too short", path));
    at += static_cast<uint64_t>(got);
    to += got;
    count -= static_cast<size_t>(got);
  }
  return {};
}

}  // namespace

bool AuditLine::Concerns(uint32_t person) const {
  return owner == person || std::find(owners.begin(), owners.end(), person) != owners.end();
}

bool ReadAuditLine(std::string_view line, AuditLine* out) {
  if (!line.starts_with("{\"n\":")) return false;
  Members members(line);
  *out = {};
  out->record = NumberIn<uint64_t>(members.Take("{\"n\":"));
  out->at_us = InstantIn(members.Take(",\"at\":"));
  if (out->record == 0 || out->at_us == 0) return false;
  out->account = members.Take(",\"account\":");
  out->post = members.Take(",\"post\":");
  out->action = members.Take(",\"action\":");
  out->type = members.Take(",\"type\":");
  out->id = members.Take(",\"id\":");
  out->owner = NumberIn<uint32_t>(members.Take(",\"owner\":"));
  std::string_view owners = members.Take(",\"owners\":");
  while (!owners.empty()) {
    owners.remove_prefix(1);  // '[' or ','
    out->owners.push_back(NumberIn<uint32_t>(owners));
    owners.remove_prefix(std::min(owners.find(','), owners.size()));
  }
  out->status = NumberIn<int>(members.Take(",\"status\":"));
  out->t = NumberIn<uint64_t>(members.Take(",\"t\":"));
  out->records = NumberIn<uint64_t>(members.Take(",\"records\":"));
  out->reason = members.Take(",\"reason\":");
  out->request = members.Take(",\"request\":");
  out->session = members.Take(",\"session\":");
  out->scope = members.Take(",\"scope\":");
  return true;
}

uint64_t KeyOfOwner(uint32_t owner) { return KeyOf('o', std::to_string(owner)); }
uint64_t KeyOfAccount(std::string_view account) { return KeyOf('a', account); }
uint64_t KeyOfRecord(std::string_view id) { return KeyOf('i', id); }

void AuditPostings::Add(std::string_view more) {
  if (bytes == 0) first_us = INT64_MAX, last_us = INT64_MIN;
  AuditLine line;
  for (;;) {
    const size_t end = more.find('\n');
    if (end == std::string_view::npos) return;
    const auto at = static_cast<uint32_t>(bytes);
    if (ReadAuditLine(more.substr(0, end), &line)) {
      first_us = std::min(first_us, line.at_us);
      last_us = std::max(last_us, line.at_us);
      if (!line.account.empty()) postings.push_back({KeyOfAccount(line.account), at});
      if (!line.id.empty()) postings.push_back({KeyOfRecord(line.id), at});
      if (line.owner != 0) postings.push_back({KeyOfOwner(line.owner), at});
      for (const uint32_t owner : line.owners) {
        if (owner != line.owner) postings.push_back({KeyOfOwner(owner), at});
      }
    }
    ++lines;
    bytes += end + 1;
    more.remove_prefix(end + 1);
  }
}

void AuditPostings::Sort() {
  std::sort(postings.begin(), postings.end(),
            [](const Posting& a, const Posting& b) { return a.key != b.key ? a.key < b.key : a.at < b.at; });
}

std::string AuditSidePath(const std::string& audit_path) {
  return audit_path.substr(0, audit_path.rfind('.')) + ".index";
}

Status AuditSideFile::Write(const std::string& path, const AuditPostings& postings) {
  SideHeader header{};
  std::memcpy(header.magic, kSideMagic, sizeof kSideMagic);
  header.bytes = postings.bytes;
  header.lines = postings.lines;
  header.count = postings.postings.size();
  header.first_us = postings.first_us;
  header.last_us = postings.last_us;
  header.blocks = static_cast<uint32_t>((header.count + kBlockPostings - 1) / kBlockPostings);
  std::string blocks, fences;
  blocks.reserve(header.count * kPostingBytes);
  for (size_t from = 0; from < header.count; from += kBlockPostings) {
    const size_t begin = blocks.size(), to = std::min<size_t>(from + kBlockPostings, header.count);
    for (size_t i = from; i < to; ++i) Put(postings.postings[i].key, &blocks);
    for (size_t i = from; i < to; ++i) Put(postings.postings[i].at, &blocks);
    const uint32_t crc = Crc32c(AsBytes(std::string_view(blocks).substr(begin)));
    Put(Fence{postings.postings[from].key, crc, static_cast<uint32_t>(to - from)}, &fences);
  }
  const std::string_view head(reinterpret_cast<const char*>(&header), offsetof(SideHeader, crc));
  header.crc = Crc32c(AsBytes(fences), Crc32c(AsBytes(head)));
  std::string out;
  out.reserve(sizeof header + fences.size() + blocks.size());
  Put(header, &out);
  return WriteFileDurable(path, out.append(fences).append(blocks), 0600);
}

AuditSideFile::AuditSideFile(AuditSideFile&& other) noexcept
    : fd_(other.fd_),
      path_(std::move(other.path_)),
      first_us_(other.first_us_),
      last_us_(other.last_us_),
      fences_(std::move(other.fences_)) {
  other.fd_ = -1;
}

AuditSideFile::~AuditSideFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status AuditSideFile::ReadHead(uint64_t bytes) {
  SideHeader header{};
  TRY(ReadAt(fd_, path_, 0, reinterpret_cast<char*>(&header), sizeof header));
  const auto corrupt = [this] { return MakeError(ErrorCode::kCorrupt, fmt::format("{} is damaged", path_)); };
  const uint64_t blocks = (header.count + kBlockPostings - 1) / kBlockPostings;
  if (std::memcmp(header.magic, kSideMagic, sizeof kSideMagic) != 0 || header.bytes != bytes ||
      header.blocks != blocks)
    return corrupt();
  const off_t size = ::lseek(fd_, 0, SEEK_END);
  const uint64_t wanted = sizeof header + blocks * sizeof(Fence) + header.count * kPostingBytes;
  if (size < 0 || static_cast<uint64_t>(size) != wanted) return corrupt();
  fences_.resize(header.blocks);
  char* const to = reinterpret_cast<char*>(fences_.data());
  const size_t fence_bytes = fences_.size() * sizeof(Fence);
  TRY(ReadAt(fd_, path_, sizeof header, to, fence_bytes));
  const std::string_view head(reinterpret_cast<const char*>(&header), offsetof(SideHeader, crc));
  if (Crc32c(AsBytes(std::string_view(to, fence_bytes)), Crc32c(AsBytes(head))) != header.crc)
    return corrupt();
  first_us_ = header.first_us;
  last_us_ = header.last_us;
  return {};
}

Result<AuditSideFile> AuditSideFile::Open(const std::string& path, uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return MakeError(ErrorCode::kNotFound, fmt::format("there is no {}", path));
  if (fd < 0) return SystemError("open", path, errno);
  AuditSideFile file(fd, path);
  TRY(file.ReadHead(bytes));
  return file;
}

Status AuditSideFile::Find(uint64_t key, std::vector<uint32_t>* out) const {
  // The last block that begins before the key may end with it.
  auto fence = std::lower_bound(fences_.begin(), fences_.end(), key,
                                [](const Fence& f, uint64_t wanted) { return f.key < wanted; });
  if (fence != fences_.begin()) --fence;
  std::vector<uint64_t> keys;
  std::string block;
  for (; fence != fences_.end() && fence->key <= key; ++fence) {
    const auto number = static_cast<uint64_t>(fence - fences_.begin());
    block.resize(size_t{fence->count} * kPostingBytes);
    const uint64_t at =
        sizeof(SideHeader) + fences_.size() * sizeof(Fence) + number * kBlockPostings * kPostingBytes;
    TRY(ReadAt(fd_, path_, at, block.data(), block.size()));
    if (Crc32c(AsBytes(block)) != fence->crc)
      return MakeError(ErrorCode::kCorrupt, fmt::format("{} is damaged", path_));
    keys.resize(fence->count);
    std::memcpy(keys.data(), block.data(), keys.size() * sizeof(uint64_t));
    const auto range = std::equal_range(keys.begin(), keys.end(), key);
    for (auto it = range.first; it != range.second; ++it) {
      uint32_t offset = 0;
      const auto place = static_cast<size_t>(it - keys.begin());
      std::memcpy(&offset, block.data() + keys.size() * sizeof(uint64_t) + place * sizeof offset,
                  sizeof offset);
      out->push_back(offset);
    }
  }
  return {};
}

}  // namespace tk::access
