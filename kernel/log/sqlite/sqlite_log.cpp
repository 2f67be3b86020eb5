#include "kernel/log/sqlite/sqlite_log.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "kernel/base/file.h"
#include "kernel/log/head_file.h"
#include "kernel/log/sqlite/checkpointer.h"
#include "kernel/log/sqlite/database.h"
#include "kernel/log/sqlite/reader_pool.h"
#include "kernel/log/sqlite/schema.h"

namespace tk::log {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

class SqliteLog final : public LogStore {
 public:
  SqliteLog(OpenOptions options, SqliteTuning tuning)
      : options_(std::move(options)), tuning_(tuning), path_(options_.folder + "/log.db") {}
  ~SqliteLog() override;
  Status Open();

  Result<std::vector<BatchRow>> RawBatches(uint64_t t, size_t batches_max) const override;
  Result<std::vector<RawRow>> RawRows(Ordinal from, Ordinal to, size_t rows_max) const override;
  Result<Head> BeginLife(uint32_t incarnation, uint64_t epoch) override;
  Result<DictionaryId> AddDictionary(TypeCode type, std::string_view bytes) override;
  Result<std::vector<Dictionary>> Dictionaries() const override;
  std::string_view backend() const override { return "sqlite"; }
  uint64_t bytes_on_disk() const override;
  std::string place() const override { return path_; }

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
  Status LockFolder();
  Status OpenWriter(bool is_new);
  Status CheckHeadFile(const std::optional<Head>& known) const;
  Status Writable() const;
  Status Settle();
  Status WriteBatch(const PackedBatch& packed, uint64_t last_first_t);
  Status WriteRows(const PackedBatch& packed);
  void StartCheckpointer();
  Result<bool> FindRow(const sqlite::ReaderPool::Lease& reader, Ordinal ordinal) const;

  const OpenOptions options_;
  const SqliteTuning tuning_;
  const std::string path_;
  std::optional<FileLock> lock_;
  HeadFile head_file_;
  std::optional<Head> known_;  // of a log opened for reading: what log.head said just before
  Database writer_;
  Statement insert_entry_, insert_batch_, read_reign_, settle_;
  bool in_doubt_ = false;  // a commit failed and its frames have not been overwritten yet
  mutable sqlite::ReaderPool readers_;
  std::mutex checkpoint_mutex_;  // held while somebody checkpoints
  Database checkpoint_db_;
  sqlite::Checkpointer checkpointer_;
};

SqliteLog::~SqliteLog() {
  checkpointer_.Stop();
  // Readers first: the last writing connection to close then copies the write-ahead file and removes it.
  readers_.Close();
  for (Statement* statement : {&insert_entry_, &insert_batch_, &read_reign_, &settle_})
    *statement = Statement();
  checkpoint_db_ = Database();
  writer_ = Database();
}

Status SqliteLog::Open() {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path_, error);
  if (is_new && options_.read_only)
    return MakeError(ErrorCode::kUnavailable, fmt::format("There is no log at {}.", path_));
  bool head_existed = true;
  if (!options_.read_only) {
    TRY(MakeFolder(options_.folder));
    if (tuning_.lock_folder) TRY(LockFolder());
    if (tuning_.head_file) TRY(head_file_.Open(options_.folder + "/log.head", &head_existed));
    TRY(OpenWriter(is_new));
  } else {
    known_ = HeadFile::Read(options_.folder + "/log.head");
  }
  TRY(readers_.Open(path_, std::max(1, options_.read_connections), tuning_.mmap_bytes, tuning_.vfs));
  TRY(LoadAll());
  if (options_.read_only) return {};
  if (tuning_.head_file && head_existed) TRY(CheckHeadFile(head_file_.Load()));
  if (tuning_.head_file && !head_existed && head().t > 0) {
    // Somebody accepted the loss of the newest transactions (see CheckHeadFile): what others know of them must not count.
    Statement raise = TRY(writer_.Prepare("UPDATE reign SET incarnation = ?"));
    TRY(raise.Int(1, NextIncarnation(head().incarnation)).Run());
    TRY(LoadAll());
  }
  if (tuning_.head_file) head_file_.Store(head());
  StartCheckpointer();
  return {};
}

