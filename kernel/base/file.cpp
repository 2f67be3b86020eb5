#include "kernel/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

namespace tk {

Error SystemError(std::string_view tried, const std::string& path, int error_number, const char* file,
                  int line) {
  const std::string reason = std::generic_category().message(error_number);
  std::string text = fmt::format("cannot {} {}: {}", tried, path, reason);
  if (error_number == ENOSPC || error_number == EDQUOT) text += "; free some space or move the data folder";
  if (error_number == EACCES || error_number == EPERM) text += "; check the owner and mode of the folder";
  return MakeError(error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable, std::move(text),
                   {}, file, line);
}

Result<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path, errno);
  std::string out;
  char block[65536];
  for (;;) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int reason = errno;
      ::close(fd);
      return SystemError("read", path, reason);
    }
    if (got == 0) break;
    if (out.size() + static_cast<size_t>(got) > bytes_max) {
      ::close(fd);
      return MakeError(ErrorCode::kTooLarge, fmt::format("{} is larger than {} bytes", path, bytes_max));
    }
    out.append(block, static_cast<size_t>(got));
  }
  ::close(fd);
  return out;
}

namespace {

int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return 0;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// What `path` has, or its folder when it is new and we are root: another user's program may have to read it. 0 or errno.
int GiveOwnerAndMode(int fd, const std::string& path, mode_t mode) {
  struct stat before {
  }, now{};
  if (::fstat(fd, &now) != 0) return errno;
  if (::stat(path.c_str(), &before) == 0) {
    mode = before.st_mode & 07777;
  } else if (::geteuid() != 0 || ::stat(FolderOf(path).c_str(), &before) != 0) {
    before = now;
  }
  if (before.st_uid != now.st_uid && ::fchown(fd, before.st_uid, static_cast<gid_t>(-1)) != 0) return errno;
  // A group that we may not give must not lend its rights to ours.
  if (before.st_gid != now.st_gid && ::fchown(fd, static_cast<uid_t>(-1), before.st_gid) != 0)
    mode &= ~static_cast<mode_t>(070);
  return ::fchmod(fd, mode) != 0 ? errno : 0;
}

}  // namespace

Status WriteFileDurable(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string beside = fmt::format("{}.{}.new", path, ::getpid());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("create", beside, errno);
  int failed = GiveOwnerAndMode(fd, path, static_cast<mode_t>(mode));
  if (failed == 0) failed = WriteAll(fd, bytes);
  if (failed == 0 && ::fsync(fd) != 0) failed = errno;
  ::close(fd);
  if (failed == 0 && ::rename(beside.c_str(), path.c_str()) != 0) failed = errno;
  if (failed != 0) {
    ::unlink(beside.c_str());
    return SystemError("write", path, failed);
  }
  return SyncFolder(FolderOf(path));
}

Status MakeFolder(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  const std::string above = FolderOf(path);
  if (above != path) TRY(MakeFolder(above));
  // Another thread or process may make it at the same time; what is there and no folder is told.
  const int failed = ::mkdir(path.c_str(), 0700) != 0 ? errno : 0;
  if (failed != 0 && (failed != EEXIST || !std::filesystem::is_directory(path, error)))
    return SystemError("create folder", path, failed);
  return SyncFolder(above);
}

namespace {

std::string HolderOf(int fd) {
  char text[32];
  const ssize_t size = ::pread(fd, text, sizeof text, 0);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "unknown";
}

/// As well as it goes: on a full disk nobody is named, and the lock is taken all the same.
void NameHolder(int fd) {
  const std::string self = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = ::pwrite(fd, self.data(), self.size(), 0);
}

}  // namespace

Result<FileLock> FileLock::Take(const std::string& path, int wait_ms) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("open", path, errno);
  for (int waited_ms = 0;; waited_ms += 20) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      NameHolder(fd);
      return FileLock(fd);
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      const int reason = errno;
      ::close(fd);
      return SystemError("lock", path, reason);
    }
    if (waited_ms >= wait_ms) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::string holder = HolderOf(fd);
  ::close(fd);
  return MakeError(ErrorCode::kConflict, fmt::format("{} is locked by process {}", path, holder));
}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

namespace {

Status SyncPath(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path, errno);
  const int reason = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (reason != 0) return SystemError("sync", path, reason);
  return {};
}

}  // namespace

Status SyncFile(const std::string& path) { return SyncPath(path, O_RDONLY); }
Status SyncFolder(const std::string& path) {
  return SyncPath(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
}

Result<std::vector<std::string>> ListFolder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) return SystemError("list", path, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return SystemError("remove", path, errno);
  return {};
}

bool FileExists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace tk
