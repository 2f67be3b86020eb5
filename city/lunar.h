// The Chinese calendar, for birthdays that were told by it and written as if by the other.
#pragma once

#include <optional>

#include "kernel/base/clock.h"

namespace tk::city {

/// Year, month and day of the Chinese calendar as they are written in place of a date: the year in which its year began; of a leap month the
/// number of the month before. Nothing for days outside 1915-02-14 … 2026-02-16, or when there is no such date (30 of the second month).
std::optional<CivilDate> LunarDateOf(CivilDate date);

}  // namespace tk::city
