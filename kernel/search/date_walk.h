// Resources in the order of a date parameter, by the second in which a value begins: as candidates for a page that is sorted by it.
// Each resource comes first by its least value (backwards: its greatest), and again by its others. Within a second the order is the index's own: whoever
// takes one of a second takes all of it, and puts them in order by the values themselves (orderer.h). Resources without a value do not come.
// Cost: a step of some cursors, one for each source and class of durations.
#pragma once

#include <vector>

#include "kernel/search/nodes.h"

namespace tk::search {

class DateWalk {
 public:
  DateWalk(const Look& look, const Extractor::Parameter& parameter, bool ascending) : ascending_(ascending) {
    for (const Extractor::Source& source : parameter.sources) {
      for (int c = 0; c < kDurationClasses; ++c) {
        const Entry24 low = DateBound(source.parameter, c, kTimeMin);
        Entry24 high = low;
        high.a |= kSecondMask;
        high.b = high.c = ~uint64_t{0};
        auto cursor = ascending ? look.ordered.Forward(low, high) : look.ordered.Backward(low, high);
        if (cursor.valid()) cursors_.push_back(std::move(cursor));
      }
    }
  }

  /// `second`: order-keeping, of where the value begins. False: there are no more.
  bool Next(Ordinal* ordinal, uint64_t* second) {
    view::Cursor<Entry24>* best = nullptr;
    for (auto& cursor : cursors_) {
      if (cursor.valid() && (best == nullptr || Before(SecondOf(cursor.entry()), SecondOf(best->entry()))))
        best = &cursor;
    }
    if (best == nullptr) return false;
    *ordinal = best->entry().c & kOrdinalMask;
    *second = SecondOf(best->entry());
    best->Next();
    return true;
  }

 private:
  static constexpr uint64_t kSecondMask = (uint64_t{1} << 45) - 1;
  static uint64_t SecondOf(const Entry24& entry) { return entry.a & kSecondMask; }
  bool Before(uint64_t x, uint64_t y) const { return ascending_ ? x < y : y < x; }
  const bool ascending_;
  std::vector<view::Cursor<Entry24>> cursors_;
};

}  // namespace tk::search
