// Random numbers: from the system for ids and keys; seeded for tests and generators.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tk {

/// Fills `out` from the operating system's generator. Thread-safe.
void SystemRandom(std::span<uint8_t> out);
/// A new version-4 UUID, lower case, 36 characters. Thread-safe; about 100 ns.
std::string NewUuid();

/// splitmix64: small, fast, the same numbers on every machine for a seed. Not for secrets.
__extension__ typedef unsigned __int128 WideUnsigned;

class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  /// Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<WideUnsigned>(Next()) * bound) >> 64);
  }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

}  // namespace tk
