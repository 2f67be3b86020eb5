// Memory brought near for a look that comes soon.
#pragma once

namespace tk {

/// A hint: `at` need not be anything that may be read. The empty asm is its only effect in the eyes of GCC 12, which otherwise takes a function that does
/// nothing but prefetch for one that does nothing, and drops its calls.
inline void BringNear(const void* at) {
  __builtin_prefetch(at);
  asm volatile("" : : "r"(at));
}

}  // namespace tk
