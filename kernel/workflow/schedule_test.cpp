// Schedule files: what is wrong with them is told at once; when occurrences fall due.
#include "kernel/workflow/schedule.h"

#include <gtest/gtest.h>

#include "kernel/workflow/workflow_for_test.h"

namespace tk::workflow {
namespace {

Result<Schedule> ReadScheduleFile(std::string text) {
  static const auto r4 = fhir::Definitions::R4();
  ParseContext context;
  context.definitions = r4.get();
  context.vocabulary = &FullVocabulary();
  context.app = "test";
  return ParseSchedule(context, "apps/test/schedules/a.json", std::move(text));
}

std::string ScheduleFile(std::string_view times) {
  return R"({"id": "test.visit", "version": 1, "title": {"zh-CN": "随访", "en": "Visit"},
 "source": {"text": "a test", "edition": "1", "date": "2026-11-23"},
 "for": {"type": "Task", "where": "status = 'accepted'"},
 )" + std::string(times) +
         R"(, "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "visit"}, "subject": "=for"}}]})";
}

std::string LocalTime(Instant us) { return FormatInstant(us + 480 * 60 * kSecondUs).substr(0, 16); }

/// The first occurrences of a record that came under it at this local time.
std::vector<std::string> DueTimesFrom(std::string_view times, const std::string& since, size_t count) {
  const Schedule schedule = ReadScheduleFile(ScheduleFile(times)).value();
  const auto calendar = Calendar::Load({}, 480).value();
  const fhir::Document task = fhir::Document::Parse(TicketJson("t", "accepted")).value();
  const auto r4 = fhir::Definitions::R4();
  const Instant since_us = ParseDateRange(since, 480).value().low_us;
  std::optional<Instant> due = schedule.FirstDue(*r4, task.Root(), since_us, *calendar).value();
  std::vector<std::string> all;
  for (; due && all.size() < count; due = schedule.NextDue(*due, *calendar)) all.push_back(LocalTime(*due));
  return all;
}

using Times = std::vector<std::string>;

TEST(ScheduleTest, OccurrencesFallDueByTheClockAndByTheHourOfTheDay) {
  EXPECT_EQ(DueTimesFrom(R"("every": {"value": 8, "unit": "hours"})", "2026-11-20T10:30:00+08:00", 3),
            (Times{"2026-11-20T18:30", "2026-11-21T02:30", "2026-11-21T10:30"}));
  EXPECT_EQ(
      DueTimesFrom(R"("every": {"value": 1, "unit": "days"}, "at": "09:00")", "2026-11-20T10:30:00+08:00", 2),
      (Times{"2026-11-21T09:00", "2026-11-22T09:00"}));
  // Today still, where the hour has not struck; tomorrow where it has.
  const std::string_view today =
      R"("first": {"value": 0, "unit": "days"}, "every": {"value": 1, "unit": "days"}, "at": "09:00")";
  EXPECT_EQ(DueTimesFrom(today, "2026-11-20T08:59:00+08:00", 1), (Times{"2026-11-20T09:00"}));
  EXPECT_EQ(DueTimesFrom(today, "2026-11-20T09:01:00+08:00", 1), (Times{"2026-11-21T09:00"}));
}

TEST(ScheduleTest, WorkingDaysPassOverTheWeekend) {
  // 2026-11-20 is a Friday.
  EXPECT_EQ(DueTimesFrom(R"("every": {"value": 1, "unit": "days", "time": "working"}, "at": "09:00")",
                         "2026-11-20T10:30:00+08:00", 2),
            (Times{"2026-11-23T09:00", "2026-11-24T09:00"}));
}

TEST(ScheduleTest, WhatIsWrongIsToldAtOnceWithItsPlace) {
  const auto bad = ReadScheduleFile(ScheduleFile(
      R"("every": {"value": 0, "unit": "hours"}, "at": "25:00", "times": 0, "missed": "all", "often": true)"));
  ASSERT_FALSE(bad.ok());
  const std::string why = bad.error().ToString();
  for (const char* text : {"every.value", "at: must be a time", "at: goes with days", "times", "missed",
                           "often: is no member", "apps/test/schedules/a.json:4"})
    EXPECT_NE(why.find(text), std::string::npos) << text << "\n" << why;
  const auto never = ReadScheduleFile(ScheduleFile(R"("missed": "last")"));
  ASSERT_FALSE(never.ok());
  EXPECT_NE(never.error().ToString().find("when is it due?"), std::string::npos);
}

TEST(ScheduleTest, TurnsAreReadAsTheyWereWritten) {
  const fhir::Document task = fhir::Document::Parse(TicketJson("t")).value();
  const Instant now_us = 1'795'000'000 * kSecondUs;
  const std::vector<Turn> turns = {{"a|1", now_us, now_us + kSecondUs, 3, 2, 40},
                                   {"b|2", now_us, 0, 1, 0, 0}};
  const fhir::Document with = WithTurns(task, turns).value();
  const std::vector<Turn> read = ReadTurns(with.Root());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].schedule, "a|1");
  EXPECT_EQ(read[0].done, 3);
  EXPECT_EQ(read[0].missed, 2);
  EXPECT_EQ(read[0].late_s, 40);
  EXPECT_EQ(NextTurn(with.Root()), now_us + kSecondUs);
  EXPECT_EQ(WithTurns(with, {}).value().Text(), task.Text());
}

}  // namespace
}  // namespace tk::workflow
