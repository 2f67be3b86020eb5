#include "kernel/search/area_counts.h"

#include <algorithm>

namespace tk::search {

AreaShares SharesOf(std::vector<std::pair<uint64_t, int64_t>> numbers) {
  std::sort(numbers.begin(), numbers.end());
  AreaShares shares;
  int64_t sum = 0;
  for (const auto& [area, number] : numbers) {
    sum += number;
    if (!shares.empty() && shares.back().first == area)
      shares.back().second = sum;
    else
      shares.emplace_back(area, sum);
  }
  shares.shrink_to_fit();
  return shares;
}

namespace {

/// Sum of all areas below `area`.
int64_t Below(const AreaShares& shares, uint64_t area) {
  const auto at = std::lower_bound(shares.begin(), shares.end(), area,
                                   [](const auto& share, uint64_t a) { return share.first < a; });
  return at == shares.begin() ? 0 : std::prev(at)->second;
}

int64_t At(const AreaShares& shares, uint64_t area) { return Below(shares, area + 1) - Below(shares, area); }

}  // namespace

int64_t ByContext(const AreaShares& shares) { return At(shares, view::kAreaByContext); }

int64_t InAreas(const AreaShares& shares, const view::Scope& scope) {
  const uint64_t hidden = view::kAreaHiddenBit;
  if (scope.everything) {
    const int64_t all = shares.empty() ? 0 : shares.back().second - At(shares, view::kAreaByContext);
    return scope.leaves_out() ? all - (Below(shares, view::kAreaErased) - Below(shares, hidden)) : all;
  }
  const bool within = scope.area_low < scope.area_high;
  const auto holds = [&](uint64_t area) {
    return within && scope.area_low <= area && area < scope.area_high;
  };
  const auto between = [&](uint64_t low, uint64_t high) {
    return within ? Below(shares, high) - Below(shares, low) : 0;
  };
  int64_t sum = between(scope.area_low, scope.area_high);
  if (holds(view::kAreaByContext)) sum -= At(shares, view::kAreaByContext);
  if (!holds(view::kAreaPublic)) sum += At(shares, view::kAreaPublic);
  if (scope.leaves_out()) return sum;
  sum += between(scope.area_low | hidden, scope.area_high | hidden);
  return holds(view::kAreaPublic) ? sum : sum + At(shares, view::kAreaPublic | hidden);
}

/// The part for that window: kept so, or made of the parts that tile it, which it replaces. nullptr: there is a gap, or no position in it.
const AreaCounts::Part* AreaCounts::Tile(Kept* kept, const Window& window) {
  if (window.first >= window.end) return nullptr;
  const auto first = std::lower_bound(kept->parts.begin(), kept->parts.end(), window.first,
                                      [](const Part& part, uint64_t at) { return part.window.first < at; });
  if (first != kept->parts.end() && first->window == window) return &*first;
  uint64_t at = window.first;
  auto last = first;
  std::vector<std::pair<uint64_t, int64_t>> numbers;
  for (; last != kept->parts.end() && last->window.first == at && last->window.end <= window.end; ++last) {
    at = last->window.end;
    int64_t before = 0;
    for (const auto& [area, sum] : last->shares) {
      numbers.emplace_back(area, sum - before);
      before = sum;
    }
  }
  if (at != window.end) return nullptr;
  for (auto part = first; part != last; ++part) bytes_ -= BytesOf(part->shares);
  first->window = window;
  first->shares = SharesOf(std::move(numbers));
  bytes_ += BytesOf(first->shares);
  kept->parts.erase(first + 1, last);
  return &*first;
}

AreaCounts::Known AreaCounts::Sum(const Key& key, uint64_t generation, std::span<const Window> wanted,
                                  const view::Scope& scope) {
  Known known;
  const std::lock_guard lock(mutex_);
  const auto at = keys_.find(key);
  if (at == keys_.end() || at->second.generation != generation) {
    known.tracked = at != keys_.end();
    known.missing.assign(wanted.begin(), wanted.end());
    return known;
  }
  known.tracked = true;
  at->second.used = ++now_;
  for (const Window& window : wanted) {
    if (const Part* part = Tile(&at->second, window)) {
      known.sum += InAreas(part->shares, scope);
      known.by_context += ByContext(part->shares);
    } else {
      known.missing.push_back(window);
    }
  }
  return known;
}

void AreaCounts::Keep(const Key& key, uint64_t generation, const Window& window, AreaShares shares) {
  if (window.first >= window.end) return;  // parts must lie beside each other
  const std::lock_guard lock(mutex_);
  Kept& kept = keys_[key];
  if (kept.generation > generation) return;  // worked out before the areas changed
  if (kept.generation < generation) {
    for (const Part& part : kept.parts) bytes_ -= BytesOf(part.shares);
    kept.parts.clear();
    kept.generation = generation;
  }
  kept.used = ++now_;
  // Parts of before a merge, or of after one that this question did not see yet, give way: the newest is the likeliest to be asked for.
  const auto overlaps = [&](const Part& part) {
    return part.window.first < window.end && window.first < part.window.end;
  };
  for (const Part& part : kept.parts) bytes_ -= overlaps(part) ? BytesOf(part.shares) : 0;
  std::erase_if(kept.parts, overlaps);
  bytes_ += BytesOf(shares);
  const auto at =
      std::lower_bound(kept.parts.begin(), kept.parts.end(), window.first,
                       [](const Part& part, uint64_t first) { return part.window.first < first; });
  kept.parts.insert(at, Part{window, std::move(shares)});
  if (bytes_ > bytes_max_) Shrink();
}

/// Half of what is kept goes, so that this is not done again at once.
void AreaCounts::Shrink() {
  std::vector<std::pair<uint64_t, Key>> by_use;
  for (const auto& [key, kept] : keys_) by_use.emplace_back(kept.used, key);
  std::sort(by_use.begin(), by_use.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  for (const auto& [used, key] : by_use) {
    if (bytes_ <= bytes_max_ / 2) return;
    const auto at = keys_.find(key);
    for (const Part& part : at->second.parts) bytes_ -= BytesOf(part.shares);
    keys_.erase(at);
  }
}

void AreaCounts::Clear() {
  const std::lock_guard lock(mutex_);
  keys_.clear();
  bytes_ = 0;
}

size_t AreaCounts::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_ + keys_.size() * (sizeof(Key) + sizeof(Kept));
}

}  // namespace tk::search
