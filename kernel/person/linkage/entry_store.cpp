#include "kernel/person/linkage/entry_store.h"

#include "kernel/base/error.h"

namespace tk::person::linkage {

Entry EntryStore::Add(std::string_view packed) {
  CHECK(at_.size() < kEntriesMax);
  at_.push_back(Store(packed));
  return static_cast<Entry>(at_.size() - 1);
}

void EntryStore::Wipe(Entry entry) {
  char* const at = const_cast<char*>(BytesAt(entry));
  std::memset(at + sizeof(uint16_t), 0, PackedSize(at) - sizeof(uint16_t));
}

void EntryStore::Put(Entry entry, std::string_view packed) {
  Wipe(entry);
  at_[entry] = Store(packed);
}

void EntryStore::Remove(Entry entry) {
  if (Has(entry)) Wipe(entry);
  at_[entry] = kGone;
}

uint32_t EntryStore::Store(std::string_view packed) {
  const size_t room = (packed.size() + 3) / 4 * 4;
  if (used_ + room > kBlockBytes) {
    blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
    used_ = 0;
  }
  std::memcpy(blocks_.back().get() + used_, packed.data(), packed.size());
  const size_t at = (blocks_.size() - 1) * kBlockBytes + used_;
  used_ += room;
  CHECK(at / 4 < kGone);
  return static_cast<uint32_t>(at / 4);
}

}  // namespace tk::person::linkage
