#include "kernel/view/text_cache.h"

namespace tk::view {

Engine::TextPtr TextCache::Find(Ordinal ordinal) const {
  const Shard& shard = ShardOf(ordinal);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.slots.find(ordinal);
  if (at == shard.slots.end()) return nullptr;
  at->second.used.store(true, std::memory_order_relaxed);
  return at->second.text;
}

void TextCache::Put(Ordinal ordinal, const Engine::TextPtr& text, uint64_t generation) {
  constexpr size_t kPartMax = 8;  // one giant must not drive out all the others
  if (text->json.size() > shard_bytes_max_ / kPartMax) return;
  Shard& shard = ShardOf(ordinal);
  const std::lock_guard lock(shard.mutex);
  if (generation != generation_.load(std::memory_order_acquire)) return;
  const auto [at, is_new] = shard.slots.try_emplace(ordinal);
  if (!is_new) return;
  at->second.text = text;
  shard.bytes += BytesOf(*text);
  shard.queue.push_back(ordinal);
  MakeRoom(&shard);
}

void TextCache::MakeRoom(Shard* shard) const {
  while (shard->bytes > shard_bytes_max_ && !shard->queue.empty()) {
    const Ordinal ordinal = shard->queue.front();
    shard->queue.pop_front();
    const auto at = shard->slots.find(ordinal);
    if (at->second.used.exchange(false, std::memory_order_relaxed)) {
      shard->queue.push_back(ordinal);
      continue;
    }
    shard->bytes -= BytesOf(*at->second.text);
    shard->slots.erase(at);
  }
}

void TextCache::Drop(OwnerNumber owner) {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    std::erase_if(shard.queue, [&](Ordinal ordinal) {
      const auto at = shard.slots.find(ordinal);
      if (at->second.text->header.owner != owner) return false;
      shard.bytes -= BytesOf(*at->second.text);
      shard.slots.erase(at);
      return true;
    });
  }
}

size_t TextCache::bytes() const {
  size_t bytes = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    bytes += shard.bytes;
  }
  return bytes;
}

}  // namespace tk::view
