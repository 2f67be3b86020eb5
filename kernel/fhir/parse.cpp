// The parser: one pass over the input that checks the grammar, writes the minified text and lays down the nodes.
// Our own scanner rather than a library's tree: the nodes are needed in this shape (16 bytes, names interned, offsets into the
// minified text), and a second walk over another tree costs more than scanning. Strings go 16 bytes at a time.
// UTF-8 is checked beforehand over the whole input by simdjson, at several GB/s.
// Source: RFC 8259.
#include <simdjson.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cctype>
#include <cstring>

#include "kernel/fhir/json_text.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {
namespace {

constexpr size_t kSlack = 16;             // strings are copied in steps of 16
constexpr uint32_t kSmallObjectMax = 32;  // above this, duplicates are found by sorting at the object's end
constexpr int kDepthCeiling = 512;  // the parser recurses; whatever the caller allows, the stack is bounded

#if defined(__SSE2__)
/// A bit for each byte that ends a run of plain bytes: quote, backslash, control character.
inline unsigned StopsOf(__m128i v) {
  const __m128i control_max = _mm_set1_epi8(0x1f);
  const __m128i stop = _mm_or_si128(
      _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
      _mm_cmpeq_epi8(_mm_min_epu8(v, control_max), v));
  return static_cast<unsigned>(_mm_movemask_epi8(stop));
}
#endif

/// Copies string bytes up to the next quote, backslash or control character, and moves both pointers there.
void CopyPlain(const char*& in, const char* end, char*& out) {
#if defined(__SSE2__)
  while (end - in >= 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), v);
    const unsigned mask = StopsOf(v);
    const int step = mask == 0 ? 16 : __builtin_ctz(mask);
    in += step;
    out += step;
    if (mask != 0) return;
  }
#endif
  while (in < end && *in != '"' && *in != '\\' && static_cast<unsigned char>(*in) > 0x1f) *out++ = *in++;
}

}  // namespace

class DocumentBuilder {
 public:
  DocumentBuilder(std::string_view json, const Document::Limits& limits)
      : begin_(json.data()),
        at_(begin_),
        end_(begin_ + json.size()),
        nodes_max_(limits.nodes_max),
        depth_max_(std::min(limits.depth_max, kDepthCeiling)) {
    document_.text_.resize(json.size() + kSlack);
    out_begin_ = document_.text_.data();
    out_ = out_begin_;
    document_.nodes_.reserve(json.size() / 16 + 8);
  }

  Result<Document> Build() {
    if (end_ - at_ >= 3 && std::memcmp(at_, "\xEF\xBB\xBF", 3) == 0)
      at_ += 3;  // a byte order mark, RFC 8259 section 8.1
    SkipSpace();
    bool ok = ParseValue(kNoName, 0);
    if (ok) {
      SkipSpace();
      if (at_ != end_) ok = Fail("text after the end of the JSON value");
    }
    if (!ok) return MakeParseError();
    document_.text_.resize(static_cast<size_t>(out_ - out_begin_));
    return std::move(document_);
  }

 private:
  struct Name {
    NameId id;
    uint8_t escaped;
    std::string_view raw;  // in the output
  };

  bool Fail(const char* message, ErrorCode code = ErrorCode::kIncorrect) {
    message_ = message;
    code_ = code;
    return false;
  }

