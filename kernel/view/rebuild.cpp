#include "kernel/view/rebuild.h"

#include <algorithm>

#include "kernel/base/diagnostics.h"

namespace tk::view {
namespace {

// The most that the writer waits for: half a piece, and what came while it finished its group.
constexpr Ordinal kPauseEntries = 6000;
constexpr size_t kMemoryMax = size_t{768} << 20;

// Half of the processors: those who ask come first.
int Threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency() / 2, 1u, 4u)); }

}  // namespace

void Rebuilder::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Rebuilder::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Rebuilder::Ask(size_t slot, std::string why) {
  const std::lock_guard lock(mutex_);
  Progress& progress = slots_.at(slot).progress;
  if (progress.wanted || progress.running) return false;
  progress.wanted = true;
  progress.why = std::move(why);
  changed_.notify_all();
  return true;
}

Rebuilder::Progress Rebuilder::progress(size_t slot) const {
  const std::lock_guard lock(mutex_);
  return slots_.at(slot).progress;
}

// All that is wanted at this moment goes into one pass. False: the end.
bool Rebuilder::Wait(std::vector<size_t>* wanted) {
  std::unique_lock lock(mutex_);
  auto any = [&] {
    return std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.progress.wanted; });
  };
  changed_.wait(lock, [&] { return stopping_ || any(); });
  if (stopping_) return false;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    Progress& progress = slots_[slot].progress;
    if (!progress.wanted) continue;
    progress.wanted = false;
    progress.running = true;
    progress.at = 1;
    progress.t = 0;
    progress.end = std::max<Ordinal>(1, parts_.writer->head().end_ordinal);
    wanted->push_back(slot);
  }
  return true;
}

void Rebuilder::Loop() {
  std::vector<size_t> wanted;
  while (Wait(&wanted)) {
    for (size_t slot : wanted) {
      const std::string why = progress(slot).why;
      Say(LogLevel::kInfo, "view-rebuild-begins",
          {{"view", Serving(slot)->name()}, {"why", std::string_view(why)}});
    }
    const Status how = Pass(wanted);
    End(wanted, how);
    wanted.clear();
    if (how.ok()) continue;
    // A full disk, a database away: what was asked for stays asked for.
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::microseconds(parts_.retry_us), [&] { return stopping_; });
  }
}

void Rebuilder::End(const std::vector<size_t>& wanted, const Status& how) {
  const std::string failure = how.ok() ? std::string() : how.error().ToString();
  for (size_t slot : wanted) {
    {
      const std::lock_guard piece(piece_mutex_);
      slots_[slot].next = nullptr;
      if (!how.ok()) Serving(slot)->DropRebuild();
    }
    const std::lock_guard lock(mutex_);
    Progress& progress = slots_[slot].progress;
    progress.running = false;
    progress.failure = failure;
    if (how.ok()) {
      Say(LogLevel::kInfo, "view-rebuilt-beside", {{"view", Serving(slot)->name()}, {"t", progress.t}});
    } else if (!stopping_) {
      progress.wanted = true;
      Say(LogLevel::kWarning, "view-rebuild-failed",
          {{"view", Serving(slot)->name()}, {"why", std::string_view(failure)}});
    }
  }
}

std::vector<View*> Rebuilder::Next(const std::vector<size_t>& wanted) const {
  std::vector<View*> out;
  for (size_t slot : wanted) out.push_back(slots_[slot].next);
  return out;
}

Status Rebuilder::Pass(const std::vector<size_t>& wanted) {
  TRY(Begin(wanted));
  while (true) {
    TRY(Feed(wanted));
    TRY(Probe("switch"));
    if (TRY(Switch(wanted))) return {};
  }
}

Status Rebuilder::Begin(const std::vector<size_t>& wanted) {
  const std::lock_guard piece(piece_mutex_);
  at_ = 1;
  at_t_ = 0;
  for (size_t slot : wanted) slots_[slot].next = TRY(Serving(slot)->BeginRebuild());
  return Probe("begin");
}

Status Rebuilder::Feed(const std::vector<size_t>& wanted) {
  for (;;) {
    const Ordinal end = parts_.writer->head().end_ordinal;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return MakeError(ErrorCode::kUnavailable, "the server is stopping");
      for (size_t slot : wanted) {
        Progress& progress = slots_[slot].progress;
        progress.at = at_;
        progress.t = at_t_;
        progress.end = end;
      }
    }
    for (size_t slot : wanted) Serving(slot)->RebuildReached(at_, end);
    if (end - at_ <= parts_.piece_entries / 2) return {};
    TRY(Piece(wanted, std::min(end, at_ + parts_.piece_entries)));
    TRY(Probe("piece"));
  }
}

Status Rebuilder::Piece(const std::vector<size_t>& wanted, Ordinal end) {
  const std::vector<View*> next = Next(wanted);
  {
    const std::lock_guard piece(piece_mutex_);
    const uint64_t t = TRY(FeedAside(*parts_.catch_up, next, at_, end, Threads()));
    at_ = end;
    if (t != 0) at_t_ = t;
  }
  for (View* view : next) {
    while (view->Maintain()) {
    }
    if (view->memory_bytes() > kMemoryMax)
      return MakeError(ErrorCode::kUnavailable,
                       "the new files of a view cannot be written (is the disk full?)");
  }
  return {};
}

// False: too much has come meanwhile; feed on and try again.
Result<bool> Rebuilder::Switch(const std::vector<size_t>& wanted) {
  const std::lock_guard no_saves_nor_erasures(*parts_.save_mutex);
  bool switched = false;
  TRY(parts_.writer->SwitchViews([&](const log::Head& head) -> Result<bool> {
    if (head.next_ordinal - at_ > kPauseEntries) return false;
    const std::vector<View*> next = Next(wanted);
    TRY(FeedAside(*parts_.catch_up, next, at_, head.next_ordinal, Threads()));
    for (View* view : next) view->Publish(head.t, head.next_ordinal);
    for (size_t slot : wanted) Serving(slot)->SwitchOver();
    switched = true;
    const std::lock_guard lock(mutex_);
    for (size_t slot : wanted) {
      Progress& progress = slots_[slot].progress;
      progress.at = progress.end = head.next_ordinal;
      progress.t = head.t;
    }
    return true;
  }));
  if (!switched) return false;
  for (size_t slot : wanted) slots_[slot].next = nullptr;
  TRY(Probe("saved"));
  // Not saved (a full disk): the next save of the views tries again; until then a restart begins with the old files.
  if (Status saved = parts_.save(); !saved.ok()) SayError("views-not-saved", saved.error());
  return true;
}

Status Rebuilder::Forget(std::span<const OwnerNumber> owners) {
  const std::lock_guard piece(piece_mutex_);
  for (const Slot& slot : slots_) {
    if (slot.next == nullptr) continue;
    // As if the facts came here: what is not yet in runs is sealed into one, so that it is rewritten.
    for (const OwnerNumber owner : owners) {
      Change change;
      change.erased_owner = owner;
      const auto prepared = TRY(slot.next->Prepare(change));
      if (prepared != nullptr) slot.next->Apply(change, *prepared, at_);
    }
    slot.next->Publish(at_t_, at_);
    TRY(slot.next->Forget(owners));
  }
  return {};
}

}  // namespace tk::view
