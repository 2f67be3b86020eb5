#include "kernel/log/log_store.h"
#include "kernel/log/postgres/postgres_log.h"
#include "kernel/log/sqlite/sqlite_log.h"

namespace tk::log {

Result<std::unique_ptr<LogStore>> OpenLogStore(const OpenOptions& options) {
  if (options.url.empty()) return OpenSqliteLog(options);
  if (!options.url.starts_with("postgresql://") && !options.url.starts_with("postgres://")) {
    return MakeError(ErrorCode::kIncorrect, "The address of the log must begin with postgresql://.");
  }
  return OpenPostgresLog(options);
}

Result<std::unique_ptr<Log>> OpenLog(const OpenOptions& options) {
  return std::unique_ptr<Log>(TRY(OpenLogStore(options)));
}

Status LogStore::Backup(const std::string& folder) const { return BackupToSqlite(*this, folder); }

}  // namespace tk::log
