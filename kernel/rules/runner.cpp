#include "kernel/rules/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/rules/position.h"

namespace tk::rules {
namespace {

constexpr int64_t kSaveEveryUs = 2 * kSecondUs;
constexpr int kTellEvery = 20;
constexpr size_t kOpenMax = 256;

}  // namespace

/// What one rule made of one cause.
struct Runner::Firing {
  const Rule* rule = nullptr;
  uint64_t t = 0, key = 0;
  view::Change cause;
  Instant at_us = 0;
  size_t made = 0;  // at the last attempt
  int attempt = 0;
  int64_t not_before_us = 0;
};

struct Runner::Window {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::unique_ptr<Firing>, Status>> answers;

  void Put(std::unique_ptr<Firing> firing, Status written) {
    const std::lock_guard lock(mutex);
    answers.emplace_back(std::move(firing), std::move(written));
    changed.notify_one();
  }
};

Result<std::unique_ptr<Runner>> Runner::Start(const Options& options, std::vector<Rule> rules) {
  TRY(MakeFolder(options.folder));
  const uint64_t t = TRY(ReadPosition(options.folder + "/rules.position", options.engine->incarnation(),
                                      options.engine->log().head().t));
  return std::unique_ptr<Runner>(new Runner(options, std::move(rules), t));
}

Runner::Runner(Options options, std::vector<Rule> rules, uint64_t from_t)
    : options_(std::move(options)),
      rules_(std::move(rules)),
      position_file_(options_.folder + "/rules.position"),
      t_(from_t),
      window_(std::make_shared<Window>()),
      saved_t_(~0ull) {
  for (const Rule& rule : rules_) types_.push_back(rule.on_type);
  thread_ = std::thread([this] { Loop(); });
}

Runner::~Runner() {
  stopping_.store(true);
  thread_.join();
  const Status saved = SavePosition();
  if (!saved.ok()) options_.report("rules: " + saved.error().ToString());
}

Status Runner::SavePosition() {
  if (t_.load() == saved_t_) return {};
  TRY(WritePosition(position_file_, options_.engine->incarnation(), t_.load()));
  saved_t_ = t_.load();
  return {};
}

void Runner::Loop() {
  const auto wanted = [this](fhir::TypeId type) {
    return std::find(types_.begin(), types_.end(), type) != types_.end();
  };
  auto follower = options_.engine->Follow(t_.load() + 1, wanted);
  while (!stopping_.load()) {
    const Status stepped = Step(follower.get());
    if (!stepped.ok()) {
      options_.report("rules: stopped judging: " + stepped.error().ToString());
      return;  // at the saved position; nothing is skipped
    }
    if (MonotonicUs() - saved_at_us_ > kSaveEveryUs) {
      saved_at_us_ = MonotonicUs();
      const Status saved = SavePosition();
      if (!saved.ok()) options_.report("rules: " + saved.error().ToString());
    }
  }
}

Status Runner::Step(view::Follower* follower) {
  if (open_firings_ >= kOpenMax) return TakeAnswers(100);
  auto next = follower->Next(open_firings_ == 0 ? 100 : in_order_.empty() ? 2 : 0);
  if (!next.ok()) {
    options_.report("rules: cannot follow the log: " + next.error().ToString());
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return {};
  }
  if (*next != nullptr) {
    OpenAt((*next)->t);
    TRY(Judge(**next));
    MovePosition();
  }
  return open_firings_ == 0 ? Status() : TakeAnswers(in_order_.empty() ? 0 : 2);
}

Status Runner::Judge(const view::Committed& committed) {
  for (size_t i = 0; i < committed.changes.size(); ++i) {
    for (const Rule& rule : rules_) TRY(FireOne(rule, committed, i));
  }
  return {};
}

Status Runner::FireOne(const Rule& rule, const view::Committed& committed, size_t i) {
  const view::Change& change = committed.changes[i];
  if (change.now == nullptr || change.now->type != rule.on_type) return {};
  const fhir::Definitions& definitions = options_.engine->definitions();
  auto fires = Fires(definitions, rule, change, committed.at_us);
  if (!fires.ok()) {
    // A rule that cannot judge this resource must not stop the others.
    failed_.fetch_add(1);
    options_.report(
        fmt::format("rule {} failed at t {}: {}", rule.name(), committed.t, fires.error().ToString()));
    return {};
  }
  if (!*fires) return {};
  if (DepthOf(change) >= kDepthMax) {
    too_deep_.fetch_add(1);
    options_.report(fmt::format("ALARM rule {} at t {}: the cascade is {} deep and was stopped", rule.name(),
                                committed.t, kDepthMax));
    return {};
  }
  fired_.fetch_add(1);
  auto firing = std::make_unique<Firing>();
  firing->rule = &rule;
  firing->t = committed.t;
  firing->key = options_.engine->KeyOf(
      fmt::format("rule|{}|{}|{}|{}", rule.name(), options_.engine->incarnation(), committed.t, i));
  firing->cause = change;
  firing->at_us = committed.at_us;
  ++open_.back().firings;
  ++open_firings_;
  if (!rule.Changes()) return Submit(std::move(firing));
  in_order_.push_back(std::move(firing));
  return SubmitInOrder();
}

Status Runner::SubmitInOrder() {
  while (!order_busy_ && !in_order_.empty()) {
    std::unique_ptr<Firing> next = std::move(in_order_.front());
    in_order_.pop_front();
    order_busy_ = true;
    TRY(Submit(std::move(next)));
  }
  return {};
}

Status Runner::Submit(std::unique_ptr<Firing> firing) {
  const view::Position basis = options_.engine->Head();
  // While the index is being built nobody knows what was written under which key: that is waited for.
  auto known = options_.index->FindKey(firing->key, basis);
  if (!known.ok()) return TakeAnswer(std::move(firing), known.TakeError());
  if (*known != 0) {
    Finish(*firing);
    return {};
  }
  // Made at this basis: what is changed is read there, and the set is stale if it is another by then.
  auto made = Make(options_.engine->definitions(), *firing->rule, firing->cause, firing->at_us,
                   {NewUuid, ReaderAt(options_.engine, basis), options_.reach, options_.home});
  if (!made.ok()) {
    auto why = made.TakeError();
    if (!TraitsOf(why->code).retryable)
      why->code = ErrorCode::kInvalid;  // it will be no other when it is tried again
    return TakeAnswer(std::move(firing), std::move(why));
  }
  firing->made = made->size();
  if (made->empty()) return TakeAnswer(std::move(firing), {});
  auto set = MakeChangeSet(*options_.engine, firing->key, basis, *made, options_.complete);
  if (!set.ok()) return TakeAnswer(std::move(firing), set.TakeError());
  // std::function copies what it holds, so the firing is held by what can be copied.
  auto held = std::make_shared<std::unique_ptr<Firing>>(std::move(firing));
  options_.engine->Submit(std::move(*set), [window = window_, held](view::Outcome outcome) {
    window->Put(std::move(*held), outcome.commit.ok() ? Status() : Status(outcome.commit.TakeError()));
  });
  return {};
}

Status Runner::TakeAnswers(int wait_ms) {
  std::vector<std::pair<std::unique_ptr<Firing>, Status>> answers;
  {
    std::unique_lock lock(window_->mutex);
    if (wait_ms > 0 && again_.empty())
      window_->changed.wait_for(lock, std::chrono::milliseconds(wait_ms),
                                [this] { return !window_->answers.empty(); });
    answers.swap(window_->answers);
  }
  for (auto& [firing, written] : answers) TRY(TakeAnswer(std::move(firing), std::move(written)));
  const int64_t now_us = MonotonicUs();
  const auto due = std::stable_partition(
      again_.begin(), again_.end(), [now_us](const auto& firing) { return firing->not_before_us > now_us; });
  std::vector<std::unique_ptr<Firing>> now(std::make_move_iterator(due),
                                           std::make_move_iterator(again_.end()));
  again_.erase(due, again_.end());
  if (now.empty() && !again_.empty() && wait_ms > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (auto& firing : now) TRY(Submit(std::move(firing)));
  TRY(SubmitInOrder());
  MovePosition();
  return {};
}

Status Runner::TakeAnswer(std::unique_ptr<Firing> firing, Status written) {
  if (written.ok()) {
    made_.fetch_add(firing->made);
    Finish(*firing);
    return {};
  }
  const ErrorCode code = written.error().code;
  if (code == ErrorCode::kInvalid || code == ErrorCode::kGone) {
    failed_.fetch_add(1);
    options_.report(fmt::format("rule {} at t {} made nothing: {}", firing->rule->name(), firing->t,
                                written.error().ToString()));
    Finish(*firing);
    return {};
  }
  // A full disk may last: what an alarm is made of is never given up, only told.
  if (++firing->attempt % kTellEvery == 0) {
    options_.report(
        fmt::format("ALARM what rule {} made of t {} could not be written {} times, trying on: {}",
                    firing->rule->name(), firing->t, firing->attempt, written.error().ToString()));
  }
  firing->not_before_us = MonotonicUs() + 1000 * std::min(1000, 5 << std::min(firing->attempt, 8));
  again_.push_back(std::move(firing));
  return {};
}

// Neighbours without firings are one entry, that of the later: however long the first one waits, the list is at most twice the window.
void Runner::OpenAt(uint64_t t) {
  if (open_.empty() || open_.back().firings > 0) open_.push_back({t, 0});
  open_.back().t = t;
}

void Runner::Finish(const Firing& firing) {
  if (firing.rule->Changes()) order_busy_ = false;
  auto at = std::lower_bound(open_.begin(), open_.end(), firing.t,
                             [](const Open& open, uint64_t t) { return open.t < t; });
  CHECK(at != open_.end() && at->t == firing.t && at->firings > 0);
  --open_firings_;
  if (--at->firings > 0) return;
  // The last entry may be the one that is being judged: it keeps its place and only swallows the one before it.
  if (at != open_.begin() && std::prev(at)->firings == 0) at = open_.erase(std::prev(at));
  if (std::next(at) != open_.end() && std::next(at)->firings == 0) open_.erase(at);
}

void Runner::MovePosition() {
  while (!open_.empty() && open_.front().firings == 0) {
    t_.store(open_.front().t);
    open_.pop_front();
  }
}

Runner::Statistics Runner::statistics() const {
  return {t_.load(), fired_.load(), made_.load(), failed_.load(), too_deep_.load()};
}

bool Runner::WaitFor(uint64_t t, int timeout_ms) const {
  const int64_t until_us = MonotonicUs() + int64_t{timeout_ms} * 1000;
  while (t_.load() < t) {
    if (MonotonicUs() > until_us) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tk::rules
