// Sign-ons in memory and on disk: what is true before a crash is true after it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/access/sessions.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

class SessionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = ::testing::TempDir() + "tk_sessions_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(MakeFolder(folder_).ok());
    Start();
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  /// As after kill -9: nothing is said to the one before.
  void Start() {
    auto made = Sessions::Open(folder_, &clock_, 600);
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    sessions_ = std::move(made).value();
  }
  void Begin(const std::string& id, const std::string& account, const std::string& client = "",
             const std::string& parent = "") {
    Session session;
    session.id = id;
    session.account = account;
    session.client = client;
    session.parent = parent;
    session.code = client.empty() ? "" : "code of " + id;
    session.scope = "openid \"quoted\"";
    session.begun_s = clock_.NowUs() / kSecondUs;
    session.expires_s = session.begun_s + 3600;
    ASSERT_TRUE(sessions_->Begin(session).ok());
  }
  bool Is(const std::string& id) const { return sessions_->Find(id) != nullptr; }
  std::string folder_;
  FixedClock clock_{1'780'000'000 * kSecondUs};
  std::unique_ptr<Sessions> sessions_;
};

TEST_F(SessionsTest, OutliveTheProcessUntilTheyEnd) {
  Begin("a", "li");
  Begin("b", "li", "portal", "a");
  Begin("c", "wang");
  Start();
  ASSERT_TRUE(Is("a") && Is("b") && Is("c"));
  EXPECT_EQ(sessions_->Find("b")->session.scope, "openid \"quoted\"");
  EXPECT_EQ(sessions_->OfCode("code of b"), sessions_->Find("b"));
  // With a sign-on ends what was granted for it.
  ASSERT_TRUE(sessions_->End("a").ok());
  EXPECT_TRUE(!Is("a") && !Is("b") && Is("c"));
  Start();
  EXPECT_TRUE(!Is("a") && !Is("b") && Is("c"));
  clock_.Advance(3600 * kSecondUs);
  EXPECT_FALSE(Is("c"));
}

TEST_F(SessionsTest, AnIdleCookieEndsAndAGrantDoesNot) {
  Begin("a", "li");
  Begin("b", "li", "portal");
  clock_.Advance(500 * kSecondUs);
  sessions_->Touch(sessions_->Find("a").get());
  clock_.Advance(500 * kSecondUs);
  EXPECT_TRUE(Is("a") && Is("b"));
  sessions_->Upkeep();  // writes down when it was used last
  Start();
  EXPECT_TRUE(Is("a"));
  clock_.Advance(101 * kSecondUs);
  EXPECT_TRUE(!Is("a") && Is("b"));
}

TEST_F(SessionsTest, ARefreshTokenTurnsOnce) {
  Begin("b", "li", "portal");
  const auto live = sessions_->Find("b");
  EXPECT_EQ(sessions_->Turn(live, 1).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(sessions_->Turn(live, 0).ok());
  EXPECT_EQ(sessions_->Turn(live, 0).error().code, ErrorCode::kConflict);
  Start();
  const auto again = sessions_->Find("b");
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(sessions_->Turn(again, 0).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(sessions_->Turn(again, 1).ok());
  ASSERT_TRUE(sessions_->End("b").ok());
  EXPECT_FALSE(sessions_->Turn(again, 2).ok());
}

TEST_F(SessionsTest, WhatIsUsedOnceIsRememberedForItsTime) {
  const int64_t until_s = clock_.NowUs() / kSecondUs + 100;
  ASSERT_TRUE(sessions_->UseOnce("jwt x", until_s).ok());
  EXPECT_FALSE(sessions_->UseOnce("jwt x", until_s).ok());
  Start();
  EXPECT_FALSE(sessions_->UseOnce("jwt x", until_s).ok());
  EXPECT_TRUE(sessions_->UseOnce("jwt y", until_s).ok());
  clock_.Advance(100 * kSecondUs);
  EXPECT_TRUE(sessions_->UseOnce("jwt x", until_s + 100).ok());
}

TEST_F(SessionsTest, AllOfAnAccountEndButOne) {
  Begin("a", "li");
  Begin("b", "li", "portal");
  Begin("c", "li");
  Begin("d", "wang");
  EXPECT_EQ(sessions_->Of("li").size(), 3u);
  const auto ended = sessions_->EndAll("li", "c");
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(*ended, 2u);
  EXPECT_TRUE(!Is("a") && !Is("b") && Is("c") && Is("d"));
}

TEST_F(SessionsTest, ATornLineIsNoneAndADamagedOneIsTold) {
  Begin("a", "li");
  sessions_.reset();
  const std::string path = folder_ + "/sessions.jsonl";
  std::ofstream(path, std::ios::app) << "{\"end\":\"a";
  Start();
  EXPECT_TRUE(Is("a"));
  sessions_.reset();
  std::ofstream(path, std::ios::app) << "{\"end\":7}\n";
  const auto damaged = Sessions::Open(folder_, &clock_, 600);
  ASSERT_FALSE(damaged.ok());
  EXPECT_NE(damaged.error().external.find("sessions.jsonl:3"), std::string::npos) << damaged.error().external;
}

}  // namespace
}  // namespace tk::access
