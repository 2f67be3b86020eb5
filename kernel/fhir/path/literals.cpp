// Literals of an expression → items.
#include <charconv>

#include "kernel/fhir/path/decimal.h"
#include "kernel/fhir/path/program.h"
#include "kernel/fhir/path/temporal.h"

namespace tk::fhir::path {
namespace {

Result<Item> TemporalItem(std::string_view text, const SyntaxNode& node, TemporalKind kind, TypeId type) {
  const std::optional<Temporal> value = Temporal::Parse(node.text, kind);
  if (!value) return SyntaxError(text, node.at, "there is no such date or time");
  Item item;
  item.type = type;
  item.computed = value->ToString();
  if (value->precision < Precision::kHour && kind == TemporalKind::kDateTime)
    std::get<std::string>(item.computed) += 'T';
  return item;
}

}  // namespace

Result<Item> LiteralItem(std::string_view text, const SyntaxNode& node) {
  Item item;
  switch (node.kind) {
    case SyntaxKind::kBoolean:
      item.type = kSystemBoolean;
      item.computed = node.text == "true";
      return item;
    case SyntaxKind::kInteger:
    case SyntaxKind::kLong: {
      const bool is_long = node.kind == SyntaxKind::kLong;
      int64_t value = 0;
      const auto [end, error] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
      // 2147483648 may stand after a minus; arithmetic checks the range of results.
      if (error != std::errc() || *end != '\0' || (!is_long && value > int64_t{INT32_MAX} + 1)) {
        return SyntaxError(text, node.at,
                           is_long ? "the number has more than 64 bits"
                                   : "the number has more than 32 bits; write it with .0 or L");
      }
      item.type = is_long ? kSystemLong : kSystemInteger;
      item.computed = value;
      return item;
    }
    case SyntaxKind::kDecimal:
    case SyntaxKind::kQuantity:
      if (!Decimal::Parse(node.text)) return SyntaxError(text, node.at, "the number has more than 38 digits");
      item.type = node.kind == SyntaxKind::kDecimal ? kSystemDecimal : kSystemQuantity;
      if (node.kind == SyntaxKind::kDecimal)
        item.computed = node.text;
      else
        item.computed = Item::Quantity{node.text, node.extra};
      return item;
    case SyntaxKind::kDate:
      return TemporalItem(text, node, TemporalKind::kDate, kSystemDate);
    case SyntaxKind::kDateTime:
      return TemporalItem(text, node, TemporalKind::kDateTime, kSystemDateTime);
    case SyntaxKind::kTime:
      return TemporalItem(text, node, TemporalKind::kTime, kSystemTime);
    default:
      item.type = kSystemString;
      item.computed = node.text;
      return item;
  }
}

}  // namespace tk::fhir::path
