// Schedules over the interactions: what is done again and again while a record is as it should be, with restarts, standstills, and people who write
// the record meanwhile; and transitions of other records.
#include <fmt/format.h>

#include <thread>

#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/interaction/reach.h"
#include "kernel/workflow/clerk.h"
#include "kernel/workflow/workflow_for_test.h"

namespace tk::interaction {
namespace {

constexpr int64_t kHourOfSchedules = 3600 * kSecondUs, kDayOfSchedules = 24 * kHourOfSchedules;

std::string VisitFile(std::string_view id, std::string_view code, std::string_view times,
                      std::string_view actions = {}) {
  constexpr std::string_view kFlag =
      R"({"create": {"resourceType": "Flag", "status": "active", "code": {"text": "='visit ' + %n.toString() + ' missed ' + %missed.toString() + ' due ' + %due.toString() + ''"}, "subject": "=for"}})";
  return fmt::format(R"j({{"id": "{}", "version": 1, "title": {{"zh-CN": "随访", "en": "Visit"}},
 "source": {{"text": "a test", "edition": "1", "date": "2026-11-23"}},
 "for": {{"type": "Task", "where": "code.text = '{}' and status = 'in-progress'"}}, {}, "do": [{}]}})j",
                     id, code, times, actions.empty() ? kFlag : actions);
}

