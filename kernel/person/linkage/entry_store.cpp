#include "kernel/person/linkage/entry_store.h"

#include "kernel/base/error.h"

namespace tk::person::linkage {

Entry EntryStore::AddPlace(Place place) {
  CHECK(at_.size() < kEntriesMax);
  at_.push_back(place);
  return static_cast<Entry>(at_.size() - 1);
}

void EntryStore::LetGo(Entry entry) {
  if ((at_[entry] & kShared) == 0) packed_.LetGo(at_[entry], PackedSize(BytesAt(entry)));
}

void EntryStore::PutPlace(Entry entry, Place place) {
  LetGo(entry);
  at_[entry] = place;
}

void EntryStore::Remove(Entry entry) {
  if (Has(entry)) LetGo(entry);
  at_[entry] = kGone;
}

}  // namespace tk::person::linkage
