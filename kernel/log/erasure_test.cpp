// Erasure, contents, backup and restore together: after an erasure no string of the person is found in any file, and no restored copy
// opens what was erased.
#include "kernel/log/erasure.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "kernel/log/codec.h"
#include "kernel/log/sqlite/sqlite_log.h"
#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

namespace fs = std::filesystem;
using test::Must;

// "needle in file" for every file below `folder` that holds one of `needles` in its bytes or its name.
std::vector<std::string> FilesWith(const std::string& folder, std::span<const char* const> needles) {
  std::vector<std::string> found;
  std::error_code error;  // a running database makes and removes files meanwhile
  for (auto it = fs::recursive_directory_iterator(folder, error); it != fs::recursive_directory_iterator();
       it.increment(error)) {
    if (error || !it->is_regular_file(error)) continue;
    std::string bytes(it->file_size(error), '\0');
    std::ifstream(it->path(), std::ios::binary)
        .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes += it->path().string();
    for (const char* needle : needles) {
      if (memmem(bytes.data(), bytes.size(), needle, strlen(needle)) != nullptr)
        found.push_back(std::string(needle) + " in " + it->path().string());
    }
  }
  return found;
}

class ErasureTest : public testing::TestWithParam<std::string> {
 protected:
  static constexpr const char* kStrings[] = {"Zhuge-Qingfeng", "19900001380", "38010119800101123X",
                                             "patient-to-erase", "Willow Lane"};

  void SetUp() override {
    harness_ = test::MakeHarness(GetParam());
    if (harness_ == nullptr) GTEST_SKIP() << "PostgreSQL is not installed here.";
    options_ = harness_->Other("life1");
    log_ = Must(OpenLog(options_));
    keys_ = Must(OpenKeyStore(folder_.path("keys")));
    contents_ = Must(OpenContentFolder(folder_.path("contents"), keys_.get()));
    codec_ = Must(Codec::Create(log_.get(), keys_.get()));
    Must(log_->TakeEpoch());
    Must(log_->InternType("Patient"));
  }

  NewEntry Sealed(const std::string& id, const std::string& text, uint32_t version) {
    NewEntry entry;
    entry.type = 1;
    entry.version = version;
    entry.id_hash = KeyedHash(keys_->hash_key(), "Patient/" + id);
    Content content{id, text, 0, false};
    Must(Splice(&content));
    Must(codec_->Seal(content, Must(keys_->ForName("Patient/" + id)), &entry));
    return entry;
  }
  void AppendOne(NewEntry entry) {
    Must(keys_->Flush());
    Must(log_->Append(test::BatchOfOne(log_->head(), std::move(entry), kStart)));
  }
  void AppendErase(OwnerNumber owner) {
    NewEntry entry;
    entry.type = 1;
    entry.op = Operation::kErase;
    entry.version = 0;
    entry.owner = owner;
    AppendOne(std::move(entry));
  }
  std::string PersonText() const {
    return std::string(R"({"resourceType":"Patient","id":"patient-to-erase","identifier":[{"value":")") +
           kStrings[2] + R"("}],"name":[{"text":")" + kStrings[0] + R"("}],"telecom":[{"value":")" +
           kStrings[1] + R"("}],"address":[{"line":[")" + kStrings[4] + R"("]}]})";
  }
  void ExpectNoStrings() {
    for (const std::string& folder : {folder_.path(), harness_->data_folder()}) {
      for (const std::string& place : FilesWith(folder, kStrings)) ADD_FAILURE() << place;
    }
  }

  static constexpr Instant kStart = 1'700'000'000'000'000;
  test::TempFolder folder_;
  std::unique_ptr<test::Harness> harness_;
  OpenOptions options_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<ContentStore> contents_;
  std::unique_ptr<Codec> codec_;
};
INSTANTIATE_TEST_SUITE_P(Backends, ErasureTest, testing::Values("sqlite", "postgresql"), test::BackendName);

