// Access to parsed values, and the writing of JSON.
#include "kernel/fhir/value.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/base/text.h"
#include "kernel/fhir/json_text.h"

namespace tk::fhir {
namespace {

void AppendCodePoint(uint32_t c, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

char Unescaped(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

constexpr auto kNeedsEscape = [] {
  std::array<bool, 256> needs{};
  for (size_t c = 0; c < 0x20; ++c) needs[c] = true;
  needs['"'] = needs['\\'] = true;
  return needs;
}();
inline bool NeedsEscape(char c) { return kNeedsEscape[static_cast<unsigned char>(c)]; }

inline bool IsAscii(std::string_view text) {
  uint64_t seen = 0;
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    seen |= word;
    text.remove_prefix(8);
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & 0x8080808080808080ULL) == 0;
}

/// Bytes of the UTF-8 sequence at `p`, 0 if it is none.
size_t SequenceLength(const char* p, const char* end) {
  const auto first = static_cast<unsigned char>(*p);
  const size_t length = first < 0x80       ? 1
                        : first >> 5 == 6  ? 2
                        : first >> 4 == 14 ? 3
                        : first >> 3 == 30 ? 4
                                           : 0;
  if (length == 0 || static_cast<size_t>(end - p) < length) return 0;
  return simdjson::validate_utf8(p, length) ? length : 0;
}

/// `text` with every byte that is no UTF-8 replaced by U+FFFD: what we print is always valid JSON.
std::string Repaired(std::string_view text) {
  std::string out;
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const size_t length = SequenceLength(p, end);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++p;
    } else {
      out.append(p, length);
      p += length;
    }
  }
  return out;
}

}  // namespace

int ReadHex4(const char* at) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void AppendUnescaped(std::string_view raw, std::string* out) {
  for (;;) {
    const size_t slash = raw.find('\\');
    if (slash == std::string_view::npos || slash + 1 >= raw.size()) break;
    out->append(raw.substr(0, slash));
    if (raw[slash + 1] != 'u') {
      out->push_back(Unescaped(raw[slash + 1]));
      raw.remove_prefix(slash + 2);
      continue;
    }
    CHECK(raw.size() >= slash + 6);
    auto code = static_cast<uint32_t>(ReadHex4(raw.data() + slash + 2));
    raw.remove_prefix(slash + 6);
    if (code >= 0xd800 && code < 0xdc00) {
      CHECK(raw.size() >= 6);
      code = 0x10000 + ((code - 0xd800) << 10) + (static_cast<uint32_t>(ReadHex4(raw.data() + 2)) - 0xdc00);
      raw.remove_prefix(6);
    }
    AppendCodePoint(code, out);
  }
  out->append(raw);
}

std::string_view Value::name_text() const {
  if (!present()) return {};
  const Node& n = node();
  if (n.name != kUnknownName) return Names::Text(n.name);
  // Back from the value over `":`, then to the quote that opens the name: one with an even number of backslashes before it.
  const char* text = document_->text_.data();
  const char* close = text + n.at - (n.kind == Kind::kString ? 1 : 0) - 2;
  const char* open = close - 1;
  for (;; --open) {
    if (*open != '"') continue;
    if ((n.escaped & kEscapedName) == 0) break;
    const char* slash = open;
    while (slash[-1] == '\\') --slash;
    if ((open - slash) % 2 == 0) break;
  }
  return {open + 1, static_cast<size_t>(close - open - 1)};
}

Value Value::operator[](NameId name) const {
  if (!is_object() || name == kNoName || name == kUnknownName) return {};
  const std::vector<Node>& nodes = document_->nodes_;
  for (uint32_t i = index_ + 1, last = nodes[index_].end; i < last; i = nodes[i].end) {
    if (nodes[i].name == name) return Value(document_, i);
  }
  return {};
}

Value Value::operator[](std::string_view name) const {
  if (!is_object()) return {};
  const NameId id = Names::Find(name);
  for (const Value member : *this) {
    if (member.name() == kUnknownName) {  // unknown to the table, or interned after this document was parsed
      if ((member.node().escaped & kEscapedName) == 0 ? member.name_text() == name : [&] {
            std::string decoded;
            AppendUnescaped(member.name_text(), &decoded);
            return decoded == name;
          }()) {
        return member;
      }
    } else if (member.name() == id) {
      return member;
    }
  }
  return {};
}

