#include <fmt/format.h>

#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/log/head_file.h"
#include "kernel/log/sqlite/schema.h"
#include "kernel/log/sqlite/sqlite_log.h"

namespace tk::log {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// Each piece is read in its own short read transaction, so the source's write-ahead file stays bounded while it goes on growing.
class BackupWriter {
 public:
  BackupWriter(const LogStore* source, Database* db) : source_(source), db_(db) {}

  Status Run(const Head& end) {
    TRY(CopySmallTables(end));
    insert_entry_ = TRY(db_->Prepare("INSERT INTO entry (ordinal, row) VALUES (?, ?)"));
    insert_batch_ = TRY(db_->Prepare(sqlite::kInsertBatch));
    Digest chain{};
    for (uint64_t t = 1; t <= end.t;) {
      const std::vector<BatchRow> batches = TRY(source_->RawBatches(t, kBatchesPerPiece));
      Transaction transaction(db_);
      TRY(transaction.Begin());
      const uint64_t before = t;
      for (const BatchRow& batch : batches) {
        if (batch.first_t > end.t) break;
        if (batch.first_t != t || batch.end_t() <= t) break;  // a gap: told below
        TRY(CopyBatch(batch, chain));
        chain = batch.digest;
        t = batch.end_t();
      }
      if (t == before)
        return MakeError(ErrorCode::kCorrupt,
                         "The log lacks transactions, the backup was stopped; run verify.",
                         fmt::format("t {}", t));
      TRY(transaction.Commit());
    }
    return {};
  }

 private:
  Status CopySmallTables(const Head& end) {
    Statement reign = TRY(db_->Prepare("UPDATE reign SET incarnation = ?, epoch = ?"));
    TRY(reign.Int(1, end.incarnation).Int(2, end.epoch).Run());
    Statement type = TRY(db_->Prepare("INSERT INTO type (code, name) VALUES (?, ?)"));
    for (const TypeRow& row : source_->Types()) TRY(type.Int(1, row.code).Text(2, row.name).Run());
    Statement dictionary =
        TRY(db_->Prepare("INSERT INTO dictionary (id, type, bytes, crc) VALUES (?, ?, ?, ?)"));
    for (const Log::Dictionary& row : TRY(source_->Dictionaries())) {
      TRY(dictionary.Int(1, row.id)
              .Int(2, row.type)
              .Blob(3, AsBytes(row.bytes))
              .Int(4, Crc32c(AsBytes(row.bytes)))
              .Run());
    }
    return {};
  }

  // A backup that copies damage is none: the digest of every batch is checked on the way.
  Status CopyBatch(const BatchRow& batch, const Digest& chain) {
    BatchDigest digest(chain, batch);
    for (Ordinal at = batch.first_ordinal; at < batch.end_ordinal();) {
      const std::vector<RawRow> rows = TRY(source_->RawRows(at, batch.end_ordinal(), kRowsPerPiece));
      for (const RawRow& raw : rows) {
        if (raw.ordinal != at++) return Damaged(batch);
        TRY(insert_entry_.Int(1, raw.ordinal).Blob(2, AsBytes(raw.row)).Run());
        digest.Add(raw.row);
      }
      if (rows.empty()) return Damaged(batch);
    }
    if (digest.Finish() != batch.digest) return Damaged(batch);
    return sqlite::BindBatch(&insert_batch_, batch).Run();
  }

  static Error Damaged(const BatchRow& batch) {
    return MakeError(ErrorCode::kCorrupt,
                     "The log is damaged, the backup was stopped; run verify and keep the older backups.",
                     fmt::format("batch at t {}", batch.first_t));
  }

  const LogStore* source_;
  Database* db_;
  Statement insert_entry_, insert_batch_;
};

Status WriteBackup(const LogStore& source, const std::string& folder) {
  const std::string path = folder + "/log.db";
  const Head end = source.head();
  {
    Database db = TRY(Database::Open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    // Nobody reads the file before it is complete, so it is synced once at the end and needs no journal.
    TRY(db.Exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE"));
    TRY(sqlite::EnsureSchema(&db, path));
    TRY(BackupWriter(&source, &db).Run(end));
  }
  TRY(SyncFile(path));
  bool existed = false;
  HeadFile head_file;
  TRY(head_file.Open(folder + "/log.head", &existed));
  head_file.Store(end);
  return SyncFile(folder + "/log.head");
}

}  // namespace

Status BackupToSqlite(const LogStore& source, const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error))
    return MakeError(ErrorCode::kConflict, fmt::format("{} exists; a backup needs a new folder.", folder));
  // Written beside and renamed last: a folder with the final name is a complete backup.
  const std::string partial = folder + ".partial";
  std::filesystem::remove_all(partial, error);
  TRY(MakeFolder(partial));
  TRY(WriteBackup(source, partial));
  TRY(SyncFolder(partial));
  std::filesystem::rename(partial, folder, error);
  if (error)
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("Naming the backup {} failed: {}.", folder, error.message()));
  return SyncFolder(std::filesystem::path(folder).parent_path().string());
}

}  // namespace tk::log
