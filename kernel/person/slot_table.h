// From a 64-bit key to a slot of somebody's array, in four bytes and a little: the keys stand in the array alone.
// Shape:  open addressing, at most three quarters full; keys are keyed hashes already and are not mixed again.
// Cost:   one look at the table and one at the array. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace tk::person {

class SlotTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// `key_of(slot)`: the key of a slot that was put. kNone if there is none.
  template <class KeyOf>
  uint32_t Find(uint64_t key, KeyOf key_of) const {
    if (slots_.empty()) return kNone;
    for (size_t i = key & mask(); slots_[i] != kNone; i = (i + 1) & mask()) {
      if (key_of(slots_[i]) == key) return slots_[i];
    }
    return kNone;
  }
  /// Room for so many keys, while there are none yet.
  void Reserve(size_t keys) {
    size_t slots = 64;
    while (slots * 3 < keys * 4) slots *= 2;
    if (count_ == 0) slots_.assign(slots, kNone);
  }
  /// Brings the slot of a key near, for a Find that comes soon.
  void Prefetch(uint64_t key) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[key & mask()]);
  }
  /// A key that is not there yet.
  template <class KeyOf>
  void Put(uint64_t key, uint32_t slot, KeyOf key_of) {
    if ((count_ + 1) * 4 > slots_.size() * 3) Grow(key_of);
    Place(key, slot);
    ++count_;
  }
  /// One that is there gets another slot, with the same key.
  template <class KeyOf>
  void Move(uint64_t key, uint32_t slot, KeyOf key_of) {
    for (size_t i = key & mask(); slots_[i] != kNone; i = (i + 1) & mask()) {
      if (key_of(slots_[i]) == key) {
        slots_[i] = slot;
        return;
      }
    }
  }
  size_t bytes() const { return slots_.capacity() * sizeof(uint32_t); }

 private:
  size_t mask() const { return slots_.size() - 1; }
  void Place(uint64_t key, uint32_t slot) {
    size_t i = key & mask();
    while (slots_[i] != kNone) i = (i + 1) & mask();
    slots_[i] = slot;
  }
  template <class KeyOf>
  void Grow(KeyOf key_of) {
    std::vector<uint32_t> old = std::move(slots_);
    slots_.assign(old.empty() ? 64 : old.size() * 2, kNone);
    for (const uint32_t slot : old) {
      if (slot != kNone) Place(key_of(slot), slot);
    }
  }

  std::vector<uint32_t> slots_;
  size_t count_ = 0;
};

}  // namespace tk::person
