// Content codings both ways: gzip and zstd. What comes in is limited while it is unpacked, so that a small bomb stays small.
// Source: RFC 1952 by zlib, RFC 8878 by libzstd, RFC 9110 section 12.5.3 (Accept-Encoding).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::http {

enum class Coding : uint8_t { kIdentity, kGzip, kZstd };

/// The best of what the client accepts: zstd before gzip, unless its q says otherwise; identity if nothing fits.
Coding ChooseCoding(std::string_view accept_encoding);
std::string_view NameOf(Coding coding);

/// kOnce: for one answer; level 1 of zstd or 5 of gzip: on FHIR JSON about 400 MB/s and 90 MB/s on one core.
/// kKept: coded once, sent many times; level 15 or 9: about 5 MB/s, and a script is a sixth smaller with zstd.
enum class Effort : uint8_t { kOnce, kKept };
std::string Encode(Coding coding, std::string_view bytes, Effort effort = Effort::kOnce);

/// `name` is the value of Content-Encoding. Members of gzip and frames of zstd that follow each other are one text; whatever else follows is damage.
/// `may_hold` is asked before the text grows to so many bytes. Errors: kUnsupported for others,
/// kTooLarge over `bytes_max`, kIncorrect if damaged, kBusy if `may_hold` says no.
using MayHold = std::function<bool(size_t bytes)>;
Result<std::string> Decode(std::string_view name, std::string_view bytes, size_t bytes_max,
                           const MayHold& may_hold = {});

}  // namespace tk::http
