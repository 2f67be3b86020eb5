// Erasing a person: that it has begun is noted beside the keys, what concerns him is deleted by ordinary changes, the fact is written, the key
// goes and the note with it (engine.h, Erase).
#include <algorithm>

#include "kernel/base/diagnostics.h"
#include "kernel/log/erasure.h"
#include "kernel/view/engine_impl.h"

namespace tk::view {

// Each tombstone is guarded by the version that it ends: a record that moved to another person meanwhile is his, and stays.
Result<uint64_t> EngineImpl::DeleteAllOf(OwnerNumber owner) {
  uint64_t count = 0;
  constexpr size_t kPiece = 500;
  while (true) {
    const Position head = Head();
    const std::vector<Ordinal> live = directory_->LiveOf(owner, head);
    if (live.empty()) return count;
    for (size_t from = 0; from < live.size(); from += kPiece) {
      auto set = std::make_unique<ChangeSet>();
      set->basis = head;
      set->by_eraser = true;
      for (size_t i = from; i < std::min(live.size(), from + kPiece); ++i) {
        const ResourcePtr before = TRY(Read(live[i]));
        set->changes.push_back({MakeTombstone(*before), before, 0});
        set->guards.push_back({IdHash(TypeNameOf(*before), before->id), before->version, {}, 0});
      }
      const uint64_t changes = set->changes.size();
      TRY(Prepare(set.get()));
      Outcome outcome = SubmitPrepared(std::move(set));
      if (outcome.stale) break;
      TRY(std::move(outcome.commit));
      count += changes;
      TRY(EraseProbe("deleted some"));
    }
  }
}

// What stands where a record of his stands (a Binary) has an owner number and a key of its own, so that no version of it outlives him.
Result<uint64_t> EngineImpl::EraseFollowersOf(OwnerNumber owner) {
  uint64_t count = 0;
  constexpr size_t kPiece = 200;
  while (true) {
    const std::vector<DirectoryView::Follower> followers = directory_->FollowersOf(owner, keys_->end());
    if (followers.empty()) return count;
    for (size_t from = 0; from < followers.size(); from += kPiece) {
      const std::span piece(followers.data() + from, std::min(kPiece, followers.size() - from));
      if (!TRY(EraseFollowers(piece, owner, &count))) break;
    }
  }
}

// False: one of them, or where it stands, was written meanwhile, and may be another's now.
Result<bool> EngineImpl::EraseFollowers(std::span<const DirectoryView::Follower> followers, OwnerNumber owner,
                                        uint64_t* count) {
  auto set = std::make_unique<ChangeSet>();
  set->basis = Head();
  set->by_eraser = true;
  std::vector<OwnerNumber> owners;
  const auto guard = [&](uint64_t id_hash) {
    const auto version = directory_->Current(id_hash, set->basis);
    set->guards.push_back({id_hash, version.version, {}, 0});
    return version;
  };
  for (const DirectoryView::Follower& each : followers) {
    owners.push_back(each.owner);
    const auto version = guard(each.id_hash);
    for (const uint64_t context : each.contexts) guard(context);
    if (version.ordinal != 0 && !version.deleted && directory_->Get(version.ordinal).owner == each.owner) {
      const ResourcePtr before = TRY(Read(version.ordinal));
      set->changes.push_back({MakeTombstone(*before), before, 0});
      ++*count;
    }
    set->changes.push_back({nullptr, nullptr, each.owner});
  }
  // Asked after the versions were taken: what is true now and moves later is no more of that version.
  const auto is_his = [&](OwnerNumber each) { return directory_->OwnerNow(each) == owner; };
  if (!std::all_of(owners.begin(), owners.end(), is_his)) return false;
  Writer* const writer = writer_.load(std::memory_order_acquire);
  TRY(writer->BlockOwners(owners));
  Status prepared = Prepare(set.get());
  Outcome outcome = prepared.ok() ? SubmitPrepared(std::move(set)) : Outcome{prepared.TakeError(), false};
  if (!outcome.commit.ok()) {
    TRY(writer->UnblockOwners(owners));
    if (outcome.stale) return false;
    return outcome.commit.TakeError();
  }
  for (const OwnerNumber each : owners) unfinished_erasures_[each] = outcome.commit->at_us;
  return true;
}

// The fact in the log; from here on the erasure is finished whatever fails meanwhile (FinishErasures).
Status EngineImpl::AppendErasure(OwnerNumber owner) {
  while (true) {
    auto fact = std::make_unique<ChangeSet>();
    fact->basis = Head();
    fact->by_eraser = true;
    fact->changes.push_back({nullptr, nullptr, owner});
    TRY(Prepare(fact.get()));
    Outcome outcome = SubmitPrepared(std::move(fact));
    if (outcome.stale) continue;
    unfinished_erasures_[owner] = TRY(std::move(outcome.commit)).at_us;
    return EraseProbe("told");
  }
}

// Keys, contents, and what views and memory hold, of all whose fact is written. Every step is taken even if one before it fails, and all may be
// taken again: until every one has gone through, no view is saved, so that a start finds the facts in the replay tail and takes them too. Under
// save_mutex_.
Status EngineImpl::FinishErasures() {
  if (unfinished_erasures_.empty()) return {};
  Status first;
  const auto take = [&first](Status step) {
    if (!step.ok() && first.ok()) first = std::move(step);
  };
  std::vector<OwnerNumber> owners;
  std::vector<log::KeyStore::Doomed> doomed;
  for (const auto& [owner, at_us] : unfinished_erasures_) {
    owners.push_back(owner);
    doomed.push_back({owner, at_us});
  }
  take(keys_->DestroyAll(doomed));
  take(EraseProbe("destroyed"));
  for (const OwnerNumber owner : owners) {
    texts_.Drop(owner);
    take(contents_->RemoveOwner(owner));
  }
  for (auto& view : views_) take(view->Forget(owners));
  if (rebuilder_ != nullptr) take(rebuilder_->Forget(owners));
  take(writer_.load(std::memory_order_acquire)->ForgetRecent());
  if (first.ok()) unfinished_erasures_.clear();
  return first;
}

Result<uint64_t> EngineImpl::Erase(std::string_view owner_name, const LastLook& look) {
  Writer* writer = writer_.load(std::memory_order_acquire);
  if (writer == nullptr) return MakeError(ErrorCode::kUnavailable, "the server is still reading its log");
  const OwnerNumber owner = TRY(keys_->Find(owner_name));
  if (owner == 0) return MakeError(ErrorCode::kNotFound, "no record of such a person was ever kept here");
  // While this lock is held no view is saved, so a crash in between leaves the fact of erasure in the replay tail, where it is finished.
  const std::lock_guard lock(save_mutex_);
  if (unfinished_erasures_.contains(owner)) TRY(FinishErasures());
  if (keys_->IsDestroyed(owner)) return uint64_t{0};
  const uint64_t person = KeyOf(owner_name);
  TRY(writer->BlockOwner(owner, person));
  const std::vector<OwnerNumber> begun = keys_->Erasing();
  const bool again =
      std::binary_search(begun.begin(), begun.end(), owner);  // looked already; he stays blocked
  if (Status allowed = look && !again ? look(Head()) : Status(); !allowed.ok()) {
    TRY(writer->UnblockOwner(owner, person));
    return allowed.TakeError();
  }
  TRY(keys_->NoteErasing(owner, options_.clock->NowUs()));
  TRY(EraseProbe("noted"));
  return EraseNoted(owner);
}

// Under save_mutex_; nothing else is written about him.
Result<uint64_t> EngineImpl::EraseNoted(OwnerNumber owner) {
  const uint64_t count = TRY(EraseFollowersOf(owner)) + TRY(DeleteAllOf(owner));
  TRY(EraseProbe("deleted"));
  Status finished = AppendErasure(owner);
  if (finished.ok()) finished = FinishErasures();
  if (finished.ok()) return count;
  if (unfinished_erasures_.contains(owner)) untold_erasures_.push_back(owner);
  return finished.TakeError();
}

// Erasures that a crash or a failure cut off before their fact. At a start before anything is answered or written, so that nobody sees the half
// of it; later from the maintenance, for whom it failed in this life, and he is blocked since.
Status EngineImpl::ResumeErasures() {
  const std::vector<OwnerNumber> begun = keys_->Erasing();
  if (begun.empty()) return {};
  const std::lock_guard lock(save_mutex_);
  for (const OwnerNumber owner : begun) {
    if (keys_->IsDestroyed(owner) || unfinished_erasures_.contains(owner)) continue;
    TRY(writer_.load(std::memory_order_acquire)->BlockOwner(owner, 0));
    const auto erased = EraseNoted(owner);
    // Once the fact is written the maintenance takes the steps that are left, again and again.
    if (!erased.ok() && !unfinished_erasures_.contains(owner)) return erased.error();
    if (erased.ok()) NoteResumed(owner, *erased);
  }
  return {};
}

void EngineImpl::NoteResumed(OwnerNumber owner, uint64_t records) {
  Say(LogLevel::kWarning, "erasure-resumed", {{"records", records}});
  const std::lock_guard lock(resumed_mutex_);
  resumed_.push_back({owner, records});
}

/// Those whose records were deleted already, and whose key has gone now.
void EngineImpl::NoteFinished(std::span<const OwnerNumber> begun) {
  for (const OwnerNumber owner : begun) {
    if (keys_->IsDestroyed(owner)) NoteResumed(owner, 0);
  }
}

Status EngineImpl::TellResumedErasures(const std::function<Status(const ResumedErasure&)>& tell) {
  const std::lock_guard lock(resumed_mutex_);
  while (!resumed_.empty()) {
    TRY(tell(resumed_.front()));
    resumed_.erase(resumed_.begin());
  }
  return {};
}

Engine::ErasureState EngineImpl::StateOfErasure(OwnerNumber owner) const {
  const auto has = [owner](const std::vector<OwnerNumber>& owners) {
    return std::find(owners.begin(), owners.end(), owner) != owners.end();
  };
  const std::unique_lock lock(save_mutex_, std::try_to_lock);
  if (!serving() || !lock.owns_lock()) return ErasureState::kUnfinished;
  if (unfinished_erasures_.contains(owner) || has(untold_erasures_) || has(keys_->Erasing()))
    return ErasureState::kUnfinished;
  if (!keys_->IsDestroyed(owner)) return ErasureState::kNotBegun;
  const std::lock_guard hold(resumed_mutex_);
  const bool is_told = std::none_of(resumed_.begin(), resumed_.end(),
                                    [owner](const ResumedErasure& each) { return each.owner == owner; });
  return is_told ? ErasureState::kDone : ErasureState::kUnfinished;
}

// Deletes of records that nobody can open any more: what the directory needs is outside of what is sealed.
Result<ChangeSet> EngineImpl::BlindDeletes(std::span<const Ordinal> ordinals) const {
  ChangeSet set;
  set.basis = Head();
  set.by_eraser = true;
  for (const log::StoredEntry& entry : TRY(log_->ReadMany(ordinals))) {
    log::NewEntry gone;
    gone.type = entry.type;
    gone.op = Operation::kDelete;
    gone.version = entry.version + 1;
    gone.id_hash = entry.id_hash;
    gone.owner = entry.owner;
    set.entries.push_back(std::move(gone));
  }
  set.changes.resize(set.entries.size());
  set.views_generation = writer_.load(std::memory_order_acquire)->views_generation();
  set.prepared.resize(views_.size());
  for (auto& prepared : set.prepared) prepared.resize(set.entries.size());
  set.bytes = 256 + set.entries.size() * sizeof(log::NewEntry);
  return set;
}

Status EngineImpl::ReplayErasure(OwnerNumber owner) {
  TRY(writer_.load(std::memory_order_acquire)->BlockOwner(owner, 0));
  const std::vector<Ordinal> live = directory_->LiveOf(owner, Head());
  constexpr size_t kPiece = 500;
  for (size_t from = 0; from < live.size(); from += kPiece) {
    const std::span<const Ordinal> piece(live.data() + from, std::min(kPiece, live.size() - from));
    TRY(SubmitPrepared(std::make_unique<ChangeSet>(TRY(BlindDeletes(piece)))).commit);
  }
  return AppendErasure(owner);
}

Status EngineImpl::ReplayErasures() {
  const std::vector<OwnerNumber> missing = TRY(log::ErasuresToReplay(*log_, *keys_));
  const std::lock_guard lock(save_mutex_);
  for (const OwnerNumber owner : missing) TRY(ReplayErasure(owner));
  TRY(FinishErasures());
  if (!missing.empty()) Say(LogLevel::kInfo, "erasures-replayed", {{"persons", uint64_t{missing.size()}}});
  return {};
}

}  // namespace tk::view
