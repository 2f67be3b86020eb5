// A growable array of 64-bit words, in chunks: one writer, readers at any time without locks, saved chunk by chunk (only what
// changed; pages of zeros are holes), loaded by mapping. Used for the dense columns of the directory.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "kernel/base/prefetch.h"
#include "kernel/base/result.h"

namespace tk::view {

class WordArray {
 public:
  static constexpr uint64_t kChunkBits = 18;  // 256 K words, 2 MB
  static constexpr uint64_t kChunkWords = 1ull << kChunkBits;
  static constexpr uint64_t kChunksMax = 1ull << 22;  // 2^40 words

  WordArray();
  ~WordArray();
  WordArray(const WordArray&) = delete;
  WordArray& operator=(const WordArray&) = delete;

  /// 0 where nothing was set. Any thread.
  uint64_t Get(uint64_t index) const {
    const uint64_t* words = chunks_[index >> kChunkBits].words.load(std::memory_order_acquire);
    if (words == nullptr) return 0;
    return std::atomic_ref<const uint64_t>(words[index & (kChunkWords - 1)]).load(std::memory_order_relaxed);
  }
  /// Get(index) will come soon. Any thread.
  void Prefetch(uint64_t index) const {
    const uint64_t* words = chunks_[index >> kChunkBits].words.load(std::memory_order_acquire);
    if (words != nullptr) BringNear(words + (index & (kChunkWords - 1)));
  }
  /// The writer only.
  void Set(uint64_t index, uint64_t word);
  void Clear();

  /// One saved chunk: file name within the folder, checksum of its content.
  struct SavedChunk {
    uint64_t chunk;
    std::string file;
    uint32_t crc;
  };
  /// Writes the chunks that changed since the last Save/Load as `<prefix>-<chunk>-<generation>`, each word through `filter` (so that
  /// what came after the saved position is left out), syncs them, and returns the full list. One thread at a time; the writer goes on.
  template <class Filter>
  Result<std::vector<SavedChunk>> Save(const std::string& folder, const std::string& prefix,
                                       uint64_t generation, const Filter& filter) {
    std::vector<uint64_t> copy(kChunkWords);
    for (uint64_t c = 0; c < used_.load(std::memory_order_acquire); ++c) {
      Chunk& chunk = chunks_[c];
      if (chunk.words.load(std::memory_order_acquire) == nullptr || !chunk.dirty.exchange(false)) continue;
      bool beyond = false;
      for (uint64_t i = 0; i < kChunkWords; ++i) {
        const uint64_t word = Get((c << kChunkBits) + i);
        copy[i] = filter((c << kChunkBits) + i, word);
        beyond |= copy[i] != word;
      }
      if (beyond) chunk.dirty.store(true);
      TRY(WriteChunk(folder, prefix, c, generation, copy));
    }
    return saved_;
  }
  /// Maps the chunks. Checksums are read now if `check`, else by Check().
  Status Load(const std::string& folder, const std::vector<SavedChunk>& saved, bool check);
  /// kCorrupt naming the file whose content does not fit its checksum.
  static Status Check(const std::string& folder, const std::vector<SavedChunk>& saved);
  size_t memory_bytes() const { return allocated_.load() * kChunkWords * 8; }

 private:
  struct Chunk {
    std::atomic<uint64_t*> words{nullptr};
    std::atomic<bool> dirty{false};
    bool mapped = false;
  };
  Status WriteChunk(const std::string& folder, const std::string& prefix, uint64_t chunk, uint64_t generation,
                    const std::vector<uint64_t>& words);
  uint64_t* Allocate(Chunk* chunk);

  Chunk* chunks_;                  // reserved, touched only where used
  std::atomic<uint64_t> used_{0};  // chunks below this may exist
  std::atomic<size_t> allocated_{0};
  std::vector<SavedChunk> saved_;  // of the saving thread
};

}  // namespace tk::view
