// Texts that were asked for lately, opened and ready to be sent: opening one costs ten times as much as finding it here. A version never
// changes, so nothing grows old; a person's erasure drops what is his.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "kernel/view/engine.h"

namespace tk::view {

/// Thread-safe. Bounded by bytes; what was not asked for again goes first (CLOCK: Corbató 1968, "A paging experiment").
class TextCache {
 public:
  explicit TextCache(size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

  /// Null if it is not here.
  Engine::TextPtr Find(Ordinal ordinal) const;
  /// Taken before a text is opened and given to Put: an erasure in between keeps the text out.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  void Put(Ordinal ordinal, const Engine::TextPtr& text, uint64_t generation);
  /// After the owner's key was destroyed: nothing of his is found any more, nor put by those who opened it before.
  void Drop(OwnerNumber owner);

  size_t bytes() const;

 private:
  static constexpr size_t kShards = 16;
  struct Slot {
    Engine::TextPtr text;
    mutable std::atomic<bool> used{false};
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Ordinal, Slot> slots;
    std::deque<Ordinal> queue;  // each of `slots` once, in the order of the clock
    size_t bytes = 0;
  };
  static size_t BytesOf(const Engine::Text& text) { return text.json.size() + text.header.id.size() + 224; }
  const Shard& ShardOf(Ordinal ordinal) const { return shards_[ordinal % kShards]; }
  Shard& ShardOf(Ordinal ordinal) { return shards_[ordinal % kShards]; }
  void MakeRoom(Shard* shard) const;

  const size_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> generation_{0};
};

}  // namespace tk::view
