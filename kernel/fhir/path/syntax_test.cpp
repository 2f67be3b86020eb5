#include "kernel/fhir/path/syntax.h"

#include <gtest/gtest.h>

namespace tk::fhir::path {
namespace {

/// The tree as text with every operation in brackets.
std::string Show(const SyntaxTree& tree, uint32_t index) {
  const SyntaxNode& node = tree.nodes[index];
  std::string inner;
  for (uint32_t operand : node.operands) inner += (inner.empty() ? "" : " ") + Show(tree, operand);
  switch (node.kind) {
    case SyntaxKind::kBinary:
      return "(" + std::string(OperatorText(node.op)) + " " + inner + ")";
    case SyntaxKind::kIs:
      return "(is " + inner + " " + node.text + ")";
    case SyntaxKind::kAs:
      return "(as " + inner + " " + node.text + ")";
    case SyntaxKind::kNegate:
      return "(neg " + inner + ")";
    case SyntaxKind::kIndexer:
      return "(at " + inner + ")";
    case SyntaxKind::kFunction:
      return node.text + "(" + inner + ")";
    case SyntaxKind::kMember:
      return inner.empty() ? node.text : "(. " + inner + " " + node.text + ")";
    case SyntaxKind::kQuantity:
      return node.text + "'" + node.extra + "'";
    case SyntaxKind::kThis:
      return "$this";
    case SyntaxKind::kEmpty:
      return "{}";
    case SyntaxKind::kExternal:
      return "%" + node.text;
    case SyntaxKind::kString:
      return "'" + node.text + "'";
    default:
      return node.text;
  }
}

std::string Parsed(std::string_view text) {
  Result<SyntaxTree> tree = ParseSyntax(text);
  return tree.ok() ? Show(*tree, tree->root) : tree.error().external;
}

TEST(Syntax, BindsAsTheGrammarSays) {
  EXPECT_EQ(Parsed("1 + 2 * 3"), "(+ 1 (* 2 3))");
  EXPECT_EQ(Parsed("1 - 2 - 3"), "(- (- 1 2) 3)");
  EXPECT_EQ(Parsed("-1.abs()"), "(neg abs(1))");
  EXPECT_EQ(Parsed("1 > 2 is Boolean"), "(> 1 (is 2 Boolean))");
  EXPECT_EQ(Parsed("a | b = c"), "(= (| a b) c)");
  EXPECT_EQ(Parsed("a as B | c"), "(| (as a B) c)");
  EXPECT_EQ(Parsed("a = b in c"), "(in (= a b) c)");
  EXPECT_EQ(Parsed("a or b and c implies d xor e"), "(implies (or a (and b c)) (xor d e))");
  EXPECT_EQ(Parsed("a < b = c > d"), "(= (< a b) (> c d))");
  EXPECT_EQ(Parsed("a.b[0].c"), "(. (at (. a b) 0) c)");
  EXPECT_EQ(Parsed("a.where($this = 'x').exists()"), "exists(where(a (= $this 'x')))");
}

TEST(Syntax, ReadsEveryLiteral) {
  EXPECT_EQ(Parsed("4 days"), "4'days'");
  EXPECT_EQ(Parsed("4.5 'mg'"), "4.5'mg'");
  EXPECT_EQ(Parsed("@2015-02-04T14:34:28.123+10:00"), "2015-02-04T14:34:28.123+10:00");
  EXPECT_EQ(Parsed("@T14:34"), "T14:34");
  EXPECT_EQ(Parsed("@2015.is(Date)"), "is(2015 Date)");
  EXPECT_EQ(Parsed(R"('a\'b\u4e2d\ud83d\ude00\n')"), "'a'b中😀\n'");
  EXPECT_EQ(Parsed(R"('\p\3\u005\uG')"),
            "'p3u005uG'");  // before other characters the backslash means nothing
  EXPECT_EQ(Parsed("sort(-a, b desc, c asc)"), "sort((neg a) (neg b) c)");
  EXPECT_EQ(Parsed("%`vs-x` = %\"vs-x\""), "(= %vs-x %vs-x)");
  EXPECT_EQ(Parsed("`Patient`.`is`.contains.as"), "(. (. (. Patient is) contains) as)");
  EXPECT_EQ(Parsed("{} /* none */ // at all"), "{}");
  EXPECT_EQ(Parsed("12L"), "12");
}

TEST(Syntax, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(Parsed("name.where(use = 'a'"), "column 21: expected \",\" or \")\", but the expression ends");
  EXPECT_EQ(Parsed("a +\n  ]"), "line 2, column 3: expected a value, a name or \"(\", found \"]\"");
  EXPECT_EQ(Parsed("名 = 1"), "column 1: this character has no meaning here");
  EXPECT_EQ(Parsed("'中' = 'x"), "column 7: the text is not closed; expected '");
  EXPECT_EQ(Parsed(""), "column 1: expected an expression, found nothing");
  EXPECT_EQ(Parsed("a b"), "column 3: expected an operator or the end of the expression, found \"b\"");
  EXPECT_EQ(Parsed("a.1"), "column 3: expected a name after \".\", found \"1\"");
  EXPECT_EQ(Parsed("@20"),
            "column 2: expected a date as YYYY, YYYY-MM or YYYY-MM-DD, or T and a time, after @");
  EXPECT_EQ(Parsed("$that"), "column 1: expected $this, $index or $total, found \"$that\"");
  EXPECT_EQ(Parsed("a is"), "column 5: expected the name of a type, but the expression ends");
  EXPECT_EQ(Parsed("\"a\""), "column 1: texts stand between ' and names between `, not between \"");
  EXPECT_EQ(Parsed("/* open"), "column 1: the comment is not closed; expected \"*/\"");
}

TEST(Syntax, RefusesWhatIsTooLarge) {
  const auto code = [](const std::string& text) {
    Result<SyntaxTree> tree = ParseSyntax(text);
    return tree.ok() ? ErrorCode::kInternal : tree.error().code;
  };
  EXPECT_EQ(code(std::string(5000, '(') + "1"), ErrorCode::kTooLarge);
  EXPECT_EQ(code(std::string(5000, '-') + "1"), ErrorCode::kTooLarge);
  std::string chain = "a";
  for (int i = 0; i < 3000; ++i) chain += " | a";
  EXPECT_EQ(code(chain), ErrorCode::kTooLarge);
  EXPECT_EQ(code(std::string(kExpressionBytesMax + 1, ' ')), ErrorCode::kTooLarge);
  EXPECT_TRUE(ParseSyntax(std::string(90, '(') + "1" + std::string(90, ')')).ok());
}

}  // namespace
}  // namespace tk::fhir::path
