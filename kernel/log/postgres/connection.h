// libpq behind Result: one connection, binary parameters and results, pipelines. Not thread-safe: one thread at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk::log::postgres {

struct ResultFreer {
  void operator()(PGresult* result) const { PQclear(result); }
};

/// Rows in binary format.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}
  size_t size() const { return static_cast<size_t>(PQntuples(result_.get())); }
  bool IsNull(size_t row, int column) const {
    return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
  }
  /// A bigint, int or smallint column.
  uint64_t Int(size_t row, int column) const;
  std::string_view Bytes(size_t row, int column) const;

 private:
  std::unique_ptr<PGresult, ResultFreer> result_;
};

/// Parameters of one statement, in binary format.
class Params {
 public:
  Params& Int(uint64_t value);                                    // bigint
  Params& Blob(tk::Bytes bytes);                                  // bytea or text; copied
  Params& BlobArray(const std::vector<std::string_view>& items);  // bytea[]
  Params& IntArray(const std::vector<uint64_t>& items);           // bigint[]
  const std::vector<std::string>& values() const { return values_; }

 private:
  std::vector<std::string> values_;
};

struct Command {
  const char* sql;
  Params params;
};

class Connection {
 public:
  Connection(std::string url, std::string schema) : url_(std::move(url)), schema_(std::move(schema)) {}

  /// Connects anew. Errors: kUnavailable (the reason without the password).
  Status Connect();
  bool connected() const { return conn_ != nullptr && PQstatus(conn_.get()) == CONNECTION_OK; }
  /// Text statements without parameters, several allowed.
  Status Exec(const std::string& sql);
  /// One statement with parameters; prepared at its first use on this connection. `sql` must be a literal: its address is its name.
  Result<Rows> Query(const char* sql, const Params& params = {});
  /// All commands in one transaction and one trip. Error: the first command's that fails; nothing of the others is kept.
  /// *lost is set when the connection broke after sending, so that the outcome is unknown.
  Status Pipeline(const std::vector<Command>& commands, bool* lost);
  /// What the server lists this connection under; new for every Connect.
  const std::string& session() const { return session_; }
  std::string Quoted(const std::string& identifier);
  void Close() { conn_.reset(); }

 private:
  struct ConnFreer {
    void operator()(PGconn* conn) const { PQfinish(conn); }
  };
  Error LastError(const PGresult* result) const;
  Result<std::string> Prepared(const char* sql);
  Status CollectPipeline(size_t commands, bool* lost);

  const std::string url_, schema_;
  std::string session_;
  std::unique_ptr<PGconn, ConnFreer> conn_;
  std::vector<const char*> prepared_;
};

}  // namespace tk::log::postgres
