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

Result<std::string> Gunzip(std::string_view bytes, size_t bytes_max, const MayHold& may_hold) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK)
    return MakeError(ErrorCode::kUnavailable, "not enough memory to unpack");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  for (;;) {
    const size_t before = out.size();
    const size_t after = before + std::min(kBlock, std::max<size_t>(bytes.size() * 4, 1024));
    if (may_hold && !may_hold(after)) return TooManyBodies();
    out.resize(after);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    const int code = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > bytes_max) return TooLarge(bytes_max);
    if (code == Z_STREAM_END) return stream.avail_in == 0 ? Result<std::string>(std::move(out)) : Damaged();
    if (code != Z_OK || out.size() == before) return Damaged();
  }
}

Result<std::string> Unzstd(std::string_view bytes, size_t bytes_max, const MayHold& may_hold) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return MakeError(ErrorCode::kUnavailable, "not enough memory to unpack");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                         23);  // 8 MiB: what RFC 8878 asks receivers to have
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string out;
  size_t left = 1;
  while (left != 0) {
    const size_t before = out.size();
    const size_t after = before + std::min(kBlock, std::max<size_t>(bytes.size() * 4, 1024));
    if (may_hold && !may_hold(after)) return TooManyBodies();
    out.resize(after);
    ZSTD_outBuffer block{out.data() + before, out.size() - before, 0};
    left = ZSTD_decompressStream(context.get(), &block, &in);
    out.resize(before + block.pos);
    if (ZSTD_isError(left) != 0) return Damaged();
    if (out.size() > bytes_max) return TooLarge(bytes_max);
    if (left != 0 && block.pos == 0 && in.pos == in.size) return Damaged();
  }
  if (in.pos != in.size) return Damaged();
  return out;
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