Status SqliteLog::OpenWriter(bool is_new) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  writer_ = TRY(Database::Open(path_, flags, tuning_.vfs));
  (void)::chmod(path_.c_str(),
                0600);  // its texts are sealed; its types, times and numbers are nobody else's either
  if (is_new) TRY(writer_.Exec(fmt::format("PRAGMA page_size = {}", tuning_.page_bytes)));
  TRY(sqlite::PrepareForWriting(&writer_));
  TRY(sqlite::EnsureSchema(&writer_, path_));
  if (is_new) TRY(SyncFolder(options_.folder));
  insert_entry_ = TRY(writer_.Prepare("INSERT INTO entry (ordinal, row) VALUES (?, ?)"));
  insert_batch_ = TRY(writer_.Prepare(sqlite::kInsertBatch));
  read_reign_ = TRY(writer_.Prepare("SELECT epoch, (SELECT max(first_t) FROM batch) FROM reign"));
  settle_ = TRY(writer_.Prepare("UPDATE settle SET failures = failures + 1"));
  checkpoint_db_ = TRY(Database::Open(path_, SQLITE_OPEN_READWRITE, tuning_.vfs));
  TRY(checkpoint_db_.Exec("PRAGMA wal_autocheckpoint = 0"));
  return {};
}

void SqliteLog::StartCheckpointer() {
  const auto pages = [this](uint64_t bytes) {
    return static_cast<int>(std::min<uint64_t>(bytes / static_cast<uint64_t>(tuning_.page_bytes), INT32_MAX));
  };
  sqlite::Checkpointer::Options options;
  options.pages = pages(tuning_.checkpoint_bytes);
  options.pages_max = pages(tuning_.wal_bytes_max);
  options.writer = writer_.raw();
  options.copier = checkpoint_db_.raw();
  options.copying = &checkpoint_mutex_;
  options.let_go = [this] { readers_.LetGo(); };
  checkpointer_.Start(std::move(options));
}

Status SqliteLog::LockFolder() {
  auto lock = FileLock::Take(options_.folder + "/log.lock", 0);
  if (!lock.ok() && lock.error().code == ErrorCode::kConflict)
    return MakeError(
        ErrorCode::kUnavailable,
        fmt::format("Another process has this log open. Stop it first; two must never write: {}.",
                    lock.error().external));
  lock_.emplace(TRY(std::move(lock)));
  return {};
}

Status SqliteLog::CheckHeadFile(const std::optional<Head>& known) const {
  if (!known) return {};
  const Head now = head();
  const std::string mend = fmt::format(
      "Restore from a backup; or, to go on with what is there and lose the rest, delete {}/log.head and "
      "start again",
      options_.folder);
  if (known->incarnation > now.incarnation || (known->incarnation == now.incarnation && known->t > now.t)) {
    return MakeError(ErrorCode::kCorrupt,
                     fmt::format("Acknowledged transactions are missing from {}: it ends at t {} and should "
                                 "reach t {}. The write-ahead "
                                 "file was damaged or the file was replaced by an older one. {}.",
                                 path_, now.t, known->t, mend));
  }
  if (known->incarnation == now.incarnation && known->t == now.t && known->chain != now.chain) {
    return MakeError(
        ErrorCode::kCorrupt,
        fmt::format("{} is not the log that this folder had: its digest differs. {}.", path_, mend));
  }
  return {};
}

Status SqliteLog::VerifyStore(VerifyReport* report) const {
  Database db = TRY(Database::Open(path_, SQLITE_OPEN_READONLY, tuning_.vfs));
  TRY(sqlite::CheckFile(&db, sqlite::LogForm(path_), &report->damage));
  const auto one_row = [&](const char* table) -> Status {
    const auto rows = db.QueryInt(fmt::format("SELECT count(*) FROM {} WHERE id = 1", table));
    if (!rows.ok() && rows.error().code == ErrorCode::kUnavailable) return rows.error();
    if (!rows.ok() || *rows != 1) {
      report->damage.push_back(
          fmt::format("{}: the row of its table {} is missing; restore from a backup", path_, table));
    }
    return {};
  };
  TRY(one_row("reign"));
  TRY(one_row("settle"));
  if (Status checked = CheckHeadFile(known_); !checked.ok())
    report->damage.push_back(checked.error().external);
  if (known_ && known_->incarnation < head().incarnation) {
    report->damage.push_back(fmt::format(
        "{}: it says incarnation {}, log.head says {}; restore from a backup, or start to go on as a new one",
        path_, head().incarnation, known_->incarnation));
  }
  return {};
}

Status SqliteLog::Writable() const {
  if (!options_.read_only) return {};
  return MakeError(ErrorCode::kUnsupported, "The log was opened for reading only.");
}

// After a failed commit the write-ahead file may hold a whole transaction that was refused (its sync failed). A crash would bring it to life,
// so its place is overwritten by a small one before anything else happens.
Status SqliteLog::Settle() {
  if (!in_doubt_) return {};
  TRY(settle_.Run());
  in_doubt_ = false;
  return {};
}

