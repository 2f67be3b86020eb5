// The one log: every new version of every resource, in order, durable before it is acknowledged. The only truth.
// Flow:   worker seals entries (codec.h) → writer groups transactions into a Batch → Append (one fsync) → views
// Back ends: sqlite/ (embedded default) and postgres/; both pass one contract suite (log_contract_test).
// Vocabulary: `t` numbers transactions, gapless from 1; an ordinal numbers entries, gapless from 1; a batch is what one
//   commit makes durable; an epoch is one writer's reign; an incarnation is one life of the log (restore and failover
//   begin a new one). Outside the process a position is (incarnation, t).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk::log {

using Ordinal = uint64_t;       // 40 bits used
using OwnerNumber = uint32_t;   // number of a person (see keys.h); 0 = nobody's
using TypeCode = uint16_t;      // this log's number of a resource type name; stable for the log's life
using DictionaryId = uint32_t;  // 0 = none
using BatchId = std::array<uint8_t, 16>;

enum class Operation : uint8_t { kCreate = 1, kUpdate = 2, kDelete = 3, kErase = 4 };

/// What a worker hands over. Nothing in it is readable without the owner's key: the id is in `sealed`, and outside only
/// as a keyed hash.
struct NewEntry {
  TypeCode type = 0;
  Operation op = Operation::kCreate;
  uint32_t version = 1;  // FHIR versionId, 1, 2, 3 …; of an erase: 0
  uint64_t id_hash = 0;  // KeyedHash("Type/id")
  OwnerNumber owner = 0;
  DictionaryId dictionary = 0;
  std::string sealed;  // codec.h; empty for an erase
};

struct StoredEntry : NewEntry {
  Ordinal ordinal = 0;
  uint64_t t = 0;
  Instant at_us = 0;  // lastUpdated; strictly growing with t
};

struct NewTransaction {
  uint32_t entry_count = 0;  // may be 0: a consumer's position moved and made nothing
  uint64_t key = 0;  // keyed hash of an idempotency key or of (consumer, cause t, rule version, n); 0 = none
  Instant at_us = 0;
};

/// Transactions first_t, first_t+1 … whose entries follow each other in `entries`, ordinals from first_ordinal.
struct Batch {
  BatchId id{};
  uint64_t epoch = 0;
  uint64_t first_t = 0;
  Ordinal first_ordinal = 0;
  std::vector<NewTransaction> transactions;
  std::vector<NewEntry> entries;
};

struct Head {
  uint32_t incarnation = 1;
  uint64_t epoch = 0;
  uint64_t t = 0;  // last transaction; 0 = empty
  Ordinal next_ordinal = 1;
  Instant last_at_us = 0;
  Digest chain{};  // digest over all batches so far
};

struct StoredTransaction : NewTransaction {
  uint64_t t = 0;
  Ordinal first_ordinal = 0;
};

struct VerifyReport {
  uint64_t batches = 0, transactions = 0, entries = 0;
  std::vector<std::string> damage;  // one line each: what, where, what to do; no personal data
};

/// Thread-safety: Append and the other writing calls from one thread; reading calls from any number at once.
class Log {
 public:
  virtual ~Log() = default;

  /// The head as of the last Append seen or Refresh.
  virtual Head head() const = 0;
  /// Reads the head anew from the store (another process may have appended). A writing call where this process writes.
  virtual Result<Head> Refresh() = 0;
  /// Begins a reign: raises the epoch so that every older writer's Append fails. Returns the head with the new epoch.
  virtual Result<Head> TakeEpoch() = 0;

  /// The epoch that reigns now, whoever took it: one point read, by any thread. A writer of an older one is fenced.
  virtual Result<uint64_t> StoredEpoch() const = 0;

  /// Makes the batch durable, wholly or not at all, and returns the new head.
  /// Errors: kConflict if the epoch is no longer ours or first_t / first_ordinal do not follow the head (nothing written);
  ///   kUnavailable if the disk is full or the database is away and the batch certainly is not in the log;
  ///   an unknown outcome is resolved by the batch id before this returns (retrying the connection up to `resolve_ms_max`);
  ///   kTimeout if that did not succeed either (PostgreSQL only): the outcome is unknown until the same batch is appended again.
  /// Appending the batch id that is already last again is acknowledged and writes nothing.
  virtual Result<Head> Append(const Batch& batch) = 0;

  /// One entry. kNotFound if there is none; kCorrupt if its checksum fails. SQLite: a few µs.
  virtual Result<StoredEntry> Read(Ordinal ordinal) const = 0;
  /// Several entries, in the order asked; one trip to the store.
  virtual Result<std::vector<StoredEntry>> ReadMany(std::span<const Ordinal> ordinals) const = 0;
  /// Calls `each` for entries [from, to) in order until it returns false. Streams; does not hold the range in memory.
  virtual Status Scan(Ordinal from, Ordinal to,
                      const std::function<Result<bool>(StoredEntry&&)>& each) const = 0;
  /// Transactions [from_t, to_t) in order.
  virtual Status ScanTransactions(
      uint64_t from_t, uint64_t to_t,
      const std::function<Result<bool>(const StoredTransaction&)>& each) const = 0;
  /// The last transaction whose at_us <= `at_us`, with the ordinal after its last entry; t = 0 if there is none.
  struct PointInTime {
    uint64_t t;
    Ordinal end_ordinal;
  };
  virtual Result<PointInTime> FindTime(Instant at_us) const = 0;

  /// The codes of type names, adding those that are new durably (one transaction for all). Reading calls see them at once.
  virtual Result<std::vector<TypeCode>> InternTypes(std::span<const std::string_view> names) = 0;
  Result<TypeCode> InternType(std::string_view name) { return TRY(InternTypes({&name, 1})).front(); }
  virtual std::string TypeName(TypeCode code) const = 0;  // "" if unknown

  /// Compression dictionaries: written once, durable when it returns.
  virtual Result<DictionaryId> AddDictionary(TypeCode type, std::string_view bytes) = 0;
  struct Dictionary {
    DictionaryId id;
    TypeCode type;
    std::string bytes;
  };
  virtual Result<std::vector<Dictionary>> Dictionaries() const = 0;

  /// Online backup of everything up to the head into `folder` (which must not exist), while appends go on.
  virtual Status Backup(const std::string& folder) const = 0;
  /// Checks every batch's digest and the chain, ordinals and t without gaps. `each` reports progress in entries.
  virtual Result<VerifyReport> Verify(const std::function<void(uint64_t)>& each = {}) const = 0;

  virtual std::string_view backend() const = 0;  // "sqlite", "postgresql"
  virtual uint64_t bytes_on_disk() const = 0;
};

struct OpenOptions {
  std::string folder;               // SQLite: the folder of log.db
  std::string url;                  // "postgresql://…"; empty = SQLite
  std::string schema = "tongkang";  // PostgreSQL schema
  bool read_only = false;
  int read_connections = 4;
  int resolve_ms_max = 30'000;
};
/// Opens or creates. Errors: kUnavailable (locked, cannot connect), kCorrupt (what is damaged, what to do).
Result<std::unique_ptr<Log>> OpenLog(const OpenOptions& options);

/// A log made from the backup in `backup_folder`, cut after the last transaction with at_us <= `until_us`, as a new incarnation, written to
/// `options` (which must be empty). The erasures recorded in `keys` since then are replayed by the caller (erasure.h).
Result<Head> RestoreLog(const std::string& backup_folder, Instant until_us, const OpenOptions& options);

}  // namespace tk::log
