#include "server/alert_watch.h"

#include <chrono>

#include "kernel/base/diagnostics.h"

namespace tk::server {

AlertWatch::AlertWatch(const interaction::Interactions* interactions, const Clock* clock, int64_t look_ms)
    : interactions_(interactions), clock_(clock), look_ms_(look_ms), thread_([this] { Run(); }) {}

AlertWatch::~AlertWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void AlertWatch::LookAtAll() {
  const std::lock_guard lock(mutex_);
  all_ = true;
  changed_.notify_all();
}

void AlertWatch::Run() {
  Instant since_us = INT64_MIN;
  bool was_told = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (all_) since_us = INT64_MIN;
    all_ = false;
    lock.unlock();
    const Instant now_us = clock_->NowUs();
    const auto looked = interactions_->RaiseDueAlerts(since_us);
    // Tried again from the same time on; while views are being built that is no news.
    if (!looked.ok() && looked.error().code != ErrorCode::kUnavailable && !was_told)
      SayError("due-alerts-failed", looked.error());
    was_told = !looked.ok() && looked.error().code != ErrorCode::kUnavailable;
    lock.lock();
    if (looked.ok())
      since_us = now_us;
    else if (since_us == INT64_MIN)
      all_ = true;
    const auto pause = std::chrono::milliseconds(looked.ok() ? look_ms_ : look_ms_ / 5);
    const bool again = !looked.ok();
    changed_.wait_for(lock, pause, [this, again] { return stopping_ || (all_ && !again); });
  }
}

}  // namespace tk::server
