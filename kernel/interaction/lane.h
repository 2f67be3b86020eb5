// How writes reach the writer. A first attempt runs on the caller's thread, many at once. One that turns out stale goes to the lane: a
// thread that retries one request at a time, so that those who collide do not keep colliding. If others still overtake it,
// the lane closes the road: new writes queue behind it until it is through. So nobody starves, and a conditional create that lost a race
// is resolved again and finds what the winner made.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <thread>

#include "kernel/base/short_work.h"
#include "kernel/interaction/room.h"

namespace tk::interaction {

using Replanner = std::function<Result<Plan>(const view::Position& basis)>;

/// What is to be written for one request, and who is told.
struct Write {
  Replanner planner;
  Done done;
  PutOff put_off = {};
};

/// Thread-safe but for Stop.
class Lane {
 public:
  struct Limits {
    int attempts_open = 4;  // alone in the lane while others go on
    int attempts_max = 12;  // then with the road closed
    size_t queue_max = 4096;
  };
  /// Types whose writes `changed` is called for: after the commit and before the answer.
  struct Watch {
    std::vector<fhir::TypeId> types;
    std::function<void()> changed;
  };
  /// Called with every plan that has a change set, at its basis and before it is prepared: adds what is to be written beside.
  using Completing = std::function<Status(const view::Position& basis, Plan* plan)>;
  Lane(view::Engine* engine, const Limits& limits, Watch watch = {}, Completing completing = {});
  ~Lane() { Stop(); }
  /// Waits for what is in flight, finishes what is queued, ends the threads. Nothing may be run afterwards.
  void Stop();
  /// Plans, submits, answers. `done` is called once: here, on the writer's thread, or on the lane's.
  void Run(Replanner planner, Done done);
  /// Run for each: each step is done for several before the next one (Engine::PrepareAll), and they come to the writer together.
  void RunAll(std::vector<Write> writes);
  /// Runs `work` on the answering thread: long answers must not hold the writer.
  void Answer(std::function<void()> work);

  struct Statistics {
    uint64_t retried, closed, given_up;
  };
  Statistics statistics() const;

 private:
  struct Job {
    Replanner planner;
    Done done;
    bool tried = false;
    PutOff put_off = {};
  };
  using JobPtr = std::shared_ptr<Job>;
  struct Worker {
    std::condition_variable wake;
    std::thread thread;
  };

  struct Started {
    JobPtr job;
    std::shared_ptr<Plan> plan;
  };
  /// Puts it off if it turns out to be no short work and may be put off; else as PlanSet.
  bool PlanShort(const JobPtr& job, Plan* plan);
  /// Plans; answers at once if nothing is to be written or it is refused. True if `plan` has a set to prepare.
  bool PlanSet(const Job& job, Plan* plan, const ShortWork* short_work = nullptr) const;
  /// PlanSet and Prepare. True if `plan` has a prepared set to submit.
  bool PlanOnce(const Job& job, Plan* plan) const;
  void Start(const JobPtr& job);
  void StartAll(std::span<const JobPtr> jobs);
  /// PlanSet and Prepare for several; those that have a prepared set to submit.
  std::vector<Started> PlanAll(std::span<const JobPtr> jobs);
  std::vector<Started> PlanEach(std::span<const Started> planned) const;
  view::Engine::Submission SubmissionOf(const Started& started);
  void RunAlone(const JobPtr& job);
  void Finish(const Done& done, std::shared_ptr<Plan> plan, Result<view::Commit> commit);
  void Queue(const JobPtr& job);
  void LaneLoop();
  void AnswerLoop();
  void Leave();

  view::Engine* engine_;
  const Limits limits_;
  const Watch watch_;
  const Completing completing_;
  std::atomic<bool> closed_{false};
  std::atomic<uint64_t> retried_{0}, closings_{0}, given_up_{0};
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  size_t in_flight_ = 0;  // submitted and not yet answered
  bool lane_ends_ = false, answering_ends_ = false;
  std::deque<JobPtr> jobs_;
  std::deque<std::function<void()>> answers_;
  Worker lane_, answering_;
};

}  // namespace tk::interaction
