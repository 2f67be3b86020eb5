// The log in PostgreSQL 15 and later (and what speaks its protocol): for availability. Same rows and digests as SQLite's.
// Flow:   Append = one trip: fence (locks the epoch row, compares epoch and last batch) · insert batch · insert rows · sync; the
//   commands up to the sync are one transaction, committed with synchronous_commit on.
// A broken connection leaves the outcome open: the old session is ended on the server first, so that it cannot commit later, then the
// batch is looked for by its id. Only when the server does not come back within resolve_ms_max is kTimeout returned.
#pragma once

#include "kernel/log/log_store.h"

namespace tk::log {

Result<std::unique_ptr<LogStore>> OpenPostgresLog(const OpenOptions& options);

}  // namespace tk::log
