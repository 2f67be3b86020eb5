// SQLite behind Result: connections and prepared statements that close themselves. The only files that call sqlite3_*
// are those of kernel/log. Not thread-safe: a connection belongs to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>
#include <utility>

#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk::log::sqlite {

/// The error of the last call on `db`. Full disk, failing input or output, locks → kUnavailable; damage → kCorrupt.
Error LastError(sqlite3* db, std::string_view what);

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}
  Statement(Statement&& other) noexcept : stmt_(std::exchange(other.stmt_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    if (this != &other) sqlite3_finalize(std::exchange(stmt_, std::exchange(other.stmt_, nullptr)));
    return *this;
  }
  ~Statement() { sqlite3_finalize(stmt_); }

  /// Binds from parameter 1 on. Blobs and texts are not copied: they must live until Reset.
  Statement& Int(int index, uint64_t value) {
    sqlite3_bind_int64(stmt_, index, static_cast<sqlite3_int64>(value));
    return *this;
  }
  Statement& Blob(int index, Bytes bytes) {
    sqlite3_bind_blob64(stmt_, index, bytes.empty() ? "" : static_cast<const void*>(bytes.data()),
                        bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Statement& Text(int index, std::string_view text) {
    sqlite3_bind_text64(stmt_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    return *this;
  }
  /// True: a row stands ready. False: no more rows. After an error, the statement is reset.
  Result<bool> Step();
  /// Steps to the end and resets.
  Status Run();
  void Reset() { sqlite3_reset(stmt_); }

  uint64_t ColumnInt(int column) const { return static_cast<uint64_t>(sqlite3_column_int64(stmt_, column)); }
  /// Valid until the next Step or Reset.
  std::string_view ColumnBytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
    return {data, static_cast<size_t>(sqlite3_column_bytes(stmt_, column))};
  }

 private:
  sqlite3_stmt* stmt_ = nullptr;
};

class Database {
 public:
  /// `vfs` names another file layer (tests make it fail); null is the system's.
  static Result<Database> Open(const std::string& path, int flags, const char* vfs = nullptr);
  Database() = default;
  Database(Database&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Database& operator=(Database&& other) noexcept {
    if (this != &other) sqlite3_close_v2(std::exchange(db_, std::exchange(other.db_, nullptr)));
    return *this;
  }
  ~Database() { sqlite3_close_v2(db_); }

  Status Exec(const char* sql);
  Status Exec(const std::string& sql) { return Exec(sql.c_str()); }
  Result<Statement> Prepare(const char* sql);
  /// First column of the first row; 0 if there is none.
  Result<uint64_t> QueryInt(const char* sql);
  Result<uint64_t> QueryInt(const std::string& sql) { return QueryInt(sql.c_str()); }
  sqlite3* raw() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

/// Begin … commit; rolls back when it is destroyed uncommitted.
class Transaction {
 public:
  explicit Transaction(Database* db) : db_(db) {}
  ~Transaction();
  Status Begin();
  Status Commit();

 private:
  Database* db_;
  bool open_ = false;
};

}  // namespace tk::log::sqlite
