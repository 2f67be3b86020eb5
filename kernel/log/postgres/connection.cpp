#include "kernel/log/postgres/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/random.h"

namespace tk::log::postgres {
namespace {

constexpr Oid kByteaOid = 17, kInt8Oid = 20;

template <class T>
void PutBig(std::string* out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
    out->push_back(static_cast<char>(value >> shift));
}

void PutArrayHead(std::string* out, Oid element, size_t count) {
  PutBig<uint32_t>(out, count == 0 ? 0 : 1);  // dimensions
  PutBig<uint32_t>(out, 0);                   // no nulls
  PutBig<uint32_t>(out, element);
  if (count == 0) return;
  PutBig<uint32_t>(out, static_cast<uint32_t>(count));
  PutBig<uint32_t>(out, 1);  // lower bound
}

// The server's message without line ends; it names objects and settings, never values of ours (all values are parameters).
std::string OneLine(const char* message) {
  std::string text = message != nullptr ? message : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

struct Pointers {
  explicit Pointers(const Params& params) {
    for (const std::string& value : params.values()) {
      data.push_back(value.data());
      sizes.push_back(static_cast<int>(value.size()));
      formats.push_back(1);
    }
  }
  int count() const { return static_cast<int>(data.size()); }
  std::vector<const char*> data;
  std::vector<int> sizes, formats;
};

}  // namespace

uint64_t Rows::Int(size_t row, int column) const {
  uint64_t value = 0;
  const std::string_view bytes = Bytes(row, column);
  for (const char c : bytes) value = (value << 8) | static_cast<uint8_t>(c);
  return value;
}

std::string_view Rows::Bytes(size_t row, int column) const {
  const int r = static_cast<int>(row);
  return {PQgetvalue(result_.get(), r, column), static_cast<size_t>(PQgetlength(result_.get(), r, column))};
}

Params& Params::Int(uint64_t value) {
  values_.emplace_back();
  PutBig(&values_.back(), value);
  return *this;
}

Params& Params::Blob(tk::Bytes bytes) {
  values_.emplace_back(AsText(bytes));
  return *this;
}

Params& Params::BlobArray(const std::vector<std::string_view>& items) {
  std::string out;
  size_t bytes = 32;
  for (const std::string_view item : items) bytes += item.size() + 4;
  out.reserve(bytes);
  PutArrayHead(&out, kByteaOid, items.size());
  for (const std::string_view item : items) {
    PutBig(&out, static_cast<uint32_t>(item.size()));
    out.append(item);
  }
  values_.push_back(std::move(out));
  return *this;
}

Params& Params::IntArray(const std::vector<uint64_t>& items) {
  std::string out;
  PutArrayHead(&out, kInt8Oid, items.size());
  for (const uint64_t item : items) {
    PutBig<uint32_t>(&out, 8);
    PutBig(&out, item);
  }
  values_.push_back(std::move(out));
  return *this;
}

Error Connection::LastError(const PGresult* result) const {
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string_view code = state != nullptr ? state : "";
  const std::string reason =
      OneLine(result != nullptr ? PQresultErrorMessage(result) : PQerrorMessage(conn_.get()));
  const std::string inside = fmt::format("SQLSTATE {}: {}", code, reason);
  if (code == "TK001")
    return MakeError(ErrorCode::kConflict, "Another writer has taken over this log.", inside);
  if (code == "23505")
    return MakeError(ErrorCode::kConflict, "The log has grown meanwhile; read the head again.", inside);
  if (code == "53100")
    return MakeError(ErrorCode::kUnavailable, "The disk of the database is full: free space, then try again.",
                     inside);
  if (code.starts_with("XX00") && code != "XX000")
    return MakeError(ErrorCode::kCorrupt, "The database reports damage: restore from a backup.", inside);
  // 08 connection, 40 serialization, 53 resources, 57 intervention, 58 system, 25006 read-only after a failover.
  for (const char* prefix : {"08", "40", "53", "57", "58", "25006"}) {
    if (code.starts_with(prefix))
      return MakeError(ErrorCode::kUnavailable, "The database is not available; try again.", inside);
  }
  // Without a code it is not the server's word but the library's: the socket broke, and the library may have to read once more to know that
  // nothing is behind it.
  if (code.empty() && connected()) (void)PQconsumeInput(conn_.get());
  if (code.empty() || !connected())
    return MakeError(ErrorCode::kUnavailable, "The connection to the database broke; try again.", inside);
  return MakeError(ErrorCode::kInternal, "The database refused a statement of ours.", inside);
}

Status Connection::Connect() {
  prepared_.clear();
  session_ = "tongkang-" + NewUuid();
  const char* keys[] = {"dbname", "application_name", "connect_timeout", "keepalives_idle", nullptr};
  const char* values[] = {url_.c_str(), session_.c_str(), "10", "30", nullptr};
  conn_.reset(PQconnectdbParams(keys, values, 1));
  if (!connected()) {
    return MakeError(ErrorCode::kUnavailable,
                     "The database cannot be reached; check the address, the account and that it runs.",
                     OneLine(PQerrorMessage(conn_.get())));
  }
  PQsetErrorVerbosity(conn_.get(), PQERRORS_TERSE);
  // A commit is acknowledged when it is durable here, and wherever the server's own setting asks more than that.
  return Exec(
      fmt::format("SET search_path TO {}; SET client_min_messages TO warning; SELECT "
                  "set_config('synchronous_commit', 'on', false) "
                  "WHERE current_setting('synchronous_commit') IN ('off', 'local')",
                  Quoted(schema_)));
}

std::string Connection::Quoted(const std::string& identifier) {
  char* quoted = PQescapeIdentifier(conn_.get(), identifier.c_str(), identifier.size());
  std::string out = quoted != nullptr ? quoted : "";
  PQfreemem(quoted);
  return out;
}

Status Connection::Exec(const std::string& sql) {
  const std::unique_ptr<PGresult, ResultFreer> result(PQexec(conn_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return LastError(result.get());
  return {};
}

Result<std::string> Connection::Prepared(const char* sql) {
  const auto it = std::find(prepared_.begin(), prepared_.end(), sql);
  const std::string name = fmt::format("s{}", it - prepared_.begin());
  if (it != prepared_.end()) return name;
  const std::unique_ptr<PGresult, ResultFreer> result(PQprepare(conn_.get(), name.c_str(), sql, 0, nullptr));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return LastError(result.get());
  prepared_.push_back(sql);
  return name;
}

Result<Rows> Connection::Query(const char* sql, const Params& params) {
  const std::string name = TRY(Prepared(sql));
  const Pointers p(params);
  PGresult* result = PQexecPrepared(conn_.get(), name.c_str(), p.count(), p.data.data(), p.sizes.data(),
                                    p.formats.data(), 1);
  Rows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return LastError(result);
  return rows;
}

Status Connection::Pipeline(const std::vector<Command>& commands, bool* lost) {
  *lost = false;
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(TRY(Prepared(command.sql)));
  if (PQenterPipelineMode(conn_.get()) != 1) return LastError(nullptr);
  bool sent = true;
  for (size_t i = 0; sent && i < commands.size(); ++i) {
    const Pointers p(commands[i].params);
    sent = PQsendQueryPrepared(conn_.get(), names[i].c_str(), p.count(), p.data.data(), p.sizes.data(),
                               p.formats.data(), 1) == 1;
  }
  sent = sent && PQpipelineSync(conn_.get()) == 1;
  if (!sent) {
    // What was sent has no end mark, but a part of the last send may have carried it: only asking tells.
    *lost = true;
    return LastError(nullptr);
  }
  Status status = CollectPipeline(commands.size(), lost);
  if (!*lost && PQexitPipelineMode(conn_.get()) != 1)
    conn_.reset();  // the outcome is known; the connection is made anew
  return status;
}

Status Connection::CollectPipeline(size_t commands, bool* lost) {
  Status first;
  // Each command's result is followed by a null; at the end stands the sync mark.
  for (size_t nulls = 0; nulls <= commands;) {
    const std::unique_ptr<PGresult, ResultFreer> result(PQgetResult(conn_.get()));
    if (result == nullptr) {
      ++nulls;
      if (connected()) continue;
      *lost = true;
      return first.ok() ? Status(LastError(nullptr)) : first.TakeError();
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) return first;
    if (status == PGRES_FATAL_ERROR && first.ok()) first = LastError(result.get());
    if (!connected()) {
      // The server's last word may be that it ends the session; whether it had committed before is not in it.
      *lost = true;
      return first.ok() ? Status(LastError(nullptr)) : first.TakeError();
    }
  }
  *lost = true;
  return MakeError(ErrorCode::kInternal, "The database answered out of order.");
}

}  // namespace tk::log::postgres
