// Keys that bring records of one person together: several passes, each narrow, so that whatever went wrong in one field another one finds him.
// Flow:   EntryView × passes of the model → Keys → index.h
// Why:    what is missing makes no key, so empty values never meet; a pass's number is part of the hash, so passes never mix.
// Cost:   ~0.5 µs for some 15 keys. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/person/linkage/model.h"

namespace tk::person::linkage {

struct Key {
  uint32_t hash;
  uint8_t pass;
};
inline constexpr size_t kKeysMax = 128;  // of one entry

/// Each once, in the order of the passes.
void KeysOf(const EntryView& entry, const std::vector<Pass>& passes, std::vector<Key>* keys);
/// The key of a phone in a pass that is made of the phone alone; 0 if there is none.
uint32_t PhoneKey(uint64_t phone, const std::vector<Pass>& passes);

}  // namespace tk::person::linkage
