// The view contract. A view is a structure in memory and memory-mapped files, fed by the log in order, rebuilt from it
// at any time, never the only copy of anything. Law: incremental equals rebuilt.
// Flow:   worker: Prepare(change) (parallel, pure) → writer: Apply(prepared, ordinal) in log order → Publish(t)
//         start: Load(manifest) or empty → replay the tail with the same Prepare and Apply
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/view/change.h"

namespace tk::view {

/// What a view worked out from one change before its place in the log was known.
class Prepared {
 public:
  virtual ~Prepared() = default;
};

/// Where a saved view stands. A saved view is discarded when any of these does not fit the log and the program.
struct Mark {
  uint32_t incarnation = 0;
  uint64_t t = 0;
  Ordinal end_ordinal = 1;  // the ordinal after the last applied entry
  uint64_t definitions_hash = 0;
  uint32_t format_version = 0;
};

/// How what a view holds stands to this program. Outdated: made by an older version or under other definitions; it answers, and is to be rebuilt.
/// Unusable: it cannot be read or is damaged; it answers nothing until it is rebuilt.
enum class Standing : uint8_t { kSound, kOutdated, kUnusable };

class View {
 public:
  virtual ~View() = default;
  virtual std::string_view name() const = 0;
  virtual uint32_t format_version() const = 0;

  /// Pure and thread-safe; reads neither clock nor random numbers. The expensive part.
  virtual Result<std::unique_ptr<Prepared>> Prepare(const Change& change) const = 0;
  /// Writer's thread only, in log order, memory only (never waits for a file). `change.now->ordinal` is not read: `ordinal` is the truth.
  virtual void Apply(const Change& change, const Prepared& prepared, Ordinal ordinal) = 0;
  /// The transaction whose first entry has `first_ordinal` carried this idempotency or consumer key (0 = none). The writer's thread, after its Applies.
  virtual void ApplyKey(uint64_t key, Ordinal first_ordinal) {
    (void)key;
    (void)first_ordinal;
  }
  /// Makes everything applied so far visible to readers at once.
  virtual void Publish(uint64_t t, Ordinal end_ordinal) = 0;

  /// Saves what is published into `folder` (files first, manifest renamed last). Any thread but only one at a time; readers and writer go on.
  /// The view records t and end_ordinal of ITS OWN state as saved (the last Publish it contains, exactly); of `mark` it takes the incarnation
  /// and the definitions hash. Returns the mark as recorded.
  virtual Result<Mark> Save(const std::string& folder, const Mark& mark) = 0;
  /// Loads; kNotFound if nothing is saved, kCorrupt / kConflict if damaged, foreign or ahead of `log_head`: the caller rebuilds, at once (Clear and
  /// replay) or beside (then the view is unusable meanwhile).
  virtual Result<Mark> Load(const std::string& folder, const Mark& log_head) = 0;
  /// Back to empty.
  virtual void Clear() = 0;
  /// Background work (merges, checks of loaded files). Called by the engine's maintenance thread about once a second; returns true if there is more to do at once.
  virtual bool Maintain() { return false; }
  /// Rewrites every file and buffer that holds text of these owners' entries (an erased person's folded names, say); returns when none is left.
  /// Ascending, each once.
  virtual Status Forget(std::span<const OwnerNumber> owners) {
    (void)owners;
    return {};
  }
  /// Readers may still look at positions >= `ordinal`: what died before it may be dropped by merges.
  virtual void SetOldestPinned(Ordinal ordinal) = 0;

  virtual Standing standing() const { return Standing::kSound; }
  /// Begins a second generation beside what serves: empty, its files in a place of their own. Who asked feeds and maintains what is returned; it
  /// lives until SwitchOver or DropRebuild. Errors: kUnsupported for a view that is rebuilt only at a start.
  virtual Result<View*> BeginRebuild() {
    return MakeError(ErrorCode::kUnsupported, "this view is rebuilt only at a start");
  }
  /// How far it is, for those who ask what only the second generation can answer. Any thread.
  virtual void RebuildReached(Ordinal at, Ordinal end) {
    (void)at;
    (void)end;
  }
  /// Writer's thread; the second generation stands where the first does. From now on it serves; the next Save makes it last and removes the
  /// former's files.
  virtual void SwitchOver() {}
  /// Gives the second generation up and removes its files.
  virtual void DropRebuild() {}

  virtual size_t memory_bytes() const = 0;
  virtual size_t disk_bytes() const = 0;
};

}  // namespace tk::view
