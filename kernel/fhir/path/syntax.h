// FHIRPath text → tokens → syntax tree. The complete N1 grammar; knows nothing of types or resources.
// Flow:   text → Tokenize → ParseSyntax (precedence climbing) → SyntaxTree → compile.cpp
// Source: HL7 FHIRPath N1 (2.0.0), grammar and section 6.8 (precedence). Beyond it: integers with the suffix L (Long), and
//         %"name" as the text of FHIR R4 fhirpath.html writes external constants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::fhir::path {

/// Limits on what comes from outside; beyond them kTooLarge.
inline constexpr size_t kExpressionBytesMax = 64 * 1024;
inline constexpr int kNestingMax = 100;         // brackets, parentheses, signs within each other
inline constexpr uint32_t kTreeDepthMax = 400;  // operands and steps along one way down the tree
inline constexpr size_t kSyntaxNodesMax = 8192;

enum class TokenKind : uint8_t {
  kEnd,
  kIdentifier,
  kDelimited,
  kString,
  kDoubleQuoted,
  kInteger,
  kLong,
  kDecimal,
  kDate,
  kDateTime,
  kTime,
  kDollar,
  kSymbol
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t at = 0;    // first byte in the text
  uint32_t size = 0;  // bytes in the text
  std::string text =
      {};  // value: name, decoded string, digits; for dates the text after '@' ('@T' for times)
};

/// Errors: kIncorrect with line and column; kTooLarge. The last token is always kEnd.
Result<std::vector<Token>> Tokenize(std::string_view text);

/// "column 12: …", or "line 2, column 5: …" if the text has several lines. Columns count characters from 1.
Error SyntaxError(std::string_view text, size_t at, std::string_view message,
                  ErrorCode code = ErrorCode::kIncorrect);

enum class Operator : uint8_t {
  kMultiply,
  kDivide,
  kDiv,
  kMod,
  kAdd,
  kSubtract,
  kConcatenate,
  kUnion,
  kLessOrEqual,
  kLess,
  kGreater,
  kGreaterOrEqual,
  kEqual,
  kEquivalent,
  kNotEqual,
  kNotEquivalent,
  kIn,
  kContains,
  kAnd,
  kOr,
  kXor,
  kImplies
};
std::string_view OperatorText(Operator op);

enum class SyntaxKind : uint8_t {
  kEmpty,    // {}
  kBoolean,  // text "true" or "false"
  kString,
  kInteger,
  kLong,
  kDecimal,
  kDate,
  kDateTime,
  kTime,
  kQuantity,  // text = number, extra = unit
  kExternal,  // %text
  kThis,
  kIndex,
  kTotal,
  kMember,    // text = name; operands: [input]
  kFunction,  // text = name; operands: [input?, arguments...], has_input
  kIndexer,   // operands: input, index
  kNegate,
  kPlus,
  kBinary,  // op; operands: left, right
  kIs,
  kAs  // text = type name, extra = namespace; operands: input
};

struct SyntaxNode {
  SyntaxKind kind = SyntaxKind::kEmpty;
  Operator op = Operator::kMultiply;
  bool has_input = false;
  uint32_t at = 0;
  uint32_t depth = 1;
  std::string text = {};
  std::string extra = {};
  std::vector<uint32_t> operands = {};  // indexes of nodes
};

struct SyntaxTree {
  std::vector<SyntaxNode> nodes;
  uint32_t root = 0;
};

/// Errors: kIncorrect with the position, what was expected and what stands there; kTooLarge beyond a limit.
Result<SyntaxTree> ParseSyntax(std::string_view text);

}  // namespace tk::fhir::path
