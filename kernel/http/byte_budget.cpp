#include "kernel/http/byte_budget.h"

namespace tk::http {

bool ByteBudget::Fits(const std::string& account, uint64_t bytes) const {
  const auto own = by_account_.find(account);
  const uint64_t held = own == by_account_.end() ? 0 : own->second;
  return taken_ + bytes <= bytes_max_ && held + bytes <= bytes_max_ - (taken_ + bytes);
}

bool ByteBudget::HasRoom(const std::string& account, uint64_t bytes) const {
  if (bytes <= kCounted) return true;
  const std::lock_guard<std::mutex> hold(mutex_);
  return Fits(account, bytes);
}

bool ByteBudget::IsFull(const std::string& account) const {
  if (taken() == 0) return false;  // without the lock, as nearly always
  const std::lock_guard<std::mutex> hold(mutex_);
  return by_account_.contains(account) && !Fits(account, kCounted);
}

bool ByteBudget::Take(const std::string& account, uint64_t bytes, bool anyhow) {
  const std::lock_guard<std::mutex> hold(mutex_);
  if (!anyhow && !Fits(account, bytes)) return false;
  by_account_[account] += bytes;
  taken_ += bytes;
  return true;
}

void ByteBudget::Give(const std::string& account, uint64_t bytes) {
  const std::lock_guard<std::mutex> hold(mutex_);
  taken_ -= bytes;
  const auto own = by_account_.find(account);
  own->second -= bytes;
  if (own->second == 0) by_account_.erase(own);
}

bool ByteHold::Grow(const std::string& account, uint64_t bytes, bool anyhow) {
  if (budget_ == nullptr || bytes <= ByteBudget::kCounted || bytes <= held_) return true;
  if (held_ == 0) account_ = account;
  if (!budget_->Take(account_, bytes - held_, anyhow)) return false;
  held_ = bytes;
  return true;
}

void ByteHold::Shrink(uint64_t bytes) {
  if (bytes <= ByteBudget::kCounted) bytes = 0;
  if (bytes >= held_) return;
  budget_->Give(account_, held_ - bytes);
  held_ = bytes;
}

}  // namespace tk::http
