#include "kernel/ucum/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tk::ucum {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool EndsSymbol(char c) {
  return c == '.' || c == '/' || c == '(' || c == ')' || c == '{' || c == '}' || c == ']';
}

class Parser {
 public:
  Parser(std::string_view text, CodeCase letters) : text_(text), letters_(letters), table_(Table::Get()) {}

  Result<Term> Parse() {
    if (text_.size() > kCodeLengthMax) {
      return MakeError(ErrorCode::kTooLarge, fmt::format("a unit has at most {} characters", kCodeLengthMax));
    }
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] == ' ') return Wrong("a unit contains no spaces");
      if (text_[at_] < '!' || text_[at_] > '~')
        return Wrong("a unit, with its annotations, is of ASCII characters only");
    }
    at_ = 0;
    Term term;
    if (text_.empty()) return term;
    const bool divides = Take('/');
    TRY(ReadTerm(&term, divides));
    if (at_ < text_.size()) return Wrong(Unexpected());
    return term;
  }

 private:
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Error Wrong(std::string_view what, size_t at) const {
    return MakeError(ErrorCode::kInvalid, fmt::format("unit, character {}: {}", at + 1, what));
  }
  Error Wrong(std::string_view what) const { return Wrong(what, at_); }

  std::string Unexpected() const {
    switch (Peek()) {
      case '\0':
        return "the unit ends too early";
      case ')':
        return "this ')' closes nothing";
      case '}':
        return "this '}' closes nothing";
      case '{':
        return "an annotation follows a unit or stands alone; it cannot stand here";
      default:
        return fmt::format("'{}' cannot stand here: '.' or '/' is missing", Peek());
    }
  }

  Result<void> ReadTerm(Term* term, bool divides) {
    while (true) {
      Component component;
      TRY(ReadComponent(&component));
      component.divides = divides;
      term->components.push_back(std::move(component));
      if (Peek() != '.' && Peek() != '/') return {};
      divides = text_[at_++] == '/';
    }
  }

  Result<void> ReadComponent(Component* out) {
    switch (const char c = Peek(); c) {
      case '\0':
        return Wrong("the unit ends too early: a symbol or a number is missing");
      case '.':
      case '/':
        return Wrong(fmt::format("'{}' cannot stand here: a symbol or a number is missing before it", c));
      case '(':
        return ReadGroup(out);
      case '{':
        out->kind = Component::Kind::kAnnotation;
        return ReadAnnotation(out);
      default:
        break;
    }
    if (!IsDigit(Peek())) return ReadSymbol(out);
    size_t digits = 0;
    while (IsDigit(Peek(digits))) ++digits;
    if (text_.substr(at_, digits) == "10" && (Peek(digits) == '*' || Peek(digits) == '^'))
      return ReadSymbol(out);
    return ReadNumber(out, digits);
  }

  Result<void> ReadGroup(Component* out) {
    const size_t start = at_++;
    if (++depth_ > kDepthMax) {
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("unit, character {}: more than {} parentheses within each other",
                                   start + 1, kDepthMax));
    }
    out->kind = Component::Kind::kGroup;
    TRY(ReadTerm(&out->group, false));
    if (Peek() == '\0') return Wrong("this '(' is not closed", start);
    if (!Take(')')) return Wrong(Unexpected());
    --depth_;
    if (IsDigit(Peek()) || Peek() == '-' || Peek() == '+') {
      return Wrong("a group in parentheses takes no exponent: write it at each unit in the group");
    }
    return {};
  }

  Result<void> ReadAnnotation(Component* out) {
    const size_t end = text_.find_first_of("{}", at_ + 1);
    if (end == std::string_view::npos) return Wrong("this '{' is not closed");
    if (text_[end] == '{') return Wrong("an annotation contains no braces", end);
    out->annotation = text_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    if (Peek() == '{') return Wrong("two annotations cannot follow each other");
    return {};
  }

  Result<void> ReadNumber(Component* out, size_t digits) {
    out->kind = Component::Kind::kNumber;
    if (digits > kNumberLengthMax) {
      return MakeError(ErrorCode::kTooLarge, fmt::format("unit, character {}: a number has at most {} digits",
                                                         at_ + 1, kNumberLengthMax));
    }
    const std::string_view text = text_.substr(at_, digits);
    std::from_chars(text.data(), text.data() + text.size(), out->number);
    if (out->number == 0) return Wrong("a number in a unit is not 0");
    at_ += digits;
    if (Peek() == '{') return ReadAnnotation(out);
    if (Peek() == '\0' || Peek() == '.' || Peek() == '/' || Peek() == ')') return {};
    if (Peek() == '+' || Peek() == '-')
      return Wrong("a number takes no exponent; powers of ten are written 10*3 or 10^3");
    if (EndsSymbol(Peek())) return Wrong(Unexpected());
    return Wrong(
        fmt::format("a number is not a prefix: write {}.{}", text, text_.substr(at_, SymbolLength())));
  }

  /// Characters up to an exponent, an operator or an annotation; brackets are passed over with all that is in them.
  size_t SymbolLength() const {
    size_t length = 0;
    if (Peek() == '1' && Peek(1) == '0')
      length = 3;  // 10* and 10^: the only codes with digits outside brackets
    for (; at_ + length < text_.size(); ++length) {
      const char c = Peek(length);
      if (c == '[') {
        const size_t close = text_.find(']', at_ + length);
        if (close == std::string_view::npos) return std::string_view::npos;
        length = close - at_;
      } else if (EndsSymbol(c) || IsDigit(c) || c == '+' || c == '-') {
        break;
      }
    }
    return std::min(length, text_.size() - at_);
  }

  Result<void> ReadSymbol(Component* out) {
    const size_t start = at_;
    const size_t length = SymbolLength();
    if (length == std::string_view::npos) return Wrong("a '[' is not closed by ']'");
    const std::string_view symbol = text_.substr(at_, length);
    if (symbol.empty()) return Wrong(Peek() == ']' ? "this ']' closes nothing" : Unexpected());
    TRY(Resolve(symbol, out));
    at_ += length;
    if (Peek() == '+' || Peek() == '-' || IsDigit(Peek())) TRY(ReadExponent(out));
    if (Peek() == '{') return ReadAnnotation(out);
    if (at_ == text_.size() || Peek() == '.' || Peek() == '/' || Peek() == ')') return {};
    if (EndsSymbol(Peek())) return Wrong(Unexpected());
    return Wrong(fmt::format("'.' or '/' is missing after {}", text_.substr(start, at_ - start)));
  }

  Result<void> ReadExponent(Component* out) {
    const size_t start = at_;
    const bool negative = Peek() == '-';
    if (!IsDigit(Peek())) ++at_;
    const size_t first = at_;
    int value = 0;
    for (; IsDigit(Peek()); ++at_) value = std::min(value * 10 + (Peek() - '0'), kPowerMax + 1);
    if (at_ == first) return Wrong("digits are missing after the sign of the exponent", start);
    if (value > kPowerMax) {
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("unit, character {}: an exponent is at most {}", start + 1, kPowerMax));
    }
    out->exponent = negative ? -value : value;
    return {};
  }

  Result<void> Resolve(std::string_view symbol, Component* out) {
    std::string upper;
    if (letters_ == CodeCase::kInsensitive) {
      upper.resize(symbol.size());
      std::transform(symbol.begin(), symbol.end(), upper.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    }
    const Atom* refused = nullptr;
    out->symbol = table_.Find(letters_ == CodeCase::kInsensitive ? std::string_view(upper) : symbol, letters_,
                              &refused);
    if (out->symbol.atom != nullptr) return {};
    if (refused != nullptr)
      return Wrong(fmt::format("{} ({}) takes no prefix", refused->code, refused->name));
    constexpr size_t kEchoMax = 32;
    if (symbol.size() > kEchoMax) return Wrong("this is no unit of UCUM");
    const std::string meant = letters_ == CodeCase::kSensitive ? table_.Suggest(symbol) : "";
    return Wrong(meant.empty() ? fmt::format("{} is no unit of UCUM", symbol)
                               : fmt::format("{} is no unit of UCUM; {} is", symbol, meant));
  }

  std::string_view text_;
  CodeCase letters_;
  const Table& table_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Term> ParseExpression(std::string_view text, CodeCase letters) {
  return Parser(text, letters).Parse();
}

}  // namespace tk::ucum
