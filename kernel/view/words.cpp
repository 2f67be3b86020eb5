#include "kernel/view/words.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"

namespace tk::view {

namespace {
constexpr size_t kChunkBytes = WordArray::kChunkWords * 8;
void* Reserve(size_t bytes, int extra_flags) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | extra_flags, -1, 0);
  CHECK(at != MAP_FAILED);
  return at;
}

/// Writes and syncs a file that nobody knows yet; pages of nothing but zeros become holes, which cost no disk. The manifest's writer syncs the folder.
Status WriteSparse(const std::string& path, Bytes bytes) {
  constexpr size_t kPage = 4096;
  static constexpr uint8_t kZeros[kPage] = {};
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good = fd >= 0 && ::ftruncate(fd, static_cast<off_t>(bytes.size())) == 0;
  for (size_t at = 0; good && at < bytes.size();) {
    // As many pages as follow each other are one write.
    size_t end = at;
    while (end < bytes.size() &&
           std::memcmp(bytes.data() + end, kZeros, std::min(kPage, bytes.size() - end)) != 0)
      end = std::min(end + kPage, bytes.size());
    while (good && at < end) {
      const ssize_t n = ::pwrite(fd, bytes.data() + at, end - at, static_cast<off_t>(at));
      good = n > 0 || (n < 0 && errno == EINTR);
      at += n > 0 ? static_cast<size_t>(n) : 0;
    }
    at += kPage;  // the page of zeros that ended it
  }
  good = good && ::fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (good) return {};
  ::unlink(path.c_str());
  return MakeError(ErrorCode::kUnavailable, "a view could not be written to disk",
                   fmt::format("{}: {}", path, std::strerror(reason)));
}

}  // namespace

// Zeroed pages are a valid array of Chunk: null pointer, false, false. Only touched pages cost memory.
WordArray::WordArray() : chunks_(static_cast<Chunk*>(Reserve(kChunksMax * sizeof(Chunk), MAP_NORESERVE))) {}

WordArray::~WordArray() {
  Clear();
  munmap(chunks_, kChunksMax * sizeof(Chunk));
}

void WordArray::Clear() {
  for (uint64_t c = 0; c < used_.load(); ++c) {
    uint64_t* words = chunks_[c].words.exchange(nullptr);
    if (words != nullptr) munmap(words, kChunkBytes);
    chunks_[c].dirty.store(false);
  }
  used_.store(0);
  allocated_.store(0);
  saved_.clear();
}

uint64_t* WordArray::Allocate(Chunk* chunk) {
  auto* words = static_cast<uint64_t*>(Reserve(kChunkBytes, 0));
  allocated_.fetch_add(1);
  chunk->words.store(words, std::memory_order_release);
  return words;
}

void WordArray::Set(uint64_t index, uint64_t word) {
  const uint64_t c = index >> kChunkBits;
  CHECK(c < kChunksMax);
  Chunk& chunk = chunks_[c];
  uint64_t* words = chunk.words.load(std::memory_order_relaxed);
  if (words == nullptr) {
    if (word == 0) return;
    words = Allocate(&chunk);
    if (c >= used_.load(std::memory_order_relaxed)) used_.store(c + 1, std::memory_order_release);
  }
  std::atomic_ref<uint64_t>(words[index & (kChunkWords - 1)]).store(word, std::memory_order_relaxed);
  // Sequentially consistent: Save clears the flag and then copies, and must not miss a word whose flag it cleared.
  chunk.dirty.store(true, std::memory_order_seq_cst);
}

Status WordArray::WriteChunk(const std::string& folder, const std::string& prefix, uint64_t chunk,
                             uint64_t generation, const std::vector<uint64_t>& words) {
  const Bytes bytes{reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8};
  SavedChunk entry{chunk, fmt::format("{}-{}-{}", prefix, chunk, generation), Crc32c(bytes)};
  TRY(WriteSparse(folder + "/" + entry.file, bytes));
  auto at = std::lower_bound(saved_.begin(), saved_.end(), chunk,
                             [](const SavedChunk& s, uint64_t c) { return s.chunk < c; });
  if (at != saved_.end() && at->chunk == chunk) {
    *at = std::move(entry);
  } else {
    saved_.insert(at, std::move(entry));
  }
  return {};
}

Status WordArray::Check(const std::string& folder, const std::vector<SavedChunk>& saved) {
  for (const SavedChunk& each : saved) {
    const std::string content = TRY(ReadFile(folder + "/" + each.file, kChunkBytes));
    if (content.size() != kChunkBytes || Crc32c(AsBytes(content)) != each.crc) {
      return MakeError(ErrorCode::kCorrupt,
                       "a saved view file is damaged: " + each.file + "; the view is rebuilt from the log");
    }
  }
  return {};
}

Status WordArray::Load(const std::string& folder, const std::vector<SavedChunk>& saved, bool check) {
  Clear();
  if (check) TRY(Check(folder, saved));
  for (const SavedChunk& each : saved) {
    const std::string path = folder + "/" + each.file;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd < 0 || fstat(fd, &info) != 0 || static_cast<size_t>(info.st_size) != kChunkBytes ||
        each.chunk >= kChunksMax) {
      if (fd >= 0) close(fd);
      Clear();
      return MakeError(ErrorCode::kCorrupt, "a saved view file is missing or has a wrong size: " + each.file);
    }
    // Copy on write: pages are read when first asked for, and what the writer changes stays ours until the next Save.
    void* at = mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    CHECK(at != MAP_FAILED);
    chunks_[each.chunk].words.store(static_cast<uint64_t*>(at), std::memory_order_release);
    if (each.chunk >= used_.load()) used_.store(each.chunk + 1, std::memory_order_release);
  }
  saved_ = saved;
  return {};
}

}  // namespace tk::view
