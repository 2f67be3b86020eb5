#include "kernel/person/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"

namespace tk::person {
namespace {

constexpr std::string_view kJournalName = "changes-";
constexpr size_t kPieceHead = 2 * sizeof(uint32_t),
                 kBodyHead = sizeof(uint8_t) + sizeof(uint64_t);  // kind and key

template <class T>
void PutRaw(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Reads what PutRaw wrote; past the end everything is 0 and `good` false.
class RawReader {
 public:
  explicit RawReader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  T Take() {
    T value{};
    if (rest_.size() < sizeof value) {
      good = false;
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view rest() const { return rest_; }
  bool good = true;

 private:
  std::string_view rest_;
};

Error Damaged(const std::string& path, std::string_view what) {
  return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                   path + ": " + std::string(what));
}

/// A file in memory; closes and unmaps itself.
class MappedJournal {
 public:
  static Result<MappedJournal> Open(const std::string& path, uint64_t size, bool writes) {
    MappedJournal file;
    file.fd_ = ::open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (file.fd_ < 0) return SystemError("cannot open", path, errno);
    if (::lseek(file.fd_, 0, SEEK_END) < static_cast<off_t>(size)) return Damaged(path, "it is too short");
    file.size_ = size;
    if (size == 0) return file;
    void* const at =
        ::mmap(nullptr, size, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file.fd_, 0);
    if (at == MAP_FAILED) return SystemError("cannot map", path, errno);
    file.at_ = static_cast<char*>(at);
    ::madvise(at, size, MADV_SEQUENTIAL);
    return file;
  }
  MappedJournal(MappedJournal&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
  MappedJournal& operator=(MappedJournal&&) = delete;
  ~MappedJournal() {
    if (at_ != nullptr) ::munmap(at_, size_);
    if (fd_ >= 0) ::close(fd_);
  }
  char* data() const { return at_; }
  int fd() const { return fd_; }

 private:
  MappedJournal() = default;
  int fd_ = -1;
  char* at_ = nullptr;
  size_t size_ = 0;
};

/// Calls each(body) for every piece. Errors: its; kCorrupt where the pieces do not fill `size`.
template <class Char, class Each>  // char, const char
Status ForPieces(const std::string& path, Char* data, uint64_t size, Each each) {
  for (uint64_t at = 0; at < size;) {
    if (size - at < kPieceHead) return Damaged(path, "a piece is cut off");
    uint32_t bytes = 0;
    std::memcpy(&bytes, data + at, sizeof bytes);
    if (bytes == 0 || bytes > size - at - kPieceHead) return Damaged(path, "a piece is cut off");
    TRY(each(data + at, std::span<Char>(data + at + kPieceHead, bytes)));
    at += kPieceHead + bytes;
  }
  return {};
}

uint32_t CrcOf(std::span<const char> body) { return Crc32c(AsBytes({body.data(), body.size()})); }

Status ReadBody(const std::string& path, std::span<const char> body, JournalEntry* out) {
  RawReader in({body.data(), body.size()});
  JournalEntry& entry = *out;
  entry.pairs.clear();
  entry.kind = static_cast<JournalKind>(in.Take<uint8_t>());
  entry.id_hash = in.Take<uint64_t>();
  if (entry.kind == JournalKind::kRecord) {
    entry.ordinal = in.Take<uint64_t>();
    entry.first = in.Take<uint64_t>();
    entry.changed = in.Take<uint64_t>();
    entry.packed = in.rest();
    if (entry.packed.size() < sizeof(uint16_t) ||
        linkage::PackedSize(entry.packed.data()) != entry.packed.size())
      in.good = false;
  } else if (entry.kind == JournalKind::kDecision) {
    entry.active = in.Take<uint8_t>() != 0;
    entry.manual = in.Take<uint8_t>() != 0;
    while (in.good && !in.rest().empty()) entry.pairs.push_back(in.Take<PairOf>());
  }
  if (!in.good || entry.kind > JournalKind::kDecisionGone) return Damaged(path, "a piece cannot be read");
  return {};
}

constexpr size_t kAhead = 32;  // pieces that are known before they are handed on
/// Hears of each twice before it is handed on, the second time `again`: what it needs can be brought near in two steps.
using Soon = std::function<void(const JournalEntry& entry, bool again)>;

Status ReadPieces(const std::string& path, std::string_view journal,
                  const std::function<Status(const JournalEntry&)>& each, const Soon& soon) {
  std::array<JournalEntry, kAhead> waiting;
  size_t come = 0, gone = 0;
  const auto hand_on = [&]() -> Status {
    const JournalEntry& entry = waiting[gone++ % kAhead];
    return entry.kind == JournalKind::kBlank ? Status() : each(entry);
  };
  TRY(ForPieces(path, journal.data(), journal.size(),
                [&](const char* head, std::span<const char> body) -> Status {
                  uint32_t crc = 0;
                  std::memcpy(&crc, head + sizeof crc, sizeof crc);
                  if (crc != CrcOf(body)) return Damaged(path, "a checksum differs");
                  JournalEntry& entry = waiting[come++ % kAhead];
                  TRY(ReadBody(path, body, &entry));
                  if (soon) soon(entry, false);
                  if (soon && come > kAhead / 2) soon(waiting[(come - 1 - kAhead / 2) % kAhead], true);
                  return come - gone < kAhead ? Status() : hand_on();
                }));
  while (gone < come) TRY(hand_on());
  return {};
}

}  // namespace

void PrintJournal(const JournalEntry& entry, std::string* out) {
  const size_t at = out->size();
  out->append(kPieceHead, '\0');
  PutRaw(static_cast<uint8_t>(entry.kind), out);
  PutRaw(entry.id_hash, out);
  if (entry.kind == JournalKind::kRecord) {
    PutRaw(entry.ordinal, out);
    PutRaw(entry.first, out);
    PutRaw(entry.changed, out);
    out->append(entry.packed);
  } else if (entry.kind == JournalKind::kDecision) {
    PutRaw(static_cast<uint8_t>(entry.active), out);
    PutRaw(static_cast<uint8_t>(entry.manual), out);
    for (const PairOf& pair : entry.pairs) PutRaw(pair, out);
  }
  const std::span<const char> body(out->data() + at + kPieceHead, out->size() - at - kPieceHead);
  const uint32_t head[] = {static_cast<uint32_t>(body.size()), CrcOf(body)};
  std::memcpy(out->data() + at, head, sizeof head);
}

size_t RecordPieceBytes(size_t packed_bytes) {
  return kPieceHead + kBodyHead + 3 * sizeof(uint64_t) + packed_bytes;
}
size_t DecisionPieceBytes(size_t pairs) {
  return kPieceHead + kBodyHead + 2 * sizeof(uint8_t) + pairs * sizeof(PairOf);
}

std::string JournalPath(const std::string& folder, uint64_t number) {
  return fmt::format("{}/{}{}", folder, kJournalName, number);
}

Status RemoveOtherJournals(const std::string& folder, uint64_t number) {
  const std::string own = fmt::format("{}{}", kJournalName, number);
  if (!std::filesystem::exists(folder)) return {};  // nothing was saved yet
  for (const std::string& name : TRY(ListFolder(folder))) {
    if (name.starts_with(kJournalName) && name != own) TRY(RemoveFile(folder + "/" + name));
  }
  return {};
}

Status AppendToJournal(const std::string& path, uint64_t size, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("cannot open", path, errno);
  Status status;
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) status = SystemError("cannot cut", path, errno);
  for (uint64_t at = size; status.ok() && !bytes.empty();) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      status = SystemError("cannot write", path, errno);
      break;
    }
    at += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (status.ok() && ::fdatasync(fd) != 0) status = SystemError("cannot sync", path, errno);
  ::close(fd);
  return status;
}

Status ForJournal(std::string_view journal, const std::function<Status(const JournalEntry&)>& each) {
  return ReadPieces("journal", journal, each, {});
}

Status ReadJournal(const std::string& path, uint64_t size,
                   const std::function<Status(const JournalEntry&)>& each) {
  const MappedJournal file = TRY(MappedJournal::Open(path, size, false));
  return ReadPieces(path, {file.data(), size}, each, {});
}

Status LoadPeople(const std::string& path, uint64_t size, size_t records, size_t pairs, unsigned threads,
                  People* people) {
  people->BeginMany(records, pairs);
  const auto fold = [people](const JournalEntry& entry) -> Status {
    switch (entry.kind) {
      case JournalKind::kBlank:
        break;
      case JournalKind::kRecord:
        people->PutRecord(entry.id_hash, entry.ordinal, entry.packed, entry.first, entry.changed);
        break;
      case JournalKind::kRecordGone:
        people->RemoveRecord(entry.id_hash);
        break;
      case JournalKind::kDecision:
        people->PutDecision(entry.id_hash, entry.pairs, entry.active, entry.manual);
        break;
      case JournalKind::kDecisionGone:
        people->RemoveDecision(entry.id_hash);
        break;
    }
    return {};
  };
  const MappedJournal file = TRY(MappedJournal::Open(path, size, false));
  TRY(ReadPieces(path, {file.data(), size}, fold, [people](const JournalEntry& entry, bool again) {
    const bool is_record = entry.kind == JournalKind::kRecord || entry.kind == JournalKind::kRecordGone;
    if (is_record) people->PrefetchRecord(entry.id_hash, again);
    if (entry.kind == JournalKind::kDecision || entry.kind == JournalKind::kDecisionGone)
      people->PrefetchDecision(entry.id_hash, entry.pairs, again);
  }));
  people->EndMany(threads);  // records lie in the file until then
  return {};
}

Status BlankJournal(const std::string& path, uint64_t size,
                    const std::function<bool(uint64_t id_hash)>& is_gone) {
  const MappedJournal file = TRY(MappedJournal::Open(path, size, true));
  TRY(ForPieces(path, file.data(), size, [&](char* head, std::span<char> body) -> Status {
    if (static_cast<JournalKind>(body[0]) != JournalKind::kRecord || body.size() < kBodyHead) return {};
    uint64_t id_hash = 0;
    std::memcpy(&id_hash, body.data() + 1, sizeof id_hash);
    if (!is_gone(id_hash)) return {};
    std::memset(body.data() + kBodyHead, 0, body.size() - kBodyHead);
    body[0] = static_cast<char>(JournalKind::kBlank);
    const uint32_t crc = CrcOf(body);
    std::memcpy(head + sizeof crc, &crc, sizeof crc);
    return {};
  }));
  if (size != 0 && ::msync(file.data(), size, MS_SYNC) != 0) return SystemError("cannot sync", path, errno);
  if (::fdatasync(file.fd()) != 0) return SystemError("cannot sync", path, errno);
  return {};
}

}  // namespace tk::person
