// What may go wrong below SQLite: failing writes and syncs, a full disk, a killed process, a torn or damaged file. Nothing acknowledged is
// lost, nothing half is kept, and damage is told.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "kernel/base/file.h"
#include "kernel/log/sqlite/sqlite_log.h"
#include "kernel/log/test_faulty_vfs.h"
#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

namespace fs = std::filesystem;
using test::Appender;
using test::Faults;
using test::Must;

class SqliteFaults : public testing::Test {
 protected:
  void SetUp() override { Faults().Reset(); }
  void TearDown() override { Faults().Reset(); }

  OpenOptions Options() const {
    OpenOptions options;
    options.folder = folder_.path("log");
    return options;
  }
  std::unique_ptr<LogStore> OpenFaulty(uint64_t checkpoint_bytes = uint64_t{1} << 30) const {
    SqliteTuning tuning;
    tuning.vfs = test::FaultyVfs();
    tuning.mmap_bytes = 0;
    tuning.checkpoint_bytes = checkpoint_bytes;
    tuning.wal_bytes_max = checkpoint_bytes * 4;
    return Must(OpenSqliteLog(Options(), tuning));
  }
  std::string File(const std::string& name) const { return folder_.path("log") + "/" + name; }

  test::TempFolder folder_;
};

TEST_F(SqliteFaults, TheNthFailingWriteKeepsNothingAndTheLogGoesOn) {
  auto log = OpenFaulty();
  Appender appender(log.get());
  Must(log->Append(appender.Next({3, 2})));
  bool done = false;
  for (int n = 1; !done; ++n) {
    ASSERT_LT(n, 500);
    const Head before = log->head();
    const Batch batch = appender.Next({1, 40, 2});
    Faults().calls = 0;
    Faults().fail_at = n;
    const auto appended = log->Append(batch);
    Faults().fail_at = 0;
    done = appended.ok() && Faults().calls < n;
    if (!appended.ok()) {
      EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable) << appended.error().ToString();
      EXPECT_EQ(log->head().t, before.t);
      EXPECT_EQ(Must(log->Refresh()).t, before.t);
      EXPECT_EQ(log->Read(before.next_ordinal).error().code, ErrorCode::kNotFound);
      Must(log->Append(batch));  // the same batch, as soon as the disk works again
    }
    test::ExpectSound(*log);
  }
}

TEST_F(SqliteFaults, ADiskThatFailsAndThenTheProcessDiesKeepsTheAcknowledged) {
  bool done = false;
  uint64_t acknowledged = 0;
  for (int n = 1; !done; ++n) {
    ASSERT_LT(n, 500);
    auto log = OpenFaulty();
    ASSERT_EQ(log->head().t, acknowledged);
    Appender appender(log.get());
    Must(log->Append(appender.Next({5})));
    acknowledged += 1;
    Faults().calls = 0;
    Faults().fail_at = n;
    Faults().for_ever = true;
    const auto appended = log->Append(appender.Next({30}));
    done = appended.ok();
    acknowledged += done ? 1 : 0;
    log.reset();  // nothing can be written any more: as if killed
    Faults().Reset();
    const auto again = Must(OpenSqliteLog(Options()));
    // A sync that failed may still have reached the disk: then the batch is there, whole, and counts from now on.
    ASSERT_GE(again->head().t, acknowledged);
    ASSERT_LE(again->head().t, acknowledged + 1);
    acknowledged = again->head().t;
    test::ExpectSound(*again);
  }
}

TEST_F(SqliteFaults, AFailedSyncIsNotBroughtToLifeByACrash) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // In the child: the commit's sync fails once, the answer is no, and the process dies without closing anything.
    auto log = OpenFaulty();
    Appender appender(log.get());
    Must(log->Append(appender.Next({2})));
    Faults().syncs_to_fail = 1;
    const bool refused = !log->Append(appender.Next({2})).ok() && Faults().syncs_to_fail == 0;
    std::ofstream(folder_.path("acknowledged")) << log->head().t;
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  uint64_t acknowledged = 0;
  std::ifstream(folder_.path("acknowledged")) >> acknowledged;
  const auto log = Must(OpenSqliteLog(Options()));
  EXPECT_EQ(log->head().t, acknowledged);
  test::ExpectSound(*log);
}

