// Areas as numbers: a subtree of divisions is a range.
#include "kernel/view/directory.h"

namespace tk::view {

uint64_t AreaOfResource(fhir::Value resource) {
  std::string scratch;
  for (fhir::Value tag : resource["meta"]["tag"]) {
    if (tag["system"].String(scratch) != kAreaSystem) continue;
    auto range = AreaRange(tag["code"].ToString());
    if (range.ok()) return range->first;
  }
  return 0;
}

bool IsReview(fhir::Value task) {
  std::string scratch;
  for (const fhir::Value coding : task["code"]["coding"]) {
    if (coding["system"].String(scratch) == kReviewSystem) return true;
  }
  return false;
}

Result<std::pair<uint64_t, uint64_t>> AreaRange(std::string_view code) {
  // GB/T 2260 (province 2, city 4, county 6 digits) and GB/T 10114 (township 9, village 12 digits); grids are below, 15.
  constexpr size_t kDigits = 15;
  if (code.size() != 2 && code.size() != 4 && code.size() != 6 && code.size() != 9 && code.size() != 12 &&
      code.size() != kDigits) {
    return MakeError(ErrorCode::kIncorrect, "an area code has 2, 4, 6, 9, 12 or 15 digits");
  }
  uint64_t low = 0;
  for (char c : code) {
    if (c < '0' || c > '9') return MakeError(ErrorCode::kIncorrect, "an area code consists of digits");
    low = low * 10 + static_cast<uint64_t>(c - '0');
  }
  uint64_t width = 1;
  for (size_t i = code.size(); i < kDigits; ++i) {
    low *= 10;
    width *= 10;
  }
  return std::pair<uint64_t, uint64_t>{low, low + width};
}

}  // namespace tk::view
