#include "kernel/interaction/lane.h"

#include <algorithm>
#include <future>

#include "kernel/base/diagnostics.h"
#include "kernel/base/short_slices.h"
#include "kernel/interaction/bundle_writer.h"

namespace tk::interaction {
namespace {

// What they hold between two steps should stay in the processor's cache too.
constexpr size_t kTogetherMax = 16;

/// False: it threw, which is a defect of ours and told as one; among several, those before and after it are others' requests.
bool Shielded(const std::function<void()>& work, Error* thrown) {
  std::string what = "something that is no exception";
  try {
    work();
    return true;
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  Say(LogLevel::kError, "write-failed", {{"error", std::string_view(what)}});
  *thrown = MakeError(ErrorCode::kInternal, "a defect in the server; report it with the request id", what);
  return false;
}

}  // namespace

Lane::Lane(view::Engine* engine, const Limits& limits, Watch watch, Completing completing)
    : engine_(engine), limits_(limits), watch_(std::move(watch)), completing_(std::move(completing)) {
  lane_.thread = std::thread([this] { LaneLoop(); });
  answering_.thread = std::thread([this] { AnswerLoop(); });
}

void Lane::Stop() {
  const auto wait_until_idle = [this](bool* ends) {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return in_flight_ == 0; });
    *ends = true;
  };
  if (!lane_.thread.joinable()) return;
  wait_until_idle(&lane_ends_);
  lane_.wake.notify_all();
  lane_.thread.join();  // it finishes what is queued, which may submit again
  wait_until_idle(&answering_ends_);
  answering_.wake.notify_all();
  answering_.thread.join();
}

bool Lane::PlanShort(const JobPtr& job, Plan* plan) {
  if (!job->put_off) return PlanSet(*job, plan);
  {
    const ShortWork short_work;
    if (PlanSet(*job, plan, &short_work)) return true;
    if (!short_work.refused()) return false;
  }
  const PutOff put_off = std::exchange(job->put_off, nullptr);
  put_off([this, job] { closed_.load(std::memory_order_relaxed) ? Queue(job) : Start(job); });
  return false;
}

bool Lane::PlanSet(const Job& job, Plan* plan, const ShortWork* short_work) const {
  const view::Position basis = engine_->Head();
  Result<Plan> planned = Error();
  const auto plan_whole = [&] {
    planned = job.planner(basis);
    if (!planned.ok() || planned->set == nullptr || !completing_) return;
    if (Status completed = completing_(basis, &*planned); !completed.ok()) planned = completed.TakeError();
  };
  if (Error thrown; !Shielded(plan_whole, &thrown)) planned = std::move(thrown);
  if (short_work != nullptr && short_work->refused()) return false;  // whatever was planned without it
  if (!planned.ok()) {
    job.done(OutcomeOf(planned.error()));
    return false;
  }
  *plan = std::move(planned).value();
  if (plan->set == nullptr) {
    job.done(std::move(plan->ready));
    return false;
  }
  plan->set->basis = basis;
  for (const view::Change& change : plan->set->changes) {
    const auto& resource = change.now != nullptr ? change.now : change.before;
    if (resource != nullptr &&
        std::find(watch_.types.begin(), watch_.types.end(), resource->type) != watch_.types.end())
      plan->is_watched = true;
  }
  return true;
}

namespace {
/// What a plan asks of its prepared set.
Status Checked(const Plan& plan, Status prepared) {
  if (!prepared.ok() || !plan.check) return prepared;
  Status checked;
  if (Error thrown; !Shielded([&] { checked = plan.check(*plan.set); }, &thrown)) return thrown;
  return checked;
}
}  // namespace

bool Lane::PlanOnce(const Job& job, Plan* plan) const {
  if (!PlanSet(job, plan)) return false;
  Status prepared;
  if (Error thrown; !Shielded([&] { prepared = engine_->Prepare(plan->set.get()); }, &thrown))
    prepared = std::move(thrown);
  prepared = Checked(*plan, std::move(prepared));
  if (!prepared.ok()) job.done(OutcomeOf(prepared.error()));
  return prepared.ok();
}

