// JSON strings as they stand in a text: undoing and doing escapes.
// Source: RFC 8259 section 7.
#pragma once

#include <string>
#include <string_view>

namespace tk::fhir {

/// Appends the characters that `raw` (between the quotes, already checked by the parser) stands for, as UTF-8.
void AppendUnescaped(std::string_view raw, std::string* out);

/// `text` as it stands between the quotes of a JSON string: what an edit puts into one.
std::string EscapedText(std::string_view text);

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Reads four hex digits. Negative if they are none.
int ReadHex4(const char* at);

}  // namespace tk::fhir