  Error MakeParseError() {
    const auto line = 1 + std::count(begin_, at_, '\n');
    const char* start = at_;
    while (start > begin_ && start[-1] != '\n') --start;
    // Columns count characters, not bytes.
    const auto column =
        1 + std::count_if(start, at_, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    if (!path_.empty() && path_[0] == '.') path_.erase(0, 1);
    std::string text =
        "JSON, line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message_;
    return MakeIssue(code_, code_ == ErrorCode::kTooLarge ? "too-long" : "structure", PathFromRoot(),
                     std::move(text));
  }

  // The path starts with the resource type when the text has come that far.
  std::string PathFromRoot() const {
    static constexpr std::string_view kType = "resourceType";
    if (document_.nodes_.empty() || document_.nodes_[0].kind != Kind::kObject) return path_;
    for (uint32_t i = 1; i < document_.nodes_.size(); i = document_.nodes_[i].end) {
      const Node& node = document_.nodes_[i];
      if (node.end == 0) break;  // still open
      if (node.kind != Kind::kString || NameText(i) != kType) continue;
      const std::string_view type(out_begin_ + node.at, std::min<uint32_t>(node.size, 64));
      if (!std::all_of(type.begin(), type.end(),
                       [](char c) { return std::isalpha(static_cast<unsigned char>(c)); }))
        break;
      std::string path(type);
      if (!path_.empty() && path_[0] != '[') path += '.';
      return path + path_;
    }
    return path_;
  }

  void PrependMember(const Name& name) {
    std::string segment = ".";
    segment += name.raw.substr(0, 64);
    path_.insert(0, segment);
  }

  void SkipSpace() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  uint32_t Offset() const { return static_cast<uint32_t>(out_ - out_begin_); }

  bool AddNode(const Node& node) {
    if (document_.nodes_.size() >= nodes_max_) return Fail("too many values", ErrorCode::kTooLarge);
    document_.nodes_.push_back(node);
    return true;
  }
  uint32_t NextEnd() const { return static_cast<uint32_t>(document_.nodes_.size() + 1); }

  bool ParseValue(NameId name, uint8_t name_escaped) {
    if (at_ == end_) return Fail("the text ends where a value should be");
    switch (*at_) {
      case '{':
        return ParseObject(name, name_escaped);
      case '[':
        return ParseArray(name, name_escaped);
      case '"': {
        const uint32_t start = Offset() + 1;
        bool escaped = false;
        if (!ParseString(&escaped)) return false;
        return AddNode({start, Offset() - 1 - start, NextEnd(), name, Kind::kString,
                        static_cast<uint8_t>(name_escaped | (escaped ? kEscapedValue : 0))});
      }
      case 't':
        return ParseWord("true", Kind::kTrue, name, name_escaped);
      case 'f':
        return ParseWord("false", Kind::kFalse, name, name_escaped);
      case 'n':
        return ParseWord("null", Kind::kNull, name, name_escaped);
      default:
        return ParseNumber(name, name_escaped);
    }
  }

  bool ParseWord(std::string_view word, Kind kind, NameId name, uint8_t name_escaped) {
    if (static_cast<size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) {
      return Fail("not a JSON value (expected an object, array, string, number, true, false or null)");
    }
    const uint32_t start = Offset();
    std::memcpy(out_, word.data(), word.size());
    at_ += word.size();
    out_ += word.size();
    return AddNode({start, static_cast<uint32_t>(word.size()), NextEnd(), name, kind, name_escaped});
  }

  bool ParseNumber(NameId name, uint8_t name_escaped) {
    const char* p = at_;
    const auto digits = [&p, this] {
      const char* first = p;
      while (p < end_ && IsDigit(*p)) ++p;
      return p - first;
    };
    const bool negative = p < end_ && *p == '-';
    if (negative) ++p;
    const char* integer = p;
    const auto integer_digits = digits();
    if (integer_digits == 0) {
      return Fail(negative
                      ? "a number needs a digit after its sign"
                      : "not a JSON value (expected an object, array, string, number, true, false or null)");
    }
    if (integer_digits > 1 && *integer == '0') return Fail("a number must not start with a superfluous 0");
    if (p < end_ && *p == '.') {
      ++p;
      if (digits() == 0) return Fail("a number needs a digit after its point");
    }
    if (p < end_ && (*p == 'e' || *p == 'E')) {
      ++p;
      if (p < end_ && (*p == '+' || *p == '-')) ++p;
      if (digits() == 0) return Fail("a number needs a digit in its exponent");
    }
    const auto size = static_cast<size_t>(p - at_);
    const uint32_t start = Offset();
    std::memcpy(out_, at_, size);
    out_ += size;
    at_ = p;
    return AddNode({start, static_cast<uint32_t>(size), NextEnd(), name, Kind::kNumber, name_escaped});
  }

  // From the opening quote; copies with both quotes.
  bool ParseString(bool* escaped) {
#if defined(__SSE2__)
    // Most strings end within 16 bytes: one load, one store.
    if (end_ - at_ > 16) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_ + 1));
      const unsigned stop = StopsOf(v);
      const int length = stop == 0 ? 16 : __builtin_ctz(stop);
      if (stop != 0 && at_[1 + length] == '"') {
        *out_ = '"';
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out_ + 1), v);
        at_ += length + 2;
        out_ += length + 2;
        return true;
      }
    }
