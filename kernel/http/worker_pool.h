// Threads for what takes milliseconds, with a bounded queue: when it is full the caller answers 429 instead of piling up.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tk::http {

class WorkerPool {
 public:
  WorkerPool(size_t threads, size_t queue_max);
  ~WorkerPool() { Stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full or the pool has stopped; `work` was not taken then.
  bool Submit(std::function<void()> work);
  size_t depth() const;
  /// Finishes what is queued, then ends the threads.
  void Stop();

 private:
  void Run();
  const size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

/// True on network and worker threads: there compressing and logging a response is allowed. Not on the log writer's thread.
bool OnHttpThread();
/// Marks the calling thread as one of ours.
void MarkHttpThread();

}  // namespace tk::http
