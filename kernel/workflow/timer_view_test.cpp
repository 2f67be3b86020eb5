// The view of timers on a real log: random histories, restarts and rebuilds; incremental equals rebuilt, and equals what the live records say.
#include "kernel/workflow/timer_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/engine.h"
#include "kernel/workflow/workflow_for_test.h"

namespace tk::workflow {
namespace {

constexpr Instant kTimersNow = 1'795'000'000 * kSecondUs;
constexpr uint64_t kRecords = 12;

class TimerViewTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-timers-" + NewUuid());
    Open();
  }
  void TearDown() override {
    Close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  void Open(size_t replay_changes_max = 200'000) {
    view::EngineOptions options;
    options.folder = options.log.folder = folder_;
    options.definitions = definitions_;
    options.clock = &clock_;
    options.replay_changes_max = replay_changes_max;
    auto engine = view::Engine::Create(options, [&](const view::Directory&, const HashKey&) {
      std::vector<std::unique_ptr<view::View>> views;
      auto made = std::make_unique<TimerView>();
      view_ = made.get();
      views.push_back(std::move(made));
      return views;
    });
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
  }
  void Close() {
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
  }

  /// One of few records is made, changed or deleted; some have no timers, some several, some have let some pass.
  void WriteAnything(SeededRandom* random) {
    const std::string id = "t" + std::to_string(random->Below(kRecords));
    const view::Position head = engine_->Head();
    const auto version = engine_->directory().Current(engine_->IdHash("Task", id), head);
    const bool exists = version.ordinal != 0 && !version.deleted;
    view::Change change;
    if (exists) change.before = engine_->Read(version.ordinal).value();
    if (random->Below(5) == 0) {
      if (!exists) return;
      change.now = view::MakeTombstone(*change.before);
    } else {
      Mark mark;
      mark.workflow = "test.ticket|1";
      mark.since_us = kTimersNow;
      for (uint64_t i = random->Below(4); i > 0; --i)
        mark.due_us.push_back(kTimersNow + static_cast<Instant>(random->Below(50)) * kSecondUs);
      std::sort(mark.due_us.begin(), mark.due_us.end());
      mark.passed = static_cast<int>(random->Below(3));
      auto document = fhir::Document::Parse(TicketJson(id)).value();
      if (random->Below(4) != 0) document = WithMark(document, PrintMark(mark)).value();
      change.now =
          view::MakeResource(*definitions_, std::move(document), version.version + 1,
                             version.ordinal == 0 ? view::Operation::kCreate : view::Operation::kUpdate)
              .value();
    }
    Submit(std::move(change), head);
  }
  void Submit(view::Change change, const view::Position& head) {
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = head;
    set->changes.push_back(std::move(change));
    ASSERT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<view::Outcome> done;
    engine_->Submit(std::move(set), [&](view::Outcome outcome) { done.set_value(std::move(outcome)); });
    ASSERT_TRUE(done.get_future().get().commit.ok());
  }
  std::vector<Timer> State() const { return view_->Due(INT64_MAX, {}, 1'000'000); }
  /// What the records say themselves.
  std::vector<Timer> Expected() const {
    std::vector<Timer> all;
    for (uint64_t i = 0; i < kRecords; ++i) {
      const auto version =
          engine_->directory().Current(engine_->IdHash("Task", "t" + std::to_string(i)), engine_->Head());
      if (version.ordinal == 0 || version.deleted) continue;
      const auto due = NextDue(engine_->Read(version.ordinal).value()->document.Root());
      if (due) all.push_back({*due, version.ordinal});
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  std::filesystem::path folder_;
  std::shared_ptr<const fhir::Definitions> definitions_ = fhir::Definitions::R4();
  FixedClock clock_{kTimersNow};
  TimerView* view_ = nullptr;
  std::unique_ptr<view::Engine> engine_;
};

TEST_F(TimerViewTest, IncrementalEqualsRebuilt) {
  SeededRandom random(20261123);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 60; ++i) {
      WriteAnything(&random);
      if (random.Below(4) == 0) {
        ASSERT_EQ(State(), Expected());
      }
      if (random.Below(16) == 0) {
        ASSERT_TRUE(engine_->SaveViews().ok());
      }
    }
    const auto incremental = State();
    ASSERT_EQ(incremental, Expected());
    ASSERT_GT(incremental.size(), 2u);
    Close();
    Open();
    ASSERT_EQ(State(), incremental) << "saved and read again, round " << round;
    Close();
    std::filesystem::remove_all(folder_ / "views/timers");
    Open();
    ASSERT_EQ(State(), incremental) << "rebuilt, round " << round;
  }
}

TEST_F(TimerViewTest, ADamagedFileIsRebuiltBesideWhenTheLogIsLong) {
  SeededRandom random(5);
  for (int i = 0; i < 60; ++i) WriteAnything(&random);
  const auto incremental = State();
  Close();
  const std::string path = folder_ / "views/timers/timers";
  std::string bytes = ReadFile(path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(WriteFileDurable(path, bytes).ok());
  Open(10);
  for (int i = 0; i < 500 && !engine_->ready(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(engine_->ready());
  EXPECT_EQ(State(), incremental);
}

TEST(TimerTable, DueInOrderInPiecesWhateverWasFolded) {
  SeededRandom random(7);
  TimerTable table;
  std::set<Timer> plain;
  for (int i = 0; i < 20'000; ++i) {
    const Timer timer{static_cast<Instant>(random.Below(5000)), random.Below(3)};
    if (random.Below(3) == 0) {
      table.Remove(timer);
      plain.erase(timer);
    } else if (plain.insert(timer).second) {
      table.Add(timer);
    }
    if (random.Below(2000) == 0) table.Fold(true);
    if (random.Below(500) != 0) continue;
    std::vector<Timer> all;
    Timer after;
    for (auto piece = table.Due(2500, after, 7); !piece.empty(); piece = table.Due(2500, after, 7)) {
      all.insert(all.end(), piece.begin(), piece.end());
      after = piece.back();
    }
    std::vector<Timer> expected;
    for (const Timer& each : plain) {
      if (each.due_us <= 2500 && each > Timer{}) expected.push_back(each);
    }
    ASSERT_EQ(all, expected);
    ASSERT_EQ(table.size(), plain.size());
  }
}

}  // namespace
}  // namespace tk::workflow
