#include "kernel/access/audit_archive.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "kernel/access/audit.h"
#include "kernel/access/audit_chain.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"

namespace tk::access {
namespace {

class AuditArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = ::testing::TempDir() + "tk_archive_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    for (const char* account : {"li", "wang", "zhao"}) {
      auto post = std::make_shared<Post>();
      post->name = "doctor";
      auto viewer = std::make_shared<Viewer>();
      viewer->account = account;
      viewer->post = post;
      viewers_.push_back(viewer);
    }
    archive_ = AuditArchive::Open(folder_, false);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  std::unique_ptr<AuditLog> Open(size_t rotate_bytes) {
    AuditOptions options;
    options.folder = folder_;
    options.clock = &clock_;
    options.rotate_bytes = rotate_bytes;
    return AuditLog::Open(options).value();
  }
  void Write(AuditLog* audit, size_t who, const char* action, int status, std::vector<uint32_t> owners) {
    AuditRecord record;
    record.viewer = viewers_[who];
    record.action = action;
    record.type = "Observation";
    record.status = status;
    record.owners = std::move(owners);
    ASSERT_TRUE(audit->Append(std::move(record)).ok());
    clock_.Advance(1000);
  }
  /// All pages, as "slot-record".
  std::vector<std::string> All(AuditQuestion question) {
    std::vector<std::string> all;
    for (;;) {
      const auto answer = archive_->Search(question);
      EXPECT_TRUE(answer.ok()) << answer.error().ToString();
      if (!answer.ok()) return all;
      for (const auto& found : answer->found)
        all.push_back(std::to_string(found->slot) + "-" + std::to_string(found->line.record));
      if (answer->next.empty()) return all;
      question.after = answer->next;
    }
  }
  size_t IndexAll() {
    size_t made = 0;
    while (archive_->IndexOne().value()) ++made;
    return made;
  }
  std::string folder_;
  FixedClock clock_{1'780'000'000 * kSecondUs};
  std::vector<std::shared_ptr<const Viewer>> viewers_;
  std::unique_ptr<AuditArchive> archive_;
};

// What is found by an index, by postings in memory, and by reading every line, is what a plain look at all lines says; in two slots, over many files.
TEST_F(AuditArchiveTest, AnswersAreThoseOfAPlainLook) {
  {
    const auto first = Open(20'000), second = Open(30'000);
    SeededRandom random(7);
    for (int i = 0; i < 2000; ++i) {
      std::vector<uint32_t> owners;
      for (uint32_t owner = 1; owner <= 40; ++owner) {
        if (random.Below(20) == 0) owners.push_back(owner);
      }
      Write(random.Below(3) == 0 ? second.get() : first.get(), random.Below(3),
            random.Below(2) == 0 ? "search" : "read", random.Below(10) == 0 ? 403 : 200, owners);
      if (i % 100 == 0) {
        ASSERT_TRUE(first->Flush().ok());
        ASSERT_TRUE(second->Flush().ok());
      }
    }
  }
  std::vector<std::pair<Instant, std::pair<std::string, AuditLine>>> lines;
  std::vector<std::string> texts;
  const std::vector<AuditFile> files = ListAuditFiles(folder_).value();
  for (const AuditFile& file : files) texts.push_back(ReadFile(file.path).value());
  ASSERT_GT(texts.size(), 8u);
  for (size_t i = 0; i < files.size(); ++i) {
    for (size_t at = 0; at < texts[i].size();) {
      const size_t end = texts[i].find('\n', at);
      AuditLine line;
      if (ReadAuditLine(std::string_view(texts[i]).substr(at, end - at), &line))
        lines.push_back(
            {line.at_us, {std::to_string(files[i].slot) + "-" + std::to_string(line.record), line}});
      at = end + 1;
    }
  }
  ASSERT_EQ(lines.size(), 2000u);
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto plain = [&lines](const auto& fits) {
    std::vector<std::string> names;
    for (const auto& [at, named] : lines) {
      if (fits(named.second)) names.push_back(named.first);
    }
    return names;
  };
  const Instant middle = lines[900].first;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t owner = 1; owner <= 41; ++owner) {
      AuditQuestion question;
      question.owners = {owner};
      question.count = 7;
      EXPECT_EQ(All(question), plain([owner](const AuditLine& line) { return line.Concerns(owner); }));
    }
    AuditQuestion question;
    question.account = "wang";
    question.outcome = AuditQuestion::Outcome::kRefused;
    question.from_us = middle;
    const auto fits = [middle](const AuditLine& line) {
      return line.account == "wang" && line.status >= 400 && line.at_us >= middle;
    };
    EXPECT_EQ(All(question), plain(fits));
    question = {};
    question.action = "search";
    question.until_us = middle;
    question.count = 100;
    EXPECT_EQ(All(question), plain([middle](const AuditLine& line) {
                return line.action == "search" && line.at_us < middle;
              }));
    if (round == 0) {
      EXPECT_EQ(IndexAll(), files.size() - 2);
      EXPECT_EQ(IndexAll(), 0u);
    }
  }
}

