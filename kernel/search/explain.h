// The plan of one question and what it cost, told to whoever asks with _explain=true.
// Estimates are counts of index entries over all records, not of those in the asker's area: they are told only to who sees everything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tk::search {

struct Explanation {
  struct Step {
    std::string criterion;  // its name, never its value; "" = all resources of the type
    enum class Role : uint8_t { kDriver, kSet, kProbe } role = Role::kProbe;
    bool has_estimate = false;
    uint64_t estimate = 0;  // index entries
  };
  std::vector<Step> steps;
  std::string order;        // "clinical date", "time of writing", "sort keys"
  bool walks = false;       // ends when the page is full; else gathers all matches first
  uint64_t candidates = 0;  // of the driver
  uint64_t tested = 0;      // candidates that were live and in scope, asked of the other criteria
  uint64_t entries = 0;     // index entries that sets and joins looked at
  uint64_t probes = 0;      // joined resources looked up one by one
  uint64_t kept = 0;        // ordinals in intermediate sets
  int64_t took_us = 0;
};

}  // namespace tk::search
