// The position that readers begin at: set by the writer's thread, read by every request, without a lock that they would wait for each other at.
// Shape:  a sequence lock: odd while the writer is at it; who saw it odd, or another number after than before, reads again.
// Source: H.-J. Boehm, "Can seqlocks get along with programming language memory models?" (MSPC 2012).
#pragma once

#include <atomic>

#include "kernel/view/directory.h"

namespace tk::view {

class PublishedHead {
 public:
  explicit PublishedHead(const Position& head) : t_(head.t), end_ordinal_(head.end_ordinal) {}
  /// One thread. What was written before it is seen by whoever gets the position from Get.
  void Set(const Position& head) {
    const uint64_t turn = turn_.load(std::memory_order_relaxed);
    turn_.store(turn + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    t_.store(head.t, std::memory_order_relaxed);
    end_ordinal_.store(head.end_ordinal, std::memory_order_relaxed);
    turn_.store(turn + 2, std::memory_order_release);
  }
  /// Any thread.
  Position Get() const {
    for (;;) {
      const uint64_t before = turn_.load(std::memory_order_acquire);
      const Position head{t_.load(std::memory_order_relaxed), end_ordinal_.load(std::memory_order_relaxed)};
      std::atomic_thread_fence(std::memory_order_acquire);
      if (before % 2 == 0 && turn_.load(std::memory_order_relaxed) == before) return head;
    }
  }

 private:
  std::atomic<uint64_t> turn_{0}, t_, end_ordinal_;
};

}  // namespace tk::view
