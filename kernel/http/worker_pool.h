// Threads for what takes milliseconds, shared fairly: a short piece of work waits for no long one, and nobody for one account's many.
// Flow:   Submit → queue, accounts taking turns → one of `threads` seats → what works longer than `quick_us` and says so (Turn::Look) gives
//         its seat to a new thread and goes on in the long lane: at most `threads` at once, at lower priority of the processor, a slice each
//         when other accounts wait in it; of one account the first goes on until it is done → its thread ends with it
// Limits: `queue_max` wait for a seat, `long_max` in the long lane, of one account half of either: beyond that Submit says no (429) and a search
//         that has become long ends (429). So there are at most 2 * threads + long_max threads.
// Cost:   two locks a piece; a new thread (about 30 µs) for one that becomes long.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "kernel/http/fair_queue.h"

namespace tk::http {

struct WorkerOptions {
  size_t threads = 2;
  size_t queue_max = 1024;
  size_t long_max = 64;        // that wait in the long lane
  int64_t quick_us = 10'000;   // of work, before it counts as long
  int64_t slice_us = 100'000;  // of the long lane, when other accounts wait in it
};

class WorkerPool {
 public:
  explicit WorkerPool(const WorkerOptions& options);
  ~WorkerPool() { Stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// `account`: on whose behalf. False when the queue is full, or its half of this account, or the pool has stopped; `work` was not taken then.
  bool Submit(std::string_view account, std::function<void()> work);
  struct Statistics {
    size_t waiting = 0;                     // for a seat
    size_t long_waiting = 0;                // in the long lane
    size_t long_running = 0;                // in the long lane
    uint64_t became_long = 0, refused = 0;  // since the start; refused: pieces of work that found no room
  };
  Statistics statistics() const;
  /// What has a deadline ends now as if it were over (Turn::MustEnd), also what waits for a seat of the long lane. For the end of the program.
  void EndSoon();
  /// Finishes what is queued, then ends the threads.
  void Stop();

 private:
  struct Job {
    std::string account;
    std::function<void()> work;
  };
  struct Waiting {
    std::condition_variable wake;
    bool called = false;
  };
  class Piece;
  enum class Change : uint8_t { kDone, kLater, kNoRoom };
  void Run();
  Change BecomeLong(const std::string& account, bool was_refused);
  bool TakeLongSeat(const std::string& account, bool is_new, int64_t now_us, int64_t deadline_us);
  void LeaveLongSeat();

  const WorkerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  FairQueue<Job> queue_;
  FairQueue<Waiting*> long_queue_;
  size_t long_running_ = 0;
  uint64_t became_long_ = 0, refused_ = 0;
  bool stop_ = false;
  std::atomic<bool> must_end_{false};  // written under the lock
  std::list<std::thread> threads_, ended_;
};

/// True on network and worker threads: there compressing and logging a response is allowed. Not on the log writer's thread.
bool OnHttpThread();
/// Marks the calling thread as one of ours.
void MarkHttpThread();

}  // namespace tk::http