TEST_F(SqliteFaults, AFullDiskRefusesAndGoesOnWhenThereIsSpace) {
  auto log = OpenFaulty();
  Appender appender(log.get());
  uint64_t appended = 0;
  Faults().bytes_left = 300'000;
  while (true) {
    const auto result = log->Append(appender.Next({20}));
    if (!result.ok()) {
      EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
      EXPECT_NE(result.error().external.find("disk is full"), std::string::npos) << result.error().ToString();
      break;
    }
    ++appended;
    ASSERT_LT(appended, 1000u);
  }
  EXPECT_GT(appended, 0u);
  EXPECT_EQ(log->Append(appender.Next({20})).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(log->head().t, appended);
  test::ExpectSound(*log);  // reading goes on
  Faults().bytes_left = -1;
  Must(log->Append(appender.Next({20})));
  test::ExpectSound(*log);
}

TEST_F(SqliteFaults, TheWriteAheadFileStaysBoundedAndFailingCheckpointsLoseNothing) {
  {
    auto log = OpenFaulty(200'000);
    Appender appender(log.get());
    for (int i = 0; i < 300; ++i) {
      Faults().fail_at = i % 3 == 0 ? Faults().calls + 40 : 0;  // hits checkpoints and commits alike
      const auto appended = log->Append(appender.Next({30}));
      EXPECT_TRUE(appended.ok() || appended.error().code == ErrorCode::kUnavailable);
    }
    Faults().fail_at = 0;
    for (int i = 0; i < 50; ++i) Must(log->Append(appender.Next({30})));
    EXPECT_LT(fs::file_size(File("log.db-wal")), 3'000'000u);
    test::ExpectSound(*log);
  }
  test::ExpectSound(*Must(OpenSqliteLog(Options())));
}

TEST_F(SqliteFaults, AKilledProcessLosesNothingThatItAcknowledged) {
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      SqliteTuning tuning;
      tuning.checkpoint_bytes = 100'000;
      tuning.wal_bytes_max = 400'000;
      auto log = Must(OpenSqliteLog(Options(), tuning));
      Appender appender(log.get(), static_cast<uint64_t>(round));
      while (true) {
        const Head head = Must(log->Append(appender.Next({1, 25, 3})));
        if (write(pipe_ends[1], &head.t, sizeof head.t) < 0) _exit(1);
      }
    }
    close(pipe_ends[1]);
    uint64_t acknowledged = 0;
    for (int i = 0; i < 20 + 15 * round; ++i)
      ASSERT_EQ(read(pipe_ends[0], &acknowledged, sizeof acknowledged),
                static_cast<ssize_t>(sizeof acknowledged));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(pipe_ends[0], &acknowledged, sizeof acknowledged) ==
           static_cast<ssize_t>(sizeof acknowledged)) {
    }
    close(pipe_ends[0]);
    const auto log = Must(OpenSqliteLog(Options()));
    EXPECT_GE(log->head().t, acknowledged);
    EXPECT_LE(log->head().t, acknowledged + 3);
    EXPECT_EQ(log->head().t % 3, 0u) << "a batch is kept whole or not at all";
    test::ExpectSound(*log);
  }
}

TEST_F(SqliteFaults, OnlyOneProcessMayHaveTheLogOpen) {
  auto log = Must(OpenSqliteLog(Options()));
  const auto second = OpenSqliteLog(Options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().external.find(std::to_string(getpid())), std::string::npos)
      << second.error().external;
  OpenOptions reading = Options();
  reading.read_only = true;
  const auto reader = Must(OpenSqliteLog(reading));
  EXPECT_EQ(reader->TakeEpoch().error().code, ErrorCode::kUnsupported);
  log.reset();
  Must(OpenSqliteLog(Options()));
}

