#include "kernel/fhir/profile_turns.h"

#include <algorithm>

#include "kernel/base/error.h"

namespace tk::fhir {

void ProfileTurns::RestOn(size_t depth) {
  if (!open_.empty()) open_.back().rests_on = std::min(open_.back().rests_on, depth);
}

bool ProfileTurns::Assume(const Turn& turn) {
  const auto begun =
      std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.turn == turn; });
  if (begun == open_.end()) return false;
  RestOn(static_cast<size_t>(begun - open_.begin()));
  return true;
}

std::optional<bool> ProfileTurns::Find(const Turn& turn) {
  const auto place = places_.find(KeyOf(turn));
  if (place == places_.end()) return std::nullopt;
  const Found& found = found_[place->second];
  if (found.rests_on != kNothing) RestOn(found.rests_on);
  return found.holds;
}

void ProfileTurns::Begin(const Turn& turn) { open_.push_back({turn, kNothing, found_.size(), false}); }

void ProfileTurns::End(bool holds, bool keep) {
  CHECK(!open_.empty());
  const Open ended = open_.back();
  open_.pop_back();
  const size_t depth = open_.size();
  // That it rests on itself is no condition.
  const size_t rests_on = ended.rests_on < depth ? ended.rests_on : kNothing;
  if (!holds || ended.is_cut) {
    ForgetBroken(ended.first);
  } else {
    for (size_t i = ended.first; i < found_.size(); ++i) {
      if (found_[i].rests_on == depth) found_[i].rests_on = rests_on;
    }
  }
  if (rests_on != kNothing) RestOn(rests_on);
  if (ended.is_cut && !open_.empty()) open_.back().is_cut = true;
  if (!keep || ended.is_cut || places_.contains(KeyOf(ended.turn))) return;
  places_.emplace(KeyOf(ended.turn), found_.size());
  found_.push_back({ended.turn, holds, rests_on});
}

/// What rests on nothing stays.
void ProfileTurns::ForgetBroken(size_t first) {
  size_t next = first;
  for (size_t i = first; i < found_.size(); ++i) {
    const auto place = places_.find(KeyOf(found_[i].turn));
    if (found_[i].rests_on != kNothing) {
      places_.erase(place);
      continue;
    }
    place->second = next;
    found_[next++] = found_[i];
  }
  found_.erase(found_.begin() + static_cast<std::ptrdiff_t>(next), found_.end());
}

void ProfileTurns::Cut() {
  if (!open_.empty()) open_.back().is_cut = true;
}

void ProfileTurns::Forget() {
  found_.clear();
  places_.clear();
  for (Open& open : open_) open.first = 0;
}

}  // namespace tk::fhir