namespace {
Response Answered(const Plan& plan, const view::Commit& commit) {
  Response response = plan.answer(commit);
  response.audit_t = commit.t;
  if (plan.owner != 0) response.audit_owner = plan.owner;
  if (!plan.owners.empty()) {
    response.audit_owners.insert(response.audit_owners.end(), plan.owners.begin(), plan.owners.end());
    response.audit_owners = BundleWriter::DistinctOwners(std::move(response.audit_owners));
  }
  return response;
}

/// Of a change set: whose the records are, and whose they were before, where that is another's. Of a single one the first is named by its answer.
std::vector<uint32_t> OwnersOf(const view::ChangeSet& set) {
  std::vector<uint32_t> owners;
  if (set.entries.size() > 1) {
    for (const log::NewEntry& entry : set.entries) {
      if (entry.owner != 0) owners.push_back(entry.owner);
    }
  }
  for (size_t i = 0; i < set.changes.size(); ++i) {
    const view::ResourcePtr& before = set.changes[i].before;
    if (before != nullptr && before->owner != 0 && before->owner != set.entries[i].owner)
      owners.push_back(before->owner);
  }
  return BundleWriter::DistinctOwners(std::move(owners));
}

/// 0: of several, of nobody, or of whomever the record is about where it stands.
uint32_t OwnerOfSingle(const view::ChangeSet& set) {
  return set.entries.size() == 1 && set.contexts[0] == 0 ? set.entries[0].owner : 0;
}
}  // namespace

void Lane::Finish(const Done& done, std::shared_ptr<Plan> plan, Result<view::Commit> commit) {
  if (plan->is_watched && watch_.changed) watch_.changed();
  if (!commit.ok()) {
    done(OutcomeOf(commit.error()));
  } else if (plan->long_answer) {
    Answer([done, plan, commit = *commit] { done(Answered(*plan, commit)); });
  } else {
    done(Answered(*plan, *commit));
  }
}

void Lane::Leave() {
  const std::lock_guard lock(mutex_);
  if (--in_flight_ == 0) idle_.notify_all();
}

void Lane::Run(Replanner planner, Done done) {
  auto job = std::make_shared<Job>(Job{std::move(planner), std::move(done), false, nullptr});
  if (closed_.load(std::memory_order_relaxed)) {
    Queue(job);
  } else {
    Start(job);
  }
}

