// Keys of persons: every record is sealed with the key of the person it is about, so that destroying the key erases the
// person from log, write-ahead files, backups and replicas at once. Keys live in a store of their own (keys.db), never
// in the log and never in its backup.
// Source: DESIGN 6; AES-256-GCM per NIST SP 800-38D; by configuration SM4-CTR with HMAC-SM3, encrypt then MAC (GB/T 32907-2016,
// GB/T 32905-2016): OpenSSL 3.0 of Debian 12 offers no SM4-GCM.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kernel/log/log.h"

namespace tk::log {

enum class Cipher : uint8_t { kAes256Gcm = 1, kSm4 = 2 };

struct PersonKey {
  OwnerNumber owner = 0;
  Cipher cipher =
      Cipher::kAes256Gcm;  // of what is newly sealed; an old record keeps the cipher of its person's key
  std::array<uint8_t, 32> secret{};
};

/// Thread-safe. Owner number 0 is "nobody's" and has a key too (never destroyed).
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  /// Key for keyed hashes of this log (ids, index entries). Made when the store is created.
  virtual const HashKey& hash_key() const = 0;
  /// The owner with this name ("Patient/123", "Practitioner/9"), making number and key if new. A new key is durable only after Flush.
  /// kGone if the person was erased.
  virtual Result<PersonKey> ForName(std::string_view name) = 0;
  /// Owner number of a name if it exists; 0 if not.
  virtual Result<OwnerNumber> Find(std::string_view name) const = 0;
  /// By number; kGone if it was destroyed. Cached; tens of ns when hot, one point read when not (bounded cache).
  virtual Result<PersonKey> Get(OwnerNumber owner) const = 0;
  /// Brings keys and names of many near in one reading transaction, as far as the cache holds them. What cannot be had, Get tells.
  virtual void Warm(std::span<const OwnerNumber> owners) const = 0;
  /// Makes all new keys durable. The writer calls it before Append; free when there is nothing new.
  virtual Status Flush() = 0;
  struct Doomed {
    OwnerNumber owner;
    Instant at_us;
  };
  /// Destroys the keys beyond recovery (overwritten, synced) and records the erasures in the ledger. Idempotent. The names stay only as their
  /// keyed hashes. From the first moment nobody gets the keys; what then waits for other processes that read keys.db (10 s at most, then
  /// kUnavailable: take it again) holds nobody else up.
  virtual Status DestroyAll(std::span<const Doomed> doomed) = 0;
  Status Destroy(OwnerNumber owner, Instant at_us) {
    const Doomed one{owner, at_us};
    return DestroyAll({&one, 1});
  }
  virtual bool IsDestroyed(OwnerNumber owner) const = 0;
  /// Notes durably that this person's erasure has begun, before anything of it is done; Destroy takes the note away. Idempotent.
  virtual Status NoteErasing(OwnerNumber owner, Instant at_us) = 0;
  /// Whose erasure was begun and not finished. From memory.
  virtual std::vector<OwnerNumber> Erasing() const = 0;
  /// One more than the highest number ever given to a person here.
  virtual OwnerNumber end() const = 0;
  /// The ledger of erasures: number and when. A restore replays it.
  struct Erasure {
    OwnerNumber owner;
    uint64_t name_hash;
    Instant at_us;
  };
  virtual Result<std::vector<Erasure>> Ledger() const = 0;
  virtual Status ReplayLedger(const std::vector<Erasure>& ledger) = 0;
  /// Looks at the whole store: file, tables, every wrapped key, ledger. Adds a line to `damage` for each finding.
  virtual Status Verify(std::vector<std::string>* damage) const = 0;
  /// Backup apart from the log's (kept at most 30 days by the operator's rotation).
  virtual Status Backup(const std::string& file) const = 0;
};

/// Opens or creates `folder`/keys.db. Its secrets are wrapped by the key in `folder`/master.key (mode 0600, made with it), so that a copy of
/// keys.db alone opens nothing. Errors: kUnavailable (master.key is missing or readable by others), kCorrupt (not its master.key; keys that were made durable are missing). Its processes (server, backup) are on one
/// machine; where another takes over (PostgreSQL), the folder is storage that moves there with it.
Result<std::unique_ptr<KeyStore>> OpenKeyStore(const std::string& folder, Cipher cipher = Cipher::kAes256Gcm);
/// The same, of a store that must be there. kCorrupt, and nothing is created, if keys.db is missing or empty.
Result<std::unique_ptr<KeyStore>> OpenExistingKeyStore(const std::string& folder,
                                                       Cipher cipher = Cipher::kAes256Gcm);

}  // namespace tk::log
