// Tables of employers and schools: taken at once, worked off one behind the other, with a report that tells each bad row.
// POST   import?organization=ID&check=true   text/csv or .xlsx (entry.h says the columns) → 202 {"id": …}
// GET    imports               one's own, newest first: {"imports": [{"id", "state", "sent", "kept", "rows", "refused", "error"}]}
// GET    imports/ID            how far it is, and the report when it is done: {"id", "state": "waiting|running|done|failed|cancelled", "rows", "added",
//                              "changed", "unchanged", "refused", "persons": {"known", "new", "doubtful"} (to posts of the whole city alone), "issues":
//                              [{"line", "column", "text"}] (the first 200), "unknown_columns", "charset", "kept", "seconds", "error"}
// GET    imports/ID/bad-rows   CSV of the refused rows as they came, with line, column and what is wrong, to be mended and sent again
// DELETE imports/ID            stops it; what was written stays
// GET    import-template?format=xlsx|csv     an empty table with the columns
// Flow:   bytes → TableReader → pieces of a thousand entries → several threads: Intake::Write → report
// Memory: the file as it was sent, and some pieces; 40 bytes a row to see that no entry stands twice. Reports and bad rows are kept in memory for a day, or
//         until kJobsKept newer ones came, and are lost with a restart: then the table is sent again, and what was written changes nothing.
// Rights: operation screening-import. A job is seen by the account that sent it.
// Limits: kRowsMax rows, kWaitingMax files waiting, kBadBytesMax of bad rows kept.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "apps/screening/entry.h"
#include "kernel/app/asking.h"

namespace tk::screening {

inline constexpr size_t kRowsMax = 1'000'000;
inline constexpr size_t kWaitingMax = 4;
inline constexpr size_t kJobsKept = 50;
inline constexpr size_t kBadBytesMax = size_t{16} << 20;
inline constexpr size_t kIssuesTold = 200;

/// The template. Operation screening-import.
Result<interaction::Response> HandleTemplate(const interaction::Request& request);

class ImportJobs {
 public:
  explicit ImportJobs(const app::Context& context);
  ~ImportJobs();

  /// Answers all of the above. Thread-safe.
  Result<interaction::Response> Handle(const interaction::Request& request);

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  Result<interaction::Response> Take(const interaction::Request& request);
  Result<interaction::Response> Show(const interaction::Request& request);
  Result<interaction::Response> ListOwn(const interaction::Request& request);
  Result<JobPtr> Find(const interaction::Request& request);
  void Work();
  void Run(const JobPtr& job);

  const app::Context& context_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<JobPtr> waiting_, kept_;
  JobPtr running_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace tk::screening
