// Numbers in the binary forms of this app: big-endian, bounds checked by the reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tk::health_card {

inline void PutBytes(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) *out += static_cast<char>(value >> (8 * i) & 0xff);
}

/// Takes from the front. What is not there any more is 0, and `ok` becomes false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}
  uint64_t Take(size_t bytes) {
    uint64_t value = 0;
    for (const char c : TakeText(bytes)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string_view TakeText(size_t bytes) {
    if (bytes > left_.size()) {
      ok_ = false;
      left_ = {};
    }
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(taken.size());
    return taken;
  }
  /// LEB128, at most 10 bytes, in its shortest form.
  uint64_t TakeVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint64_t byte = Take(1);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0) ok_ = false;
        return value;
      }
    }
    ok_ = false;
    return 0;
  }
  bool ok() const { return ok_; }
  size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

inline void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>((value & 0x7f) | 0x80);
  *out += static_cast<char>(value);
}

}  // namespace tk::health_card
