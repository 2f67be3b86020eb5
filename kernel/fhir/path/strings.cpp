// String functions. Positions and lengths count Unicode characters.
// Source: FHIRPath N1 2.0.0 section 5.6; 2.1.0 for encode, escape, trim, split, join, matchesFull.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "kernel/fhir/path/evaluate.h"
#include "kernel/fhir/value.h"

namespace tk::fhir::path {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

size_t CharacterCount(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

/// Byte where character `index` begins; text.size() if there are fewer.
size_t ByteOf(std::string_view text, size_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && IsContinuation(text[at])) ++at;
  }
  return at;
}

/// Every occurrence; an empty pattern stands between all characters and at both ends.
std::optional<std::string> ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t found = from.empty() ? at : text.find(from, at);
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at));
    out.append(to);
    at = found + from.size();
    if (from.empty()) {
      const size_t next = at + ByteOf(text.substr(at), 1);
      out.append(text.substr(at, next - at));
      if (at == text.size()) return out;
      at = next;
    }
    if (out.size() > kTextBytesMax) return std::nullopt;
  }
  out.append(text.substr(at));
  return out;
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string EncodeBase64(std::string_view text, bool url) {
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    const size_t count = std::min<size_t>(3, text.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out.push_back(k <= count ? kBase64[group >> (18 - 6 * k) & 63] : '=');
  }
  if (url) {
    std::replace(out.begin(), out.end(), '+', '-');
    std::replace(out.begin(), out.end(), '/', '_');
  }
  return out;
}

std::optional<std::string> DecodeBase64(std::string text, bool url) {
  if (url) {
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
  }
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  if (count >= 6) return std::nullopt;
  return out;
}

std::string EncodeHexText(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return out;
}

std::optional<std::string> DecodeHexText(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

struct Entity {
  std::string_view plain;
  std::string_view escaped;
};
constexpr std::array<Entity, 5> kEntities = {
    {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}}};

std::string EscapeHtml(std::string text) {
  for (const Entity& entity : kEntities) text = ReplaceAll(text, entity.plain, entity.escaped).value_or("");
  return text;
}
std::string UnescapeHtml(std::string text) {
  // The ampersand last, so that "&amp;lt;" becomes "&lt;".
  for (size_t i = kEntities.size(); i-- > 0;)
    text = ReplaceAll(text, kEntities[i].escaped, kEntities[i].plain).value_or("");
  return text;
}
std::string EscapeJson(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  return quoted.substr(1, quoted.size() - 2);
}
std::optional<std::string> UnescapeJson(std::string_view text) {
  // Quotes inside may stand unescaped; the parser wants them escaped.
  std::string json = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') json += '\\';
    json += text[i];
    if (text[i] == '\\' && i + 1 < text.size()) json += text[++i];
  }
  Result<Document> parsed = Document::Parse(json + "\"");
  if (!parsed.ok()) return std::nullopt;
  return parsed->Root().ToString();
}

}  // namespace

Status Evaluator::Substring(const Call& call, std::string_view text) {
  const std::optional<int64_t> start = TRY(OneInteger(call.op, call.arguments[0]));
  std::optional<int64_t> length;
  if (call.arguments.size() > 1) length = TRY(OneInteger(call.op, call.arguments[1]));
  if (!start || *start < 0 || static_cast<uint64_t>(*start) >= CharacterCount(text)) return {};
  const size_t first = ByteOf(text, static_cast<size_t>(*start));
  std::string_view rest = text.substr(first);
  if (length) rest = rest.substr(0, *length <= 0 ? 0 : ByteOf(rest, static_cast<size_t>(*length)));
  call.out->push_back(StringItem(std::string(rest)));
  return {};
}

Status Evaluator::CallMatch(const Call& call, std::string_view text) {
  const bool replace = call.op.function == Function::kReplaceMatches;
  std::string scratch;
  const std::optional<std::string_view> pattern = TRY(OneText(call.op, call.arguments[0], &scratch));
  std::optional<std::string> substitution;
  if (replace) substitution = TRY(OneText(call.op, call.arguments[1]));
  std::optional<std::string> flags;
  const size_t flags_at = replace ? 2 : 1;
  if (call.arguments.size() > flags_at) flags = TRY(OneText(call.op, call.arguments[flags_at]));
  if (!pattern || (replace && !substitution)) return {};
  std::unique_ptr<const Pattern> made;
  if (call.op.right == 0) {
    auto compiled = Pattern::Make(*pattern, flags.value_or(""));
    if (!compiled.ok()) return Fail(call.op, "the pattern is not valid");
    made = std::move(*compiled);
  }
  const Pattern& compiled = call.op.right == 0 ? *made : *program_.patterns[call.op.right - 1];
  // A pattern made here is compiled for this one text.
  TRY(Charge(call.op, compiled.WorkFor(text.size()) + (made == nullptr ? 0 : compiled.making_work())));
  const auto told = [&](const Error& error) { return Fail(call.op, error.external, error.code); };
  if (!replace) {
    const auto found = compiled.Matches(text, call.op.function == Function::kMatchesFull);
    if (!found.ok()) return told(found.error());
    call.out->push_back(BooleanItem(*found));
  } else if (pattern->empty()) {
    call.out->push_back(StringItem(std::string(text)));
  } else {
    auto result = compiled.ReplaceAll(text, *substitution, kTextBytesMax);
    if (!result.ok())
      return result.error().code == ErrorCode::kTooLarge ? told(result.error())
                                                         : Fail(call.op, result.error().external);
    TRY(Charge(call.op, result->size() / 64));
    call.out->push_back(StringItem(std::move(*result)));
  }
  return {};
}

