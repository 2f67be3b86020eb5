#include "kernel/http/worker_pool.h"

namespace tk::http {
namespace {
thread_local bool t_http_thread = false;
}

bool OnHttpThread() { return t_http_thread; }
void MarkHttpThread() { t_http_thread = true; }

WorkerPool::WorkerPool(size_t threads, size_t queue_max) : queue_max_(queue_max) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

bool WorkerPool::Submit(std::function<void()> work) {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    if (stop_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

size_t WorkerPool::depth() const {
  const std::lock_guard<std::mutex> hold(mutex_);
  return queue_.size();
}

void WorkerPool::Run() {
  MarkHttpThread();
  std::unique_lock<std::mutex> hold(mutex_);
  for (;;) {
    wake_.wait(hold, [this] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    hold.unlock();
    work();
    work = nullptr;  // its captures end before the lock is taken again
    hold.lock();
  }
}

void WorkerPool::Stop() {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace tk::http
