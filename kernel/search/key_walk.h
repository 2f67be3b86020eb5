// Equality keys in the order of time: as a criterion, and walked.
#pragma once

#include <algorithm>
#include <vector>

#include "kernel/search/nodes.h"

namespace tk::search {

/// A positive equality over given keys (the compound); the criterion nodes have their own in nodes.cpp.
class KeysNode final : public Node {
 public:
  KeysNode(const Ground& ground, std::vector<uint64_t> keys) : ground_(ground), keys_(std::move(keys)) {}
  uint64_t Estimate() const override {
    uint64_t total = 0;
    for (uint64_t key : keys_)
      total += ground_.look.equality.CountAdds({key, 0}, {key | ~kKeyMask, ~uint64_t{0}});
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (uint64_t key : keys_) {
      if (!GatherKey(ground_.look, key, each)) return;
    }
  }
  bool Holds(Candidate& candidate) const override {
    ground_.FillTime(candidate);
    return std::any_of(keys_.begin(), keys_.end(), [&](uint64_t key) {
      return ground_.look.equality.ContainsAt(candidate.ordinal,
                                              MakeEquality(key, candidate.time, candidate.ordinal));
    });
  }
  const std::vector<uint64_t>* keys() const override { return &keys_; }

 private:
  const Ground& ground_;
  std::vector<uint64_t> keys_;
};

/// Walks several equality keys at once in the order of (time, ordinal), each pair once.
class KeyWalk {
 public:
  /// `after`: the pair to go on behind; nullptr from the start.
  KeyWalk(const Look& look, const std::vector<uint64_t>& keys, bool ascending, const Candidate* after)
      : ascending_(ascending) {
    for (uint64_t key : keys) {
      Entry16 low{key, 0}, high{key | ~kKeyMask, ~uint64_t{0}};
      if (after != nullptr) {
        Entry16 edge = MakeEquality(key, after->time, after->ordinal);
        if (ascending) {
          ++edge.b;
          low = edge;
        } else {
          --edge.b;
          high = edge;
        }
      }
      cursors_.push_back(ascending ? look.equality.Forward(low, high) : look.equality.Backward(low, high));
    }
  }
  bool Next(Candidate* out) {
    const view::Cursor<Entry16>* best = nullptr;
    for (const auto& cursor : cursors_) {
      if (cursor.valid() && (best == nullptr || Before(Pair(cursor.entry()), Pair(best->entry()))))
        best = &cursor;
    }
    if (best == nullptr) return false;
    const auto pair = Pair(best->entry());
    for (auto& cursor : cursors_) {
      while (cursor.valid() && Pair(cursor.entry()) == pair) cursor.Next();
    }
    *out = {pair.second, pair.first};
    return true;
  }

 private:
  using TimePair = std::pair<uint64_t, Ordinal>;
  static TimePair Pair(const Entry16& e) { return {TimeOf(e), OrdinalOf(e)}; }
  bool Before(const TimePair& x, const TimePair& y) const { return ascending_ ? x < y : y < x; }
  std::vector<view::Cursor<Entry16>> cursors_;
  const bool ascending_;
};

}  // namespace tk::search
