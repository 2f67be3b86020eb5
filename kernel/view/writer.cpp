#include "kernel/view/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "kernel/base/diagnostics.h"
#include "kernel/base/random.h"
#include "kernel/base/short_slices.h"

namespace tk::view {
namespace {

constexpr size_t kRecentSetsMax = 20'000;
constexpr size_t kRecentBytesMax = size_t{64} << 20;
constexpr int64_t kClockJumpUs = 300 * kSecondUs;  // DESIGN 4: a forward jump over 5 minutes alarms

constexpr const char* kTakenOver = "another server has taken over the log; this one no longer writes";

Outcome Failed(const Error& error) { return Outcome{Result<Commit>(error), false}; }
Outcome Stale() {
  return Outcome{Result<Commit>(MakeError(ErrorCode::kConflict, "the data changed meanwhile; try again")),
                 true};
}

}  // namespace

Writer::Writer(const Parts& parts, const log::Head& head)
    : parts_(parts),
      epoch_(head.epoch),
      log_head_(head),
      last_at_us_(head.last_at_us),
      last_monotonic_us_(MonotonicUs()),
      last_now_us_(parts.clock->NowUs()),
      recent_first_t_(head.t + 1),
      head_({head.t, head.next_ordinal}) {
  parts_.recent->Begin(head.t);
  thread_ = std::thread([this] { Loop(); });
}

Status Writer::Enqueue(Engine::Submission* submission) {
  if (stopping_) return MakeError(ErrorCode::kUnavailable, "the server is stopping");
  if (fenced()) return MakeError(ErrorCode::kUnavailable, kTakenOver);
  const size_t bytes = submission->set->bytes;
  if (queue_.size() >= parts_.options->queue_max || queue_bytes_ + bytes > parts_.options->queue_bytes_max) {
    busy_.fetch_add(1, std::memory_order_relaxed);
    return MakeError(ErrorCode::kBusy, "too many writes are waiting; try again in a moment");
  }
  queue_bytes_ += bytes;
  queue_.push_back({std::shared_ptr<ChangeSet>(std::move(submission->set)), std::move(submission->done), {}});
  return {};
}

void Writer::SubmitAll(std::vector<Engine::Submission> submissions) {
  std::vector<std::pair<std::function<void(Outcome)>, Error>> refused;  // told outside the lock
  {
    const std::lock_guard lock(mutex_);
    const bool idle = queue_.empty();
    for (Engine::Submission& one : submissions) {
      Status taken = Enqueue(&one);
      if (!taken.ok()) refused.emplace_back(std::move(one.done), std::move(taken.error()));
    }
    if (idle && !queue_.empty()) arrived_.notify_one();
  }
  for (const auto& [done, why] : refused) done(Failed(why));
}

Status Writer::Run(const std::function<Status()>& work) {
  std::promise<std::unique_ptr<Error>> promise;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return MakeError(ErrorCode::kUnavailable, "the server is stopping");
    auto wrapped = [&]() -> Status {
      Status status = work();
      promise.set_value(status.ok() ? nullptr : status.TakeError());
      return {};
    };
    queue_.push_back({nullptr, {}, wrapped});
    arrived_.notify_one();
  }
  auto error = promise.get_future().get();
  if (error != nullptr) return error;
  return {};
}

Status Writer::BlockOwner(OwnerNumber owner, uint64_t person) {
  return Run([&]() -> Status {
    blocked_owners_.insert(owner);
    if (person != 0) blocked_persons_.insert(person);
    return {};
  });
}

Status Writer::UnblockOwner(OwnerNumber owner, uint64_t person) {
  return Run([&]() -> Status {
    blocked_owners_.erase(owner);
    blocked_persons_.erase(person);
    return {};
  });
}

Status Writer::BlockOwners(std::span<const OwnerNumber> owners) {
  return Run([&]() -> Status {
    blocked_owners_.insert(owners.begin(), owners.end());
    return {};
  });
}

Status Writer::UnblockOwners(std::span<const OwnerNumber> owners) {
  return Run([&]() -> Status {
    for (const OwnerNumber owner : owners) blocked_owners_.erase(owner);
    return {};
  });
}

void Writer::DropRecentSets() {
  recent_sets_.clear();
  recent_keys_.clear();
  recent_bytes_ = 0;
  recent_first_t_ = log_head_.t + 1;
}

