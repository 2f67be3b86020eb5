// A thread that others wait for, and what it is working on: whoever may work long says so now and then, and may have to let others go first.
// Flow:   a pool makes a Turn of each piece of work it runs (kernel/http/worker_pool.h) → loops that are counted anyway (a search's meter, the
//         check against profiles) call Look → after its time Long moves it to a lane of its own, where it waits until it may go on
// A thread without a Turn (a network thread, the log's writer, tests) goes on as it is. No lock may be held where Look is called.
// Cost:   Look reads one thread-local pointer and compares two numbers; callers look every 64 to 256 steps.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernel/base/clock.h"

namespace tk {

class Turn {
 public:
  /// `must_end` (lives as long; null = never): becomes true when all work is to end that can be asked again.
  explicit Turn(const std::atomic<bool>* must_end = nullptr) : must_end_(must_end) {}
  virtual ~Turn() = default;
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// The calling thread works on this now; null when it is done.
  static void Set(Turn* turn) { Mine() = turn; }
  /// May wait, until `deadline_us` at the latest (MonotonicUs(), 0 = none). False: it takes long and there are too many such already; what can be
  /// asked again ends now (kBusy), all else goes on.
  static bool Look(int64_t now_us, int64_t deadline_us) {
    Turn* const turn = Mine();
    return turn == nullptr || now_us < turn->ends_us_ || turn->Long(now_us, deadline_us);
  }

  /// The server is stopping and has waited as long as it may.
  static bool MustEnd() {
    const Turn* const turn = Mine();
    return turn != nullptr && turn->must_end_ != nullptr && turn->must_end_->load(std::memory_order_relaxed);
  }
  /// `deadline_us` is over (MonotonicUs(), 0 = none: what has none is never ended), or the work must end before it.
  static bool IsOver(int64_t deadline_us) {
    return deadline_us != 0 && (MonotonicUs() >= deadline_us || MustEnd());
  }

 protected:
  /// Called once the time is over; sets `ends_us_` anew.
  virtual bool Long(int64_t now_us, int64_t deadline_us) = 0;
  int64_t ends_us_ = 0;  // MonotonicUs()

 private:
  static Turn*& Mine() {
    static thread_local Turn* turn = nullptr;
    return turn;
  }
  const std::atomic<bool>* const must_end_;
};

}  // namespace tk
