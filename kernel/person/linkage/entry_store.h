// Packed entries (record.h) by number: what the index and the batch keep, and nothing else.
// Shape:  a place in packed_store.h for each, four bytes. An entry may stand on bytes that somebody else keeps in the same store (a person of one
//         record on that record's own): then they are his to wipe, and must stay as they are until the entry has others or is gone.
// Errors: none; entries are at most kEntriesMax (CHECK).
#pragma once

#include "kernel/person/linkage/growing.h"
#include "kernel/person/linkage/packed_store.h"
#include "kernel/person/linkage/posting_run.h"

namespace tk::person::linkage {

inline constexpr Entry kNoEntry = UINT32_MAX;
inline constexpr size_t kEntriesMax = 100'000'000;

class EntryStore {
 public:
  Entry Add(std::string_view packed) { return AddPlace(packed_.Keep(packed)); }
  /// On bytes of packed() that somebody else keeps.
  Entry AddShared(Place place) { return AddPlace(place | kShared); }
  /// Other bytes under the same number.
  void Put(Entry entry, std::string_view packed) { PutPlace(entry, packed_.Keep(packed)); }
  void PutShared(Entry entry, Place place) { PutPlace(entry, place | kShared); }
  void Remove(Entry entry);

  bool Has(Entry entry) const { return entry < at_.size() && at_[entry] != kGone; }
  bool IsShared(Entry entry) const { return (at_[entry] & kShared) != 0; }
  EntryView View(Entry entry) const { return EntryView(BytesAt(entry)); }
  const char* BytesAt(Entry entry) const { return packed_.At(at_[entry] & ~kShared); }
  /// Numbers given, of removed entries too.
  size_t size() const { return at_.size(); }
  PackedStore& packed() { return packed_; }
  const PackedStore& packed() const { return packed_; }
  size_t bytes() const { return packed_.bytes(); }
  size_t place_bytes() const { return at_.bytes(); }

 private:
  static constexpr Place kShared = Place{1} << 31, kGone = UINT32_MAX;
  Entry AddPlace(Place place);
  void PutPlace(Entry entry, Place place);
  void LetGo(Entry entry);

  PackedStore packed_;
  Growing<Place> at_;
};

}  // namespace tk::person::linkage
