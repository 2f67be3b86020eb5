// What is appended is read back; what is damaged is told; what is blanked leaves nothing.
#include "kernel/person/journal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-journal-" + NewUuid());
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "changes-1";
    for (uint64_t id = 1; id <= 3; ++id) {
      std::string packed;
      linkage::Pack(linkage::TestPerson("王", "芳" + std::to_string(id), 19800102, 21), &packed);
      JournalEntry entry;
      entry.kind = JournalKind::kRecord;
      entry.id_hash = id;
      entry.ordinal = 10 * id;
      entry.first = id;
      entry.packed = packed;
      PrintJournal(entry, &text_);
    }
    JournalEntry decision;
    decision.kind = JournalKind::kDecision;
    decision.id_hash = 9;
    decision.pairs = {{1, 2}, {1, 3}};
    decision.active = true;
    PrintJournal(decision, &text_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// "1@10 2@20 9:2", or the error's code.
  std::string Read(uint64_t size) const {
    std::string told;
    const Status status = ReadJournal(path_, size, [&](const JournalEntry& entry) -> Status {
      told += std::to_string(entry.id_hash);
      told += entry.kind == JournalKind::kRecord ? "@" + std::to_string(entry.ordinal)
                                                 : ":" + std::to_string(entry.pairs.size());
      told += ' ';
      return {};
    });
    return status.ok() ? told : std::string(TraitsOf(status.error().code).name);
  }

  std::filesystem::path folder_;
  std::string path_, text_;
};

TEST_F(JournalTest, WhatIsAppendedIsReadBack) {
  const size_t half = text_.size();
  ASSERT_TRUE(AppendToJournal(path_, 0, text_).ok());
  EXPECT_EQ(Read(half), "1@10 2@20 3@30 9:2 ");
  // What lies behind what counts is of a save that did not end.
  ASSERT_TRUE(AppendToJournal(path_, half, "rubbish").ok());
  EXPECT_EQ(Read(half), "1@10 2@20 3@30 9:2 ");
  ASSERT_TRUE(AppendToJournal(path_, half, text_).ok());
  EXPECT_EQ(Read(2 * half), "1@10 2@20 3@30 9:2 1@10 2@20 3@30 9:2 ");
}

TEST_F(JournalTest, EveryDamagedByteIsTold) {
  ASSERT_TRUE(AppendToJournal(path_, 0, text_).ok());
  for (size_t i = 0; i < text_.size(); i += 3) {
    std::string damaged = text_;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    ASSERT_TRUE(WriteFileDurable(path_, damaged).ok());
    EXPECT_EQ(Read(text_.size()), "corrupt") << i;
  }
  ASSERT_TRUE(WriteFileDurable(path_, text_.substr(0, text_.size() - 1)).ok());
  EXPECT_EQ(Read(text_.size()), "corrupt");
}

TEST_F(JournalTest, WhatIsBlankedLeavesNothing) {
  ASSERT_TRUE(AppendToJournal(path_, 0, text_).ok());
  ASSERT_TRUE(BlankJournal(path_, text_.size(), [](uint64_t id) { return id == 2; }).ok());
  EXPECT_EQ(Read(text_.size()), "1@10 3@30 9:2 ");
  const std::string left = ReadFile(path_).value();
  EXPECT_EQ(left.size(), text_.size());
  EXPECT_EQ(left.find("芳2"), std::string::npos);
  EXPECT_NE(left.find("芳3"), std::string::npos);
}

}  // namespace
}  // namespace tk::person
