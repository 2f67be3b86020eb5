// The write-ahead file is copied beside the writer, is bounded while nobody pauses, and whoever reads keeps nobody from writing.
#include "kernel/log/sqlite/checkpointer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/log/sqlite/database.h"
#include "kernel/log/test_support.h"

namespace tk::log::sqlite {
namespace {

using test::Must;

constexpr int kPageBytes = 4096;

class CheckpointerTest : public ::testing::Test {
 protected:
  CheckpointerTest() {
    writer_ = Must(Database::Open(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    Must(
        writer_.Exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = NORMAL; "
                     "CREATE TABLE row (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"));
    copier_ = Must(Database::Open(path_, SQLITE_OPEN_READWRITE));
    Must(copier_.Exec("PRAGMA wal_autocheckpoint = 0"));
  }
  void Start(int pages, int pages_max) {
    Checkpointer::Options options;
    options.pages = pages;
    options.pages_max = pages_max;
    options.writer = writer_.raw();
    options.copier = copier_.raw();
    options.copying = &copying_;
    options.let_go = let_go_;
    checkpointer_.Start(std::move(options));
  }
  void Write(int rows) {
    for (int i = 0; i < rows; ++i) {
      Must(writer_.Exec("INSERT INTO row (bytes) VALUES (zeroblob(3000))"));
      checkpointer_.AfterCommit();
    }
  }
  /// What a copy of the file has, without the write-ahead file.
  uint64_t CopiedRows() const {
    const std::string alone = folder_.path("alone.db");
    std::filesystem::copy_file(path_, alone, std::filesystem::copy_options::overwrite_existing);
    auto db = Database::Open(alone, SQLITE_OPEN_READWRITE);
    const auto rows = db.ok() ? db->QueryInt("SELECT count(*) FROM row") : Result<uint64_t>(uint64_t{0});
    return rows.ok() ? *rows : 0;
  }
  uint64_t WalPages() const { return std::filesystem::file_size(path_ + "-wal") / kPageBytes; }

  test::TempFolder folder_;
  const std::string path_ = folder_.path("some.db");
  Database writer_, copier_;
  std::mutex copying_;
  std::function<void()> let_go_ = [] {};
  Checkpointer checkpointer_;
};

TEST_F(CheckpointerTest, TheThreadCopiesWhileTheWriterHasLongDone) {
  Start(20, 1'000'000);
  Write(100);
  const int64_t until_us = MonotonicUs() + 20'000'000;
  while (CopiedRows() < 50 && MonotonicUs() < until_us)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(CopiedRows(), 50u);
}

TEST_F(CheckpointerTest, TheFileIsBoundedWhileNobodyPauses) {
  Start(200, 200);
  // Each row is more than a page. The file is never cut, so its size is the most that it ever had; how much that is hangs on when the thread gets a core.
  uint64_t rows = 0;
  const int64_t until_us = MonotonicUs() + 60'000'000;
  do {
    Write(1000);
    rows += 1000;
  } while (WalPages() >= rows / 4 && MonotonicUs() < until_us);
  EXPECT_LT(WalPages(), rows / 4);
}

TEST_F(CheckpointerTest, TheWriterCopiesOnlyWhatCameSinceTheThreadDid) {
  int written = 0;
  uint64_t left = 0;
  bool has_finished = false;
  let_go_ = [&, writer = std::this_thread::get_id()] {
    if (std::this_thread::get_id() != writer || has_finished) return;
    has_finished = true;
    left = static_cast<uint64_t>(written) - CopiedRows();
  };
  Start(400, 800);
  for (int pauses = 0; pauses < 200 && !has_finished;) {
    ++written;
    Write(1);
    if (WalPages() < 795) continue;
    ++pauses;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  // On a quick disk the thread copies all in each pause, and the file begins anew before the writer would have to finish.
  if (!has_finished) left = static_cast<uint64_t>(written) - CopiedRows();
  EXPECT_LE(left, has_finished ? 50u : 300u) << "of " << written;
}

TEST_F(CheckpointerTest, WhoReadsKeepsNobodyFromWritingAndWhatIsThereIsWhole) {
  Start(20, 100);
  Write(10);
  Database reader = Must(Database::Open(path_, SQLITE_OPEN_READWRITE));
  Must(reader.Exec("BEGIN"));
  ASSERT_EQ(Must(reader.QueryInt("SELECT count(*) FROM row")), 10u);
  Write(500);
  EXPECT_EQ(Must(reader.QueryInt("SELECT count(*) FROM row")), 10u);
  Must(reader.Exec("COMMIT"));
  Write(500);
  EXPECT_EQ(Must(reader.QueryInt("SELECT count(*) FROM row")), 1010u);
}

TEST_F(CheckpointerTest, WhoHasStoppedIsAskedInVain) {
  Start(1, 2);
  checkpointer_.Stop();
  Write(10);
  EXPECT_EQ(CopiedRows(), 0u);
}

}  // namespace
}  // namespace tk::log::sqlite
