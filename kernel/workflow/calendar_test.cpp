// Working time: spans across nights, noons, weekends, holidays and the days worked in their place; and what is wrong with a calendar's file.
#include "kernel/workflow/calendar.h"

#include <gtest/gtest.h>

namespace tk::workflow {
namespace {

constexpr int kChinaMin = 480;

Instant At(std::string_view text) { return ParseDateRange(text, kChinaMin).value().low_us; }

std::shared_ptr<const Calendar> BuiltIn() { return Calendar::Load({}, kChinaMin).value(); }

std::string After(std::string_view from, Span span) {
  const Instant us = BuiltIn()->Add(At(from), span) + int64_t{kChinaMin} * 60 * kSecondUs;
  return FormatInstant(us).substr(0, 16);
}
Span Working(int64_t amount, Span::Unit unit) { return {amount, unit, true}; }

TEST(Calendar, WorkingHoursPassOverNoonNightAndWeekend) {
  using Unit = Span::Unit;
  // 2026-11-20 is a Friday.
  EXPECT_EQ(After("2026-11-20T09:00:00+08:00", Working(2, Unit::kHours)), "2026-11-20T11:00");
  EXPECT_EQ(After("2026-11-20T11:00:00+08:00", Working(2, Unit::kHours)), "2026-11-20T15:00");
  EXPECT_EQ(After("2026-11-20T17:00:00+08:00", Working(2, Unit::kHours)), "2026-11-23T10:00");
  EXPECT_EQ(After("2026-11-21T03:00:00+08:00", Working(1, Unit::kMinutes)), "2026-11-23T08:31");
  // The last minute of the morning is still the morning's.
  EXPECT_EQ(After("2026-11-20T11:00:00+08:00", Working(60, Unit::kMinutes)), "2026-11-20T12:00");
  EXPECT_EQ(After("2026-11-20T17:00:00+08:00", {2, Unit::kHours, false}), "2026-11-20T19:00");
}

TEST(Calendar, HolidaysAndTheDaysWorkedInTheirPlace) {
  using Unit = Span::Unit;
  // National day 2026: off from 1 to 7 October; Saturday the 10th is worked.
  EXPECT_EQ(After("2026-09-30T17:00:00+08:00", Working(1, Unit::kHours)), "2026-10-08T09:00");
  EXPECT_EQ(After("2026-10-09T17:00:00+08:00", Working(1, Unit::kHours)), "2026-10-10T09:00");
  EXPECT_EQ(After("2026-10-10T17:00:00+08:00", Working(1, Unit::kHours)), "2026-10-12T09:00");
  // The day of the start does not count; the last one ends with its last hour.
  EXPECT_EQ(After("2026-09-30T09:00:00+08:00", Working(1, Unit::kDays)), "2026-10-08T17:30");
  EXPECT_EQ(After("2026-09-30T23:00:00+08:00", Working(3, Unit::kDays)), "2026-10-10T17:30");
  EXPECT_TRUE(BuiltIn()->KnowsYear(2026));
  EXPECT_FALSE(BuiltIn()->KnowsYear(2033));
}

TEST(Calendar, MinuteByMinuteItIsWhatCountingGives) {
  const auto calendar = BuiltIn();
  const Instant from =
      At("2026-02-13T16:40:00+08:00");  // before the Spring Festival, whose eve's Saturday is worked
  Instant at = from;
  int64_t counted = 0;
  const auto works = [&](Instant us) {
    const int64_t local = us + int64_t{kChinaMin} * 60 * kSecondUs;
    const int64_t day = local / (86400 * kSecondUs), minute = local / (60 * kSecondUs) % 1440;
    return calendar->IsWorkingDay(day) &&
           ((minute >= 510 && minute < 720) || (minute >= 840 && minute < 1050));
  };
  for (int minutes = 0; minutes < 16 * 1440; ++minutes, at += 60 * kSecondUs) {
    if (!works(at)) continue;
    ++counted;
    ASSERT_EQ(calendar->Add(from, {counted, Span::Unit::kMinutes, true}), at + 60 * kSecondUs) << counted;
  }
  EXPECT_GT(counted, 1000);
}

TEST(Calendar, WhatIsWrongWithAFileIsToldByLine) {
  const auto bad = Calendar::Parse("working_time.json", R"({
  "hours": [["08:30", "12:00"], ["11:00", "17:30"]],
  "work_days": [1, 8],
  "source": {"text": "t", "edition": "e", "date": "d"},
  "years": [{"year": 2026, "off": ["2026-13-01"], "work": []}]
})",
                                   0);
  ASSERT_FALSE(bad.ok());
  for (const char* said :
       {"working_time.json:2", "hours[1]", "work_days", "years[0].source", "years[0].off[0]"})
    EXPECT_NE(bad.error().external.find(said), std::string::npos) << said << "\n" << bad.error().external;
}

}  // namespace
}  // namespace tk::workflow
