#include "kernel/view/run_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tk::view {
namespace {

constexpr char kMagic[8] = {'T', 'K', 'R', 'U', 'N', 0, 0, 0};

Error FileError(const std::string& path, const char* what) {
  const int number = errno;
  return MakeError(ErrorCode::kUnavailable, "the index could not be written to disk",
                   fmt::format("{} {}: {}", what, path, std::strerror(number)));
}

Error Corrupt(const std::string& path, const std::string& what) {
  return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                   fmt::format("{}: {}", path, what));
}

Status WriteAll(int fd, const void* bytes, size_t count, const std::string& path) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  while (count > 0) {
    const ssize_t n = ::write(fd, at, count);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return FileError(path, "write");
    at += n;
    count -= static_cast<size_t>(n);
  }
  return {};
}

uint32_t HeaderCrc(const RunHeader& header) {
  return Crc32c({reinterpret_cast<const uint8_t*>(&header), offsetof(RunHeader, crc)});
}

size_t BlockCount(size_t data_bytes) { return (data_bytes + kRunBlockBytes - 1) / kRunBlockBytes; }

}  // namespace

Result<std::unique_ptr<RunFileWriter>> RunFileWriter::Create(const std::string& path) {
  const int fd = ::open((path + ".tmp").c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return FileError(path, "create");
  std::unique_ptr<RunFileWriter> writer(new RunFileWriter(path, fd));
  writer->buffer_.reserve(kRunBlockBytes);
  const RunHeader blank{};
  TRY(WriteAll(fd, &blank, sizeof blank, path));
  return writer;
}

RunFileWriter::~RunFileWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink((path_ + ".tmp").c_str());
}

Status RunFileWriter::WriteOut() {
  table_.push_back(Crc32c(buffer_));
  TRY(WriteAll(fd_, buffer_.data(), buffer_.size(), path_));
  buffer_.clear();
  return {};
}

Status RunFileWriter::Append(const void* bytes, size_t count) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  while (count > 0) {
    const size_t n = std::min(count, kRunBlockBytes - buffer_.size());
    buffer_.insert(buffer_.end(), at, at + n);
    at += n;
    count -= n;
    if (buffer_.size() == kRunBlockBytes) TRY(WriteOut());
  }
  return {};
}

Result<uint32_t> RunFileWriter::Finish(RunHeader header) {
  if (!buffer_.empty()) TRY(WriteOut());
  const size_t table_bytes = table_.size() * sizeof(uint32_t);
  const uint32_t table_crc = Crc32c({reinterpret_cast<const uint8_t*>(table_.data()), table_bytes});
  TRY(WriteAll(fd_, table_.data(), table_bytes, path_));
  TRY(WriteAll(fd_, &table_crc, sizeof table_crc, path_));
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.crc = HeaderCrc(header);
  if (::pwrite(fd_, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header))
    return FileError(path_, "write header of");
  if (::fsync(fd_) != 0) return FileError(path_, "sync");
  if (::close(std::exchange(fd_, -1)) != 0 || ::rename((path_ + ".tmp").c_str(), path_.c_str()) != 0) {
    Error error = FileError(path_, "finish");
    ::unlink((path_ + ".tmp").c_str());
    return error;
  }
  return Crc32c({reinterpret_cast<const uint8_t*>(&header.crc), sizeof header.crc}, table_crc);
}

namespace {

Result<RunMap> CheckMap(RunMap map, const std::string& path, uint32_t entry_bytes) {
  std::memcpy(&map.header, map.base, sizeof(RunHeader));
  const RunHeader& header = map.header;
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return Corrupt(path, "not a run file");
  if (header.crc != HeaderCrc(header)) return Corrupt(path, "header checksum differs");
  if ((header.format_version != kRunFormatVersion && header.format_version != kRunFormatFiltered) ||
      header.entry_bytes != entry_bytes)
    return Corrupt(path, "other format");
  const size_t after = sizeof(RunHeader) + sizeof(uint32_t);
  if (header.data_bytes > map.bytes - after) return Corrupt(path, "shorter than its header says");
  const size_t table_at = sizeof(RunHeader) + header.data_bytes;
  const size_t table_bytes = BlockCount(header.data_bytes) * sizeof(uint32_t);
  if (map.bytes != table_at + table_bytes + sizeof(uint32_t))
    return Corrupt(path, "size differs from what its header says");
  const auto* table = static_cast<const uint8_t*>(map.base) + table_at;
  uint32_t table_crc = 0;
  std::memcpy(&table_crc, table + table_bytes, sizeof table_crc);
  if (table_crc != Crc32c({table, table_bytes})) return Corrupt(path, "checksum table is damaged");
  map.checksum = Crc32c({reinterpret_cast<const uint8_t*>(&header.crc), sizeof header.crc}, table_crc);
  return map;
}

}  // namespace

Result<RunMap> MapRunFile(const std::string& path, uint32_t entry_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Corrupt(path, errno == ENOENT ? "is missing" : "cannot be opened");
  struct stat info {};
  if (::fstat(fd, &info) != 0 || info.st_size < static_cast<off_t>(sizeof(RunHeader) + sizeof(uint32_t))) {
    ::close(fd);
    return Corrupt(path, "is too short");
  }
  RunMap map;
  map.bytes = static_cast<size_t>(info.st_size);
  map.base = ::mmap(nullptr, map.bytes, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (map.base == MAP_FAILED)
    return MakeError(ErrorCode::kUnavailable, "the index could not be mapped", path);
  Result<RunMap> checked = CheckMap(map, path, entry_bytes);
  if (!checked.ok()) UnmapRunFile(map.base, map.bytes);
  return checked;
}

void UnmapRunFile(void* base, size_t bytes) { ::munmap(base, bytes); }

Status CheckRunBlocks(const std::string& path, const void* base, size_t bytes) {
  RunHeader header{};
  std::memcpy(&header, base, sizeof header);
  const auto* data = static_cast<const uint8_t*>(base) + sizeof(RunHeader);
  const size_t data_bytes = header.data_bytes;
  CHECK(sizeof(RunHeader) + data_bytes <= bytes);
  for (size_t block = 0; block < BlockCount(data_bytes); ++block) {
    const size_t at = block * kRunBlockBytes;
    uint32_t expected = 0;
    std::memcpy(&expected, data + data_bytes + block * sizeof(uint32_t), sizeof expected);
    if (Crc32c({data + at, std::min(kRunBlockBytes, data_bytes - at)}) != expected) {
      return Corrupt(path, fmt::format("block {} fails its checksum", block));
    }
  }
  return {};
}

}  // namespace tk::view
