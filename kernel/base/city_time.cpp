#include "kernel/base/city_time.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>

namespace tk {
namespace {

// Written at a program's start; read by every thread.
std::atomic<int>& CityOffset() {
  static std::atomic<int> offset_min{8 * 60};  // UTC+8: China Standard Time, of the whole country
  return offset_min;
}

/// Without the Z: what clocks show that are so far ahead of UTC.
std::string ShownInCity(Instant us) {
  std::string shown = FormatInstant(us + Instant{CityOffsetMin()} * 60 * kSecondUs);
  shown.pop_back();
  return shown;
}

}  // namespace

int CityOffsetMin() { return CityOffset().load(std::memory_order_relaxed); }
void SetCityOffsetMin(int offset_min) { CityOffset().store(offset_min, std::memory_order_relaxed); }

std::string CityZone() {
  const int offset_min = CityOffsetMin(), east_min = std::abs(offset_min);
  return fmt::format("{}{:02}:{:02}", offset_min < 0 ? '-' : '+', east_min / 60, east_min % 60);
}

std::string CityDay(Instant us) {
  const std::string shown = ShownInCity(us);
  return shown.substr(0, shown.find('T'));
}

std::string FormatCityTime(Instant us) { return ShownInCity(us) + CityZone(); }

}  // namespace tk
