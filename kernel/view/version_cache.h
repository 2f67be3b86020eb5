// The versions of ids that were asked for lately. Finding one in the runs decodes a block of 128 entries; the same few thousand ids are asked
// for again and again, by reads, by references in what is written, by the audit.
// Nothing is ever taken out: whoever finds a version asks the directory's column whether it was superseded at his position.
// Shape:  2^17 slots of two words, one an id by the low bits of its hash: (hash xor version, version). A reader and a writer at once may see halves
//         of two; then the hash does not come out, and nothing was found.
// Memory: 2 MB. Cost: one cache miss. Thread-safe, without locks.
// Source: R. Hyatt, T. Mann, "A lockless transposition-table implementation for parallel search" (ICGA Journal 25, 2002).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace tk::view {

class VersionCache {
 public:
  /// The packed version that was put last for this id; 0 if none is here.
  uint64_t Find(uint64_t id_hash) const {
    const Slot& slot = SlotOf(id_hash);
    const uint64_t packed = slot.packed.load(std::memory_order_relaxed);
    return (slot.mixed.load(std::memory_order_relaxed) ^ packed) == id_hash ? packed : 0;
  }
  /// `packed` is not 0.
  void Put(uint64_t id_hash, uint64_t packed) {
    Slot& slot = SlotOf(id_hash);
    slot.packed.store(packed, std::memory_order_relaxed);
    slot.mixed.store(id_hash ^ packed, std::memory_order_relaxed);
  }
  void Clear() {
    for (size_t i = 0; i < kSlots; ++i) {
      slots_[i].packed.store(0, std::memory_order_relaxed);
      slots_[i].mixed.store(0, std::memory_order_relaxed);
    }
  }
  static constexpr size_t bytes() { return kSlots * sizeof(Slot); }

 private:
  static constexpr size_t kSlots = size_t{1} << 17;
  struct Slot {
    std::atomic<uint64_t> packed{0}, mixed{0};
  };
  Slot& SlotOf(uint64_t id_hash) const { return slots_[id_hash % kSlots]; }
  const std::unique_ptr<Slot[]> slots_ = std::make_unique<Slot[]>(kSlots);
};

}  // namespace tk::view
