#include "apps/screening/import_jobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/screening/import_run.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::screening {

using interaction::Method;
using interaction::Request;
using interaction::Response;

struct ImportJobs::Job {
  enum class State : uint8_t { kWaiting, kRunning, kDone, kFailed, kCancelled };
  std::string id, account, bytes, charset;
  bool check_only = false;
  Intake intake;
  std::atomic<bool> cancelled{false};
  ImportState progress;
  // Under the jobs' mutex:
  State state = State::kWaiting;
  Instant sent_us = 0, begun_us = 0, ended_us = 0;
  std::string error;

  Job(const app::Context& context, Channel channel, std::string sender, std::string area)
      : intake({context.engine, nullptr, context.interactions}, std::move(channel), std::move(sender),
               std::move(area)) {}
};

namespace {

struct Asked {
  std::string organization, charset;
  bool check_only = false;
};

Result<Asked> ReadAsked(const Request& request) {
  Asked asked;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "organization")
      asked.organization = parameter.value;
    else if (parameter.name == "charset")
      asked.charset = parameter.value;
    else if (parameter.name == "check" && (parameter.value == "true" || parameter.value == "false"))
      asked.check_only = parameter.value == "true";
    else
      return interaction::UnknownParameter(parameter.name, "organization, charset, check (true or false)");
  }
  return asked;
}

/// For whom the table is sent: the account's own organization, or any for who sees the whole city.
Result<std::string> SenderOf(const app::Context& context, const access::Viewer& viewer,
                             const std::string& asked) {
  const std::string organization = asked.empty() ? viewer.organization : "Organization/" + asked;
  if (organization.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", "organization",
                     "Say whose table it is: ?organization= and the id of the Organization.");
  if (organization != viewer.organization && !viewer.scope.everything)
    return MakeError(ErrorCode::kForbidden, "An account sends the tables of its own organization alone.");
  const std::string id = organization.substr(organization.find('/') + 1);
  const auto version =
      context.engine->directory().Current(context.engine->IdHash("Organization", id), context.engine->Head());
  if (!interaction::IsId(id) || version.ordinal == 0 || version.deleted)
    return MakeIssue(ErrorCode::kNotFound, "not-found", "organization", "There is no such Organization.");
  return organization;
}

std::string_view NameOf(uint8_t state) {
  constexpr std::string_view kNames[] = {"waiting", "running", "done", "failed", "cancelled"};
  return kNames[state];
}

void WriteProgress(const ImportState& progress, bool tells_persons, fhir::JsonWriter* json) {
  const auto number = [json](std::string_view name, uint64_t value) {
    json->Key(name).Int(static_cast<int64_t>(value));
  };
  const Taken& taken = progress.taken;
  number("rows", progress.rows);
  number("added", taken.added);
  number("changed", taken.changed);
  number("unchanged", taken.unchanged);
  number("refused", progress.refused);
  if (tells_persons) {
    json->Key("persons").Object();
    number("known", taken.known);
    number("new", taken.fresh);
    number("doubtful", taken.doubtful);
    json->End();
  }
  json->Key("issues").Array();
  for (const exchange::RowIssue& issue : progress.issues) {
    json->Object();
    number("line", issue.line);
    json->Member("column", issue.column).Member("text", issue.text).End();
  }
  json->End().Key("unknown_columns").Array();
  for (const std::string& column : progress.unknown_columns) json->String(column);
  json->End().Member("charset", progress.charset);
  json->Key("bad_rows_cut").Bool(progress.bad_rows_cut);
}

Response CsvAnswer(std::string body, std::string_view name) {
  Response response;
  response.body = std::move(body);
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}\"", name));
  return response;
}

}  // namespace

ImportJobs::ImportJobs(const app::Context& context) : context_(context), worker_([this] { Work(); }) {}

ImportJobs::~ImportJobs() {
  {
    const std::lock_guard hold(mutex_);
    stopping_ = true;
    waiting_.clear();
    if (running_ != nullptr) running_->cancelled = true;
  }
  changed_.notify_all();
  worker_.join();
}

Result<Response> ImportJobs::Handle(const Request& request) {
  return request.path[0] == "import" ? Take(request) : Show(request);
}

Result<Response> ImportJobs::Take(const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "screening-import"));
  if (request.method != Method::kPost)
    return interaction::Refusal(405, "not-supported", "A table is sent by POST.");
  if (!exchange::IsTableType(request.content_type))
    return interaction::Refusal(415, "not-supported",
                                fmt::format("Send the table as text/csv or as {}.", exchange::kXlsxType));
  const Asked asked = TRY(ReadAsked(request));
  const std::string organization = TRY(SenderOf(context_, *request.viewer, asked.organization));
  // What cannot be read at all is said at once.
  TRY(exchange::TableReader::Open(request.body, {asked.charset, request.deadline_us}));
  auto job = std::make_shared<Job>(
      context_, Channel{"organization", organization, "urn:tongkang:import:" + request.request_id},
      "organization|" + organization, request.viewer->area);
  job->id = NewUuid();
  job->account = request.viewer->account;
  job->bytes = request.body;
  job->charset = asked.charset;
  job->check_only = asked.check_only;
  job->sent_us = context_.clock->NowUs();
  {
    const std::lock_guard hold(mutex_);
    if (waiting_.size() >= kWaitingMax)
      return MakeError(ErrorCode::kBusy,
                       "Other tables are waiting to be worked off: send this one again later.");
    waiting_.push_back(job);
    kept_.push_back(job);
    while (kept_.size() > kJobsKept && kept_.front()->ended_us != 0) kept_.pop_front();
  }
  changed_.notify_all();
  Response response = app::JsonAnswer(202, fmt::format(R"({{"id":"{}","state":"waiting"}})", job->id));
  response.location = "/app/screening/imports/" + job->id;
  return response;
}

