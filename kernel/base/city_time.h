// The city's time: one program serves one city, whose day begins for all of it at once. Whatever says "today", reads a time without a zone or shows one
// goes by this, so that a rule, a report and a page cannot mean different days.
#pragma once

#include <string>

#include "kernel/base/clock.h"

namespace tk {

/// Minutes east of UTC of the city's clocks: China Standard Time until the program is told otherwise (timezone-offset-min). Thread-safe.
int CityOffsetMin();
/// Of a program that starts, before anything is opened: what is kept by the day is not counted anew. Tests put it back.
void SetCityOffsetMin(int offset_min);
/// "+08:00"
std::string CityZone();
/// "2026-11-22": the day that the city's calendar shows at that instant.
std::string CityDay(Instant us);
/// "2026-11-22T04:14:07.123456+08:00": the same instant as the city's clocks show it. A FHIR dateTime and instant.
std::string FormatCityTime(Instant us);

}  // namespace tk
