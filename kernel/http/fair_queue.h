// A queue in which accounts take turns: each account's own things in the order they came, one of each account after the other.
// Cost: one look-up by name and one list node a thing. Not thread-safe.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tk::http {

template <typename T>
class FairQueue {
 public:
  void Push(std::string_view account, T thing) {
    auto at = lines_.find(account);
    if (at == lines_.end()) {
      at = lines_.emplace(std::string(account), std::list<T>()).first;
      order_.push_back(at);
    }
    at->second.push_back(std::move(thing));
    ++size_;
  }
  /// Before the account's others, whose turn comes after every other account's: one that has had a part of its turn and waits for the rest.
  void Return(std::string_view account, T thing) {
    auto at = lines_.find(account);
    if (at == lines_.end())
      at = lines_.emplace(std::string(account), std::list<T>()).first;
    else
      std::erase(order_, at);
    order_.push_back(at);
    at->second.push_front(std::move(thing));
    ++size_;
  }
  /// The next one; the queue is not empty.
  T Pop() {
    const auto at = order_.front();
    order_.pop_front();
    T thing = std::move(at->second.front());
    at->second.pop_front();
    --size_;
    if (at->second.empty())
      lines_.erase(at);
    else
      order_.push_back(at);
    return thing;
  }
  /// Takes this one out wherever it stands.
  void Remove(std::string_view account, const T& thing) {
    const auto at = lines_.find(account);
    if (at == lines_.end()) return;
    size_ -= at->second.remove(thing);
    if (!at->second.empty()) return;
    std::erase(order_, at);
    lines_.erase(at);
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t SizeOf(std::string_view account) const {
    const auto at = lines_.find(account);
    return at == lines_.end() ? 0 : at->second.size();
  }

 private:
  using Lines = std::map<std::string, std::list<T>, std::less<>>;
  Lines lines_;                                 // of accounts that have something waiting
  std::deque<typename Lines::iterator> order_;  // whose turn it is
  size_t size_ = 0;
};

}  // namespace tk::http
