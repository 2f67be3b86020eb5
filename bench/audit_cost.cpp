// What the audit costs: the same requests over sockets to two servers in this program, one that audits and one that does not, in turn. Both stand on one
// engine, so that nothing else differs. Only here can the audit be left away: the program has no setting for it.
// Flow:   `tongkang_audit_cost measure [ROUNDS] [MILLISECONDS]` → a line of JSON for each kind: processor time a request of everything but the load
//         client, and its rate, with and without
//         `tongkang_audit_cost count KIND with|without REQUESTS` → so many requests, of which callgrind counts the instructions, and of nothing before
//         them (bench/audit.mjs)
// The request log is off: with it all else costs more and the audit's share is less.
// Exit:   0 done; 1 a request was not answered as it should be; 2 wrong use.
#include <fmt/format.h>
#include <sys/resource.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "bench/client.h"
#include "bench/town.h"
#include "kernel/access/accounts.h"
#include "kernel/access/audit.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/http/routes.h"
#include "kernel/http/server.h"

namespace tk::bench {
namespace {

constexpr uint64_t kPersons = 2000;
constexpr uint64_t kPersonsCounted = 120;  // callgrind takes its time
constexpr size_t kTargets = 100;
constexpr uint64_t kWarmUp = 128;
constexpr std::string_view kAccount = "township";

/// Takes everything and keeps nothing.
class NoAudit final : public access::AuditLog {
 public:
  Status Append(access::AuditRecord, std::function<void(Status)> durable) override {
    if (durable) durable({});
    return {};
  }
  std::vector<access::UnendedErasure> UnendedErasures() const override { return {}; }
  Status CloseErasure(const std::string&) override { return {}; }
  bool healthy() const override { return true; }
  Status Flush() override { return {}; }
  Statistics statistics() const override { return {}; }
};

/// One server before the town.
class Side {
 public:
  Side(const Town& town, access::SignOn* sign_on, access::AuditLog* audit, bool audited)
      : audit_(audit), workers_(http::WorkerOptions{}) {
    http::PipelineOptions options;
    options.log_requests = false;
    pipeline_ = std::make_unique<http::Pipeline>(options, sign_on, audit, &metrics_, &workers_);
    http::FhirPort port = http::PortOf(&town.interactions());
    if (!audited) {
      port.handle = [handle = port.handle](interaction::Request request, interaction::Done done) {
        request.tells_owners = false;
        handle(std::move(request), std::move(done));
      };
    }
    http::AddFhirRoutes(pipeline_.get(), std::move(port));
    http::ServerOptions listen;
    listen.listen = "127.0.0.1:0";
    server_ = http::Server::Create(listen, pipeline_.get()).value();
    server_->Start();
  }
  ~Side() {
    server_->Stop();
    workers_.Stop();
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  uint16_t port() const { return server_->port(); }
  void Flush() const { CHECK(audit_->Flush().ok()); }

 private:
  access::AuditLog* audit_;
  Metrics metrics_;
  http::WorkerPool workers_;
  std::unique_ptr<http::Pipeline> pipeline_;
  std::unique_ptr<http::Server> server_;
};

/// Some of these requests after the other, until `left` were sent.
class Requests final : public Work {
 public:
  Requests(const std::vector<std::string>* requests, uint64_t left) : requests_(*requests), left_(left) {}
  bool Next(size_t, std::string* out) override {
    if (left_ == 0) return false;
    --left_;
    out->append(requests_[next_++ % requests_.size()]);
    return true;
  }
  Result<uint32_t> Take(size_t, const Answer& answer) override {
    if (answer.status == 200 || answer.status == 201) return 1u;
    return MakeError(ErrorCode::kInternal, fmt::format("status {}: {}", answer.status, answer.body));
  }

