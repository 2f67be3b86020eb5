#include "kernel/person/linkage/packed_store.h"

#include "kernel/base/error.h"

namespace tk::person::linkage {

Place PackedStore::Keep(std::string_view packed) {
  const size_t room = (packed.size() + kUnit - 1) / kUnit * kUnit;
  if (used_ + room > kBlockBytes) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    used_ = 0;
  }
  std::memcpy(blocks_.back().get() + used_, packed.data(), packed.size());
  const size_t at = ((blocks_.size() - 1) * kBlockBytes + used_) / kUnit;
  used_ += room;
  CHECK(at < kNowhere);
  return static_cast<Place>(at);
}

// The size stays: what lies there still tells its own.
void PackedStore::Wipe(Place place) {
  char* const at = const_cast<char*>(At(place));
  std::memset(at + sizeof(uint16_t), 0, PackedSize(at) - sizeof(uint16_t));
}

}  // namespace tk::person::linkage
