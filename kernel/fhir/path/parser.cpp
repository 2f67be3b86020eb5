#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "kernel/fhir/path/syntax.h"

namespace tk::fhir::path {
namespace {

// Binding strength, loosest first. `is` and `as` stand between addition and union (grammar of N1, top to bottom).
constexpr int kImpliesLevel = 1, kOrLevel = 2, kAndLevel = 3, kMembershipLevel = 4, kEqualityLevel = 5,
              kInequalityLevel = 6, kUnionLevel = 7, kTypeLevel = 8, kAddLevel = 9, kMultiplyLevel = 10;

struct OperatorInfo {
  std::string_view text;
  Operator op;
  int level;
};
constexpr std::array<OperatorInfo, 22> kOperators = {{
    {"*", Operator::kMultiply, kMultiplyLevel},
    {"/", Operator::kDivide, kMultiplyLevel},
    {"div", Operator::kDiv, kMultiplyLevel},
    {"mod", Operator::kMod, kMultiplyLevel},
    {"+", Operator::kAdd, kAddLevel},
    {"-", Operator::kSubtract, kAddLevel},
    {"&", Operator::kConcatenate, kAddLevel},
    {"|", Operator::kUnion, kUnionLevel},
    {"<=", Operator::kLessOrEqual, kInequalityLevel},
    {"<", Operator::kLess, kInequalityLevel},
    {">", Operator::kGreater, kInequalityLevel},
    {">=", Operator::kGreaterOrEqual, kInequalityLevel},
    {"=", Operator::kEqual, kEqualityLevel},
    {"~", Operator::kEquivalent, kEqualityLevel},
    {"!=", Operator::kNotEqual, kEqualityLevel},
    {"!~", Operator::kNotEquivalent, kEqualityLevel},
    {"in", Operator::kIn, kMembershipLevel},
    {"contains", Operator::kContains, kMembershipLevel},
    {"and", Operator::kAnd, kAndLevel},
    {"or", Operator::kOr, kOrLevel},
    {"xor", Operator::kXor, kOrLevel},
    {"implies", Operator::kImplies, kImpliesLevel},
}};

constexpr std::array<std::string_view, 16> kCalendarUnits = {
    "year", "years", "month",  "months",  "week",   "weeks",   "day",         "days",
    "hour", "hours", "minute", "minutes", "second", "seconds", "millisecond", "milliseconds"};

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  Result<SyntaxTree> Run() {
    if (Here().kind == TokenKind::kEnd) return Fail("expected an expression, found nothing");
    const uint32_t root = TRY(Expression(kImpliesLevel));
    if (Here().kind != TokenKind::kEnd) return Expected("an operator or the end of the expression");
    tree_.root = root;
    return std::move(tree_);
  }

 private:
  const Token& Here() const { return tokens_[next_]; }
  const Token& After() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }
  bool IsSymbol(std::string_view symbol) const {
    return Here().kind == TokenKind::kSymbol && Here().text == symbol;
  }
  bool IsWord(std::string_view word) const {
    return Here().kind == TokenKind::kIdentifier && Here().text == word;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ++next_;
    return true;
  }
  Error Fail(std::string_view message) const { return SyntaxError(text_, Here().at, message); }
  Error Expected(std::string_view what) const {
    if (Here().kind == TokenKind::kEnd)
      return Fail(fmt::format("expected {}, but the expression ends", what));
    return Fail(fmt::format("expected {}, found \"{}\"", what,
                            text_.substr(Here().at, std::min<size_t>(Here().size, 40))));
  }

  Result<uint32_t> Add(SyntaxNode node) {
    for (uint32_t operand : node.operands) node.depth = std::max(node.depth, tree_.nodes[operand].depth + 1);
    if (node.depth > kTreeDepthMax || tree_.nodes.size() >= kSyntaxNodesMax) {
      return SyntaxError(text_, node.at, "the expression is too large: split it", ErrorCode::kTooLarge);
    }
    tree_.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(tree_.nodes.size() - 1);
  }

