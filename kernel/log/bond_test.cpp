// A log and its keys that do not belong together, and single bytes turned over all over log.db and keys.db: whatever is wrong is either told
// or changes no answer.
#include "kernel/log/bond.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "kernel/log/codec.h"
#include "kernel/log/postgres/connection.h"
#include "kernel/log/sqlite/database.h"
#include "kernel/log/sqlite/sqlite_log.h"
#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

namespace fs = std::filesystem;
using test::Must;

constexpr Instant kStart = 1'700'000'000'000'000;

/// A log and its keys, open for writing, with sealed patients in it.
struct Writing {
  Writing(const OpenOptions& options, const std::string& keys_folder)
      : log(Must(OpenLog(options))), keys(Must(OpenKeysOf(*log, keys_folder))) {
    Must(log->TakeEpoch());
    Must(log->InternType("Observation"));
    type = Must(log->InternType("Patient"));
    codec = Must(Codec::Create(log.get(), keys.get()));
  }
  void Append(const std::string& id, Operation op = Operation::kCreate, const std::string& more = {}) {
    NewEntry entry;
    entry.type = type;
    entry.op = op;
    const PersonKey key = Must(keys->ForName("Patient/" + id));
    entry.owner = key.owner;
    entry.id_hash = KeyedHash(keys->hash_key(), "Patient/" + id);
    Content content{id, R"({"resourceType":"Patient","id":")" + id + R"(","active":true)" + more + "}", 0,
                    false};
    Must(Splice(&content));
    if (op == Operation::kErase) {
      entry.version = 0;
    } else {
      Must(codec->Seal(content, key, &entry));
    }
    Must(keys->Flush());
    Must(log->Append(test::BatchOfOne(log->head(), std::move(entry), kStart)));
  }
  void Erase(const std::string& id) {
    Append(id, Operation::kErase);
    Must(keys->Destroy(Must(keys->Find("Patient/" + id)), kStart));
  }

  std::unique_ptr<Log> log;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<Codec> codec;
  TypeCode type = 0;
};

/// What `tongkang verify` does; an error of opening counts as told.
std::vector<std::string> Told(const OpenOptions& options, const std::string& keys_folder) {
  OpenOptions reading = options;
  reading.read_only = true;
  reading.read_connections = 1;
  auto log = OpenLog(reading);
  if (!log.ok()) return {log.error().external};
  auto report = (*log)->Verify();
  if (!report.ok()) return {report.error().external};
  auto keys = OpenExistingKeyStore(keys_folder);
  if (!keys.ok()) return {keys.error().external};
  const auto contents = OpenContentFolder(keys_folder + "/contents", keys->get(), true);
  if (const Status verified = VerifyKeys(log->get(), keys->get(), contents->get(), &*report); !verified.ok())
    return {verified.error().external};
  return report->damage;
}

class BondTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    harness_ = test::MakeHarness(GetParam());
    if (harness_ == nullptr) GTEST_SKIP() << "PostgreSQL is not installed here.";
    options_ = harness_->Other("log");
    Writing writing(options_, keys_);
    for (const char* id : {"a", "b", "c"}) writing.Append(id);
    writing.Erase("b");
  }
  Error OpenError() {
    const auto log = Must(OpenLog(options_));
    auto keys = OpenKeysOf(*log, keys_);
    EXPECT_FALSE(keys.ok());
    if (keys.ok()) return MakeError(ErrorCode::kInternal, "opened");
    return keys.error();
  }
  static bool Has(const Error& error, std::string_view text) {
    return error.external.find(text) != std::string::npos;
  }

  test::TempFolder folder_;
  const std::string keys_ = folder_.path("keys");
  std::unique_ptr<test::Harness> harness_;
  OpenOptions options_;
};
INSTANTIATE_TEST_SUITE_P(Backends, BondTest, testing::Values("sqlite", "postgresql"), test::BackendName);