class SchedulesTest : public InteractionTest {
 protected:
  SchedulesTest() {
    workflow::ParseContext context;
    context.definitions = definitions_.get();
    context.vocabulary = &workflow::FullVocabulary();
    context.app = "test";
    std::vector<workflow::Schedule> schedules;
    const std::string files[] = {
        VisitFile("test.daily", "daily", R"("every": {"value": 1, "unit": "days"}, "times": 5)"),
        VisitFile("test.each", "each", R"("every": {"value": 1, "unit": "days"}, "missed": "each")"),
        VisitFile("test.once", "once",
                  R"("from": "restriction.period.end", "first": {"value": 0, "unit": "hours"})"),
        VisitFile("test.mover", "mover", R"("first": {"value": 1, "unit": "hours"})",
                  R"({"transition": {"type": "Task", "target": "=basedOn", "code": "escalate"}})")};
    for (const std::string& file : files) {
      auto schedule = workflow::ParseSchedule(context, "a.json", file);
      CHECK(schedule.ok());
      schedules.push_back(std::move(schedule).value());
    }
    std::vector<workflow::Workflow> workflows;
    workflows.push_back(workflow::ParseForTest(std::string(workflow::kTicketFile)).value());
    shelf_ = std::make_shared<workflow::Shelf>(
        workflow::Book::Make(std::move(workflows), std::move(schedules)).value(),
        workflow::Calendar::Load({}, 480).value());
  }
  void SetUp() override {
    InteractionTest::SetUp();
    ASSERT_EQ(Put("Patient/p", PatientJson("p")).status, 201);
    StartClerk();
  }
  void TearDown() override {
    clerk_.reset();
    InteractionTest::TearDown();
  }
  void StartClerk() {
    Context context;
    context.engine = engine_.get();
    context.index = index_;
    context.workflows = shelf_;
    workflow::Clerk::Options options;
    options.engine = engine_.get();
    options.timers = timers_;
    options.shelf = shelf_;
    options.clock = &clock_;
    options.reach = ReachOf(context);
    options.folder = folder_ / "consumers";
    options.look_ms = 5;
    options.report = [this](const std::string& line) { reports_.push_back(line); };
    auto clerk = workflow::Clerk::Start(std::move(options));
    ASSERT_TRUE(clerk.ok()) << clerk.error().ToString();
    clerk_ = std::move(clerk).value();
  }
  void StandStill(int64_t for_us) {
    clerk_.reset();
    Close();
    clock_.Advance(for_us);
    Open();
    StartClerk();
    ASSERT_TRUE(clerk_->Settle(10'000));
  }
  void Pass(int64_t us) {
    clock_.Advance(us);
    ASSERT_TRUE(clerk_->Settle(10'000));
  }
  static std::string Visit(std::string_view id, std::string_view code,
                           std::string_view status = "in-progress", std::string_view more = {}) {
    return fmt::format(
        R"({{"resourceType":"Task","id":"{}","status":"{}","intent":"order","code":{{"text":"{}"}},"for":{{"reference":"Patient/p"}}{}}})",
        id, status, code, more);
  }
  std::string Visits() const { return At(Parsed(Get("Flag?_summary=count")), "total"); }
  /// What the last one says.
  std::string LastVisit() const {
    return At(Parsed(Get("Flag?_sort=-_lastUpdated&_count=1")), "entry.0.resource.code.text");
  }
  std::vector<workflow::Turn> TurnsOf(std::string_view id) const {
    return workflow::ReadTurns(Parsed(Get(fmt::format("Task/{}", id))).Root());
  }

  std::unique_ptr<workflow::Clerk> clerk_;
  std::vector<std::string> reports_;
};

TEST_F(SchedulesTest, EachDayOnceWhileTheRecordIsSo) {
  ASSERT_EQ(Put("Task/t", Visit("t", "daily")).status, 201);
  ASSERT_EQ(TurnsOf("t").size(), 1u);
  Pass(23 * kHourOfSchedules);
  EXPECT_EQ(Visits(), "0");
  Pass(kHourOfSchedules);
  EXPECT_EQ(Visits(), "1");
  EXPECT_TRUE(LastVisit().starts_with("visit 1 missed 0")) << LastVisit();
  Pass(kDayOfSchedules);
  EXPECT_EQ(Visits(), "2");
  EXPECT_EQ(TurnsOf("t")[0].done, 2);
  // It ends with the state, and begins anew with it.
  ASSERT_EQ(Put("Task/t", Visit("t", "daily", "on-hold")).status, 200);
  EXPECT_TRUE(TurnsOf("t").empty());
  Pass(3 * kDayOfSchedules);
  EXPECT_EQ(Visits(), "2");
  ASSERT_EQ(Put("Task/t", Visit("t", "daily")).status, 200);
  Pass(kDayOfSchedules);
  EXPECT_EQ(Visits(), "3");
  EXPECT_TRUE(LastVisit().starts_with("visit 1 ")) << LastVisit();
  EXPECT_TRUE(reports_.empty()) << reports_.front();
}

TEST_F(SchedulesTest, WhoWritesTheRecordNeitherStopsItNorBeginsItAnew) {
  ASSERT_EQ(Put("Task/t", Visit("t", "daily")).status, 201);
  Pass(kDayOfSchedules);
  const std::vector<workflow::Turn> before = TurnsOf("t");
  // Without the platform's extension, and with one that says all is done.
  ASSERT_EQ(Put("Task/t", Visit("t", "daily", "in-progress", R"(,"description":"a")")).status, 200);
  EXPECT_EQ(TurnsOf("t")[0].due_us, before[0].due_us);
  ASSERT_EQ(
      Put("Task/t",
          Visit(
              "t", "daily", "in-progress",
              R"(,"extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/schedule","extension":[{"url":"schedule","valueString":"test.daily|1"},{"url":"done","valueInteger":5}]}])"))
          .status,
      200);
  ASSERT_EQ(TurnsOf("t").size(), 1u);
  EXPECT_EQ(TurnsOf("t")[0].done, 1);
  Pass(kDayOfSchedules);
  EXPECT_EQ(Visits(), "2");
}

TEST_F(SchedulesTest, AfterAStandstillTheLatestStandsForAllOrEachIsDone) {
  ASSERT_EQ(Put("Task/t", Visit("t", "daily")).status, 201);
  StandStill(3 * kDayOfSchedules + kHourOfSchedules);
  EXPECT_EQ(Visits(), "1");
  EXPECT_TRUE(LastVisit().starts_with("visit 3 missed 2")) << LastVisit();
  EXPECT_EQ(TurnsOf("t")[0].late_s, 3600);
  // Its fifth is its last, however long it stands.
  StandStill(30 * kDayOfSchedules);
  EXPECT_EQ(Visits(), "2");
  EXPECT_TRUE(LastVisit().starts_with("visit 5 missed 1")) << LastVisit();
  EXPECT_EQ(TurnsOf("t")[0].due_us, 0);
  StandStill(30 * kDayOfSchedules);
  EXPECT_EQ(Visits(), "2");
  ASSERT_EQ(Put("Task/u", Visit("u", "each")).status, 201);
  StandStill(3 * kDayOfSchedules + kHourOfSchedules);
  EXPECT_EQ(Visits(), "5");
  EXPECT_EQ(TurnsOf("u")[0].done, 3);
}

TEST_F(SchedulesTest, AStartFromTheLogAloneRepeatsNothing) {
  ASSERT_EQ(Put("Task/t", Visit("t", "daily")).status, 201);
  Pass(kDayOfSchedules);
  clerk_.reset();
  Close();
  std::filesystem::remove_all(folder_ / "views");
  std::filesystem::remove_all(folder_ / "consumers");
  std::filesystem::create_directories(folder_ / "views/search");
  Open();
  StartClerk();
  ASSERT_TRUE(clerk_->Settle(10'000));
  EXPECT_EQ(Visits(), "1");
  Pass(kDayOfSchedules);
  EXPECT_EQ(Visits(), "2");
}

TEST_F(SchedulesTest, OnceAtATimeThatTheRecordNames) {
  ASSERT_EQ(Put("Task/t", Visit("t", "once", "in-progress",
                                fmt::format(R"(,"restriction":{{"period":{{"end":"{}"}}}})",
                                            FormatInstant(clock_.NowUs() + 2 * kHourOfSchedules))))
                .status,
            201);
  ASSERT_EQ(Put("Task/none", Visit("none", "once")).status, 201);
  EXPECT_TRUE(TurnsOf("none").empty());
  Pass(kHourOfSchedules);
  EXPECT_EQ(Visits(), "0");
  Pass(kHourOfSchedules);
  EXPECT_EQ(Visits(), "1");
  Pass(5 * kDayOfSchedules);
  EXPECT_EQ(Visits(), "1");
}

TEST_F(SchedulesTest, AnotherRecordIsMovedByItsWorkflowOrStaysWhereItCannot) {
  ASSERT_EQ(Put("Task/ticket", workflow::TicketJson("ticket")).status, 201);
  ASSERT_EQ(
      Put("Task/m", Visit("m", "mover", "in-progress", R"(,"basedOn":[{"reference":"Task/ticket"}])")).status,
      201);
  Pass(kHourOfSchedules + 1);
  const fhir::Document moved = Parsed(Get("Task/ticket"));
  EXPECT_EQ(At(moved, "status"), "on-hold");
  EXPECT_EQ(At(moved, "priority"), "stat");
  const workflow::Mark mark = workflow::ReadMark(moved.Root()).value();
  EXPECT_EQ(mark.transition, "escalate");
  EXPECT_EQ(mark.post, "platform");
  EXPECT_EQ(mark.reason, "test.mover|1");
  // A second one finds it moved already: nothing to do, and nothing to tell.
  ASSERT_EQ(
      Put("Task/n", Visit("n", "mover", "in-progress", R"(,"basedOn":[{"reference":"Task/ticket"}])")).status,
      201);
  Pass(kHourOfSchedules + 1);
  EXPECT_EQ(TurnsOf("n")[0].done, 1);
  EXPECT_EQ(At(Parsed(Get("Task/ticket")), "meta.versionId"), At(moved, "meta.versionId"));
  EXPECT_TRUE(reports_.empty()) << reports_.front();
}

}  // namespace
}  // namespace tk::interaction
