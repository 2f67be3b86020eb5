#include "kernel/access/erasure_notes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/base/random.h"

namespace tk::access {
namespace {

AuditRecord ErasureRecord(std::string_view action, int status, const std::string& request) {
  AuditRecord record;
  record.action = action;
  record.status = status;
  record.type = "Patient";
  record.id = "1";
  record.reason = "unlawful";
  record.request_id = request;
  return record;
}

class ErasureNotesTest : public ::testing::Test {
 protected:
  ErasureNotesTest() { EXPECT_TRUE(MakeFolder(folder_).ok()); }
  ~ErasureNotesTest() override { std::filesystem::remove_all(folder_); }
  /// As the audit does: marked, lined, on disk.
  AuditRecord Take(std::string_view action, int status, const std::string& request) {
    AuditRecord record = ErasureRecord(action, status, request);
    notes_.Mark(&record);
    if (record.erasure.empty()) return record;
    notes_.Lined(record, 7, 0, 1);
    EXPECT_TRUE(notes_.WriteNew().ok());
    notes_.Synced();
    return record;
  }
  const std::string folder_ = std::filesystem::temp_directory_path() / ("tk-notes-" + NewUuid());
  ErasureNotes notes_{folder_};
};

TEST_F(ErasureNotesTest, AnAnswerBelongsToItsOwnRequest) {
  const AuditRecord first = Take("erase-asked", 0, "a"), second = Take("erase-asked", 0, "b");
  EXPECT_NE(first.erasure, second.erasure);
  EXPECT_EQ(Take("erase", 400, "c").erasure, "") << "refused before it was asked for";
  EXPECT_EQ(Take("erase", 200, "b").erasure, second.erasure);
  const auto left = notes_.Unended();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].mark, first.erasure);
  EXPECT_TRUE(left[0].running);
  EXPECT_EQ(left[0].owner, 7u);
  EXPECT_TRUE(FileExists(folder_ + "/asked-" + first.erasure + ".json"));
  EXPECT_FALSE(FileExists(folder_ + "/asked-" + second.erasure + ".json"));
}

TEST_F(ErasureNotesTest, OneWhoseAnswerCouldNotBeTakenRunsNoMore) {
  Take("erase-asked", 0, "a");
  notes_.Untaken(ErasureRecord("erase", 200, "a"));
  const auto left = notes_.Unended();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_FALSE(left[0].running);
  EXPECT_FALSE(left[0].answered);
}

TEST_F(ErasureNotesTest, ANoteWhoseLineIsNotThereWasNotAskedFor) {
  const AuditRecord asked = Take("erase-asked", 0, "a");
  const std::string note = folder_ + "/asked-" + asked.erasure + ".json";
  const std::string kept = ReadFile(note).value();
  const std::string line = R"({"n":1,"at":"","action":"erase-asked","erasure":")" + asked.erasure + "\"";
  for (const bool whole : {false, true}) {
    const std::string text = "{}\n" + line + (whole ? "}\n" : "");
    ASSERT_TRUE(WriteFileDurable(note, kept).ok());
    ASSERT_TRUE(WriteFileDurable(folder_ + "/audit-0-00000001.jsonl", text).ok());
    ErasureNotes next(folder_);
    ASSERT_TRUE(next.Load().ok());
    EXPECT_EQ(next.Unended().size(), whole ? 1u : 0u);
    EXPECT_EQ(FileExists(note), whole);
    if (!whole) continue;
    EXPECT_EQ(next.Unended()[0].reason, "unlawful");
    EXPECT_EQ(next.Unended()[0].request_id, "a");
    EXPECT_EQ(next.Unended()[0].owner, 7u);
  }
}

}  // namespace
}  // namespace tk::access
