// Erasing a person: what concerns him is deleted by ordinary changes, then the fact is written, then the key goes (engine.h, Erase).
#include <algorithm>

#include "kernel/base/diagnostics.h"
#include "kernel/log/erasure.h"
#include "kernel/view/engine_impl.h"

namespace tk::view {

Result<uint64_t> EngineImpl::DeleteAllOf(OwnerNumber owner) {
  uint64_t count = 0;
  const Position head = Head();
  const std::vector<Ordinal> live = directory_->LiveOf(owner, head);
  constexpr size_t kPiece = 500;
  for (size_t from = 0; from < live.size(); from += kPiece) {
    auto set = std::make_unique<ChangeSet>();
    set->basis = head;
    set->by_eraser = true;
    for (size_t i = from; i < std::min(live.size(), from + kPiece); ++i) {
      const ResourcePtr before = TRY(Read(live[i]));
      set->changes.push_back({MakeTombstone(before->type, before->id, before->version + 1), before, 0});
    }
    count += set->changes.size();
    TRY(SubmitAndWait(std::move(set)));
  }
  return count;
}

// The fact in the log, then the key, the contents, and what views and memory hold.
Status EngineImpl::AppendErasure(OwnerNumber owner) {
  auto fact = std::make_unique<ChangeSet>();
  fact->basis = Head();
  fact->by_eraser = true;
  fact->changes.push_back({nullptr, nullptr, owner});
  const Commit commit = TRY(SubmitAndWait(std::move(fact)));
  TRY(log::EraseOwner(keys_.get(), contents_.get(), owner, commit.at_us));
  texts_.Drop(owner);
  for (auto& view : views_) TRY(view->Forget(owner));
  if (rebuilder_ != nullptr) TRY(rebuilder_->Forget(owner));
  return writer_.load(std::memory_order_acquire)->ForgetRecent();
}

Result<uint64_t> EngineImpl::Erase(std::string_view owner_name, const LastLook& look) {
  Writer* writer = writer_.load(std::memory_order_acquire);
  if (writer == nullptr) return MakeError(ErrorCode::kUnavailable, "the server is still reading its log");
  const OwnerNumber owner = TRY(keys_->Find(owner_name));
  if (owner == 0) return MakeError(ErrorCode::kNotFound, "no record of such a person was ever kept here");
  // While this lock is held no view is saved, so a crash in between leaves the fact of erasure in the replay tail, where it is finished.
  const std::lock_guard lock(save_mutex_);
  if (keys_->IsDestroyed(owner)) return uint64_t{0};
  const uint64_t person = KeyOf(owner_name);
  TRY(writer->BlockOwner(owner, person));
  if (Status allowed = look ? look(Head()) : Status(); !allowed.ok()) {
    TRY(writer->UnblockOwner(owner, person));
    return allowed.TakeError();
  }
  const uint64_t count = TRY(DeleteAllOf(owner));
  TRY(AppendErasure(owner));
  return count;
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
    TRY(SubmitPrepared(std::make_unique<ChangeSet>(TRY(BlindDeletes(piece)))));
  }
  return AppendErasure(owner);
}

Status EngineImpl::ReplayErasures() {
  const std::vector<OwnerNumber> missing = TRY(log::ErasuresToReplay(*log_, *keys_));
  const std::lock_guard lock(save_mutex_);
  for (const OwnerNumber owner : missing) TRY(ReplayErasure(owner));
  if (!missing.empty()) Say(LogLevel::kInfo, "erasures-replayed", {{"persons", uint64_t{missing.size()}}});
  return {};
}

}  // namespace tk::view
