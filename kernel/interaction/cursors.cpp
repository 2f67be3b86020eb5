#include "kernel/interaction/cursors.h"

#include <algorithm>

#include "kernel/base/random.h"

namespace tk::interaction {

size_t MemoryBytes(const Cursor& cursor) {
  constexpr size_t kPlaces = 256;  // handles in three places, list and table nodes
  size_t bytes = sizeof(Cursor) + kPlaces + cursor.id.capacity() + cursor.account.capacity() +
                 cursor.search_cursor.capacity() + cursor.self.capacity();
  if (cursor.query) bytes += search::MemoryBytes(*cursor.query);
  if (cursor.sent) bytes += cursor.sent->capacity() * sizeof(view::Ordinal);
  return bytes;
}

void Cursors::Drop(std::string handle) {
  const auto slot = slots_.find(handle);
  const auto account = accounts_.find(slot->second.cursor->account);
  bytes_ -= slot->second.bytes;
  account->second.bytes -= slot->second.bytes;
  account->second.order.erase(slot->second.place_of_account);
  if (account->second.order.empty()) accounts_.erase(account);
  order_.erase(slot->second.place);
  slots_.erase(slot);
}

void Cursors::DropForRoom(size_t bytes, Instant now_us) {
  while (!order_.empty() && slots_.find(order_.front())->second.used_us + life_us_ < now_us)
    Drop(order_.front());
  while (!order_.empty() && bytes_ + bytes > bytes_max_) {
    const auto most = std::max_element(accounts_.begin(), accounts_.end(), [](const auto& a, const auto& b) {
      return a.second.bytes < b.second.bytes;
    });
    Drop(most->second.order.front());
  }
}

std::string Cursors::Keep(Cursor cursor) {
  std::string handle = NewUuid();
  handle.erase(std::remove(handle.begin(), handle.end(), '-'), handle.end());
  const size_t bytes = MemoryBytes(cursor);
  const std::lock_guard lock(mutex_);
  const Instant now = clock_->NowUs();
  DropForRoom(bytes, now);
  Account& account = accounts_[cursor.account];
  order_.push_back(handle);
  account.order.push_back(handle);
  account.bytes += bytes;
  bytes_ += bytes;
  slots_.emplace(handle, Slot{std::make_shared<const Cursor>(std::move(cursor)), bytes, now,
                              std::prev(order_.end()), std::prev(account.order.end())});
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
  Order& own = accounts_.find(account)->second.order;
  own.splice(own.end(), own, found->second.place_of_account);
  return found->second.cursor;
}

}  // namespace tk::interaction
