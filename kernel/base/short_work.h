// Work on a thread that others wait for and that has nobody to hand long work to by itself (a network thread): what turns out to be large once it
// is looked at is not begun there, but put off to where it may take its time.
// Flow:   who begins the work makes a ShortWork → who is about to open something large asks Refuses(bytes), and ends with an error if it does →
//         back at the beginning refused() tells that the error is none, and the work is done again elsewhere, without a ShortWork
// Cost:   Refuses reads one thread-local pointer.
#pragma once

#include <cstddef>
#include <utility>

namespace tk {

class ShortWork {
 public:
  ShortWork() : outer_(std::exchange(Mine(), this)) {}
  ~ShortWork() { Mine() = outer_; }
  ShortWork(const ShortWork&) = delete;
  ShortWork& operator=(const ShortWork&) = delete;

  static constexpr size_t kBytesMax = size_t{64} << 10;
  /// May the calling thread not open `bytes` now? Always false outside of short work.
  static bool Refuses(size_t bytes) {
    ShortWork* const mine = Mine();
    if (mine == nullptr || bytes <= kBytesMax) return false;
    return mine->refused_ = true;
  }
  bool refused() const { return refused_; }

 private:
  static ShortWork*& Mine() {
    static thread_local ShortWork* mine = nullptr;
    return mine;
  }
  ShortWork* const outer_;
  bool refused_ = false;
};

}  // namespace tk
