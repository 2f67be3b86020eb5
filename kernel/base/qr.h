// A text as a QR code: SVG for pages and print, PNG for whoever takes only pictures. By libqrencode.
// Source: ISO/IEC 18004 (by the library); error correction M, about 15 % of damage; quiet zone of 4 modules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk {

struct QrCode {
  int version = 0;         // 1 to 40
  int width = 0;           // modules a side
  std::vector<bool> dark;  // row by row
};
/// Errors: kTooLarge for what no code holds.
Result<QrCode> MakeQr(std::string_view text);
/// One path, black on white, no script, no reference to anything outside.
std::string QrAsSvg(const QrCode& code);
/// Grey of one bit. `scale`: pixels a module, 1 to 32.
Result<std::string> QrAsPng(const QrCode& code, int scale);

}  // namespace tk
