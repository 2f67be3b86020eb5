// Packed records and entries (record.h) by place: bytes that are written once, in blocks that never move.
// Shape:  blocks of 1 MB; a place is 31 bits in units of eight bytes, so that 16 GB can be reached. What is let go is wiped (it may be of one who is
//         erased); its room is given to the next of just that size, over kReusedMax to nobody.
// Errors: none; over 16 GB is a CHECK. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kernel/person/linkage/record.h"

namespace tk::person::linkage {

using Place = uint32_t;

class PackedStore {
 public:
  /// What no place is.
  static constexpr Place kNowhere = (Place{1} << 31) - 1;

  Place Keep(std::string_view bytes);
  /// `size`: of what was kept there.
  void LetGo(Place place, size_t size);
  const char* At(Place place) const {
    const size_t at = size_t{place} * kUnit;
    return blocks_[at / kBlockBytes].get() + at % kBlockBytes;
  }
  size_t bytes() const { return blocks_.size() * kBlockBytes + blocks_.capacity() * sizeof(void*); }

 private:
  static constexpr size_t kBlockBytes = size_t{1} << 20, kUnit = 8, kReusedMax = 512;
  using FirstFree = std::array<Place, kReusedMax / kUnit + 1>;  // by units; the next one lies in it

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::unique_ptr<FirstFree> free_;
  size_t used_ = kBlockBytes;  // of the last block
};

}  // namespace tk::person::linkage
