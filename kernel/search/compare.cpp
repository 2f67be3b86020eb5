#include "kernel/search/compare.h"

#include <algorithm>
#include <cmath>

namespace tk::search {

bool DateHolds(const Term& term, int64_t low, int64_t high) {
  const bool within = low >= term.low_us && high <= term.high_us;
  switch (term.prefix) {
    case Prefix::kEq:
      return within;
    case Prefix::kNe:
      return !within;
    case Prefix::kGt:
      return high > term.high_us;
    case Prefix::kLt:
      return low < term.low_us;
    case Prefix::kGe:
      return high > term.high_us || within;
    case Prefix::kLe:
      return low < term.low_us || within;
    case Prefix::kSa:
      return low >= term.high_us;
    case Prefix::kEb:
      return high <= term.low_us;
    case Prefix::kAp:
      return low < term.high_us && high > term.low_us;
  }
  return false;
}

bool NumberHolds(const Term& term, double low, double high) {
  // A single number lies in [low, high); a range must lie in it whole, its end may touch.
  const bool within = low >= term.low && (low == high ? high < term.high : high <= term.high);
  switch (term.prefix) {
    case Prefix::kEq:
      return within;
    case Prefix::kNe:
      return !within;
    case Prefix::kGt:
      return high > term.exact;
    case Prefix::kLt:
      return low < term.exact;
    case Prefix::kGe:
      return high >= term.exact;
    case Prefix::kLe:
      return low <= term.exact;
    case Prefix::kSa:
      return low > term.exact;
    case Prefix::kEb:
      return high < term.exact;
    case Prefix::kAp:
      return low <= term.high && high >= term.low;
  }
  return false;
}

bool UrlBelow(std::string_view root, std::string_view text) {
  if (text == root) return true;
  if (root.empty() || text.size() <= root.size() || text.substr(0, root.size()) != root) return false;
  if (root.substr(0, 4) == "urn:") return false;
  return root.back() == '/' || text[root.size()] == '/';
}

std::vector<std::string> UrlsAbove(std::string_view text) {
  std::vector<std::string> out{std::string(text)};
  if (text.substr(0, 4) == "urn:") return out;
  const size_t scheme = text.find("://");
  const size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  for (size_t i = text.size(); i-- > from;) {
    if (text[i] != '/') continue;
    if (i + 1 < text.size()) out.emplace_back(text.substr(0, i + 1));
    if (i > from) out.emplace_back(text.substr(0, i));
  }
  return out;
}

double DistanceM(double latitude1, double longitude1, double latitude2, double longitude2) {
  constexpr double kEarthRadiusM = 6'371'008.8;  // mean radius R1, IUGG 1980
  constexpr double kRadian = 3.14159265358979323846 / 180;
  const double half_latitude = std::sin((latitude2 - latitude1) * kRadian / 2),
               half_longitude = std::sin((longitude2 - longitude1) * kRadian / 2);
  const double h = half_latitude * half_latitude + std::cos(latitude1 * kRadian) *
                                                       std::cos(latitude2 * kRadian) * half_longitude *
                                                       half_longitude;
  return 2 * kEarthRadiusM * std::asin(std::sqrt(std::min(1.0, h)));
}

}  // namespace tk::search