Status Evaluator::CallCoding(const Call& call, const std::string& text) {
  const std::optional<std::string> format = TRY(OneText(call.op, call.arguments[0]));
  if (!format) return {};
  const Function f = call.op.function;
  std::optional<std::string> result;
  bool known = true;
  if (f == Function::kEncode || f == Function::kDecode) {
    const bool encode = f == Function::kEncode;
    if (*format == "hex")
      result = encode ? EncodeHexText(text) : DecodeHexText(text);
    else if (*format == "base64")
      result = encode ? EncodeBase64(text, false) : DecodeBase64(text, false);
    else if (*format == "urlbase64")
      result = encode ? EncodeBase64(text, true) : DecodeBase64(text, true);
    else
      known = false;
  } else {
    const bool escape = f == Function::kEscape;
    if (*format == "html")
      result = escape ? EscapeHtml(text) : UnescapeHtml(text);
    else if (*format == "json")
      result = escape ? EscapeJson(text) : UnescapeJson(text);
    else
      known = false;
  }
  if (!known) {
    return Fail(call.op,
                fmt::format("{}() knows {}", FunctionName(f),
                            f == Function::kEncode || f == Function::kDecode ? "hex, base64 and urlbase64"
                                                                             : "html and json"));
  }
  if (result) call.out->push_back(StringItem(std::move(*result)));
  return {};
}

Status Evaluator::CallTwoTexts(const Call& call, std::string_view text, std::string_view other) {
  const auto position = [&](size_t found) {
    const bool none = found == std::string::npos;
    call.out->push_back(IntegerItem(none ? -1 : static_cast<int64_t>(CharacterCount(text.substr(0, found)))));
  };
  switch (call.op.function) {
    case Function::kIndexOf:
      position(text.find(other));
      break;
    case Function::kLastIndexOf:
      position(text.rfind(other));
      break;
    case Function::kStartsWith:
      call.out->push_back(BooleanItem(text.substr(0, other.size()) == other));
      break;
    case Function::kEndsWith:
      call.out->push_back(
          BooleanItem(text.size() >= other.size() && text.substr(text.size() - other.size()) == other));
      break;
    case Function::kContains:
      call.out->push_back(BooleanItem(text.find(other) != std::string::npos));
      break;
    case Function::kReplace: {
      const std::optional<std::string> to = TRY(OneText(call.op, call.arguments[1]));
      if (!to) break;
      std::optional<std::string> replaced = ReplaceAll(text, other, *to);
      if (!replaced) return Fail(call.op, "the text is too long", ErrorCode::kTooLarge);
      TRY(Charge(call.op, replaced->size() / 64));
      call.out->push_back(StringItem(std::move(*replaced)));
      break;
    }
    default:  // split
      for (size_t at = 0; at <= text.size();) {
        const size_t found = other.empty() ? std::string::npos : text.find(other, at);
        const size_t end = found == std::string::npos ? text.size() : found;
        call.out->push_back(StringItem(std::string(text.substr(at, end - at))));
        if (found == std::string::npos) break;
        at = found + other.size();
      }
      break;
  }
  return {};
}

Status Evaluator::CallString(const Call& call, bool* known) {
  const Function f = call.op.function;
  *known = f >= Function::kIndexOf && f <= Function::kUnescape;
  if (!*known) return {};
  if (f == Function::kJoin) {
    std::string joined;
    const std::optional<std::string> separator =
        call.arguments.empty() ? std::optional<std::string>("") : TRY(OneText(call.op, call.arguments[0]));
    bool is_first = true;
    for (const Item& item : call.input) {
      if (LacksValue(item)) continue;
      const Scalar value = ToScalar(types_, item);
      if (value.kind != SystemKind::kString) return Fail(call.op, "join() needs strings");
      if (!std::exchange(is_first, false)) joined += separator.value_or("");
      joined += value.text;
      if (joined.size() > kTextBytesMax) return Fail(call.op, "the text is too long", ErrorCode::kTooLarge);
    }
    TRY(Charge(call.op, joined.size() / 64));
    if (!is_first) call.out->push_back(StringItem(std::move(joined)));
    return {};
  }
  std::string scratch, other_scratch;
  const std::optional<std::string_view> text = TRY(OneText(call.op, call.input, &scratch));
  if (!text) return {};
  TRY(Charge(call.op, text->size() / 64));
  switch (f) {
    case Function::kSubstring:
      return Substring(call, *text);
    case Function::kUpper:
      call.out->push_back(StringItem(InCase(*text, Letters::kUpper)));
      return {};
    case Function::kLower:
      call.out->push_back(StringItem(InCase(*text, Letters::kLower)));
      return {};
    case Function::kLength:
      call.out->push_back(IntegerItem(static_cast<int64_t>(CharacterCount(*text))));
      return {};
    case Function::kTrim:
      call.out->push_back(StringItem(Trimmed(*text)));
      return {};
    case Function::kToChars:
      TRY(Charge(call.op, text->size()));
      for (size_t at = 0; at < text->size();) {
        const size_t next = at + ByteOf(text->substr(at), 1);
        call.out->push_back(StringItem(std::string(text->substr(at, next - at))));
        at = next;
      }
      return {};
    case Function::kMatches:
    case Function::kMatchesFull:
    case Function::kReplaceMatches:
      return CallMatch(call, *text);
    case Function::kEncode:
    case Function::kDecode:
    case Function::kEscape:
    case Function::kUnescape:
      return CallCoding(call, std::string(*text));
    default:
      break;
  }
  const std::optional<std::string_view> other = TRY(OneText(call.op, call.arguments[0], &other_scratch));
  return other ? CallTwoTexts(call, *text, *other) : Status();
}

}  // namespace tk::fhir::path
