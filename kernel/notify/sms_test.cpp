// Texts to a provider: what is sent, how it is escaped, one more try, a time limit; against a socket of the test's own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/notify/sms.h"

namespace tk::notify {
namespace {

/// Takes one connection after another; answers each with the next of `answers`, "" = never.
class ProviderDouble {
 public:
  explicit ProviderDouble(std::vector<std::string> answers) : answers_(std::move(answers)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~ProviderDouble() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
    for (const int each : silent_) ::close(each);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1/send?x=1"; }
  std::vector<std::string> got() {
    const std::lock_guard<std::mutex> hold(mutex_);
    return got_;
  }

 private:
  void Run() {
    for (size_t i = 0;; ++i) {
      const int client = ::accept(fd_, nullptr, nullptr);
      if (client < 0) return;
      std::string text;
      char block[4096];
      // The requests of these tests end with a brace or "end".
      while (!text.ends_with("}") && !text.ends_with("end")) {
        const ssize_t read = ::recv(client, block, sizeof block, 0);
        if (read <= 0) break;
        text.append(block, static_cast<size_t>(read));
      }
      {
        const std::lock_guard<std::mutex> hold(mutex_);
        got_.push_back(text);
      }
      const std::string answer =
          i < answers_.size() ? answers_[i] : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      if (answer.empty()) {
        silent_.push_back(client);
        continue;
      }
      (void)::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(client);
    }
  }
  const std::vector<std::string> answers_;
  int fd_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> got_;
  std::vector<int> silent_;
  std::thread thread_;
};

class SmsTest : public ::testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kOff); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }
  static void Until(const std::function<bool()>& done) {
    for (int i = 0; i < 6000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(done());
  }
};

const char* const kFails = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

TEST_F(SmsTest, ATextIsPostedAsTheTemplateSays) {
  ProviderDouble provider({});
  SmsProvider options;
  options.url = provider.url();
  options.authorization = "Bearer abc";
  auto sms = MakeSmsPost(options).value();
  sms->Send("19900001234", "code \"{number}\" 123456");
  Until([&] { return sms->counts().sent == 1; });
  const std::string got = provider.got().at(0);
  EXPECT_TRUE(got.starts_with("POST /v1/send?x=1 HTTP/1.1\r\n")) << got;
  EXPECT_NE(got.find("Authorization: Bearer abc\r\n"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\n{\"to\":\"19900001234\",\"text\":\"code \\\"{number}\\\" 123456\"}"))
      << got;
}

TEST_F(SmsTest, AFormIsEscapedAsAForm) {
  ProviderDouble provider({});
  SmsProvider options;
  options.url = provider.url();
  options.media_type = "application/x-www-form-urlencoded";
  options.body = "text={text}&to={number}&end";
  auto sms = MakeSmsPost(options).value();
  sms->Send("19900001234", "a&b=通");
  Until([&] { return sms->counts().sent == 1; });
  EXPECT_TRUE(provider.got().at(0).ends_with("\r\n\r\ntext=a%26b%3D%E9%80%9A&to=19900001234&end"));
}

TEST_F(SmsTest, OneFailureIsTriedAgainTwoAreTold) {
  ProviderDouble provider({kFails, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", kFails, kFails});
  SmsProvider options;
  options.url = provider.url();
  options.again_ms = 1;
  auto sms = MakeSmsPost(options).value();
  sms->Send("19900001234", "first");
  Until([&] { return sms->counts().sent == 1; });
  sms->Send("19900001234", "second");
  Until([&] { return sms->counts().failed == 1; });
  EXPECT_EQ(provider.got().size(), 4u);
}

TEST_F(SmsTest, AProviderThatIsSilentHoldsNothingUpForLongerThanItsTime) {
  ProviderDouble provider({"", "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
  SmsProvider options;
  options.url = provider.url();
  options.time_ms = 50;
  options.again_ms = 1;
  auto sms = MakeSmsPost(options).value();
  sms->Send("19900001234", "first");
  sms->Send("19900001234", "second");
  Until([&] { return sms->counts().failed == 1 && sms->counts().sent == 1; });
}

TEST_F(SmsTest, WrongSettingsAreToldBeforeAnythingIsSent) {
  const auto made = [](const std::function<void(SmsProvider*)>& change) {
    SmsProvider options;
    options.url = "https://sms.example.cn/send";
    change(&options);
    return MakeSmsPost(options).ok();
  };
  EXPECT_TRUE(made([](SmsProvider*) {}));
  EXPECT_FALSE(made([](SmsProvider* o) { o->url = "http://sms.example.cn/send"; })) << "in the clear";
  EXPECT_FALSE(made([](SmsProvider* o) { o->url = "ftp://sms.example.cn"; }));
  EXPECT_FALSE(made([](SmsProvider* o) { o->url = "https://user@sms.example.cn/"; }));
  EXPECT_FALSE(made([](SmsProvider* o) { o->body = "{\"to\":\"{number}\"}"; }));
  EXPECT_FALSE(made([](SmsProvider* o) { o->media_type = "text/plain"; }));
  EXPECT_FALSE(made([](SmsProvider* o) { o->authorization = "Bearer a\r\nX: 1"; }));
}

TEST_F(SmsTest, SimulatedTextsStandInAFileThatNobodyElseReads) {
  const std::string file = ::testing::TempDir() + "tk_sms_" + std::to_string(::getpid()) + ".jsonl";
  std::filesystem::remove(file);
  auto sms = MakeSmsSimulated(file);
  sms->Send("19900001234", "a");
  sms->Send("19900001234", "b");
  EXPECT_EQ(ReadFile(file).value(),
            "{\"to\":\"19900001234\",\"text\":\"a\"}\n{\"to\":\"19900001234\",\"text\":\"b\"}\n");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace tk::notify
