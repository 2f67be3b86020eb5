#include "kernel/view/recent.h"

#include <chrono>

namespace tk::view {

void Recent::Begin(uint64_t last_t) {
  const std::lock_guard lock(mutex_);
  items_.clear();
  bytes_ = 0;
  last_t_ = last_t;
  changed_.notify_all();
}

void Recent::Push(std::vector<std::pair<CommittedPtr, size_t>> group) {
  std::vector<std::pair<CommittedPtr, size_t>> dropped;  // freed outside the lock
  {
    const std::lock_guard lock(mutex_);
    for (auto& item : group) {
      CHECK(item.first->t == last_t_ + 1);
      last_t_ = item.first->t;
      bytes_ += item.second;
      items_.push_back(std::move(item));
    }
    while (items_.size() > 1 && (items_.size() > transactions_max_ || bytes_ > bytes_max_)) {
      bytes_ -= items_.front().second;
      dropped.push_back(std::move(items_.front()));
      items_.pop_front();
    }
  }
  changed_.notify_all();
}

void Recent::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Recent::Found Recent::Get(uint64_t t, int timeout_ms, CommittedPtr* out) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return closed_ || last_t_ >= t; });
  if (last_t_ >= t) {
    if (items_.empty() || items_.front().first->t > t) return Found::kTooOld;
    *out = items_[t - items_.front().first->t].first;
    return Found::kYes;
  }
  return closed_ ? Found::kClosed : Found::kTimeout;
}

}  // namespace tk::view