TEST_F(AuditArchiveTest, ADamagedSideFileIsMadeAnewAndMeanwhileNotBelieved) {
  {
    const auto audit = Open(4000);
    for (int i = 0; i < 300; ++i) {
      Write(audit.get(), 0, "search", 200, {static_cast<uint32_t>(i % 5 + 1), 9});
      if (i % 10 == 0) {
        ASSERT_TRUE(audit->Flush().ok());
      }
    }
  }
  AuditQuestion question;
  question.owners = {3};
  const auto before = All(question);
  ASSERT_EQ(before.size(), 60u);
  ASSERT_GT(IndexAll(), 2u);
  const std::string side = AuditSidePath(ListAuditFiles(folder_).value().front().path);
  const std::string good = ReadFile(side).value();
  for (const size_t at : {size_t{3}, size_t{20}, size_t{60}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    ASSERT_TRUE(WriteFileDurable(side, bad).ok());
    EXPECT_EQ(All(question), before) << at;
  }
  ASSERT_TRUE(WriteFileDurable(side, std::string_view(good).substr(0, 30)).ok());
  EXPECT_EQ(All(question), before);
  archive_ = AuditArchive::Open(folder_, false);
  EXPECT_EQ(IndexAll(), 1u);
  EXPECT_EQ(ReadFile(side).value(), good);
}

TEST_F(AuditArchiveTest, WhatIsBeingWrittenIsFoundOnceItIsOnDisk) {
  const auto audit = Open(size_t{1} << 20);
  AuditQuestion question;
  question.owners = {2};
  for (size_t i = 1; i <= 5; ++i) {
    Write(audit.get(), 1, "read", 200, {1, 2, 3});
    ASSERT_TRUE(audit->Flush().ok());
    EXPECT_EQ(All(question).size(), i);
  }
  question.after = "12-0-1";
  EXPECT_FALSE(archive_->Search(question).ok());
}

TEST_F(AuditArchiveTest, OwnersOfAnAnswerAreInTheLineOnceAndTheChainHolds) {
  {
    const auto audit = Open(size_t{1} << 20);
    Write(audit.get(), 0, "search", 200, {5, 70, 4'000'000'000u});
    Write(audit.get(), 0, "search", 200, {});
  }
  const std::string text = ReadFile(ListAuditFiles(folder_).value().front().path).value();
  EXPECT_NE(text.find(R"("type":"Observation","owners":[5,70,4000000000],"status":200)"), std::string::npos)
      << text;
  EXPECT_EQ(text.find(R"("owners":[])"), std::string::npos);
  EXPECT_TRUE(VerifyAudit(folder_)->damage.empty());
}

}  // namespace
}  // namespace tk::access
