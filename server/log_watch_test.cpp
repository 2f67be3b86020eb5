#include "server/log_watch.h"

#include <gtest/gtest.h>

#include <optional>

#include "kernel/base/diagnostics.h"

namespace tk::server {
namespace {

// The test decides how each look ends, and waits until it has.
class LogWatchTest : public ::testing::Test {
 protected:
  LogWatchTest() { SetLogLevel(LogLevel::kOff); }
  ~LogWatchTest() override { SetLogLevel(LogLevel::kInfo); }
  Status Look() {
    std::unique_lock lock(mutex_);
    ++looks_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    if (!code_) return {};
    return MakeError(*code_, "away");
  }
  void Set(std::optional<ErrorCode> code, bool held = false) {
    const std::lock_guard lock(mutex_);
    code_ = code;
    held_ = held;
    changed_.notify_all();
  }
  /// Until `more` further looks have begun; with 2, one that began after the call has ended.
  void WaitForLooks(int more) {
    std::unique_lock lock(mutex_);
    const int wanted = looks_ + more;
    changed_.wait(lock, [&] { return looks_ >= wanted; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<ErrorCode> code_;
  bool held_ = false;
  int looks_ = 0;
};

TEST_F(LogWatchTest, AwayAndBackAreSeen) {
  LogWatch watch([this] { return Look(); }, {.pause_us = 1000, .patience_us = 3600 * kSecondUs});
  WaitForLooks(2);
  EXPECT_TRUE(watch.reachable());
  for (const ErrorCode away : {ErrorCode::kUnavailable, ErrorCode::kTimeout}) {
    Set(away);
    WaitForLooks(2);
    EXPECT_FALSE(watch.reachable());
  }
  Set(ErrorCode::kCorrupt);
  WaitForLooks(2);
  EXPECT_TRUE(watch.reachable()) << "it is there; what is damaged is told by who reads it";
}

TEST_F(LogWatchTest, ALookWithoutAnEndIsAsGoodAsNone) {
  LogWatch watch([this] { return Look(); }, {.pause_us = 1000, .patience_us = 0});
  Set({}, true);
  WaitForLooks(1);
  EXPECT_FALSE(watch.reachable());
  Set({});
}

}  // namespace
}  // namespace tk::server
