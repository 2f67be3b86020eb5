// The last committed transactions in memory: followers read them without touching the log.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "kernel/view/engine.h"

namespace tk::view {

/// Thread-safe. Bounded by count and bytes; what falls out is read from the log.
class Recent {
 public:
  Recent(size_t transactions_max, size_t bytes_max)
      : transactions_max_(transactions_max), bytes_max_(bytes_max) {}

  void Begin(uint64_t last_t);                                    // before the first Push
  void Push(std::vector<std::pair<CommittedPtr, size_t>> group);  // with their bytes
  void Close();                                                   // wakes all who wait, for good

  enum class Found { kYes, kTooOld, kTimeout, kClosed };
  /// Transaction `t`, waiting for it up to `timeout_ms`.
  Found Get(uint64_t t, int timeout_ms, CommittedPtr* out) const;

 private:
  const size_t transactions_max_, bytes_max_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<std::pair<CommittedPtr, size_t>> items_;  // t ascending, without gaps
  uint64_t last_t_ = 0;
  size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace tk::view
