#include "kernel/log/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "kernel/log/row.h"

namespace tk::log {
namespace {

constexpr uint32_t kHeadMagic = 0x31444854;  // "THD1"
constexpr size_t kHeadBytes = 4 + 4 + 4 + 8 * 4 + 32;

Error FileError(std::string_view what, const std::string& path) {
  const int code = errno;
  return MakeError(ErrorCode::kUnavailable, fmt::format("{} {} failed: {}.", what, path, std::strerror(code)),
                   fmt::format("errno {}", code));
}

}  // namespace

HeadFile::~HeadFile() {
  if (fd_ >= 0) close(fd_);
}

Status HeadFile::Open(const std::string& path, bool* existed) {
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return FileError("Opening", path);
  struct stat info {};
  if (fstat(fd_, &info) != 0) return FileError("Reading", path);
  *existed = info.st_size > 0;
  return {};
}

std::optional<Head> HeadFile::Load() const {
  std::array<char, kHeadBytes> bytes{};
  if (pread(fd_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  const std::string_view text(bytes.data(), bytes.size());
  if (GetInt<uint32_t>(text, 0) != kHeadMagic || GetInt<uint32_t>(text, 4) != Crc32c(AsBytes(text.substr(8))))
    return std::nullopt;
  Head head;
  head.incarnation = GetInt<uint32_t>(text, 8);
  head.epoch = GetInt<uint64_t>(text, 12);
  head.t = GetInt<uint64_t>(text, 20);
  head.next_ordinal = GetInt<uint64_t>(text, 28);
  head.last_at_us = GetInt<int64_t>(text, 36);
  std::memcpy(head.chain.data(), bytes.data() + 44, head.chain.size());
  return head;
}

std::optional<Head> HeadFile::Read(const std::string& path) {
  HeadFile file;
  file.fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file.fd_ < 0 ? std::nullopt : file.Load();
}

void HeadFile::Store(const Head& head) const {
  std::array<char, kHeadBytes> bytes{};
  const auto put = [&](size_t at, auto value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  put(0, kHeadMagic);
  put(8, head.incarnation);
  put(12, head.epoch);
  put(20, head.t);
  put(28, head.next_ordinal);
  put(36, head.last_at_us);
  std::memcpy(bytes.data() + 44, head.chain.data(), head.chain.size());
  put(4, Crc32c(AsBytes(std::string_view(bytes.data() + 8, bytes.size() - 8))));
  [[maybe_unused]] const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), 0);
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

Status FolderLock::Take(const std::string& path) {
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return FileError("Opening", path);
  std::array<char, 32> text{};
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError("Locking", path);
    const ssize_t size = pread(fd_, text.data(), text.size() - 1, 0);
    const std::string holder = size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : "unknown";
    return MakeError(
        ErrorCode::kUnavailable,
        fmt::format("Another process (number {}) has this log open: {}. Stop it first; two must never write.",
                    holder, path));
  }
  const std::string self = std::to_string(getpid());
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, self.data(), self.size(), 0) < 0)
    return FileError("Writing", path);
  return {};
}

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  std::filesystem::create_directories(folder, error);
  if (error)
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("Making the folder {} failed: {}.", folder, error.message()));
  if (chmod(folder.c_str(), 0700) != 0) return FileError("Protecting", folder);
  return SyncFolder(std::filesystem::path(folder).parent_path().string());
}

namespace {

Status SyncPath(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return FileError("Opening", path);
  const bool synced = fsync(fd) == 0;
  const int code = errno;
  close(fd);
  errno = code;
  if (!synced) return FileError("Syncing", path);
  return {};
}

}  // namespace

Status SyncFile(const std::string& path) { return SyncPath(path, O_RDONLY); }

Status SyncFolder(const std::string& folder) {
  return SyncPath(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace tk::log
