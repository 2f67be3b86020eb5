// serve: joins log, views, interactions and HTTP, and takes them apart again in the right order.
// Flow:   settings → lock → accounts → engine → interactions → audit → routes → listen → wait for SIGTERM or SIGINT → stop
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "kernel/access/inquiries.h"
#include "kernel/app/app.h"
#include "kernel/base/city_time.h"
#include "kernel/base/config.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/text.h"
#include "kernel/exchange/operations.h"
#include "kernel/geo/area_view.h"
#include "kernel/http/live.h"
#include "kernel/http/pages.h"
#include "kernel/http/pipeline.h"
#include "kernel/http/routes.h"
#include "kernel/http/server.h"
#include "kernel/interaction/reach.h"
#include "kernel/notify/sms.h"
#include "kernel/workflow/clerk.h"
#include "kernel/workflow/notice.h"
#include "kernel/workflow/outbox.h"
#include "server/alert_watch.h"
#include "server/audit_names.h"
#include "server/listening.h"
#include "server/log_watch.h"
#include "server/notice_numbers.h"
#include "server/open.h"
#include "server/operating.h"
#include "server/pack_watch.h"

namespace tk::server {
namespace {

using K = SettingKind;
constexpr SettingSpec kSettings[] = {
    {"data", K::kText, "", "Data folder"},
    {"listen", K::kText, "127.0.0.1:8080", "ADDRESS:PORT"},
    {"log", K::kText, "", "The log's database, postgresql://…; without it SQLite in the data folder"},
    {"pages", K::kText, "", "Folder of the static pages"},
    {"packs", K::kText, "", "Folder of packs beside those of the program; without it DIR/packs"},
    {"packs-reload", K::kFlag, "false",
     "Look at the packs' files once a second and run what changed; for who writes them"},
    {"tls-cert", K::kText, "", "Certificate chain (PEM)"},
    {"tls-key", K::kText, "", "Key of the certificate (PEM)"},
    {"mllp-listen", K::kText, "", "ADDRESS:PORT for HL7 v2 messages over MLLP; without it none are taken"},
    {"mllp-senders", K::kText, "",
     "Who sends them: address or network = account of a device or program, with commas between "
     "(10.1.2.3=his-east)"},
    {"mllp-client-ca", K::kText, "",
     "Authorities (PEM) of whom a sender must have a certificate; TLS is used when tls-cert is given"},
    {"mllp-idle-ms", K::kNumber, "3600000", "A sender's connection may be silent this long", 100, 86'400'000},
    {"threads", K::kNumber, "0", "Network threads; 0: one a processor", 0, 256},
    {"workers", K::kNumber, "0", "Threads for heavy requests; 0: one a processor", 0, 256},
    {"worker-queue-max", K::kNumber, "1024", "Heavy requests that may wait; beyond it 429", 1, 1'000'000},
    {"connections-max", K::kNumber, "10000", "Connections at once; beyond it 503", 1, 1'000'000},
    {"body-bytes-max", K::kNumber, "67108864", "Largest body", 1024, int64_t{1} << 30},
    {"request-ms", K::kNumber, "30000", "Time limit of the work for one request", 10, 3'600'000},
    {"head-ms", K::kNumber, "10000", "A request's head must be there within this time", 100, 3'600'000},
    {"body-ms", K::kNumber, "30000", "And its body within this, and a second more for each 32 KiB", 100,
     3'600'000},
    {"idle-ms", K::kNumber, "75000", "A connection may be silent this long between requests", 100, 3'600'000},
    {"stop-ms", K::kNumber, "20000",
     "Running requests may finish within this time when stopping; then they end, searches with 503", 0,
     600'000},
    {"public-url", K::kText, "", "http(s)://host as clients see it, when a proxy stands in front"},
    {"trusted-proxies", K::kText, "",
     "Addresses and networks (10.0.0.5, 192.168.7.0/24) of the proxies in front, whose X-Forwarded-For is "
     "believed"},
    {"log-level", K::kText, "info", "debug, info, warning, error, off"},
    {"log-requests", K::kFlag, "true", "A line in the program's own log for every request"},
    {"cookie-seconds", K::kNumber, "43200", "How long a sign-in at a page lasts", 60, 31'536'000},
    {"idle-seconds", K::kNumber, "3600", "A sign-in at a page ends when it is not used for so long", 60,
     31'536'000},
    {"password-days", K::kNumber, "0", "After so many days a new password is asked for; 0: never", 0, 3650},
    {"sms", K::kText, "",
     "Where codes by SMS go: the provider's https:// address, or 'simulated' for DIR/sms_simulated.jsonl; "
     "without it none are sent"},
    {"sms-body", K::kText, R"({"to":"{number}","text":"{text}"})", "What the provider is posted"},
    {"sms-type", K::kText, "application/json", "Its media type: this, or application/x-www-form-urlencoded"},
    {"sms-authorization", K::kText, "",
     "Its header Authorization; a secret: in the environment (TONGKANG_SMS_AUTHORIZATION), not on the "
     "command line"},
    {"sms-ms", K::kNumber, "5000", "The provider answers within this time", 100, 60'000},
    {"sms-quiet-from", K::kNumber, "22", "From this hour on urgent notices wait instead of going out by SMS",
     0, 23},
    {"sms-quiet-until", K::kNumber, "7", "Until this hour; the same as sms-quiet-from: they never wait", 0,
     23},
    {"sms-text", K::kText, access::kSmsText, "The text, with {code}"},
    {"access-token-seconds", K::kNumber, "600", "How long a program's access token is good", 30, 3600},
    {"cipher", K::kText, "aes", "Cipher of a fresh log: aes (AES-256-GCM) or sm4 (SM4-CTR with HMAC-SM3)"},
    {"text-cache-mb", K::kNumber, "128", "Memory for texts lately asked for; 0: none", 0, 1'000'000},
    {"replay-changes-max", K::kNumber, "200000",
     "Changes that a start may read before it answers; a view that needs more is built in the background", 0,
     1'000'000'000},
    {"live-matching", K::kFlag, "true",
     "Patients are matched against the person index as they are written; off for a bulk load"},
    {"timezone-offset-min", K::kNumber, "480", "Minutes east of UTC of times without a zone", -840, 840},
};

size_t CountOr(int64_t given) {
  return given != 0 ? static_cast<size_t>(given) : std::max<size_t>(1, std::thread::hardware_concurrency());
}

double ResidentBytes() {
  long pages = 0, resident = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// Everything that serves, in the order in which it is made; Stop takes it apart.
struct House {
  SystemClock clock;
  Metrics metrics;
  Opened opened;
  std::unique_ptr<notify::SmsService> sms;  // null: no codes by SMS
  std::unique_ptr<access::SignOn> sign_on;
  std::unique_ptr<access::oauth::Provider> provider;
  std::unique_ptr<access::AuditLog> audit;
  std::unique_ptr<access::AuditArchive> archive;
  std::unique_ptr<AuditNames> audit_names;
  std::unique_ptr<forms::Forms> forms;
  std::unique_ptr<interaction::Interactions> interactions;
  std::unique_ptr<exchange::Operations> operations;
  std::shared_ptr<workflow::Shelf> workflows;
  rules::Reach reach;            // of the interactions
  std::vector<app::App> loaded;  // until StartApps
  std::unique_ptr<app::Runtime> apps;
  std::unique_ptr<workflow::Clerk> clerk;
  std::unique_ptr<workflow::Outbox> outbox;  // null: no texts are sent
  std::shared_ptr<rules::SharedRules> alert_rules;
  std::unique_ptr<AlertWatch> alert_watch;
  std::unique_ptr<PackWatch> pack_watch;
  std::unique_ptr<http::Server>
      server;  // destroyed after pipeline, workers and live: their calls name its loops
  std::unique_ptr<http::Server> mllp;  // the same; null: no HL7 v2 over TCP
  std::unique_ptr<http::WorkerPool> workers;
  std::unique_ptr<http::Pipeline> pipeline;
  std::unique_ptr<http::Live> live;
  std::unique_ptr<LogWatch> log_watch;

  Status Build(const Settings& settings);
  void AddMetrics();
  void AddViewMetrics();
  void AddSmsMetrics();
  void AddLossMetrics();
  void AddAudit(const std::string& data);
  http::Readiness Readiness() const;
  void AddFhir();
  void AddHealth();
  void AddSignOn(const Settings& settings);
  void WatchLog();
  Status StartWorkflow(const Settings& settings);
  Status ListenToMllp(const Settings& settings);
  Status LoadApps(const DataOptions& data);
  Status StartApps(const DataOptions& data, const Settings& settings);
  void Stop();
};

void House::AddViewMetrics() {
  view::Engine* const engine = opened.engine.get();
  for (size_t i = 0; i < engine->view_states().size(); ++i) {
    const auto of = [this, engine, i](const char* name, const char* help,
                                      double (*read)(const view::ViewState&)) {
      metrics.AddGauge(name, help, {{"view", engine->view_states()[i].name}},
                       [engine, i, read] { return read(engine->view_states()[i]); });
    };
    of("tongkang_view_state",
       "0 serving, 1 rebuilding while the old one serves, 2 building while none does, 3 starting",
       [](const view::ViewState& s) { return static_cast<double>(s.kind); });
    of("tongkang_view_t", "Last transaction in the view, or in the one that is being built",
       [](const view::ViewState& s) { return static_cast<double>(s.t); });
    of("tongkang_view_t_wanted", "Last transaction that it is to have",
       [](const view::ViewState& s) { return static_cast<double>(s.t_wanted); });
    of("tongkang_view_progress", "Part of the log that is in it, 0 to 1",
       [](const view::ViewState& s) { return s.progress(); });
  }
}

void House::AddAudit(const std::string& data) {
  archive = access::AuditArchive::Open(data + "/audit", true);
  audit_names = std::make_unique<AuditNames>(data);
  view::Engine* const engine = opened.engine.get();
  http::AuditPort port;
  port.archive = archive.get();
  port.folder = data + "/audit";
  port.timezone_offset_min = CityOffsetMin();
  port.person_of = [asked = interactions.get()](std::string_view id) { return asked->OwnersOfPerson(id); };
  port.own_of = [asked = interactions.get()](const access::Viewer& viewer) { return asked->SpansOf(viewer); };
  port.hash_of = [engine](std::string_view type, std::string_view id) {
    std::string hash;
    AppendHex(engine->IdHash(type, id), &hash);
    return hash;
  };
  port.name_of = [names = audit_names.get()](const std::string& account, const std::string& post) {
    return names->Get(account, post);
  };
  http::AddAuditRoutes(pipeline.get(), std::move(port));
}

void House::AddLossMetrics() {
  view::Engine* const engine = opened.engine.get();
  metrics.AddGauge("tongkang_attachments_lost", "Attachments found missing or damaged: see attachment-lost",
                   {}, [engine] { return static_cast<double>(engine->attachments_lost()); });
  metrics.AddGauge("tongkang_entries_damaged", "Entries of the log found damaged: see entry-damaged", {},
                   [engine] { return static_cast<double>(engine->entries_damaged()); });
  metrics.AddGauge("tongkang_erasures_failed", "Erasures asked for that are not finished: see erasure-failed",
                   {}, [engine] { return static_cast<double>(engine->erasures_failed()); });
  metrics.AddReadCounter(
      "tongkang_enumeration_refused_total",
      "Questions for persons by number that were refused, as an account had asked too many", {},
      [asked = interactions->inquiries()] { return static_cast<double>(asked->alarms().refused); });
  metrics.AddGauge("tongkang_records_of_unknown_types",
                   "Records whose type this program has no definition of", {}, [engine] {
                     uint64_t records = 0;
                     for (const auto& type : engine->UnknownTypes()) records += type.records;
                     return static_cast<double>(records);
                   });
}

void House::AddSmsMetrics() {
  if (sms == nullptr) return;
  const auto count = [this](const char* outcome, uint64_t notify::SmsCounts::*member) {
    metrics.AddReadCounter("tongkang_sms_total", "Texts by what became of them", {{"outcome", outcome}},
                           [this, member] { return static_cast<double>(sms->counts().*member); });
  };
  count("sent", &notify::SmsCounts::sent);
  count("failed", &notify::SmsCounts::failed);
  count("dropped", &notify::SmsCounts::dropped);
}

void House::AddMetrics() {
  AddViewMetrics();
  AddSmsMetrics();
  AddLossMetrics();
  AddJobMetrics({opened.engine.get(), apps.get(), clerk.get(), outbox.get()}, &metrics);
  view::Engine* const engine = opened.engine.get();
  const auto gauge = [this](const char* name, const char* help, std::function<double()> read) {
    metrics.AddGauge(name, help, {}, std::move(read));
  };
  const auto count = [this](const char* name, const char* help, std::function<double()> read) {
    metrics.AddReadCounter(name, help, {}, std::move(read));
  };
  gauge("tongkang_log_t", "Last transaction", [engine] { return static_cast<double>(engine->Head().t); });
  gauge("tongkang_ready", "1 when requests can be answered",
        [this] { return Readiness().ready ? 1.0 : 0.0; });
  gauge("tongkang_writer_queue", "Change sets waiting for the writer",
        [engine] { return static_cast<double>(engine->statistics().queue_depth); });
  gauge("tongkang_writer_queue_bytes", "Their bytes",
        [engine] { return static_cast<double>(engine->statistics().queue_bytes); });
  gauge("tongkang_clock_jump_alarm", "1 after the clock jumped forward by more than five minutes",
        [engine] { return engine->statistics().clock_jump_alarm ? 1.0 : 0.0; });
  count("tongkang_writer_groups_total", "Commits of the log, each with one fsync",
        [engine] { return static_cast<double>(engine->statistics().groups); });
  count("tongkang_writer_transactions_total", "Transactions",
        [engine] { return static_cast<double>(engine->statistics().transactions); });
  count("tongkang_writer_entries_total", "Versions written",
        [engine] { return static_cast<double>(engine->statistics().entries); });
  count("tongkang_writer_stale_total", "Change sets handed back because something had changed",
        [engine] { return static_cast<double>(engine->statistics().stale); });
  count("tongkang_writer_refused_total", "Change sets refused because the queue was full",
        [engine] { return static_cast<double>(engine->statistics().busy_refused); });
  count("tongkang_writer_append_seconds_total", "Time in the log's append, fsync included",
        [engine] { return static_cast<double>(engine->statistics().append_us_total) / 1e6; });
  count("tongkang_writer_apply_seconds_total", "Time in the views' apply",
        [engine] { return static_cast<double>(engine->statistics().apply_us_total) / 1e6; });
  gauge("tongkang_log_bytes", "Log on disk",
        [engine] { return static_cast<double>(engine->log().bytes_on_disk()); });
  search::Index* const index = opened.index;
  gauge("tongkang_index_memory_bytes", "Search index in memory",
        [index] { return static_cast<double>(index->memory_bytes()); });
  const person::PersonView* const persons = opened.persons;
  gauge("tongkang_person_index_memory_bytes", "Person index in memory",
        [persons] { return static_cast<double>(persons->memory_bytes()); });
  gauge("tongkang_index_disk_bytes", "Search index in files",
        [index] { return static_cast<double>(index->disk_bytes()); });
  gauge("tongkang_resident_bytes", "Memory of the process", ResidentBytes);
  access::AuditLog* const records = audit.get();
  count("tongkang_audit_records_total", "Audit records taken in",
        [records] { return static_cast<double>(records->statistics().records); });
  gauge("tongkang_audit_queue", "Audit records not yet written",
        [records] { return static_cast<double>(records->statistics().queued); });
  count("tongkang_audit_sync_seconds_total", "Time in the audit's fsync",
        [records] { return static_cast<double>(records->statistics().sync_us_total) / 1e6; });
  http::Server* const listener = server.get();
  gauge("tongkang_http_connections", "Open connections",
        [listener] { return static_cast<double>(listener->statistics().connections); });
  count("tongkang_http_accepted_total", "Accepted connections",
        [listener] { return static_cast<double>(listener->statistics().accepted); });
  count("tongkang_http_refused_total", "Connections over the limit",
        [listener] { return static_cast<double>(listener->statistics().refused); });
  count("tongkang_http_timeouts_total", "Connections broken off because they took too long",
        [listener] { return static_cast<double>(listener->statistics().timeouts); });
  http::Live* const stream = live.get();
  gauge("tongkang_live_subscribers", "Live pages",
        [stream] { return static_cast<double>(stream->subscribers()); });
}

// The interactions, and before them the operations of the rooms above.
void House::AddFhir() {
  operations = std::make_unique<exchange::Operations>(
      exchange::ImportContext{opened.engine.get(), opened.areas, interactions.get()});
  http::FhirPort port = http::PortOf(interactions.get());
  port.handle = [ours = operations.get(), next = std::move(port.handle)](interaction::Request request,
                                                                         interaction::Done done) {
    if (exchange::Operations::Has(request)) return done(ours->Handle(request));
    next(std::move(request), std::move(done));
  };
  http::AddFhirRoutes(pipeline.get(), std::move(port));
}

http::ServerOptions ListenOptions(const Settings& settings) {
  http::ServerOptions options;
  options.listen = settings.Text("listen");
  options.tls_cert = settings.Text("tls-cert");
  options.tls_key = settings.Text("tls-key");
  options.threads = CountOr(settings.Number("threads"));
  options.connections_max = static_cast<size_t>(settings.Number("connections-max"));
  options.head_ms = settings.Number("head-ms");
  options.body_ms = settings.Number("body-ms");
  options.idle_ms = settings.Number("idle-ms");
  options.stop_ms = settings.Number("stop-ms");
  return options;
}

Result<std::unique_ptr<notify::SmsService>> SmsOf(const Settings& settings) {
  const std::string& to = settings.Text("sms");
  if (to.empty()) return std::unique_ptr<notify::SmsService>();
  if (settings.Text("sms-text").find("{code}") == std::string::npos)
    return MakeError(ErrorCode::kIncorrect, "sms-text must have {code} where the code goes");
  if (to == "simulated") {
    Say(LogLevel::kWarning, "sms-simulated",
        {{"what", std::string_view("codes by SMS go into a file: whoever reads it signs in as others")}});
    return notify::MakeSmsSimulated(settings.Text("data") + "/sms_simulated.jsonl");
  }
  notify::SmsProvider provider;
  provider.url = to;
  provider.body = settings.Text("sms-body");
  provider.media_type = settings.Text("sms-type");
  provider.authorization = settings.Text("sms-authorization");
  provider.time_ms = settings.Number("sms-ms");
  return notify::MakeSmsPost(provider);
}

/// Before there is a tree nobody can say.
Status CheckArea(const geo::AreaView& areas, std::string_view code) {
  const geo::AreaNumber area = TRY(geo::ParseAreaCode(code));
  const geo::AreaTreePtr tree = areas.Tree();
  if (tree->size() == 0 || tree->Find(area) != geo::kNoArea) return {};
  return MakeError(
      ErrorCode::kIncorrect,
      fmt::format("'area': there is no area {} among the {} that are known here (Location); import "
                  "it first, or mend the code",
                  code, tree->size()));
}

access::SignOnOptions SignOnOf(const Settings& settings, view::Engine* engine, const Clock* clock,
                               const geo::AreaView* areas, access::SmsSender* sms) {
  access::SignOnOptions options;
  options.folder = settings.Text("data");
  options.clock = clock;
  options.cookie_seconds = settings.Number("cookie-seconds");
  options.idle_seconds = settings.Number("idle-seconds");
  options.password_days = settings.Number("password-days");
  options.sms = sms;
  options.check_area = [areas](std::string_view code) { return CheckArea(*areas, code); };
  options.sms_limits.text = settings.Text("sms-text");
  options.owner_of_patient = [engine](std::string_view id) { return OwnerOfPatient(*engine, id); };
  return options;
}

http::Readiness House::Readiness() const {
  const view::Engine& engine = *opened.engine;
  http::Readiness now{engine.ready(), engine.catch_up_progress(), {}};
  for (const view::ViewState& state : engine.view_states())
    now.views.push_back({state.name, state.KindName(), state.t, state.t_wanted, state.progress()});
  if (engine.fenced())
    now.reasons.emplace_back("another server has taken over the log; this one no longer answers: ask there");
  else if (!engine.ready())
    now.reasons.push_back("the views are being built");
  if (engine.ready() && !log_watch->reachable()) {
    now.ready = false;
    now.reasons.push_back(
        "the log cannot be reached (its database is down?): writes and what is not in memory are refused; "
        "looked at again every two seconds");
  }
  if (!audit->healthy()) {
    now.ready = false;
    now.reasons.push_back(
        "the audit cannot be written (disk full?), and nothing is served without it; tried again every "
        "second");
  }
  AddLosses(engine, &now.reasons);
  if (const size_t accounts = interactions->inquiries()->alarms().accounts; accounts != 0)
    now.reasons.push_back(fmt::format(
        "{} accounts asked for more persons by their numbers than their post may, within a day: the "
        "audit names them, reason enumeration",
        accounts));
  const access::SignOn::Files files = sign_on->files();
  if (files == access::SignOn::Files::kTooOld) now.ready = false;
  if (files != access::SignOn::Files::kGood) {
    now.reasons.push_back(
        "accounts, posts or sign-outs cannot be read; nobody is let in after five minutes of it; see "
        "accounts-not-reloaded in the log");
  }
  return now;
}

void House::AddHealth() {
  view::Engine* const engine = opened.engine.get();
  const auto readiness = [this] { return Readiness(); };
  http::AddHealthRoutes(pipeline.get(), readiness);
  http::AddRebuildRoute(
      pipeline.get(),
      [engine](std::string_view view) { return engine->RequestRebuild(view, "asked for by an operator"); },
      readiness);
  http::AddJobsRoute(pipeline.get(), [this] {
    return JobsJson({opened.engine.get(), apps.get(), clerk.get(), outbox.get()});
  });
}

void House::WatchLog() {
  log_watch = std::make_unique<LogWatch>(
      [this] {
        // What upkeep has finished since. While it cannot be written nothing is served, and it is tried again at the next look.
        (void)RecordResumedErasures(opened.engine.get(), audit.get());
        return opened.engine->LookAtLog();
      },
      LogWatch::Options());
}

// Before anybody signs in: the posts that packs bring are known from here on.
Status House::LoadApps(const DataOptions& data) {
  loaded = TRY(app::LoadPacks(opened.engine->definitions(), opened.packs->packs(), data.data + "/apps"));
  return access::WritePackPosts(data.data, app::PostsOf(loaded));
}

Status House::StartApps(const DataOptions& data, const Settings& settings) {
  app::Runtime::Options running;
  running.engine = opened.engine.get();
  running.index = opened.index;
  running.interactions = interactions.get();
  running.clock = &clock;
  running.timezone_offset_min = CityOffsetMin();
  running.folder = data.data + "/consumers";
  running.apps_folder = data.data + "/apps";
  running.code = InstalledCode();
  running.forms = forms.get();
  running.reach = reach;
  running.report = [](const std::string& line) {
    Say(LogLevel::kWarning, "rules", {{"what", std::string_view(line)}});
  };
  apps = TRY(app::Runtime::Start(running, std::move(loaded)));
  // Twice: a write that was begun in time is committed after it, if it must wait for others.
  alert_watch = std::make_unique<AlertWatch>(opened.engine.get(), interactions.get(), &clock,
                                             2 * settings.Number("request-ms"));
  if (settings.Flag("packs-reload")) {
    pack_watch = std::make_unique<PackWatch>(
        data, opened.packs, opened.engine.get(), apps.get(),
        [rules = alert_rules, watch = alert_watch.get()](std::vector<rules::Rule> fresh) {
          rules->Replace(std::move(fresh));
          watch->LookAtAll();
        });
  }
  http::AddAppRoutes(pipeline.get(),
                     [runtime = apps.get()](interaction::Request request, interaction::Done done) {
                       runtime->Handle(std::move(request), std::move(done));
                     });
  return {};
}

Status House::ListenToMllp(const Settings& settings) {
  http::ServerOptions listen = ListenOptions(settings);
  listen.mllp = TRY(MllpSendersOf(settings));
  if (listen.mllp == nullptr) return {};
  listen.listen = settings.Text("mllp-listen");
  listen.client_ca = settings.Text("mllp-client-ca");
  listen.idle_ms = settings.Number("mllp-idle-ms");
  listen.threads = 1;
  mllp = TRY(http::Server::Create(listen, pipeline.get()));
  metrics.AddGauge(
      "tongkang_mllp_connections", "Open connections of senders of HL7 v2", {},
      [listener = mllp.get()] { return static_cast<double>(listener->statistics().connections); });
  return {};
}

Status House::StartWorkflow(const Settings& settings) {
  const std::string& data = settings.Text("data");
  const auto report = [](const std::string& line) {
    Say(LogLevel::kWarning, "workflow", {{"what", std::string_view(line)}});
  };
  workflow::Clerk::Options clerking;
  clerking.engine = opened.engine.get();
  clerking.timers = opened.timers;
  clerking.shelf = workflows;
  clerking.clock = &clock;
  clerking.reach = reach;
  clerking.folder = data + "/consumers";
  clerking.report = report;
  clerking.complete = [asked = interactions.get()](const view::Position& basis, view::ChangeSet* set) {
    return asked->Complete(basis, set);
  };
  clerk = TRY(workflow::Clerk::Start(std::move(clerking)));
  if (sms == nullptr) return {};
  workflow::Outbox::Options sending;
  sending.engine = opened.engine.get();
  sending.clock = &clock;
  sending.sms = sms.get();
  sending.numbers_of = [this, data](const view::Resource& notice, view::Ordinal ordinal) {
    return NumbersOf(sign_on.get(), data, *opened.engine, notice, ordinal);
  };
  sending.quiet = {static_cast<int>(settings.Number("sms-quiet-from")) * 60,
                   static_cast<int>(settings.Number("sms-quiet-until")) * 60, CityOffsetMin()};
  sending.folder = data + "/consumers";
  sending.report = report;
  outbox = TRY(workflow::Outbox::Start(std::move(sending)));
  return {};
}

interaction::Context ContextOf(const Opened& opened, const Clock* clock, const Settings& settings,
                               access::SignOn* sign_on,
                               std::shared_ptr<const terminology::Platform> platform) {
  interaction::Context context{opened.engine.get(), opened.index,       clock,         0,
                               CityOffsetMin(),     TK_PROGRAM_VERSION, opened.persons};
  context.live_matching = settings.Flag("live-matching");
  context.platform = std::move(platform);
  context.watch = opened.watch;
  context.watch_slot = kWatchSlot;
  context.viewer_of = [sign_on](std::string_view account) { return sign_on->ViewerOf(account); };
  return context;
}

Result<std::shared_ptr<workflow::Shelf>> WorkflowsOf(const Opened& opened, const std::string& data) {
  const std::vector<std::string> posts = TRY(access::Posts::Load(data)).Names();
  app::WorkflowOptions options;
  options.data_folder = data;
  options.apps_folder = data + "/apps";
  options.posts = posts;
  options.offset_min = CityOffsetMin();
  return app::LoadWorkflows(*opened.definitions, opened.packs->packs(), options);
}

/// The live stream asks for every event what the viewer may see now.
http::LiveSource LiveSourceOf(view::Engine* engine, const interaction::Interactions* interactions) {
  http::LiveSource source = http::SourceOf(engine);
  source.scope_of = [interactions](const std::shared_ptr<const access::Viewer>& viewer) {
    return interactions->ScopeOf(viewer);
  };
  source.knows = [interactions](uint64_t t, int timeout_ms) {
    return interactions->KnowsFactsOf(t, timeout_ms);
  };
  source.is_addressed = [interactions, communication = engine->definitions().FindType("Communication")](
                            const view::Resource& now, const access::Viewer& viewer, bool in_scope) {
    if (now.type != communication || !viewer.IsGranted("Communication", access::oauth::kReads)) return false;
    const std::string record =
        viewer.kind == access::AccountKind::kResident
            ? interactions->Himself(std::make_shared<const access::Viewer>(viewer))->record
            : viewer.record;
    const auto addressed =
        workflow::IsAddressed(now.document.Root(), viewer.account, record, viewer.post->name);
    return addressed == workflow::Addressed::kHim || (addressed == workflow::Addressed::kPost && in_scope);
  };
  return source;
}

void House::AddSignOn(const Settings& settings) {
  http::AddAuthRoutes(pipeline.get());
  http::AddAccountRoutes(pipeline.get());
  access::oauth::ProviderOptions options;
  options.access_seconds = settings.Number("access-token-seconds");
  provider = std::make_unique<access::oauth::Provider>(sign_on.get(), &clock, options);
  http::AddOauthRoutes(pipeline.get(), provider.get(), http::PortOf(interactions.get()));
}

Status House::Build(const Settings& settings) {
  const std::string& data = settings.Text("data");
  if (data.empty()) return MakeError(ErrorCode::kIncorrect, "say where the data are: --data DIR");
  const std::string& cipher = settings.Text("cipher");
  if (cipher != "aes" && cipher != "sm4")
    return MakeError(ErrorCode::kIncorrect, "cipher must be aes or sm4");
  // What fails by a wrong setting fails before the data are touched.
  const auto pages = TRY(http::Pages::Load({.folder = settings.Text("pages")}));
  const http::TrustedProxies proxies = TRY(http::TrustedProxies::Parse(settings.Text("trusted-proxies")));
  TRY(CheckListening(settings));
  sms = TRY(SmsOf(settings));
  TRY(ActAsOwner(data));
  OpenOptions open;
  open.timezone_offset_min = CityOffsetMin();
  open.data = {data, settings.Text("log"), settings.Text("packs")};
  open.cipher = cipher == "sm4" ? log::Cipher::kSm4 : log::Cipher::kAes256Gcm;
  open.text_cache_bytes = static_cast<size_t>(settings.Number("text-cache-mb")) << 20;
  open.replay_changes_max = static_cast<size_t>(settings.Number("replay-changes-max"));
  open.clock = &clock;
  opened = TRY(OpenData(open));
  view::Engine* const engine = opened.engine.get();
  TRY(LoadApps(open.data));
  sign_on = TRY(access::SignOn::Create(SignOnOf(settings, engine, &clock, opened.areas, sms.get())));
  workflows = TRY(WorkflowsOf(opened, data));
  interaction::Context context =
      ContextOf(opened, &clock, settings, sign_on.get(), TRY(app::LoadPlatform(opened.packs->packs())));
  context.workflows = workflows;
  context.alert_rules = alert_rules = std::make_shared<rules::SharedRules>(app::TakeAlerts(&loaded));
  reach = interaction::ReachOf(context);
  interactions = std::make_unique<interaction::Interactions>(context);
  forms = std::make_unique<forms::Forms>(opened.definitions);
  interactions->UseForms(forms.get());
  audit = TRY(access::AuditLog::Open(access::AuditOf(*engine, data, &clock)));
  TRY(RecordResumedErasures(engine, audit.get()));
  http::WorkerOptions work;
  work.threads = CountOr(settings.Number("workers"));
  work.queue_max = static_cast<size_t>(settings.Number("worker-queue-max"));
  workers = std::make_unique<http::WorkerPool>(work);
  http::PipelineOptions way;
  way.body_bytes_max = static_cast<size_t>(settings.Number("body-bytes-max"));
  way.request_ms = settings.Number("request-ms");
  way.log_requests = settings.Flag("log-requests");
  way.public_url = settings.Text("public-url");
  way.proxies = proxies;
  if (!way.public_url.empty() && proxies.empty()) {
    Say(LogLevel::kWarning, "no-trusted-proxies",
        {{"what",
          std::string_view("public-url is set and trusted-proxies is not: failed sign-ins of everybody "
                           "behind the proxy are counted as those of one address")}});
  }
  pipeline = std::make_unique<http::Pipeline>(way, sign_on.get(), audit.get(), &metrics, workers.get());
  live = std::make_unique<http::Live>(LiveSourceOf(engine, interactions.get()), http::LiveOptions{}, &clock,
                                      sign_on.get(), audit.get());
  AddFhir();
  TRY(StartApps(open.data, settings));
  TRY(StartWorkflow(settings));
  AddSignOn(settings);
  AddAudit(data);
  WatchLog();
  AddHealth();
  http::AddMetricsRoute(pipeline.get(), &metrics);
  live->AddRoute(pipeline.get());
  http::AddPagesRoute(pipeline.get(), pages);
  http::ServerOptions listen = ListenOptions(settings);
  listen.end_work = [pool = workers.get()] { pool->EndSoon(); };
  server = TRY(http::Server::Create(listen, pipeline.get()));
  TRY(ListenToMllp(settings));
  AddMetrics();
  return {};
}

// Those who ask end before those who answer: pages, requests, workers; then the engine, whose last answers still find
// their loops; the audit last, as it records them.
void House::Stop() {
  if (live) live->Stop();
  if (mllp) mllp->Stop();
  if (server) server->Stop();
  if (workers) workers->Stop();
  log_watch.reset();
  outbox.reset();
  clerk.reset();
  pack_watch.reset();
  alert_watch.reset();
  apps.reset();
  if (opened.engine) opened.engine->Stop();
  if (audit) (void)audit->Flush();
}

/// SIGTERM and SIGINT are taken by sigwait here and nowhere else; blocked before any thread begins.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGTERM);
    ::sigaddset(&set_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
  }
  int Wait() const {
    int signal = 0;
    ::sigwait(&set_, &signal);
    return signal;
  }
  /// From now on a second signal ends the program at once.
  void Release() const { ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

 private:
  sigset_t set_{};
};

void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Status Serve(const std::map<std::string, std::string>& flags, const std::string& file) {
  const int64_t begin_us = MonotonicUs();
  const Settings settings =
      TRY(Settings::Load(kSettings, flags, file, [](const char* name) { return std::getenv(name); }));
  SetLogLevel(TRY(ParseLogLevel(settings.Text("log-level"))));
  RaiseFileLimit();
  const StopSignals signals;
  House house;
  SetCityOffsetMin(static_cast<int>(settings.Number("timezone-offset-min")));
  if (Status built = house.Build(settings); !built.ok()) {
    house.Stop();
    return built;
  }
  house.server->Start();
  if (house.mllp) house.mllp->Start();
  Say(LogLevel::kInfo, "listening",
      {{"address", std::string_view(settings.Text("listen"))},
       {"port", uint64_t{house.server->port()}},
       {"tls", !settings.Text("tls-cert").empty()},
       {"mllp", uint64_t{house.mllp ? house.mllp->port() : uint16_t{0}}},
       {"t", house.opened.engine->Head().t},
       {"ready", house.opened.engine->ready()},
       {"ms", (MonotonicUs() - begin_us) / 1000}});
  FlushDiagnostics();
  const int signal = signals.Wait();
  signals.Release();
  Say(LogLevel::kInfo, "stopping", {{"signal", int64_t{signal}}});
  house.Stop();
  Say(LogLevel::kInfo, "stopped", {{"t", house.opened.engine->Head().t}});
  FlushDiagnostics();
  return {};
}

}  // namespace

void AddServe(CLI::App* root, Commands* commands) {
  struct Given {
    std::map<std::string, std::string> flags;
    std::string file;
  };
  const auto given = std::make_shared<Given>();
  CLI::App* const serve =
      root->add_subcommand("serve",
                           "Serve FHIR, pages and live streams.\nEvery option may also stand in the "
                           "environment (TONGKANG_LISTEN) or in a TOML file "
                           "(listen = \"…\"); the command line wins, then the environment, then the file.");
  serve->add_option("--config", given->file, "TOML file with settings")->envname("TONGKANG_CONFIG");
  for (const SettingSpec& spec : kSettings) {
    std::string help(spec.help);
    if (!spec.default_value.empty()) help += fmt::format(" [{}]", spec.default_value);
    const std::string name(spec.name);
    serve->add_option_function<std::string>(
        "--" + name, [given, name](const std::string& text) { given->flags[name] = text; }, help);
  }
  commands->push_back({serve, [given] { return Finish(Serve(given->flags, given->file)); }});
}

}  // namespace tk::server
