// The view of timers: for every live record that carries a time limit (mark.h), when the next one falls due. It folds what records say and decides
// nothing: due times were decided when the state was entered, and that one fired is a later version of the record.
// Flow:   Prepare: due before and due now (pure) → Apply, Publish: put aside, memory only → Due(), Maintain, Save: folded into the table
// Law:    a function of the live records alone; incremental equals rebuilt (timer_view_test.cpp).
// Memory: 16 bytes a timer, and up to 24 on the way to being folded: 5 M timers take about 100 MB. File: 16 bytes a timer.
// Cost:   the writer pays a look at the extensions of each version (Prepare, on workers) and a push; a fold of n timers is one pass over them.
// File:   FOLDER/timers: a line with the mark and the count, the pairs, a CRC-32C. Replaced whole.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "kernel/view/view.h"

namespace tk::workflow {

struct Timer {
  Instant due_us = 0;
  view::Ordinal ordinal = 0;  // of the record's live version
  auto operator<=>(const Timer&) const = default;
};

/// Timers in the order in which they fall due. Not thread-safe.
class TimerTable {
 public:
  void Add(const Timer& timer);
  void Remove(const Timer& timer);
  /// Those due at or before `now_us`, the first of them, that come after `after`; at most `max`.
  std::vector<Timer> Due(Instant now_us, const Timer& after, size_t max) const;
  /// Puts what came since into the sorted list, if it is worth it.
  void Fold(bool always);
  /// All, sorted; folds first.
  const std::vector<Timer>& All();
  void Assign(std::vector<Timer> sorted);
  size_t size() const { return sorted_.size() + added_.size() - removed_.size(); }
  size_t memory_bytes() const;

 private:
  std::vector<Timer> sorted_;
  std::set<Timer> added_, removed_;  // removed_: of sorted_
};

class TimerView final : public view::View {
 public:
  TimerView() = default;

  /// As TimerTable::Due, at the last published position or a later one. Any thread.
  std::vector<Timer> Due(Instant now_us, const Timer& after, size_t max) const;
  size_t size() const;

  std::string_view name() const override { return "timers"; }
  uint32_t format_version() const override { return kFormat; }
  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override;
  void Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) override;
  void Publish(uint64_t t, view::Ordinal end_ordinal) override;
  Result<view::Mark> Save(const std::string& folder, const view::Mark& mark) override;
  Result<view::Mark> Load(const std::string& folder, const view::Mark& log_head) override;
  void Clear() override;
  bool Maintain() override;
  void SetOldestPinned(view::Ordinal) override {}
  view::Standing standing() const override;
  Result<View*> BeginRebuild() override;
  void SwitchOver() override;
  void DropRebuild() override;
  size_t memory_bytes() const override;
  size_t disk_bytes() const override;

 private:
  static constexpr uint32_t kFormat = 1;
  struct Delta;
  struct Pending {
    std::vector<std::pair<Timer, bool>> changes;  // true: added
    uint64_t t = 0;
    view::Ordinal end_ordinal = 1;
  };
  void Take() const;  // under table_mutex_

  std::vector<std::pair<Timer, bool>> applied_;  // writer's thread
  mutable std::mutex mutex_;                     // held for a moment: pending_, unusable_
  mutable Pending pending_;
  bool unusable_ = false;
  mutable std::mutex table_mutex_;  // taken before mutex_; the writer never takes it
  mutable TimerTable table_;
  mutable uint64_t t_ = 0;  // of table_
  mutable view::Ordinal end_ordinal_ = 1;
  std::unique_ptr<TimerView> next_;
  std::atomic<size_t> disk_bytes_{0};
};

}  // namespace tk::workflow
