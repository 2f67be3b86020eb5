// A bounded cache of keys and names: direct-mapped tables, a newcomer takes the place of whoever hashes to the same slot.
// Thread-safe; a hit is a lock of a stripe and a copy. Secrets are wiped when they leave.
#pragma once

#include <openssl/crypto.h>

#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "kernel/log/keys.h"

namespace tk::log {

/// BLAKE2b-128 of a name, keyed: what keys.db knows of a person's name.
using NameHash = std::array<uint8_t, 16>;

class KeyCache {
 public:
  explicit KeyCache(size_t slots) : keys_(slots), names_(slots) {}
  ~KeyCache() {
    for (KeySlot& slot : keys_) OPENSSL_cleanse(&slot.key.secret, sizeof slot.key.secret);
  }
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;

  std::optional<PersonKey> Find(OwnerNumber owner) const {
    const size_t at = Mix(owner) % keys_.size();
    const std::lock_guard lock(Stripe(at));
    if (!keys_[at].used || keys_[at].key.owner != owner) return std::nullopt;
    return keys_[at].key;
  }
  void Put(const PersonKey& key) {
    const size_t at = Mix(key.owner) % keys_.size();
    const std::lock_guard lock(Stripe(at));
    keys_[at] = {true, key};
  }
  void Forget(OwnerNumber owner) {
    const size_t at = Mix(owner) % keys_.size();
    const std::lock_guard lock(Stripe(at));
    if (keys_[at].key.owner != owner) return;
    OPENSSL_cleanse(&keys_[at].key.secret, sizeof keys_[at].key.secret);
    keys_[at].used = false;
  }
  std::optional<OwnerNumber> FindName(const NameHash& name) const {
    const size_t at = SlotOf(name);
    const std::lock_guard lock(Stripe(at));
    if (!names_[at].used || names_[at].name != name) return std::nullopt;
    return names_[at].owner;
  }
  void PutName(const NameHash& name, OwnerNumber owner) {
    const size_t at = SlotOf(name);
    const std::lock_guard lock(Stripe(at));
    names_[at] = {true, owner, name};
  }

 private:
  struct KeySlot {
    bool used = false;
    PersonKey key;
  };
  struct NameSlot {
    bool used = false;
    OwnerNumber owner = 0;
    NameHash name{};
  };

  size_t SlotOf(const NameHash& name) const {
    uint64_t word = 0;
    std::memcpy(&word, name.data(), sizeof word);
    return word % names_.size();
  }
  std::mutex& Stripe(size_t at) const { return stripes_[at % stripes_.size()]; }

  mutable std::array<std::mutex, 64> stripes_;
  std::vector<KeySlot> keys_;
  std::vector<NameSlot> names_;
};

}  // namespace tk::log