  Result<uint32_t> Expression(int level_min) {
    if (++nesting_ > kNestingMax) {
      return SyntaxError(text_, Here().at, fmt::format("nested deeper than {}", kNestingMax),
                         ErrorCode::kTooLarge);
    }
    uint32_t left = TRY(Signed());
    while (true) {
      const uint32_t at = Here().at;
      if ((IsWord("is") || IsWord("as")) && kTypeLevel >= level_min) {
        SyntaxNode node{.kind = IsWord("is") ? SyntaxKind::kIs : SyntaxKind::kAs, .at = at};
        ++next_;
        TRY(TypeSpecifier(&node));
        node.operands = {left};
        left = TRY(Add(std::move(node)));
        continue;
      }
      const OperatorInfo* info = FindOperator();
      if (info == nullptr || info->level < level_min) break;
      ++next_;
      const uint32_t right = TRY(Expression(info->level + 1));
      left = TRY(Add({.kind = SyntaxKind::kBinary, .op = info->op, .at = at, .operands = {left, right}}));
    }
    --nesting_;
    return left;
  }

  const OperatorInfo* FindOperator() const {
    if (Here().kind != TokenKind::kSymbol && Here().kind != TokenKind::kIdentifier) return nullptr;
    for (const OperatorInfo& info : kOperators) {
      if (info.text == Here().text) return &info;
    }
    return nullptr;
  }

  Result<uint32_t> Signed() {
    const uint32_t at = Here().at;
    if (!IsSymbol("-") && !IsSymbol("+")) return Postfix();
    const SyntaxKind kind = IsSymbol("-") ? SyntaxKind::kNegate : SyntaxKind::kPlus;
    ++next_;
    if (++nesting_ > kNestingMax) {
      return SyntaxError(text_, at, fmt::format("nested deeper than {}", kNestingMax), ErrorCode::kTooLarge);
    }
    const uint32_t operand = TRY(Signed());
    --nesting_;
    return Add({.kind = kind, .at = at, .operands = {operand}});
  }

  Result<uint32_t> Postfix() {
    uint32_t value = TRY(Term());
    while (true) {
      const uint32_t at = Here().at;
      if (TakeSymbol(".")) {
        value = TRY(Invocation(value));
      } else if (TakeSymbol("[")) {
        const uint32_t index = TRY(Expression(kImpliesLevel));
        if (!TakeSymbol("]")) return Expected("\"]\"");
        value = TRY(Add({.kind = SyntaxKind::kIndexer, .at = at, .operands = {value, index}}));
      } else {
        return value;
      }
    }
  }

  bool IsName() const {
    if (Here().kind == TokenKind::kDelimited) return true;
    if (Here().kind != TokenKind::kIdentifier) return false;
    for (std::string_view word : {"and", "or", "xor", "implies", "div", "mod", "true", "false"}) {
      if (Here().text == word) return false;
    }
    return true;
  }

  Result<uint32_t> Invocation(std::optional<uint32_t> input) {
    const Token& token = Here();
    if (token.kind == TokenKind::kDollar) return Dollar();
    if (!IsName()) return Expected("a name after \".\"");
    ++next_;
    SyntaxNode node{
        .kind = SyntaxKind::kMember, .has_input = input.has_value(), .at = token.at, .text = token.text};
    if (input) node.operands.push_back(*input);
    if (TakeSymbol("(")) {
      node.kind = SyntaxKind::kFunction;
      if (!TakeSymbol(")")) {
        do {
          node.operands.push_back(TRY(Expression(kImpliesLevel)));
          if (node.text == "sort") TRY(Direction(&node.operands.back()));
        } while (TakeSymbol(","));
        if (!TakeSymbol(")")) return Expected("\",\" or \")\"");
      }
    }
    return Add(std::move(node));
  }

  /// sort(a desc) is sort(-a); a sign of texts and dates has no other meaning there.
  Status Direction(uint32_t* key) {
    const uint32_t at = Here().at;
    const bool down = IsWord("desc");
    if (!down && !IsWord("asc")) return {};
    ++next_;
    if (down) *key = TRY(Add({.kind = SyntaxKind::kNegate, .at = at, .operands = {*key}}));
    return {};
  }

  Result<uint32_t> Dollar() {
    SyntaxNode node{.at = Here().at};
    if (Here().text == "this")
      node.kind = SyntaxKind::kThis;
    else if (Here().text == "index")
      node.kind = SyntaxKind::kIndex;
    else if (Here().text == "total")
      node.kind = SyntaxKind::kTotal;
    else
      return Expected("$this, $index or $total");
    ++next_;
    return Add(std::move(node));
  }

