// Erasing a person: that it has begun is noted beside the keys, what concerns him is deleted by ordinary changes, the fact is written, the key
// goes and the note with it (engine.h, Erase).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "kernel/base/diagnostics.h"
#include "kernel/log/erasure.h"
#include "kernel/view/engine_impl.h"

namespace tk::view {

// nullptr: it is damaged, and goes without being opened (AddBlindDeletes).
Result<ResourcePtr> EngineImpl::ReadToErase(Ordinal ordinal) const {
  auto read = Read(ordinal);
  if (!read.ok() && IsDamage(read.error())) return ResourcePtr();
  return read;
}

Result<std::vector<DirectoryView::Identity>> EngineImpl::IdentitiesOf(std::vector<Ordinal> damaged) const {
  std::sort(damaged.begin(), damaged.end());
  auto found = directory_->IdentitiesOf(damaged);
  if (found.size() == damaged.size()) return found;
  return MakeError(ErrorCode::kCorrupt,
                   "entries of the log are damaged, and the directory does not know what they are: let it be "
                   "built anew (tongkang rebuild, then a start), or restore from a backup",
                   fmt::format("{} of {}", found.size(), damaged.size()));
}

// Deletes of records that nobody can open, put before what the set has and was prepared: what the directory needs is outside of what is sealed.
// Views hear nothing of them; their entries are dead by the directory, and go by their ordinals when the erasure is finished (View::Forget). The id
// is known to nobody any more, so what is sealed has none.
Status EngineImpl::AddBlindDeletes(std::span<const Identity> gone, ChangeSet* set) const {
  std::vector<log::NewEntry> entries;
  for (const Identity& each : gone) {
    log::NewEntry entry;
    entry.type = each.type;
    entry.op = Operation::kDelete;
    entry.version = each.version + 1;
    entry.id_hash = each.id_hash;
    entry.owner = each.owner;
    // Destroyed already, or damaged itself: then nothing of his opens, this as little as all else.
    if (const auto key = keys_->Get(each.owner); key.ok()) TRY(codec_->Seal(log::Content(), *key, &entry));
    set->bytes += sizeof entry + entry.sealed.size();
    entries.push_back(std::move(entry));
    set->guards.push_back({each.id_hash, each.version, {}, 0});
  }
  set->entries.insert(set->entries.begin(), std::make_move_iterator(entries.begin()),
                      std::make_move_iterator(entries.end()));
  set->changes.insert(set->changes.begin(), gone.size(), Change());
  set->contexts.insert(set->contexts.begin(), gone.size(), 0);
  set->hidden.insert(set->hidden.begin(), gone.size(), 0);
  for (auto& prepared : set->prepared) {
    std::vector<std::unique_ptr<Prepared>> none(gone.size());
    prepared.insert(prepared.begin(), std::make_move_iterator(none.begin()),
                    std::make_move_iterator(none.end()));
  }
  return {};
}

// Each tombstone is guarded by the version that it ends: a record that moved to another person meanwhile is his, and stays. False: so it was.
Result<bool> EngineImpl::DeleteSome(std::span<const Ordinal> ordinals, const Position& head, Erased* erased) {
  auto set = std::make_unique<ChangeSet>();
  set->basis = head;
  set->by_eraser = true;
  std::vector<Ordinal> damaged;
  for (const Ordinal ordinal : ordinals) {
    const ResourcePtr before = TRY(ReadToErase(ordinal));
    if (before == nullptr) {
      damaged.push_back(ordinal);
      continue;
    }
    set->changes.push_back({MakeTombstone(*before), before, 0});
    set->guards.push_back({IdHash(TypeNameOf(*before), before->id), before->version, {}, 0});
  }
  TRY(Prepare(set.get()));
  TRY(AddBlindDeletes(TRY(IdentitiesOf(damaged)), set.get()));
  Outcome outcome = SubmitPrepared(std::move(set));
  if (outcome.stale) return false;
  TRY(std::move(outcome.commit));
  erased->records += ordinals.size();
  erased->damaged += damaged.size();
  return true;
}

Result<Engine::Erased> EngineImpl::DeleteAllOf(OwnerNumber owner) {
  Erased erased;
  constexpr size_t kPiece = 500;
  while (true) {
    const Position head = Head();
    const std::vector<Ordinal> live = directory_->LiveOf(owner, head);
    if (live.empty()) return erased;
    for (size_t from = 0; from < live.size(); from += kPiece) {
      const std::span piece(live.data() + from, std::min(kPiece, live.size() - from));
      if (!TRY(DeleteSome(piece, head, &erased))) break;
      TRY(EraseProbe("deleted some"));
    }
  }
}

// What stands where a record of his stands (a Binary) has an owner number and a key of its own, so that no version of it outlives him.
Result<Engine::Erased> EngineImpl::EraseFollowersOf(OwnerNumber owner) {
  Erased erased;
  constexpr size_t kPiece = 200;
  while (true) {
    const std::vector<DirectoryView::Follower> followers = directory_->FollowersOf(owner, keys_->end());
    if (followers.empty()) return erased;
    for (size_t from = 0; from < followers.size(); from += kPiece) {
      const std::span piece(followers.data() + from, std::min(kPiece, followers.size() - from));
      if (!TRY(EraseFollowers(piece, owner, &erased))) break;
    }
  }
}

// False: one of them, or where it stands, was written meanwhile, and may be another's now.
Result<bool> EngineImpl::EraseFollowers(std::span<const DirectoryView::Follower> followers, OwnerNumber owner,
                                        Erased* erased) {
  auto set = std::make_unique<ChangeSet>();
  set->basis = Head();
  set->by_eraser = true;
  std::vector<OwnerNumber> owners;
  std::vector<Ordinal> damaged;
  const auto guard = [&](uint64_t id_hash) {
    const auto version = directory_->Current(id_hash, set->basis);
    set->guards.push_back({id_hash, version.version, {}, 0});
    return version;
  };
  uint64_t live = 0;
  for (const DirectoryView::Follower& each : followers) {
    owners.push_back(each.owner);
    const auto version = guard(each.id_hash);
    for (const uint64_t context : each.contexts) guard(context);
    if (version.ordinal != 0 && !version.deleted && directory_->Get(version.ordinal).owner == each.owner) {
      ++live;
      const ResourcePtr before = TRY(ReadToErase(version.ordinal));
      if (before != nullptr)
        set->changes.push_back({MakeTombstone(*before), before, 0});
      else
        damaged.push_back(version.ordinal);
    }
    set->changes.push_back({nullptr, nullptr, each.owner});
  }
  // Asked after the versions were taken: what is true now and moves later is no more of that version.
  const auto is_his = [&](OwnerNumber each) { return directory_->OwnerNow(each) == owner; };
  if (!std::all_of(owners.begin(), owners.end(), is_his)) return false;
  const std::vector<Identity> gone = TRY(IdentitiesOf(damaged));
  Writer* const writer = writer_.load(std::memory_order_acquire);
  TRY(writer->BlockOwners(owners));
  Status prepared = Prepare(set.get());
  if (prepared.ok()) prepared = AddBlindDeletes(gone, set.get());
  Outcome outcome = prepared.ok() ? SubmitPrepared(std::move(set)) : Outcome{prepared.TakeError(), false};
  if (!outcome.commit.ok()) {
    TRY(writer->UnblockOwners(owners));
    if (outcome.stale) return false;
    return outcome.commit.TakeError();
  }
  for (const OwnerNumber each : owners) unfinished_erasures_[each] = outcome.commit->at_us;
  erased->records += live;
  erased->damaged += damaged.size();
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
  if (first.ok()) {
    for (const OwnerNumber owner : owners) failed_erasures_.erase(owner);
    unfinished_erasures_.clear();
  }
  CountFailed();
  return first;
}

Result<Engine::Erased> EngineImpl::Erase(std::string_view owner_name, const LastLook& look) {
  Writer* writer = writer_.load(std::memory_order_acquire);
  if (writer == nullptr) return MakeError(ErrorCode::kUnavailable, "the server is still reading its log");
  const OwnerNumber owner = TRY(keys_->Find(owner_name));
  if (owner == 0) return MakeError(ErrorCode::kNotFound, "no record of such a person was ever kept here");
  // While this lock is held no view is saved, so a crash in between leaves the fact of erasure in the replay tail, where it is finished.
  const std::lock_guard lock(save_mutex_);
  if (unfinished_erasures_.contains(owner)) TRY(FinishErasures());
  if (keys_->IsDestroyed(owner)) return Erased();
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
Result<Engine::Erased> EngineImpl::EraseNoted(OwnerNumber owner) {
  auto erased = EraseStepByStep(owner);
  if (erased.ok())
    failed_erasures_.erase(owner);
  else
    NoteFailed(owner, erased.error());
  CountFailed();
  return erased;
}

Result<Engine::Erased> EngineImpl::EraseStepByStep(OwnerNumber owner) {
  Erased erased = TRY(EraseFollowersOf(owner));
  const Erased own = TRY(DeleteAllOf(owner));
  erased.records += own.records;
  erased.damaged += own.damaged;
  TRY(EraseProbe("deleted"));
  Status finished = AppendErasure(owner);
  if (finished.ok()) finished = FinishErasures();
  if (finished.ok()) return erased;
  if (unfinished_erasures_.contains(owner)) untold_erasures_.push_back(owner);
  return finished.TakeError();
}

// Told when it fails first and when it fails for another reason, not at every attempt.
void EngineImpl::NoteFailed(OwnerNumber owner, const Error& why) {
  std::string text = why.ToString();
  std::string& told = failed_erasures_[owner];
  if (told == text) return;
  told = std::move(text);
  Say(LogLevel::kError, "erasure-failed",
      {{"why", std::string_view(told)},
       {"what", std::string_view("what was asked for stays asked for, and is tried again")}});
}

void EngineImpl::CountFailed() { erasures_failed_.store(failed_erasures_.size()); }

// Erasures that a crash or a failure cut off before their fact. At a start before anything is answered or written, so that nobody sees the half
// of it; later from the maintenance, for whom it failed in this life, and he is blocked since. One that fails holds up no other. Errors: the first.
Status EngineImpl::ResumeErasures() {
  const std::vector<OwnerNumber> begun = keys_->Erasing();
  if (begun.empty()) return {};
  const std::lock_guard lock(save_mutex_);
  Status first;
  for (const OwnerNumber owner : begun) {
    if (keys_->IsDestroyed(owner) || unfinished_erasures_.contains(owner)) continue;
    TRY(writer_.load(std::memory_order_acquire)->BlockOwner(owner, 0));
    auto erased = EraseNoted(owner);
    if (erased.ok()) NoteResumed(owner, *erased);
    // Once the fact is written the maintenance takes the steps that are left, again and again.
    if (!erased.ok() && !unfinished_erasures_.contains(owner) && first.ok()) first = erased.TakeError();
  }
  return first;
}

void EngineImpl::NoteResumed(OwnerNumber owner, const Erased& erased) {
  Say(LogLevel::kWarning, "erasure-resumed", {{"records", erased.records}, {"damaged", erased.damaged}});
  const std::lock_guard lock(resumed_mutex_);
  resumed_.push_back({owner, erased});
}

/// Those whose records were deleted already, and whose key has gone now.
void EngineImpl::NoteFinished(std::span<const OwnerNumber> begun) {
  for (const OwnerNumber owner : begun) {
    if (keys_->IsDestroyed(owner)) NoteResumed(owner, Erased());
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

// Nothing of his opens any more, so all are deleted as what is damaged is; who they are stands in the log outside of what is sealed.
Status EngineImpl::ReplayErasure(OwnerNumber owner) {
  TRY(writer_.load(std::memory_order_acquire)->BlockOwner(owner, 0));
  const std::vector<Ordinal> live = directory_->LiveOf(owner, Head());
  constexpr size_t kPiece = 500;
  for (size_t from = 0; from < live.size(); from += kPiece) {
    const std::span<const Ordinal> piece(live.data() + from, std::min(kPiece, live.size() - from));
    std::vector<Identity> gone;
    for (const log::StoredEntry& entry : TRY(log_->ReadMany(piece)))
      gone.push_back({entry.ordinal, entry.id_hash, entry.version, entry.type, entry.owner});
    auto set = std::make_unique<ChangeSet>();
    set->basis = Head();
    set->by_eraser = true;
    TRY(Prepare(set.get()));
    TRY(AddBlindDeletes(gone, set.get()));
    TRY(SubmitPrepared(std::move(set)).commit);
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
