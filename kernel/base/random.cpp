#include "kernel/base/random.h"

#include <sodium.h>

#include <array>

#include "kernel/base/hash.h"

namespace tk {

void SystemRandom(std::span<uint8_t> out) { randombytes_buf(out.data(), out.size()); }

std::string NewUuid() {
  // Refilled in blocks: one system call serves many ids.
  thread_local std::array<uint8_t, 1024> pool;
  thread_local size_t used = pool.size();
  if (used + 16 > pool.size()) {
    SystemRandom(pool);
    used = 0;
  }
  std::array<uint8_t, 16> id;
  for (size_t i = 0; i < 16; ++i) id[i] = pool[used + i];
  used += 16;
  id[6] = static_cast<uint8_t>((id[6] & 0x0f) | 0x40);
  id[8] = static_cast<uint8_t>((id[8] & 0x3f) | 0x80);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(36, '-');
  size_t at = 0;
  for (const uint8_t byte : id) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    text[at++] = kHex[byte >> 4];
    text[at++] = kHex[byte & 15];
  }
  return text;
}

uint64_t SeededRandom::Next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  return Mix(state_);
}

}  // namespace tk
