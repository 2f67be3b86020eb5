#include "kernel/log/postgres/postgres_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <thread>

#include "kernel/log/postgres/connection.h"

namespace tk::log {
namespace {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;

// Run under an advisory lock, so that two processes that begin at once do not both create. Sealed bytes are compressed already.
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS entry (ordinal bigint PRIMARY KEY, row bytea NOT NULL);
ALTER TABLE entry ALTER COLUMN row SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS batch (first_t bigint PRIMARY KEY, id bytea NOT NULL, epoch bigint NOT NULL, first_ordinal bigint NOT NULL,
  transaction_count bigint NOT NULL, entry_count bigint NOT NULL, last_at_us bigint NOT NULL, transactions bytea NOT NULL,
  digest bytea NOT NULL);
CREATE TABLE IF NOT EXISTS type (code bigint PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS dictionary (id bigint PRIMARY KEY, type bigint NOT NULL, bytes bytea NOT NULL, crc bigint NOT NULL);
CREATE TABLE IF NOT EXISTS reign (id bigint PRIMARY KEY CHECK (id = 1), format bigint NOT NULL, incarnation bigint NOT NULL, epoch bigint NOT NULL);
INSERT INTO reign VALUES (1, 1, 1, 0) ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION fence(ours bigint, last_first_t bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE stored bigint; last bigint;
BEGIN
  SELECT epoch INTO stored FROM reign WHERE id = 1 FOR UPDATE;
  SELECT coalesce(max(first_t), 0) INTO last FROM batch;
  IF stored IS DISTINCT FROM ours OR last <> last_first_t THEN
    RAISE EXCEPTION 'epoch % is stored, ours is %', stored, ours USING ERRCODE = 'TK001';
  END IF;
END $$;
)";

constexpr const char* kFence = "SELECT fence($1::bigint, $2::bigint)";
constexpr const char* kInsertBatch =
    "INSERT INTO batch (first_t, id, epoch, first_ordinal, transaction_count, entry_count, last_at_us, "
    "transactions, digest) "
    "VALUES ($1::bigint, $2::bytea, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bytea, "
    "$9::bytea)";
constexpr const char* kInsertRows =
    "INSERT INTO entry (ordinal, row) SELECT $1::bigint + u.i - 1, u.r FROM unnest($2::bytea[]) WITH "
    "ORDINALITY AS u(r, i)";
constexpr const char* kBatchColumns =
    "first_t, id, epoch, first_ordinal, transaction_count, entry_count, last_at_us, transactions, digest";

Result<BatchRow> BatchOf(const Rows& rows, size_t i) {
  BatchRow batch;
  batch.first_t = rows.Int(i, 0);
  batch.epoch = rows.Int(i, 2);
  batch.first_ordinal = rows.Int(i, 3);
  batch.transaction_count = static_cast<uint32_t>(rows.Int(i, 4));
  batch.entry_count = static_cast<uint32_t>(rows.Int(i, 5));
  batch.last_at_us = static_cast<Instant>(rows.Int(i, 6));
  batch.transactions = rows.Bytes(i, 7);
  const std::string_view id = rows.Bytes(i, 1), digest = rows.Bytes(i, 8);
  if (id.size() != batch.id.size() || digest.size() != batch.digest.size()) {
    return MakeError(ErrorCode::kCorrupt,
                     "A batch of the log is damaged; run verify and restore from a backup.",
                     fmt::format("t {}", batch.first_t));
  }
  std::memcpy(batch.id.data(), id.data(), id.size());
  std::memcpy(batch.digest.data(), digest.data(), digest.size());
  return batch;
}

class PostgresLog final : public LogStore {
 public:
  explicit PostgresLog(OpenOptions options)
      : options_(std::move(options)), writer_(options_.url, options_.schema) {}
  Status Open();

  Result<std::vector<BatchRow>> RawBatches(uint64_t t, size_t batches_max) const override;
  Result<std::vector<RawRow>> RawRows(Ordinal from, Ordinal to, size_t rows_max) const override;
  Result<Head> BeginLife(uint32_t incarnation, uint64_t epoch) override;
  Result<DictionaryId> AddDictionary(TypeCode type, std::string_view bytes) override;
  Result<std::vector<Dictionary>> Dictionaries() const override;
  std::string_view backend() const override { return "postgresql"; }
  uint64_t bytes_on_disk() const override;
  std::string place() const override { return fmt::format("PostgreSQL schema {}", options_.schema); }

 protected:
  Result<StoredHead> LoadHead() const override;
  Result<std::vector<TypeRow>> LoadTypes() const override;
  Status StoreTypes(const std::vector<std::string_view>& names) override;
  Status VerifyStore(VerifyReport* report) const override;
  Status RaiseEpoch() override;
  Status Commit(const PackedBatch& packed, uint64_t last_first_t) override;
  Result<std::string> RawRow1(Ordinal ordinal) const override;
  Result<std::vector<RawRow>> RawRowsOf(std::span<const Ordinal> ordinals) const override;

 private:
  struct Reader {
    Reader(const std::string& url, const std::string& schema) : connection(url, schema) {}
    std::mutex mutex;
    Connection connection;
  };

  Status EnsureSchema();
  Status Writable();
  Result<Rows> Change(const char* sql, const Params& params);
  Result<Rows> Select(const char* sql, const Params& params = {}) const;
  Status ResolveOnce(const std::string& lost_session, const BatchRow& batch, bool* committed);
  Status Resolve(const std::string& lost_session, const BatchRow& batch, Error cause);

  const OpenOptions options_;
  Connection writer_;       // the writer's thread only
  std::string unresolved_;  // a session that may still commit: ended before anything else is written
  mutable std::vector<std::unique_ptr<Reader>> readers_;
};

Status PostgresLog::Open() {
  const std::string& schema = options_.schema;
  const bool plain = !schema.empty() && schema.size() <= 63 && (schema[0] < '0' || schema[0] > '9') &&
                     schema.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!plain)
    return MakeError(ErrorCode::kIncorrect,
                     "The schema's name must be 1 to 63 lower-case letters, digits and _.");
  for (int i = 0; i < std::max(1, options_.read_connections); ++i) {
    readers_.push_back(std::make_unique<Reader>(options_.url, schema));
  }
  TRY(writer_.Connect());
  if (!options_.read_only) TRY(EnsureSchema());
  const Rows format = TRY(Select("SELECT format FROM reign WHERE id = 1"));
  if (format.size() != 1 || format.Int(0, 0) != 1) {
    return MakeError(ErrorCode::kUnsupported,
                     fmt::format("{} has another format than this program reads.", place()));
  }
  return LoadAll();
}

Status PostgresLog::EnsureSchema() {
  const std::string quoted = writer_.Quoted(options_.schema);
  return writer_.Exec(
      fmt::format("BEGIN; SELECT pg_advisory_xact_lock(hashtext('tongkang schema')); CREATE SCHEMA IF NOT "
                  "EXISTS {}; {} COMMIT",
                  quoted, kSchema));
}

Status PostgresLog::Writable() {
  if (options_.read_only) return MakeError(ErrorCode::kUnsupported, "The log was opened for reading only.");
  if (!writer_.connected()) TRY(writer_.Connect());
  return {};
}

// Statements that may be repeated without harm: once more on a fresh connection if the old one broke.
Result<Rows> PostgresLog::Change(const char* sql, const Params& params) {
  TRY(Writable());
  auto rows = writer_.Query(sql, params);
  if (rows.ok() || writer_.connected()) return rows;
  TRY(writer_.Connect());
  return writer_.Query(sql, params);
}

Result<Rows> PostgresLog::Select(const char* sql, const Params& params) const {
  static std::atomic<size_t> threads{0};
  thread_local const size_t thread = threads.fetch_add(1, std::memory_order_relaxed);
  Reader* reader = nullptr;
  std::unique_lock<std::mutex> lock;
  for (size_t i = 0; i < readers_.size() && !lock.owns_lock(); ++i) {
    reader = readers_[(thread + i) % readers_.size()].get();
    lock = std::unique_lock(reader->mutex, std::try_to_lock);
  }
  if (!lock.owns_lock()) {
    reader = readers_[thread % readers_.size()].get();
    lock = std::unique_lock(reader->mutex);
  }
  if (!reader->connection.connected()) TRY(reader->connection.Connect());
  auto rows = reader->connection.Query(sql, params);
  if (rows.ok() || reader->connection.connected()) return rows;
  TRY(reader->connection.Connect());
  return reader->connection.Query(sql, params);
}

Status PostgresLog::Commit(const PackedBatch& packed, uint64_t last_first_t) {
  TRY(Writable());
  const BatchRow& batch = packed.batch;
  if (!unresolved_.empty()) {
    bool committed = false;
    TRY(ResolveOnce(unresolved_, batch, &committed));
    unresolved_.clear();
    if (committed) return {};
  }
  std::vector<std::string_view> rows;
  rows.reserve(batch.entry_count);
  for (size_t i = 0; i < batch.entry_count; ++i) rows.push_back(packed.row(i));
  std::vector<postgres::Command> commands;
  commands.push_back({kFence, Params().Int(batch.epoch).Int(last_first_t)});
  commands.push_back({kInsertBatch, Params()
                                        .Int(batch.first_t)
                                        .Blob(batch.id)
                                        .Int(batch.epoch)
                                        .Int(batch.first_ordinal)
                                        .Int(batch.transaction_count)
                                        .Int(batch.entry_count)
                                        .Int(static_cast<uint64_t>(batch.last_at_us))
                                        .Blob(AsBytes(batch.transactions))
                                        .Blob(batch.digest)});
  if (!rows.empty()) commands.push_back({kInsertRows, Params().Int(batch.first_ordinal).BlobArray(rows)});
  bool lost = false;
  const std::string session = writer_.session();
  Status status = writer_.Pipeline(commands, &lost);
  if (!lost) {
    if (!status.ok() && status.error().code == ErrorCode::kInternal)
      status.error().code = ErrorCode::kUnavailable;
    return status;
  }
  return Resolve(session, batch,
                 status.ok() ? MakeError(ErrorCode::kUnavailable, "The connection to the database broke.")
                             : status.error());
}

// Ends the old session, waits until it is gone, and looks for the batch. After that the answer can no longer change.
Status PostgresLog::ResolveOnce(const std::string& lost_session, const BatchRow& batch, bool* committed) {
  if (!writer_.connected()) TRY(writer_.Connect());
  constexpr const char* kEnd =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
      "convert_from($1::bytea, 'UTF8')";
  for (int i = 0;; ++i) {
    const Rows living = TRY(writer_.Query(kEnd, Params().Blob(AsBytes(lost_session))));
    if (living.size() == 1 && living.Int(0, 0) == 0) break;
    if (i >= 200)
      return MakeError(ErrorCode::kUnavailable, "An old session of ours does not end on the database.");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const Rows found =
      TRY(writer_.Query("SELECT id FROM batch WHERE first_t = $1::bigint", Params().Int(batch.first_t)));
  *committed = found.size() == 1 && found.Bytes(0, 0) == AsText(batch.id);
  return {};
}

Status PostgresLog::Resolve(const std::string& lost_session, const BatchRow& batch, Error cause) {
  const int64_t until_us = MonotonicUs() + int64_t{options_.resolve_ms_max} * 1000;
  writer_.Close();
  for (int wait_ms = 5;; wait_ms = std::min(wait_ms * 2, 500)) {
    bool committed = false;
    if (ResolveOnce(lost_session, batch, &committed).ok()) {
      if (committed) return {};
      cause.code = ErrorCode::kUnavailable;
      return cause;
    }
    if (MonotonicUs() > until_us) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
  }
  unresolved_ = lost_session;
  return MakeError(ErrorCode::kTimeout,
                   "The database did not come back in time, and whether the last batch was stored is not "
                   "known. Append the same batch again to learn it.",
                   cause.internal);
}

Status PostgresLog::RaiseEpoch() {
  TRY(Change("UPDATE reign SET epoch = epoch + 1 WHERE id = 1", {}));
  return {};
}

Result<Head> PostgresLog::BeginLife(uint32_t incarnation, uint64_t epoch) {
  if (TRY(Refresh()).t != 0) return MakeError(ErrorCode::kConflict, fmt::format("{} is not empty.", place()));
  TRY(Change("UPDATE reign SET incarnation = $1::bigint, epoch = $2::bigint WHERE id = 1",
             Params().Int(incarnation).Int(epoch)));
  return Refresh();
}

Status PostgresLog::StoreTypes(const std::vector<std::string_view>& names) {
  TRY(
      Change("INSERT INTO type (code, name) SELECT (SELECT coalesce(max(code), 0) FROM type) + n, "
             "convert_from(name, 'UTF8') "
             "FROM unnest($1::bytea[]) WITH ORDINALITY AS new (name, n) ON CONFLICT (name) DO NOTHING",
             Params().BlobArray(names)));
  return {};
}

// Pages and indexes are PostgreSQL's own (data checksums, pg_amcheck). What a name is in the table and what the index makes of it is ours to ask:
// a name that the index does not find, or finds elsewhere, is damage.
Status PostgresLog::VerifyStore(VerifyReport* report) const {
  for (const TypeRow& type : Types()) {
    auto found = Select("SELECT code FROM type WHERE name = convert_from($1::bytea, 'UTF8')",
                        Params().Blob(AsBytes(type.name)));
    if (!found.ok() && found.error().code == ErrorCode::kUnavailable) return found.TakeError();
    if (found.ok() && found->size() == 1 && found->Int(0, 0) == type.code) continue;
    report->damage.push_back(fmt::format(
        "{}: the name of type {} and the index of names differ; restore from a backup", place(), type.code));
  }
  return {};
}

Result<DictionaryId> PostgresLog::AddDictionary(TypeCode type, std::string_view bytes) {
  const Rows rows =
      TRY(Change("INSERT INTO dictionary (id, type, bytes, crc) SELECT coalesce(max(id), 0) + 1, $1::bigint, "
                 "$2::bytea, $3::bigint "
                 "FROM dictionary RETURNING id",
                 Params().Int(type).Blob(AsBytes(bytes)).Int(Crc32c(AsBytes(bytes)))));
  return static_cast<DictionaryId>(rows.Int(0, 0));
}

Result<std::vector<Log::Dictionary>> PostgresLog::Dictionaries() const {
  const Rows rows = TRY(Select("SELECT id, type, bytes, crc FROM dictionary ORDER BY id"));
  std::vector<Dictionary> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    out.push_back({static_cast<DictionaryId>(rows.Int(i, 0)), static_cast<TypeCode>(rows.Int(i, 1)),
                   std::string(rows.Bytes(i, 2))});
    if (Crc32c(AsBytes(out.back().bytes)) != rows.Int(i, 3)) {
      return MakeError(ErrorCode::kCorrupt, "A compression dictionary is damaged; restore from a backup.",
                       fmt::format("dictionary {}", out.back().id));
    }
  }
  return out;
}

Result<LogStore::StoredHead> PostgresLog::LoadHead() const {
  // One statement, so that epoch and last batch belong together.
  const Rows rows =
      TRY(Select("SELECT b.first_t, b.id, b.epoch, b.first_ordinal, b.transaction_count, b.entry_count, "
                 "b.last_at_us, b.transactions, b.digest, "
                 "r.incarnation, r.epoch FROM reign r LEFT JOIN LATERAL (SELECT * FROM batch ORDER BY "
                 "first_t DESC LIMIT 1) b ON true "
                 "WHERE r.id = 1"));
  if (rows.size() != 1)
    return MakeError(ErrorCode::kCorrupt, "The log has no epoch row; restore from a backup.", place());
  StoredHead head;
  head.incarnation = static_cast<uint32_t>(rows.Int(0, 9));
  head.epoch = rows.Int(0, 10);
  if (!rows.IsNull(0, 0)) head.last = TRY(BatchOf(rows, 0));
  return head;
}

Result<std::vector<TypeRow>> PostgresLog::LoadTypes() const {
  const Rows rows = TRY(Select("SELECT code, name FROM type ORDER BY code"));
  std::vector<TypeRow> types;
  for (size_t i = 0; i < rows.size(); ++i)
    types.push_back({static_cast<TypeCode>(rows.Int(i, 0)), std::string(rows.Bytes(i, 1))});
  return types;
}

Result<std::string> PostgresLog::RawRow1(Ordinal ordinal) const {
  const Rows rows = TRY(Select("SELECT row FROM entry WHERE ordinal = $1::bigint", Params().Int(ordinal)));
  if (rows.size() != 1)
    return MakeError(ErrorCode::kNotFound, "There is no such entry in the log.",
                     fmt::format("ordinal {}", ordinal));
  return std::string(rows.Bytes(0, 0));
}

Result<std::vector<RawRow>> PostgresLog::RawRowsOf(std::span<const Ordinal> ordinals) const {
  std::vector<RawRow> out(ordinals.size());
  if (ordinals.empty()) return out;
  const Rows rows =
      TRY(Select("SELECT ordinal, row FROM entry WHERE ordinal = ANY($1::bigint[]) ORDER BY ordinal",
                 Params().IntArray(std::vector<uint64_t>(ordinals.begin(), ordinals.end()))));
  std::vector<Ordinal> found(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) found[i] = rows.Int(i, 0);
  for (size_t i = 0; i < ordinals.size(); ++i) {
    const auto it = std::lower_bound(found.begin(), found.end(), ordinals[i]);
    if (it == found.end() || *it != ordinals[i]) continue;  // stays ordinal 0: the caller tells
    out[i] = {ordinals[i], std::string(rows.Bytes(static_cast<size_t>(it - found.begin()), 1))};
  }
  return out;
}

Result<std::vector<RawRow>> PostgresLog::RawRows(Ordinal from, Ordinal to, size_t rows_max) const {
  const Rows rows =
      TRY(Select("SELECT ordinal, row FROM entry WHERE ordinal >= $1::bigint AND ordinal < $2::bigint ORDER "
                 "BY ordinal LIMIT $3::bigint",
                 Params().Int(from).Int(to).Int(rows_max)));
  std::vector<RawRow> out;
  out.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) out.push_back({rows.Int(i, 0), std::string(rows.Bytes(i, 1))});
  return out;
}

Result<std::vector<BatchRow>> PostgresLog::RawBatches(uint64_t t, size_t batches_max) const {
  static const std::string sql = fmt::format(
      "SELECT {} FROM batch WHERE first_t >= coalesce((SELECT max(first_t) FROM batch WHERE first_t <= "
      "$1::bigint), $1::bigint) "
      "ORDER BY first_t LIMIT $2::bigint",
      kBatchColumns);
  const Rows rows = TRY(Select(sql.c_str(), Params().Int(t).Int(batches_max)));
  std::vector<BatchRow> out;
  for (size_t i = 0; i < rows.size(); ++i) out.push_back(TRY(BatchOf(rows, i)));
  return out;
}

uint64_t PostgresLog::bytes_on_disk() const {
  const auto rows = Select(
      "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON "
      "n.oid = c.relnamespace "
      "WHERE n.nspname = current_schema() AND c.relkind = 'r'");
  return rows.ok() && rows->size() == 1 ? rows->Int(0, 0) : 0;
}

}  // namespace

Result<std::unique_ptr<LogStore>> OpenPostgresLog(const OpenOptions& options) {
  auto log = std::make_unique<PostgresLog>(options);
  TRY(log->Open());
  return std::unique_ptr<LogStore>(std::move(log));
}

}  // namespace tk::log
