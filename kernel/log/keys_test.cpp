#include "kernel/log/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <span>
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
  ASSERT_NE((ReadFile(folder.path("keys.db")) + ReadFile(folder.path("keys.db-wal"))).find(wrapped),
            std::string::npos);

  Must(keys->Destroy(owner, 77));
  EXPECT_TRUE(keys->IsDestroyed(owner));
  EXPECT_EQ(keys->Get(owner).error().code, ErrorCode::kGone);
  EXPECT_EQ(keys->ForName("Patient/250").error().code, ErrorCode::kGone);
  Must(keys->Destroy(owner, 78));  // again changes nothing
  const auto ledger = Must(keys->Ledger());
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(ledger[0].owner, owner);
  EXPECT_EQ(ledger[0].at_us, 77);
  for (const char* name : {"keys.db", "keys.db-wal"}) {
    const std::string bytes = ReadFile(folder.path(name));
    EXPECT_FALSE(bytes.empty()) << name;
    for (size_t at = 0; at + 8 <= wrapped.size(); at += 8) {
      EXPECT_EQ(bytes.find(wrapped.substr(at, 8)), std::string::npos)
          << name << " still holds part of the secret";
    }
  }
  EXPECT_EQ(Must(keys->Get(Must(keys->Find("Patient/249")))).owner, owner - 1);
}

/// The folder as a killed process leaves it.
void CopyAlive(const std::string& from, const std::string& to) {
  std::filesystem::create_directories(to);
  for (const char* name : {"keys.db", "keys.db-wal", "keys.head", "master.key"}) {
    if (std::filesystem::exists(from + "/" + name))
      std::filesystem::copy_file(from + "/" + name, to + "/" + name,
                                 std::filesystem::copy_options::overwrite_existing);
  }
}

TEST(Keys, AKilledProcessLosesNoKey) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path("now")));
  std::vector<PersonKey> made;
  size_t durable = 0;
  for (int i = 0; i < 700; ++i) {
    made.push_back(Must(keys->ForName("Patient/" + std::to_string(i))));
    if (i % 3 == 0) {
      Must(keys->Flush());
      durable = made.size();
    }
    if (i == 300) Must(keys->Destroy(made[7].owner, 5));
    if (i % 100 != 0) continue;
    CopyAlive(folder.path("now"), folder.path("killed"));
    const auto again = Must(OpenKeyStore(folder.path("killed")));
    for (const PersonKey& key : std::span(made).first(durable)) {
      const auto found = again->Get(key.owner);
      if (i >= 300 && key.owner == made[7].owner) {
        EXPECT_EQ(found.error().code, ErrorCode::kGone);
      } else {
        ASSERT_TRUE(found.ok()) << key.owner << " after " << i;
        EXPECT_EQ(found->secret, key.secret);
      }
    }
  }
}

TEST(Keys, ALostEndIsTold) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path("now")));
  for (int i = 0; i < 20; ++i) Must(keys->ForName("Patient/" + std::to_string(i)));
  Must(keys->Flush());
  CopyAlive(folder.path("now"), folder.path("cut"));
  std::filesystem::remove(folder.path("cut") + "/keys.db-wal");
  const auto cut = OpenKeyStore(folder.path("cut"));
  ASSERT_FALSE(cut.ok()) << "twenty persons' numbers would be given to others";
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(cut.error().ToString().find("keys.head"), std::string::npos) << cut.error().ToString();
  // A torn end that nobody was told is durable is no damage.
  CopyAlive(folder.path("now"), folder.path("torn"));
  std::ofstream(folder.path("torn") + "/keys.db-wal", std::ios::app | std::ios::binary)
      << std::string(5000, 'x');
  EXPECT_TRUE(Must(OpenKeyStore(folder.path("torn")))->Get(20).ok());
}

/// Every moment of the wiping: a kill there leaves all keys, and never one that was destroyed.
TEST(Keys, AWipeThatWasCutShortHarmsNothing) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path("now")));
  for (int i = 0; i < 50; ++i) Must(keys->ForName("Patient/" + std::to_string(i)));
  Must(keys->Flush());
  Must(keys->Destroy(9, 5));
  for (int i = 50; i < 60; ++i) Must(keys->ForName("Patient/" + std::to_string(i)));
  Must(keys->Flush());
  // All frames are in keys.db and the header is zero: what a kill between the two syncs leaves.
  CopyAlive(folder.path("now"), folder.path("cut"));
  Must(OpenKeyStore(folder.path("cut")));  // copies the frames
  CopyAlive(folder.path("now"), folder.path("frames"));
  std::string wal = ReadFile(folder.path("frames") + "/keys.db-wal");
  ASSERT_GT(wal.size(), 4096u);
  std::fill_n(wal.begin(), 32, '\0');
  std::ofstream(folder.path("cut") + "/keys.db-wal", std::ios::binary) << wal;
  const auto again = Must(OpenKeyStore(folder.path("cut")));
  for (OwnerNumber owner = 1; owner <= 60; ++owner) EXPECT_EQ(again->Get(owner).ok(), owner != 9) << owner;
}

