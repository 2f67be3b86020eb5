// What may go wrong between us and PostgreSQL: the session ends at any moment, the server goes away, another process takes over.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
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

/// Speaks as much of the protocol as one Connect needs, then goes away as a server does that is stopped at once: a warning, and nothing more.
class VanishingServer {
 public:
  VanishingServer() {
    CHECK(::mkdtemp(folder_.data()) != nullptr);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/.s.PGSQL.5432";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    CHECK(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_, 1) == 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~VanishingServer() {
    if (thread_.joinable()) Vanish();
    ::close(listener_);
    std::filesystem::remove_all(folder_);
  }
  /// Only now: what the client had read of the warning before would let it see the end at once.
  void Vanish() {
    leave_.set_value();
    thread_.join();
  }
  std::string url() const { return fmt::format("host={} user=x dbname=x", folder_); }

 private:
  void Serve() {
    const int fd = ::accept(listener_, nullptr, nullptr);
    CHECK(fd >= 0);
    ReadMessage(fd, false);
    Say(fd, 'R', std::string(4, '\0'));
    Say(fd, 'Z', "I");
    ReadMessage(fd, true);
    Say(fd, 'C', std::string("SET\0", 4));
    Say(fd, 'Z', "I");
    leave_.get_future().wait();
    Say(fd, 'N', std::string("SWARNING\0C57P01\0Mstopped\0\0", 26));
    ::close(fd);
  }
  static void Receive(int fd, void* to, size_t size) {
    CHECK(::recv(fd, to, size, MSG_WAITALL) == static_cast<ssize_t>(size));
  }
  static void ReadMessage(int fd, bool has_kind) {
    char kind;
    uint32_t size = 0;
    if (has_kind) Receive(fd, &kind, 1);
    Receive(fd, &size, sizeof size);
    std::string rest(ntohl(size) - 4, '\0');
    Receive(fd, rest.data(), rest.size());
  }
  static void Say(int fd, char kind, const std::string& text) {
    const uint32_t size = htonl(static_cast<uint32_t>(text.size() + 4));
    const std::string bytes = kind + std::string(reinterpret_cast<const char*>(&size), sizeof size) + text;
    CHECK(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }

  std::string folder_ = std::filesystem::temp_directory_path() / "tk-pg-XXXXXX";
  const int listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
  std::promise<void> leave_;
  std::thread thread_;
};

TEST(PostgresConnection, AServerThatWentAwayIsUnavailableAtTheFirstStatementToo) {
  VanishingServer server;
  postgres::Connection connection(server.url(), "s");
  Must(connection.Connect());
  server.Vanish();
  for (int i = 0; i < 2; ++i) {
    const auto rows = connection.Query("SELECT 1");
    ASSERT_FALSE(rows.ok());
    EXPECT_EQ(rows.error().code, ErrorCode::kUnavailable) << rows.error().ToString();
    EXPECT_FALSE(connection.connected()) << "the next one makes a connection anew";
  }
}

}  // namespace
}  // namespace tk::log
