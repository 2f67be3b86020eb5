// What of the maintenance fails: each step by itself, so that one that cannot be done keeps no other from being done.
// Flow:   Maintain() → Tell("save", status) → `upkeep-failed` in the log when it begins to fail, or fails in another way, `upkeep-mended` when it is done again
// Readers: /ready, through Engine::failing_upkeep()
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::view {

/// Thread-safe.
class Upkeep {
 public:
  /// How one try of a step ended. `step` is a short name that operators see: letters and '-'.
  void Tell(std::string_view step, const Status& done);
  /// The steps whose last try failed, by name.
  std::vector<std::string> failing() const;

 private:
  mutable std::mutex mutex_;
  // By code, not by text: the name of the file that could not be made is another one at every try.
  std::map<std::string, ErrorCode, std::less<>> failing_;
};

}  // namespace tk::view
