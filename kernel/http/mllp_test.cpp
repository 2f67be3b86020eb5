// MLLP over real loopback sockets: frames as they come, who speaks from where, what is answered when the work gives no acknowledgement.
#include "kernel/http/mllp.h"

#include <gtest/gtest.h>

#include "kernel/http/http_test_client.h"
#include "kernel/http/server.h"

namespace tk::http {
namespace {

using testing::Client;

/// Says who asked what, or what it is told to say.
class MllpDouble final : public Handler {
 public:
  HeadVerdict OnHead(const Request&) override { return {}; }
  Response Refuse(int, std::string_view) override { return {}; }
  void Handle(CallPtr call) override {
    last = call->request;
    Response response;
    response.status = status;
    response.content_type = status == 200 ? std::string(kMllpType) : "application/fhir+json";
    response.body = status == 200
                        ? "ACK " + call->request.body
                        : R"({"issue":[{"severity":"error","code":"throttled","diagnostics":"later"}]})";
    call->Complete(std::move(response));
  }
  Request last;
  int status = 200;
};

std::string InFrame(std::string_view message) { return "\x0b" + std::string(message) + "\x1c\r"; }

class Mllp : public ::testing::Test {
 protected:
  void Start(const std::string& senders, int64_t body_ms = 30'000) {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.threads = 1;
    options.body_ms = body_ms;
    options.idle_ms = 60'000;
    auto read = MllpSenders::Parse(senders);
    ASSERT_TRUE(read.ok()) << read.error().external;
    options.mllp = std::make_shared<MllpSenders>(std::move(*read));
    auto made = Server::Create(options, &work_);
    ASSERT_TRUE(made.ok()) << made.error().external;
    server_ = std::move(*made);
    server_->Start();
  }
  void TearDown() override {
    if (server_) server_->Stop();
  }
  MllpDouble work_;
  std::unique_ptr<Server> server_;
};

TEST_F(Mllp, MessagesAreAskedOneByOneAsTheSendersAccount) {
  Start("127.0.0.1=his");
  Client client(server_->port());
  client.Send(InFrame("MSH|1") + "\r\n" + InFrame("MSH|2"));
  EXPECT_EQ(client.ReadUntil("\x1c\r"), InFrame("ACK MSH|1"));
  EXPECT_EQ(client.ReadUntil("\x1c\r"), InFrame("ACK MSH|2"));
  EXPECT_EQ(work_.last.machine, "his");
  EXPECT_EQ(work_.last.target, kMllpTarget);
  EXPECT_EQ(work_.last.method, Method::kPost);
  client.Send("\x0bMSH|a\x1c");
  client.Send("b\x1c");
  client.Send("\r");
  EXPECT_EQ(client.ReadUntil("\x1c\r"), InFrame("ACK MSH|a\x1c"
                                                "b"));
}

TEST_F(Mllp, ARefusalBecomesAnAcknowledgement) {
  Start("127.0.0.0/8=his");
  work_.status = 429;
  Client client(server_->port());
  client.Send(InFrame("MSH|^~\\&|HIS|EAST|TK|CITY|||ADT^A04|17|P|2.5.1\rPID|1"));
  const std::string answer = client.ReadUntil("\x1c\r");
  EXPECT_NE(answer.find("\rMSA|AR|17\rERR|||207^Application internal error^HL70357|E|||later\r"),
            std::string::npos)
      << answer;
  EXPECT_EQ(answer.find("|ACK^A04^ACK||"), std::string::npos) << "an acknowledgement has a number of its own";
}

TEST_F(Mllp, WhoIsNotKnownIsToldNothing) {
  Start("10.9.9.9=his");
  Client client(server_->port());
  client.Send(InFrame("MSH|1"));
  EXPECT_TRUE(client.Closed());
  EXPECT_EQ(work_.last.target, "");
}

TEST_F(Mllp, WhatIsNoFrameIsAnsweredAndClosed) {
  Start("127.0.0.1=his");
  Client client(server_->port());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\x1c\r").find("\rMSA|AE|"), std::string::npos);
  EXPECT_TRUE(client.Closed());
  Client large(server_->port());
  large.Send("\x0bMSH|^~\\&|HIS|EAST|TK|CITY|||ADT^A04|18|P|2.5.1\r" + std::string(kFrameBytesMax + 10, 'x'));
  EXPECT_NE(large.ReadUntil("\x1c\r").find("\rMSA|AE|18\r"), std::string::npos);
  EXPECT_TRUE(large.Closed());
}

TEST_F(Mllp, AFrameWithoutAnEndIsBrokenOff) {
  Start("127.0.0.1=his", /*body_ms=*/60);
  Client client(server_->port());
  client.Send("\x0bMSH|^~\\&|HIS|EAST|TK|CITY|||ADT^A04|19|P|2.5.1\r");
  EXPECT_NE(client.ReadUntil("\x1c\r").find("\rMSA|AE|19\r"), std::string::npos);
  EXPECT_TRUE(client.Closed());
}

TEST(MllpSettings, SendersAreReadOrRefusedByName) {
  const auto good = MllpSenders::Parse("10.1.2.3=east, 10.1.0.0/16 = west,fd00::/8=v6");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->AccountOf("10.1.2.3"), "east");
  EXPECT_EQ(good->AccountOf("::ffff:10.1.9.9"), "west");
  EXPECT_EQ(good->AccountOf("fd12::1"), "v6");
  EXPECT_EQ(good->AccountOf("10.2.0.1"), "");
  EXPECT_EQ(good->AccountOf(""), "");
  for (const char* wrong : {"10.1.2.3", "=x", "10.1.2.3=", "his=10.1.2.3", "0.0.0.0/0=all"}) {
    const auto refused = MllpSenders::Parse(wrong);
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_NE(refused.error().external.find("mllp-senders"), std::string::npos);
  }
  EXPECT_TRUE(MllpSenders::Parse("")->empty());
}

TEST(MllpSettings, WhatComesFromOutsideComesEncrypted) {
  EXPECT_TRUE(
      MllpSenders::Parse("127.0.0.1=a,10.0.0.0/8=b,192.168.3.0/24=c,fd00::1=d")->CheckWire(false).ok());
  for (const char* open : {"8.8.8.8=a", "10.0.0.0/7=a", "128.0.0.0/1=a", "2001:db8::1=a"}) {
    EXPECT_FALSE(MllpSenders::Parse(open)->CheckWire(false).ok()) << open;
    EXPECT_TRUE(MllpSenders::Parse(open)->CheckWire(true).ok()) << open;
  }
}

}  // namespace
}  // namespace tk::http