TEST_P(ErasureTest, NothingOfThePersonIsLeftAnywhere) {
  const std::string other = R"({"resourceType":"Patient","id":"other","active":true})";
  AppendOne(Sealed("other", other, 1));
  AppendOne(Sealed("patient-to-erase", PersonText(), 1));
  AppendOne(Sealed("patient-to-erase", PersonText(), 2));
  const PersonKey key = Must(keys_->ForName("Patient/patient-to-erase"));
  const ContentRef photo = Must(contents_->Put(key, std::string("photo of ") + kStrings[0]));
  const ContentRef other_photo = Must(contents_->Put(Must(keys_->ForName("Patient/other")), "another photo"));
  Must(log_->Backup(folder_.path("backup")));
  Must(keys_->Backup(folder_.path("keys-backup.db")));
  Must(contents_->Backup(folder_.path("contents-backup")));
  ExpectNoStrings();  // sealed from the first moment
  ASSERT_EQ(Must(codec_->Unseal(Must(log_->Read(2)))).text, PersonText())
      << "the test would find nothing in any case";

  AppendErase(key.owner);
  Must(EraseOwner(keys_.get(), contents_.get(), key.owner, kStart + 5000));
  ExpectNoStrings();
  EXPECT_EQ(codec_->Unseal(Must(log_->Read(2))).error().code, ErrorCode::kGone);
  EXPECT_EQ(contents_->Get(key.owner, photo.hash).error().code, ErrorCode::kGone);
  EXPECT_EQ(Must(codec_->Unseal(Must(log_->Read(1)))).text, other);
  EXPECT_EQ(Must(contents_->Get(Must(keys_->Find("Patient/other")), other_photo.hash)), "another photo");

  // A restore to before the erasure: the entries are back, the person is not.
  const OpenOptions second = harness_->Other("life2");
  const Head restored = Must(RestoreLog(folder_.path("backup"), kStart + 1'000'000'000, second));
  EXPECT_EQ(restored.t, 3u);
  const auto log2 = Must(OpenLog(second));
  const auto codec2 = Must(Codec::Create(log2.get(), keys_.get()));
  EXPECT_EQ(codec2->Unseal(Must(log2->Read(2))).error().code, ErrorCode::kGone);
  EXPECT_EQ(Must(codec2->Unseal(Must(log2->Read(1)))).text, other);
  EXPECT_EQ(Must(ErasuresToReplay(*log2, *keys_)), std::vector<OwnerNumber>{key.owner});
  EXPECT_TRUE(Must(ErasuresToReplay(*log_, *keys_)).empty());
  ExpectNoStrings();
}

TEST_P(ErasureTest, ACrashBetweenEntryAndKeyIsFinishedAtTheStart) {
  AppendOne(Sealed("patient-to-erase", PersonText(), 1));
  const PersonKey key = Must(keys_->ForName("Patient/patient-to-erase"));
  const ContentRef photo = Must(contents_->Put(key, "photo"));
  AppendErase(key.owner);
  // Here the process died.
  EXPECT_EQ(Must(FinishErasures(*log_, keys_.get(), contents_.get(), 1)), 1);
  EXPECT_TRUE(keys_->IsDestroyed(key.owner));
  EXPECT_EQ(contents_->Get(key.owner, photo.hash).error().code, ErrorCode::kGone);
  EXPECT_EQ(Must(FinishErasures(*log_, keys_.get(), contents_.get(), 1)), 0);
}

TEST_P(ErasureTest, RestoreCutsAtTheChosenTimeAndBeginsANewLife) {
  for (int i = 0; i < 10; ++i)
    AppendOne(Sealed("p" + std::to_string(i), R"({"resourceType":"Patient","active":true})", 1));
  Must(log_->AddDictionary(1, "a dictionary"));
  Must(log_->Backup(folder_.path("backup")));
  EXPECT_EQ(log_->Backup(folder_.path("backup")).error().code, ErrorCode::kConflict);
  const OpenOptions second = harness_->Other("life2");
  const Head head = Must(RestoreLog(folder_.path("backup"), kStart + 6'999, second));
  EXPECT_EQ(head.t, 7u);
  EXPECT_EQ(head.next_ordinal, 8u);
  EXPECT_GT(head.incarnation, log_->head().incarnation);
  EXPECT_GT(head.epoch, log_->head().epoch);
  EXPECT_EQ(RestoreLog(folder_.path("backup"), kStart, second).error().code, ErrorCode::kConflict)
      << "never over a log";
  const auto restored = Must(OpenLog(second));
  test::ExpectSound(*restored);
  EXPECT_EQ(restored->TypeName(1), "Patient");
  EXPECT_EQ(Must(restored->Dictionaries()).size(), 1u);
  for (Ordinal ordinal = 1; ordinal <= 7; ++ordinal) {
    const StoredEntry was = Must(log_->Read(ordinal)), is = Must(restored->Read(ordinal));
    EXPECT_TRUE(test::SameEntry(was, is));
    EXPECT_EQ(was.at_us, is.at_us);
  }
  test::Appender appender(restored.get());
  Must(restored->Append(appender.Next({2})));
  test::ExpectSound(*restored);
}

TEST_P(ErasureTest, ContentsAreKeptOncePerOwnerAndCheckedWhenRead) {
  const PersonKey a = Must(keys_->ForName("Patient/a")), b = Must(keys_->ForName("Patient/b"));
  const std::string bytes(200'000, 'q');
  const ContentRef ref = Must(contents_->Put(a, bytes));
  EXPECT_EQ(ref.size, bytes.size());
  EXPECT_EQ(Must(contents_->Put(a, bytes)).hash, ref.hash);
  EXPECT_EQ(contents_->Get(b.owner, ref.hash).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(contents_->Get(a.owner, "../../keys/master.key").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(contents_->Get(a.owner, std::string(64, '0')).error().code, ErrorCode::kNotFound);
  const auto again = Must(OpenContentFolder(folder_.path("contents"), keys_.get()));
  EXPECT_TRUE(Must(again->Get(a.owner, ref.hash)) == bytes);
  const auto files = [&] {
    std::vector<fs::path> out;
    for (const auto& file : fs::recursive_directory_iterator(folder_.path("contents"))) {
      if (file.is_regular_file()) out.push_back(file.path());
    }
    return out;
  }();
  ASSERT_EQ(files.size(), 1u);
  std::fstream file(files[0], std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(1000);
  const auto byte = static_cast<char>(file.get() ^ 1);  // another one than there is, whatever that is
  file.seekp(1000);
  file.put(byte);
  file.close();
  EXPECT_EQ(again->Get(a.owner, ref.hash).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tk::log
