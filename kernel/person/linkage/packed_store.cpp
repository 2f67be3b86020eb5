#include "kernel/person/linkage/packed_store.h"

#include "kernel/base/error.h"

namespace tk::person::linkage {

Place PackedStore::Keep(std::string_view bytes) {
  const size_t units = (bytes.size() + kUnit - 1) / kUnit, room = units * kUnit;
  if (free_ != nullptr && units < free_->size() && (*free_)[units] != kNowhere) {
    const Place place = (*free_)[units];
    char* const at = const_cast<char*>(At(place));
    std::memcpy(&(*free_)[units], at, sizeof(Place));
    std::memset(at, 0, sizeof(Place));
    std::memcpy(at, bytes.data(), bytes.size());
    return place;
  }
  if (used_ + room > kBlockBytes) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    used_ = 0;
  }
  std::memcpy(blocks_.back().get() + used_, bytes.data(), bytes.size());
  const size_t at = ((blocks_.size() - 1) * kBlockBytes + used_) / kUnit;
  used_ += room;
  CHECK(at < kNowhere);
  return static_cast<Place>(at);
}

void PackedStore::LetGo(Place place, size_t size) {
  char* const at = const_cast<char*>(At(place));
  std::memset(at, 0, size);
  const size_t units = (size + kUnit - 1) / kUnit;
  if (units >= std::tuple_size_v<FirstFree>) return;
  if (free_ == nullptr) {
    free_ = std::make_unique<FirstFree>();
    free_->fill(kNowhere);
  }
  std::memcpy(at, &(*free_)[units], sizeof(Place));
  (*free_)[units] = place;
}

}  // namespace tk::person::linkage
