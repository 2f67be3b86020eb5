#include "kernel/base/clock.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tk {
namespace {

constexpr Instant kDayUs = 86400 * kSecondUs;

TEST(CivilDays, KnownDays) {
  EXPECT_EQ(DaysFromCivil(1970, 1, 1), 0);
  EXPECT_EQ(DaysFromCivil(1969, 12, 31), -1);
  EXPECT_EQ(DaysFromCivil(2000, 3, 1), 11017);
  EXPECT_EQ(DaysFromCivil(2020, 1, 23), 18284);
}

TEST(CivilDays, ThereAndBackForEveryDayOfFourCenturies) {
  CivilDate expected{1700, 1, 1};
  const int64_t first = DaysFromCivil(1700, 1, 1);
  const int64_t last = DaysFromCivil(2100, 1, 1);
  for (int64_t day = first; day < last; ++day) {
    const CivilDate date = CivilFromDays(day);
    ASSERT_EQ(DaysFromCivil(date.year, date.month, date.day), day);
    const bool same_month = date.month == expected.month && date.day == expected.day;
    ASSERT_TRUE(same_month || date.day == 1) << date.year << '-' << date.month << '-' << date.day;
    expected = CivilDate{date.year, date.month, date.day + 1};
  }
}

TEST(FormatInstant, BeforeAndAfterTheEpoch) {
  EXPECT_EQ(FormatInstant(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatInstant(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatInstant(DaysFromCivil(2026, 11, 21) * kDayUs + 72847123456), "2026-11-21T20:14:07.123456Z");
}

TEST(ParseDateRange, CoversWhatTheTextSays) {
  const Instant march = DaysFromCivil(2020, 3, 1) * kDayUs;
  struct Case {
    std::string text;
    Instant low;
    Instant high;
    int precision;
  };
  const std::vector<Case> cases = {
      {"2020", DaysFromCivil(2020, 1, 1) * kDayUs, DaysFromCivil(2021, 1, 1) * kDayUs, 4},
      {"2020-03", march, DaysFromCivil(2020, 4, 1) * kDayUs, 7},
      {"2020-12", DaysFromCivil(2020, 12, 1) * kDayUs, DaysFromCivil(2021, 1, 1) * kDayUs, 7},
      {"2020-03-01", march, march + kDayUs, 10},
      {"1890-03-01", DaysFromCivil(1890, 3, 1) * kDayUs, DaysFromCivil(1890, 3, 2) * kDayUs, 10},
      {"2020-03-01T10:20Z", march + 37200 * kSecondUs, march + 37260 * kSecondUs, 16},
      {"2020-03-01T10:20:05Z", march + 37205 * kSecondUs, march + 37206 * kSecondUs, 19},
      {"2020-03-01T08:00:00+08:00", march, march + kSecondUs, 19},
      {"2020-02-29T19:00:00-05:00", march, march + kSecondUs, 19},
  };
  for (const Case& c : cases) {
    const auto range = ParseDateRange(c.text);
    ASSERT_TRUE(range.ok()) << c.text;
    EXPECT_EQ(range->low_us, c.low) << c.text;
    EXPECT_EQ(range->high_us, c.high) << c.text;
    EXPECT_EQ(range->precision, c.precision) << c.text;
  }
}

TEST(ParseDateRange, FractionsNarrowTheRange) {
  const Instant second = DaysFromCivil(2020, 3, 1) * kDayUs;
  const auto milli = ParseDateRange("2020-03-01T00:00:00.125Z");
  ASSERT_TRUE(milli.ok());
  EXPECT_EQ(milli->low_us, second + 125'000);
  EXPECT_EQ(milli->high_us, second + 126'000);
  EXPECT_GT(milli->precision, 19);
  const auto beyond_micro = ParseDateRange("2020-03-01T00:00:00.1234567Z");
  ASSERT_TRUE(beyond_micro.ok());
  EXPECT_EQ(beyond_micro->low_us, second + 123'456);
  EXPECT_EQ(beyond_micro->high_us, second + 123'457);
}

TEST(ParseDateRange, WithoutAZoneTheDefaultCounts) {
  const Instant march = DaysFromCivil(2020, 3, 1) * kDayUs;
  for (const char* text : {"2020-03-01", "2020-03-01T00:00:00"}) {
    const auto range = ParseDateRange(text, 480);
    ASSERT_TRUE(range.ok()) << text;
    EXPECT_EQ(range->low_us, march - 8 * 3600 * kSecondUs) << text;
  }
  EXPECT_EQ(ParseDateRange("2020-03-01T00:00:00Z", 480)->low_us, march);
}

TEST(ParseDateRange, RefusesWhatIsNoDate) {
  for (const char* text : {"",
                           "2",
                           "202",
                           "0000",
                           "20200",
                           "2020-",
                           "2020-1",
                           "2020-13",
                           "2020-00",
                           "2020-02-30",
                           "2019-02-29",
                           "2020-03-01T",
                           "2020-03-01 10:20:00Z",
                           "2020-03-01T10",
                           "2020-03-01T24:00:00Z",
                           "2020-03-01T10:60:00Z",
                           "2020-03-01T10:20:61Z",
                           "2020-03-01T10:20:00.Z",
                           "2020-03-01T10:20:00+15:00",
                           "2020-03-01T10:20:00+08",
                           "2020-03-01T10:20:00Zx",
                           "2020-03-01T10:20:00+08:00x",
                           "-2020",
                           "2020-03-01x"}) {
    EXPECT_FALSE(ParseDateRange(text).ok()) << text;
  }
}

TEST(ParseDateRange, ReadsBackEveryFormattedInstant) {
  for (Instant us :
       {Instant{0}, Instant{-1}, Instant{-62'135'596'800'000'000}, Instant{1'795'291'200'123'456}}) {
    const auto range = ParseDateRange(FormatInstant(us));
    ASSERT_TRUE(range.ok()) << us;
    EXPECT_EQ(range->low_us, us);
    EXPECT_EQ(range->high_us, us + 1);
  }
}

TEST(FixedClock, StandsStillUntilMoved) {
  FixedClock clock(5);
  EXPECT_EQ(clock.NowUs(), 5);
  clock.Advance(10);
  EXPECT_EQ(clock.NowUs(), 15);
  clock.Set(-3);
  EXPECT_EQ(clock.NowUs(), -3);
}

TEST(MonotonicUs, NeverGoesBack) {
  int64_t last = MonotonicUs();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = MonotonicUs();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace tk
