// Base32 without padding: bytes as A-Z and 2-7, for QR codes in their alphanumeric mode and for people who type. Source: RFC 4648 section 6.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/base/hash.h"

namespace tk {

/// 8 characters for 5 bytes.
std::string ToBase32(Bytes bytes);
/// Either case. nullopt when it is not exactly base32 without padding: one text for every byte string, and none beside it.
std::optional<std::string> FromBase32(std::string_view text);

}  // namespace tk
