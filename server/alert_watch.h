// Alerts that no write brings, as their time comes (interaction/due_alerts.h): entries of the watch-list that begin later, lists that become active, rules that
// were loaded anew, and at the start whatever was decided while no server ran (a de-duplication, a restored log).
// Flow:   a thread: at the start, then every `look_ms` → DueAlerts::Look
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "kernel/interaction/due_alerts.h"

namespace tk::server {

class AlertWatch {
 public:
  /// All outlive it. `settle_ms`: no request takes longer.
  AlertWatch(const view::Engine* engine, const interaction::Interactions* interactions, const Clock* clock,
             int64_t settle_ms, int64_t look_ms = 5000);
  ~AlertWatch();
  AlertWatch(const AlertWatch&) = delete;
  AlertWatch& operator=(const AlertWatch&) = delete;

  /// The next look, at once, is at all entries: the rules are others.
  void LookAtAll();

 private:
  void Run();

  interaction::DueAlerts due_;
  const int64_t look_ms_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false, at_once_ = false;
  std::thread thread_;
};

}  // namespace tk::server
