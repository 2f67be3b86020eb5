// The runner on a real engine: keeps up with a flood, fires once, and finds after a restart what is done already.
#include "kernel/rules/runner.h"

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <future>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/search/test_engine.h"

namespace tk::rules {
namespace {

constexpr int kTransactions = 40, kReadings = 25;

constexpr std::string_view kRunnerRule = R"({
  "id": "test.fever", "version": 1, "title": {"zh-CN": "发热", "en": "Fever"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-22"},
  "on": {"type": "Observation", "operations": ["create", "update"]},
  "where": "value.ofType(Quantity).value >= 37.3",
  "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "fever"}, "subject": "=subject"}}]})";

/// Counts readings in one Task, and keeps the last one.
constexpr std::string_view kCountingRule = R"j({
  "id": "test.count", "version": 1, "title": {"zh-CN": "计数", "en": "Count"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-22"},
  "on": {"type": "Observation", "operations": ["create"]},
  "where": "focus.exists()",
  "do": [{"update": {"type": "Task", "target": "=focus", "set": {
    "restriction.repetitions": "=%target.restriction.repetitions + 1", "description": "=id"}}}]})j";

class RunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-runner-" + NewUuid());
    std::filesystem::create_directories(folder_);
    Open();
  }
  void TearDown() override {
    Close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Open() {
    auto engine = search::OpenTestEngine(folder_, &clock_, &index_);
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
  }
  void Close() {
    runner_.reset();
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
  }
  void StartRunner() {
    std::vector<Rule> rules;
    for (const std::string_view json : {kRunnerRule, kCountingRule}) {
      auto rule = ParseRule(engine_->definitions(), "test", "rule.json", json, {});
      ASSERT_TRUE(rule.ok()) << rule.error().ToString();
      rules.push_back(std::move(rule).value());
    }
    Runner::Options options;
    options.engine = engine_.get();
    options.index = index_;
    options.folder = folder_ / "consumers";
    options.report = [](const std::string& line) { ADD_FAILURE() << line; };
    auto runner = Runner::Start(options, std::move(rules));
    ASSERT_TRUE(runner.ok()) << runner.error().ToString();
    runner_ = std::move(runner).value();
  }

  /// A transaction of readings and of resources that no rule looks at; every other reading is a fever.
  uint64_t Write(int number) {
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = engine_->Head();
    for (int i = 0; i < kReadings * 2; ++i) {
      const std::string id = std::to_string(number) + "-" + std::to_string(i);
      Add(set.get(), R"({"resourceType":"Observation","id":"o)" + id +
                         R"(","status":"final","code":{"text":"t"},"valueQuantity":{"value":)" +
                         (i % 2 == 0 ? "38.1" : "36.6") + R"(},"subject":{"reference":"Patient/p"}})");
      Add(set.get(), R"({"resourceType":"Basic","id":"b)" + id + R"(","code":{"text":"t"}})");
    }
    return Commit(std::move(set));
  }
  uint64_t Commit(std::unique_ptr<view::ChangeSet> set) {
    EXPECT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<view::Outcome> promise;
    engine_->Submit(std::move(set),
                    [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
    const view::Outcome outcome = promise.get_future().get();
    EXPECT_TRUE(outcome.commit.ok());
    return outcome.commit.ok() ? outcome.commit->t : 0;
  }
  void Add(view::ChangeSet* set, const std::string& json) const {
    auto document = fhir::Document::Parse(json);
    ASSERT_TRUE(document.ok()) << json;
    auto made = view::MakeResource(engine_->definitions(), std::move(*document), 1, view::Operation::kCreate);
    ASSERT_TRUE(made.ok());
    view::Change change;
    change.now = *made;
    set->changes.push_back(std::move(change));
  }
  uint64_t Flags() const { return engine_->directory().LiveCount(engine_->definitions().FindType("Flag")); }

  std::filesystem::path folder_;
  FixedClock clock_{1'795'000'000 * kSecondUs};
  std::unique_ptr<view::Engine> engine_;
  search::Index* index_ = nullptr;
  std::unique_ptr<Runner> runner_;
};

TEST_F(RunnerTest, AFloodFiresOnceEachAndNeverAgain) {
  StartRunner();
  uint64_t last = 0;
  for (int i = 0; i < kTransactions; ++i) last = Write(i);
  ASSERT_TRUE(runner_->WaitFor(last, 60'000));
  EXPECT_EQ(Flags(), uint64_t{kTransactions} * kReadings);
  EXPECT_EQ(runner_->statistics().fired, uint64_t{kTransactions} * kReadings);
  EXPECT_EQ(runner_->statistics().made, uint64_t{kTransactions} * kReadings);
  // What it made itself is judged, too, and fires nothing.
  ASSERT_TRUE(runner_->WaitFor(engine_->Head().t, 60'000));
  // As after a crash before the position was saved: all is read from the log again, by type, and known by its keys.
  Close();
  ASSERT_TRUE(WriteFileDurable(folder_ / "consumers/rules.position", "1 0").ok());
  Open();
  StartRunner();
  ASSERT_TRUE(runner_->WaitFor(engine_->Head().t, 60'000));
  EXPECT_EQ(runner_->statistics().fired, uint64_t{kTransactions} * kReadings);
  EXPECT_EQ(runner_->statistics().made, 0u);
  EXPECT_EQ(Flags(), uint64_t{kTransactions} * kReadings);
}

TEST_F(RunnerTest, ChangesOfOneResourceAreAllCountedAndTheLastCauseHasTheLastWord) {
  StartRunner();
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = engine_->Head();
  Add(set.get(),
      R"({"resourceType":"Task","id":"count","status":"requested","intent":"order","restriction":{"repetitions":1}})");
  uint64_t last = Commit(std::move(set));
  constexpr int kReadingsAtOnce = 30, kSets = 10;
  for (int i = 0; i < kSets; ++i) {
    set = std::make_unique<view::ChangeSet>();
    set->basis = engine_->Head();
    for (int n = 0; n < kReadingsAtOnce; ++n) {
      Add(set.get(), R"({"resourceType":"Observation","id":"c)" + std::to_string(i) + "-" +
                         std::to_string(n) +
                         R"(","status":"final","code":{"text":"t"},"focus":[{"reference":"Task/count"}]})");
    }
    last = Commit(std::move(set));
  }
  ASSERT_TRUE(runner_->WaitFor(last, 60'000));
  const auto now = engine_->directory().Current(engine_->IdHash("Task", "count"), engine_->Head());
  const auto task = engine_->Read(now.ordinal);
  ASSERT_TRUE(task.ok());
  EXPECT_EQ((*task)->document.Root()["restriction"]["repetitions"].Number(),
            std::to_string(1 + kSets * kReadingsAtOnce));
  EXPECT_EQ((*task)->document.Root()["description"].ToString(), "c9-29");
  EXPECT_EQ(runner_->statistics().failed, 0U);
}

TEST_F(RunnerTest, ItsPositionIsBeforeWhatIsOpen) {
  Write(0);
  StartRunner();  // without a position it begins at the head
  const uint64_t last = Write(1);
  ASSERT_TRUE(runner_->WaitFor(last, 60'000));
  runner_.reset();
  const auto saved = ReadFile(folder_ / "consumers/rules.position", 64);
  ASSERT_TRUE(saved.ok());
  uint64_t t = 0;
  const char* const number = saved->data() + saved->find(' ') + 1;
  ASSERT_EQ(std::from_chars(number, saved->data() + saved->size(), t).ec, std::errc());
  EXPECT_GE(t, last);
  EXPECT_LE(t, engine_->Head().t);
  EXPECT_EQ(Flags(), uint64_t{kReadings});
}

}  // namespace
}  // namespace tk::rules
