// What may go wrong between us and PostgreSQL: the session ends at any moment, the server goes away, another process takes over.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "kernel/log/postgres/connection.h"
#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

using test::Appender;
using test::Must;

class PostgresFaults : public testing::Test {
 protected:
  void SetUp() override {
    harness_ = test::MakePostgresHarness();
    if (harness_ == nullptr) GTEST_SKIP() << "PostgreSQL is not installed here (postgresql-15).";
    options_ = harness_->Other("faults");
    admin_ = std::make_unique<postgres::Connection>(options_.url, "pg_catalog");
    Must(admin_->Connect());
  }
  // Ends every session that works in this test's schema at this moment; returns how many.
  uint64_t EndSessions() {
    constexpr const char* kEnd =
        "SELECT count(pg_terminate_backend(pid)) FROM (SELECT DISTINCT l.pid FROM pg_locks l JOIN pg_class c "
        "ON c.oid = l.relation "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = convert_from($1::bytea, 'UTF8')) "
        "busy";
    return Must(admin_->Query(kEnd, postgres::Params().Blob(AsBytes(options_.schema)))).Int(0, 0);
  }

  std::unique_ptr<test::Harness> harness_;
  OpenOptions options_;
  std::unique_ptr<postgres::Connection> admin_;
};

// A trigger ends our own session at the n-th row that an append writes, and at the last step before its commit: the outcome must be
// certain each time, and the batch is there whole or not at all.
TEST_F(PostgresFaults, ASessionEndedAtAnyStatementLeavesNoDoubt) {
  const auto log = Must(OpenLog(options_));
  Appender appender(log.get());
  Must(admin_->Exec(
      fmt::format("SET search_path TO {0}; CREATE TABLE doom (at bigint); INSERT INTO doom VALUES (0); "
                  "CREATE SEQUENCE steps; "
                  "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                  "IF nextval('{0}.steps') = (SELECT at FROM {0}.doom) THEN PERFORM "
                  "pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$; "
                  "CREATE TRIGGER die BEFORE INSERT ON batch FOR EACH STATEMENT EXECUTE FUNCTION die(); "
                  "CREATE TRIGGER die2 AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION die(); "
                  "CREATE CONSTRAINT TRIGGER die3 AFTER INSERT ON batch DEFERRABLE INITIALLY DEFERRED FOR "
                  "EACH ROW EXECUTE FUNCTION die(); ",
                  options_.schema)));
  int refused = 0;
  for (int n = 1; n <= 6; ++n) {
    Must(admin_->Exec(fmt::format("SELECT setval('{0}.steps', 1, false); UPDATE {0}.doom SET at = {1}",
                                  options_.schema, n)));
    const Head before = log->head();
    const Batch batch = appender.Next({2, 1});
    const auto appended = log->Append(batch);
    Must(admin_->Exec(fmt::format("UPDATE {}.doom SET at = 0", options_.schema)));
    if (!appended.ok()) {
      ++refused;
      EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable) << appended.error().ToString();
      EXPECT_EQ(Must(log->Refresh()).t, before.t);
      Must(log->Append(batch));
    }
    EXPECT_EQ(Must(log->Refresh()).t, before.t + 2);
    test::ExpectSound(*log);
  }
  EXPECT_EQ(refused, 5) << "batch, three entries and the deferred trigger each end the session once";
}

TEST_F(PostgresFaults, SessionsEndedAtRandomLoseAndDoubleNothing) {
  const auto log = Must(OpenLog(options_));
  Appender appender(log.get());
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> ended{0};
  std::thread killer([&] {
    SeededRandom random(7);
    while (!stop) {
      ended += EndSessions();
      std::this_thread::sleep_for(std::chrono::microseconds(random.Below(5000)));
    }
  });
  uint64_t acknowledged = 0;
  for (int i = 0; i < 5000 && (ended < 10 || i < 60); ++i) {
    const auto appended = log->Append(appender.Next({4, 1}));
    if (appended.ok())
      ++acknowledged;
    else
      EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable) << appended.error().ToString();
  }
  stop = true;
  killer.join();
  EXPECT_GE(ended.load(), 10u);
  EXPECT_EQ(Must(log->Refresh()).t, acknowledged * 2);
  EXPECT_GT(acknowledged, 0u);
  test::ExpectSound(*log);
}

TEST_F(PostgresFaults, ReadersReconnect) {
  const auto log = Must(OpenLog(options_));
  Appender appender(log.get());
  Must(log->Append(appender.Next({3})));
  for (int i = 0; i < 3; ++i) {
    Must(log->Read(1));
    Must(
        admin_->Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
                     "'tongkang-%' AND pid <> pg_backend_pid() AND "
                     "query LIKE 'SELECT row FROM entry%'"));
    EXPECT_EQ(Must(log->Read(2)).ordinal, 2u);
  }
}

TEST_F(PostgresFaults, AnUnreachableServerIsToldWithoutThePassword) {
  OpenOptions options = options_;
  options.url = "postgresql://someone:geheim@/postgres?host=/nonexistent";
  const auto opened = OpenLog(options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(opened.error().ToString().find("geheim"), std::string::npos) << opened.error().ToString();
}

TEST_F(PostgresFaults, ASchemaNameThatNeedsQuotesIsRefused) {
  for (const char* schema : {"", "Upper", "a b", "x;drop", "1abc", "\"q\""}) {
    OpenOptions options = options_;
    options.schema = schema;
    EXPECT_EQ(OpenLog(options).error().code, ErrorCode::kIncorrect) << schema;
  }
  OpenOptions options = options_;
  options.url = "mysql://x";
  EXPECT_EQ(OpenLog(options).error().code, ErrorCode::kIncorrect);
}

}  // namespace
}  // namespace tk::log
