#include <fmt/format.h>

#include "kernel/log/log_store.h"
#include "kernel/log/sqlite/sqlite_log.h"

namespace tk::log {

Result<std::unique_ptr<LogStore>> OpenLogStore(const OpenOptions& options) {
  if (options.url.empty()) return OpenSqliteLog(options);
  return MakeError(ErrorCode::kUnsupported, "This program was built without PostgreSQL.");
}

Result<std::unique_ptr<Log>> OpenLog(const OpenOptions& options) {
  return std::unique_ptr<Log>(TRY(OpenLogStore(options)));
}

Status LogStore::Backup(const std::string& folder) const { return BackupToSqlite(*this, folder); }

}  // namespace tk::log
