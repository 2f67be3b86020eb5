#include "kernel/exchange/cells.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "kernel/base/text.h"
#include "kernel/person/identifier.h"

namespace tk::exchange {

std::optional<int32_t> ReadDay(std::string_view text) {
  std::array<int32_t, 3> parts{};
  size_t part = 0, digits = 0;
  for (const char c : text) {
    if (c == '-' || c == '/' || c == '.') {
      if (digits == 0 || ++part == parts.size()) return std::nullopt;
      digits = 0;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > 8) return std::nullopt;
    parts.at(part) = parts.at(part) * 10 + (c - '0');
  }
  const int32_t day = part == 0 ? parts[0] : parts[0] * 10000 + parts[1] * 100 + parts[2];
  const bool is_day = (part == 0 || part == 2) && person::IsDay(day);
  return is_day ? std::optional(day) : std::nullopt;
}

std::string DayText(int32_t day) {
  return fmt::format("{:04}-{:02}-{:02}", day / 10000, day / 100 % 100, day % 100);
}

std::optional<double> ReadNumber(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> ReadActive(std::string_view text) {
  for (const std::string_view each : {"active", "有效", "启用", "1"}) {
    if (EqualsIgnoreCase(text, each)) return true;
  }
  for (const std::string_view each : {"inactive", "abolished", "撤销", "停用", "0"}) {
    if (EqualsIgnoreCase(text, each)) return false;
  }
  return std::nullopt;
}

}  // namespace tk::exchange
