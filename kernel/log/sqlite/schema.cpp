#include "kernel/log/sqlite/schema.h"

#include <fmt/format.h>

#include <cstring>

namespace tk::log::sqlite {
namespace {

constexpr uint64_t kApplicationId = 0x544b4c47;  // "TKLG"
constexpr uint64_t kFormat = 1;

// No indexes beside the row numbers: every table only grows at its end. Verify compares a file's tables with this text, so
// whoever changes it begins a new kFormat.
constexpr const char* kSchema = R"(
CREATE TABLE entry (ordinal INTEGER PRIMARY KEY, row BLOB NOT NULL);
CREATE TABLE batch (first_t INTEGER PRIMARY KEY, id BLOB NOT NULL, epoch INTEGER NOT NULL, first_ordinal INTEGER NOT NULL,
  transaction_count INTEGER NOT NULL, entry_count INTEGER NOT NULL, last_at_us INTEGER NOT NULL, transactions BLOB NOT NULL,
  digest BLOB NOT NULL);
CREATE TABLE type (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE dictionary (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, bytes BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE reign (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation INTEGER NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE settle (id INTEGER PRIMARY KEY CHECK (id = 1), failures INTEGER NOT NULL);
INSERT INTO reign VALUES (1, 1, 0);
INSERT INTO settle VALUES (1, 0);
)";

}  // namespace

Status PrepareForWriting(Database* db) {
  Statement journal = TRY(db->Prepare("PRAGMA journal_mode = WAL"));
  if (!TRY(journal.Step()) || journal.ColumnBytes(0) != "wal") {
    return MakeError(ErrorCode::kUnavailable,
                     "The folder of the log does not allow a write-ahead file; use a local disk.");
  }
  journal.Reset();
  // Nothing is ever deleted from the log, so there is nothing to overwrite; the cache holds the pages of a large batch.
  return db->Exec(
      "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = OFF; PRAGMA "
      "cache_size = -16384");
}

Status EnsureSchema(Database* db, const std::string& path) {
  const uint64_t application = TRY(db->QueryInt("PRAGMA application_id"));
  const uint64_t format = TRY(db->QueryInt("PRAGMA user_version"));
  const uint64_t tables = TRY(db->QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) {
    Transaction transaction(db);
    TRY(transaction.Begin());
    TRY(db->Exec(kSchema));
    TRY(db->Exec(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kFormat)));
    return transaction.Commit();
  }
  if (application != kApplicationId) {
    return MakeError(ErrorCode::kCorrupt,
                     fmt::format("{} is a database, but not a log of this program.", path));
  }
  if (format != kFormat) {
    return MakeError(ErrorCode::kUnsupported,
                     fmt::format("{} has format {}; this program reads format {}.", path, format, kFormat));
  }
  return {};
}

FileForm LogForm(const std::string& path) { return {path, kSchema, kApplicationId, kFormat}; }

Statement& BindBatch(Statement* insert, const BatchRow& batch) {
  return insert->Int(1, batch.first_t)
      .Blob(2, batch.id)
      .Int(3, batch.epoch)
      .Int(4, batch.first_ordinal)
      .Int(5, batch.transaction_count)
      .Int(6, batch.entry_count)
      .Int(7, static_cast<uint64_t>(batch.last_at_us))
      .Blob(8, AsBytes(batch.transactions))
      .Blob(9, batch.digest);
}

Result<BatchRow> BatchOf(const Statement& row) {
  BatchRow batch;
  batch.first_t = row.ColumnInt(0);
  const std::string_view id = row.ColumnBytes(1);
  batch.epoch = row.ColumnInt(2);
  batch.first_ordinal = row.ColumnInt(3);
  batch.transaction_count = static_cast<uint32_t>(row.ColumnInt(4));
  batch.entry_count = static_cast<uint32_t>(row.ColumnInt(5));
  batch.last_at_us = static_cast<Instant>(row.ColumnInt(6));
  const std::string_view digest = row.ColumnBytes(8);
  if (id.size() != batch.id.size() || digest.size() != batch.digest.size()) {
    return MakeError(ErrorCode::kCorrupt,
                     "A batch of the log is damaged; run verify and restore from a backup.",
                     fmt::format("t {}", batch.first_t));
  }
  std::memcpy(batch.id.data(), id.data(), id.size());
  std::memcpy(batch.digest.data(), digest.data(), digest.size());
  batch.transactions = row.ColumnBytes(7);
  return batch;
}

Result<std::vector<Log::Dictionary>> LoadDictionaries(Database* db) {
  std::vector<Log::Dictionary> out;
  Statement select = TRY(db->Prepare("SELECT id, type, bytes, crc FROM dictionary ORDER BY id"));
  while (TRY(select.Step())) {
    Log::Dictionary dictionary{static_cast<DictionaryId>(select.ColumnInt(0)),
                               static_cast<TypeCode>(select.ColumnInt(1)),
                               std::string(select.ColumnBytes(2))};
    if (Crc32c(AsBytes(dictionary.bytes)) != select.ColumnInt(3)) {
      return MakeError(ErrorCode::kCorrupt, "A compression dictionary is damaged; restore from a backup.",
                       fmt::format("dictionary {}", dictionary.id));
    }
    out.push_back(std::move(dictionary));
  }
  return out;
}

}  // namespace tk::log::sqlite
