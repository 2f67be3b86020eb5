// Areas are division codes: two digits a level (province, city, county), then three (township, village) by GB/T 2260
// and GB/T 10114. As numbers padded to 12 digits, a subtree is a range.
#include "kernel/view/directory.h"

namespace tk::view {

Result<std::pair<uint64_t, uint64_t>> AreaRange(std::string_view code) {
  const bool level_ends = code.size() == 2 || code.size() == 4 || code.size() == 6 || code.size() == 9 || code.size() == 12;
  uint64_t low = 0;
  bool digits = level_ends;
  for (char c : code) {
    digits = digits && c >= '0' && c <= '9';
    if (digits) low = low * 10 + static_cast<uint64_t>(c - '0');
  }
  if (!digits) {
    return MakeError(ErrorCode::kIncorrect, "an area is a division code of 2, 4, 6, 9 or 12 digits, e.g. 380102");
  }
  uint64_t width = 1;
  for (size_t i = code.size(); i < 12; ++i) width *= 10;
  return std::pair<uint64_t, uint64_t>{low * width, (low + 1) * width};
}

}  // namespace tk::view
