// A rule tried on history: the same findings as the runner made when it happened, whatever the threads and the pages; what a target was then; and
// nothing of whom the viewer does not see.
#include "kernel/rules/trial.h"
#include "kernel/base/city_time.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <random>
#include <set>

#include "kernel/base/random.h"
#include "kernel/rules/runner.h"
#include "kernel/search/test_engine.h"

namespace tk::rules {
namespace {

constexpr std::string_view kTrialRule = R"j({
  "id": "trial.high", "version": 1, "title": {"zh-CN": "高", "en": "High"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-23"},
  "on": {"type": "Observation", "operations": ["create", "update"]},
  "where": "value.ofType(Quantity).value >= 37.3",
  "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "high"}, "subject": "=subject", "period": {"start": "=%now"}}}]})j";

/// Writes down in a Task what it was before.
constexpr std::string_view kTrialTargetRule = R"j({
  "id": "trial.note", "version": 1, "title": {"zh-CN": "记", "en": "Note"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-23"},
  "on": {"type": "Observation", "operations": ["create"]},
  "where": "focus.exists()",
  "do": [{"update": {"type": "Task", "target": "=focus", "set": {"description": "='was ' + %target.description"}}}]})j";

/// Keeps one open at a time.
constexpr std::string_view kTrialOnceRule = R"j({
  "id": "trial.once", "version": 1, "title": {"zh-CN": "一", "en": "Once"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-23"},
  "on": {"type": "Observation", "operations": ["create"]},
  "where": "value.ofType(Quantity).value >= 37.3",
  "do": [{"unless": {"type": "Task", "find": {"where": "status=requested"}}, "create": {"resourceType": "Task", "status": "requested", "intent": "order"}},
         {"update": {"type": "Task", "find": {"where": "status=requested"}, "set": {"description": "again"}}}]})j";

class TrialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-trial-" + NewUuid());
    std::filesystem::create_directories(folder_);
    auto engine = search::OpenTestEngine(folder_, &clock_, &index_);
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
  }
  void TearDown() override {
    runner_.reset();
    engine_->Stop();
    engine_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Rule RuleOf(std::string_view json) const {
    auto rule = ParseRule(engine_->definitions(), "trial", "rule.json", json, {});
    CHECK(rule.ok());
    return std::move(rule).value();
  }

  /// A new version, or a delete ("" for json), as its own transaction.
  uint64_t Put(const std::string& type, const std::string& id, const std::string& json) {
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = engine_->Head();
    const auto known = engine_->directory().Current(engine_->IdHash(type, id), engine_->Head());
    view::Change change;
    if (known.ordinal != 0 && !known.deleted) change.before = engine_->Read(known.ordinal).value();
    if (json.empty()) {
      change.now = view::MakeTombstone(*change.before);
    } else {
      const auto op = change.before == nullptr ? view::Operation::kCreate : view::Operation::kUpdate;
      change.now = view::MakeResource(engine_->definitions(), fhir::Document::Parse(json).value(),
                                      known.version + 1, op)
                       .value();
    }
    set->changes.push_back(std::move(change));
    EXPECT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<view::Outcome> promise;
    engine_->Submit(std::move(set),
                    [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
    const view::Outcome outcome = promise.get_future().get();
    EXPECT_TRUE(outcome.commit.ok());
    clock_.Advance(kSecondUs);
    return outcome.commit.ok() ? outcome.commit->t : 0;
  }
  uint64_t Measure(const std::string& id, double value, const std::string& person = "p",
                   const std::string& more = {}) {
    return Put(
        "Observation", id,
        fmt::format(R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"text":"t"}},)"
                    R"("valueQuantity":{{"value":{}}},"subject":{{"reference":"Patient/{}"}}{}}})",
                    id, value, person, more));
  }

  struct Told {
    std::vector<std::string> causes, made;
    TrialResult result;
  };
  Told Try(const Rule& rule, TrialOptions options) const {
    Told told;
    auto result = TryRule(*engine_, rule, options, [&](const Finding& finding) -> Result<bool> {
      const view::Resource& cause = *finding.change.now;
      told.causes.push_back(fmt::format("{}/_history/{}", cause.id, cause.version));
      told.made.emplace_back(finding.failure);
      for (const Write& write : finding.writes) told.made.back() += std::string(write.now.Text());
      return true;
    });
    EXPECT_TRUE(result.ok()) << result.error().ToString();
    told.result = *result;
    return told;
  }
  TrialOptions All() const {
    TrialOptions options;
    options.end = engine_->Head().end_ordinal;
    return options;
  }

  std::filesystem::path folder_;
  FixedClock clock_{1'795'000'000 * kSecondUs};
  std::unique_ptr<view::Engine> engine_;
  search::Index* index_ = nullptr;
  std::unique_ptr<Runner> runner_;
};

