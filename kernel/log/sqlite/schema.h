// Tables of log.db, and the statements that both the log and its backup use.
#pragma once

#include "kernel/log/row.h"
#include "kernel/log/sqlite/check.h"
#include "kernel/log/sqlite/database.h"

namespace tk::log::sqlite {

inline constexpr const char* kInsertBatch =
    "INSERT INTO batch (first_t, id, epoch, first_ordinal, transaction_count, entry_count, last_at_us, "
    "transactions, digest) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
inline constexpr const char* kSelectLastBatch =
    "SELECT first_t, id, epoch, first_ordinal, transaction_count, entry_count, last_at_us, transactions, "
    "digest FROM batch "
    "ORDER BY first_t DESC LIMIT 1";
/// ?1 = a t of the first batch wanted, ?2 = how many at most.
inline constexpr const char* kSelectBatches =
    "SELECT first_t, id, epoch, first_ordinal, transaction_count, entry_count, last_at_us, transactions, "
    "digest FROM batch "
    "WHERE first_t >= coalesce((SELECT max(first_t) FROM batch WHERE first_t <= ?1), ?1) ORDER BY first_t "
    "LIMIT ?2";
inline constexpr const char* kInsertDictionary = "INSERT INTO dictionary (type, bytes, crc) VALUES (?, ?, ?)";

/// Settings of a connection that writes: write-ahead file, synced at every commit, never checkpointed by the writer by itself.
Status PrepareForWriting(Database* db);
/// Makes the tables in a new file; refuses foreign files and newer formats with a clear word.
Status EnsureSchema(Database* db, const std::string& path);
/// What a sound log.db looks like.
FileForm LogForm(const std::string& path);
/// Binds a row for kInsertBatch. `batch` must live until the statement is reset.
Statement& BindBatch(Statement* insert, const BatchRow& batch);
/// The row that stands ready in a statement that selects all columns of batch.
Result<BatchRow> BatchOf(const Statement& row);
Result<std::vector<Log::Dictionary>> LoadDictionaries(Database* db);

}  // namespace tk::log::sqlite
