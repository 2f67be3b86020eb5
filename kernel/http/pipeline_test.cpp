// The whole way of a request over loopback sockets: real sign-on and audit, doubles for interactions and engine.
#include "kernel/http/pipeline.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/http/coding.h"
#include "kernel/http/http_test_client.h"
#include "kernel/http/live.h"
#include "kernel/http/pages.h"
#include "kernel/http/routes.h"
#include "kernel/http/server.h"

namespace tk::http {
namespace {

using testing::Client;
using testing::Reply;

constexpr size_t kHuge = 16'000'000;  // more than sockets keep by themselves
constexpr std::string_view kPassword = "bitter melon 7";
// Of kPassword, at the least cost that argon2id has: sixteen set-ups take no seconds.
constexpr std::string_view kPasswordHash =
    "$argon2id$v=19$m=8,t=1,p=1$X6euPGfxV7P4dgsBWj97tQ$WBidoOCSNjbm4w8o77ZvfvztXbZRQ46fLyilMqOtzys";

/// Committed transactions that the test puts in.
class Feed {
 public:
  void Add(view::Committed committed) {
    const std::lock_guard<std::mutex> hold(mutex_);
    committed.t = all_.size() + 1;
    all_.push_back(std::make_shared<const view::Committed>(std::move(committed)));
    wake_.notify_all();
  }
  uint64_t head() {
    const std::lock_guard<std::mutex> hold(mutex_);
    return all_.size();
  }
  /// From now on nobody waits, as when the engine stops.
  void Close() {
    const std::lock_guard<std::mutex> hold(mutex_);
    closed_ = true;
    wake_.notify_all();
  }
  view::CommittedPtr Get(uint64_t t, int timeout_ms) {
    std::unique_lock<std::mutex> hold(mutex_);
    wake_.wait_for(hold, std::chrono::milliseconds(timeout_ms), [&] { return all_.size() >= t || closed_; });
    return all_.size() >= t ? all_[t - 1] : nullptr;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<view::CommittedPtr> all_;
  bool closed_ = false;
};

class FeedFollower final : public view::Follower {
 public:
  FeedFollower(Feed* feed, uint64_t from_t) : feed_(feed), next_(from_t) {}
  Result<view::CommittedPtr> Next(int timeout_ms) override {
    auto committed = feed_->Get(next_, timeout_ms);
    if (committed != nullptr) ++next_;
    return committed;
  }
  uint64_t next_t() const override { return next_; }

 private:
  Feed* feed_;
  uint64_t next_;
};

/// The audit, ill when the test says so.
class WeakAudit final : public access::AuditLog {
 public:
  explicit WeakAudit(std::unique_ptr<access::AuditLog>* audit) : audit_(*audit) {}
  Status Append(access::AuditRecord record, std::function<void(Status)> durable) override {
    return audit_->Append(std::move(record), std::move(durable));
  }
  std::vector<access::UnendedErasure> UnendedErasures() const override { return audit_->UnendedErasures(); }
  Status CloseErasure(const std::string& mark) override { return audit_->CloseErasure(mark); }
  bool healthy() const override { return !ill && audit_->healthy(); }
  Status Flush() override { return audit_->Flush(); }
  Statistics statistics() const override { return audit_->statistics(); }
  std::atomic<bool> ill{false};

