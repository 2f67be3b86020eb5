// erase: POST [type]/[id]/$erase by an operator at the machine, with the program stopped. It goes the way of the API, so that the same reasons are
// asked and the same is refused. The audit has that it was asked before anything is done, and how it ended: an erasure that nobody could record
// does not happen.
#include <fmt/format.h>

#include <future>

#include "kernel/base/city_time.h"
#include "kernel/base/clock.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/interaction/interaction.h"
#include "server/open.h"

namespace tk::server {
namespace {

constexpr std::string_view kAccount = "command-line";

std::shared_ptr<const access::Viewer> Operator() {
  auto post = std::make_shared<access::Post>();
  post->name = kAccount;
  post->all_types = true;
  post->reads = post->writes = post->operations = {"*"};
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = kAccount;
  viewer->post = std::move(post);
  return viewer;
}

/// Appends and waits until it is on disk. `reason` is a code of the list that $erase takes, never what was typed. `ended` is the answer; null: it is asked for.
Status Record(access::AuditLog* audit, std::string_view action, std::string_view type, std::string_view id,
              const interaction::Response* ended, std::string_view reason, const std::string& request_id) {
  access::AuditRecord record;
  record.account = kAccount;
  record.action = action;
  record.type = type;
  record.id = id;
  if (ended != nullptr) {
    record.status = ended->status;
    record.damaged = ended->audit_damaged;
    record.unseen = ended->audit_unseen;
  }
  record.reason = reason;
  record.request_id = request_id;
  TRY(audit->Append(std::move(record)));
  return audit->Flush();
}

interaction::Response Ask(const Opened& opened, const Clock& clock, std::vector<std::string> path,
                          const std::string& reason, access::AuditLog* audit, const std::string& request_id) {
  const interaction::Interactions interactions(interaction::Context{
      opened.engine.get(), opened.index, &clock, 0, CityOffsetMin(), TK_PROGRAM_VERSION, opened.persons, 1});
  interaction::Request request;
  request.method = interaction::Method::kPost;
  request.path = std::move(path);
  request.content_type = "application/fhir+json";
  request.body = R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":)";
  AppendJsonString(reason, &request.body);
  request.body += "}]}";
  request.viewer = Operator();
  request.note_intent = [audit, request_id](std::string_view type, std::string_view id,
                                            std::string_view why) {
    return Record(audit, "erase-asked", type, id, nullptr, why, request_id);
  };
  std::promise<interaction::Response> promise;
  interactions.Handle(std::move(request),
                      [&promise](interaction::Response response) { promise.set_value(std::move(response)); });
  return promise.get_future().get();
}

/// The words of an OperationOutcome.
std::string WordsOf(const std::string& body) {
  const auto document = fhir::Document::Parse(body);
  if (!document.ok()) return body;
  std::string words;
  for (const fhir::Value issue : document->Root()["issue"])
    words.append(words.empty() ? "" : "\n").append(issue["diagnostics"].ToString());
  return words;
}

Status EraseRecorded(const Opened& opened, const Clock& clock, const std::string& data,
                     const std::string& type, const std::string& id, const std::string& reason) {
  if (!opened.engine->definitions().IsResource(opened.engine->definitions().FindType(type)))
    return MakeError(ErrorCode::kIncorrect, "name the person as Patient/ID or Practitioner/ID");
  const auto audit = TRY(access::AuditLog::Open(access::AuditOf(*opened.engine, data, &clock)));
  TRY(RecordResumedErasures(opened.engine.get(), audit.get()));
  const std::string request_id = NewUuid();
  const interaction::Response response =
      Ask(opened, clock, {type, id, "$erase"}, reason, audit.get(), request_id);
  const Status recorded =
      Record(audit.get(), "erase", type, id, &response, response.audit_reason, request_id);
  if (response.status != 200) return MakeError(ErrorCode::kIncorrect, WordsOf(response.body));
  fmt::print("{}\n", WordsOf(response.body));
  if (recorded.ok()) return {};
  return MakeError(recorded.error().code,
                   "It is erased, and the audit has that it was asked, but could not be told how it ended: " +
                       recorded.error().external);
}

Status Erase(const DataOptions& options, const std::string& person, const std::string& reason) {
  const size_t slash = person.find('/');
  if (slash == std::string::npos || person.find('/', slash + 1) != std::string::npos) {
    return MakeError(ErrorCode::kIncorrect, "name the person as Patient/ID or Practitioner/ID");
  }
  TRY(CheckDataFolder(options.data));
  const SystemClock clock;
  Opened opened = TRY(OpenData({.data = options, .clock = &clock}));
  Status done = WaitUntilReady(*opened.engine);
  if (done.ok()) {
    done =
        EraseRecorded(opened, clock, options.data, person.substr(0, slash), person.substr(slash + 1), reason);
  }
  opened.engine->Stop();
  return done;
}

}  // namespace

void AddErase(CLI::App* root, Commands* commands) {
  struct Given {
    DataOptions data;
    std::string person, reason;
  };
  const auto given = std::make_shared<Given>();
  CLI::App* const erase = root->add_subcommand("erase",
                                               "Erase a person for good: his key is destroyed, his contents "
                                               "and index entries go. While the program runs: POST "
                                               "/fhir/Patient/ID/$erase");
  AddDataOptions(erase, &given->data);
  erase->add_option("--person", given->person, "Patient/ID or Practitioner/ID; or a record that is its own")
      ->required();
  erase
      ->add_option("--reason", given->reason,
                   "Why, for the audit: one of the codes that $erase takes, see the refusal of another")
      ->required();
  commands->push_back({erase, [given] { return Finish(Erase(given->data, given->person, given->reason)); }});
}

}  // namespace tk::server
