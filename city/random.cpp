#include "city/random.h"

#include <bit>

#include "kernel/base/error.h"

namespace tk::city {

uint64_t Permute(uint64_t key, uint64_t domain, uint64_t x) {
  CHECK(x < domain);
  if (domain == 1) return 0;
  const auto half = (static_cast<unsigned>(std::bit_width(domain - 1)) + 1) / 2;
  const uint64_t mask = (uint64_t{1} << half) - 1;
  do {
    uint64_t left = x >> half, right = x & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t next = left ^ (Mix(key + round * 0x9e3779b97f4a7c15ULL + right) & mask);
      left = right;
      right = next;
    }
    x = (left << half) | right;
  } while (x >= domain);
  return x;
}

Weighted::Weighted(const std::vector<double>& weights) {
  double all = 0;
  for (const double weight : weights) all += weight;
  CHECK(all > 0);
  double sum = 0;
  for (const double weight : weights) {
    sum += weight;
    ends_.push_back(static_cast<uint32_t>(std::min(sum / all * 4294967296.0, 4294967295.0)));
  }
}

}  // namespace tk::city
