// Rebuilds views in the background while the old ones serve.
// Flow:   Ask → BeginRebuild of all that are asked for → pieces of the log in one shared pass (FeedAside), merged as they grow → near the head:
//         on the writer's thread, between two groups, the last pieces and SwitchOver → Save makes the new generation last, the old files go
// The writer waits once a pass, for the extraction of at most three pieces' entries (of 6,000). Whoever kills the process at any moment finds at the next start the old
//   generation or the new one, whole: a generation counts from the moment its manifest is named (View::Save).
// Erasure: the eraser calls Forget when the key is destroyed. No piece is under way then, so nothing of the erased is applied after it.
// Memory: one piece of the log and the unmerged runs of the new generation; over kMemoryMax the pass is given up and begun anew.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "kernel/view/catch_up.h"

namespace tk::view {

class Rebuilder {
 public:
  struct Parts {
    const CatchUpParts* catch_up;
    Writer* writer;
    std::mutex* save_mutex;        // held by saves and erasures; the switch excludes both
    std::function<Status()> save;  // called with save_mutex held
    /// Tests only: hears each step ("begin", "piece", "switch", "saved"); an error ends the pass there.
    std::function<Status(std::string_view)> probe;
    Ordinal piece_entries = 2000;
    int64_t retry_us = 5 * kSecondUs;
  };
  explicit Rebuilder(Parts parts) : parts_(std::move(parts)), slots_(parts_.catch_up->writer.views.size()) {}
  ~Rebuilder() { Stop(); }

  void Start();
  /// Ends between two pieces; what was built is given up.
  void Stop();

  /// False if it is asked for or under way already.
  bool Ask(size_t slot, std::string why);

  struct Progress {
    bool wanted = false, running = false;
    Ordinal at = 1, end = 1;
    uint64_t t = 0;
    std::string why;
    std::string failure;  // of the last attempt; "" if none failed
  };
  Progress progress(size_t slot) const;

  /// The keys of `owners` are destroyed; nothing of theirs stays in the new generations.
  Status Forget(std::span<const OwnerNumber> owners);

 private:
  struct Slot {
    Progress progress;
    View* next = nullptr;
  };
  void Loop();
  bool Wait(std::vector<size_t>* wanted);
  Status Pass(const std::vector<size_t>& wanted);
  Status Begin(const std::vector<size_t>& wanted);
  Status Feed(const std::vector<size_t>& wanted);
  Status Piece(const std::vector<size_t>& wanted, Ordinal end);
  Result<bool> Switch(const std::vector<size_t>& wanted);
  void End(const std::vector<size_t>& wanted, const Status& how);
  Status Probe(std::string_view step) const { return parts_.probe ? parts_.probe(step) : Status(); }
  View* Serving(size_t slot) const { return parts_.catch_up->writer.views[slot]; }
  std::vector<View*> Next(const std::vector<size_t>& wanted) const;

  const Parts parts_;
  mutable std::mutex mutex_;  // slots_, stopping_
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  bool stopping_ = false;

  std::mutex piece_mutex_;  // held while the new generations are fed or rid of somebody
  Ordinal at_ = 1;          // under piece_mutex_: where the new generations stand
  uint64_t at_t_ = 0;
  std::thread thread_;
};

}  // namespace tk::view