Status Writer::ForgetRecent() {
  return Run([&]() -> Status {
    DropRecentSets();
    parts_.recent->Begin(log_head_.t);
    return {};
  });
}

Status Writer::SwitchViews(const std::function<Result<bool>(const log::Head&)>& work) {
  return Run([&]() -> Status {
    if (!TRY(work(log_head_))) return {};
    // What the former views prepared means nothing to the new ones: neither to apply nor to check guards against.
    DropRecentSets();
    views_generation_.fetch_add(1, std::memory_order_release);
    return {};
  });
}

void Writer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    arrived_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::deque<Writer::Waiting> Writer::Take() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  queue_bytes_ = 0;
  return std::exchange(queue_, {});
}

void Writer::Loop() {
  TakeShortSlices();
  while (true) {
    std::deque<Waiting> waiting = Take();
    if (waiting.empty()) return;  // stopping, and nothing left
    while (!waiting.empty()) RunGroup(&waiting);
  }
}

// Takes from the front of `waiting` what fits one group and makes it durable; a piece of other work ends the group.
void Writer::RunGroup(std::deque<Waiting>* waiting) {
  Group group;
  group.batch.epoch = log_head_.epoch;
  group.batch.first_t = log_head_.t + 1;
  group.batch.first_ordinal = log_head_.next_ordinal;
  SystemRandom(group.batch.id);
  while (!waiting->empty()) {
    Waiting& next = waiting->front();
    if (next.work) {
      if (!group.members.empty()) break;
      (void)next.work();  // it carries its own answer
      waiting->pop_front();
      continue;
    }
    if (!group.members.empty() &&
        group.batch.entries.size() + next.set->entries.size() > parts_.options->group_entries_max)
      break;
    Waiting taken = std::move(next);
    waiting->pop_front();
    switch (Check(*taken.set, group)) {
      case Verdict::kTake:
        AddTo(&group, std::move(taken));
        break;
      case Verdict::kErased:
        taken.done(Failed(
            MakeError(ErrorCode::kGone, "this person was erased; nothing more is recorded about him")));
        break;
      case Verdict::kStale:
        stale_.fetch_add(1, std::memory_order_relaxed);
        taken.done(Stale());
        break;
    }
  }
  if (!group.members.empty()) Finish(&group);
}

Writer::Verdict Writer::Check(const ChangeSet& set, const Group& group) const {
  if (!blocked_owners_.empty() && !set.by_eraser) {
    for (const log::NewEntry& entry : set.entries) {
      if (entry.owner != 0 && blocked_owners_.contains(entry.owner)) return Verdict::kErased;
    }
    for (const uint64_t person : set.persons) {
      if (blocked_persons_.contains(person)) return Verdict::kErased;
    }
    for (const uint64_t context : set.contexts) {
      if (context != 0 && blocked_owners_.contains(parts_.directory->OwnerOfNewest(context)))
        return Verdict::kErased;
    }
  }
  if (set.views_generation != views_generation()) return Verdict::kStale;
  if (set.key != 0 && (recent_keys_.contains(set.key) || group.keys.contains(set.key)))
    return Verdict::kStale;
  return GuardsHold(set, group) ? Verdict::kTake : Verdict::kStale;
}

bool Writer::Affected(const Guard& guard, const ChangeSet& by) const {
  for (size_t i = 0; i < by.changes.size(); ++i) {
    const auto& prepared = by.prepared[guard.view_slot][i];
    if (prepared != nullptr && guard.may_affect(by.changes[i], *prepared)) return true;
  }
  return false;
}

bool Writer::GuardsHold(const ChangeSet& set, const Group& group) const {
  bool looks_back = false;
  for (const Guard& guard : set.guards) {
    if (guard.may_affect) {
      looks_back = true;
      continue;
    }
    const auto in_group = group.versions.find(guard.id_hash);
    const uint32_t version =
        in_group != group.versions.end() ? in_group->second : parts_.directory->Newest(guard.id_hash).version;
    if (version != guard.version) return false;
  }
  // A key is looked up by the caller at the basis: what came since must be known too.
  if (!looks_back && set.key == 0) return true;
  if (set.basis.t + 1 < recent_first_t_) return false;
  if (!looks_back) return true;
  for (const Guard& guard : set.guards) {
    if (!guard.may_affect) continue;
    for (uint64_t t = set.basis.t + 1; t < recent_first_t_ + recent_sets_.size(); ++t) {
      if (Affected(guard, *recent_sets_[t - recent_first_t_])) return false;
    }
    for (const Waiting& member : group.members) {
      if (Affected(guard, *member.set)) return false;
    }
  }
  return true;
}

