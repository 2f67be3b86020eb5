// The rules' consumer: follows the log in order, fires rules, submits what they make.
// Exactly once: what a rule makes of a cause is one change set keyed (rule, version, cause t, entry); after a crash the runner starts at its
// saved position, which may lie behind, and finds by the key what is done already.
// Keeps up with a flood: up to kOpenMax change sets wait for the writer at a time and share its syncs; the position is before the first
// transaction of which something is open. What changes resources that are there (an update) goes one behind the other, in the order of the causes: two
// movements of one stock item are both counted, and the later one has the last word.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernel/rules/rule.h"
#include "kernel/search/index.h"

namespace tk::rules {

class Runner {
 public:
  struct Options {
    view::Engine* engine = nullptr;
    search::Index* index = nullptr;
    std::string folder;  // keeps "rules.position" here
    Completing complete = {};
    Reach reach = {};
    HomeFinder home = {};
    /// A line for the operator's log; no personal data.
    std::function<void(const std::string&)> report;
  };
  /// Starts the thread. On a log without a saved position it begins at the head: history is not judged by new rules.
  static Result<std::unique_ptr<Runner>> Start(const Options& options, std::vector<Rule> rules);
  ~Runner();

  struct Statistics {
    uint64_t t = 0, fired = 0, made = 0, failed = 0, too_deep = 0;
  };
  Statistics statistics() const;
  /// Waits until everything up to `t` was judged, for tests and for a graceful stop. False after `timeout_ms`.
  bool WaitFor(uint64_t t, int timeout_ms) const;

 private:
  Runner(Options options, std::vector<Rule> rules, uint64_t from_t);
  struct Firing;
  struct Window;  // shared with the writer's answers, which may come after the runner has gone

  void Loop();
  Status Step(view::Follower* follower);
  Status Judge(const view::Committed& committed);
  Status FireOne(const Rule& rule, const view::Committed& committed, size_t i);
  /// Hands the firing to the writer, or finishes it if it was written before.
  Status Submit(std::unique_ptr<Firing> firing);
  Status SubmitInOrder();
  Status TakeAnswers(int wait_ms);
  Status TakeAnswer(std::unique_ptr<Firing> firing, Status written);
  void OpenAt(uint64_t t);
  void Finish(const Firing& firing);
  void MovePosition();
  Status SavePosition();

  const Options options_;
  const std::vector<Rule> rules_;
  std::vector<fhir::TypeId> types_;  // on which rules fire
  std::string position_file_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> t_{0}, fired_{0}, made_{0}, failed_{0}, too_deep_{0};
  // The thread's own.
  struct Open {
    uint64_t t;
    size_t firings;
  };
  std::deque<Open>
      open_;  // up to which transaction what is judged, from the first unfinished one on, ascending
  size_t open_firings_ = 0;
  std::vector<std::unique_ptr<Firing>> again_;  // to be tried again when their time has come
  std::deque<std::unique_ptr<Firing>>
      in_order_;  // not handed over yet: they change what is there, and so does one on its way
  bool order_busy_ = false;
  std::shared_ptr<Window> window_;
  uint64_t saved_t_ = 0;
  int64_t saved_at_us_ = 0;
  std::thread thread_;
};

}  // namespace tk::rules
