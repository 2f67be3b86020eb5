#include "kernel/search/counts.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "kernel/base/turn.h"
#include "kernel/search/area_counts.h"

namespace tk::search {
namespace {

using view::Run;
using view::RunSnapshot;

Ordinal OrdinalIn(const Entry16& entry) { return OrdinalOf(entry); }
Ordinal OrdinalIn(const Entry24& entry) { return entry.a & kOrdinalMask; }  // of the sort family

/// Adds up numbers by area, in blocks for the directory.
class ShareCounter {
 public:
  explicit ShareCounter(const view::Directory& directory) : directory_(directory) {}
  /// From here on each ordinal counts for so many.
  void Begin(int64_t number) {
    Flush();
    number_ = number;
  }
  void Add(Ordinal ordinal) {
    ordinals_[size_] = ordinal;
    if (++size_ == kBlock) Flush();
  }
  AreaShares Take() {
    Flush();
    return SharesOf({sums_.begin(), sums_.end()});
  }

 private:
  static constexpr size_t kBlock = 256;
  void Flush() {
    std::array<uint64_t, kBlock> areas;
    directory_.Areas(std::span(ordinals_).first(size_), areas.data());
    for (size_t i = 0; i < size_; ++i) {
      // Neighbours often are of one person.
      if (last_ == nullptr || areas[i] != last_area_) {
        last_area_ = areas[i];
        last_ = &sums_[areas[i]];
      }
      *last_ += number_;
    }
    size_ = 0;
  }
  const view::Directory& directory_;
  std::array<Ordinal, kBlock> ordinals_;
  size_t size_ = 0;
  int64_t number_ = 1;
  std::unordered_map<uint64_t, int64_t> sums_;
  uint64_t last_area_ = 0;
  int64_t* last_ = nullptr;
};

template <class Entry>
struct Range {
  AreaCounts::Key key;
  Entry low;
  Entry high;
};

template <class Entry>
class Counter {
 public:
  Counter(const Setting& setting, const RunSnapshot<Entry>& entries, const Range<Entry>& range,
          const PageRequest& request)
      : setting_(setting), entries_(entries), range_(range), request_(request) {}

  Result<uint64_t> Count() {
    const Ordinal end = request_.position.end_ordinal;
    // Before anything is looked at: what is kept under this number is right for areas as they were then or later.
    const uint64_t generation = setting_.directory.AreasGeneration();
    std::vector<const Run<Entry>*> whole;
    for (const auto& run : entries_.runs()) {
      if (run->end_ordinal <= end)
        whole.push_back(run.get());
      else
        AddSeparately([&](bool antis, const auto& each) {
          entries_.ForRun(*run, antis, range_.low, range_.high, each);
        });
    }
    AddSeparately(
        [&](bool antis, const auto& each) { entries_.ForTail(antis, range_.low, range_.high, each); });
    if (request_.scope.all()) {
      for (const Run<Entry>* run : whole) sum_ += Net(*run);
    } else {
      TRY(AddShares(whole, generation));
    }
    return static_cast<uint64_t>(std::max<int64_t>(0, sum_));
  }

 private:
  uint64_t Size(const Run<Entry>& run) const {
    return entries_.CountOf(run, false, range_.low, range_.high) +
           entries_.CountOf(run, true, range_.low, range_.high);
  }
  int64_t Net(const Run<Entry>& run) const {
    return static_cast<int64_t>(entries_.CountOf(run, false, range_.low, range_.high)) -
           static_cast<int64_t>(entries_.CountOf(run, true, range_.low, range_.high));
  }

  /// `walk(antis, each)` gives entries; each is asked for by itself.
  template <class Walk>
  void AddSeparately(const Walk& walk) {
    const view::Position& position = request_.position;
    auto seen = [&](Ordinal ordinal) {
      return ordinal < position.end_ordinal && setting_.directory.InScope(ordinal, request_.scope);
    };
    walk(false, [&](const Entry* at, const Entry* last) {
      for (; at != last; ++at) sum_ += seen(OrdinalIn(*at)) ? 1 : 0;
    });
    walk(true, [&](const Entry* at, const Entry* last) {
      for (; at != last; ++at)
        sum_ -= seen(OrdinalIn(*at)) && !setting_.directory.Live(OrdinalIn(*at), position) ? 1 : 0;
    });
  }

