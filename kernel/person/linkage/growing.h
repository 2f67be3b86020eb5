// A vector of plain values that never moves what it has: growing costs the same always, however much is there, and leaves no room unused but part of
// one block. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace tk::person::linkage {

template <class T>
class Growing {
 public:
  T& operator[](size_t i) { return blocks_[i / kBlock][i % kBlock]; }
  const T& operator[](size_t i) const { return blocks_[i / kBlock][i % kBlock]; }
  void push_back(const T& value) {
    if (size_ == blocks_.size() * kBlock) blocks_.push_back(std::make_unique<T[]>(kBlock));
    (*this)[size_++] = value;
  }
  T& back() { return (*this)[size_ - 1]; }
  /// Only more.
  void GrowTo(size_t size, const T& value) {
    while (size_ < size) push_back(value);
  }
  size_t size() const { return size_; }
  size_t bytes() const {
    return blocks_.size() * kBlock * sizeof(T) + blocks_.capacity() * sizeof(blocks_[0]);
  }

 private:
  static constexpr size_t kBlock = size_t{1} << 14;
  std::vector<std::unique_ptr<T[]>> blocks_;
  size_t size_ = 0;
};

}  // namespace tk::person::linkage