#endif
    *out_++ = *at_++;
    for (;;) {
      CopyPlain(at_, end_, out_);
      if (at_ == end_) return Fail("the text ends within a string");
      if (*at_ == '"') {
        *out_++ = *at_++;
        return true;
      }
      if (*at_ != '\\') return Fail("a control character within a string must be written as an escape");
      *escaped = true;
      if (!ParseEscape()) return false;
    }
  }

  bool ParseEscape() {
    if (end_ - at_ < 2) return Fail("the text ends within a string");
    switch (at_[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        return CopyBytes(2);
      case 'u':
        break;
      default:
        return Fail("unknown escape within a string");
    }
    const int unit = end_ - at_ < 6 ? -1 : ReadHex4(at_ + 2);
    if (unit < 0) return Fail("\\u must be followed by four hex digits");
    if (unit < 0xd800 || unit > 0xdfff) return CopyBytes(6);
    const bool pair = unit < 0xdc00 && end_ - at_ >= 12 && at_[6] == '\\' && at_[7] == 'u';
    const int low = pair ? ReadHex4(at_ + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff) return Fail("half a surrogate pair within a string");
    return CopyBytes(12);
  }

  bool CopyBytes(size_t count) {
    std::memcpy(out_, at_, count);
    out_ += count;
    at_ += count;
    return true;
  }

  bool ParseArray(NameId name, uint8_t name_escaped) {
    const auto self = static_cast<uint32_t>(document_.nodes_.size());
    if (!Open(name, name_escaped, Kind::kArray)) return false;
    for (size_t i = 0;; ++i) {
      SkipSpace();
      if (i == 0 && at_ < end_ && *at_ == ']') break;
      if (!ParseValue(kNoName, 0)) {
        path_.insert(0, "[" + std::to_string(i) + "]");
        return false;
      }
      SkipSpace();
      if (at_ == end_) return Fail("the text ends within an array");
      if (*at_ == ']') break;
      if (*at_ != ',') return Fail("expected , or ] in an array");
      *out_++ = *at_++;
    }
    Close(self);
    return true;
  }

  bool Open(NameId name, uint8_t name_escaped, Kind kind) {
    if (++depth_ > depth_max_) return Fail("nested too deeply", ErrorCode::kTooLarge);
    if (!AddNode({Offset(), 0, 0, name, kind, name_escaped})) return false;
    *out_++ = *at_++;
    return true;
  }

  void Close(uint32_t self) {
    *out_++ = *at_++;
    --depth_;
    Node& node = document_.nodes_[self];
    node.size = Offset() - node.at;
    node.end = static_cast<uint32_t>(document_.nodes_.size());
  }

  bool ParseObject(NameId own_name, uint8_t name_escaped) {
    const auto self = static_cast<uint32_t>(document_.nodes_.size());
    if (!Open(own_name, name_escaped, Kind::kObject)) return false;
    uint64_t seen = 0;  // a small Bloom filter of the members so far: mostly no walk is needed
    uint32_t count = 0;
    bool siblings = false;
    for (;; ++count) {
      SkipSpace();
      if (count == 0 && at_ < end_ && *at_ == '}') break;
      Name name{};
      if (!ParseName(&name)) return false;
      siblings = siblings || name.escaped != 0 || (!name.raw.empty() && name.raw[0] == '_');
      const uint64_t bit = uint64_t{1} << (name.id & 63);
      if (count < kSmallObjectMax && (seen & bit) != 0 && HasMember(self, name)) return FailDuplicate(name);
      seen |= bit;
      if (!ParseValue(name.id, name.escaped)) {
        PrependMember(name);
        return false;
      }
      SkipSpace();
      if (at_ == end_) return Fail("the text ends within an object");
      if (*at_ == '}') break;
      if (*at_ != ',') return Fail("expected , or } in an object");
      *out_++ = *at_++;
    }
    if (count >= kSmallObjectMax && !CheckLargeObject(self)) return false;
    if (siblings) document_.nodes_[self].escaped |= kHasSiblings;
    Close(self);
    return true;
  }

  bool FailDuplicate(const Name& name) {
    PrependMember(name);
    return Fail("the member occurs twice in its object");
  }

  bool ParseName(Name* name) {
    if (at_ == end_ || *at_ != '"') return Fail("expected a member name in quotes");
    char* const start = out_ + 1;
    bool escaped = false;
    if (!ParseString(&escaped)) return false;
    name->raw = {start, static_cast<size_t>(out_ - 1 - start)};
    if (escaped) {
      std::string decoded;
      AppendUnescaped(name->raw, &decoded);
      name->id = Names::Find(decoded);
      name->escaped = kEscapedName;
    } else {
      name->id = Names::Find(name->raw);
    }
    SkipSpace();
    if (at_ == end_ || *at_ != ':') return Fail("expected : after a member name");
    *out_++ = *at_++;
    SkipSpace();
    return true;
  }

  // The name of member `i` with escapes undone. The document's text still has its slack, which the search ignores.
  std::string NameText(uint32_t i) const {
    std::string decoded;
    AppendUnescaped(Value(&document_, i).name_text(), &decoded);
    return decoded;
  }

  bool HasMember(uint32_t self, const Name& name) const {
    std::string decoded;
    if (name.id == kUnknownName) AppendUnescaped(name.raw, &decoded);
    for (uint32_t i = self + 1; i < document_.nodes_.size(); i = document_.nodes_[i].end) {
      if (document_.nodes_[i].name != name.id) continue;
      if (name.id != kUnknownName || NameText(i) == decoded) return true;
    }
    return false;
  }

  bool CheckLargeObject(uint32_t self) {
    std::vector<std::string> names;
    for (uint32_t i = self + 1; i < document_.nodes_.size(); i = document_.nodes_[i].end)
      names.push_back(NameText(i));
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return true;
    path_.insert(0, "." + twice->substr(0, 64));
    return Fail("a member occurs twice in the object that ends here");
  }

  Document document_;
  const char* begin_;
  const char* at_;
  const char* end_;
  char* out_begin_ = nullptr;
  char* out_ = nullptr;
  size_t nodes_max_;
  int depth_max_;
  int depth_ = 0;
  const char* message_ = "";
  ErrorCode code_ = ErrorCode::kIncorrect;
  std::string path_;  // built from the inside out while a failure travels up
};

Result<Document> Document::Parse(std::string_view json, const Limits& limits) {
  const size_t bytes_max = std::min<size_t>(limits.bytes_max, size_t{4} << 30 >> 1);  // offsets have 32 bits
  if (json.size() > bytes_max) {
    return MakeIssue(ErrorCode::kTooLarge, "too-long", "",
                     "JSON: the text has " + std::to_string(json.size()) + " bytes; at most " +
                         std::to_string(bytes_max) + " are accepted");
  }
  if (!simdjson::validate_utf8(json.data(), json.size())) {
    return MakeIssue(ErrorCode::kIncorrect, "structure", "", "JSON: the text is not valid UTF-8");
  }
  return DocumentBuilder(json, limits).Build();
}

}  // namespace tk::fhir
