// The one writer: a thread that takes change sets in order, checks their guards in memory, makes a group durable with one Append, applies
// the views, publishes, answers. It evaluates no FHIRPath and waits for nothing but the log.
// Source: DESIGN 4. Group commit: whatever waits while the disk syncs becomes the next group.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "kernel/view/directory_view.h"
#include "kernel/view/engine.h"
#include "kernel/view/published_head.h"
#include "kernel/view/recent.h"

namespace tk::view {

class Writer {
 public:
  struct Parts {
    log::Log* log;
    log::KeyStore* keys;
    DirectoryView* directory;
    std::vector<View*> views;
    Recent* recent;
    const Clock* clock;
    const EngineOptions* options;
    fhir::TypeId patient, practitioner, binary, task;
    const Owners* owners;
  };
  /// Starts the thread at `head`; the views stand there.
  Writer(const Parts& parts, const log::Head& head);
  ~Writer() { Stop(); }

  void SubmitAll(std::vector<Engine::Submission> submissions);
  /// Runs `work` on the writer's thread between groups and waits for it.
  Status Run(const std::function<Status()>& work);
  /// Runs `work` like Run, at the log's head; true from it means that views were switched: change sets that were prepared for the former ones are
  /// handed back as stale.
  Status SwitchViews(const std::function<Result<bool>(const log::Head&)>& work);
  /// Taken before a change set is prepared (ChangeSet::views_generation).
  uint64_t views_generation() const { return views_generation_.load(std::memory_order_acquire); }
  /// From now on only change sets marked as the eraser's may concern this owner, or hold records of this person (ChangeSet::persons; 0: whose name
  /// is not known).
  Status BlockOwner(OwnerNumber owner, uint64_t person);
  Status UnblockOwner(OwnerNumber owner, uint64_t person);
  /// The same of several, of whom nobody has a name that Bundles may hold.
  Status BlockOwners(std::span<const OwnerNumber> owners);
  Status UnblockOwners(std::span<const OwnerNumber> owners);
  /// Lets go of all recent change sets (they hold the texts of an erased person).
  Status ForgetRecent();
  /// Finishes what waits, then ends the thread.
  void Stop();

  Position head() const { return head_.Get(); }
  bool fenced() const { return fenced_.load(std::memory_order_relaxed); }
  /// The epoch that the log's store has now: another's than this one's fences. What an append finds out by itself is told here to a server that writes
  /// nothing. Any thread.
  void HearOfReign(uint64_t epoch);
  Engine::Statistics statistics() const;

  /// The directory's view of one entry; also used by the replay. `context` as ContextHash says, `is_hidden` as IsHidden.
  static DirectoryEntry EntryFor(const Parts& parts, const log::NewEntry& entry, Ordinal ordinal,
                                 const ResourcePtr& now, uint64_t context, bool is_hidden);
  /// By EngineOptions::hidden_marks. Not for the writer's thread.
  static bool IsHidden(const Parts& parts, const Resource& now) {
    const HiddenMarks& marks = parts.options->hidden_marks;
    return marks.holds && now.op != Operation::kDelete && marks.holds(now.document.Root());
  }
  /// The id hash of the record where this one of this owner stands; 0 if it stands by itself. Not for the writer's thread.
  static Result<uint64_t> ContextHash(const Parts& parts, const Resource& now, OwnerNumber owner);

 private:
  struct Waiting {
    std::shared_ptr<ChangeSet> set;
    std::function<void(Outcome)> done;
    std::function<Status()> work;  // instead of a set
  };
  struct Group {
    log::Batch batch;
    std::vector<Waiting> members;
    std::unordered_map<uint64_t, uint32_t> versions;  // id hash → version after this group so far
    std::unordered_set<uint64_t> keys;
  };

  void Loop();
  std::deque<Waiting> Take();
  /// Puts it into the queue, under mutex_; why not, if not.
  Status Enqueue(Engine::Submission* submission);
  void RunGroup(std::deque<Waiting>* waiting);
  enum class Verdict { kTake, kStale, kErased };
  Verdict Check(const ChangeSet& set, const Group& group) const;
  bool GuardsHold(const ChangeSet& set, const Group& group) const;
  bool Affected(const Guard& guard, const ChangeSet& by) const;
  void AddTo(Group* group, Waiting waiting);
  void Finish(Group* group);
  void Fence(const Error& why);
  Result<log::Head> AppendUntilKnown(const log::Batch& batch);
  void Publish(const Group& group);
  void Remember(Group* group);
  void DropRecentSets();
  Instant NextInstant(Instant now_us);

  const Parts parts_;
  const uint64_t epoch_;
  log::Head log_head_;  // writer's thread
  Instant last_at_us_ = 0;
  int64_t last_monotonic_us_ = 0;
  Instant last_now_us_ = 0;
  std::deque<std::shared_ptr<ChangeSet>> recent_sets_;  // t = recent_first_t_ + i; for the guards
  uint64_t recent_first_t_ = 1;
  size_t recent_bytes_ = 0;
  std::unordered_set<uint64_t> recent_keys_;
  std::unordered_set<OwnerNumber> blocked_owners_;
  std::unordered_set<uint64_t> blocked_persons_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Waiting> queue_;
  size_t queue_bytes_ = 0;
  bool stopping_ = false;

  PublishedHead head_;
  std::atomic<bool> fenced_{false};
  std::atomic<uint64_t> views_generation_{1};
  std::atomic<uint64_t> groups_{0}, transactions_{0}, entries_{0}, stale_{0}, busy_{0}, append_us_{0},
      apply_us_{0};
  std::atomic<bool> clock_jump_{false};
  std::thread thread_;
};

}  // namespace tk::view
