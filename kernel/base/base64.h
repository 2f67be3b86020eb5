// base64 with the usual letters and padding, as FHIR's base64Binary has it. The letters of URLs are in text.h.
// Source: RFC 4648 section 4.
#pragma once

#include <optional>
#include <string>

#include "kernel/base/hash.h"

namespace tk {

std::string ToBase64(Bytes bytes);
/// nullopt when it is not exactly that. Blanks and line ends are passed over.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace tk
