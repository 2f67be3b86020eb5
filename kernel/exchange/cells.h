// What cells of tables say, in the words that people write there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tk::exchange {

/// 20240630 of 2024-06-30, 2024/6/30 or 20240630; nullopt if there is no such day.
std::optional<int32_t> ReadDay(std::string_view text);
/// The other way: 2024-06-30.
std::string DayText(int32_t day);
std::optional<double> ReadNumber(std::string_view text);
/// active, 有效, 启用, 1; inactive, abolished, 撤销, 停用, 0.
std::optional<bool> ReadActive(std::string_view text);

}  // namespace tk::exchange
