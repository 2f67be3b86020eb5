// What the back ends share: everything that the Log contract says about batches and rows is written once here, over a few
// raw calls that each back end gives. So SQLite and PostgreSQL cannot drift apart.
// Flow:  Append: check and pack (row.h) → Commit (back end) → head.  Scans: raw rows in pieces, so that no read
//   transaction of the store stays open while the caller works.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "kernel/log/log.h"
#include "kernel/log/row.h"

namespace tk::log {

/// How much of a log is held in memory at once where it is read through from end to end.
inline constexpr size_t kRowsPerPiece = 1024;
inline constexpr size_t kBatchesPerPiece = 256;

struct RawRow {
  Ordinal ordinal;
  std::string row;
};
struct TypeRow {
  TypeCode code;
  std::string name;
};

class LogStore : public Log {
 public:
  Head head() const final;
  Result<Head> Refresh() final;
  Result<Head> TakeEpoch() final;
  Result<uint64_t> StoredEpoch() const final;
  Result<Head> Append(const Batch& batch) final;
  Result<StoredEntry> Read(Ordinal ordinal) const final;
  Result<std::vector<StoredEntry>> ReadMany(std::span<const Ordinal> ordinals) const final;
  Status Scan(Ordinal from, Ordinal to, const std::function<Result<bool>(StoredEntry&&)>& each) const final;
  Status ScanTransactions(uint64_t from_t, uint64_t to_t,
                          const std::function<Result<bool>(const StoredTransaction&)>& each) const final;
  Result<PointInTime> FindTime(Instant at_us) const final;
  Result<std::vector<TypeCode>> InternTypes(std::span<const std::string_view> names) final;
  std::string TypeName(TypeCode code) const final;
  Status Backup(const std::string& folder) const final;
  Result<VerifyReport> Verify(const std::function<void(uint64_t)>& each) const final;

  /// Types in the order of their codes.
  std::vector<TypeRow> Types() const;
  /// Batches from the one that holds `t` on, at most `batches_max`.
  virtual Result<std::vector<BatchRow>> RawBatches(uint64_t t, size_t batches_max) const = 0;
  /// Rows [from, to) that exist, ascending, at most `rows_max`.
  virtual Result<std::vector<RawRow>> RawRows(Ordinal from, Ordinal to, size_t rows_max) const = 0;
  /// Restore: makes an empty log a later life of an older one. kConflict if it is not empty.
  virtual Result<Head> BeginLife(uint32_t incarnation, uint64_t epoch) = 0;
  /// Where the log is, for messages.
  virtual std::string place() const = 0;

 protected:
  /// The stored head: incarnation, epoch and the last batch, if any.
  struct StoredHead {
    uint32_t incarnation = 1;
    uint64_t epoch = 0;
    std::optional<BatchRow> last;
  };
  virtual Result<StoredHead> LoadHead() const = 0;
  virtual Result<std::vector<TypeRow>> LoadTypes() const = 0;
  virtual Status StoreTypes(const std::vector<std::string_view>& names) = 0;  // none of them is there
  /// Adds what the back end itself can tell of its files and small tables. Errors: kUnavailable only.
  virtual Status VerifyStore(VerifyReport* report) const = 0;
  /// Raises the stored epoch by one, whatever it is.
  virtual Status RaiseEpoch() = 0;
  /// Writes batch and rows in one durable transaction that holds the epoch row. kConflict when the stored epoch is not the batch's
  /// or the last stored batch is not `last_first_t`; kUnavailable when certainly nothing was kept.
  virtual Status Commit(const PackedBatch& packed, uint64_t last_first_t) = 0;
  virtual Result<std::string> RawRow1(Ordinal ordinal) const = 0;
  virtual Result<std::vector<RawRow>> RawRowsOf(std::span<const Ordinal> ordinals) const = 0;

  /// Loads head and types; back ends call it at the end of their opening.
  Status LoadAll();

 private:
  Error DamagedTypes(std::string why) const;
  Status VerifySmallTables(VerifyReport* report) const;
  Status VerifyBatch(const BatchRow& batch, Digest* chain, Ordinal* next, VerifyReport* report) const;
  void SetHead(const StoredHead& stored);

  mutable std::mutex head_mutex_;  // guards head_ only: readers copy it
  Head head_;
  BatchId last_id_{};  // of the last batch; the writer's thread only
  uint64_t last_first_t_ = 0;
  PackedBatch packed_;  // the writer's thread only; its memory is used again
  mutable std::shared_mutex types_mutex_;
  std::vector<TypeRow> types_;  // index = code - 1
};

/// The number of a life that follows a life `old` (restore, accepted loss); higher than any given out before.
uint32_t NextIncarnation(uint32_t old);

/// OpenLog with the calls that backup and restore need.
Result<std::unique_ptr<LogStore>> OpenLogStore(const OpenOptions& options);

}  // namespace tk::log
