// The city's numbers: each thing has a stream of its own, named by what is drawn and for whom, so that any person can be made alone and
// nothing depends on who was made before or on which thread. See docs/decisions/0026-a-city-from-counters.md.
// Flow:   (seed, Draw, index) → StreamOf → numbers in a fixed order
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/base/random.h"

namespace tk::city {

/// What is drawn. New draws get new numbers at the end: an old city stays as it was.
enum class Draw : uint64_t {
  kPlan = 1,
  kPlaceName,
  kMesh,
  kFit,
  kCells,
  kHousehold,
  kSlot,
  kMove,
  kPerson,
  kMobile,
  kInstitution,
  kStaff,
  kRecordId,
  kSources,
  kRecord,
  kOutsider,
  kLife,
  kBody,
  kChronic,
  kVisit,
  kShots,
  kGrowth,
  kPregnancy,
};

/// A number that depends on all three; 64 good bits. ~3 ns.
constexpr uint64_t KeyOf(uint64_t seed, Draw what, uint64_t index) {
  return Mix(Mix(Mix(seed ^ 0x5eedc17900000000ULL) + static_cast<uint64_t>(what) * 0x9e3779b97f4a7c15ULL) +
             index * 0xd1b54a32d192ed03ULL);
}

inline SeededRandom StreamOf(uint64_t seed, Draw what, uint64_t index) {
  return SeededRandom(KeyOf(seed, what, index));
}

/// True `part` times in `of`.
inline bool Chance(SeededRandom* random, uint64_t part, uint64_t of) { return random->Below(of) < part; }

/// A permutation of [0, domain), domain > 0, chosen by `key`: a Feistel network of four rounds on the next even number of bits, walked until
/// it falls into the domain. ~20 ns.
uint64_t Permute(uint64_t key, uint64_t domain, uint64_t x);

/// Picks an index with given weights; the thresholds are integers, so that every machine picks alike.
class Weighted {
 public:
  Weighted() = default;
  /// Weights ≥ 0, at least one > 0.
  explicit Weighted(const std::vector<double>& weights);
  size_t Pick(SeededRandom* random) const {
    const auto draw = static_cast<uint32_t>(std::min<uint64_t>(random->Next() >> 32, 4294967294u));
    return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end() - 1, draw) - ends_.begin());
  }
  size_t size() const { return ends_.size(); }

 private:
  std::vector<uint32_t> ends_;
};

}  // namespace tk::city
