// When entries of the watch-list are looked at again for alerts that no write brought: as their time begins, all as a list becomes another one, and once more
// when every write that was planned before that has ended. (A registration may be planned while an entry does not hold yet, and be committed after the
// look at it.)
// Flow:   every few seconds, one thread: Look → what was written since, for lists → Interactions::RaiseDueAlerts since the last look; every `settle_ms` since
//         two of these before
#pragma once

#include <atomic>

#include "kernel/interaction/interaction.h"

namespace tk::interaction {

class DueAlerts {
 public:
  /// All outlive it. `settle_ms`: no write takes longer from its plan to its commit.
  DueAlerts(const view::Engine* engine, const Interactions* interactions, const Clock* clock,
            int64_t settle_ms);

  /// The next look, and the one when writes have settled, is at all entries that hold: the rules are others. The first look is such a one. Any thread.
  void LookAtAll() { wants_all_ = true; }
  /// Errors: those of RaiseDueAlerts; the next look is then at the same and at what has become due since.
  Status Look();

 private:
  /// Has a list become another one since? Then all its entries may mean something else.
  void LookForLists();

  const view::Engine* const engine_;
  const Interactions* const interactions_;
  const Clock* const clock_;
  const int64_t settle_us_;
  const fhir::TypeId list_;
  std::unique_ptr<view::Follower> follower_;
  Instant since_us_ = INT64_MIN, settled_us_;
  bool settles_all_ = false;
  std::atomic<bool> wants_all_{false};
};

}  // namespace tk::interaction
