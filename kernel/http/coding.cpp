#include "kernel/http/coding.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "kernel/base/text.h"

namespace tk::http {
namespace {

constexpr size_t kBlock = size_t{256} * 1024;
constexpr int kGzipLevel = 5, kZstdLevel = 1;
constexpr int kGzipKeptLevel = 9, kZstdKeptLevel = 15;
constexpr int kGzipWindow = 15 + 16;  // 15 bits, gzip wrapper

Error TooLarge(size_t bytes_max) {
  return MakeError(ErrorCode::kTooLarge, fmt::format("the body unpacks to more than {} bytes", bytes_max));
}
Error TooManyBodies() {
  return MakeError(ErrorCode::kBusy, "too many large bodies at once; try again later");
}
Error Damaged() { return MakeError(ErrorCode::kIncorrect, "the body is not what Content-Encoding says"); }

// q of one coding in the header; -1 if it is not named.
double QualityOf(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    const size_t comma = header.find(',');
    std::string_view item = TrimSpace(header.substr(0, comma));
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    const size_t semicolon = item.find(';');
    if (!EqualsIgnoreCase(TrimSpace(item.substr(0, semicolon)), coding)) continue;
    if (semicolon == std::string_view::npos) return 1;
    const std::string_view parameter = TrimSpace(item.substr(semicolon + 1));
    if (parameter.size() < 3 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') return 1;
    return std::clamp(std::strtod(std::string(parameter.substr(2)).c_str(), nullptr), 0.0, 1.0);
  }
  return -1;
}

/// What is unpacked, growing as it is filled: members may be empty and many, and cost no room then.
class Unpacked {
 public:
  Unpacked(size_t packed_bytes, size_t bytes_max, const MayHold& may_hold)
      : step_(std::min(kBlock, std::max<size_t>(packed_bytes * 4, 1024))),
        bytes_max_(bytes_max),
        may_hold_(may_hold) {}
  /// There is room for at least one byte behind this. Errors: kBusy.
  Status Grow() {
    if (used_ < bytes_.size()) return {};
    if (may_hold_ && !may_hold_(used_ + step_)) return TooManyBodies();
    bytes_.resize(used_ + step_);
    return {};
  }
  char* at() { return bytes_.data() + used_; }
  size_t room() const { return bytes_.size() - used_; }
  /// So much of the room was filled. Errors: kTooLarge.
  Status Take(size_t bytes) {
    used_ += bytes;
    return used_ > bytes_max_ ? Status(TooLarge(bytes_max_)) : Status();
  }
  std::string End() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  const size_t step_, bytes_max_;
  const MayHold& may_hold_;
  std::string bytes_;
  size_t used_ = 0;
};

// One member behind the other is the text of all (RFC 1952 section 2.2): gzip files that were joined, or written piece by piece.
Result<std::string> Gunzip(std::string_view bytes, size_t bytes_max, const MayHold& may_hold) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK)
    return MakeError(ErrorCode::kUnavailable, "not enough memory to unpack");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  Unpacked out(bytes.size(), bytes_max, may_hold);
  for (;;) {
    TRY(out.Grow());
    const size_t room = out.room();
    stream.next_out = reinterpret_cast<Bytef*>(out.at());
    stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream, Z_NO_FLUSH);
    TRY(out.Take(room - stream.avail_out));
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) return out.End();
      if (inflateReset(&stream) != Z_OK) return Damaged();
    } else if (code != Z_OK || stream.avail_out != 0) {
      return Damaged();  // or it ends in the middle: there was room, and nothing is left to fill it with
    }
  }
}

// Frames are joined in the same way (RFC 8878 section 3).
Result<std::string> Unzstd(std::string_view bytes, size_t bytes_max, const MayHold& may_hold) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return MakeError(ErrorCode::kUnavailable, "not enough memory to unpack");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                         23);  // 8 MiB: what RFC 8878 asks receivers to have
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  Unpacked out(bytes.size(), bytes_max, may_hold);
  for (;;) {
    TRY(out.Grow());
    ZSTD_outBuffer block{out.at(), out.room(), 0};
    const size_t from = in.pos;
    const size_t left = ZSTD_decompressStream(context.get(), &block, &in);
    if (ZSTD_isError(left) != 0) return Damaged();
    TRY(out.Take(block.pos));
    if (left == 0 && in.pos == in.size) return out.End();
    if (left != 0 && in.pos == in.size && block.pos < block.size) return Damaged();
    if (in.pos == from && block.pos == 0) return Damaged();
  }
}

std::string Gzip(std::string_view bytes, int level) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

Coding ChooseCoding(std::string_view accept_encoding) {
  if (accept_encoding.empty()) return Coding::kIdentity;
  const double any = QualityOf(accept_encoding, "*");
  const auto quality = [&](std::string_view name) {
    const double named = QualityOf(accept_encoding, name);
    return named >= 0 ? named : std::max(any, 0.0);
  };
  const double zstd = quality("zstd"), gzip = quality("gzip");
  if (zstd <= 0 && gzip <= 0) return Coding::kIdentity;
  return zstd >= gzip ? Coding::kZstd : Coding::kGzip;
}

std::string_view NameOf(Coding coding) {
  return coding == Coding::kZstd ? "zstd" : coding == Coding::kGzip ? "gzip" : "identity";
}

std::string Encode(Coding coding, std::string_view bytes, Effort effort) {
  const bool kept = effort == Effort::kKept;
  if (coding == Coding::kGzip) return Gzip(bytes, kept ? kGzipKeptLevel : kGzipLevel);
  if (coding == Coding::kIdentity) return std::string(bytes);
  thread_local const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                                ZSTD_freeCCtx);
  CHECK(context != nullptr);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  // A high level needs a large work space: that one is not kept.
  const size_t size =
      kept ? ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kZstdKeptLevel)
           : ZSTD_compressCCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size(), kZstdLevel);
  CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

Result<std::string> Decode(std::string_view name, std::string_view bytes, size_t bytes_max,
                           const MayHold& may_hold) {
  if (EqualsIgnoreCase(name, "gzip") || EqualsIgnoreCase(name, "x-gzip"))
    return Gunzip(bytes, bytes_max, may_hold);
  if (EqualsIgnoreCase(name, "zstd")) return Unzstd(bytes, bytes_max, may_hold);
  return MakeError(ErrorCode::kUnsupported, "Content-Encoding must be gzip, zstd or absent");
}

}  // namespace tk::http
