// Support of the room's tests (a file of its own, so that the library does not carry it).
#include "kernel/log/test_support.h"

#include <unistd.h>

#include "kernel/log/sqlite/sqlite_log.h"

namespace tk::log::test {
namespace {

class SqliteHarness final : public Harness {
 public:
  Result<std::unique_ptr<Log>> Open() override {
    OpenOptions options;
    options.folder = folder_.path("log");
    SqliteTuning tuning;
    tuning.lock_folder = false;
    return std::unique_ptr<Log>(TRY(OpenSqliteLog(options, tuning)));
  }
  OpenOptions Other(const std::string& name) override {
    OpenOptions options;
    options.folder = folder_.path(name);
    return options;
  }
  std::string data_folder() const override { return folder_.path(); }

 private:
  TempFolder folder_;
};

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tk_log_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::unique_ptr<Harness> MakeHarness(const std::string& backend) {
  return backend == "sqlite" ? std::make_unique<SqliteHarness>() : MakePostgresHarness();
}

NewEntry Appender::MakeEntry() {
  NewEntry entry;
  entry.type = static_cast<TypeCode>(1 + random_.Below(20));
  entry.op = static_cast<Operation>(1 + random_.Below(4));
  entry.version = static_cast<uint32_t>(random_.Below(5));
  entry.id_hash = random_.Next();
  entry.owner = static_cast<OwnerNumber>(random_.Next());
  entry.dictionary = static_cast<DictionaryId>(random_.Below(3));
  entry.sealed.resize(random_.Below(300));
  for (char& c : entry.sealed) c = static_cast<char>(random_.Next());
  return entry;
}

Batch Appender::Next(const std::vector<uint32_t>& entry_counts) {
  const Head head = log_->head();
  Batch batch;
  SystemRandom(batch.id);
  batch.epoch = head.epoch;
  batch.first_t = head.t + 1;
  batch.first_ordinal = head.next_ordinal;
  Instant at_us = std::max<Instant>(head.last_at_us, 1'700'000'000'000'000);
  for (const uint32_t count : entry_counts) {
    at_us += 1000 + static_cast<Instant>(random_.Below(100'000));
    batch.transactions.push_back({count, random_.Below(2) == 0 ? 0 : random_.Next(), at_us});
    for (uint32_t i = 0; i < count; ++i) batch.entries.push_back(MakeEntry());
  }
  return batch;
}

Batch BatchOfOne(const Head& head, NewEntry entry, Instant start_us) {
  Batch batch;
  SystemRandom(batch.id);
  batch.epoch = head.epoch;
  batch.first_t = head.t + 1;
  batch.first_ordinal = head.next_ordinal;
  batch.transactions.push_back({1, 0, start_us + static_cast<Instant>(head.t) * 1000});
  batch.entries.push_back(std::move(entry));
  return batch;
}

bool SameEntry(const NewEntry& a, const NewEntry& b) {
  return a.type == b.type && a.op == b.op && a.version == b.version && a.id_hash == b.id_hash &&
         a.owner == b.owner && a.dictionary == b.dictionary && a.sealed == b.sealed;
}

void ExpectSound(const Log& log) {
  const VerifyReport report = Must(log.Verify());
  for (const std::string& line : report.damage) ADD_FAILURE() << line;
  EXPECT_EQ(report.transactions, log.head().t);
  EXPECT_EQ(report.entries, log.head().next_ordinal - 1);
}

}  // namespace tk::log::test