TEST_P(BondTest, WhatBelongsTogetherOpensAndIsSound) {
  EXPECT_EQ(Told(options_, keys_), std::vector<std::string>{});
  Writing writing(options_, keys_);
  writing.Append("d");
  EXPECT_EQ(Told(options_, keys_), std::vector<std::string>{});
}

// Of any version, not only of the newest: what the contents still have is opened, what they lack is known by the log alone.
TEST_P(BondTest, MissingAttachmentsOfFormerVersionsAreTold) {
  Writing writing(options_, keys_);
  const auto contents = Must(OpenContentFolder(keys_ + "/contents", writing.keys.get()));
  writing.codec = Must(Codec::Create(writing.log.get(), writing.keys.get(), contents.get()));
  const std::string picture(100'000, 'A');
  writing.Append("a", Operation::kUpdate, R"(,"photo":[{"data":")" + picture + "\"}]");
  writing.Append("a", Operation::kUpdate);
  EXPECT_EQ(Told(options_, keys_), std::vector<std::string>{});
  const OwnerNumber owner = Must(writing.keys->Find("Patient/a"));
  const std::string hash = [&] {
    for (Ordinal ordinal = 1;; ++ordinal) {
      const auto hashes = writing.codec->AttachmentsOf(Must(writing.log->Read(ordinal)));
      if (hashes.ok() && !hashes->empty()) return hashes->front();
    }
  }();
  fs::remove(keys_ + "/contents/" + contents->PlaceOf(owner, hash));
  const auto told = Told(options_, keys_);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find(contents->PlaceOf(owner, hash) + ": missing"), std::string::npos) << told[0];
  std::vector<std::string> of_backup;
  Must(VerifyContents(writing.log.get(), writing.keys.get(), contents.get(), &of_backup));
  EXPECT_EQ(of_backup, told);
  writing.Erase("a");
  EXPECT_EQ(Told(options_, keys_), std::vector<std::string>{});
}

TEST_P(BondTest, MissingOrEmptyKeysAreToldAndNothingIsMade) {
  fs::remove(keys_ + "/keys.db");
  Error error = OpenError();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_TRUE(Has(error, "keys.db is missing") && Has(error, "--keys-to")) << error.external;
  EXPECT_FALSE(fs::exists(keys_ + "/keys.db"));
  EXPECT_FALSE(Told(options_, keys_).empty());
  EXPECT_FALSE(fs::exists(keys_ + "/keys.db"));

  std::ofstream(keys_ + "/keys.db").flush();
  error = OpenError();
  EXPECT_TRUE(Has(error, "keys.db is empty")) << error.external;
  EXPECT_EQ(fs::file_size(keys_ + "/keys.db"), 0u);
}

TEST_P(BondTest, KeysOfAnotherLogAreToldAlthoughTheirMasterKeyIsTheSame) {
  for (const char* name : {"/keys.db", "/keys.head"}) fs::remove(keys_ + name);
  {
    const auto others = Must(OpenKeyStore(keys_));
    for (int i = 0; i < 20; ++i) Must(others->ForName(fmt::format("Patient/{}", i)));
    Must(others->Flush());
  }
  const Error error = OpenError();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_TRUE(Has(error, "of another log")) << error.external;
  EXPECT_FALSE(Told(options_, keys_).empty());
}

TEST_P(BondTest, KeysOlderThanTheLogAreTold) {
  const std::string old = folder_.path("old.db");
  Must(Must(OpenExistingKeyStore(keys_))->Backup(old));
  {
    Writing writing(options_, keys_);
    for (const char* id : {"new1", "new2", "a"}) writing.Append(id);
  }
  fs::copy_file(old, keys_ + "/keys.db", fs::copy_options::overwrite_existing);
  EXPECT_TRUE(Has(OpenError(), "Keys are missing"));
  fs::remove(keys_ + "/keys.head");
  const Error error = OpenError();
  EXPECT_TRUE(Has(error, "older than the log")) << error.external;
  const std::vector<std::string> told = Told(options_, keys_);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("keys of 2 persons are missing (numbers 4 to 5), who have 2 entries"),
            std::string::npos)
      << told[0];
}

