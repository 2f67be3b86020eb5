#include "kernel/workflow/timer_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <sstream>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"
#include "kernel/view/manifest.h"
#include "kernel/workflow/mark.h"
#include "kernel/workflow/schedule.h"

namespace tk::workflow {
namespace {

constexpr std::string_view kTimersFile = "/timers", kTimersMagic = "tongkang-timers";
constexpr size_t kTimersBytesMax = size_t{4} << 30;
constexpr size_t kFoldMin = 4096, kFoldPart = 8;  // folded when an eighth of the table is beside it

}  // namespace

void TimerTable::Add(const Timer& timer) {
  if (removed_.erase(timer) == 0) added_.insert(timer);
}

void TimerTable::Remove(const Timer& timer) {
  if (added_.erase(timer) == 0 && std::binary_search(sorted_.begin(), sorted_.end(), timer))
    removed_.insert(timer);
}

std::vector<Timer> TimerTable::Due(Instant now_us, const Timer& after, size_t max) const {
  std::vector<Timer> due;
  auto old = std::upper_bound(sorted_.begin(), sorted_.end(), after);
  auto added = added_.upper_bound(after);
  while (due.size() < max) {
    while (old != sorted_.end() && removed_.contains(*old)) ++old;
    const bool takes_old = old != sorted_.end() && (added == added_.end() || *old < *added);
    if (!takes_old && added == added_.end()) break;
    const Timer next = takes_old ? *old++ : *added++;
    if (next.due_us > now_us) break;
    due.push_back(next);
  }
  return due;
}

void TimerTable::Fold(bool always) {
  const size_t beside = added_.size() + removed_.size();
  if (beside == 0 || (!always && beside < std::max(kFoldMin, sorted_.size() / kFoldPart))) return;
  std::vector<Timer> folded;
  folded.reserve(size());
  auto added = added_.begin();
  for (const Timer& timer : sorted_) {
    for (; added != added_.end() && *added < timer; ++added) folded.push_back(*added);
    if (!removed_.contains(timer)) folded.push_back(timer);
  }
  folded.insert(folded.end(), added, added_.end());
  Assign(std::move(folded));
}

const std::vector<Timer>& TimerTable::All() {
  Fold(true);
  return sorted_;
}

void TimerTable::Assign(std::vector<Timer> sorted) {
  sorted_ = std::move(sorted);
  added_.clear();
  removed_.clear();
}

size_t TimerTable::memory_bytes() const {
  constexpr size_t kNodeBytes = 64;
  return sorted_.capacity() * sizeof(Timer) + (added_.size() + removed_.size()) * kNodeBytes;
}

struct TimerView::Delta final : view::Prepared {
  std::optional<Instant> before, now;
};

Result<std::unique_ptr<view::Prepared>> TimerView::Prepare(const view::Change& change) const {
  const auto due_of = [](const view::ResourcePtr& resource) {
    if (resource == nullptr) return std::optional<Instant>();
    const auto limit = NextDue(resource->document.Root()), turn = NextTurn(resource->document.Root());
    return limit && turn ? std::min(limit, turn) : limit ? limit : turn;
  };
  auto delta = std::make_unique<Delta>();
  delta->before = due_of(change.before);
  delta->now = due_of(change.now);
  return std::unique_ptr<view::Prepared>(std::move(delta));
}

void TimerView::Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) {
  const auto& delta = static_cast<const Delta&>(prepared);
  if (delta.before) applied_.push_back({{*delta.before, change.before->ordinal}, false});
  if (delta.now) applied_.push_back({{*delta.now, ordinal}, true});
}

void TimerView::Publish(uint64_t t, view::Ordinal end_ordinal) {
  const std::lock_guard lock(mutex_);
  pending_.changes.insert(pending_.changes.end(), applied_.begin(), applied_.end());
  pending_.t = t;
  pending_.end_ordinal = end_ordinal;
  applied_.clear();
}

void TimerView::Take() const {
  Pending pending;
  {
    const std::lock_guard lock(mutex_);
    pending = std::exchange(pending_, {{}, pending_.t, pending_.end_ordinal});
  }
  if (pending.t != 0) {
    t_ = pending.t;
    end_ordinal_ = pending.end_ordinal;
  }
  for (const auto& [timer, is_added] : pending.changes) {
    if (is_added)
      table_.Add(timer);
    else
      table_.Remove(timer);
  }
  table_.Fold(false);
}

std::vector<Timer> TimerView::Due(Instant now_us, const Timer& after, size_t max) const {
  const std::lock_guard one(table_mutex_);
  Take();
  return table_.Due(now_us, after, max);
}

size_t TimerView::size() const {
  const std::lock_guard one(table_mutex_);
  Take();
  return table_.size();
}

bool TimerView::Maintain() {
  const std::lock_guard one(table_mutex_);
  Take();
  return false;
}

