#include "kernel/log/sqlite/database.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace tk::log::sqlite {
namespace {

ErrorCode CodeOf(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
      return ErrorCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    // Every statement keeps to the tables' rules, so one that breaks a rule has met a damaged row or index.
    case SQLITE_CONSTRAINT:
      return ErrorCode::kCorrupt;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error LastError(sqlite3* db, std::string_view what) {
  const int code = sqlite3_extended_errcode(db);
  const int os_error = sqlite3_system_errno(db);
  std::string_view mend = "see the server's log";
  if ((code & 0xff) == SQLITE_FULL || ((code & 0xff) == SQLITE_IOERR && os_error == ENOSPC)) {
    mend = "the disk is full: free space, then try again";
  } else if (CodeOf(code) == ErrorCode::kCorrupt) {
    mend = "the file is damaged: run `tongkang verify`, which says where, and restore from a backup";
  } else if ((code & 0xff) == SQLITE_BUSY) {
    mend = "another process holds the file";
  } else if ((code & 0xff) == SQLITE_IOERR) {
    mend = "the disk refuses to read or write";
  }
  const char* file = sqlite3_db_filename(db, "main");
  const std::string place = file != nullptr && *file != '\0' ? fmt::format(" ({})", file) : std::string();
  return MakeError(CodeOf(code), fmt::format("{} failed{}: {}.", what, place, mend),
                   fmt::format("SQLite {} ({}), errno {} ({})", code, sqlite3_errmsg(db), os_error,
                               os_error != 0 ? std::strerror(os_error) : "none"));
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = LastError(sqlite3_db_handle(stmt_), "A statement of the log's store");
  Reset();
  return error;
}

Status Statement::Run() {
  while (TRY(Step())) {
  }
  Reset();
  return {};
}

Result<Database> Database::Open(const std::string& path, int flags, const char* vfs) {
  // Counting every allocation would take a lock of the whole process twice a statement. Only before the first use; nobody reads the counts.
  static const int counts_off = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)counts_off;
  Database db;
  const int code =
      sqlite3_open_v2(path.c_str(), &db.db_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  if (code != SQLITE_OK) {
    if (db.db_ == nullptr) return MakeError(ErrorCode::kUnavailable, "No memory for a database connection.");
    return LastError(db.db_, fmt::format("Opening {}", path));
  }
  sqlite3_busy_timeout(db.db_, 10'000);
  return db;
}

Status Database::Exec(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return LastError(db_, "A statement of the log's store");
  return {};
}

Result<Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* stmt = nullptr;
  if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, nullptr) != SQLITE_OK) {
    return LastError(db_, "Preparing a statement of the log's store");
  }
  return Statement(stmt);
}

Result<uint64_t> Database::QueryInt(const char* sql) {
  Statement statement = TRY(Prepare(sql));
  if (!TRY(statement.Step())) return uint64_t{0};
  return statement.ColumnInt(0);
}

Transaction::~Transaction() {
  // An error here changes nothing: SQLite has rolled back by itself, or does so when the connection closes.
  if (open_ && sqlite3_get_autocommit(db_->raw()) == 0)
    sqlite3_exec(db_->raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Status Transaction::Begin() {
  TRY(db_->Exec("BEGIN IMMEDIATE"));
  open_ = true;
  return {};
}

Status Transaction::Commit() {
  TRY(db_->Exec("COMMIT"));
  open_ = false;
  return {};
}

}  // namespace tk::log::sqlite
