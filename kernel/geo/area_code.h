// Codes of divisions as numbers: 2 province, 4 city, 6 county, 9 township, 12 village, 15 grid digits, padded to 15 with zeros. What is in a
// division is the range [number, number + width), and ascending numbers are a walk through the tree from the top.
// Source: GB/T 2260-2007 (to the county), GB/T 10114-2003 (township), the National Bureau of Statistics' division codes for statistics of
//         2009 (12 digits); grids are the platform's (view/directory.h).
// No division is numbered 00 or 000 inside the one above: what ends so is the one above, written longer (380100, 380100000000).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::geo {

using AreaNumber = uint64_t;  // 0: none

enum class AreaLevel : uint8_t { kProvince, kCity, kCounty, kTownship, kVillage, kGrid };
inline constexpr size_t kAreaLevels = 6;

/// "3801" and "380100000000" are the same number. Errors: kIncorrect: not digits, or not of such a length.
Result<AreaNumber> ParseAreaCode(std::string_view text);
/// The shortest form: "3801". "" for 0.
std::string CodeOf(AreaNumber area);
AreaLevel LevelOf(AreaNumber area);
/// How many numbers it and all below it have.
AreaNumber WidthOf(AreaNumber area);
/// The one of that level above it (or it itself); 0 if it stands above that level.
AreaNumber AboveIn(AreaNumber area, AreaLevel level);
inline bool IsWithin(AreaNumber area, AreaNumber above) {
  return area >= above && area - above < WidthOf(above);
}

/// "city", as in the code system http://tongkang.dev/fhir/CodeSystem/area-level; and as people say it.
std::string_view NameOf(AreaLevel level);
std::string_view ChineseNameOf(AreaLevel level);
/// Either of the two; false if it is none.
bool ReadAreaLevel(std::string_view text, AreaLevel* level);

}  // namespace tk::geo