Instant Writer::NextInstant(Instant now_us) {
  last_at_us_ = std::max(now_us, last_at_us_ + 1);
  return last_at_us_;
}

void Writer::AddTo(Group* group, Waiting waiting) {
  ChangeSet& set = *waiting.set;
  log::NewTransaction transaction;
  transaction.entry_count = static_cast<uint32_t>(set.entries.size());
  transaction.key = set.key;
  group->batch.transactions.push_back(transaction);
  for (log::NewEntry& entry : set.entries) {
    if (entry.op != Operation::kErase) group->versions[entry.id_hash] = entry.version;
    group->batch.entries.push_back(
        std::move(entry));  // takes the sealed bytes; the plain fields stay in both
  }
  if (set.key != 0) group->keys.insert(set.key);
  group->members.push_back(std::move(waiting));
}

// An append whose outcome is unknown (the database went away while it committed) is asked again under its batch id: nobody may be
// answered, and nothing else written, before it is known.
Result<log::Head> Writer::AppendUntilKnown(const log::Batch& batch) {
  while (true) {
    auto appended = parts_.log->Append(batch);
    if (appended.ok() || appended.error().code != ErrorCode::kTimeout) return appended;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return appended;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// Its data may be behind from here on: readiness is withdrawn, so that a load balancer turns to the other one.
void Writer::Fence(const Error& why) {
  if (!fenced_.exchange(true)) SayError("fenced", why);
}

void Writer::HearOfReign(uint64_t epoch) {
  if (epoch != epoch_)
    Fence(MakeError(ErrorCode::kUnavailable, kTakenOver,
                    fmt::format("epoch {}, this one's {}", epoch, epoch_)));
}

void Writer::Finish(Group* group) {
  const Instant now_us = parts_.clock->NowUs();
  const int64_t monotonic_us = MonotonicUs();
  if (now_us - last_now_us_ > monotonic_us - last_monotonic_us_ + kClockJumpUs) clock_jump_.store(true);
  last_now_us_ = now_us;
  last_monotonic_us_ = monotonic_us;
  const Instant before_us = last_at_us_;
  for (log::NewTransaction& each : group->batch.transactions) each.at_us = NextInstant(now_us);

  Status flushed = parts_.keys->Flush();
  auto appended = flushed.ok() ? AppendUntilKnown(group->batch) : Result<log::Head>(flushed.TakeError());
  append_us_.fetch_add(static_cast<uint64_t>(MonotonicUs() - monotonic_us), std::memory_order_relaxed);
  if (!appended.ok()) {
    last_at_us_ = before_us;
    const bool taken_over = appended.error().code == ErrorCode::kConflict;
    const Error refusal = taken_over
                              ? MakeError(ErrorCode::kUnavailable, kTakenOver, appended.error().internal)
                              : appended.error();
    if (taken_over) Fence(refusal);
    for (Waiting& member : group->members) member.done(Failed(refusal));
    return;
  }
  log_head_ = *appended;
  const int64_t apply_from_us = MonotonicUs();
  Publish(*group);
  apply_us_.fetch_add(static_cast<uint64_t>(MonotonicUs() - apply_from_us), std::memory_order_relaxed);
  groups_.fetch_add(1, std::memory_order_relaxed);
  transactions_.fetch_add(group->members.size(), std::memory_order_relaxed);
  entries_.fetch_add(group->batch.entries.size(), std::memory_order_relaxed);

  Ordinal ordinal = group->batch.first_ordinal;
  for (size_t i = 0; i < group->members.size(); ++i) {
    const log::NewTransaction& transaction = group->batch.transactions[i];
    group->members[i].done({Commit{group->batch.first_t + i, ordinal, transaction.at_us}, false});
    ordinal += transaction.entry_count;
  }
  Remember(group);
}

DirectoryEntry Writer::EntryFor(const Parts& parts, const log::NewEntry& entry, Ordinal ordinal,
                                const ResourcePtr& now, uint64_t context, bool is_hidden) {
  DirectoryEntry out;
  out.type = entry.type;
  out.op = entry.op;
  out.owner = entry.owner;
  out.version = entry.version;
  out.id_hash = entry.id_hash;
  out.ordinal = ordinal;
  out.context = context;
  out.is_hidden = is_hidden;
  if (now == nullptr || now->op == Operation::kDelete || entry.owner == 0) return out;
  out.is_review = now->type == parts.task && IsReview(now->document.Root());
  if (now->type == parts.practitioner) {
    out.sets_area = true;
    out.area = kAreaPublic;
  } else if (now->type == parts.patient) {
    out.sets_area = true;
    out.area = AreaOfResource(now->document.Root());
  }
  return out;
}

// A record whose owner is somebody else's (as those had that were written before they followed their context) stays his.
Result<uint64_t> Writer::ContextHash(const Parts& parts, const Resource& now, OwnerNumber owner) {
  if (now.type != parts.binary || now.op == Operation::kDelete || owner == 0) return uint64_t{0};
  const std::string context = parts.owners->ContextOf(now.type, now.document.Root());
  if (context.empty() || TRY(parts.keys->Find(parts.owners->OwnName(now.type, now.id))) != owner)
    return uint64_t{0};
  return KeyedHash(parts.keys->hash_key(), context);
}

void Writer::Publish(const Group& group) {
  Ordinal ordinal = group.batch.first_ordinal;
  for (const Waiting& member : group.members) {
    const ChangeSet& set = *member.set;
    for (size_t i = 0; i < set.changes.size(); ++i, ++ordinal) {
      const Change& change = set.changes[i];
      if (change.erased_owner != 0) {
        parts_.directory->ApplyErase(change.erased_owner);
      } else {
        const uint64_t context = i < set.contexts.size() ? set.contexts[i] : 0;
        const bool is_hidden = i < set.hidden.size() && set.hidden[i] != 0;
        parts_.directory->Apply(EntryFor(parts_, set.entries[i], ordinal, change.now, context, is_hidden));
      }
      for (size_t v = 0; v < parts_.views.size(); ++v) {
        if (set.prepared[v][i] != nullptr) parts_.views[v]->Apply(change, *set.prepared[v][i], ordinal);
      }
    }
    for (View* view : parts_.views) view->ApplyKey(set.key, ordinal - set.changes.size());
  }
  parts_.directory->Publish(log_head_.t, log_head_.next_ordinal);
  for (View* view : parts_.views) view->Publish(log_head_.t, log_head_.next_ordinal);
  head_.Set({log_head_.t, log_head_.next_ordinal});
}

void Writer::Remember(Group* group) {
  std::vector<std::pair<CommittedPtr, size_t>> for_followers;
  Ordinal ordinal = group->batch.first_ordinal;
  for (size_t i = 0; i < group->members.size(); ++i) {
    std::shared_ptr<ChangeSet>& set = group->members[i].set;
    auto committed = std::make_shared<Committed>();
    committed->t = group->batch.first_t + i;
    committed->at_us = group->batch.transactions[i].at_us;
    committed->first_ordinal = ordinal;
    committed->key = set->key;
    committed->changes = set->changes;
    ordinal += set->changes.size();
    for_followers.emplace_back(std::move(committed), set->bytes);
    if (set->key != 0) recent_keys_.insert(set->key);
    recent_bytes_ += set->bytes;
    recent_sets_.push_back(std::move(set));
  }
  while (recent_sets_.size() > kRecentSetsMax ||
         (recent_bytes_ > kRecentBytesMax && recent_sets_.size() > 1)) {
    recent_bytes_ -= recent_sets_.front()->bytes;
    recent_keys_.erase(recent_sets_.front()->key);
    recent_sets_.pop_front();
    ++recent_first_t_;
  }
  parts_.recent->Push(std::move(for_followers));
}

Engine::Statistics Writer::statistics() const {
  Engine::Statistics s{};
  {
    const std::lock_guard lock(mutex_);
    s.queue_depth = queue_.size();
    s.queue_bytes = queue_bytes_;
  }
  s.groups = groups_.load();
  s.transactions = transactions_.load();
  s.entries = entries_.load();
  s.stale = stale_.load();
  s.busy_refused = busy_.load();
  s.append_us_total = append_us_.load();
  s.apply_us_total = apply_us_.load();
  s.clock_jump_alarm = clock_jump_.load();
  return s;
}

}  // namespace tk::view
