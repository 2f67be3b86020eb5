#include "kernel/access/audit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "kernel/access/audit_chain.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = ::testing::TempDir() + "tk_audit_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    auto viewer = std::make_shared<Viewer>();
    auto post = std::make_shared<Post>();
    post->name = "doctor";
    viewer->account = "li";
    viewer->area = "380102";
    viewer->session = "00112233aabbccdd";
    viewer->post = post;
    viewer_ = viewer;
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  std::unique_ptr<AuditLog> Open(size_t rotate_bytes = size_t{64} << 20) {
    AuditOptions options;
    options.folder = folder_;
    options.clock = &clock_;
    options.rotate_bytes = rotate_bytes;
    options.owner_of = [](std::string_view type, std::string_view) { return type == "Patient" ? 12u : 0u; };
    auto made = AuditLog::Open(options);
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return std::move(made).value();
  }
  AuditRecord Record(const std::string& id) { return {viewer_, "", "read", "Patient", id, 200, "req-1"}; }
  std::string Only() {
    const auto files = ListAuditFiles(folder_);
    EXPECT_EQ(files->size(), 1u);
    return files->front().path;
  }
  std::string folder_;
  FixedClock clock_{1'780'000'000 * kSecondUs};
  std::shared_ptr<const Viewer> viewer_;
};

TEST_F(AuditTest, RecordsAreChainedAndHoldNoReadableId) {
  auto audit = Open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(audit->Append(Record("person-" + std::to_string(i))).ok());
  ASSERT_TRUE(audit->Flush().ok());
  const std::string text = ReadFile(Only()).value();
  EXPECT_EQ(text.find("person-"), std::string::npos);
  EXPECT_NE(text.find(R"("account":"li","post":"doctor","action":"read","type":"Patient","id":")"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          R"("owner":12,"status":200,"request":"req-1","session":"00112233aabbccdd","scope":"380102","chain":")"),
      std::string::npos)
      << text;
  const auto report = VerifyAudit(folder_);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->records, 10u);
  EXPECT_TRUE(report->damage.empty()) << report->damage.front();
}

TEST_F(AuditTest, DurableRecordsCallBackAfterTheSync) {
  auto audit = Open();
  std::promise<Status> durable;
  ASSERT_TRUE(audit->Append(Record("1"), [&](Status status) { durable.set_value(std::move(status)); }).ok());
  const Status status = durable.get_future().get();
  EXPECT_TRUE(status.ok());
  EXPECT_NE(ReadFile(Only())->find("\"n\":1,"), std::string::npos);
}

TEST_F(AuditTest, ChainGoesOnOverRestartsAndRotation) {
  for (int run = 0; run < 3; ++run) {
    auto audit = Open(2000);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(audit->Append(Record("1")).ok());
      if (i % 7 == 0) {
        ASSERT_TRUE(audit->Flush().ok());
      }
    }
  }
  EXPECT_GT(ListAuditFiles(folder_)->size(), 3u);
  const auto report = VerifyAudit(folder_);
  EXPECT_EQ(report->records, 60u);
  EXPECT_TRUE(report->damage.empty()) << report->damage.front();
  ASSERT_EQ(report->heads.size(), 1u);
  EXPECT_NE(report->heads[0].find("slot 0: 60 records"), std::string::npos) << report->heads[0];
}

TEST_F(AuditTest, EveryChangedByteIsSeen) {
  {
    auto audit = Open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const std::string path = Only();
  const std::string good = ReadFile(path).value();
  for (size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = bad[i] == '5' ? '6' : '5';
    ASSERT_TRUE(WriteFileDurable(path, bad).ok());
    EXPECT_FALSE(VerifyAudit(folder_)->damage.empty()) << "byte " << i;
  }
}

TEST_F(AuditTest, RemovedLinesAndFilesAreSeen) {
  {
    auto audit = Open(600);
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(audit->Append(Record("1")).ok());
      ASSERT_TRUE(audit->Flush().ok());
    }
  }
  const auto files = ListAuditFiles(folder_).value();
  ASSERT_GT(files.size(), 3u);
  std::filesystem::rename(files[1].path, folder_ + "/aside");
  auto report = VerifyAudit(folder_);
  ASSERT_FALSE(report->damage.empty());
  EXPECT_NE(report->damage[0].find("before it are missing"), std::string::npos) << report->damage[0];
  std::filesystem::rename(folder_ + "/aside", files[1].path);
  EXPECT_TRUE(VerifyAudit(folder_)->damage.empty());
  std::string text = ReadFile(files[0].path).value();
  const size_t second = text.find('\n') + 1;
  text.erase(second, text.find('\n', second) + 1 - second);
  ASSERT_TRUE(WriteFileDurable(files[0].path, text).ok());
  EXPECT_FALSE(VerifyAudit(folder_)->damage.empty());
}

TEST_F(AuditTest, TornEndIsNotedNotHidden) {
  {
    auto audit = Open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const std::string path = Only();
  const std::string good = ReadFile(path).value();
  ASSERT_TRUE(WriteFileDurable(path, good.substr(0, good.size() - 40)).ok());
  EXPECT_FALSE(VerifyAudit(folder_)->damage.empty()) << "before the restart nobody has explained it";
  {
    auto audit = Open();
    ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const auto report = VerifyAudit(folder_);
  EXPECT_TRUE(report->damage.empty()) << report->damage.front();
  EXPECT_EQ(report->notes.size(), 1u);
  EXPECT_EQ(report->records, 3u);
}

TEST_F(AuditTest, TwoProcessesKeepChainsOfTheirOwn) {
  auto first = Open();
  auto second = Open();
  ASSERT_TRUE(first->Append(Record("1")).ok());
  ASSERT_TRUE(second->Append(Record("2")).ok());
  first.reset();
  second.reset();
  const auto report = VerifyAudit(folder_);
  EXPECT_EQ(report->heads.size(), 2u);
  EXPECT_TRUE(report->damage.empty());
}

TEST_F(AuditTest, ManyThreadsLoseNothing) {
  {
    auto audit = Open();
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) EXPECT_TRUE(audit->Append(Record("1")).ok());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  const auto report = VerifyAudit(folder_);
  EXPECT_EQ(report->records, 2000u);
  EXPECT_TRUE(report->damage.empty());
}

}  // namespace
}  // namespace tk::access