TEST_F(TrialTest, TellsWhatTheRunnerMadeWhateverThreadsAndPages) {
  Runner::Options running;
  running.engine = engine_.get();
  running.index = index_;
  running.folder = folder_ / "consumers";
  running.report = [](const std::string& line) { ADD_FAILURE() << line; };
  std::vector<Rule> rules;
  rules.push_back(RuleOf(kTrialRule));
  runner_ = Runner::Start(running, std::move(rules)).value();
  std::mt19937 random(20261123);
  std::set<std::string> there;
  uint64_t last = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string id = fmt::format("o{}", random() % 40);
    if (random() % 6 == 0 && there.erase(id) > 0)
      last = Put("Observation", id, "");
    else if (there.insert(id); random() % 5 == 0)
      last = Put("Basic", fmt::format("b{}", i),
                 fmt::format(R"({{"resourceType":"Basic","id":"b{}","code":{{"text":"t"}}}})", i));
    else
      last = Measure(id, random() % 2 == 0 ? 38.1 : 36.6);
    const auto known = engine_->directory().Current(engine_->IdHash("Observation", id), engine_->Head());
    if (known.ordinal == 0 || known.deleted) there.erase(id);
  }
  ASSERT_TRUE(runner_->WaitFor(last, 60'000));
  runner_.reset();
  // What it made says why.
  std::multiset<std::string> made;
  const fhir::TypeId flag = engine_->definitions().FindType("Flag");
  for (view::Ordinal at = 1; at < engine_->Head().end_ordinal; ++at) {
    if (engine_->directory().Get(at).type != flag) continue;
    const auto read = engine_->Read(at);
    for (const fhir::Value extension : (*read)->document.Root()["extension"]) {
      if (extension["url"].ToString() == kCauseExtension)
        made.insert(extension["valueReference"]["reference"].ToString().substr(sizeof "Observation"));
    }
  }
  ASSERT_GT(made.size(), 40U);
  const Rule rule = RuleOf(kTrialRule);
  const view::Position head = engine_->Head();
  const Told whole = Try(rule, All());
  EXPECT_EQ(std::multiset<std::string>(whole.causes.begin(), whole.causes.end()), made);
  EXPECT_EQ(whole.result.fired, made.size());
  EXPECT_EQ(whole.result.next, head.end_ordinal);
  TrialOptions options = All();
  options.threads = 3;
  EXPECT_EQ(Try(rule, options).made, whole.made);
  // Page by page, and a moment at a time, it is the same.
  for (const bool in_moments : {false, true}) {
    Told paged;
    options = All();
    options.findings_max = in_moments ? ~size_t{0} : 7;
    while (options.from < options.end) {
      if (in_moments) options.until_us = 1;
      const Told page = Try(rule, options);
      ASSERT_GT(page.result.next, options.from);
      options.from = page.result.next;
      paged.causes.insert(paged.causes.end(), page.causes.begin(), page.causes.end());
      paged.result.judged += page.result.judged;
    }
    EXPECT_EQ(paged.causes, whole.causes);
    EXPECT_EQ(paged.result.judged, whole.result.judged);
  }
  EXPECT_EQ(engine_->Head().t, head.t) << "nothing is written";
}

TEST_F(TrialTest, APeriodIsByTheTimeOfTheTransactions) {
  const Instant begin_us = clock_.NowUs();
  for (int i = 0; i < 10; ++i) Measure(fmt::format("o{}", i), 38);
  const auto stretch = StretchOf(*engine_, begin_us + 3 * kSecondUs, begin_us + 5 * kSecondUs);
  ASSERT_TRUE(stretch.ok());
  TrialOptions options;
  options.from = stretch->first;
  options.end = stretch->second;
  const Told told = Try(RuleOf(kTrialRule), options);
  EXPECT_EQ(told.causes, (std::vector<std::string>{"o3/_history/1", "o4/_history/1"}));
  EXPECT_NE(told.made[0].find(FormatCityTime(begin_us + 3 * kSecondUs)), std::string::npos) << told.made[0];
  EXPECT_FALSE(StretchOf(*engine_, begin_us, begin_us).ok());
}

TEST_F(TrialTest, ATargetIsAsItWasThen) {
  const auto task = [](std::string_view description) {
    return fmt::format(
        R"({{"resourceType":"Task","id":"t","status":"requested","intent":"order","description":"{}"}})",
        description);
  };
  constexpr std::string_view kFocus = R"(,"focus":[{"reference":"Task/t"}])";
  Measure("early", 36, "p", std::string(kFocus));
  Put("Task", "t", task("one"));
  Measure("between", 36, "p", std::string(kFocus));
  Put("Task", "t", task("two"));
  Measure("late", 36, "p", std::string(kFocus));
  Put("Task", "t", task("three"));
  const Told told = Try(RuleOf(kTrialTargetRule), All());
  ASSERT_EQ(told.causes.size(), 3U);
  EXPECT_NE(told.made[0].find("is not there"), std::string::npos) << told.made[0];
  EXPECT_NE(told.made[1].find("was one"), std::string::npos) << told.made[1];
  EXPECT_NE(told.made[2].find("was two"), std::string::npos) << told.made[2];
  EXPECT_EQ(told.result.failed, 1U);
}

TEST_F(TrialTest, WhatActionsSearchForIsNotAskedAndIsTold) {
  Put("Task", "open", R"({"resourceType":"Task","id":"open","status":"requested","intent":"order"})");
  Measure("a", 38);
  Measure("b", 39);
  size_t searched = 0, made = 0;
  const auto result =
      TryRule(*engine_, RuleOf(kTrialOnceRule), All(), [&](const Finding& finding) -> Result<bool> {
        EXPECT_EQ(finding.failure, "");
        searched += finding.searched ? 1 : 0;
        made += finding.writes.size();
        return true;
      });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->failed, 0U);
  EXPECT_EQ(searched, 2U);
  EXPECT_EQ(made, 2U);  // a Task each, at most; and of what is open nothing is told
}

TEST_F(TrialTest, OfOtherAreasNothingIsFound) {
  for (const auto& [id, area] : {std::pair("here", "380102"), std::pair("there", "380104")}) {
    Put("Patient", id,
        fmt::format(
            R"({{"resourceType":"Patient","id":"{}","meta":{{"tag":[{{"system":"{}","code":"{}"}}]}}}})", id,
            view::kAreaSystem, area));
  }
  Measure("a", 38, "here");
  Measure("b", 38, "there");
  Measure("moved", 38, "here");
  Measure("moved", 36, "there");
  TrialOptions options = All();
  options.scope.everything = false;
  std::tie(options.scope.area_low, options.scope.area_high) = view::AreaRange("380102").value();
  EXPECT_EQ(Try(RuleOf(kTrialRule), options).causes, std::vector<std::string>{"a/_history/1"});
  EXPECT_EQ(Try(RuleOf(kTrialRule), All()).causes.size(), 3U);
}

}  // namespace
}  // namespace tk::rules