Result<view::Mark> TimerView::Save(const std::string& folder, const view::Mark& mark) {
  view::Mark saved = mark;
  saved.format_version = kFormat;
  std::string bytes;
  {
    const std::lock_guard one(table_mutex_);
    Take();
    saved.t = t_;
    saved.end_ordinal = end_ordinal_;
    const std::vector<Timer>& all = table_.All();
    bytes = fmt::format("{} {} {} {} {} {}\n", kTimersMagic, saved.format_version, saved.incarnation, saved.t,
                        saved.end_ordinal, all.size());
    for (const Timer& timer : all) {
      const uint64_t pair[2] = {static_cast<uint64_t>(timer.due_us), timer.ordinal};
      bytes.append(reinterpret_cast<const char*>(pair), sizeof pair);
    }
  }
  const uint32_t checksum = Crc32c(AsBytes(bytes));
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  TRY(WriteFileDurable(folder + std::string(kTimersFile), bytes));
  disk_bytes_.store(bytes.size());
  return saved;
}

namespace {

struct SavedTimers {
  view::Mark mark;
  std::vector<Timer> timers;
  size_t bytes = 0;
};

Result<SavedTimers> ReadTimers(const std::string& path) {
  const std::string bytes = TRY(ReadFile(path, kTimersBytesMax));
  const auto damaged = [] { return MakeError(ErrorCode::kCorrupt, "the saved timers are damaged"); };
  uint32_t checksum = 0;
  if (bytes.size() < sizeof checksum) return damaged();
  const std::string_view body(bytes.data(), bytes.size() - sizeof checksum);
  std::memcpy(&checksum, bytes.data() + body.size(), sizeof checksum);
  const size_t line = body.find('\n');
  if (checksum != Crc32c(AsBytes(body)) || line == std::string_view::npos) return damaged();
  std::istringstream head{std::string(body.substr(0, line))};
  std::string magic;
  SavedTimers saved;
  size_t count = 0;
  head >> magic >> saved.mark.format_version >> saved.mark.incarnation >> saved.mark.t >>
      saved.mark.end_ordinal >> count;
  uint64_t pair[2];
  if (!head || magic != kTimersMagic || body.size() - line - 1 != count * sizeof pair) return damaged();
  saved.timers.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(pair, body.data() + line + 1 + i * sizeof pair, sizeof pair);
    saved.timers.push_back({static_cast<Instant>(pair[0]), pair[1]});
  }
  if (!std::is_sorted(saved.timers.begin(), saved.timers.end())) return damaged();
  saved.bytes = bytes.size();
  return saved;
}

}  // namespace

Result<view::Mark> TimerView::Load(const std::string& folder, const view::Mark& log_head) {
  const auto read = [&]() -> Result<SavedTimers> {
    SavedTimers saved = TRY(ReadTimers(folder + std::string(kTimersFile)));
    // What is read of a record does not depend on the definitions.
    saved.mark.definitions_hash = log_head.definitions_hash;
    view::Mark head = log_head;
    head.format_version = kFormat;
    TRY(view::CheckMark(saved.mark, head));
    return saved;
  };
  auto saved = read();
  const std::lock_guard one(table_mutex_);
  const std::lock_guard lock(mutex_);
  unusable_ = !saved.ok();
  if (!saved.ok()) return saved.TakeError();
  disk_bytes_.store(saved->bytes);
  table_.Assign(std::move(saved->timers));
  t_ = saved->mark.t;
  end_ordinal_ = saved->mark.end_ordinal;
  pending_ = {{}, t_, end_ordinal_};
  return saved->mark;
}

void TimerView::Clear() {
  applied_.clear();
  const std::lock_guard one(table_mutex_);
  const std::lock_guard lock(mutex_);
  unusable_ = false;
  pending_ = {};
  t_ = 0;
  end_ordinal_ = 1;
  table_.Assign({});
}

view::Standing TimerView::standing() const {
  const std::lock_guard lock(mutex_);
  return unusable_ ? view::Standing::kUnusable : view::Standing::kSound;
}

// The second generation is in memory alone: Save writes the first one's file when it has switched.
Result<view::View*> TimerView::BeginRebuild() {
  next_ = std::make_unique<TimerView>();
  return next_.get();
}

void TimerView::SwitchOver() {
  CHECK(next_ != nullptr);
  const std::unique_ptr<TimerView> next = std::move(next_);
  applied_.clear();
  const std::scoped_lock tables(table_mutex_, next->table_mutex_);
  const std::scoped_lock lock(mutex_, next->mutex_);
  unusable_ = false;
  pending_ = std::move(next->pending_);
  table_ = std::move(next->table_);
  t_ = next->t_;
  end_ordinal_ = next->end_ordinal_;
}

void TimerView::DropRebuild() { next_.reset(); }

size_t TimerView::memory_bytes() const {
  const std::lock_guard one(table_mutex_);
  const std::lock_guard lock(mutex_);
  return table_.memory_bytes() + pending_.changes.capacity() * sizeof(pending_.changes[0]);
}

size_t TimerView::disk_bytes() const { return disk_bytes_.load(); }

}  // namespace tk::workflow
