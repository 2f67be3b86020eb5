// The workflows' consumer: lets time limits pass and does what schedules (schedule.h) have due, each once, and takes in hand what begins under a workflow
// or a schedule without a request (what rules made).
// Flow:   log, in order → records of governed types without a mark, or in another state than their mark says → their mark, with what is due when
//         clock → timers that are due (timer_view.h) → Pass → one change set each, guarded by the record's version
//         (what a request moves has it already)
// Once:   that a limit has passed is a version of the record in the same change set as what it made: after a crash, a restore or a rebuild it is
//         either there or not. What fell due while the server was away fires when it is back, and says how late (mark: late). A clock that jumps
//         forward fires early and tells (clock_jump_alarm); one that jumps back fires nothing again.
// Failed: actions that cannot be done are told as an ALARM, and the limit passes without them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "kernel/search/index.h"
#include "kernel/workflow/move.h"
#include "kernel/workflow/timer_view.h"

namespace tk::workflow {

class Clerk {
 public:
  struct Options {
    view::Engine* engine = nullptr;
    const TimerView* timers = nullptr;
    std::shared_ptr<const Shelf> shelf;
    const Clock* clock = nullptr;
    rules::Reach reach = {};
    std::string folder;  // keeps "workflow.position" here
    int64_t look_ms = 250;
    rules::Completing complete = {};
    /// A line for the operator's log; no personal data.
    std::function<void(const std::string&)> report;
  };
  /// Starts the thread. On a log without a saved position it begins at the head.
  static Result<std::unique_ptr<Clerk>> Start(Options options);
  ~Clerk();

  struct Statistics {
    uint64_t t = 0, begun = 0, passed = 0, failed = 0;
    int64_t late_s_max = 0;
  };
  Statistics statistics() const;
  /// Waits until what was written up to `t` is in hand, for tests. False after `timeout_ms`.
  bool WaitFor(uint64_t t, int timeout_ms) const;
  /// Waits until all that is in the log is in hand and all that is due has passed, for tests of packs. False after `timeout_ms`.
  bool Settle(int timeout_ms) const;

 private:
  Clerk(Options options, uint64_t from_t);
  void Loop();
  void TakeIn(const view::Committed& committed);
  /// Gives the record the mark of its state, if it is governed and has it not, and its turns of schedules. False: try again, it changed meanwhile.
  Result<bool> Begin(const view::Resource& record, Instant since_us);
  /// With the mark of the state that it is in.
  Result<fhir::Document> Marked(const Workflow& workflow, const view::Resource& record,
                                Instant since_us) const;
  void LetPass();
  /// nullptr: there is nothing to write (any more).
  Result<std::unique_ptr<view::ChangeSet>> PassOne(const Timer& timer, Instant now_us);
  /// What comes of the record's limit or schedule that is due first; empty: nothing that is installed now.
  Result<std::vector<rules::Write>> WritesOf(const view::ResourcePtr& record, const view::Position& basis,
                                             Instant now_us);
  Result<std::vector<rules::Write>> LimitOf(const Surroundings& around, const Workflow& workflow,
                                            const view::ResourcePtr& record, Instant now_us);
  Result<std::vector<rules::Write>> TurnOf(const Surroundings& around, const Book& book,
                                           const Workflow* workflow, const view::ResourcePtr& record,
                                           const Turn& turn, Instant now_us);
  void TellFailed(const std::string& what, const std::string& name, const Error& why);
  Status SavePosition();

  const Options options_;
  std::string position_file_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> t_{0}, begun_{0}, passed_{0}, failed_{0}, looks_{0};
  std::atomic<int64_t> late_s_max_{0};
  uint64_t saved_t_ = ~0ull;
  std::map<view::Ordinal, int64_t> resting_;  // not looked at again before (MonotonicUs); the thread's own
  std::thread thread_;
};

}  // namespace tk::workflow
