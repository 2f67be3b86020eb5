#include "apps/health-card/writing.h"

namespace tk::health_card {
namespace {

constexpr int kAttemptsMax = 20;

}  // namespace

struct Writing::Shared {
  view::Engine* engine = nullptr;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> again;
  bool stopping = false;

  /// False when nobody will take it any more.
  bool Push(std::shared_ptr<Job> job) {
    const std::lock_guard lock(mutex);
    if (stopping) return false;
    again.push_back(std::move(job));
    wake.notify_one();
    return true;
  }
  std::shared_ptr<Job> Pop() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return stopping || !again.empty(); });
    if (again.empty()) return nullptr;
    auto job = std::move(again.front());
    again.pop_front();
    return job;
  }
};

Writing::Writing(view::Engine* engine) : shared_(std::make_shared<Shared>()) {
  shared_->engine = engine;
  thread_ = std::thread([shared = shared_] {
    while (const auto job = shared->Pop()) Attempt(shared, job);
  });
}

Writing::~Writing() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->wake.notify_one();
  }
  thread_.join();
}

void Writing::Run(Planner planner, interaction::Done done) {
  auto job = std::make_shared<Job>();
  job->planner = std::move(planner);
  job->done = std::move(done);
  Attempt(shared_, job);
}

void Writing::Attempt(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Job>& job) {
  auto planned = job->planner(shared->engine->Head());
  if (!planned.ok()) return job->done(interaction::OutcomeOf(planned.error()));
  if (planned->set == nullptr) return job->done(std::move(planned->answer));
  if (const Status prepared = shared->engine->Prepare(planned->set.get()); !prepared.ok())
    return job->done(interaction::OutcomeOf(prepared.error()));
  auto answer = std::make_shared<interaction::Response>(std::move(planned->answer));
  shared->engine->Submit(std::move(planned->set), [shared, job, answer](view::Outcome outcome) {
    if (outcome.commit.ok()) {
      answer->audit_t = outcome.commit->t;
      return job->done(std::move(*answer));
    }
    if (outcome.stale && ++job->attempts < kAttemptsMax && shared->Push(job)) return;
    job->done(interaction::OutcomeOf(
        outcome.stale ? MakeError(ErrorCode::kBusy, "Others keep changing this card; try again in a second.")
                      : outcome.commit.error()));
  });
}

}  // namespace tk::health_card