TEST_P(BondTest, ATypeThatMeansAnotherOneIsTold) {
  constexpr const char* kSwap = "UPDATE type SET name = CASE code WHEN 1 THEN 'Patienu' ELSE 'Obsolete' END";
  if (GetParam() == "sqlite") {
    auto db = Must(sqlite::Database::Open(options_.folder + "/log.db", SQLITE_OPEN_READWRITE));
    Must(db.Exec(kSwap));
  } else {
    postgres::Connection admin(options_.url, options_.schema);
    Must(admin.Connect());
    Must(admin.Exec(kSwap));
  }
  const std::vector<std::string> told = Told(options_, keys_);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("table of types: code 2"), std::string::npos) << told[0];
}

// ---- an empty log --------------------------------------------------------------------------------------------------

TEST_P(BondTest, AnEmptyLogBesideKeysThatKnowPersonsIsRefused) {
  const OpenOptions fresh = harness_->Other("fresh");
  if (GetParam() == "sqlite") {
    const Status placed = CheckLogPlace(fresh, keys_);
    ASSERT_FALSE(placed.ok());
    EXPECT_EQ(placed.error().code, ErrorCode::kIncorrect);
    EXPECT_TRUE(Has(placed.error(), "knows 3 persons, and there is no log.db")) << placed.error().external;
    EXPECT_TRUE(Has(placed.error(), "--log postgresql://")) << placed.error().external;
    EXPECT_FALSE(fs::exists(fresh.folder + "/log.db"));
  }
  for (int start = 0; start < 2; ++start) {
    const auto log = Must(OpenLog(fresh));
    const auto keys = OpenKeysOf(*log, keys_);
    ASSERT_FALSE(keys.ok());
    EXPECT_EQ(keys.error().code, ErrorCode::kIncorrect);
    EXPECT_TRUE(Has(keys.error(), "is empty")) << keys.error().external;
  }
  EXPECT_EQ(Told(options_, keys_), std::vector<std::string>{});
  Writing(options_, keys_).Append("d");  // the right one goes on
}

TEST_P(BondTest, AnEmptyLogOfTheOtherKindIsRefusedThoughSomebodyWroteToItOnce) {
  // Before there were persons, the folder was started with the other kind of log; or log.place is of a former program and missing.
  OpenOptions stray;
  stray.folder = folder_.path("stray");
  const auto log = Must(OpenLog(stray));
  Must(log->TakeEpoch());
  if (GetParam() == "postgresql") {
    EXPECT_FALSE(CheckLogPlace(stray, keys_).ok());
    const auto keys = OpenKeysOf(*log, keys_);
    ASSERT_FALSE(keys.ok());
    EXPECT_TRUE(Has(keys.error(), "--log postgresql://")) << keys.error().external;
  }
  fs::remove(keys_ + "/log.place");
  EXPECT_FALSE(OpenKeysOf(*log, keys_).ok());
  Writing(options_, keys_).Append("d");
  EXPECT_TRUE(fs::exists(keys_ + "/log.place"));
}

TEST_P(BondTest, ARestoredEmptyLogIsTheirs) {
  Must(Must(OpenLog(options_))->Backup(folder_.path("backup")));
  const OpenOptions restored = harness_->Other("restored");
  ASSERT_EQ(Must(RestoreLog(folder_.path("backup"), kStart - 1, restored)).next_ordinal, 1u);
  Writing(restored, keys_).Append("d");
}

TEST(LogPlace, ACrashInTheFirstWriteLeavesAFolderThatStarts) {
  test::TempFolder folder;
  OpenOptions options;
  options.folder = folder.path("data");
  {
    Writing writing(options, options.folder);
    Must(writing.keys->ForName("Patient/first"));
    Must(writing.keys->Flush());
  }
  Must(CheckLogPlace(options, options.folder));
  Writing(options, options.folder).Append("first");
}

