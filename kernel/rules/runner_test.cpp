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
    auto rule = ParseRule(engine_->definitions(), "test", "fever.json", kRunnerRule, {});
    ASSERT_TRUE(rule.ok()) << rule.error().ToString();
    rules.push_back(std::move(rule).value());
    auto runner = Runner::Start({engine_.get(), index_, folder_ / "consumers",
                                 [](const std::string& line) { ADD_FAILURE() << line; }},
                                std::move(rules));
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