Result<ImportJobs::JobPtr> ImportJobs::Find(const Request& request) {
  const std::lock_guard hold(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const JobPtr& job) {
    return job->id == request.path[1] && job->account == request.viewer->account;
  });
  if (found != kept_.end()) return *found;
  return MakeError(
      ErrorCode::kNotFound,
      "There is no such import. Reports are kept for a day and not over a restart: send the table "
      "again, what was written is not written twice.");
}

Result<Response> ImportJobs::ListOwn(const Request& request) {
  if (request.method != Method::kGet)
    return interaction::Refusal(405, "not-supported", "Imports are listed by GET.");
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Key("imports").Array();
  const std::lock_guard hold(mutex_);
  for (auto at = kept_.rbegin(); at != kept_.rend(); ++at) {
    Job& job = **at;
    if (job.account != request.viewer->account) continue;
    const std::lock_guard hold_progress(job.progress.mutex);
    json.Object().Member("id", job.id).Member("state", NameOf(static_cast<uint8_t>(job.state)));
    json.Member("sent", FormatInstant(job.sent_us)).Key("kept").Bool(!job.check_only);
    json.Key("rows").Int(static_cast<int64_t>(job.progress.rows));
    json.Key("refused").Int(static_cast<int64_t>(job.progress.refused));
    if (!job.error.empty()) json.Member("error", job.error);
    json.End();
  }
  json.End().End();
  return app::JsonAnswer(200, std::move(body));
}

Result<Response> ImportJobs::Show(const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "screening-import"));
  if (request.path.size() < 2) return ListOwn(request);
  const JobPtr job = TRY(Find(request));
  const bool bad_rows = request.path.size() == 3 && request.path[2] == "bad-rows";
  if (request.path.size() > 2 && !bad_rows)
    return MakeError(ErrorCode::kNotFound, "An import has bad-rows beside it.");
  if (request.method == Method::kDelete && !bad_rows) {
    job->cancelled = true;
  } else if (request.method != Method::kGet) {
    return interaction::Refusal(405, "not-supported", "An import is looked at by GET and stopped by DELETE.");
  }
  const std::lock_guard hold(mutex_);
  const std::lock_guard hold_progress(job->progress.mutex);
  if (bad_rows) {
    if (job->ended_us == 0)
      return MakeError(ErrorCode::kConflict, "The import is not done yet: ask again later.");
    return CsvAnswer(job->progress.bad_rows, "bad-rows.csv");
  }
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Member("id", job->id).Member("state", NameOf(static_cast<uint8_t>(job->state)));
  WriteProgress(job->progress, request.viewer->scope.everything, &json);
  json.Key("kept").Bool(!job->check_only);
  const Instant end = job->ended_us != 0 ? job->ended_us : context_.clock->NowUs();
  json.Key("seconds").Raw(
      fmt::format("{:.1f}", job->begun_us == 0 ? 0.0 : static_cast<double>(end - job->begun_us) / kSecondUs));
  if (!job->error.empty()) json.Member("error", job->error);
  json.End();
  return app::JsonAnswer(200, std::move(body));
}

void ImportJobs::Work() {
  constexpr Instant kKeptUs = Instant{86'400} * kSecondUs;
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = waiting_.front();
    waiting_.pop_front();
    const JobPtr job = running_;
    job->state = Job::State::kRunning;
    job->begun_us = context_.clock->NowUs();
    std::erase_if(kept_, [&](const JobPtr& each) {
      return each->ended_us != 0 && each->ended_us + kKeptUs < job->begun_us;
    });
    hold.unlock();
    Run(job);
    hold.lock();
    running_.reset();
  }
}

void ImportJobs::Run(const JobPtr& job) {
  ImportRun run;
  run.context = &context_;
  run.intake = &job->intake;
  run.bytes = job->bytes;
  run.charset = job->charset;
  run.check_only = job->check_only;
  run.cancelled = &job->cancelled;
  const Status done = RunImport(run, &job->progress);
  const std::lock_guard hold(mutex_);
  job->state = done.ok() ? Job::State::kDone : job->cancelled ? Job::State::kCancelled : Job::State::kFailed;
  if (!done.ok()) job->error = done.error().external;
  job->ended_us = context_.clock->NowUs();
  job->bytes.clear();
  job->bytes.shrink_to_fit();
}

}  // namespace tk::screening
