// The one suite that every back end of the log passes. What only one of them can do (fault injection at its file layer, its
// damage) is in sqlite_fault_test.cpp and postgres_fault_test.cpp.
#include "kernel/log/log.h"

#include <gtest/gtest.h>

#include <thread>

#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

using test::Appender;
using test::Harness;

class LogContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    harness_ = test::MakeHarness(GetParam());
    if (harness_ == nullptr)
      GTEST_SKIP() << "PostgreSQL is not installed here (postgresql-15): its half of the suite is skipped.";
  }
  std::unique_ptr<Log> Open() { return test::Must(harness_->Open()); }
  std::unique_ptr<Harness> harness_;
};

INSTANTIATE_TEST_SUITE_P(Backends, LogContract, testing::Values("sqlite", "postgresql"), test::BackendName);

TEST_P(LogContract, EmptyLogHasAnEmptyHead) {
  const auto log = Open();
  const Head head = log->head();
  EXPECT_EQ(head.t, 0u);
  EXPECT_EQ(head.next_ordinal, 1u);
  EXPECT_EQ(head.incarnation, 1u);
  EXPECT_EQ(log->Read(1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(test::Must(log->FindTime(1'000)).t, 0u);
  EXPECT_EQ(test::Must(log->FindTime(1'000)).end_ordinal, 1u);
  EXPECT_EQ(test::Must(log->Verify()).damage.size(), 0u);
  EXPECT_EQ(log->backend(), GetParam());
}

TEST_P(LogContract, AppendedEntriesAreReadBackTheSame) {
  const auto log = Open();
  Appender appender(log.get());
  const Batch batch = appender.Next({3, 0, 2});
  const Head head = test::Must(log->Append(batch));
  EXPECT_EQ(head.t, 3u);
  EXPECT_EQ(head.next_ordinal, 6u);
  EXPECT_EQ(head.last_at_us, batch.transactions.back().at_us);
  const uint64_t t_of[] = {1, 1, 1, 3, 3};
  for (Ordinal ordinal = 1; ordinal <= 5; ++ordinal) {
    const StoredEntry entry = test::Must(log->Read(ordinal));
    EXPECT_EQ(entry.ordinal, ordinal);
    EXPECT_EQ(entry.t, t_of[ordinal - 1]);
    EXPECT_EQ(entry.at_us, batch.transactions[entry.t - 1].at_us);
    EXPECT_TRUE(test::SameEntry(entry, batch.entries[ordinal - 1]));
  }
}

TEST_P(LogContract, TimesAndOrdinalsStayGaplessOverReopening) {
  for (int life = 0; life < 3; ++life) {
    const auto log = Open();
    Appender appender(log.get());
    for (int i = 0; i < 5; ++i) test::Must(log->Append(appender.Next({1, 2})));
  }
  const auto log = Open();
  EXPECT_EQ(log->head().t, 30u);
  EXPECT_EQ(log->head().next_ordinal, 46u);
  test::ExpectSound(*log);
}

TEST_P(LogContract, ABatchThatDoesNotFollowIsRefused) {
  const auto log = Open();
  Appender appender(log.get());
  test::Must(log->Append(appender.Next({1})));
  for (int variant = 0; variant < 4; ++variant) {
    Batch wrong = appender.Peek({1});
    if (variant == 0) ++wrong.first_t;
    if (variant == 1) --wrong.first_t;
    if (variant == 2) ++wrong.first_ordinal;
    if (variant == 3) --wrong.first_ordinal;
    EXPECT_EQ(log->Append(wrong).error().code, ErrorCode::kConflict) << variant;
  }
  Batch backwards = appender.Peek({1});
  backwards.transactions[0].at_us = log->head().last_at_us;
  EXPECT_EQ(log->Append(backwards).error().code, ErrorCode::kIncorrect);
  Batch miscounted = appender.Peek({1});
  miscounted.entries.clear();
  EXPECT_EQ(log->Append(miscounted).error().code, ErrorCode::kIncorrect);
  Batch empty = appender.Peek({1});
  empty.transactions.clear();
  empty.entries.clear();
  EXPECT_EQ(log->Append(empty).error().code, ErrorCode::kIncorrect);
  EXPECT_EQ(test::Must(log->Refresh()).t, 1u);
  test::Must(log->Append(appender.Next({1})));
  test::ExpectSound(*log);
}

TEST_P(LogContract, TheLastBatchAgainIsAcknowledgedAndWritesNothing) {
  const auto log = Open();
  Appender appender(log.get());
  const Batch batch = appender.Next({2, 1});
  const Head first = test::Must(log->Append(batch));
  const Head again = test::Must(log->Append(batch));
  EXPECT_EQ(again.t, first.t);
  EXPECT_EQ(again.next_ordinal, first.next_ordinal);
  EXPECT_EQ(again.chain, first.chain);
  const auto other = Open();
  EXPECT_EQ(test::Must(other->Append(batch)).t, first.t);  // also after a restart
  EXPECT_EQ(test::Must(log->Refresh()).t, first.t);
}

TEST_P(LogContract, AnOlderWriterIsFencedByTheEpoch) {
  const auto old_log = Open();
  Appender old_writer(old_log.get());
  test::Must(old_log->Append(old_writer.Next({1})));
  const auto new_log = Open();
  EXPECT_EQ(test::Must(old_log->StoredEpoch()), old_log->head().epoch);
  Appender new_writer(new_log.get());  // takes the epoch
  EXPECT_GT(new_log->head().epoch, old_log->head().epoch);
  EXPECT_EQ(test::Must(old_log->StoredEpoch()), new_log->head().epoch) << "without writing";
  EXPECT_EQ(old_log->Append(old_writer.Peek({1})).error().code, ErrorCode::kConflict);
  test::Must(new_log->Append(new_writer.Next({1})));
  EXPECT_EQ(old_log->Append(old_writer.Peek({1})).error().code, ErrorCode::kConflict);
  // Knowing the new head does not help: the reign is over until the epoch is taken again.
  const uint64_t old_epoch = old_log->head().epoch;
  test::Must(old_log->Refresh());
  Batch stubborn = old_writer.Peek({1});
  stubborn.epoch = old_epoch;
  EXPECT_EQ(old_log->Append(stubborn).error().code, ErrorCode::kConflict);
  EXPECT_EQ(test::Must(new_log->Refresh()).t, 2u);
  test::ExpectSound(*new_log);
}

TEST_P(LogContract, ReadManyKeepsTheOrderAskedAndTellsWhatIsMissing) {
  const auto log = Open();
  Appender appender(log.get());
  const Batch batch = appender.Next({10});
  test::Must(log->Append(batch));
  const std::vector<Ordinal> wanted = {7, 1, 10, 7, 2};
  const auto entries = test::Must(log->ReadMany(wanted));
  ASSERT_EQ(entries.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(entries[i].ordinal, wanted[i]);
    EXPECT_TRUE(test::SameEntry(entries[i], batch.entries[wanted[i] - 1]));
  }
  EXPECT_EQ(log->ReadMany(std::vector<Ordinal>{1, 11}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(test::Must(log->ReadMany({})).empty());
}

TEST_P(LogContract, ScansGoInOrderAndStopWhenTold) {
  const auto log = Open();
  Appender appender(log.get());
  std::vector<NewEntry> all;
  for (int i = 0; i < 40; ++i) {
    const Batch batch = appender.Next({60, 0, 5});
    all.insert(all.end(), batch.entries.begin(), batch.entries.end());
    test::Must(log->Append(batch));
  }
  Ordinal next = 100;
  ASSERT_TRUE(log->Scan(100, 2500,
                        [&](StoredEntry&& entry) -> Result<bool> {
                          EXPECT_EQ(entry.ordinal, next);
                          EXPECT_TRUE(test::SameEntry(entry, all[entry.ordinal - 1]));
                          ++next;
                          return next < 2000;
                        })
                  .ok());
  EXPECT_EQ(next, 2000u);
  next = 1;
  ASSERT_TRUE(
      log->Scan(0, 1'000'000, [&](StoredEntry&& entry) -> Result<bool> { return entry.ordinal == next++; })
          .ok());
  EXPECT_EQ(next, all.size() + 1);
  const auto failed =
      log->Scan(1, 10, [](StoredEntry&&) -> Result<bool> { return MakeError(ErrorCode::kBusy, "stop"); });
  EXPECT_EQ(failed.error().code, ErrorCode::kBusy);
}

TEST_P(LogContract, TransactionsAreScannedWithTheirCountsKeysAndTimes) {
  const auto log = Open();
  Appender appender(log.get());
  std::vector<NewTransaction> all;
  for (uint32_t i = 0; i < 30; ++i) {
    Batch batch = appender.Next({i % 3, 0, 7});
    batch.transactions[1].key = 0xfeed000000000000ULL + i;
    all.insert(all.end(), batch.transactions.begin(), batch.transactions.end());
    test::Must(log->Append(batch));
  }
  uint64_t t = 5;
  Ordinal ordinal = 0;
  ASSERT_TRUE(log->ScanTransactions(5, 80,
                                    [&](const StoredTransaction& transaction) -> Result<bool> {
                                      EXPECT_EQ(transaction.t, t);
                                      EXPECT_EQ(transaction.entry_count, all[t - 1].entry_count);
                                      EXPECT_EQ(transaction.key, all[t - 1].key);
                                      EXPECT_EQ(transaction.at_us, all[t - 1].at_us);
                                      EXPECT_TRUE(ordinal == 0 || transaction.first_ordinal == ordinal);
                                      ordinal = transaction.first_ordinal + transaction.entry_count;
                                      ++t;
                                      return true;
                                    })
                  .ok());
  EXPECT_EQ(t, 80u);
}

TEST_P(LogContract, FindTimeGivesTheLastTransactionUpToAnInstant) {
  const auto log = Open();
  Appender appender(log.get());
  std::vector<StoredTransaction> all;
  for (int i = 0; i < 20; ++i) test::Must(log->Append(appender.Next({1, 2, 0})));
  ASSERT_TRUE(log->ScanTransactions(1, 1000,
                                    [&](const StoredTransaction& t) -> Result<bool> {
                                      all.push_back(t);
                                      return true;
                                    })
                  .ok());
  ASSERT_EQ(all.size(), 60u);
  for (const StoredTransaction& one : all) {
    for (const Instant delta : {Instant{0}, Instant{1}}) {
      const auto point = test::Must(log->FindTime(one.at_us + delta));
      EXPECT_EQ(point.t, one.t);
      EXPECT_EQ(point.end_ordinal, one.first_ordinal + one.entry_count);
    }
  }
  EXPECT_EQ(test::Must(log->FindTime(all.front().at_us - 1)).t, 0u);
  EXPECT_EQ(test::Must(log->FindTime(all.back().at_us + 1'000'000'000)).t, 60u);
}

TEST_P(LogContract, TypesKeepTheirCodes) {
  TypeCode patient = 0, observation = 0;
  {
    const auto log = Open();
    patient = test::Must(log->InternType("Patient"));
    observation = test::Must(log->InternType("Observation"));
    EXPECT_EQ(patient, 1);
    EXPECT_EQ(observation, 2);
    EXPECT_EQ(test::Must(log->InternType("Patient")), patient);
    EXPECT_EQ(log->InternType("").error().code, ErrorCode::kIncorrect);
  }
  const auto log = Open();
  EXPECT_EQ(log->TypeName(patient), "Patient");
  EXPECT_EQ(log->TypeName(observation), "Observation");
  EXPECT_EQ(log->TypeName(77), "");
  EXPECT_EQ(test::Must(log->InternType("Observation")), observation);
}

TEST_P(LogContract, DictionariesAreKept) {
  std::string bytes(70'000, 'd');
  bytes[5] = '\0';
  {
    const auto log = Open();
    EXPECT_EQ(test::Must(log->AddDictionary(3, "first")), 1u);
    EXPECT_EQ(test::Must(log->AddDictionary(3, bytes)), 2u);
  }
  const auto dictionaries = test::Must(Open()->Dictionaries());
  ASSERT_EQ(dictionaries.size(), 2u);
  EXPECT_EQ(dictionaries[1].id, 2u);
  EXPECT_EQ(dictionaries[1].type, 3);
  EXPECT_TRUE(dictionaries[1].bytes == bytes);
}

TEST_P(LogContract, LargeEntriesAndLargeBatches) {
  const auto log = Open();
  Appender appender(log.get());
  Batch batch = appender.Next({5000});
  batch.entries[17].sealed.assign(3'000'000, 'x');
  test::Must(log->Append(batch));
  EXPECT_EQ(test::Must(log->Read(18)).sealed.size(), 3'000'000u);
  EXPECT_TRUE(test::SameEntry(test::Must(log->Read(5000)), batch.entries.back()));
  test::ExpectSound(*log);
}

TEST_P(LogContract, ReadersGoOnWhileTheWriterAppends) {
  const auto log = Open();
  Appender appender(log.get());
  test::Must(log->Append(appender.Next({50})));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      SeededRandom random(static_cast<uint64_t>(r));
      while (!stop.load()) {
        const Ordinal ordinal = 1 + random.Below(log->head().next_ordinal - 1);
        const auto entry = log->Read(ordinal);
        if (!entry.ok() || entry->ordinal != ordinal) ++wrong;
      }
    });
  }
  for (int i = 0; i < 100; ++i) test::Must(log->Append(appender.Next({20, 1})));
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
  test::ExpectSound(*log);
}

}  // namespace
}  // namespace tk::log
