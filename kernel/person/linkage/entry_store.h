// Packed entries (record.h) by number: what the index and the batch keep, and nothing else.
// Shape:  blocks of 1 MB; an entry's place is 4 bytes, in units of four bytes, so that 16 GB can be reached. Bytes that were replaced or removed
//         are wiped (they may be of one who is erased); their room stays until the store goes, as changes are few against what is there.
// Errors: none; entries are at most kEntriesMax (CHECK).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kernel/person/linkage/record.h"

namespace tk::person::linkage {

using Entry = uint32_t;
inline constexpr Entry kNoEntry = UINT32_MAX;
inline constexpr size_t kEntriesMax = 100'000'000;

class EntryStore {
 public:
  Entry Add(std::string_view packed);
  /// Other bytes under the same number.
  void Put(Entry entry, std::string_view packed);
  void Remove(Entry entry);

  bool Has(Entry entry) const { return entry < at_.size() && at_[entry] != kGone; }
  EntryView View(Entry entry) const { return EntryView(BytesAt(entry)); }
  const char* BytesAt(Entry entry) const {
    const size_t at = size_t{at_[entry]} * 4;
    return blocks_[at / kBlockBytes].get() + at % kBlockBytes;
  }
  /// Numbers given, of removed entries too.
  size_t size() const { return at_.size(); }
  size_t bytes() const { return blocks_.size() * kBlockBytes; }
  size_t place_bytes() const {
    return at_.capacity() * sizeof(uint32_t) + blocks_.capacity() * sizeof(void*);
  }

 private:
  static constexpr uint32_t kGone = UINT32_MAX;
  static constexpr size_t kBlockBytes = size_t{1} << 20;
  uint32_t Store(std::string_view packed);
  void Wipe(Entry entry);

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = kBlockBytes;  // of the last block
  std::vector<uint32_t> at_;
};

}  // namespace tk::person::linkage