// A copy of the folder of a log as a killed process leaves it: with a write-ahead file.
class SqliteDamage : public SqliteFaults {
 protected:
  void SetUp() override {
    SqliteFaults::SetUp();
    OpenOptions first = Options();
    first.folder = folder_.path("first");
    const auto log = Must(OpenSqliteLog(first));
    Appender appender(log.get());
    for (int i = 0; i < 40; ++i) Must(log->Append(appender.Next({10})));
    fs::copy(first.folder, Options().folder);
    ASSERT_GT(fs::file_size(File("log.db-wal")), 50'000u);
  }
  void Garble(const std::string& name, uint64_t at) {
    std::fstream file(File(name), std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(old ^ 0x40));
  }
  // Opening tells that acknowledged transactions are missing; deleting log.head accepts it and begins a new life.
  void ExpectLossTold() {
    const auto refused = OpenSqliteLog(Options());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(refused.error().external.find("missing"), std::string::npos) << refused.error().external;
    fs::remove(File("log.head"));
    const auto log = Must(OpenSqliteLog(Options()));
    EXPECT_LT(log->head().t, 40u);
    EXPECT_GT(log->head().t == 0 ? 2u : log->head().incarnation, 1u);
    test::ExpectSound(*log);
    Appender appender(log.get());
    Must(log->Append(appender.Next({10})));
    test::ExpectSound(*log);
  }
};

TEST_F(SqliteDamage, TheCopyItselfOpensAndIsSound) {
  const auto log = Must(OpenSqliteLog(Options()));
  EXPECT_EQ(log->head().t, 40u);
  test::ExpectSound(*log);
}

TEST_F(SqliteDamage, ATruncatedWriteAheadFileIsTold) {
  fs::resize_file(File("log.db-wal"), fs::file_size(File("log.db-wal")) * 2 / 3);
  ExpectLossTold();
}

TEST_F(SqliteDamage, AGarbledWriteAheadFileIsTold) {
  Garble("log.db-wal", fs::file_size(File("log.db-wal")) / 2);
  ExpectLossTold();
}

TEST_F(SqliteDamage, AForeignOrNewerFileIsRefused) {
  fs::remove(File("log.db-wal"));
  std::ofstream(File("log.db"), std::ios::trunc) << std::string(8192, 'x');
  EXPECT_EQ(OpenSqliteLog(Options()).error().code, ErrorCode::kCorrupt);
}

TEST_F(SqliteDamage, VerifyFindsAnyFlippedByteOfAnEntry) {
  Must(OpenSqliteLog(Options()));  // closing copies the write-ahead file into log.db
  ASSERT_FALSE(fs::exists(File("log.db-wal")));
  StoredEntry entry;
  {
    OpenOptions reading = Options();
    reading.read_only = true;
    const auto log = Must(OpenSqliteLog(reading));
    for (Ordinal ordinal = 200; entry.sealed.size() < 64; ++ordinal) entry = Must(log->Read(ordinal));
  }
  std::ifstream in(File("log.db"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const size_t at = bytes.find(entry.sealed);
  ASSERT_NE(at, std::string::npos);
  Garble("log.db", at + 10);
  const auto log = Must(OpenSqliteLog(Options()));
  EXPECT_EQ(log->Read(entry.ordinal).error().code, ErrorCode::kCorrupt);
  const VerifyReport report = Must(log->Verify({}));
  ASSERT_FALSE(report.damage.empty());
  EXPECT_NE(report.damage[0].find("ordinal " + std::to_string(entry.ordinal)), std::string::npos)
      << report.damage[0];
  EXPECT_EQ(log->Backup(folder_.path("backup")).error().code, ErrorCode::kCorrupt)
      << "damage is not copied into a backup";
  EXPECT_FALSE(fs::exists(folder_.path("backup")));
}

TEST_F(SqliteFaults, ABackupWhileAppendingIsWholeAndRestores) {
  const auto log = Must(OpenSqliteLog(Options()));
  Appender appender(log.get());
  for (int i = 0; i < 50; ++i) Must(log->Append(appender.Next({20, 3})));
  std::atomic<bool> stop{false};
  std::thread backup([&] {
    Must(log->Backup(folder_.path("backup")));
    stop = true;
  });
  int more = 0;
  while (!stop || more < 20) {
    Must(log->Append(appender.Next({20})));
    ++more;
  }
  backup.join();
  OpenOptions target;
  target.folder = folder_.path("restored");
  const Head head = Must(RestoreLog(folder_.path("backup"), std::numeric_limits<Instant>::max(), target));
  EXPECT_GE(head.t, 100u);
  const auto restored = Must(OpenLog(target));
  test::ExpectSound(*restored);
  for (Ordinal ordinal = 1; ordinal < head.next_ordinal; ordinal += 37) {
    EXPECT_TRUE(test::SameEntry(Must(restored->Read(ordinal)), Must(log->Read(ordinal))));
  }
}

}  // namespace
}  // namespace tk::log
