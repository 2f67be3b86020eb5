// Copies a database's write-ahead file into the database beside its writer, so that no commit waits for it: a thread begins whenever the file has grown
// by so many pages since it was last asked. Who writes on without a pause never lets it catch up; then, each time the file is far longer than that, the
// thread is asked once more and the writer itself copies the little that came meanwhile, after which the file begins anew.
// A failing copy (a full disk) loses nothing: the write-ahead file keeps everything, and the next time tries again.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tk::log::sqlite {

class Checkpointer {
 public:
  struct Options {
    int pages = 0;  // of growth after which the thread is asked
    int pages_max =
        0;  // from here on the writer copies what the thread has just left; from twice as many on, whatever is left
    sqlite3* writer = nullptr;
    sqlite3* copier = nullptr;      // a connection of its own; used under `copying`
    std::mutex* copying = nullptr;  // held while somebody copies
    std::function<void()> let_go = [] {
    };  // lets readers of this process end, which would keep the file from beginning anew
  };
  Checkpointer() = default;
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  ~Checkpointer() { Stop(); }

  /// The writer must not copy by itself any more (PRAGMA wal_autocheckpoint = 0). All of the options must live until Stop.
  void Start(Options options);
  /// Waits for a copy under way. What is left stays in the file.
  void Stop();
  /// The writer's thread, after each commit. Never waits for the thread.
  void AfterCommit();

 private:
  void Loop();
  void Ask();
  void Finish();

  Options options_;
  int pages_ = 0;     // that the file has, as its writer last heard
  int asked_at_ = 0;  // as many it had when the thread was asked, or the writer copied
  int tried_at_ = 0;  // as many it had when the writer copied; a reader may have kept it from beginning anew
  std::atomic<bool> is_asked_{false};  // and the thread has not ended yet
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stop_ = false, wanted_ = false;  // guarded by wake_mutex_
  std::thread thread_;
};

}  // namespace tk::log::sqlite