  Result<uint32_t> Term() {
    const Token& token = Here();
    switch (token.kind) {
      case TokenKind::kString:
        return Literal(SyntaxKind::kString);
      case TokenKind::kLong:
        return Literal(SyntaxKind::kLong);
      case TokenKind::kDate:
        return Literal(SyntaxKind::kDate);
      case TokenKind::kDateTime:
        return Literal(SyntaxKind::kDateTime);
      case TokenKind::kTime:
        return Literal(SyntaxKind::kTime);
      case TokenKind::kInteger:
      case TokenKind::kDecimal:
        return Number();
      case TokenKind::kDollar:
        return Dollar();
      case TokenKind::kDoubleQuoted:
        return Fail("texts stand between ' and names between `, not between \"");
      case TokenKind::kEnd:
        return Expected("a value, a name or \"(\"");
      case TokenKind::kIdentifier:
        if (token.text == "true" || token.text == "false") return Literal(SyntaxKind::kBoolean);
        break;
      case TokenKind::kSymbol:
        return SymbolTerm();
      case TokenKind::kDelimited:
        break;
    }
    if (!IsName()) return Expected("a value, a name or \"(\"");
    return Invocation(std::nullopt);
  }

  Result<uint32_t> SymbolTerm() {
    const uint32_t at = Here().at;
    if (TakeSymbol("(")) {
      const uint32_t inner = TRY(Expression(kImpliesLevel));
      if (!TakeSymbol(")")) return Expected("\")\"");
      return inner;
    }
    if (TakeSymbol("{")) {
      if (!TakeSymbol("}")) return Expected("\"}\"");
      return Add({.kind = SyntaxKind::kEmpty, .at = at});
    }
    if (!TakeSymbol("%")) return Expected("a value, a name or \"(\"");
    const Token& name = Here();
    if (!IsName() && name.kind != TokenKind::kString && name.kind != TokenKind::kDoubleQuoted) {
      return Expected("the name of a variable after \"%\"");
    }
    ++next_;
    return Add({.kind = SyntaxKind::kExternal, .at = at, .text = name.text});
  }

  Result<uint32_t> Literal(SyntaxKind kind) {
    SyntaxNode node{.kind = kind, .at = Here().at, .text = Here().text};
    ++next_;
    return Add(std::move(node));
  }

  Result<uint32_t> Number() {
    SyntaxNode node{.kind = Here().kind == TokenKind::kInteger ? SyntaxKind::kInteger : SyntaxKind::kDecimal,
                    .at = Here().at,
                    .text = Here().text};
    ++next_;
    if (Here().kind == TokenKind::kString ||
        (Here().kind == TokenKind::kIdentifier &&
         std::find(kCalendarUnits.begin(), kCalendarUnits.end(), Here().text) != kCalendarUnits.end())) {
      // UCUM has no code that is one of the calendar words, so the unit's text alone tells the two apart.
      node.kind = SyntaxKind::kQuantity;
      node.extra = Here().text;
      ++next_;
    }
    return Add(std::move(node));
  }

  Status TypeSpecifier(SyntaxNode* node) {
    if (!IsName()) return Expected("the name of a type");
    node->text = Here().text;
    ++next_;
    if (IsSymbol(".") && (After().kind == TokenKind::kIdentifier || After().kind == TokenKind::kDelimited) &&
        (node->text == "FHIR" || node->text == "System")) {
      ++next_;
      node->extra = std::move(node->text);
      node->text = Here().text;
      ++next_;
    }
    return {};
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t next_ = 0;
  int nesting_ = 0;
  SyntaxTree tree_;
};

}  // namespace

std::string_view OperatorText(Operator op) {
  for (const OperatorInfo& info : kOperators) {
    if (info.op == op) return info.text;
  }
  return "";
}

Result<SyntaxTree> ParseSyntax(std::string_view text) {
  std::vector<Token> tokens = TRY(Tokenize(text));
  return Parser(text, std::move(tokens)).Run();
}

}  // namespace tk::fhir::path