Status SqliteLog::Commit(const PackedBatch& packed, uint64_t last_first_t) {
  TRY(Writable());
  TRY(Settle());
  Status written = WriteBatch(packed, last_first_t);
  if (!written.ok()) {
    if (written.error().code == ErrorCode::kConflict) return written;
    in_doubt_ = true;
    if (const Status settled = Settle(); !settled.ok())
      written.error().internal += "; not settled: " + settled.error().internal;
    if (written.error().code == ErrorCode::kInternal) written.error().code = ErrorCode::kUnavailable;
    return written;
  }
  if (tuning_.head_file) {
    Head head;
    const BatchRow& row = packed.batch;
    head.incarnation = this->head().incarnation;
    head.epoch = row.epoch;
    head.t = row.end_t() - 1;
    head.next_ordinal = row.end_ordinal();
    head.last_at_us = row.last_at_us;
    head.chain = row.digest;
    head_file_.Store(head);
  }
  checkpointer_.AfterCommit();
  return {};
}

Status SqliteLog::WriteBatch(const PackedBatch& packed, uint64_t last_first_t) {
  Transaction transaction(&writer_);
  TRY(transaction.Begin());
  if (!TRY(read_reign_.Step()))
    return MakeError(ErrorCode::kCorrupt, "The log has no epoch row; restore from a backup.");
  const uint64_t epoch = read_reign_.ColumnInt(0);
  const uint64_t stored_first_t = read_reign_.ColumnInt(1);
  read_reign_.Reset();
  if (epoch != packed.batch.epoch || stored_first_t != last_first_t) {
    return MakeError(ErrorCode::kConflict, "Another writer has taken over this log.",
                     fmt::format("epoch {} is stored, ours is {}", epoch, packed.batch.epoch));
  }
  TRY(WriteRows(packed));
  return transaction.Commit();
}

Status SqliteLog::WriteRows(const PackedBatch& packed) {
  for (size_t i = 0; i < packed.batch.entry_count; ++i) {
    TRY(insert_entry_.Int(1, packed.batch.first_ordinal + i).Blob(2, AsBytes(packed.row(i))).Run());
  }
  return sqlite::BindBatch(&insert_batch_, packed.batch).Run();
}

Status SqliteLog::RaiseEpoch() {
  TRY(Writable());
  TRY(Settle());
  return writer_.Exec("UPDATE reign SET epoch = epoch + 1");
}

Result<Head> SqliteLog::BeginLife(uint32_t incarnation, uint64_t epoch) {
  TRY(Writable());
  if (head().t != 0) return MakeError(ErrorCode::kConflict, fmt::format("{} is not empty.", path_));
  Statement update = TRY(writer_.Prepare("UPDATE reign SET incarnation = ?, epoch = ?"));
  TRY(update.Int(1, incarnation).Int(2, epoch).Run());
  Head head = TRY(Refresh());
  if (tuning_.head_file) head_file_.Store(head);
  return head;
}

Status SqliteLog::StoreTypes(const std::vector<std::string_view>& names) {
  TRY(Writable());
  TRY(Settle());
  sqlite::Transaction transaction(&writer_);
  TRY(transaction.Begin());
  for (const std::string_view name : names) {
    Statement insert =
        TRY(writer_.Prepare("INSERT INTO type (code, name) SELECT coalesce(max(code), 0) + 1, ? FROM type"));
    TRY(insert.Text(1, name).Run());
  }
  return transaction.Commit();
}

Result<DictionaryId> SqliteLog::AddDictionary(TypeCode type, std::string_view bytes) {
  TRY(Writable());
  TRY(Settle());
  Statement insert = TRY(writer_.Prepare(sqlite::kInsertDictionary));
  TRY(insert.Int(1, type).Blob(2, AsBytes(bytes)).Int(3, Crc32c(AsBytes(bytes))).Run());
  return static_cast<DictionaryId>(sqlite3_last_insert_rowid(writer_.raw()));
}

Result<std::vector<Log::Dictionary>> SqliteLog::Dictionaries() const {
  const auto reader = readers_.TakeFresh();
  return sqlite::LoadDictionaries(&reader->db);
}

Result<LogStore::StoredHead> SqliteLog::LoadHead() const {
  const auto reader = readers_.TakeFresh();
  StoredHead head;
  Statement reign = TRY(reader->db.Prepare("SELECT incarnation, epoch FROM reign"));
  if (!TRY(reign.Step()))
    return MakeError(ErrorCode::kCorrupt, "The log has no epoch row; restore from a backup.", path_);
  head.incarnation = static_cast<uint32_t>(reign.ColumnInt(0));
  head.epoch = reign.ColumnInt(1);
  Statement last = TRY(reader->db.Prepare(sqlite::kSelectLastBatch));
  if (TRY(last.Step())) head.last = TRY(sqlite::BatchOf(last));
  return head;
}

