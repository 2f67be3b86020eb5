// From a 64-bit key to a slot of somebody's array, in four bytes and a little: the keys stand in the array alone.
// Shape:  open addressing, at most three quarters full, in parts by the upper bits of the key, each of which grows by itself: so nobody waits for millions
//         of keys to be placed anew. Keys are keyed hashes already and are not mixed again.
// Cost:   one look at the table and one at the array. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/base/prefetch.h"

namespace tk::person {

class SlotTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// `key_of(slot)`: the key of a slot that was put. kNone if there is none.
  template <class KeyOf>
  uint32_t Find(uint64_t key, KeyOf key_of) const {
    if (parts_.empty()) return kNone;
    const std::vector<uint32_t>& slots = PartOf(key).slots;
    if (slots.empty()) return kNone;
    for (size_t i = FirstOf(key, slots); slots[i] != kNone; i = NextOf(i, slots)) {
      if (key_of(slots[i]) == key) return slots[i];
    }
    return kNone;
  }
  /// Room for so many keys, while there are none yet.
  void Reserve(size_t keys) {
    if (keys < kParts || !parts_.empty()) return;
    size_t slots = kSlotsMin;
    while (slots * 3 < keys / kParts * 4) slots *= 2;
    parts_.resize(kParts);
    for (Part& part : parts_) part.slots.assign(slots, kNone);
  }
  /// Brings the slot of a key near, for a Find that comes soon.
  void Prefetch(uint64_t key) const {
    if (parts_.empty()) return;
    const std::vector<uint32_t>& slots = PartOf(key).slots;
    if (!slots.empty()) BringNear(&slots[FirstOf(key, slots)]);
  }
  /// The slot at which Find begins, of this key or another; kNone if there is none.
  uint32_t FirstSlot(uint64_t key) const {
    if (parts_.empty()) return kNone;
    const std::vector<uint32_t>& slots = PartOf(key).slots;
    return slots.empty() ? kNone : slots[FirstOf(key, slots)];
  }
  /// A key that is not there yet.
  template <class KeyOf>
  void Put(uint64_t key, uint32_t slot, KeyOf key_of) {
    if (parts_.empty()) parts_.resize(kParts);
    Part& part = parts_[key >> (64 - kPartBits)];
    if ((part.count + size_t{1}) * 4 > part.slots.size() * 3) Grow(&part.slots, key_of);
    Place(key, slot, &part.slots);
    ++part.count;
  }
  size_t bytes() const {
    size_t bytes = parts_.capacity() * sizeof(Part);
    for (const Part& part : parts_) bytes += part.slots.capacity() * sizeof(uint32_t);
    return bytes;
  }

 private:
  static constexpr uint32_t kPartBits = 10;
  static constexpr size_t kParts = size_t{1} << kPartBits, kSlotsMin = 16;
  struct Part {
    std::vector<uint32_t> slots;
    uint32_t count = 0;
  };
  const Part& PartOf(uint64_t key) const { return parts_[key >> (64 - kPartBits)]; }
  static size_t FirstOf(uint64_t key, const std::vector<uint32_t>& slots) { return key & (slots.size() - 1); }
  static size_t NextOf(size_t i, const std::vector<uint32_t>& slots) { return (i + 1) & (slots.size() - 1); }
  static void Place(uint64_t key, uint32_t slot, std::vector<uint32_t>* slots) {
    size_t i = FirstOf(key, *slots);
    while ((*slots)[i] != kNone) i = NextOf(i, *slots);
    (*slots)[i] = slot;
  }
  template <class KeyOf>
  static void Grow(std::vector<uint32_t>* slots, KeyOf key_of) {
    const std::vector<uint32_t> old = std::move(*slots);
    slots->assign(old.empty() ? kSlotsMin : old.size() * 2, kNone);
    for (const uint32_t slot : old) {
      if (slot != kNone) Place(key_of(slot), slot, slots);
    }
  }

  std::vector<Part> parts_;
};

}  // namespace tk::person