TEST(Keys, AStoreOfAFormerProgramIsTakenOver) {
  test::TempFolder folder;
  PersonKey key;
  {
    const auto keys = Must(OpenKeyStore(folder.path()));
    key = Must(keys->ForName("Patient/1"));
    Must(keys->Flush());
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path("keys.db-wal"))) << "closed, it is one file";
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(folder.path("keys.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(db, "PRAGMA journal_mode = PERSIST; BEGIN; UPDATE person SET cipher = cipher; COMMIT",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(db);
  ASSERT_TRUE(std::filesystem::exists(folder.path("keys.db-journal")));
  const auto keys = Must(OpenKeyStore(folder.path()));
  EXPECT_EQ(Must(keys->Get(key.owner)).secret, key.secret);
  EXPECT_FALSE(std::filesystem::exists(folder.path("keys.db-journal")));
}

/// `backup` runs beside the server.
TEST(Keys, AnotherProcessMayReadMeanwhile) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path()));
  std::vector<PersonKey> made;
  for (int round = 0; round < 20; ++round) {
    made.push_back(Must(keys->ForName("Patient/" + std::to_string(round))));
    Must(keys->Flush());
    const auto other = Must(OpenKeyStore(folder.path()));
    for (const PersonKey& key : made) EXPECT_EQ(Must(other->Get(key.owner)).secret, key.secret);
    if (round == 10) {
      Must(other->Backup(folder.path("copy.db")));
      EXPECT_FALSE(std::filesystem::exists(folder.path("copy.db-wal")));
    }
  }
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

TEST(Keys, WhatIsWarmIsReadNoMore) {
  test::TempFolder folder;
  std::vector<PersonKey> made;
  {
    const auto keys = Must(OpenKeyStore(folder.path()));
    for (int i = 0; i < 20; ++i) made.push_back(Must(keys->ForName("Patient/" + std::to_string(i))));
    Must(keys->Flush());
    Must(keys->Destroy(made[3].owner, 5));
  }
  const auto keys = Must(OpenKeyStore(folder.path()));  // its cache is empty
  std::vector<OwnerNumber> owners = {999};              // nobody's
  for (const PersonKey& key : made) owners.push_back(key.owner);
  keys->Warm(owners);
  EXPECT_EQ(keys->Get(made[3].owner).error().code, ErrorCode::kGone);
  // They cannot be read from the file any more.
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(folder.path("keys.db").c_str(), &db, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "DELETE FROM person WHERE owner > 10", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_EQ(Must(keys->Get(made[15].owner)).secret, made[15].secret);
  EXPECT_EQ(Must(keys->ForName("Patient/16")).owner, made[16].owner) << "its name too";
  Must(keys->ForName("Patient/new"));
  Must(keys->Flush());  // no transaction was left open
}

// `tongkang verify` and `backup` read keys.db for seconds: an erasure waits for them, and nobody else waits for the erasure.
TEST(Keys, NobodyWaitsForAnErasureThatWaits) {
  test::TempFolder folder;
  {
    const auto keys = Must(OpenKeyStore(folder.path()));
    for (int i = 0; i < 50; ++i) Must(keys->ForName("Patient/" + std::to_string(i)));
    Must(keys->Flush());
  }
  const auto keys = Must(OpenKeyStore(folder.path()));  // its cache is empty
  Must(keys->ForName("Patient/50"));
  Must(keys->Flush());
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open_v2(folder.path("keys.db").c_str(), &reader, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM person", nullptr, nullptr, nullptr), SQLITE_OK);
  std::atomic<bool> done{false};
  std::thread eraser([&] {
    EXPECT_TRUE(keys->Destroy(7, 5).ok());
    done = true;
  });
  while (!keys->IsDestroyed(7)) std::this_thread::yield();
  EXPECT_EQ(keys->Get(7).error().code, ErrorCode::kGone);
  EXPECT_TRUE(keys->Get(8).ok());
  for (int i = 51; i < 60; ++i) {
    EXPECT_TRUE(keys->ForName("Patient/" + std::to_string(i)).ok());
    EXPECT_TRUE(keys->Flush().ok());
  }
  EXPECT_FALSE(done) << "the erasure is finished only when the write-ahead file was wiped";
  sqlite3_close(reader);
  eraser.join();
  EXPECT_EQ(Must(keys->Get(60)).owner, 60u);
}

// `tongkang verify` looks while the program erases: rows and ledger of two moments would be told as damage.
TEST(Keys, AnErasureWhileTheStoreIsLookedAtIsNoDamage) {
  test::TempFolder folder;
  const auto keys = Must(OpenKeyStore(folder.path()));
  constexpr int kPersons = 4000;
  for (int i = 0; i < kPersons; ++i) Must(keys->ForName("Patient/" + std::to_string(i)));
  Must(keys->Flush());
  const auto looking = Must(OpenExistingKeyStore(folder.path()));
  std::atomic<bool> done{false};
  std::thread eraser([&] {
    for (OwnerNumber owner = 1; owner <= 60 && !done; ++owner) {
      // The key is marked in any case; overwriting the write-ahead file may find the other one reading.
      const Status destroyed = keys->Destroy(owner, 1'000'000);
      EXPECT_TRUE(destroyed.ok() || destroyed.error().code == ErrorCode::kUnavailable);
    }
    done = true;
  });
  std::vector<std::string> damage;
  for (int looks = 0; looks < 40 && !done && damage.empty(); ++looks) Must(looking->Verify(&damage));
  done = true;
  eraser.join();
  EXPECT_TRUE(damage.empty()) << damage.front();
}

}  // namespace
}  // namespace tk::log
