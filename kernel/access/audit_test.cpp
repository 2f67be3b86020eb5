#include "kernel/access/audit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "kernel/access/audit_chain.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/hash.h"

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
    options.owner_of = [key = options.id_key](uint64_t id_hash) {
      return id_hash == KeyedHash(key, "Observation/1") ? 0u : 12u;
    };
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

TEST_F(AuditTest, AnEndTornAtAnyByteIsNotedAndNoMore) {
  {
    auto audit = Open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const std::string path = Only();
  const std::string good = ReadFile(path).value();
  const size_t last = good.rfind('\n', good.size() - 2) + 1;
  for (size_t size = last; size < good.size(); ++size) {
    // Every third with the zeros of a page that was never written.
    const std::string torn = good.substr(0, size) + std::string(size % 3 == 0 ? 64 : 0, '\0');
    const AuditScan scan = ScanAudit(torn, kFirstChain);
    EXPECT_EQ(scan.wrong_count, 0u) << size;
    EXPECT_EQ(scan.torn_bytes, torn.size() - last) << size;
    if ((size - last) % 17 != 0) continue;  // the starts take their time
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(WriteFileDurable(path, torn).ok());
    for (int start = 0; start < 2; ++start) ASSERT_TRUE(Open()->Append(Record("2")).ok());
    const auto report = VerifyAudit(folder_);
    ASSERT_TRUE(report->damage.empty()) << "cut after " << size << ": " << report->damage.front();
    EXPECT_EQ(report->notes.size(), torn.size() == last ? 0u : 1u) << size;
    EXPECT_EQ(report->records, 4u) << size;
  }
}

TEST_F(AuditTest, AChangedLineStaysDamageAfterAnyNumberOfStarts) {
  {
    auto audit = Open();
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const std::string path = Only();
  const std::string good = ReadFile(path).value();
  // Every line, its newline too; every bit, in turn.
  for (size_t at = 0, bit = 0; at < good.size();
       at += good[at] == '\n' ? 1 : std::min<size_t>(37, good.find('\n', at) - at)) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (bit++ % 8)));
    ASSERT_TRUE(WriteFileDurable(path, bad).ok());
    EXPECT_FALSE(VerifyAudit(folder_)->damage.empty()) << "byte " << at;
    for (int start = 0; start < 2; ++start) {
      ASSERT_TRUE(Open()->Append(Record("2")).ok());
      const auto report = VerifyAudit(folder_);
      EXPECT_FALSE(report->damage.empty()) << "byte " << at << ", start " << start;
      EXPECT_TRUE(report->notes.empty()) << "byte " << at << ": " << report->notes.front();
      // What stands behind the changed line is still counted.
      EXPECT_GE(report->records, 8u - 2 + static_cast<unsigned>(start)) << "byte " << at;
    }
  }
}

TEST_F(AuditTest, DamageIsToldWithItsLineAndTheWriterGoesOnInANewFile) {
  {
    auto audit = Open();
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const std::string path = Only();
  const std::string good = ReadFile(path).value();
  std::string bad = good;
  bad[bad.find("\"n\":5,") + 12] ^= 1;
  ASSERT_TRUE(WriteFileDurable(path, bad).ok());
  ASSERT_TRUE(Open()->Append(Record("2")).ok());
  auto report = VerifyAudit(folder_);
  ASSERT_EQ(report->damage.size(), 1u);
  EXPECT_NE(report->damage[0].find(path + ":6: the chain does not fit"), std::string::npos)
      << report->damage[0];
  EXPECT_EQ(report->records, 9u);
  EXPECT_EQ(report->files, 2u);
  EXPECT_NE(report->heads[0].find("slot 0: 9 records"), std::string::npos) << report->heads[0];
  // Somebody who puts a good line back does not make the program's own word unsaid.
  ASSERT_TRUE(WriteFileDurable(path, good).ok());
  report = VerifyAudit(folder_);
  ASSERT_EQ(report->damage.size(), 1u);
  EXPECT_NE(report->damage[0].find("found 1 damaged places"), std::string::npos) << report->damage[0];
}

TEST_F(AuditTest, AFileThatIsNoneIsDamageAndTheChainGoesOnPastIt) {
  {
    auto audit = Open(600);
    for (int i = 0; i < 6; ++i) {
      ASSERT_TRUE(audit->Append(Record("1")).ok());
      ASSERT_TRUE(audit->Flush().ok());
    }
  }
  const auto files = ListAuditFiles(folder_).value();
  ASSERT_GT(files.size(), 1u);
  for (const std::string& junk :
       {std::string(), std::string("no audit"), std::string("no audit\nat all\n")}) {
    ASSERT_TRUE(WriteFileDurable(files.back().path, junk).ok());
    EXPECT_FALSE(VerifyAudit(folder_)->damage.empty()) << junk;
    ASSERT_TRUE(Open()->Append(Record("2")).ok());
    const auto report = VerifyAudit(folder_);
    ASSERT_FALSE(report->damage.empty()) << junk;
    for (const std::string& line : report->damage)
      EXPECT_TRUE(line.starts_with(files.back().path)) << line << ": the files after it fit";
    std::filesystem::remove(ListAuditFiles(folder_)->back().path);
  }
}

// Several lines without their newlines are no torn line, and neither is what never was the beginning of the next record.
TEST_F(AuditTest, OnlyTheBeginningOfTheNextLineIsATornEnd) {
  {
    auto audit = Open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(audit->Append(Record("1")).ok());
  }
  const std::string path = Only();
  const std::string good = ReadFile(path).value();
  const size_t third = good.find("{\"n\":3,");
  std::string joined = good;
  std::replace(joined.begin() + static_cast<std::ptrdiff_t>(third), joined.end(), '\n', ' ');
  for (const std::string& bad : {joined, good + "{\"n\":7,\"at\":\"2026", good + "junk"}) {
    const auto files = ListAuditFiles(folder_).value();
    for (const AuditFile& file : files) std::filesystem::remove(file.path);
    ASSERT_TRUE(WriteFileDurable(path, bad).ok());
    ASSERT_TRUE(Open()->Append(Record("2")).ok());
    EXPECT_FALSE(VerifyAudit(folder_)->damage.empty()) << bad.substr(third);
  }
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
