// Bytes that all connections together may hold at one time: of large request bodies, sent or unpacked; of large answers that wait for their
// reader. An account may hold as much as is left free: one alone half, two a third each, and there is always room for one who comes anew.
// Cost: what is small is not counted and costs a comparison; else a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace tk::http {

/// Thread-safe.
class ByteBudget {
 public:
  static constexpr uint64_t kCounted = uint64_t{64} << 10;  // what is not larger than this is not counted
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }
  /// Would so much fit in for `account`?
  bool HasRoom(const std::string& account, uint64_t bytes) const;
  /// The account holds so much that nothing more fits in; never true of one that holds nothing.
  bool IsFull(const std::string& account) const;

 private:
  friend class ByteHold;
  bool Take(const std::string& account, uint64_t bytes, bool anyhow);
  void Give(const std::string& account, uint64_t bytes);
  bool Fits(const std::string& account, uint64_t bytes) const;

  const uint64_t bytes_max_;
  std::atomic<uint64_t> taken_{0};  // written under the lock
  mutable std::mutex mutex_;
  std::unordered_map<std::string, uint64_t> by_account_;
};

/// What one request holds of a budget; given back when it goes. One thread at a time.
class ByteHold {
 public:
  /// `budget` null: without limit.
  explicit ByteHold(ByteBudget* budget) : budget_(budget) {}
  ByteHold(const ByteHold&) = delete;
  ByteHold& operator=(const ByteHold&) = delete;
  ~ByteHold() { Release(); }
  /// Holds `bytes` in all, for an account that is the same until Release. False: that is too much, and no more is held than before.
  bool Reach(const std::string& account, uint64_t bytes) { return Grow(account, bytes, false); }
  /// The same, counted also when it is too much: for what cannot be refused any more.
  void ReachAnyhow(const std::string& account, uint64_t bytes) { (void)Grow(account, bytes, true); }
  /// Holds no more than `bytes` from now on.
  void Shrink(uint64_t bytes);
  void Release() { Shrink(0); }

 private:
  bool Grow(const std::string& account, uint64_t bytes, bool anyhow);
  ByteBudget* const budget_;
  std::string account_;
  uint64_t held_ = 0;
};

}  // namespace tk::http
