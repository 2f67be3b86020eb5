#include "kernel/interaction/cursors.h"

#include <algorithm>

#include "kernel/base/random.h"

namespace tk::interaction {

std::string Cursors::Keep(Cursor cursor) {
  std::string handle = NewUuid();
  handle.erase(std::remove(handle.begin(), handle.end(), '-'), handle.end());
  const std::lock_guard lock(mutex_);
  const Instant now = clock_->NowUs();
  while (!order_.empty() &&
         (slots_.size() >= entries_max_ || slots_.find(order_.front())->second.used_us + life_us_ < now)) {
    slots_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(handle);
  slots_.emplace(handle,
                 Slot{std::make_shared<const Cursor>(std::move(cursor)), now, std::prev(order_.end())});
  return handle;
}

Result<CursorPtr> Cursors::Find(const std::string& handle, const std::string& account) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(handle);
  const Instant now = clock_->NowUs();
  if (found == slots_.end() || found->second.used_us + life_us_ < now ||
      found->second.cursor->account != account) {
    return MakeIssue(ErrorCode::kGone, "expired", {},
                     "This page is no longer kept (pages are kept for 10 minutes): ask the search again from "
                     "its first page.");
  }
  found->second.used_us = now;
  order_.splice(order_.end(), order_, found->second.place);
  return found->second.cursor;
}

}  // namespace tk::interaction
