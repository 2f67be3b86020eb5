// Alerts that no write brings, as their time comes: entries of the watch-list that begin later, rules that were loaded anew, and at the start whatever was decided
// while no server ran (a de-duplication, a restored log).
// Flow:   start, and every `look_ms` → Interactions::RaiseDueAlerts since the last look that was done
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "kernel/interaction/interaction.h"

namespace tk::server {

class AlertWatch {
 public:
  /// Both outlive it.
  AlertWatch(const interaction::Interactions* interactions, const Clock* clock, int64_t look_ms = 5000);
  ~AlertWatch();
  AlertWatch(const AlertWatch&) = delete;
  AlertWatch& operator=(const AlertWatch&) = delete;

  /// The next look, at once, is at all entries: the rules are others.
  void LookAtAll();

 private:
  void Run();

  const interaction::Interactions* const interactions_;
  const Clock* const clock_;
  const int64_t look_ms_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false, all_ = true;
  std::thread thread_;
};

}  // namespace tk::server
