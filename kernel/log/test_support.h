// What the tests of this room share: a back end to open again and again, batches of seeded entries, and short ways to insist.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "kernel/base/random.h"
#include "kernel/log/log_store.h"

namespace tk::log::test {

/// The value, or the test ends with the error's text.
template <class T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().ToString();
    throw std::runtime_error(result.error().ToString());
  }
  return std::move(result).value();
}
inline void Must(Status status) {
  if (status.ok()) return;
  ADD_FAILURE() << status.error().ToString();
  throw std::runtime_error(status.error().ToString());
}

/// The back end's name at the end of a test's name.
inline std::string BackendName(const testing::TestParamInfo<std::string>& backend) { return backend.param; }

/// A folder that goes away with its contents.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }

 private:
  std::string path_;
};

/// One log of a back end. Open gives another handle on the same log; SQLite's are made without the folder lock.
class Harness {
 public:
  virtual ~Harness() = default;
  virtual Result<std::unique_ptr<Log>> Open() = 0;
  /// Options for an empty log of the same kind beside it.
  virtual OpenOptions Other(const std::string& name) = 0;
  /// Where the store keeps its files.
  virtual std::string data_folder() const = 0;
};
/// "sqlite" or "postgresql"; null if it is not installed here.
std::unique_ptr<Harness> MakeHarness(const std::string& backend);

/// Null if PostgreSQL is not installed. The cluster is the tests' own: see test_cluster_test.cpp.
std::unique_ptr<Harness> MakePostgresHarness();

/// Takes the epoch, then makes batches that follow the head.
class Appender {
 public:
  explicit Appender(Log* log, uint64_t seed = 1) : log_(log), random_(seed) { Must(log->TakeEpoch()); }
  /// A batch with these many entries in its transactions.
  Batch Next(const std::vector<uint32_t>& entry_counts);
  /// The same; named apart where the test does not mean it to be appended.
  Batch Peek(const std::vector<uint32_t>& entry_counts) { return Next(entry_counts); }

 private:
  NewEntry MakeEntry();
  Log* log_;
  SeededRandom random_;
};

/// A batch of one transaction with this entry that follows `head`, one millisecond after `start_us` for every transaction before it.
Batch BatchOfOne(const Head& head, NewEntry entry, Instant start_us);

bool SameEntry(const NewEntry& a, const NewEntry& b);
/// Verify finds nothing, and the head agrees with what was counted.
void ExpectSound(const Log& log);

}  // namespace tk::log::test
