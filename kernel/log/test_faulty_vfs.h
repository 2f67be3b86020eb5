// A file layer for SQLite whose n-th write, truncation or sync fails, or whose disk is full after some bytes.
#pragma once

#include <atomic>
#include <cstdint>

namespace tk::log::test {

struct FaultPlan {
  std::atomic<int> calls{0};            // writes, truncations and syncs so far
  std::atomic<int> fail_at{0};          // 0 = never
  std::atomic<bool> for_ever{false};    // the disk stays away from then on
  std::atomic<int> syncs_to_fail{0};    // the next so many syncs fail, although the bytes have arrived
  std::atomic<int64_t> bytes_left{-1};  // space left; negative = without end

  void Reset() {
    calls = 0;
    fail_at = 0;
    for_ever = false;
    syncs_to_fail = 0;
    bytes_left = -1;
  }
};
/// One plan for the whole process.
FaultPlan& Faults();
/// The name of the layer, registered at the first call.
const char* FaultyVfs();

}  // namespace tk::log::test