Result<std::vector<TypeRow>> SqliteLog::LoadTypes() const {
  const auto reader = readers_.TakeFresh();
  Statement select = TRY(reader->db.Prepare("SELECT code, name FROM type ORDER BY code"));
  std::vector<TypeRow> types;
  while (TRY(select.Step()))
    types.push_back({static_cast<TypeCode>(select.ColumnInt(0)), std::string(select.ColumnBytes(1))});
  return types;
}

// The row in the held transaction, or, if it is newer, in one begun now.
Result<bool> SqliteLog::FindRow(const sqlite::ReaderPool::Lease& reader, Ordinal ordinal) const {
  const bool held = reader->holds;
  for (int tries = 0; tries < (held ? 2 : 1); ++tries) {
    if (tries > 0) reader->End();
    TRY(reader.Hold());
    auto found = reader->read_row.Int(1, ordinal).Step();
    if (found.ok() && *found) return true;
    reader->read_row.Reset();
    if (!found.ok()) {
      reader->End();  // what a failed read saw is not kept for the next one
      return found.TakeError();
    }
  }
  return false;
}

Result<std::string> SqliteLog::RawRow1(Ordinal ordinal) const {
  const auto reader = readers_.Take();
  if (!TRY(FindRow(reader, ordinal))) {
    return MakeError(ErrorCode::kNotFound, "There is no such entry in the log.",
                     fmt::format("ordinal {}", ordinal));
  }
  std::string row(reader->read_row.ColumnBytes(0));
  reader->read_row.Reset();
  return row;
}

Result<std::vector<RawRow>> SqliteLog::RawRowsOf(std::span<const Ordinal> ordinals) const {
  const auto reader = readers_.Take();
  std::vector<RawRow> rows;
  rows.reserve(ordinals.size());
  for (const Ordinal ordinal : ordinals) {
    const bool found = TRY(FindRow(reader, ordinal));
    rows.push_back(found ? RawRow{ordinal, std::string(reader->read_row.ColumnBytes(0))} : RawRow{0, {}});
    if (found) reader->read_row.Reset();
  }
  return rows;
}

Result<std::vector<RawRow>> SqliteLog::RawRows(Ordinal from, Ordinal to, size_t rows_max) const {
  constexpr size_t kBytesMax = size_t{8} << 20;  // a piece is cut by size as well as by number
  const auto reader = readers_.TakeFresh();
  Statement& read = reader->read_rows;
  read.Int(1, from).Int(2, to).Int(3, rows_max);
  std::vector<RawRow> rows;
  for (size_t bytes = 0; bytes < kBytesMax && TRY(read.Step());) {
    const Ordinal ordinal = read.ColumnInt(0);
    // A damaged page may give what was not asked for: whoever goes on behind the last one would go round for ever.
    if (ordinal < (rows.empty() ? from : rows.back().ordinal + 1)) {
      read.Reset();
      return MakeError(ErrorCode::kCorrupt, "Entries of the log are out of order; run verify.",
                       fmt::format("ordinal {} where {} was sought", ordinal, from));
    }
    rows.push_back({ordinal, std::string(read.ColumnBytes(1))});
    bytes += rows.back().row.size();
  }
  read.Reset();
  return rows;
}

Result<std::vector<BatchRow>> SqliteLog::RawBatches(uint64_t t, size_t batches_max) const {
  const auto reader = readers_.TakeFresh();
  Statement& read = reader->read_batches;
  read.Int(1, t).Int(2, batches_max);
  std::vector<BatchRow> batches;
  while (TRY(read.Step())) {
    auto batch = sqlite::BatchOf(read);
    if (!batch.ok()) {
      read.Reset();
      return batch.TakeError();
    }
    batches.push_back(std::move(*batch));
  }
  read.Reset();
  return batches;
}

uint64_t SqliteLog::bytes_on_disk() const {
  uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info {};
    if (stat((path_ + suffix).c_str(), &info) == 0) bytes += static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<LogStore>> OpenSqliteLog(const OpenOptions& options, const SqliteTuning& tuning) {
  if (options.folder.empty()) return MakeError(ErrorCode::kIncorrect, "The log needs a folder.");
  auto log = std::make_unique<SqliteLog>(options, tuning);
  TRY(log->Open());
  return std::unique_ptr<LogStore>(std::move(log));
}

}  // namespace tk::log
