// The keys that sign codes: made, sealed on disk, rotated with an overlap, revoked. The file is the app's own, outside log and backup of the log, like
// the keys of persons: DIR/apps/health-card/keys.json, whose secrets open only with wrap.key beside it (mode 0600).
// Flow:   Open (makes the first key) → Signer(now) for a new code; Known() for verifiers and for offline lists → Rotate, Revoke
// Overlap: a new key is known to verifiers `overlap_s` before it signs; an old one is known for as long as its codes live.
// Several servers of one log (PostgreSQL) need this folder in common, as they need keys.db.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "apps/health-card/code.h"
#include "kernel/base/clock.h"

namespace tk::health_card {

class KeyRing {
 public:
  struct Options {
    std::string folder;
    crypto::Suite suite = crypto::Suite::kInternational;  // of keys to be made
    int64_t overlap_s = 0;
    int64_t static_life_s = 0;  // how long the last static code of a key lives
  };
  /// Makes the folder's first key, or, when the newest key is of another set, one of this set with the overlap.
  /// Errors: kCorrupt when keys.json cannot be read or does not open with wrap.key: restore both from their own backup.
  static Result<std::unique_ptr<KeyRing>> Open(const Options& options, int64_t now_s);

  struct Signer {
    uint16_t number = 0;
    std::shared_ptr<const crypto::SigningKey> key;
  };
  /// Who signs now. kUnavailable if every key is revoked: rotate first. Thread-safe, as all of these.
  Result<Signer> SignerAt(int64_t now_s) const;
  /// Those whose codes may still be shown, and the next one. Shared, never changed.
  std::shared_ptr<const KnownKeys> Known(int64_t now_s) const;

  /// Durable when it returns; the new number. It signs after the overlap, or at once if nobody can sign now.
  Result<uint16_t> Rotate(int64_t now_s);
  /// Nothing that this key signed counts any more. If it signs now, a new one takes its place at once. kNotFound.
  Status Revoke(uint16_t number, int64_t now_s);

 private:
  struct Key {
    uint16_t number = 0;
    int64_t from_s = 0;
    bool revoked = false;
    std::shared_ptr<const crypto::SigningKey> key;
  };
  explicit KeyRing(Options options) : options_(std::move(options)) {}
  Status Load();
  Status Save(const std::vector<Key>& keys) const;
  Status Add(int64_t from_s, std::vector<Key>* keys) const;
  const Key* Signing(const std::vector<Key>& keys, int64_t now_s) const;

  const Options options_;
  std::string wrap_key_;
  mutable std::mutex mutex_;
  std::vector<Key> keys_;  // by number, ascending
};

}  // namespace tk::health_card