  AreaShares SharesOfRun(const Run<Entry>& run) const {
    ShareCounter counter(setting_.directory);
    for (const bool antis : {false, true}) {
      counter.Begin(antis ? -1 : 1);
      entries_.ForRun(run, antis, range_.low, range_.high, [&](const Entry* at, const Entry* last) {
        for (; at != last; ++at) counter.Add(OrdinalIn(*at));
      });
    }
    return counter.Take();
  }

  Status AddShares(const std::vector<const Run<Entry>*>& runs, uint64_t generation) {
    std::vector<AreaCounts::Window> windows;
    windows.reserve(runs.size());
    for (const Run<Entry>* run : runs) windows.push_back({run->first_ordinal, run->end_ordinal});
    const AreaCounts::Known known = setting_.counts.Sum(range_.key, generation, windows, request_.scope);
    sum_ += known.sum;
    int64_t by_context = known.by_context;
    size_t at = 0;
    for (const AreaCounts::Window& window : known.missing) {
      while (windows[at] != window) ++at;  // in the same order
      const Run<Entry>& run = *runs[at++];
      const bool keep = known.tracked || Size(run) > setting_.counts.alone_max();
      AreaShares shares = SharesOfRun(run);
      sum_ += InAreas(shares, request_.scope);
      by_context += ByContext(shares);
      if (keep) setting_.counts.Keep(range_.key, generation, window, std::move(shares));
      TRY(CheckTime());
    }
    // Every one that stands was added once more than it was taken away, so where there is none, none need be looked at.
    if (by_context == 0) return {};
    for (const Run<Entry>* run : runs) {
      AddByContext(*run);
      TRY(CheckTime());
    }
    return {};
  }

  Status CheckTime() const {
    if (!Turn::IsOver(request_.deadline_us)) return {};
    return MakeError(ErrorCode::kTimeout,
                     "the search took longer than it may; it goes on from here when asked again");
  }

  /// Those that stand where another record stands, each asked for by itself.
  void AddByContext(const Run<Entry>& run) {
    for (const bool antis : {false, true}) {
      entries_.ForRun(run, antis, range_.low, range_.high, [&](const Entry* at, const Entry* last) {
        for (; at != last; ++at) {
          const Ordinal ordinal = OrdinalIn(*at);
          uint64_t area = 0;
          setting_.directory.Areas({&ordinal, 1}, &area);
          if (area == view::kAreaByContext && setting_.directory.InScope(ordinal, request_.scope))
            sum_ += antis ? -1 : 1;
        }
      });
    }
  }

  const Setting& setting_;
  const RunSnapshot<Entry>& entries_;
  const Range<Entry>& range_;
  const PageRequest& request_;
  int64_t sum_ = 0;
};

}  // namespace

Result<uint64_t> CountOfKey(const Setting& setting, const Look& look, uint64_t key,
                            const PageRequest& request) {
  constexpr uint32_t kFamily = 0;
  const Range<Entry16> range{{key, kFamily}, {key, 0}, {key | ~kKeyMask, ~uint64_t{0}}};
  return Counter<Entry16>(setting, look.equality, range, request).Count();
}

Result<uint64_t> CountOfType(const Setting& setting, const Look& look, fhir::TypeId type,
                             const PageRequest& request) {
  constexpr uint32_t kFamily = 1;
  const uint64_t slot = SortSlot(kPresenceSlot + type);
  const Range<Entry24> range{
      {slot, kFamily}, {slot, 0, 0}, {slot | kOrdinalMask, ~uint64_t{0}, ~uint64_t{0}}};
  return Counter<Entry24>(setting, look.sort, range, request).Count();
}

}  // namespace tk::search
