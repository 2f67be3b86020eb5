// Writes of this app: planned at a published position, handed to the one writer with guards, planned again when something had changed meanwhile.
// Flow:   Run(planner) → planner(basis) → Prepare → Submit → answer; stale → the retrying thread plans again at a newer basis
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "kernel/interaction/interaction.h"

namespace tk::health_card {

struct Planned {
  std::unique_ptr<view::ChangeSet> set;  // null: nothing to write
  interaction::Response answer;          // when it is in the log; at once if there is nothing to write
};
/// May be called several times, on several threads, each time at a newer basis; so it owns what it needs.
using Planner = std::function<Result<Planned>(const view::Position& basis)>;

/// Thread-safe. Answers of writes in flight may come after it was destroyed: they need only the engine.
class Writing {
 public:
  explicit Writing(view::Engine* engine);
  ~Writing();
  void Run(Planner planner, interaction::Done done);

 private:
  struct Job {
    Planner planner;
    interaction::Done done;
    int attempts = 0;
  };
  struct Shared;
  static void Attempt(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Job>& job);
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace tk::health_card
