// What is reached from one record by going on from each that was reached: the first, and each once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tk::interaction {

/// `joined(record, &out)` appends the neighbours of a record.
template <class Joined>
std::vector<uint64_t> Reached(std::vector<uint64_t> from, Joined joined) {
  std::vector<uint64_t> next;
  for (size_t i = 0; i < from.size(); ++i) {
    next.clear();
    joined(from[i], &next);
    for (const uint64_t record : next) {
      if (std::find(from.begin(), from.end(), record) == from.end()) from.push_back(record);
    }
  }
  return from;
}

}  // namespace tk::interaction
