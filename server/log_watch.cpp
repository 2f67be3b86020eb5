#include "server/log_watch.h"

#include <chrono>

#include "kernel/base/clock.h"
#include "kernel/base/diagnostics.h"

namespace tk::server {

LogWatch::LogWatch(std::function<Status()> look, const Options& options)
    : look_(std::move(look)), options_(options), thread_([this] { Run(); }) {}

LogWatch::~LogWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool LogWatch::reachable() const {
  const int64_t since_us = looking_since_us_.load();
  return !away_.load() && (since_us == 0 || MonotonicUs() - since_us < options_.patience_us);
}

void LogWatch::LookOnce() {
  looking_since_us_.store(MonotonicUs());
  const Status looked = look_();
  const bool away = !looked.ok() && (looked.error().code == ErrorCode::kUnavailable ||
                                     looked.error().code == ErrorCode::kTimeout);
  const bool was = away_.exchange(away);
  looking_since_us_.store(0);
  if (away && !was) SayError("log-away", looked.error());
  if (!away && was) Say(LogLevel::kWarning, "log-back", {});
}

void LogWatch::Run() {
  std::unique_lock lock(mutex_);
  while (
      !changed_.wait_for(lock, std::chrono::microseconds(options_.pause_us), [this] { return stopping_; })) {
    lock.unlock();
    LookOnce();
    lock.lock();
  }
}

}  // namespace tk::server
