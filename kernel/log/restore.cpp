// Restore: a log of any back end from a backup, cut at a chosen time. It reads the backup's batches, checks them, and appends their
// transactions to the new log with their own times, keys and sealed bytes; batches, epochs and digests are the new life's.
#include <fmt/format.h>

#include "kernel/log/log_store.h"
#include "kernel/log/sqlite/sqlite_log.h"

namespace tk::log {
namespace {

constexpr size_t kEntriesPerBatch = 4096;

class Restorer {
 public:
  Restorer(const LogStore* from, LogStore* to) : from_(from), to_(to) {}

  Status Run(uint64_t last_t) {
    for (const TypeRow& type : from_->Types()) {
      const TypeCode code = TRY(to_->InternType(type.name));
      if (code != type.code) return NotEmpty();
    }
    for (const Log::Dictionary& dictionary : TRY(from_->Dictionaries())) {
      const DictionaryId id = TRY(to_->AddDictionary(dictionary.type, dictionary.bytes));
      if (id != dictionary.id) return NotEmpty();
    }
    for (uint64_t t = 1; t <= last_t;) {
      for (const BatchRow& batch : TRY(from_->RawBatches(t, kBatchesPerPiece))) {
        for (const StoredTransaction& transaction : TRY(UnpackTransactions(batch))) {
          if (transaction.t > last_t) break;
          TRY(AddTransaction(transaction));
        }
        t = batch.end_t();
        if (t > last_t) break;
      }
    }
    return Write();
  }

  Error NotEmpty() const {
    return MakeError(
        ErrorCode::kConflict,
        fmt::format("A restore needs an empty place, and {} is not; empty it and run the restore again.",
                    to_->place()));
  }

 private:
  Status AddTransaction(const StoredTransaction& transaction) {
    batch_.transactions.push_back(transaction);
    const Ordinal end = transaction.first_ordinal + transaction.entry_count;
    for (Ordinal at = transaction.first_ordinal; at < end;) {
      const std::vector<RawRow> rows = TRY(from_->RawRows(at, end, kRowsPerPiece));
      if (rows.empty())
        return MakeError(ErrorCode::kCorrupt, "The backup lacks entries; use another one.",
                         fmt::format("ordinal {}", at));
      for (const RawRow& raw : rows) batch_.entries.push_back(TRY(UnpackRow(raw.ordinal, raw.row)));
      at = rows.back().ordinal + 1;
    }
    if (batch_.entries.size() >= kEntriesPerBatch || batch_.transactions.size() >= kEntriesPerBatch)
      return Write();
    return {};
  }

  Status Write() {
    if (batch_.transactions.empty()) return {};
    const Head head = to_->head();
    MakeId();
    batch_.epoch = head.epoch;
    batch_.first_t = head.t + 1;
    batch_.first_ordinal = head.next_ordinal;
    TRY(to_->Append(batch_));
    batch_.transactions.clear();
    batch_.entries.clear();
    return {};
  }

  // Ids only have to differ from batch to batch of this life.
  void MakeId() {
    const Digest digest = DigestOf({Bytes(to_->head().chain), AsBytes("restore")});
    std::copy_n(digest.begin(), batch_.id.size(), batch_.id.begin());
  }

  const LogStore* from_;
  LogStore* to_;
  Batch batch_;
};

}  // namespace

uint32_t NextIncarnation(uint32_t old) {
  // Seconds since 2020, so that two restores of one backup are two lives, and no restored life takes the number of one that others have seen.
  constexpr int64_t kYear2020 = 1'577'836'800;
  const int64_t seconds = SystemClock().NowUs() / kSecondUs - kYear2020;
  return std::max(old + 1, static_cast<uint32_t>(std::max<int64_t>(seconds, 0)));
}

Result<Head> RestoreLog(const std::string& backup_folder, Instant until_us, const OpenOptions& options) {
  OpenOptions source;
  source.folder = backup_folder;
  source.read_only = true;
  source.read_connections = 1;
  const std::unique_ptr<LogStore> from = TRY(OpenSqliteLog(source));
  const VerifyReport report = TRY(from->Verify({}));
  if (!report.damage.empty()) {
    return MakeError(ErrorCode::kCorrupt,
                     fmt::format("The backup {} is damaged ({} findings); use another one.", backup_folder,
                                 report.damage.size()),
                     report.damage.front());
  }
  const std::unique_ptr<LogStore> to = TRY(OpenLogStore(options));
  Restorer restorer(from.get(), to.get());
  if (to->head().t != 0 || !to->Types().empty()) return restorer.NotEmpty();
  const Head old = from->head();
  TRY(to->BeginLife(NextIncarnation(old.incarnation), old.epoch + 1));
  const Log::PointInTime cut = TRY(from->FindTime(until_us));
  TRY(restorer.Run(cut.t));
  return to->head();
}

}  // namespace tk::log
