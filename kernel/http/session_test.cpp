// Sessions over real loopback sockets, with a double behind them.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <thread>

#include "kernel/base/diagnostics.h"
#include "kernel/http/coding.h"
#include "kernel/http/http_test_client.h"
#include "kernel/http/server.h"

namespace tk::http {
namespace {

using testing::Client;
using testing::Reply;

class Events final : public EventSource {
 public:
  bool Take(std::string* out) override {
    const std::lock_guard<std::mutex> hold(mutex_);
    *out += queue_;
    queue_.clear();
    return !ended_;
  }
  void SetWake(std::function<void()> wake) override {
    const std::lock_guard<std::mutex> hold(mutex_);
    wake_ = std::move(wake);
  }
  void End(std::string_view reason) override {
    Push("event: end\ndata: " + std::string(reason) + "\n\n", true);
  }
  void Push(const std::string& text, bool last = false) {
    std::function<void()> wake;
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      if (ended_) return;
      queue_ += text;
      ended_ = last;
      wake = wake_;
    }
    if (wake) wake();
  }

 private:
  std::mutex mutex_;
  std::string queue_;
  bool ended_ = false;
  std::function<void()> wake_;
};

class Double final : public Handler {
 public:
  ~Double() override {
    for (std::thread& thread : threads_) thread.join();
  }
  HeadVerdict OnHead(const Request& request) override {
    HeadVerdict verdict;
    verdict.body_bytes_max = 100'000;
    if (request.path() == "/forbidden") {
      verdict.refused = true;
      verdict.refusal.status = 403;
    }
    return verdict;
  }
  Response Refuse(int status, std::string_view text) override {
    Response response;
    response.status = status;
    response.body = text;
    return response;
  }
  void Handle(CallPtr call) override {
    Response response;
    response.content_type = "text/plain";
    const std::string_view path = call->request.path();
    if (path == "/events") response.events = events;
    response.body = path == "/big" ? std::string(5'000'000, 'b')
                                   : std::string(call->request.query()) + call->request.body;
    const bool waits = path == "/until-end-of-work";
    if (path != "/slow" && !waits) return call->Complete(std::move(response));
    const std::lock_guard<std::mutex> hold(mutex_);
    ++slow_begun;
    threads_.emplace_back([this, call, waits, response = std::move(response)]() mutable {
      if (waits)
        end_of_work_.wait(false);
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      call->Complete(std::move(response));
    });
  }
  std::shared_ptr<Events> events = std::make_shared<Events>();
  std::atomic<int> slow_begun{0};
  void EndWork() {
    end_of_work_ = true;
    end_of_work_.notify_all();
  }

 private:
  std::atomic<bool> end_of_work_{false};
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

class SessionTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    SetLogLevel(LogLevel::kOff);
    options.listen = "127.0.0.1:0";
    auto made = Server::Create(options, &double_);
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    server_ = std::move(made).value();
    server_->Start();
  }
  void TearDown() override {
    if (server_) server_->Stop();
    SetLogLevel(LogLevel::kInfo);
  }
  // Declared first, destroyed last: calls still running name its loops.
  std::unique_ptr<Server> server_;
  Double double_;
};

TEST_F(SessionTest, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  Client client(server_->port());
  std::string all;
  for (const char* path : {"/slow?1", "/echo?2", "/slow?3", "/echo?4", "/echo?5"})
    all += "GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n\r\n";
  client.Send(all);
  for (const char* expected : {"1", "2", "3", "4", "5"}) {
    const Reply reply = client.Read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, expected);
  }
}

// RFC 9112 section 3.2.2.
TEST_F(SessionTest, TheAbsoluteFormOfATargetIsTaken) {
  Start();
  Client client(server_->port());
  for (const auto& [target, body] : std::vector<std::pair<std::string, std::string>>{
           {"http://elsewhere:81/echo?a", "a"}, {"HTTPS://h/echo?b", "b"}}) {
    client.Send("GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n");
    const Reply reply = client.Read();
    EXPECT_EQ(reply.status, 200) << target;
    EXPECT_EQ(reply.body, body) << target;
  }
}

