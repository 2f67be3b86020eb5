#include "kernel/base/qr.h"

#include <fmt/format.h>
#include <qrencode.h>
#include <zlib.h>

#include <memory>

namespace tk {
namespace {

constexpr int kQuiet = 4;

void PutFour(uint64_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) *out += static_cast<char>(value >> shift & 0xff);
}

void AddChunk(std::string_view type, std::string_view data, std::string* out) {
  PutFour(data.size(), out);
  const size_t from = out->size();
  *out += type;
  *out += data;
  const auto* bytes = reinterpret_cast<const Bytef*>(out->data() + from);
  PutFour(crc32(0, bytes, static_cast<uInt>(out->size() - from)), out);
}

bool IsDark(const QrCode& code, int x, int y) {
  return x >= 0 && y >= 0 && x < code.width && y < code.width &&
         code.dark[static_cast<size_t>(y) * static_cast<size_t>(code.width) + static_cast<size_t>(x)];
}

}  // namespace

Result<QrCode> MakeQr(std::string_view text) {
  const std::string ended(text);
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> made(
      QRcode_encodeString(ended.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), QRcode_free);
  if (made == nullptr) return MakeError(ErrorCode::kTooLarge, "The text does not fit into a QR code.");
  QrCode code;
  code.version = made->version;
  code.width = made->width;
  const size_t modules = static_cast<size_t>(made->width) * static_cast<size_t>(made->width);
  for (size_t i = 0; i < modules; ++i) code.dark.push_back((made->data[i] & 1) != 0);
  return code;
}

std::string QrAsSvg(const QrCode& code) {
  const int side = code.width + 2 * kQuiet;
  std::string path;
  for (int y = 0; y < code.width; ++y) {
    for (int x = 0; x < code.width; ++x) {
      if (!IsDark(code, x, y)) continue;
      int end = x;
      while (IsDark(code, end, y)) ++end;
      path += fmt::format("M{} {}h{}v1h-{}z", x + kQuiet, y + kQuiet, end - x, end - x);
      x = end;
    }
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {0}\" shape-rendering=\"crispEdges\">"
      "<path fill=\"#fff\" d=\"M0 0h{0}v{0}H0z\"/><path d=\"{1}\"/></svg>",
      side, path);
}

Result<std::string> QrAsPng(const QrCode& code, int scale) {
  if (scale < 1 || scale > 32) return MakeError(ErrorCode::kIncorrect, "scale must be 1 to 32");
  const int side = (code.width + 2 * kQuiet) * scale;
  std::string rows;
  for (int y = 0; y < side; ++y) {
    rows += '\0';  // no filter
    uint8_t byte = 0;
    for (int x = 0; x < side; ++x) {
      const bool white = !IsDark(code, x / scale - kQuiet, y / scale - kQuiet);
      byte = static_cast<uint8_t>(byte << 1 | (white ? 1 : 0));
      if (x % 8 == 7) rows += static_cast<char>(byte);
    }
    if (side % 8 != 0) rows += static_cast<char>(byte << (8 - side % 8));
  }
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
                rows.size(), 9) != Z_OK)
    return MakeError(ErrorCode::kInternal, "The picture could not be made.", "zlib");
  packed.resize(size);
  std::string out = "\x89PNG\r\n\x1a\n", head;
  PutFour(static_cast<uint64_t>(side), &head);
  PutFour(static_cast<uint64_t>(side), &head);
  head += std::string("\1\0\0\0\0", 5);  // one bit, grey, deflate, no filter method, not interlaced
  AddChunk("IHDR", head, &out);
  AddChunk("IDAT", packed, &out);
  AddChunk("IEND", "", &out);
  return out;
}

}  // namespace tk