 private:
  const std::vector<std::string>& requests_;
  size_t next_ = 0;
  uint64_t left_;
};

std::vector<std::string> IdsOf(const Town& town, std::string_view type) {
  const std::string body =
      town.Send(interaction::Method::kGet, type, fmt::format("_count={}&_elements=id", kTargets), "").body;
  const std::string mark = fmt::format("\"http://town/fhir/{}/", type);
  std::vector<std::string> ids;
  for (size_t at = body.find(mark); at != std::string::npos; at = body.find(mark, at + 1)) {
    const size_t from = at + mark.size();
    ids.push_back(body.substr(from, body.find('"', from) - from));
  }
  CHECK(ids.size() == kTargets);
  return ids;
}

struct Kind {
  std::string_view name;
  size_t connections;
  std::vector<std::string> requests;
};

std::string RequestOf(std::string_view method, std::string_view target, std::string_view token,
                      std::string_view body = {}) {
  const std::string content =
      body.empty()
          ? std::string()
          : fmt::format("Content-Type: application/fhir+json\r\nContent-Length: {}\r\n", body.size());
  return fmt::format("{} /fhir/{} HTTP/1.1\r\nHost: town\r\nAuthorization: Bearer {}\r\n{}\r\n{}", method,
                     target, token, content, body);
}

/// Reads of some hundred records; pages of 20 records of as many persons, the most that the audit has to name; creates.
std::vector<Kind> KindsOf(const Town& town, std::string_view token) {
  Kind read{"read", 32, {}}, search{"search-20", 32, {}}, create{"create", 64, {}};
  for (const std::string& id : IdsOf(town, "Observation"))
    read.requests.push_back(RequestOf("GET", "Observation/" + id, token));
  for (int day = 1; day <= 28; ++day) {
    search.requests.push_back(RequestOf(
        "GET", fmt::format("Observation?code=http://loinc.org%7C8867-4&date=ge2025-05-{:02}&_count=20", day),
        token));
  }
  uint64_t number = 0;
  for (const std::string& id : IdsOf(town, "Patient"))
    create.requests.push_back(
        RequestOf("POST", "Observation", token, town.city().ObservationOf(id, number++)));
  return {std::move(read), std::move(search), std::move(create)};
}

/// Processor time of the whole program (RUSAGE_SELF), or of this thread (RUSAGE_THREAD).
int64_t CpuUs(int whose) {
  rusage usage{};
  CHECK(::getrusage(whose, &usage) == 0);
  const auto us = [](timeval time) { return int64_t{time.tv_sec} * kSecondUs + int64_t{time.tv_usec}; };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

struct Run {
  double cpu_us = 0;  // a request
  double rate = 0;    // requests a second
};

/// The client is this thread, and its own time does not count. What the audit still has to write after the last answer does.
Result<Run> Drive(const Side& side, const Kind& kind, uint64_t requests, int64_t run_us, size_t connections) {
  ClientOptions options;
  options.port = side.port();
  options.connections = connections;
  options.run_us = run_us;
  Requests work(&kind.requests, requests);
  const int64_t all_us = CpuUs(RUSAGE_SELF), own_us = CpuUs(RUSAGE_THREAD);
  const Measured measured = TRY(bench::Drive(options, &work));
  side.Flush();
  const int64_t cpu_us = CpuUs(RUSAGE_SELF) - all_us - (CpuUs(RUSAGE_THREAD) - own_us);
  if (measured.errors != 0) return MakeError(ErrorCode::kInternal, measured.first_error);
  const auto done = static_cast<double>(measured.things);
  return Run{static_cast<double>(cpu_us) / done, done * 1e6 / static_cast<double>(measured.wall_us)};
}

/// Town, accounts, the two servers.
class House {
 public:
  explicit House(uint64_t persons) : town_(persons) {
    const std::string folder = town_.folder().string();
    CHECK(access::PrepareFolder(folder).ok());
    CHECK(access::EditAccounts(folder, [](access::Accounts* accounts) -> Status {
            access::Account account;
            account.name = kAccount;
            account.display = kAccount;
            account.post = "doctor";
            account.area = "3801";
            accounts->push_back(std::move(account));
            return {};
          }).ok());
    access::SignOnOptions options;
    options.folder = folder;
    options.clock = &clock_;
    sign_on_ = access::SignOn::Create(options).value();
    audit_ = access::AuditLog::Open(access::AuditOf(*town_.engine(), folder, &clock_)).value();
    kinds_ = KindsOf(town_, access::IssueBearer(folder, kAccount, 86'400, clock_).value());
    with_ = std::make_unique<Side>(town_, sign_on_.get(), audit_.get(), true);
    without_ = std::make_unique<Side>(town_, sign_on_.get(), &no_audit_, false);
  }
  const std::vector<Kind>& kinds() const { return kinds_; }
  const Side& side(bool audited) const { return audited ? *with_ : *without_; }
  uint64_t audited() const { return audit_->statistics().records; }

 private:
  SystemClock clock_;
  NoAudit no_audit_;
  Town town_;
  std::unique_ptr<access::SignOn> sign_on_;
  std::unique_ptr<access::AuditLog> audit_;
  std::vector<Kind> kinds_;
  std::unique_ptr<Side> with_, without_;
};

double MedianOf(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  const size_t half = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}

std::string SpreadOf(const std::vector<double>& numbers) {
  return fmt::format(R"({{"median":{:.3f},"low":{:.3f},"high":{:.3f}}})", MedianOf(numbers),
                     *std::min_element(numbers.begin(), numbers.end()),
                     *std::max_element(numbers.begin(), numbers.end()));
}

/// Each round is one run with and one without, beginning with the other one each time; what is compared is the two runs of a round.
Status MeasureKind(const House& house, const Kind& kind, int rounds, int64_t run_us) {
  std::array<std::vector<double>, 2> cpu_us, rate;
  std::vector<double> cpu_share, rate_share;
  for (int round = -1; round < rounds; ++round) {  // the first warms up
    std::array<Run, 2> runs;
    for (const bool second : {false, true}) {
      const bool audited = second != (round % 2 == 0);
      runs[audited ? 1 : 0] = TRY(Drive(house.side(audited), kind, ~uint64_t{0}, run_us, kind.connections));
    }
    if (round < 0) continue;
    for (const size_t side : {size_t{0}, size_t{1}}) {
      cpu_us[side].push_back(runs[side].cpu_us);
      rate[side].push_back(runs[side].rate);
    }
    cpu_share.push_back(runs[1].cpu_us / runs[0].cpu_us - 1);
    rate_share.push_back(1 - runs[1].rate / runs[0].rate);
  }
  fmt::print(
      R"({{"kind":"{}","rounds":{},"cpu_us_without":{},"cpu_us_with":{},"cpu_share":{},"rate_without":{},"rate_with":{},"rate_share":{}}})"
      "\n",
      kind.name, rounds, SpreadOf(cpu_us[0]), SpreadOf(cpu_us[1]), SpreadOf(cpu_share), SpreadOf(rate[0]),
      SpreadOf(rate[1]), SpreadOf(rate_share));
  std::fflush(stdout);
  return {};
}

bool ReadNumber(std::string_view text, int64_t low, int64_t* out) {
  const auto done = std::from_chars(text.data(), text.data() + text.size(), *out);
  return done.ec == std::errc() && done.ptr == text.data() + text.size() && *out >= low;
}

int Failed(const Error& error) {
  fmt::print(stderr, "tongkang_audit_cost: {}\n", error.external);
  return 1;
}

int Wrong() {
  fmt::print(stderr,
             "tongkang_audit_cost measure [ROUNDS] [MILLISECONDS]\n"
             "tongkang_audit_cost count read|search-20|create with|without REQUESTS\n");
  return 2;
}

int MeasureAll(std::span<char* const> asked) {
  int64_t rounds = 7, run_ms = 2000;
  if (asked.size() > 2 || (!asked.empty() && !ReadNumber(asked[0], 1, &rounds)) ||
      (asked.size() > 1 && !ReadNumber(asked[1], 1, &run_ms)))
    return Wrong();
  const House house(kPersons);
  for (const Kind& kind : house.kinds()) {
    if (const Status good = MeasureKind(house, kind, static_cast<int>(rounds), run_ms * 1000); !good.ok())
      return Failed(good.error());
  }
  CHECK(house.audited() > 0);
  return 0;
}

int CountOne(std::span<char* const> asked) {
  int64_t requests = 0;
  if (asked.size() != 3 || !ReadNumber(asked[2], 1, &requests)) return Wrong();
  const std::string_view name = asked[0], side = asked[1];
  if (side != "with" && side != "without") return Wrong();
  const House house(kPersonsCounted);
  for (const Kind& kind : house.kinds()) {
    if (kind.name != name) continue;
    // Some at once, so that the audit gathers them as it does under load. The first ones warm up: what is done once is nobody's.
    const auto drive = [&](uint64_t many) { return Drive(house.side(side == "with"), kind, many, 0, 8); };
    const auto warm = drive(kWarmUp);
    CALLGRIND_START_INSTRUMENTATION;
    const auto done = drive(static_cast<uint64_t>(requests));
    CALLGRIND_STOP_INSTRUMENTATION;
    if (!warm.ok()) return Failed(warm.error());
    if (!done.ok()) return Failed(done.error());
    CHECK(house.audited() == (side == "with" ? kWarmUp + static_cast<uint64_t>(requests) : 0));
    return 0;
  }
  return Wrong();
}

int Main(int argc, char** argv) {
  SetLogLevel(LogLevel::kWarning);
  const std::span<char* const> asked(argv, static_cast<size_t>(argc));
  if (asked.size() < 2) return Wrong();
  const std::string_view command = asked[1];
  if (command == "measure") return MeasureAll(asked.subspan(2));
  if (command == "count") return CountOne(asked.subspan(2));
  return Wrong();
}

}  // namespace
}  // namespace tk::bench

int main(int argc, char** argv) { return tk::bench::Main(argc, argv); }
