// The first run of a folder, long enough that runs become files before the views were ever saved; and upkeep of which one step fails.
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/engine.h"
#include "kernel/view/upkeep.h"

namespace tk::view {
namespace {

// 150,000 versions: merged runs of the directory become files from 65,536 on.
constexpr int kAtOnce = 5'000, kRounds = 30;

class UpkeepTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-upkeep-" + NewUuid());
    engine_ = Open(folder_);
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::unique_ptr<Engine> Open(const std::string& folder) {
    EngineOptions options;
    options.folder = folder;
    options.definitions = fhir::Definitions::R4();
    options.clock = &clock_;
    auto engine = Engine::Create(
        options, [](const Directory&, const HashKey&) { return std::vector<std::unique_ptr<View>>(); });
    EXPECT_TRUE(engine.ok()) << engine.error().ToString();
    return engine.ok() ? std::move(engine).value() : nullptr;
  }
  Status AddMany(int round) {
    auto set = std::make_unique<ChangeSet>();
    set->basis = engine_->Head();
    for (int i = 0; i < kAtOnce; ++i) {
      const std::string id = "o" + std::to_string(round) + "-" + std::to_string(i);
      auto document =
          TRY(fhir::Document::Parse(R"({"resourceType":"Organization","id":")" + id + R"(","name":"x"})"));
      Change change;
      change.now = TRY(MakeResource(engine_->definitions(), std::move(document), 1, Operation::kCreate));
      set->changes.push_back(change);
      set->guards.push_back({engine_->IdHash("Organization", id), 0, {}, 0});
    }
    TRY(engine_->Prepare(set.get()));
    std::promise<Status> done;
    engine_->Submit(std::move(set), [&](Outcome outcome) {
      done.set_value(outcome.commit.ok() ? Status() : Status(outcome.commit.error()));
    });
    return done.get_future().get();
  }
  uint64_t Organizations(const Engine& engine) const {
    return engine.directory().LiveCount(engine.definitions().FindType("Organization"));
  }

  std::string folder_;
  FixedClock clock_{1'795'000'000 * kSecondUs};
  std::unique_ptr<Engine> engine_;
};

TEST_F(UpkeepTest, TheFirstRunOfAFolderMergesIntoFilesAndStartsAfterAKill) {
  for (int round = 0; round < kRounds; ++round) ASSERT_TRUE(AddMany(round).ok());
  const Status kept = engine_->Maintain();
  EXPECT_TRUE(kept.ok()) << kept.error().ToString();
  EXPECT_TRUE(engine_->failing_upkeep().empty());
  EXPECT_FALSE(std::filesystem::is_empty(folder_ + "/views/directory"));

  const std::string killed = folder_ + "-killed", without = folder_ + "-without";
  std::filesystem::copy(folder_, killed, std::filesystem::copy_options::recursive);
  std::filesystem::copy(folder_, without, std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(without + "/views");
  engine_.reset();
  for (const std::string& each : {killed, without}) {
    const auto again = Open(each);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(Organizations(*again), uint64_t{kAtOnce} * kRounds);
  }
  std::filesystem::remove_all(killed);
  std::filesystem::remove_all(without);
}

// A file stands where the folder of the runs should be: merging fails, and so does saving; the erasure is finished all the same.
TEST_F(UpkeepTest, OneStepThatFailsIsToldAndKeepsNoOtherBack) {
  std::string said;
  CaptureDiagnostics(&said);
  std::filesystem::remove_all(folder_ + "/views");
  ASSERT_TRUE(WriteFileDurable(folder_ + "/views", "in the way").ok());
  for (int round = 0; round < kRounds; ++round) ASSERT_TRUE(AddMany(round).ok());
  // How large the merges are that are due depends on when the engine's own maintenance looked: more is written until one needs a file.
  const std::vector<std::string> both{"merge", "save"};
  for (int round = kRounds; round < 3 * kRounds; ++round) {
    EXPECT_FALSE(engine_->Maintain().ok());
    if (engine_->failing_upkeep() == both) break;
    ASSERT_TRUE(AddMany(round).ok());
  }
  EXPECT_EQ(engine_->failing_upkeep(), both);
  ASSERT_TRUE(RemoveFile(folder_ + "/views").ok());
  // The engine's own maintenance may be at it still, and fail once more in what it began before.
  for (int i = 0; i < 1000 && !engine_->failing_upkeep().empty(); ++i) {
    EXPECT_TRUE(engine_->Maintain().ok() || i < 10);
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(engine_->failing_upkeep().empty());
  engine_.reset();
  CaptureDiagnostics(nullptr);
  EXPECT_NE(said.find("upkeep-failed"), std::string::npos);
  EXPECT_NE(said.find("upkeep-mended"), std::string::npos);
}

TEST(Upkeep, TellsWhatChanges) {
  std::string said;
  CaptureDiagnostics(&said);
  Upkeep upkeep;
  const auto lines = [&] {
    int count = 0;
    for (size_t at = said.find("\"event\""); at != said.npos; at = said.find("\"event\"", at + 1)) ++count;
    return count;
  };
  upkeep.Tell("save", {});
  EXPECT_EQ(lines(), 0);
  upkeep.Tell("save", MakeError(ErrorCode::kUnavailable, "full"));
  upkeep.Tell("save", MakeError(ErrorCode::kUnavailable, "full"));
  EXPECT_EQ(lines(), 1);
  upkeep.Tell("merge", MakeError(ErrorCode::kUnavailable, "full"));
  upkeep.Tell("save", MakeError(ErrorCode::kCorrupt, "damaged"));
  EXPECT_EQ(lines(), 3);
  EXPECT_EQ(upkeep.failing(), (std::vector<std::string>{"merge", "save"}));
  upkeep.Tell("save", {});
  FlushDiagnostics();
  EXPECT_EQ(lines(), 4);
  EXPECT_EQ(upkeep.failing(), std::vector<std::string>{"merge"});
  CaptureDiagnostics(nullptr);
}

}  // namespace
}  // namespace tk::view