TEST(LogPlace, TheOtherBackEndIsRefusedOnceThereIsSomethingToLose) {
  test::TempFolder folder;
  OpenOptions here, there;
  here.folder = there.folder = folder.path("data");
  there.url = "postgresql://nowhere/none";
  Must(CheckLogPlace(here, here.folder));  // fresh
  {
    const auto log = Must(OpenLog(here));
    Must(OpenKeysOf(*log, here.folder));
    Must(CheckLogPlace(there, there.folder));  // it was started once, and nothing is in it
    test::Appender appender(log.get());
    Must(log->Append(appender.Next({1})));
  }
  const Status other = CheckLogPlace(there, there.folder);
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().external.find("Leave out --log"), std::string::npos) << other.error().external;
  Must(CheckLogPlace(here, here.folder));
  Must(KeepLogPlace(here.folder, "postgresql"));
  const Status without = CheckLogPlace(here, here.folder);
  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.error().external.find("no --log was given"), std::string::npos)
      << without.error().external;
  Must(CheckLogPlace(there, there.folder));
}

// ---- single bytes --------------------------------------------------------------------------------------------------

std::string FileBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Everything that is ever asked of a log and its keys, as one text.
std::string AllAnswers(const OpenOptions& options, const std::string& keys_folder) {
  OpenOptions reading = options;
  reading.read_only = true;
  reading.read_connections = 1;
  const auto log = OpenLog(reading);
  if (!log.ok()) return log.error().ToString();
  const auto keys = OpenExistingKeyStore(keys_folder);
  if (!keys.ok()) return keys.error().ToString();
  const auto codec = Codec::Create(log->get(), keys->get());
  if (!codec.ok()) return codec.error().ToString();
  const Head head = (*log)->head();
  std::string out =
      fmt::format("{} {} {} {}\n", head.incarnation, head.t, head.next_ordinal, ToHex(head.chain));
  for (TypeCode code = 0; code < 8; ++code) out += (*log)->TypeName(code) + " ";
  for (const Log::Dictionary& dictionary : Must((*log)->Dictionaries()))
    out += fmt::format("{} {} {}\n", dictionary.id, dictionary.type, dictionary.bytes);
  for (Ordinal ordinal = 1; ordinal < head.next_ordinal; ++ordinal) {
    const auto entry = (*log)->Read(ordinal);
    if (!entry.ok()) return entry.error().ToString();
    const auto content = (*codec)->Unseal(*entry);
    const std::string text = content.ok() ? content->id + content->text : content.error().external;
    out += fmt::format("{} {} {} {}\n", entry->t, entry->at_us, entry->owner, text);
  }
  for (const char* id : {"a", "b", "c", "never"}) {
    const auto owner = (*keys)->Find(std::string("Patient/") + id);
    out +=
        owner.ok() ? fmt::format("{} {}\n", *owner, (*keys)->IsDestroyed(*owner)) : owner.error().ToString();
  }
  for (const KeyStore::Erasure& erasure : Must((*keys)->Ledger()))
    out += fmt::format("{} {}\n", erasure.owner, erasure.name_hash);
  const Status scanned = (*log)->ScanTransactions(1, head.t + 1, [&](const StoredTransaction& t) {
    out += fmt::format("{} {} {}\n", t.t, t.first_ordinal, t.key);
    return Result<bool>(true);
  });
  return out + (scanned.ok() ? "" : scanned.error().ToString());
}

class TurnedBytes : public testing::Test {
 protected:
  void SetUp() override {
    options_.folder = folder_.path("data");
    {
      Writing writing(options_, options_.folder);
      const TypeCode other = Must(writing.log->InternType("Observation"));
      Must(writing.log->AddDictionary(other, std::string(700, 'd')));
      for (int i = 0; i < 60; ++i) writing.Append(i == 2 ? "b" : i % 2 == 0 ? "a" : fmt::format("p{}", i));
      writing.Append("c");
      writing.Erase("b");
    }
    ASSERT_FALSE(fs::exists(options_.folder + "/log.db-wal"));
    fs::copy(options_.folder, folder_.path("sound"));
    answers_ = AllAnswers(options_, options_.folder);
    ASSERT_EQ(Told(options_, options_.folder), std::vector<std::string>{});
  }