TEST_F(SessionTest, AnAbsoluteTargetWithoutAHostIsRefused) {
  Start();
  Client client(server_->port());
  client.Send("GET http:///echo?a HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.Read().status, 400);
}

TEST_F(SessionTest, BodiesByLengthByChunksAndByteByByte) {
  Start();
  Client client(server_->port());
  EXPECT_EQ(client.Ask("POST", "/echo", "", "hello").body, "hello");
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "abcde");
  for (char c : std::string("POST /echo?q HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nxyz"))
    client.Send(std::string(1, c));
  EXPECT_EQ(client.Read().body, "qxyz");
  const std::string large(90'000, 'l');
  EXPECT_EQ(client.Ask("PUT", "/echo", "", large).body, large);
}

TEST_F(SessionTest, HeadHasALengthButNoBody) {
  Start();
  Client client(server_->port());
  const Reply reply = client.Ask("HEAD", "/echo?12345");
  EXPECT_EQ(reply.headers.at("content-length"), "5");
  EXPECT_EQ(client.Ask("GET", "/echo?next").body, "next");
}

TEST_F(SessionTest, LimitsOfHeadAndBody) {
  Start();
  EXPECT_EQ(
      Client(server_->port()).Ask("GET", "/echo", "X-Long: " + std::string(20'000, 'x') + "\r\n").status,
      431);
  EXPECT_EQ(Client(server_->port()).Ask("POST", "/echo", "Content-Length: 100001\r\n").status, 413);
  Client chunks(server_->port());
  chunks.Send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 30; ++i) chunks.Send("1000\r\n" + std::string(4096, 'c') + "\r\n");
  EXPECT_EQ(chunks.Read().status, 413);
  EXPECT_TRUE(chunks.Closed());
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(Client(server_->port()).Ask("GET", "/echo", many).status, 431);
}

TEST_F(SessionTest, RefusedAtTheHeadWithoutReadingTheBody) {
  Start();
  Client client(server_->port());
  client.Send("POST /forbidden HTTP/1.1\r\nHost: t\r\nContent-Length: 50000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 403);
  EXPECT_TRUE(client.Closed());
}

TEST_F(SessionTest, AmbiguousAndBrokenRequestsAreRefused) {
  Start();
  for (const char* bad :
       {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/3.7\r\nHost: t\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: t\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nX-A: b\r\n c\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    Client client(server_->port());
    client.Send(bad);
    EXPECT_EQ(client.Read().status, 400) << bad;
    EXPECT_TRUE(client.Closed()) << bad;
  }
}

TEST_F(SessionTest, SlowHeadSlowBodyAndIdleConnectionsEnd) {
  ServerOptions options;
  options.head_ms = options.body_ms = options.idle_ms = 150;
  Start(options);
  Client head(server_->port()), body(server_->port()), idle(server_->port());
  head.Send("GET /echo HTTP/1.1\r\nHos");
  body.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(head.Read().status, 408);
  EXPECT_EQ(body.Read().status, 408);
  EXPECT_TRUE(idle.Closed());
  EXPECT_EQ(server_->statistics().timeouts >= 3, true);
}

TEST_F(SessionTest, ContinueIsSaidBeforeTheBody) {
  Start();
  Client client(server_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_EQ(client.Read().body, "abc");
}

TEST_F(SessionTest, ContinueIsNotSaidToHttp10) {
  Start();
  Client client(server_->port());
  client.Send("POST /echo HTTP/1.0\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  client.Send("abc");
  EXPECT_EQ(client.Read().body, "abc");
}

TEST_F(SessionTest, ConnectionCloseAndHttp10) {
  Start();
  Client close(server_->port());
  EXPECT_EQ(close.Ask("GET", "/echo?a", "Connection: close\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(close.Closed());
  Client old(server_->port());
  old.Send("GET /echo?old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read().body, "old");
  EXPECT_TRUE(old.Closed());
}

TEST_F(SessionTest, LargeAnswersAndManyOfThem) {
  Start();
  Client client(server_->port());
  client.Send(
      "GET /big HTTP/1.1\r\nHost: t\r\n\r\nGET /big HTTP/1.1\r\nHost: t\r\n\r\nGET /echo?end "
      "HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.Read().body.size(), 5'000'000u);
  EXPECT_EQ(client.Read().body.size(), 5'000'000u);
  EXPECT_EQ(client.Read().body, "end");
}

TEST_F(SessionTest, StopFinishesWhatRunsAndClosesWhatIsIdle) {
  Start();
  Client running(server_->port()), idle(server_->port());
  EXPECT_EQ(idle.Ask("GET", "/echo?1").status, 200);
  running.Send("GET /slow?done HTTP/1.1\r\nHost: t\r\n\r\n");
  while (double_.slow_begun == 0) std::this_thread::yield();
  std::thread stopper([this] { server_->Stop(); });
  const Reply reply = running.Read();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(running.Closed());
  EXPECT_TRUE(idle.Closed());
  stopper.join();
}

TEST_F(SessionTest, WhatStillRunsAfterTheTimeOfTheStopIsEndedAndItsAnswerSent) {
  ServerOptions options;
  options.stop_ms = 0;
  options.end_ms = 600'000;
  options.end_work = [this] { double_.EndWork(); };
  Start(options);
  Client running(server_->port());
  running.Send("GET /until-end-of-work?ended HTTP/1.1\r\nHost: t\r\n\r\n");
  while (double_.slow_begun == 0) std::this_thread::yield();
  std::thread stopper([this] { server_->Stop(); });
  EXPECT_EQ(running.Read().body, "ended");
  EXPECT_TRUE(running.Closed());
  stopper.join();
}

TEST_F(SessionTest, TooManyConnectionsAreToldSo) {
  ServerOptions options;
  options.connections_max = 2;
  Start(options);
  Client first(server_->port()), second(server_->port());
  EXPECT_EQ(first.Ask("GET", "/echo").status, 200);
  EXPECT_EQ(second.Ask("GET", "/echo").status, 200);
  Client third(server_->port());
  EXPECT_EQ(third.Read().status, 503);
  EXPECT_TRUE(third.Closed());
}

TEST_F(SessionTest, EventsStreamUntilTheirEnd) {
  Start();
  Client client(server_->port());
  client.Send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.Read().headers.contains("content-length"), false);
  double_.events->Push("data: 1\n\n");
  EXPECT_EQ(client.ReadUntil("\n\n"), "data: 1\n\n");
  double_.events->Push("data: 2\n\n");
  EXPECT_EQ(client.ReadUntil("\n\n"), "data: 2\n\n");
  double_.events->End("enough");
  EXPECT_EQ(client.ReadUntil("\n\n"), "event: end\ndata: enough\n\n");
  EXPECT_TRUE(client.Closed());
}

TEST_F(SessionTest, StopEndsEventStreams) {
  Start();
  Client client(server_->port());
  client.Send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  server_->Stop();
  EXPECT_NE(client.ReadUntil("\n\n").find("the server stops"), std::string::npos);
}

TEST_F(SessionTest, PortTakenAndWrongAddressesAreToldClearly) {
  Start();
  ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server_->port());
  const auto taken = Server::Create(options, &double_);
  ASSERT_FALSE(taken.ok());
  EXPECT_NE(taken.error().external.find("another program has this port"), std::string::npos)
      << taken.error().external;
  for (const char* wrong : {"8080", "nowhere:80", "127.0.0.1:99999", "127.0.0.1:", "127.0.0.1:8x"}) {
    options.listen = wrong;
    EXPECT_EQ(Server::Create(options, &double_).error().code, ErrorCode::kIncorrect) << wrong;
  }
}

// A self-signed certificate for localhost, fresh for each run.
void WriteCertificate(const std::string& cert_file, const std::string& key_file) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const cert = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  X509_sign(cert, key, EVP_sha256());
  FILE* file = std::fopen(cert_file.c_str(), "w");
  PEM_write_X509(file, cert);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(cert);
  EVP_PKEY_free(key);
}

// The answer's first line over TLS of at most `version`; "" when the handshake is refused.
std::string AskByTls(uint16_t port, int version_max) {
  Client transport(port);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, version_max);
  SSL_CTX_set_security_level(context, 0);
  SSL* const ssl = SSL_new(context);
  SSL_set_fd(ssl, transport.fd());
  std::string line;
  if (SSL_connect(ssl) == 1) {
    const std::string_view request =
        "GET /echo?secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    char block[4096];
    for (int got; (got = SSL_read(ssl, block, sizeof block)) > 0;)
      line.append(block, static_cast<size_t>(got));
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  return line;
}

TEST_F(SessionTest, TlsFromVersion12) {
  const std::string folder = ::testing::TempDir() + "tk_tls_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  ServerOptions options;
  options.tls_cert = folder + "/cert.pem";
  options.tls_key = folder + "/key.pem";
  WriteCertificate(options.tls_cert, options.tls_key);
  Start(options);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string answer = AskByTls(server_->port(), version);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("secret")) << answer;
  }
  EXPECT_EQ(AskByTls(server_->port(), TLS1_1_VERSION), "");
  ServerOptions wrong = options;
  wrong.listen = "127.0.0.1:0";
  wrong.tls_key = options.tls_cert;
  const auto refused = Server::Create(wrong, &double_);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().external.find("TLS: "), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(Coding, WhatIsKeptIsSmaller) {
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += "word" + std::to_string((i * 7919) % 1000) + (i % 9 == 0 ? ";\n" : " ");
  for (const Coding coding : {Coding::kGzip, Coding::kZstd}) {
    const std::string once = Encode(coding, text), kept = Encode(coding, text, Effort::kKept);
    EXPECT_LT(kept.size(), once.size()) << NameOf(coding);
    EXPECT_EQ(Decode(NameOf(coding), kept, text.size()).value(), text);
  }
}

TEST(Coding, RoundTripsAndBombs) {
  const std::string text(1'000'000, 'a');
  for (const Coding coding : {Coding::kGzip, Coding::kZstd}) {
    const std::string packed = Encode(coding, text);
    EXPECT_LT(packed.size(), 5000u);
    const std::string name(NameOf(coding));
    EXPECT_EQ(Decode(name, packed, text.size()).value(), text);
    EXPECT_EQ(Decode(name, packed, text.size() - 1).error().code, ErrorCode::kTooLarge);
    EXPECT_EQ(Decode(name, packed.substr(0, packed.size() / 2), text.size()).error().code,
              ErrorCode::kIncorrect);
    EXPECT_EQ(Decode(name, packed + "x", text.size()).error().code, ErrorCode::kIncorrect);
    EXPECT_EQ(Decode(name, "", text.size()).error().code, ErrorCode::kIncorrect);
  }
  EXPECT_EQ(Decode("br", text, text.size()).error().code, ErrorCode::kUnsupported);
}

TEST(Coding, MembersThatFollowEachOtherAreOneText) {
  const std::string text = std::string(300'000, 'a') + "end of one";
  for (const Coding coding : {Coding::kGzip, Coding::kZstd}) {
    const std::string name(NameOf(coding));
    const std::string one = Encode(coding, text), none = Encode(coding, ""), two = Encode(coding, "and two");
    const std::string whole = text + "and two";
    EXPECT_EQ(Decode(name, one + two, whole.size()).value(), whole) << name;
    EXPECT_EQ(Decode(name, none + one + none + two + none, whole.size()).value(), whole) << name;
    EXPECT_EQ(Decode(name, none, 0).value(), "");
    EXPECT_EQ(Decode(name, one + two, whole.size() - 1).error().code, ErrorCode::kTooLarge)
        << name << ": the limit is that of all together";
    for (const std::string& wrong : {one + two + "x", one + two.substr(0, two.size() - 1),
                                     one + std::string(1, '\0'), one + one.substr(0, 5)})
      EXPECT_EQ(Decode(name, wrong, 2 * whole.size()).error().code, ErrorCode::kIncorrect) << name;
    // So many that a block for each would take minutes.
    std::string many;
    for (int i = 0; i < 50'000; ++i) many += none;
    size_t held = 0;
    EXPECT_EQ(Decode(name, many + two, 100,
                     [&](size_t bytes) {
                       held = std::max(held, bytes);
                       return true;
                     })
                  .value(),
              "and two");
    EXPECT_LE(held, size_t{256} * 1024) << name;
  }
}

TEST(Coding, IsChosenByQuality) {
  EXPECT_EQ(ChooseCoding(""), Coding::kIdentity);
  EXPECT_EQ(ChooseCoding("gzip, deflate, br, zstd"), Coding::kZstd);
  EXPECT_EQ(ChooseCoding("gzip, deflate"), Coding::kGzip);
  EXPECT_EQ(ChooseCoding("zstd;q=0.5, gzip"), Coding::kGzip);
  EXPECT_EQ(ChooseCoding("zstd;q=0, gzip;q=0"), Coding::kIdentity);
  EXPECT_EQ(ChooseCoding("*"), Coding::kZstd);
  EXPECT_EQ(ChooseCoding("*;q=0"), Coding::kIdentity);
  EXPECT_EQ(ChooseCoding("identity"), Coding::kIdentity);
}

TEST(Message, HeadersCannotBeSplitAndDatesAreRight) {
  Response response;
  response.AddHeader("Location", "/a\r\nSet-Cookie: x=1");
  EXPECT_EQ(response.headers, "Location: /aSet-Cookie: x=1\r\n");
  EXPECT_EQ(HttpDate(784111777 * kSecondUs), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace tk::http
