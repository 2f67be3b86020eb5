#include "kernel/view/upkeep.h"

#include "kernel/base/diagnostics.h"

namespace tk::view {

void Upkeep::Tell(std::string_view step, const Status& done) {
  const std::lock_guard lock(mutex_);
  const auto known = failing_.find(step);
  if (done.ok()) {
    if (known == failing_.end()) return;
    failing_.erase(known);
    Say(LogLevel::kInfo, "upkeep-mended", {{"step", step}});
    return;
  }
  const ErrorCode code = done.error().code;
  if (known != failing_.end() && known->second == code) return;
  failing_[std::string(step)] = code;
  const std::string why = done.error().ToString();
  Say(LogLevel::kError, "upkeep-failed", {{"step", step}, {"why", std::string_view(why)}});
}

std::vector<std::string> Upkeep::failing() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> steps;
  for (const auto& [step, code] : failing_) steps.push_back(step);
  return steps;
}

}  // namespace tk::view
