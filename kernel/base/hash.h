// Hashes: keyed 64-bit for index keys (nobody without the key can test a guess), checksums for files, digests for chains.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace tk {

using Bytes = std::span<const uint8_t>;
inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// SipHash-2-4 key; one per log, kept with the keys, not with the index.
using HashKey = std::array<uint8_t, 16>;
using Digest = std::array<uint8_t, 32>;

/// Keyed hash (SipHash-2-4). About 20 ns for short texts. Thread-safe.
uint64_t KeyedHash(const HashKey& key, std::string_view text);
/// Unkeyed checksum of stored bytes (CRC-32C); finds damage, proves nothing.
uint32_t Crc32c(Bytes bytes, uint32_t seed = 0);
/// BLAKE2b-256 of `parts` one after another.
Digest DigestOf(std::initializer_list<Bytes> parts);
/// Lower-case hex.
std::string ToHex(Bytes bytes);

/// Cheap mixing of integers for hash tables (not keyed): the finaliser of splitmix64.
constexpr uint64_t Mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace tk
