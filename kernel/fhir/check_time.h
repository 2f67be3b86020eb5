// The time that the checks of one resource may take: all of them go by one, and look at it every so many steps.
// Flow:   a check asks Step for each thing it looks at and ends when it says no → whoever asked for the checks looks at over(): $validate tells that
//         not all was checked, a write is answered 503 and stores nothing
// A check that takes long lets others go first (kernel/base/turn.h): no lock may be held where Step is called.
#pragma once

#include <cstdint>

#include "kernel/base/clock.h"
#include "kernel/base/turn.h"

namespace tk::fhir {

class CheckTime {
 public:
  /// MonotonicUs(), 0 = none.
  explicit CheckTime(int64_t deadline_us = 0) : deadline_us_(deadline_us) {}

  /// One step, of some microseconds at most. False: the time is over. What is told from then on could be wrong, as not all was looked at: tell nothing.
  bool Step() {
    if (!over_ && steps_++ % kEvery == 0) {
      (void)Turn::Look(MonotonicUs(), deadline_us_);  // what is written is checked to its end
      over_ = Turn::IsOver(deadline_us_);
    }
    return !over_;
  }
  bool over() const { return over_; }
  uint64_t steps() const { return steps_; }

 private:
  static constexpr uint64_t kEvery = 64;
  const int64_t deadline_us_;
  uint64_t steps_ = 0;
  bool over_ = false;
};

}  // namespace tk::fhir
