// Text as it travels: JSON strings, base64url, percent-encoding, UTF-8.
// Source: RFC 8259 (JSON), RFC 4648 section 5 (base64url), RFC 3986 section 2.1 (percent), RFC 3629 (UTF-8).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk {

/// Appends `text` in quotes; bytes that are not UTF-8 become U+FFFD, so the output is always valid JSON.
void AppendJsonString(std::string_view text, std::string* out);

/// Would AppendJsonString put quotes around it and nothing else? (Of ASCII; whatever else there is, it says no.)
bool IsPlainJson(std::string_view text);

/// In decimal.
void AppendNumber(int64_t number, std::string* out);
/// 16 digits of hexadecimal.
void AppendHex(uint64_t number, std::string* out);

/// Without padding.
std::string ToBase64Url(Bytes bytes);
/// nullopt when it is not exactly base64url without padding.
std::optional<std::string> FromBase64Url(std::string_view text);

/// Undoes %XX. `plus_is_space` for query strings and forms. Errors: kIncorrect for a broken escape, a NUL, or bytes that are not UTF-8.
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space);

/// For a part of a query: all but letters, digits and -._~:/,|$@ becomes %XX.
std::string PercentEncode(std::string_view text);

/// Length of the well-formed UTF-8 character at the start of `text`, 0 if there is none.
size_t Utf8CharLength(std::string_view text);

/// ASCII only.
std::string ToLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view left, std::string_view right);
std::string_view TrimSpace(std::string_view text);

}  // namespace tk
