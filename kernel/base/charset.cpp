#include "kernel/base/charset.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "kernel/base/text.h"

namespace tk {
namespace {

size_t LineAt(std::string_view bytes, size_t at) {
  return 1 + static_cast<size_t>(std::count(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(at), '\n'));
}

Error NotText(std::string_view bytes, size_t at, std::string_view charset) {
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("Line {} holds bytes that are no {} text: save the file as CSV in UTF-8, and "
                               "send it again.",
                               LineAt(bytes, at), charset));
}

struct Closer {
  void operator()(iconv_t* converter) const {
    iconv_close(*converter);
    delete converter;
  }
};

/// nullopt where `*bad` is the first byte that could not be read. Errors: kUnsupported.
Result<std::optional<std::string>> Converted(std::string_view bytes, const char* from_charset,
                                             const char* to_charset, size_t* bad) {
  const std::unique_ptr<iconv_t, Closer> converter(new iconv_t(iconv_open(to_charset, from_charset)));
  // NOLINTNEXTLINE(performance-no-int-to-ptr,cppcoreguidelines-pro-type-cstyle-cast): iconv's own way to say that it failed
  if (*converter == (iconv_t)-1)
    return MakeError(ErrorCode::kUnsupported, "The C library of this machine has no GB 18030: send UTF-8.");
  std::string out(bytes.size() * 2 + 16, '\0');  // two bytes become three and back, or four
  // iconv takes char** and changes nothing.
  char* from = const_cast<char*>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  char* to = out.data();
  size_t left = bytes.size(), room = out.size();
  const bool failed = iconv(*converter, &from, &left, &to, &room) == static_cast<size_t>(-1);
  *bad = bytes.size() - left;
  if (failed) return std::optional<std::string>();
  out.resize(out.size() - room);
  return std::optional(std::move(out));
}

Result<std::string> FromGb18030(std::string_view bytes) {
  size_t bad = 0;
  auto out = TRY(Converted(bytes, "GB18030", "UTF-8", &bad));
  if (!out) return NotText(bytes, bad, "GB 18030");
  return std::move(*out);
}

bool IsGb(std::string_view charset) {
  return EqualsIgnoreCase(charset, "gb18030") || EqualsIgnoreCase(charset, "gbk") ||
         EqualsIgnoreCase(charset, "gb2312");
}

}  // namespace

size_t FirstBadUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte != 0 && byte < 0x80) {
      ++at;
      continue;
    }
    const size_t length = byte == 0 ? 0 : Utf8CharLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

Result<std::string> FromUtf8(std::string_view text, std::string_view charset) {
  if (!IsGb(charset))
    return MakeError(ErrorCode::kUnsupported, "This charset is not offered: utf-8 or gb18030.");
  size_t bad = 0;
  auto out = TRY(Converted(text, "UTF-8", "GB18030", &bad));
  if (!out) return NotText(text, bad, "UTF-8");
  return std::move(*out);
}

Result<Utf8Text> ToUtf8(std::string_view bytes, std::string_view charset) {
  const bool said_utf8 = EqualsIgnoreCase(charset, "utf-8") || EqualsIgnoreCase(charset, "utf8");
  if (!charset.empty() && !said_utf8 && !IsGb(charset))
    return MakeError(ErrorCode::kUnsupported, "This charset is not offered: utf-8 or gb18030.");
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    return MakeError(ErrorCode::kIncorrect,
                     "The file is UTF-16 (a spreadsheet's \"Unicode text\"): save it as CSV in UTF-8.");
  const bool marked = bytes.starts_with("\xef\xbb\xbf");
  Utf8Text told;
  if (!IsGb(charset) || marked) {
    if (marked) bytes.remove_prefix(3);
    const size_t bad = FirstBadUtf8(bytes);
    if (bad == bytes.size()) {
      told.text = bytes;
      told.charset = "utf-8";
      return told;
    }
    if (said_utf8 || marked || bytes[bad] == '\0') return NotText(bytes, bad, "UTF-8");
  }
  told.owned = TRY(FromGb18030(bytes));
  if (const size_t nul = told.owned.find('\0'); nul != std::string::npos)
    return NotText(told.owned, nul, "GB 18030");
  told.text = told.owned;
  told.charset = "gb18030";
  return told;
}

}  // namespace tk