view::Engine::Submission Lane::SubmissionOf(const Started& started) {
  started.job->tried = true;
  started.plan->owners = OwnersOf(*started.plan->set);
  started.plan->owner = OwnerOfSingle(*started.plan->set);
  {
    const std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  return {std::move(started.plan->set),
          [this, job = started.job, plan = started.plan](view::Outcome outcome) {
            if (outcome.stale) {
              retried_.fetch_add(1, std::memory_order_relaxed);
              Queue(job);
            } else {
              Finish(job->done, plan, std::move(outcome.commit));
            }
            Leave();
          }};
}

void Lane::Start(const JobPtr& job) {
  auto plan = std::make_shared<Plan>();
  if (!PlanOnce(*job, plan.get())) return;
  std::vector<view::Engine::Submission> one;
  one.push_back(SubmissionOf({job, std::move(plan)}));
  engine_->SubmitAll(std::move(one));
}

std::vector<Lane::Started> Lane::PlanAll(std::span<const JobPtr> jobs) {
  std::vector<Started> planned;
  std::vector<view::ChangeSet*> sets;
  for (const JobPtr& job : jobs) {
    auto plan = std::make_shared<Plan>();
    if (!PlanShort(job, plan.get())) continue;
    sets.push_back(plan->set.get());
    planned.push_back({job, std::move(plan)});
  }
  std::vector<Status> prepared;
  Error thrown;
  if (!Shielded([&] { prepared = engine_->PrepareAll(sets); }, &thrown)) return PlanEach(planned);
  std::vector<Started> ready;
  for (size_t i = 0; i < planned.size(); ++i) {
    const Status checked = Checked(*planned[i].plan, std::move(prepared[i]));
    if (checked.ok())
      ready.push_back(std::move(planned[i]));
    else
      planned[i].job->done(OutcomeOf(checked.error()));
  }
  return ready;
}

// Anew and each by itself: one of them threw while all were prepared, and nobody knows which.
std::vector<Lane::Started> Lane::PlanEach(std::span<const Started> planned) const {
  std::vector<Started> ready;
  for (const Started& each : planned) {
    auto plan = std::make_shared<Plan>();
    if (PlanOnce(*each.job, plan.get())) ready.push_back({each.job, std::move(plan)});
  }
  return ready;
}

void Lane::StartAll(std::span<const JobPtr> jobs) {
  std::vector<view::Engine::Submission> submissions;
  for (const Started& started : PlanAll(jobs)) submissions.push_back(SubmissionOf(started));
  engine_->SubmitAll(std::move(submissions));
}

void Lane::RunAll(std::vector<Write> writes) {
  std::vector<JobPtr> jobs;
  for (Write& write : writes)
    jobs.push_back(std::make_shared<Job>(
        Job{std::move(write.planner), std::move(write.done), false, std::move(write.put_off)}));
  for (std::span<const JobPtr> rest = jobs; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kTogetherMax));
    rest = rest.subspan(some.size());
    if (!closed_.load(std::memory_order_relaxed)) {
      StartAll(some);
      continue;
    }
    for (const JobPtr& job : some) Queue(job);
  }
}

void Lane::Queue(const JobPtr& job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < limits_.queue_max) {
      jobs_.push_back(job);
      lane_.wake.notify_one();
      return;
    }
  }
  job->done(OutcomeOf(
      MakeError(ErrorCode::kBusy, "Too many writes wait for the same resources: try again in a moment.")));
}

void Lane::RunAlone(const JobPtr& job) {
  for (int attempt = 0; attempt < limits_.attempts_max; ++attempt) {
    if (attempt == limits_.attempts_open) {
      closed_.store(true, std::memory_order_relaxed);
      closings_.fetch_add(1, std::memory_order_relaxed);
    }
    auto plan = std::make_shared<Plan>();
    if (!PlanOnce(*job, plan.get())) break;
    std::promise<view::Outcome> promise;
    std::future<view::Outcome> future = promise.get_future();
    plan->owners = OwnersOf(*plan->set);
    engine_->Submit(std::move(plan->set),
                    [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
    view::Outcome outcome = future.get();
    if (!outcome.stale) {
      Finish(job->done, plan, std::move(outcome.commit));
      break;
    }
    retried_.fetch_add(1, std::memory_order_relaxed);
    if (attempt + 1 == limits_.attempts_max) {
      given_up_.fetch_add(1, std::memory_order_relaxed);
      job->done(OutcomeOf(
          MakeError(ErrorCode::kBusy,
                    "What this request concerns is being changed all the time: try again in a moment.")));
    }
  }
  closed_.store(false, std::memory_order_relaxed);
}

void Lane::LaneLoop() {
  TakeShortSlices();
  for (;;) {
    JobPtr job;
    {
      std::unique_lock lock(mutex_);
      lane_.wake.wait(lock, [this] { return lane_ends_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (job->tried) {
      RunAlone(job);
    } else {
      Start(job);  // it only waited for the road to open
    }
  }
}

void Lane::Answer(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(work));
  answering_.wake.notify_one();
}

void Lane::AnswerLoop() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      answering_.wake.wait(lock, [this] { return answering_ends_ || !answers_.empty(); });
      if (answers_.empty()) return;
      work = std::move(answers_.front());
      answers_.pop_front();
    }
    work();
  }
}

Lane::Statistics Lane::statistics() const {
  return {retried_.load(std::memory_order_relaxed), closings_.load(std::memory_order_relaxed),
          given_up_.load(std::memory_order_relaxed)};
}

}  // namespace tk::interaction
