// The view of the watch-list on a real log: random histories, restarts and rebuilds; incremental equals rebuilt.
#include <thread>

#include "apps/point-of-care/tests/world.h"
#include "kernel/base/file.h"

namespace tk::point_of_care {
namespace {

class WatchViewTest : public WatchWorld {
 protected:
  static constexpr uint64_t kEntries = 12, kPersons = 5;
  static std::string EntryId(uint64_t i) { return "e" + std::to_string(i); }

  void AnyWrite(SeededRandom* random) {
    const std::string entry = EntryId(random->Below(kEntries)),
                      person = "v" + std::to_string(random->Below(kPersons));
    switch (random->Below(6)) {
      case 0:
        (void)Delete("WatchEntry/" + entry);
        break;
      case 1:
        (void)Listed(entry, person, {}, random->Below(2) == 0 ? "ended" : "entered-in-error");
        break;
      case 2:
        (void)Register(person);
        break;
      case 3:
        if (random->Below(8) == 0) (void)engine_->Erase("Patient/" + person);
        break;
      default:
        (void)Listed(entry, person,
                     random->Below(2) == 0
                         ? std::string()
                         : fmt::format(R"(,"period":{{"start":"2026-11-0{}","end":"2026-12"}})",
                                       random->Below(9) + 1));
    }
  }
  void Reopen(bool keep_saved) {
    Close();
    if (!keep_saved) std::filesystem::remove_all(folder_ / "views/watch");
    Open();
  }
};

TEST_F(WatchViewTest, IncrementalEqualsRebuilt) {
  SeededRandom random(20261123);
  size_t most = 0;
  for (int round = 0; round < 4; ++round) {
    for (uint64_t i = 0; i < kPersons; ++i)
      (void)Put("Patient/v" + std::to_string(i), PatientJson("v" + std::to_string(i)));
    for (int i = 0; i < 60; ++i) {
      AnyWrite(&random);
      if (random.Below(16) == 0) {
        ASSERT_TRUE(engine_->SaveViews().ok());
      }
    }
    const std::vector<rules::WatchedEntry> incremental = watch_->All();
    most = std::max(most, incremental.size());
    Reopen(true);
    ASSERT_EQ(watch_->All(), incremental) << "saved and read again, round " << round;
    Reopen(false);
    ASSERT_EQ(watch_->All(), incremental) << "rebuilt, round " << round;
  }
  EXPECT_GT(most, 3u);
}

TEST_F(WatchViewTest, ADamagedFileIsNotBelieved) {
  Must(Listed("e1", "a"));
  const std::vector<rules::WatchedEntry> before = watch_->All();
  ASSERT_EQ(before.size(), 1u);
  ASSERT_TRUE(engine_->SaveViews().ok());
  Close();
  const std::string path = folder_ / "views/watch/entries";
  std::string bytes = ReadFile(path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(WriteFileDurable(path, bytes).ok());
  Open();
  EXPECT_EQ(watch_->All(), before);
  EXPECT_EQ(LinksOf(Register("a")).size(), 1u);
}

}  // namespace
}  // namespace tk::point_of_care
