// The orders of searches by sort keys, kept between their pages: without them each page would put all matches in order again, and of keys that stand
// in the texts (_id, tokens, references, uris) read all texts again.
// Flow:   a page that others follow keeps the order under a handle, which stands in its cursor → they take theirs from it → who was not asked for
//         longest goes when there are too many
// What is kept is an order alone: whether an entry may be seen is asked again on each page. Where it is gone, a page is made as the first was.
// Memory: 8 bytes a match; at most kAllMax of them and kCountMax orders. Thread-safe.
#pragma once

#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/base/random.h"
#include "kernel/view/directory.h"

namespace tk::search {

class Orders {
 public:
  /// Matches in order, from the one at `from` on.
  struct Order {
    view::Position position;
    view::Scope scope;
    size_t from = 0;
    bool more = false;  // there are others behind them
    std::vector<view::Ordinal> ordinals;

    size_t end() const { return from + ordinals.size(); }
    bool IsFor(const view::Position& asked, const view::Scope& viewer) const {
      return position.t == asked.t && position.end_ordinal == asked.end_ordinal &&
             scope.everything == viewer.everything && scope.area_low == viewer.area_low &&
             scope.area_high == viewer.area_high && scope.only_owner == viewer.only_owner &&
             AsksOfEach(scope) == AsksOfEach(viewer) &&
             (scope.records == nullptr) == (viewer.records == nullptr) &&
             (scope.hidden == nullptr) == (viewer.hidden == nullptr);
    }
    static bool AsksOfEach(const view::Scope& scope) {
      return scope.records != nullptr && scope.records->sees;
    }
  };
  using OrderPtr = std::shared_ptr<const Order>;
  /// Ordinals in one, and in all.
  static constexpr size_t kAloneMax = 1'000'000, kAllMax = 4'000'000;
  static constexpr size_t kCountMax = 256;

  /// nullptr: it is not kept, or for somebody else.
  OrderPtr Find(uint64_t handle, const view::Position& position, const view::Scope& scope) {
    const std::lock_guard lock(mutex_);
    const auto at =
        std::find_if(kept_.begin(), kept_.end(), [&](const auto& kept) { return kept.first == handle; });
    if (at == kept_.end() || !at->second->IsFor(position, scope)) return nullptr;
    kept_.splice(kept_.end(), kept_, at);
    return at->second;
  }
  /// Its handle, which nobody else has or had: an order is not found by what it was asked with, which may tell of persons. Never 0.
  uint64_t Keep(OrderPtr order) {
    uint64_t handle = 0;
    SystemRandom({reinterpret_cast<uint8_t*>(&handle), sizeof handle});
    handle |= 1;
    const std::lock_guard lock(mutex_);
    all_ += order->ordinals.size();
    kept_.emplace_back(handle, std::move(order));
    while (all_ > kAllMax || kept_.size() > kCountMax) {
      all_ -= kept_.front().second->ordinals.size();
      kept_.pop_front();
    }
    return handle;
  }
  void Clear() {
    const std::lock_guard lock(mutex_);
    kept_.clear();
    all_ = 0;
  }
  size_t memory_bytes() const {
    const std::lock_guard lock(mutex_);
    return all_ * sizeof(view::Ordinal);
  }

 private:
  mutable std::mutex mutex_;
  std::list<std::pair<uint64_t, OrderPtr>> kept_;  // the one asked for last is the last
  size_t all_ = 0;
};

}  // namespace tk::search
