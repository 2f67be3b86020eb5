// Who the accounts of the audit are, for readers: names and posts as the files of the data folder say now.
#pragma once

#include <mutex>
#include <string>

#include "kernel/access/accounts.h"
#include "kernel/access/posts.h"
#include "kernel/http/audit_event.h"

namespace tk::server {

/// Reads the files again when it is asked and what it has is older than some seconds. Thread-safe.
class AuditNames {
 public:
  explicit AuditNames(std::string folder) : folder_(std::move(folder)) {}
  /// Empty texts for what is not known any more, or cannot be read at present.
  http::AuditName Get(const std::string& account, const std::string& post);

 private:
  const std::string folder_;
  std::mutex mutex_;
  int64_t read_at_us_ = 0;  // MonotonicUs; 0: never
  access::Accounts accounts_;
  access::Posts posts_;
};

}  // namespace tk::server