 private:
  std::unique_ptr<access::AuditLog>& audit_;
};

class PipelineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = ::testing::TempDir() + "tk_pipeline_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(access::PrepareFolder(folder_).ok());
    AddAccount("li", "doctor", "380102");
    AddAccount("ops", "operator", "");
    sign_on_ = access::SignOn::Create({.folder = folder_, .clock = &clock_}).value();
    access::AuditOptions audit;
    audit.folder = folder_ + "/audit";
    audit.clock = &clock_;
    audit_ = access::AuditLog::Open(audit).value();
    workers_ = std::make_unique<WorkerPool>(WorkerOptions{.threads = 2, .queue_max = 16});
    PipelineOptions options;
    options.proxies = TrustedProxies::Parse("127.0.0.1").value();
    pipeline_ = std::make_unique<Pipeline>(options, sign_on_.get(), audit_.get(), &metrics_, workers_.get());
    AddFhirRoutes(pipeline_.get(),
                  {[this](interaction::Request request, interaction::Done done) {
                     Interact(std::move(request), std::move(done));
                   },
                   [](const interaction::Request& request) { return request.query == "heavy"; },
                   [this](std::vector<interaction::Asked> asked) {
                     gathered_.fetch_add(asked.size());
                     for (interaction::Asked& one : asked)
                       Interact(std::move(one.request), std::move(one.done));
                   },
                   [](const interaction::Request& request) { return request.query == "gathered"; }});
    AddAuthRoutes(pipeline_.get());
    const auto readiness = [this] {
      return Readiness{ready_,
                       0.5,
                       {{"search", ready_ ? "serving" : "building", 7, 9, 0.5}},
                       {"the views are being built", "another \"reason\""}};
    };
    AddHealthRoutes(pipeline_.get(), readiness);
    AddRebuildRoute(
        pipeline_.get(),
        [this](std::string_view view) -> Status {
          if (view != "search") return MakeError(ErrorCode::kNotFound, "there is no such view");
          if (rebuilds_.fetch_add(1) > 0) return MakeError(ErrorCode::kConflict, "being rebuilt");
          return {};
        },
        readiness);
    AddMetricsRoute(pipeline_.get(), &metrics_);
    AddPagesRoute(pipeline_.get(), Pages::Load({}).value());
    LiveOptions live;
    live.tick_ms = tick_ms_;
    live.queue_bytes_max = 2000;
    live.audit_ms = 3'600'000;  // what was told is in the audit when the stream ends
    live_ = std::make_unique<Live>(Source(), live, &clock_, sign_on_.get(), &live_audit_);
    live_->AddRoute(pipeline_.get());
    ServerOptions listen;
    listen.listen = "127.0.0.1:0";
    listen.body_bytes_inflight_max = body_bytes_;
    listen.answer_bytes_inflight_max = answer_bytes_;
    server_ = Server::Create(listen, pipeline_.get()).value();
    server_->Start();
  }
  LiveSource Source() {
    LiveSource source;
    source.incarnation = 7;
    source.head_t = [this] { return feed_.head(); };
    source.follow = [this](uint64_t from_t) { return std::make_unique<FeedFollower>(&feed_, from_t); };
    source.in_scope = [](view::Ordinal ordinal, const view::Scope& scope) {
      return scope.everything || ordinal % 2 == 0;
    };
    source.owner_of = [](view::Ordinal ordinal) { return static_cast<uint32_t>(ordinal); };
    source.type_name = [](fhir::TypeId type) {
      return type == fhir::TypeId{1} ? std::string_view("Flag") : std::string_view("Basic");
    };
    source.is_type = [](std::string_view name) {
      return name == "Flag" || name == "Basic" || name == "AuditEvent";
    };
    source.is_deposed = [this] { return deposed_.load(); };
    source.knows = [this](uint64_t t, int) { return t <= known_t_.load(); };
    return source;
  }
  void TearDown() override {
    feed_.Close();
    live_->Stop();
    server_->Stop();
    workers_->Stop();
    audit_.reset();
    server_.reset();
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  void AddAccount(const std::string& name, const std::string& post, const std::string& area) {
    ASSERT_TRUE(access::EditAccounts(folder_, [&](access::Accounts* accounts) -> Status {
                  accounts->push_back({name, "李", std::string(kPasswordHash), post, area, false, 1});
                  return {};
                }).ok());
  }
  std::string Bearer(const std::string& account) {
    return "Authorization: Bearer " + access::IssueBearer(folder_, account, 3600, clock_).value() + "\r\n";
  }
  // What the double does is asked for in the path.
  void Interact(interaction::Request request, interaction::Done done) {
    const std::string what = request.path.size() > 1 ? request.path[1]
                             : request.path.empty()  ? ""
                                                     : request.path[0];
    if (what == "throw") throw std::runtime_error("secret of the house");
    interaction::Response response;
    response.body = what == "large"        ? std::string(20'000, 'x')
                    : what == "huge"       ? std::string(kHuge, 'x')
                    : request.body.empty() ? request.viewer->account
                                           : request.body;
    if (what == "missing")
      response = interaction::OutcomeOf(MakeError(ErrorCode::kNotFound, "no such resource"));
    if (what == "busy") response = interaction::OutcomeOf(MakeError(ErrorCode::kBusy, "queue full"));
    response.etag = "W/\"3\"";
    response.location = request.base_url + "/Patient/1";
    response.audit_type = "Patient";
    response.audit_id = what;
    response.audit_action = what == "export" ? "export" : "read";
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      last_ = std::move(request);
    }
    if (what != "later") return done(std::move(response));
    std::thread([done = std::move(done), response = std::move(response)]() mutable {
      done(std::move(response));
    }).detach();
  }
  interaction::Request Last() {
    const std::lock_guard<std::mutex> hold(mutex_);
    return last_;
  }
  std::string AuditText() {
    EXPECT_TRUE(audit_->Flush().ok());
    return ReadFile(folder_ + "/audit/audit-0-00000001.jsonl").value();
  }

  std::string folder_;
  int64_t tick_ms_ = 200;
  size_t body_bytes_ = size_t{1} << 30, answer_bytes_ = size_t{1} << 30;
  FixedClock clock_{1'780'000'000 * kSecondUs};
  Metrics metrics_;
  Feed feed_;
  std::unique_ptr<access::SignOn> sign_on_;
  std::unique_ptr<access::AuditLog> audit_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<Pipeline> pipeline_;
  std::atomic<uint64_t> known_t_{~uint64_t{0}};  // its facts count
  WeakAudit live_audit_{&audit_};
  std::unique_ptr<Live> live_;
  std::unique_ptr<Server> server_;
  std::atomic<bool> ready_{true}, deposed_{false};
  std::atomic<int> rebuilds_{0};
  std::atomic<size_t> gathered_{0};
  std::mutex mutex_;
  interaction::Request last_;
};

TEST_F(PipelineTest, NothingButTheOpenRoutesAnswersWithoutSignOn) {
  Client client(server_->port());
  for (const char* open : {"/health", "/ready", "/fhir/metadata", "/"})
    EXPECT_EQ(client.Ask("GET", open).status, 200) << open;
  for (const char* closed :
       {"/fhir/Patient/1", "/fhir", "/fhir/metadata2", "/fhir/Patient?name=x", "/live", "/auth/me"}) {
    const Reply reply = client.Ask("GET", closed);
    EXPECT_EQ(reply.status, 401) << closed;
    EXPECT_NE(reply.body.find("OperationOutcome"), std::string::npos) << closed;
    EXPECT_FALSE(reply.headers.at("x-request-id").empty());
  }
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/1", "Authorization: Bearer tk1.x.y\r\n").status, 401);
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/1", "Authorization: Basic YTpi\r\n").status, 401);
  EXPECT_EQ(client.Ask("GET", "/no/such").status, 404);
}

TEST_F(PipelineTest, FhirRequestsArriveDecodedAndAnswersLeaveWithTheirHeaders) {
  Client client(server_->port());
  const Reply reply = client.Ask("PUT", "/fhir/Patient/a%2Fb?x=%20y",
                                 Bearer("li") +
                                     "If-Match: W/\"2\"\r\nContent-Type: Application/FHIR+json; "
                                     "charset=utf-8\r\nX-Request-Id: mine-1\r\n",
                                 "{}");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{}");
  EXPECT_EQ(reply.headers.at("etag"), "W/\"3\"");
  EXPECT_EQ(reply.headers.at("location"), "http://test/fhir/Patient/1");
  EXPECT_EQ(reply.headers.at("x-request-id"), "mine-1");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
  const interaction::Request seen = Last();
  EXPECT_EQ(seen.method, Method::kPut);
  EXPECT_EQ(seen.path, (std::vector<std::string>{"Patient", "a/b"}));
  EXPECT_EQ(seen.query, "x=%20y");
  EXPECT_EQ(seen.if_match, "W/\"2\"");
  EXPECT_EQ(seen.content_type, "application/fhir+json");
  EXPECT_EQ(seen.viewer->account, "li");
  EXPECT_FALSE(seen.viewer->scope.everything);
  client.Ask("PUT", "/fhir/Patient/a", Bearer("li") + "If-Match:\r\n", "{}");
  EXPECT_FALSE(Last().if_match.empty()) << "there and empty does not pass for a header that is not there";
}

TEST_F(PipelineTest, AnswersFromOtherThreadsAndWorkersArrive) {
  Client client(server_->port());
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/later", Bearer("li")).body, "li");
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/1?heavy", Bearer("li")).body, "li");
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/throw?heavy", Bearer("li")).status, 500);
}

TEST_F(PipelineTest, WhatIsGatheredIsAnsweredEachByItself) {
  constexpr int kClients = 8, kRequests = 20;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < kClients; ++c) {
    threads.emplace_back([&, c] {
      Client client(server_->port());
      for (int i = 0; i < kRequests; ++i) {
        const std::string body = std::to_string(c) + "-" + std::to_string(i);
        const bool later = i % 3 == 0;
        const Reply reply = client.Ask(
            "POST", later ? "/fhir/Patient/later?gathered" : "/fhir/Patient/1?gathered", Bearer("li"), body);
        good.fetch_add(reply.status == 200 && reply.body == body ? 1 : 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), kClients * kRequests);
  EXPECT_EQ(gathered_.load(), size_t{kClients * kRequests});
}

TEST_F(PipelineTest, ErrorsAreOutcomesAndTellNothingOfTheInside) {
  Client client(server_->port());
  const Reply thrown = client.Ask("GET", "/fhir/Patient/throw", Bearer("li"));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body.find("secret of the house"), std::string::npos);
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/missing", Bearer("li")).status, 404);
  const Reply busy = client.Ask("GET", "/fhir/Patient/busy", Bearer("li"));
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.headers.at("retry-after"), "1");
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/%zz", Bearer("li")).status, 400);
  EXPECT_EQ(client.Ask("BREW", "/fhir/Patient/1", Bearer("li")).status, 405);
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient?" + std::string(9000, 'x'), Bearer("li")).status, 413);
}

TEST_F(PipelineTest, WhoeverIsNotSignedInMayNotSendMuch) {
  Client client(server_->port());
  EXPECT_EQ(client.Ask("POST", "/fhir/Patient", "Content-Length: 70000\r\n").status, 413);
}

class LittleRoom : public PipelineTest {
 protected:
  LittleRoom() {
    body_bytes_ = size_t{8} << 20;
    answer_bytes_ = 4 * kHuge;
  }
};

TEST_F(LittleRoom, WhatABodyUnpacksToCounts) {
  Client client(server_->port());
  const auto send = [&](size_t size) {
    return client.Ask("POST", "/fhir/Patient", Bearer("li") + "Content-Encoding: gzip\r\n",
                      Encode(Coding::kGzip, std::string(size, ' ')));
  };
  EXPECT_EQ(send(size_t{5} << 20).status, 429) << "half of the room is an account's";
  EXPECT_EQ(send(size_t{3} << 20).status, 200);
  EXPECT_EQ(send(size_t{3} << 20).status, 200) << "given back";
  EXPECT_EQ(server_->statistics().body_bytes_inflight, 0u);
}

TEST_F(LittleRoom, WhoDoesNotReadHisAnswersGetsNoMore) {
  const std::string get = "GET /fhir/Patient/huge HTTP/1.1\r\nHost: test\r\n" + Bearer("li") + "\r\n";
  Client first(server_->port()), second(server_->port()), third(server_->port());
  first.Send(get);
  second.Send(get);
  const auto wait_for = [this](uint64_t bytes) {
    while (server_->statistics().answer_bytes_inflight != bytes) std::this_thread::yield();
  };
  wait_for(2 * kHuge);
  const Reply refused = third.Ask("GET", "/fhir/Patient/huge", Bearer("li"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  EXPECT_EQ(third.Ask("POST", "/fhir/Patient", Bearer("li"), "{}").status, 429)
      << "what is done cannot be refused afterwards";
  EXPECT_EQ(third.Ask("GET", "/fhir/Patient/1", Bearer("li")).status, 200);
  EXPECT_EQ(third.Ask("GET", "/fhir/Patient/huge", Bearer("ops")).body.size(), kHuge) << "others have room";
  EXPECT_EQ(first.Read().body.size(), kHuge);
  wait_for(kHuge);
  EXPECT_EQ(third.Ask("GET", "/fhir/Patient/huge", Bearer("li")).body.size(), kHuge);
  EXPECT_EQ(second.Read().body.size(), kHuge);
  wait_for(0);
  EXPECT_EQ(third.Ask("POST", "/fhir/Patient/huge", Bearer("li"), "{}").body.size(), kHuge);
  wait_for(0);
}

TEST_F(PipelineTest, CodingsBothWays) {
  Client client(server_->port());
  const std::string text = "{\"resourceType\":\"Patient\"}";
  for (const Coding coding : {Coding::kGzip, Coding::kZstd}) {
    const std::string name(NameOf(coding));
    EXPECT_EQ(client
                  .Ask("POST", "/fhir/Patient", Bearer("li") + "Content-Encoding: " + name + "\r\n",
                       Encode(coding, text))
                  .body,
              text);
    const Reply large =
        client.Ask("GET", "/fhir/Patient/large", Bearer("li") + "Accept-Encoding: " + name + "\r\n");
    EXPECT_EQ(large.headers.at("content-encoding"), name);
    EXPECT_EQ(Decode(name, large.body, 100'000).value(), std::string(20'000, 'x'));
    EXPECT_FALSE(client.Ask("GET", "/fhir/Patient/1", Bearer("li") + "Accept-Encoding: " + name + "\r\n")
                     .headers.contains("content-encoding"));
  }
  EXPECT_EQ(client.Ask("POST", "/fhir/Patient", Bearer("li") + "Content-Encoding: br\r\n", "x").status, 415);
  EXPECT_EQ(
      client.Ask("POST", "/fhir/Patient", Bearer("li") + "Content-Encoding: gzip\r\n", "not gzip").status,
      400);
}

TEST_F(PipelineTest, SignInByCookieNeedsTheHeaderToChangeAnything) {
  Client client(server_->port());
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(client.Ask("POST", "/auth/sign-in", "Content-Type: text/plain\r\n", "{}").status, 400);
  EXPECT_EQ(client.Ask("POST", "/auth/sign-in", json, "{\"account\":\"li\"}").status, 400);
  const Reply wrong =
      client.Ask("POST", "/auth/sign-in", json, R"({"account":"li","password":"wrong password"})");
  const Reply unknown =
      client.Ask("POST", "/auth/sign-in", json, R"({"account":"nobody","password":"wrong password"})");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, unknown.body);
  const Reply good =
      client.Ask("POST", "/auth/sign-in", json, R"({"account":"li","password":"bitter melon 7"})");
  ASSERT_EQ(good.status, 200);
  EXPECT_NE(good.body.find(R"("account":"li","display":"李","kind":"person","post":"doctor")"),
            std::string::npos)
      << good.body;
  // What the post may do is told as the posts file says it, and nothing more.
  EXPECT_NE(good.body.find(R"("may":{"read":["AlertReceipt","AllergyIntolerance",)"), std::string::npos)
      << good.body;
  EXPECT_NE(good.body.find(R"("ServiceRequest","Specimen","Task"],"delete":[],"call":["$everything",)"),
            std::string::npos)
      << good.body;
  EXPECT_EQ(good.body.find("\"*\""), std::string::npos) << good.body;
  const std::string set = good.headers.at("set-cookie");
  EXPECT_NE(set.find("; HttpOnly; SameSite=Strict"), std::string::npos) << set;
  const std::string cookie = "Cookie: other=1; " + set.substr(0, set.find(';')) + "\r\n";
  const Reply me = client.Ask("GET", "/auth/me", cookie);
  EXPECT_EQ(me.status, 200);
  EXPECT_EQ(me.body, good.body);
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/1", cookie).status, 200);
  EXPECT_EQ(client.Ask("POST", "/fhir/Patient", cookie, "{}").status, 403);
  EXPECT_EQ(client.Ask("POST", "/fhir/Patient", cookie + "X-Tongkang: 1\r\n", "{}").status, 200);
  EXPECT_EQ(client.Ask("POST", "/auth/sign-out", cookie).status, 403);
  EXPECT_EQ(client.Ask("POST", "/auth/sign-out", cookie + "X-Tongkang: 1\r\n").status, 204);
  EXPECT_EQ(client.Ask("GET", "/auth/me", cookie).status, 401);
  const std::string audit = AuditText();
  EXPECT_NE(audit.find(R"("account":"li","action":"sign-in","status":401)"), std::string::npos) << audit;
  EXPECT_NE(audit.find(R"("account":"?","action":"sign-in","status":401)"), std::string::npos) << audit;
  EXPECT_EQ(audit.find("nobody"), std::string::npos);
}

// The peer is the proxy for everybody; whom it names is who has failed.
TEST_F(PipelineTest, FailedSignInsAreCountedByTheClientThatTheProxyNames) {
  Client client(server_->port());
  const auto sign_in = [&](const std::string& from, const std::string& password) {
    return client.Ask("POST", "/auth/sign-in", "Content-Type: application/json\r\n" + from,
                      R"({"account":"li","password":")" + password + "\"}");
  };
  // The first address is the client's own invention, also when it sends it as a header of its own.
  const std::string attacker = "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.66\r\n";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in(attacker, "wrong password").status, 401);
  clock_.Advance(60 * kSecondUs);
  const Reply locked = sign_in("X-Forwarded-For: 198.51.100.2, 203.0.113.66\r\n", "bitter melon 7");
  EXPECT_EQ(locked.status, 429);
  EXPECT_EQ(locked.headers.at("retry-after"), "840") << "the true wait";
  EXPECT_EQ(sign_in("X-Forwarded-For: 198.51.100.1\r\n", "bitter melon 7").status, 200);
}

TEST_F(PipelineTest, EveryRequestIsAuditedAndExportsBeforeTheirAnswer) {
  Client client(server_->port());
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/export", Bearer("li")).status, 200);
  // Not flushed here: the answer alone says that the record is on disk.
  const std::string text = ReadFile(folder_ + "/audit/audit-0-00000001.jsonl").value();
  EXPECT_NE(text.find(R"("account":"li","post":"doctor","action":"export","type":"Patient","id":")"),
            std::string::npos)
      << text;
  EXPECT_EQ(client.Ask("GET", "/fhir/Patient/person-77", Bearer("li")).status, 200);
  const std::string later = AuditText();
  EXPECT_NE(later.find("\"action\":\"read\",\"type\":\"Patient\""), std::string::npos) << later;
  EXPECT_EQ(later.find("person-77"), std::string::npos);
  EXPECT_TRUE(access::VerifyAudit(folder_ + "/audit")->damage.empty());
}

TEST_F(PipelineTest, LogLinesHoldNoPathAndNoQuery) {
  std::string lines;
  SetLogLevel(LogLevel::kInfo);
  CaptureDiagnostics(&lines);
  EXPECT_EQ(Client(server_->port()).Ask("GET", "/fhir/Patient/person-77?name=Wang", Bearer("li")).status,
            200);
  CaptureDiagnostics(nullptr);
  SetLogLevel(LogLevel::kOff);
  EXPECT_NE(lines.find(R"("method":"GET","route":"/fhir","status":200,"us":)"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("account":"li")"), std::string::npos);
  EXPECT_EQ(lines.find("person-77"), std::string::npos);
  EXPECT_EQ(lines.find("Wang"), std::string::npos);
}

TEST_F(PipelineTest, MetricsAreForOperators) {
  Client client(server_->port());
  client.Ask("GET", "/fhir/Patient/person-77", Bearer("li"));
  const Reply reply = client.Ask("GET", "/metrics", Bearer("ops"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find(R"(tongkang_http_requests_total{route="/fhir",status="200"} 1)"),
            std::string::npos)
      << reply.body;
  EXPECT_EQ(reply.body.find("person-77"), std::string::npos);
  EXPECT_EQ(client.Ask("GET", "/metrics").status, 401);
  EXPECT_EQ(client.Ask("GET", "/metrics", Bearer("li")).status, 403);
}

TEST_F(PipelineTest, ReadyTellsTheProgress) {
  ready_ = false;
  const Reply reply = Client(server_->port()).Ask("GET", "/ready");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(
      reply.body,
      R"({"ready":false,"progress":0.500,"reasons":["the views are being built","another \"reason\""],"views":[{"view":"search","state":"building","t":7,"t_wanted":9,"progress":0.500}]})");
}

TEST_F(PipelineTest, OperatorsAloneAskForARebuild) {
  Client client(server_->port());
  const char* const route = "/admin/views/search/rebuild";
  EXPECT_EQ(client.Ask("POST", route).status, 401);
  EXPECT_EQ(client.Ask("POST", route, Bearer("li")).status, 403);
  EXPECT_EQ(rebuilds_.load(), 0);
  EXPECT_EQ(client.Ask("GET", route, Bearer("ops")).status, 404);
  EXPECT_EQ(client.Ask("POST", "/admin/views/nothing/rebuild", Bearer("ops")).status, 404);
  const Reply asked = client.Ask("POST", route, Bearer("ops"));
  EXPECT_EQ(asked.status, 202);
  EXPECT_NE(asked.body.find(R"("view":"search","state":"serving")"), std::string::npos) << asked.body;
  EXPECT_EQ(client.Ask("POST", route, Bearer("ops")).status, 409);
  EXPECT_NE(AuditText().find(R"("rebuild")"), std::string::npos);
}

view::Change ChangeOf(uint16_t type, const std::string& id) {
  auto resource = std::make_shared<view::Resource>();
  resource->type = fhir::TypeId{type};
  resource->id = id;
  resource->version = 1;
  view::Change change;
  change.now = resource;
  return change;
}

TEST_F(PipelineTest, LiveTellsWhatPostTypeAndAreaAllow) {
  Client client(server_->port());
  client.Send("GET /live?types=Flag HTTP/1.1\r\nHost: t\r\n" + Bearer("li") + "\r\n");
  EXPECT_EQ(client.Read().headers.at("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_NE(client.ReadUntil("\n\n").find("event: hello\nid: 7-0\ndata: {\"incarnation\":7,\"t\":0,"),
            std::string::npos);
  // Ordinals 1..4: 1 and 3 lie outside the area, 2 is a Flag inside, 4 is of another type.
  feed_.Add({.at_us = 0,
             .first_ordinal = 1,
             .changes = {ChangeOf(1, "outside"), ChangeOf(1, "inside"), ChangeOf(1, "outside"),
                         ChangeOf(2, "other")}});
  const std::string event = client.ReadUntil("\n\n");
  EXPECT_NE(event.find("event: change\nid: 7-1\ndata: {\"t\":1,"), std::string::npos) << event;
  EXPECT_NE(event.find("\"type\":\"Flag\",\"id\":\"inside\",\"version\":1,\"op\":\"create\""),
            std::string::npos)
      << event;
  EXPECT_NE(client.ReadUntil("\n\n").find("event: tick\nid: 7-1\n"), std::string::npos)
      << "nothing else was told";
  EXPECT_EQ(Client(server_->port()).Ask("GET", "/live?types=AuditEvent", Bearer("li")).status, 403);
  EXPECT_EQ(Client(server_->port()).Ask("GET", "/live?colour=red", Bearer("li")).status, 400);
  EXPECT_EQ(Client(server_->port()).Ask("GET", "/live?types=Flag,Foo", Bearer("li")).status, 400);
}

// No tick comes in this time: what counts is the look before each event.
class LiveWithoutTicksTest : public PipelineTest {
 protected:
  LiveWithoutTicksTest() { tick_ms_ = 3'600'000; }
  void Edit(const std::function<void(access::Account*)>& edit) {
    ASSERT_TRUE(access::EditAccounts(folder_, [&](access::Accounts* accounts) -> Status {
                  edit(access::FindAccount(accounts, "li"));
                  return {};
                }).ok());
    clock_.Advance(2 * kSecondUs);
  }
  void Add(view::Ordinal ordinal, const std::string& id) {
    feed_.Add({.at_us = 0, .first_ordinal = ordinal, .changes = {ChangeOf(1, id)}});
  }
  void Listen(Client* client) {
    client->Send("GET /live HTTP/1.1\r\nHost: t\r\n" + Bearer("li") + "\r\n");
    EXPECT_EQ(client->Read().status, 200);
    EXPECT_NE(client->ReadUntil("\n\n").find("event: hello"), std::string::npos);
  }
};

TEST_F(LiveWithoutTicksTest, NothingMoreIsToldToWhoWasDisabled) {
  Client client(server_->port());
  Listen(&client);
  Add(2, "before");
  EXPECT_NE(client.ReadUntil("\n\n").find("before"), std::string::npos);
  Edit([](access::Account* li) { li->disabled = true; });
  Add(2, "after");
  const std::string last = client.ReadUntil("\n\n");
  EXPECT_NE(last.find("event: end"), std::string::npos) << last;
  EXPECT_EQ(last.find("after"), std::string::npos) << last;
}

TEST_F(LiveWithoutTicksTest, AnotherAreaCountsFromTheNextEventOn) {
  Client client(server_->port());
  Listen(&client);
  Edit([](access::Account* li) { li->area = ""; });
  Add(1, "elsewhere");
  EXPECT_NE(client.ReadUntil("\n\n").find("event: reset"), std::string::npos);
  EXPECT_NE(client.ReadUntil("\n\n").find("elsewhere"), std::string::npos) << "the whole city is his now";
  Edit([](access::Account* li) { li->area = "380102"; });
  Add(1, "hidden");
  Add(2, "seen");
  EXPECT_NE(client.ReadUntil("\n\n").find("event: reset"), std::string::npos);
  EXPECT_NE(client.ReadUntil("\n\n").find("seen"), std::string::npos);
}

// A record that is joined to a person who denies: it must not be told of before the denial counts for it.
TEST_F(LiveWithoutTicksTest, NothingIsToldBeforeItsFactsAreKnown) {
  Client client(server_->port());
  Listen(&client);
  known_t_ = 1;
  Add(2, "known");
  EXPECT_NE(client.ReadUntil("\n\n").find("known"), std::string::npos);
  Add(2, "early");
  Add(2, "late");
  const timeval moment{0, 300'000};
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
  EXPECT_EQ(client.ReadUntil("\n\n"), "") << "told before its facts were known";
  const timeval patience{60, 0};
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  known_t_ = 3;
  EXPECT_NE(client.ReadUntil("\n\n").find("early"), std::string::npos);
  EXPECT_NE(client.ReadUntil("\n\n").find("late"), std::string::npos);
  known_t_ = 3;
  Add(2, "never");
  live_->Stop();  // and a stop waits for nothing
}

TEST_F(LiveWithoutTicksTest, EndsWhenAnotherServerHasTheLog) {
  Client client(server_->port());
  Listen(&client);
  deposed_ = true;
  const std::string last = client.ReadUntil("\n\n");
  EXPECT_NE(last.find("event: end\ndata: {\"reason\":\"another server has taken over\"}"), std::string::npos)
      << last;
  EXPECT_TRUE(client.Closed());
  const auto refused = Client(server_->port()).Ask("GET", "/live", Bearer("li"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.count("retry-after"), 1u);
}

TEST_F(LiveWithoutTicksTest, WhatIsToldIsInTheAuditAndNothingElse) {
  Client client(server_->port());
  Listen(&client);
  Add(2, "first");
  Add(3, "elsewhere");
  feed_.Add({.at_us = 0, .first_ordinal = 4, .changes = {ChangeOf(1, "second"), ChangeOf(1, "elsewhere")}});
  Add(2, "first");
  for (const char* id : {"first", "second", "first"})
    EXPECT_NE(client.ReadUntil("\n\n").find(id), std::string::npos);
  live_->Stop();
  const std::string text = AuditText();
  EXPECT_NE(
      text.find(R"("account":"li","post":"doctor","action":"live","owners":[2,4],"status":200,"records":3,)"),
      std::string::npos)
      << text;
}

TEST_F(LiveWithoutTicksTest, NothingIsToldThatCannotBeAudited) {
  Client client(server_->port());
  Listen(&client);
  live_audit_.ill = true;
  Add(2, "untold");
  const std::string last = client.ReadUntil("\n\n");
  EXPECT_NE(last.find("event: end\ndata: {\"reason\":\"the audit cannot be written\"}"), std::string::npos)
      << last;
  EXPECT_EQ(last.find("untold"), std::string::npos) << last;
}

TEST_F(PipelineTest, LiveResumesAndResets) {
  for (int i = 0; i < 3; ++i)
    feed_.Add({.at_us = 0, .first_ordinal = 2, .changes = {ChangeOf(1, "flag-" + std::to_string(i))}});
  while (true) {  // the hub has to have seen them, or they come as news
    Client probe(server_->port());
    probe.Send("GET /live HTTP/1.1\r\nHost: t\r\n" + Bearer("admin") + "\r\n");
    probe.Read();
    if (probe.ReadUntil("\n\n").find("\"t\":3,") != std::string::npos) break;
  }
  Client resumed(server_->port());
  resumed.Send("GET /live HTTP/1.1\r\nHost: t\r\nLast-Event-ID: 7-1\r\n" + Bearer("admin") + "\r\n");
  EXPECT_EQ(resumed.Read().status, 200);
  EXPECT_EQ(resumed.ReadUntil("\n\n").find("id: "), std::string::npos)
      << "hello must not move a resuming client on";
  const std::string replayed = resumed.ReadUntil("flag-2");
  EXPECT_NE(replayed.find("flag-1"), std::string::npos);
  EXPECT_EQ(replayed.find("flag-0"), std::string::npos);
  Client exact(server_->port());
  exact.Send("GET /live HTTP/1.1\r\nHost: t\r\nLast-Event-ID: 8-1\r\n" + Bearer("admin") + "\r\n");
  EXPECT_EQ(exact.Read().status, 200);
  exact.ReadUntil("\n\n");
  EXPECT_NE(exact.ReadUntil("\n\n").find("event: reset"), std::string::npos);
}

TEST_F(PipelineTest, LiveEndsWithTheSignOn) {
  Client client(server_->port());
  client.Send("GET /live HTTP/1.1\r\nHost: t\r\n" + Bearer("li") + "\r\n");
  EXPECT_EQ(client.Read().status, 200);
  ASSERT_TRUE(access::EditAccounts(folder_, [](access::Accounts* accounts) -> Status {
                access::FindAccount(accounts, "li")->generation = 2;
                return {};
              }).ok());
  clock_.Advance(2 * kSecondUs);
  EXPECT_NE(client.ReadUntil("signed-out").find("event: end"), std::string::npos);
  client.ReadUntil("\n\n");
  EXPECT_TRUE(client.Closed());
}

TEST_F(PipelineTest, SlowLiveClientsAreDroppedAndTold) {
  Client client(server_->port());
  const int small = 1024;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  client.Send("GET /live HTTP/1.1\r\nHost: t\r\n" + Bearer("admin") + "\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_NE(client.ReadUntil("\n\n").find("event: hello"), std::string::npos)
      << "from here on he is told everything";
  view::Committed much{.at_us = 0, .first_ordinal = 2, .changes = {}};
  for (int i = 0; i < 100; ++i) much.changes.push_back(ChangeOf(1, "flag"));
  feed_.Add(std::move(much));  // more than his queue holds at once
  EXPECT_NE(client.ReadUntil("\"slow\"").find("event: end"), std::string::npos);
}

TEST(Pages, ServedFromMemoryWithTheRightHeaders) {
  const std::string folder = ::testing::TempDir() + "tk_pages_" + std::to_string(::getpid());
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(MakeFolder(folder + "/m/assets").ok());
  ASSERT_TRUE(WriteFileDurable(folder + "/index.html", "root").ok());
  ASSERT_TRUE(WriteFileDurable(folder + "/m/index.html", "phone").ok());
  ASSERT_TRUE(WriteFileDurable(folder + "/m/assets/index-BX3k29aQ.js", std::string(5000, ';')).ok());
  ASSERT_TRUE(WriteFileDurable(folder + "/m/assets/index-BX3k29aQ.js.zst",
                               Encode(Coding::kZstd, std::string(5000, ';')))
                  .ok());
  ASSERT_TRUE(WriteFileDurable(folder + "/.secret", "no").ok());
  ASSERT_TRUE(WriteFileDurable(folder + ".outside", "no").ok());
  const auto pages = Pages::Load({.folder = folder}).value();
  Request plain;
  EXPECT_EQ(pages->Get("/", plain).bytes(), "root");
  EXPECT_EQ(pages->Get("/m/", plain).bytes(), "phone");
  EXPECT_EQ(pages->Get("/m/person/7", plain).bytes(), "phone") << "the page's own path";
  EXPECT_NE(pages->Get("/m/", plain).headers.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(pages->Get("/m/", plain).headers.find("no-cache"), std::string::npos);
  for (const char* absent : {"/m/assets/other.js", "/nothing", "/.secret", "/../",
                             "/m/../../tk_pages.outside", "/../x.outside", "//etc/passwd"}) {
    EXPECT_EQ(pages->Get(absent, plain).status, 404) << absent;
  }
  Request packed;
  packed.accept_encoding = "gzip, zstd";
  const Response script = pages->Get("/m/assets/index-BX3k29aQ.js", packed);
  EXPECT_EQ(script.content_encoding, "zstd");
  EXPECT_EQ(Decode("zstd", script.bytes(), 10'000).value(), std::string(5000, ';'));
  EXPECT_NE(script.headers.find("immutable"), std::string::npos);
  Request again;
  const size_t at = script.headers.find("ETag: ") + 6;
  again.if_none_match = script.headers.substr(at, script.headers.find("\r\n", at) - at);
  EXPECT_EQ(pages->Get("/m/assets/index-BX3k29aQ.js", again).status, 304);
  EXPECT_FALSE(Pages::Load({.folder = folder + "/absent"}).ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tk::http