Value Value::At(size_t i) const {
  if (!is_array()) return {};
  for (const Value item : *this) {
    if (i-- == 0) return item;
  }
  return {};
}

size_t Value::size() const {
  size_t count = 0;
  for (Iterator i = begin(), last = end(); !(i == last); ++i) ++count;
  return count;
}

std::string_view Value::Json() const {
  if (!present()) return {};
  const Node& n = node();
  const std::string_view text = document_->text_;
  return n.kind == Kind::kString ? text.substr(n.at - 1, n.size + 2) : text.substr(n.at, n.size);
}

std::string_view Value::String(std::string& scratch) const {
  if (!is_string()) return {};
  const Node& n = node();
  const std::string_view raw = std::string_view(document_->text_).substr(n.at, n.size);
  if ((n.escaped & kEscapedValue) == 0) return raw;
  scratch.clear();
  AppendUnescaped(raw, &scratch);
  return scratch;
}

std::string Value::ToString() const {
  std::string scratch;
  const std::string_view text = String(scratch);
  return std::string(text);
}

std::string_view Value::Number() const {
  return present() && node().kind == Kind::kNumber ? Json() : std::string_view{};
}

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  if (IsPlainJson(text)) {
    out->append(1, '"').append(text).append(1, '"');
    return;
  }
  std::string repaired;
  if (!IsAscii(text) && !simdjson::validate_utf8(text.data(), text.size())) {
    repaired = Repaired(text);
    text = repaired;
  }
  out->push_back('"');
  while (!text.empty()) {
    const auto stop = std::find_if(text.begin(), text.end(), NeedsEscape);
    out->append(text.begin(), stop);
    text.remove_prefix(static_cast<size_t>(stop - text.begin()));
    if (text.empty()) break;
    const char c = text.front();
    text.remove_prefix(1);
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(c);
        break;
      case '\b':
        out->push_back('b');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      default:
        *out += {'u', '0', '0', kHex[c >> 4 & 15], kHex[c & 15]};
    }
  }
  out->push_back('"');
}

std::string EscapedText(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  return quoted.substr(1, quoted.size() - 2);
}

void JsonWriter::BeforeValue() {
  if (!open_.empty() && open_.back() == '{') CHECK(after_key_);  // a member needs its name first
  if (need_comma_ && !after_key_) out_->push_back(',');
  after_key_ = false;
  need_comma_ = true;
}

JsonWriter& JsonWriter::Object() {
  BeforeValue();
  out_->push_back('{');
  open_.push_back('{');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Array() {
  BeforeValue();
  out_->push_back('[');
  open_.push_back('[');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::End() {
  CHECK(!open_.empty() && !after_key_);
  out_->push_back(open_.back() == '{' ? '}' : ']');
  open_.pop_back();
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  CHECK(!open_.empty() && open_.back() == '{' && !after_key_);
  if (need_comma_) out_->push_back(',');
  AppendJsonString(name, out_);
  out_->push_back(':');
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  BeforeValue();
  AppendJsonString(text, out_);
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t number) {
  BeforeValue();
  *out_ += std::to_string(number);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  BeforeValue();
  *out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  *out_ += json;
  return *this;
}

Result<std::string> ApplyEdits(std::string_view text, const std::vector<TextEdit>& edits) {
  size_t size = text.size(), done = 0;
  for (const TextEdit& edit : edits) {
    // Where the edits lie follows from texts of outside: a mistake there is an error of this request, never of the process.
    if (edit.at < done || edit.at + size_t{edit.size} > text.size())
      return MakeError(ErrorCode::kInternal, "the text could not be changed", "edits overlap or lie outside");
    size = size - edit.size + edit.replacement.size();
    done = edit.at + size_t{edit.size};
  }
  std::string out;
  out.reserve(size);
  done = 0;
  for (const TextEdit& edit : edits) {
    out += text.substr(done, edit.at - done);
    out += edit.replacement;
    done = edit.at + size_t{edit.size};
  }
  out += text.substr(done);
  return out;
}

}  // namespace tk::fhir
