#include "kernel/http/worker_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "kernel/base/clock.h"
#include "kernel/base/turn.h"

namespace tk::http {
namespace {
thread_local bool t_http_thread = false;

// Under load a long one gets a tenth of what a short one gets. A thread may not go back up by itself, so it ends with its piece of work.
constexpr int kNiceOfLong = 10;
void LowerPriority() {
  const auto self = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kNiceOfLong);
}

size_t ShareOf(size_t all) { return (all + 1) / 2; }
}  // namespace

bool OnHttpThread() { return t_http_thread; }
void MarkHttpThread() { t_http_thread = true; }

/// One piece of work on its thread.
class WorkerPool::Piece final : public Turn {
 public:
  Piece(WorkerPool* pool, std::string account)
      : Turn(&pool->must_end_), pool_(pool), account_(std::move(account)) {
    ends_us_ = MonotonicUs() + pool_->options_.quick_us;
    Set(this);
  }
  ~Piece() override {
    Set(nullptr);
    if (!is_seated_) return;
    const std::lock_guard<std::mutex> hold(pool_->mutex_);
    pool_->LeaveLongSeat();
  }
  bool is_long() const { return is_long_; }

 protected:
  bool Long(int64_t now_us, int64_t deadline_us) override {
    const bool is_new = !is_long_;
    if (is_new) {
      const Change change = pool_->BecomeLong(account_, was_refused_);
      was_refused_ = was_refused_ || change == Change::kNoRoom;
      ends_us_ = now_us + pool_->options_.quick_us;
      if (change != Change::kDone) return change == Change::kLater;
      is_long_ = true;
      LowerPriority();
    }
    is_seated_ = pool_->TakeLongSeat(account_, is_new, now_us, deadline_us);
    // Without a seat its deadline is over, and it ends by that.
    ends_us_ = is_seated_ ? MonotonicUs() + pool_->options_.slice_us : std::numeric_limits<int64_t>::max();
    return true;
  }

 private:
  WorkerPool* const pool_;
  const std::string account_;
  bool is_long_ = false, is_seated_ = false, was_refused_ = false;
};

WorkerPool::WorkerPool(const WorkerOptions& options) : options_(options) {
  const std::lock_guard<std::mutex> hold(mutex_);
  for (size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Run(); });
}

bool WorkerPool::Submit(std::string_view account, std::function<void()> work) {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    if (stop_ || queue_.size() >= options_.queue_max) return false;
    if (queue_.SizeOf(account) >= ShareOf(options_.queue_max)) return false;
    queue_.Push(account, Job{std::string(account), std::move(work)});
  }
  wake_.notify_one();
  return true;
}

WorkerPool::Statistics WorkerPool::statistics() const {
  const std::lock_guard<std::mutex> hold(mutex_);
  return {queue_.size(), long_queue_.size(), long_running_, became_long_, refused_};
}

/// Somebody takes the seat of the one that has become long.
WorkerPool::Change WorkerPool::BecomeLong(const std::string& account, bool was_refused) {
  const std::lock_guard<std::mutex> hold(mutex_);
  if (must_end_) return Change::kLater;
  const bool has_room =
      long_running_ < options_.threads ||
      (long_queue_.size() < options_.long_max && long_queue_.SizeOf(account) < ShareOf(options_.long_max));
  if (!has_room) {
    if (!was_refused) ++refused_;
    return Change::kNoRoom;
  }
  for (std::thread& thread : ended_) thread.join();  // these hold no lock any more
  ended_.clear();
  try {
    threads_.emplace_back([this] { Run(); });
  } catch (const std::system_error&) {  // the machine gives no more threads: it keeps its seat for now
    return Change::kLater;
  }
  ++became_long_;
  return Change::kDone;
}

/// False: the deadline came first, or EndSoon. Whoever has a seat already gives it up when other accounts wait.
bool WorkerPool::TakeLongSeat(const std::string& account, bool is_new, int64_t now_us, int64_t deadline_us) {
  std::unique_lock<std::mutex> hold(mutex_);
  if (must_end_) return !is_new;
  Waiting self;
  if (!is_new) {
    // Only other accounts get a turn. Those of one account are finished one after the other: in turns they would all reach their deadline together.
    if (long_queue_.size() == long_queue_.SizeOf(account)) return true;
    long_queue_.Return(account, &self);
    LeaveLongSeat();
  } else if (long_queue_.empty() && long_running_ < options_.threads) {
    ++long_running_;
    return true;
  } else {
    long_queue_.Push(account, &self);
  }
  const auto called = [this, &self] { return self.called || must_end_; };
  if (deadline_us == 0)
    self.wake.wait(hold, called);
  else
    self.wake.wait_for(hold, std::chrono::microseconds(std::max<int64_t>(deadline_us - now_us, 0)), called);
  if (!self.called) long_queue_.Remove(account, &self);
  return self.called;
}

/// The seat goes to the next who waits. Under the lock.
void WorkerPool::LeaveLongSeat() {
  if (long_queue_.empty()) {
    --long_running_;
    return;
  }
  Waiting* const next = long_queue_.Pop();
  next->called = true;
  next->wake.notify_one();
}

void WorkerPool::Run() {
  MarkHttpThread();
  std::unique_lock<std::mutex> hold(mutex_);
  for (bool was_long = false; !was_long;) {
    wake_.wait(hold, [this] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) break;
    Job job = queue_.Pop();
    hold.unlock();
    {
      const Piece piece(this, std::move(job.account));
      job.work();
      job.work = nullptr;  // its captures end before the lock is taken again
      was_long = piece.is_long();
    }
    hold.lock();
  }
  const auto self = std::find_if(threads_.begin(), threads_.end(), [](const std::thread& thread) {
    return thread.get_id() == std::this_thread::get_id();
  });
  if (self != threads_.end()) ended_.splice(ended_.end(), threads_, self);  // else Stop has it already
}

void WorkerPool::EndSoon() {
  const std::lock_guard<std::mutex> hold(mutex_);
  must_end_ = true;
  while (!long_queue_.empty()) long_queue_.Pop()->wake.notify_one();
}

void WorkerPool::Stop() {
  std::unique_lock<std::mutex> hold(mutex_);
  stop_ = true;
  wake_.notify_all();
  while (!threads_.empty() || !ended_.empty()) {  // one that becomes long meanwhile adds another
    std::list<std::thread>& from = threads_.empty() ? ended_ : threads_;
    std::thread thread = std::move(from.front());
    from.pop_front();
    hold.unlock();
    thread.join();
    hold.lock();
  }
}

}  // namespace tk::http
