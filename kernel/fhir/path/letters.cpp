// Letters in one case, beyond ASCII.
#include <utf8proc.h>

#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {
namespace {

constexpr utf8proc_int32_t kSharpS = 0xdf;

void AppendPoint(utf8proc_int32_t point, std::string* out) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(point, bytes);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

void AppendInCase(utf8proc_int32_t point, Letters letters, std::string* out) {
  if (letters == Letters::kLower) return AppendPoint(utf8proc_tolower(point), out);
  if (letters == Letters::kUpper) {
    if (point == kSharpS) return void(*out += "SS");
    return AppendPoint(utf8proc_toupper(point), out);
  }
  utf8proc_int32_t parts[8];
  int boundary = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(point, parts, 8, UTF8PROC_CASEFOLD, &boundary);
  if (count < 1 || count > 8) return AppendPoint(point, out);
  for (utf8proc_ssize_t i = 0; i < count; ++i) AppendPoint(parts[i], out);
}

char AsciiInCase(char c, bool upper) {
  if (upper) return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string InCase(std::string_view text, Letters letters) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      out += AsciiInCase(text[at++], letters == Letters::kUpper);
      continue;
    }
    utf8proc_int32_t point = -1;
    const utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                         static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (size <= 0 || point < 0) {
      out += text[at++];  // no UTF-8: it stays as it is
      continue;
    }
    AppendInCase(point, letters, &out);
    at += static_cast<size_t>(size);
  }
  return out;
}

}  // namespace tk::fhir::path