  /// Whether the program could go on: opened for writing, one more patient, nothing told after it.
  std::string GoesOn() const {
    auto log = OpenLog(options_);
    if (!log.ok()) return log.error().ToString();
    auto keys = OpenKeysOf(**log, options_.folder);
    if (!keys.ok()) return keys.error().ToString();
    log->reset();
    keys->reset();
    Writing(options_, options_.folder).Append("one more");
    const std::vector<std::string> told = Told(options_, options_.folder);
    return told.empty() ? "" : told.front();
  }

  /// Turns bytes of `name` over, one at a time, with a fixed seed: some of every header and some of those in use on every page.
  void TurnAll(const std::string& name, int of_page_max) {
    const std::string path = options_.folder + "/" + name;
    const std::string sound = FileBytes(path);
    SeededRandom random(20261122);
    int told = 0, harmless = 0;
    bool fresh = true;
    for (size_t page = 0; page < sound.size(); page += 4096) {
      std::vector<size_t> at;
      // The headers of the file and of the page, then what is in use.
      const size_t header = page == 0 ? 108u : 12u;
      for (size_t i = random.Below(4); i < header; i += 3 + random.Below(3)) at.push_back(page + i);
      for (int n = 0, tries = 0; n < of_page_max && tries < 100 * of_page_max; ++tries) {
        const size_t any = page + random.Below(4096);
        if (sound[any] == 0) continue;  // mostly unused
        at.push_back(any);
        ++n;
      }
      for (const size_t byte : at) {
        if (fresh) {
          fs::remove_all(options_.folder);
          fs::copy(folder_.path("sound"), options_.folder);
          fresh = false;
        }
        for (const char* rest : {"-wal", "-shm"}) fs::remove(path + rest);
        const auto with = static_cast<char>(1u << random.Below(8));
        std::string bytes = sound;
        bytes[byte] = static_cast<char>(bytes[byte] ^ with);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        if (!Told(options_, options_.folder).empty()) {
          ++told;
          continue;
        }
        EXPECT_EQ(AllAnswers(options_, options_.folder), answers_)
            << name << " byte " << byte << " turned by " << static_cast<int>(with) << " is not told";
        if (harmless++ % 4 != 0) continue;  // it syncs often
        fresh = true;
        EXPECT_EQ(GoesOn(), "") << name << " byte " << byte << " turned by " << static_cast<int>(with);
      }
    }
    EXPECT_GT(told, 20);
    EXPECT_GT(harmless, 0);
    std::printf("%s: %d told, %d harmless\n", name.c_str(), told, harmless);
  }

  test::TempFolder folder_;
  OpenOptions options_;
  std::string answers_;
};

TEST_F(TurnedBytes, OfTheLogAreToldOrHarmless) { TurnAll("log.db", 5); }

TEST_F(TurnedBytes, OfTheKeysAreToldOrHarmless) { TurnAll("keys.db", 5); }

TEST_F(TurnedBytes, ATypesNameIsToldByVerifyAndAtTheStart) {
  const std::string path = options_.folder + "/log.db";
  std::string bytes = FileBytes(path);
  const size_t at = bytes.find("Observation", 3 * 4096);
  ASSERT_NE(at, std::string::npos);
  for (size_t each = at; each != std::string::npos; each = bytes.find("Observation", each + 1)) {
    std::string turned = bytes;
    turned[each] = 'P';
    std::ofstream(path, std::ios::binary | std::ios::trunc) << turned;
    EXPECT_FALSE(Told(options_, options_.folder).empty()) << each;
    const auto log = Must(OpenLog(options_));
    const auto interned = log->InternType("Observation");
    if (interned.ok()) continue;  // it was the index's copy
    EXPECT_EQ(interned.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(interned.error().external.find("table of types"), std::string::npos)
        << interned.error().external;
    EXPECT_NE(interned.error().external.find("tongkang verify"), std::string::npos);
    return;
  }
  ADD_FAILURE() << "no copy of the name was the table's";
}

}  // namespace
}  // namespace tk::log
