#include "kernel/base/hash.h"

#include <sodium.h>

#include <string>

#include "kernel/base/error.h"
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tk {

uint64_t KeyedHash(const HashKey& key, std::string_view text) {
  uint64_t out = 0;
  crypto_shorthash_siphash24(reinterpret_cast<unsigned char*>(&out),
                             reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data());
  return out;
}

namespace {

struct Crc32cTable {
  std::array<uint32_t, 256> row{};
  constexpr Crc32cTable() {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? (c >> 1) ^ 0x82f63b78u : c >> 1;
      row[i] = c;
    }
  }
};
constexpr Crc32cTable kCrc32c;

uint32_t CrcPortable(Bytes bytes, uint32_t crc) {
  for (uint8_t b : bytes) crc = kCrc32c.row[(crc ^ b) & 0xff] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t CrcHardware(Bytes bytes, uint32_t crc) {
  uint64_t wide = crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = 0;
    __builtin_memcpy(&word, bytes.data() + i, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; i < bytes.size(); ++i) crc = _mm_crc32_u8(crc, bytes[i]);
  return crc;
}
#endif

}  // namespace

uint32_t Crc32c(Bytes bytes, uint32_t seed) {
  const uint32_t crc = ~seed;
#if defined(__x86_64__)
  static const bool kHardware = __builtin_cpu_supports("sse4.2") != 0;
  if (kHardware) return ~CrcHardware(bytes, crc);
#endif
  return ~CrcPortable(bytes, crc);
}

Digest DigestOf(std::initializer_list<Bytes> parts) {
  crypto_generichash_state state;
  Digest out{};
  CHECK(crypto_generichash_init(&state, nullptr, 0, out.size()) == 0);
  for (Bytes part : parts) crypto_generichash_update(&state, part.data(), part.size());
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

std::string ToHex(Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '0');
  size_t at = 0;
  for (uint8_t b : bytes) {
    out[at++] = kDigits[b >> 4];
    out[at++] = kDigits[b & 15];
  }
  return out;
}

}  // namespace tk
