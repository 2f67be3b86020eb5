// deduplicate: joins what a bulk load with --live-matching=false left apart, with the server stopped. The audit has that it was asked, and how it ended.
#include <fmt/format.h>

#include "kernel/base/city_time.h"
#include "kernel/base/clock.h"
#include "kernel/base/random.h"
#include "kernel/interaction/deduplicate.h"
#include "server/open.h"

namespace tk::server {
namespace {

Status RecordDeduplication(access::AuditLog* audit, std::string_view action, int status, uint64_t records,
                           const std::string& request_id) {
  access::AuditRecord record;
  record.account = "command-line";
  record.action = action;
  record.type = "Patient";
  record.status = status;
  record.records = records;
  record.request_id = request_id;
  TRY(audit->Append(std::move(record)));
  return audit->Flush();
}

Status DeduplicateOpened(const Opened& opened, const Clock& clock, const std::string& data) {
  const auto audit = TRY(access::AuditLog::Open(access::AuditOf(*opened.engine, data, &clock)));
  TRY(RecordResumedErasures(opened.engine.get(), audit.get()));
  const std::string request_id = NewUuid();
  TRY(RecordDeduplication(audit.get(), "deduplicate-asked", 0, 0, request_id));
  interaction::Context context{opened.engine.get(), opened.index,      &clock, 0,
                               CityOffsetMin(),     TK_PROGRAM_VERSION};
  context.persons = opened.persons;
  interaction::DeduplicateOptions options;
  options.tell = [](const interaction::Deduplicated& so_far, uint64_t records) {
    fmt::print(stderr, "{} of {} records, {} joined, {} reviews\n", so_far.records, records, so_far.joined,
               so_far.reviews);
  };
  const int64_t begun_us = MonotonicUs();
  const auto done = interaction::Deduplicate(context, options);
  Status recorded = RecordDeduplication(audit.get(), "deduplicate", done.ok() ? 200 : 500,
                                        done.ok() ? done->joined + done->reviews : 0, request_id);
  if (!done.ok()) return done.error();
  fmt::print(R"({{"records":{},"joined":{},"reviews":{},"known":{},"seconds":{:.1f}}})"
             "\n",
             done->records, done->joined, done->reviews, done->known,
             static_cast<double>(MonotonicUs() - begun_us) / 1e6);
  return recorded;
}

Status DeduplicateData(const DataOptions& options) {
  TRY(CheckDataFolder(options.data));
  TRY(ActAsOwner(options.data));
  const SystemClock clock;
  Opened opened = TRY(OpenData({.data = options, .clock = &clock}));
  Status done = WaitUntilReady(*opened.engine);
  if (done.ok()) done = DeduplicateOpened(opened, clock, options.data);
  opened.engine->Stop();
  return done;
}

}  // namespace

void AddDeduplicate(CLI::App* root, Commands* commands) {
  const auto given = std::make_shared<DataOptions>();
  CLI::App* const deduplicate = root->add_subcommand(
      "deduplicate",
      "Match all Patients against one another, as live matching would have done when they came: Linkages for "
      "those who are certainly one person, review Tasks for the rest.\nAfter a bulk load with serve "
      "--live-matching=false; the server is stopped. Called again it goes on where it was, and adds nothing "
      "that is there.");
  AddDataOptions(deduplicate, given.get());
  commands->push_back({deduplicate, [given] { return Finish(DeduplicateData(*given)); }});
}

}  // namespace tk::server
