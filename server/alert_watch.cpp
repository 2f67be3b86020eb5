#include "server/alert_watch.h"

#include <chrono>

#include "kernel/base/diagnostics.h"

namespace tk::server {

AlertWatch::AlertWatch(const view::Engine* engine, const interaction::Interactions* interactions,
                       const Clock* clock, int64_t settle_ms, int64_t look_ms)
    : due_(engine, interactions, clock, settle_ms), look_ms_(look_ms), thread_([this] { Run(); }) {}

AlertWatch::~AlertWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void AlertWatch::LookAtAll() {
  due_.LookAtAll();
  const std::lock_guard lock(mutex_);
  at_once_ = true;
  changed_.notify_all();
}

void AlertWatch::Run() {
  bool was_told = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    at_once_ = false;
    lock.unlock();
    const Status looked = due_.Look();
    // While views are being built that is no news, and soon over.
    const bool is_early = !looked.ok() && looked.error().code == ErrorCode::kUnavailable;
    if (!looked.ok() && !is_early && !was_told) SayError("due-alerts-failed", looked.error());
    was_told = !looked.ok() && !is_early;
    lock.lock();
    changed_.wait_for(lock, std::chrono::milliseconds(is_early ? look_ms_ / 5 : look_ms_),
                      [this, is_early] { return stopping_ || (at_once_ && !is_early); });
  }
}

}  // namespace tk::server
