// Entries of runs: two to four words, compared word by word, the first word first. The meaning of the words is the owner's.
#pragma once

#include <cstdint>

namespace tk::view {

/// `<` is written out: GCC 12 calls a defaulted <=> instead of inlining it, once for every step of every look-up.
struct Entry16 {
  uint64_t a = 0, b = 0;
  bool operator==(const Entry16&) const = default;
  friend bool operator<(const Entry16& x, const Entry16& y) { return x.a < y.a || (x.a == y.a && x.b < y.b); }
};
struct Entry24 {
  uint64_t a = 0, b = 0, c = 0;
  bool operator==(const Entry24&) const = default;
  friend bool operator<(const Entry24& x, const Entry24& y) {
    if (x.a != y.a) return x.a < y.a;
    return x.b < y.b || (x.b == y.b && x.c < y.c);
  }
};
struct Entry32 {
  uint64_t a = 0, b = 0, c = 0, d = 0;
  bool operator==(const Entry32&) const = default;
  friend bool operator<(const Entry32& x, const Entry32& y) {
    if (x.a != y.a) return x.a < y.a;
    if (x.b != y.b) return x.b < y.b;
    return x.c < y.c || (x.c == y.c && x.d < y.d);
  }
};

}  // namespace tk::view
