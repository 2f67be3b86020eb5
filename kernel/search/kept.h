// What all searches under way keep in memory on their way, together. One may keep as much as is left free: alone half of all, two a third each;
// however many there are, whoever begins finds room.
// Flow:   Meter::Keep (meter.h) takes some at a time → gives them back with the end of its question
// Cost:   one exchange of an atomic number for thousands of ordinals.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace tk::search {

/// Ordinals in intermediate sets, 8 bytes each. Thread-safe.
class Kept {
 public:
  explicit Kept(uint64_t alone_max) : max_(alone_max * 2) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  /// As many of `count` as one may have that holds `held` already. They are given back once.
  uint64_t Take(uint64_t held, uint64_t count) {
    uint64_t now = now_.load(std::memory_order_relaxed);
    uint64_t taken = 0;
    do {
      const uint64_t free = max_ - now;
      taken = free <= held ? 0 : std::min(count, (free - held) / 2);
    } while (!now_.compare_exchange_weak(now, now + taken, std::memory_order_relaxed));
    return taken;
  }
  void GiveBack(uint64_t count) { now_.fetch_sub(count, std::memory_order_relaxed); }
  uint64_t alone_max() const { return max_ / 2; }
  uint64_t now() const { return now_.load(std::memory_order_relaxed); }

 private:
  const uint64_t max_;
  std::atomic<uint64_t> now_{0};  // never above max_
};

}  // namespace tk::search
