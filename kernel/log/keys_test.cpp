#include "kernel/log/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include <fstream>
#include <thread>

#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

using test::Must;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Keys, ANameHasOneKeyForEver) {
  test::TempFolder folder;
  PersonKey first;
  HashKey hash_key;
  {
    const auto keys = Must(OpenKeyStore(folder.path()));
    hash_key = keys->hash_key();
    EXPECT_EQ(Must(keys->Find("Patient/1")), 0u);
    first = Must(keys->ForName("Patient/1"));
    EXPECT_EQ(Must(keys->ForName("Patient/1")).secret, first.secret);
    EXPECT_NE(Must(keys->ForName("Patient/2")).owner, first.owner);
    EXPECT_NE(Must(keys->ForName("Patient/2")).secret, first.secret);
    EXPECT_EQ(Must(keys->Get(first.owner)).secret, first.secret);
    Must(keys->Flush());
    Must(keys->ForName("Patient/lost"));  // not flushed: nothing durable names it
  }
  const auto keys = Must(OpenKeyStore(folder.path()));
  EXPECT_EQ(keys->hash_key(), hash_key);
  EXPECT_EQ(Must(keys->Find("Patient/1")), first.owner);
  EXPECT_EQ(Must(keys->Get(first.owner)).secret, first.secret);
  EXPECT_EQ(Must(keys->Find("Patient/lost")), 0u);
  EXPECT_EQ(Must(keys->Get(0)).owner, 0u);
  EXPECT_EQ(keys->Get(999).error().code, ErrorCode::kCorrupt);
}

TEST(Keys, DestroyedMeansOverwrittenEverywhere) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path()));
  for (int i = 0; i < 500; ++i) Must(keys->ForName("Patient/" + std::to_string(i)));
  Must(keys->Flush());
  const OwnerNumber owner = Must(keys->Find("Patient/250"));
  // The wrapped secret as it lies in the file before.
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2((folder.path() + "/keys.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  sqlite3_stmt* select = nullptr;
  sqlite3_prepare_v2(db, ("SELECT secret FROM person WHERE owner = " + std::to_string(owner)).c_str(), -1,
                     &select, nullptr);
  ASSERT_EQ(sqlite3_step(select), SQLITE_ROW);
  const std::string wrapped(static_cast<const char*>(sqlite3_column_blob(select, 0)),
                            static_cast<size_t>(sqlite3_column_bytes(select, 0)));
  sqlite3_finalize(select);
  sqlite3_close(db);
  ASSERT_EQ(wrapped.size(), 60u);
  ASSERT_NE(ReadFile(folder.path("keys.db")).find(wrapped), std::string::npos);

  Must(keys->Destroy(owner, 77));
  EXPECT_TRUE(keys->IsDestroyed(owner));
  EXPECT_EQ(keys->Get(owner).error().code, ErrorCode::kGone);
  EXPECT_EQ(keys->ForName("Patient/250").error().code, ErrorCode::kGone);
  Must(keys->Destroy(owner, 78));  // again changes nothing
  const auto ledger = Must(keys->Ledger());
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(ledger[0].owner, owner);
  EXPECT_EQ(ledger[0].at_us, 77);
  for (const char* name : {"keys.db", "keys.db-journal"}) {
    const std::string bytes = ReadFile(folder.path(name));
    EXPECT_FALSE(bytes.empty()) << name;
    for (size_t at = 0; at + 8 <= wrapped.size(); at += 8) {
      EXPECT_EQ(bytes.find(wrapped.substr(at, 8)), std::string::npos)
          << name << " still holds part of the secret";
    }
  }
  EXPECT_EQ(Must(keys->Get(Must(keys->Find("Patient/249")))).owner, owner - 1);
}

TEST(Keys, ALedgerIsReplayedOverAnOlderCopy) {
  test::TempFolder folder;
  std::vector<KeyStore::Erasure> ledger;
  {
    const auto keys = Must(OpenKeyStore(folder.path("now")));
    Must(keys->ForName("Patient/1"));
    Must(keys->Flush());
    Must(keys->Backup(folder.path("copy.db")));
    const OwnerNumber later = Must(keys->ForName("Patient/2")).owner;
    Must(keys->Destroy(1, 10));
    Must(keys->Destroy(later, 11));
    ledger = Must(keys->Ledger());
  }
  std::filesystem::create_directory(folder.path("old"));
  std::filesystem::copy(folder.path("copy.db"), folder.path("old") + "/keys.db");
  EXPECT_EQ(OpenKeyStore(folder.path("old")).error().code, ErrorCode::kUnavailable)
      << "keys.db alone opens nothing";
  std::filesystem::copy(folder.path("now") + "/master.key", folder.path("old") + "/master.key");
  for (int round = 0; round < 2; ++round) {
    const auto keys = Must(OpenKeyStore(folder.path("old")));
    EXPECT_EQ(keys->Get(1).ok(), round == 0);
    Must(keys->ReplayLedger(ledger));
    EXPECT_EQ(keys->Get(1).error().code, ErrorCode::kGone);
    EXPECT_TRUE(keys->IsDestroyed(2));
    EXPECT_GT(Must(keys->ForName("Patient/new")).owner, 2u)
        << "the number of an erased person is never given again";
    EXPECT_EQ(Must(keys->Ledger()).size(), 2u);
  }
}

TEST(Keys, TheMasterKeyMustFitAndBePrivate) {
  test::TempFolder folder;
  Must(OpenKeyStore(folder.path("a")));
  Must(OpenKeyStore(folder.path("b")));
  struct stat info {};
  ASSERT_EQ(stat((folder.path("a") + "/master.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  chmod((folder.path("a") + "/master.key").c_str(), 0644);
  EXPECT_EQ(OpenKeyStore(folder.path("a")).error().code, ErrorCode::kUnavailable);
  std::filesystem::copy_file(folder.path("b") + "/master.key", folder.path("a") + "/master.key",
                             std::filesystem::copy_options::overwrite_existing);
  chmod((folder.path("a") + "/master.key").c_str(), 0600);
  EXPECT_EQ(OpenKeyStore(folder.path("a")).error().code, ErrorCode::kCorrupt);
  std::filesystem::remove(folder.path("b") + "/master.key");
  EXPECT_EQ(OpenKeyStore(folder.path("b")).error().code, ErrorCode::kUnavailable);
}

TEST(Keys, ThreadsAgreeOnOneKeyPerName) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path()));
  std::vector<std::vector<OwnerNumber>> owners(4);
  std::vector<std::thread> threads;
  for (size_t n = 0; n < owners.size(); ++n) {
    threads.emplace_back([&, n] {
      for (int i = 0; i < 300; ++i) {
        owners[n].push_back(Must(keys->ForName("Patient/" + std::to_string(i))).owner);
        if (i % 50 == 0) Must(keys->Flush());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (size_t n = 1; n < owners.size(); ++n) EXPECT_EQ(owners[n], owners[0]);
}

}  // namespace
}  // namespace tk::log
