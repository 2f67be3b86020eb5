#include "kernel/geo/area_code.h"

#include <array>

#include "kernel/base/text.h"
#include "kernel/view/directory.h"

namespace tk::geo {
namespace {

constexpr std::array<AreaNumber, kAreaLevels> kWidths = {10'000'000'000'000, 100'000'000'000, 1'000'000'000,
                                                         1'000'000,          1'000,           1};
constexpr std::array<size_t, kAreaLevels> kDigits = {2, 4, 6, 9, 12, 15};
constexpr std::array<std::string_view, kAreaLevels> kNames = {"province", "city",    "county",
                                                              "township", "village", "grid"};
constexpr std::array<std::string_view, kAreaLevels> kChinese = {"省", "市", "县", "乡镇", "村", "网格"};

}  // namespace

Result<AreaNumber> ParseAreaCode(std::string_view text) {
  const AreaNumber area = TRY(view::AreaRange(text)).first;
  if (area < kWidths.front()) return MakeError(ErrorCode::kIncorrect, "an area code does not begin with 00");
  return area;
}

AreaLevel LevelOf(AreaNumber area) {
  size_t level = 0;
  while (level + 1 < kAreaLevels && area % kWidths.at(level) != 0) ++level;
  return static_cast<AreaLevel>(level);
}

AreaNumber WidthOf(AreaNumber area) { return kWidths.at(static_cast<size_t>(LevelOf(area))); }

AreaNumber AboveIn(AreaNumber area, AreaLevel level) {
  if (LevelOf(area) < level) return 0;
  return area - area % kWidths.at(static_cast<size_t>(level));
}

std::string CodeOf(AreaNumber area) {
  if (area == 0) return {};
  std::string digits = std::to_string(area);
  digits.insert(0, 15 - std::min<size_t>(15, digits.size()), '0');
  return digits.substr(0, kDigits.at(static_cast<size_t>(LevelOf(area))));
}

std::string_view NameOf(AreaLevel level) { return kNames.at(static_cast<size_t>(level)); }
std::string_view ChineseNameOf(AreaLevel level) { return kChinese.at(static_cast<size_t>(level)); }

bool ReadAreaLevel(std::string_view text, AreaLevel* level) {
  for (size_t i = 0; i < kAreaLevels; ++i) {
    if (!EqualsIgnoreCase(text, kNames.at(i)) && text != kChinese.at(i)) continue;
    *level = static_cast<AreaLevel>(i);
    return true;
  }
  return false;
}

}  // namespace tk::geo
