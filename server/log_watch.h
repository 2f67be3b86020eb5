// Is the log's store there, and is the log still ours? Asked every few seconds, also when nobody reads or writes, so that /ready tells of a database
// that is away, and a server whose log another one has taken answers nothing more.
// Flow:   serve → LogWatch (a thread) → Engine::LookAtLog → House::Readiness
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/base/result.h"

namespace tk::server {

class LogWatch {
 public:
  struct Options {
    int64_t pause_us = 2 * kSecondUs;      // between two looks
    int64_t patience_us = 10 * kSecondUs;  // a look that takes longer is as good as none
  };
  /// `look` reads something small from the log; it may block. Of its errors only kUnavailable and kTimeout mean that the store is away.
  LogWatch(std::function<Status()> look, const Options& options);
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  /// By the last look, and the one under way. Thread-safe; no I/O.
  bool reachable() const;

 private:
  void Run();
  void LookOnce();

  const std::function<Status()> look_;
  const Options options_;
  std::atomic<bool> away_{false};
  std::atomic<int64_t> looking_since_us_{0};  // 0: no look is under way
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tk::server
