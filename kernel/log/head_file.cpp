#include "kernel/log/head_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernel/base/file.h"
#include "kernel/log/row.h"

namespace tk::log {
namespace {

constexpr uint32_t kHeadMagic = 0x31444854;  // "THD1"
constexpr size_t kHeadBytes = 4 + 4 + 4 + 8 * 4 + 32;

}  // namespace

HeadFile::~HeadFile() {
  if (fd_ >= 0) close(fd_);
}

Status HeadFile::Open(const std::string& path, bool* existed) {
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return SystemError("open", path, errno);
  struct stat info {};
  if (fstat(fd_, &info) != 0) return SystemError("read", path, errno);
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

}  // namespace tk::log
