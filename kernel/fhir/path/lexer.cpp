#include <fmt/format.h>

#include <array>

#include "kernel/fhir/path/syntax.h"

namespace tk::fhir::path {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

void AppendCodePoint(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->push_back(static_cast<char>(0xc0 | (c >> 6)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | (c >> 12)));
    out->push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | (c >> 18)));
    out->push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      TRY(SkipBlank());
      Token token = TRY(Next());
      const bool end = token.kind == TokenKind::kEnd;
      tokens.push_back(std::move(token));
      if (end) return tokens;
    }
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Error Fail(size_t at, std::string_view message) const { return SyntaxError(text_, at, message); }

  Status SkipBlank() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else if (c == '/' && Peek(1) == '/') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '/' && Peek(1) == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return Fail(at_, "the comment is not closed; expected \"*/\"");
        at_ = end + 2;
      } else {
        break;
      }
    }
    return {};
  }

  Token Finish(TokenKind kind, size_t first, std::string value) const {
    return Token{kind, static_cast<uint32_t>(first), static_cast<uint32_t>(at_ - first), std::move(value)};
  }

  Result<Token> Next() {
    const size_t first = at_;
    if (at_ >= text_.size()) return Finish(TokenKind::kEnd, first, {});
    const char c = text_[at_];
    if (IsNameStart(c)) {
      while (IsNamePart(Peek())) ++at_;
      return Finish(TokenKind::kIdentifier, first, std::string(text_.substr(first, at_ - first)));
    }
    if (IsDigit(c)) return Number();
    if (c == '\'') return Quoted('\'', TokenKind::kString);
    if (c == '`') return Quoted('`', TokenKind::kDelimited);
    if (c == '"') return Quoted('"', TokenKind::kDoubleQuoted);
    if (c == '@') return Temporal();
    if (c == '$') {
      ++at_;
      while (IsNamePart(Peek())) ++at_;
      return Finish(TokenKind::kDollar, first, std::string(text_.substr(first + 1, at_ - first - 1)));
    }
    return Symbol();
  }

  Result<Token> Symbol() {
    const size_t first = at_;
    for (std::string_view two : {"<=", ">=", "!=", "!~"}) {
      if (text_.substr(at_, 2) == two) {
        at_ += 2;
        return Finish(TokenKind::kSymbol, first, std::string(two));
      }
    }
    if (std::string_view("+-*/&|<>=~.,()[]{}%").find(text_[at_]) == std::string_view::npos) {
      return Fail(at_, "this character has no meaning here");
    }
    ++at_;
    return Finish(TokenKind::kSymbol, first, std::string(1, text_[first]));
  }

  Result<Token> Number() {
    const size_t first = at_;
    while (IsDigit(Peek())) ++at_;
    TokenKind kind = TokenKind::kInteger;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      kind = TokenKind::kDecimal;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    std::string digits(text_.substr(first, at_ - first));
    if (kind == TokenKind::kInteger && Peek() == 'L' && !IsNamePart(Peek(1))) {
      kind = TokenKind::kLong;
      ++at_;
    } else if (IsNameStart(Peek())) {
      return Fail(at_, "expected a space or an operator after the number");
    }
    return Finish(kind, first, std::move(digits));
  }

  Result<uint32_t> Hex4() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      uint32_t digit = 0;
      if (IsDigit(c))
        digit = static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<uint32_t>(c - 'A' + 10);
      else
        return Fail(at_, "expected four hexadecimal digits after \\u");
      value = value * 16 + digit;
    }
    return value;
  }

  Status Escape(std::string* value) {
    const size_t first = at_++;
    constexpr std::string_view kFrom = "'\"`\\/rntf";
    constexpr std::string_view kTo = "'\"`\\/\r\n\t\f";
    const size_t known = at_ < text_.size() ? kFrom.find(text_[at_]) : std::string_view::npos;
    if (known != std::string_view::npos) {
      value->push_back(kTo[known]);
      ++at_;
      return {};
    }
    // Before any other character the backslash means nothing: '\p' is p, '\u005' is u005.
    const auto is_hex = [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    if (Peek() != 'u' || !is_hex(Peek(1)) || !is_hex(Peek(2)) || !is_hex(Peek(3)) || !is_hex(Peek(4)))
      return {};
    ++at_;
    uint32_t code = TRY(Hex4());
    if (code >= 0xd800 && code < 0xdc00 && Peek() == '\\' && Peek(1) == 'u') {
      at_ += 2;
      const uint32_t low = TRY(Hex4());
      if (low < 0xdc00 || low > 0xdfff) return Fail(first, "half of a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xd800 && code <= 0xdfff) {
      return Fail(first, "half of a surrogate pair");
    }
    AppendCodePoint(code, value);
    return {};
  }

  Result<Token> Quoted(char quote, TokenKind kind) {
    const size_t first = at_++;
    std::string value;
    while (true) {
      if (at_ >= text_.size()) return Fail(first, fmt::format("the text is not closed; expected {}", quote));
      const char c = text_[at_];
      if (c == quote) break;
      if (c == '\\') {
        TRY(Escape(&value));
      } else {
        value.push_back(c);
        ++at_;
      }
    }
    ++at_;
    return Finish(kind, first, std::move(value));
  }

  /// Takes `count` digits; false (nothing taken) if they are not there.
  bool TakeDigits(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (!IsDigit(Peek(i))) return false;
    }
    at_ += count;
    return true;
  }
  bool TakePart(char separator, size_t digits) {
    if (Peek() != separator || !IsDigit(Peek(1))) return false;
    ++at_;
    if (TakeDigits(digits)) return true;
    --at_;
    return false;
  }
  bool TakeClock() {
    if (!TakeDigits(2)) return false;
    if (TakePart(':', 2) && TakePart(':', 2) && Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    return true;
  }
  void TakeZone() {
    if (Peek() == 'Z') {
      ++at_;
    } else if ((Peek() == '+' || Peek() == '-') && IsDigit(Peek(1)) && IsDigit(Peek(2)) && Peek(3) == ':' &&
               IsDigit(Peek(4)) && IsDigit(Peek(5))) {
      at_ += 6;
    }
  }

  Result<Token> Temporal() {
    const size_t first = at_++;
    TokenKind kind = TokenKind::kDate;
    if (Peek() == 'T') {
      ++at_;
      if (!TakeClock()) return Fail(at_, "expected a time as hh, hh:mm, hh:mm:ss or hh:mm:ss.fff after @T");
      kind = TokenKind::kTime;
    } else {
      if (!TakeDigits(4))
        return Fail(at_, "expected a date as YYYY, YYYY-MM or YYYY-MM-DD, or T and a time, after @");
      const bool day = TakePart('-', 2) && TakePart('-', 2);
      if (Peek() == 'T') {
        ++at_;
        kind = TokenKind::kDateTime;
        if (day && TakeClock()) TakeZone();
      }
    }
    return Finish(kind, first, std::string(text_.substr(first + 1, at_ - first - 1)));
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Error SyntaxError(std::string_view text, size_t at, std::string_view message, ErrorCode code) {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i < at && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++column;
    }
  }
  const bool one_line = text.find('\n') == std::string_view::npos;
  return MakeError(code, one_line ? fmt::format("column {}: {}", column, message)
                                  : fmt::format("line {}, column {}: {}", line, column, message));
}

Result<std::vector<Token>> Tokenize(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return MakeError(ErrorCode::kTooLarge, fmt::format("the expression has {} bytes; at most {} are allowed",
                                                       text.size(), kExpressionBytesMax));
  }
  return Lexer(text).Run();
}

}  // namespace tk::fhir::path
