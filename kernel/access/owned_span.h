// A record, and while it was a person's: what was looked at of it then concerns him.
#pragma once

#include <cstdint>

#include "kernel/base/clock.h"

namespace tk::access {

struct OwnedSpan {
  uint32_t owner = 0;
  Instant from_us = INT64_MIN, until_us = INT64_MAX;  // [from, until)
};

}  // namespace tk::access
