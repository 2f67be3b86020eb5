// How many entries of one key lie in which area, run by run: what a count in an area is summed from.
// A run never changes, and neither does the sum of its adds and antis by area: it is worked out once, kept, and added up. When runs are merged, the
//   parts that tile the merged window are added; pairs that the merge dropped came to nothing before, too. So a count costs two binary searches a
//   run, whatever its size, and what was written since is looked at one by one (it lies in the tail and in young, small runs).
// Areas belong to owners and may change: then everything kept is of a former generation (view::Directory::AreasGeneration) and is not used.
// Memory: at most `bytes_max`; what was not asked for the longest time goes first. Thread-safe; a lock is held for a sum.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel/view/directory.h"

namespace tk::search {

/// Entries by area, ascending, each with the sum of its own and all before it. Owner-less and public ones are area 1 (view::kAreaPublic); what is marked as hidden counts beside its area (view::kAreaHiddenBit).
using AreaShares = std::vector<std::pair<uint64_t, int64_t>>;
/// Adds up (area, number) pairs in any order.
AreaShares SharesOf(std::vector<std::pair<uint64_t, int64_t>> numbers);
/// What a scope of areas sees of them, without those that stand where another record stands.
int64_t InAreas(const AreaShares& shares, const view::Scope& scope);
/// How many those are: where they lie is not kept, for it may change at any time (view::kAreaByContext).
int64_t ByContext(const AreaShares& shares);

class AreaCounts {
 public:
  /// `word`: the first word of the key's entries; `family` parts the families.
  struct Key {
    uint64_t word = 0;
    uint32_t family = 0;
    bool operator==(const Key&) const = default;
  };
  /// Half-open positions whose changes a run holds.
  struct Window {
    uint64_t first = 0, end = 0;
    bool operator==(const Window&) const = default;
  };
  struct Known {
    int64_t sum = 0, by_context = 0;
    bool tracked = false;         // something is kept of this key
    std::vector<Window> missing;  // of the wanted ones
  };

  /// `alone_max`: so few entries of a run, under a key of which nothing is kept yet, are rather looked at again than kept.
  AreaCounts(size_t bytes_max, uint64_t alone_max) : bytes_max_(bytes_max), alone_max_(alone_max) {}
  uint64_t alone_max() const { return alone_max_; }

  /// The sum over those wanted windows that are kept, or are tiled by kept ones. Windows without a position are never kept.
  Known Sum(const Key& key, uint64_t generation, std::span<const Window> wanted, const view::Scope& scope);
  void Keep(const Key& key, uint64_t generation, const Window& window, AreaShares shares);
  void Clear();
  size_t memory_bytes() const;

 private:
  struct Part {
    Window window;
    AreaShares shares;
  };
  struct Kept {
    uint64_t generation = 0, used = 0;
    std::vector<Part> parts;  // ascending, none overlaps another
  };
  struct Hash {
    size_t operator()(const Key& key) const { return key.word ^ (uint64_t{key.family} << 7); }
  };
  static size_t BytesOf(const AreaShares& shares) {
    return sizeof(Part) + shares.size() * sizeof(AreaShares::value_type);
  }
  const Part* Tile(Kept* kept, const Window& window);
  void Shrink();

  const size_t bytes_max_;
  const uint64_t alone_max_;
  mutable std::mutex mutex_;
  std::unordered_map<Key, Kept, Hash> keys_;
  size_t bytes_ = 0;
  uint64_t now_ = 0;  // counts questions
};

}  // namespace tk::search
