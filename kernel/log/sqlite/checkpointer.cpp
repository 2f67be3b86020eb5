#include "kernel/log/sqlite/checkpointer.h"

#include <utility>

namespace tk::log::sqlite {
namespace {

// The writer may copy this part of what the thread is asked for.
constexpr int kPartLeft = 8;

void Copy(sqlite3* by) {
  sqlite3_wal_checkpoint_v2(by, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace

void Checkpointer::Start(Options options) {
  options_ = std::move(options);
  sqlite3_wal_hook(
      options_.writer,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Checkpointer*>(self)->pages_ = pages;
        return SQLITE_OK;
      },
      this);
  // A connection that has read nothing yet does not know that there is a write-ahead file, and would copy nothing of it, without a word.
  sqlite3_exec(options_.copier, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  thread_ = std::thread([this] { Loop(); });
}

void Checkpointer::Stop() {
  if (!thread_.joinable()) return;
  sqlite3_wal_hook(options_.writer, nullptr, nullptr);
  {
    const std::lock_guard lock(wake_mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::AfterCommit() {
  if (pages_ < asked_at_) asked_at_ = tried_at_ = 0;  // it began anew
  if (!thread_.joinable()) return;
  if (pages_ >= options_.pages_max && pages_ - tried_at_ >= options_.pages)
    Finish();
  else if (pages_ - asked_at_ >= options_.pages)
    Ask();
}

void Checkpointer::Ask() {
  asked_at_ = pages_;
  const std::lock_guard lock(wake_mutex_);
  wanted_ = true;
  is_asked_.store(true, std::memory_order_release);
  wake_.notify_one();
}

// What the writer copies and syncs every commit behind it waits for: so only what came since the thread's last pass.
void Checkpointer::Finish() {
  const bool is_late = pages_ / 2 >= options_.pages_max;
  if (!is_late) {
    if (is_asked_.load(std::memory_order_acquire)) return;
    if (pages_ - asked_at_ > options_.pages / kPartLeft) return Ask();
  }
  // While somebody copies there is no hurry: the next commit looks again.
  const std::unique_lock lock(*options_.copying, std::try_to_lock);
  if (!lock.owns_lock()) return;
  options_.let_go();
  Copy(options_.writer);
  // Once more: readers begun during the copying would keep the next transaction from beginning the file anew.
  options_.let_go();
  asked_at_ = tried_at_ = pages_;
}

void Checkpointer::Loop() {
  std::unique_lock lock(wake_mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || wanted_; });
    if (stop_) return;
    wanted_ = false;
    lock.unlock();
    {
      const std::lock_guard copying(*options_.copying);
      options_.let_go();
      Copy(options_.copier);
    }
    lock.lock();
    if (!wanted_) is_asked_.store(false, std::memory_order_release);
  }
}

}  // namespace tk::log::sqlite
