#include "kernel/base/city_time.h"

#include <gtest/gtest.h>

namespace tk {
namespace {

TEST(CityTime, IsThatOfChinaUntilTheProgramIsToldOtherwise) {
  const Instant evening = (DaysFromCivil(2026, 11, 23) * 86'400 + 15 * 3600 + 1800) * kSecondUs;  // 15:30 UTC
  EXPECT_EQ(FormatCityTime(evening), "2026-11-23T23:30:00.000000+08:00");
  EXPECT_EQ(CityDay(evening), "2026-11-23");
  EXPECT_EQ(CityDay(evening + 3600 * kSecondUs), "2026-11-24");
  EXPECT_EQ(CityDay(-1), "1970-01-01");
  const int kept = CityOffsetMin();
  SetCityOffsetMin(-210);
  EXPECT_EQ(FormatCityTime(evening), "2026-11-23T12:00:00.000000-03:30");
  EXPECT_EQ(CityZone(), "-03:30");
  SetCityOffsetMin(kept);
  EXPECT_EQ(CityZone(), "+08:00");
}

}  // namespace
}  // namespace tk
