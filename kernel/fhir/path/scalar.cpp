#include "kernel/fhir/path/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "kernel/fhir/path/units.h"

namespace tk::fhir::path {
namespace {

void SetInteger(std::string_view digits, SystemKind kind, Scalar* out) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return;
  out->kind = kind;
  out->integer = value;
  out->decimal = Decimal::FromInt(value);
}

void SetDecimal(std::string_view digits, Scalar* out) {
  const std::optional<Decimal> value = Decimal::Parse(digits);
  if (!value) return;
  out->kind = SystemKind::kDecimal;
  out->decimal = *value;
}

void SetTemporal(std::string_view text, SystemKind kind, Scalar* out) {
  const TemporalKind temporal_kind = kind == SystemKind::kDate   ? TemporalKind::kDate
                                     : kind == SystemKind::kTime ? TemporalKind::kTime
                                                                 : TemporalKind::kDateTime;
  const std::optional<Temporal> value = Temporal::Parse(text, temporal_kind);
  if (!value) return;
  out->kind = kind;
  out->temporal = *value;
}

void SetQuantity(const TypeTable& types, const Value& node, Scalar* out) {
  const std::optional<Decimal> number = Decimal::Parse(node[types.name_value].Number());
  // "<5 mg" is no number that one can calculate with.
  if (!number || node[types.name_comparator]) return;
  std::string scratch;
  std::string_view unit = node[types.name_code].String(scratch);
  const bool coded = !unit.empty();
  if (!coded) unit = node[types.name_unit].String(scratch);
  out->kind = SystemKind::kQuantity;
  out->decimal = *number;
  out->text = NormalUnit(unit);
  out->of_fhir = true;
  if (!coded) return;
  // A code of another system may look like one of UCUM (385055001 would be a number): with its system before it, it never does.
  std::string of_system;
  const std::string_view system = node[types.name_system].String(of_system);
  if (!system.empty() && system != "http://unitsofmeasure.org")
    out->text = fmt::format("{}|{}", system, unit);
}

Scalar FromNode(const TypeTable& types, const Item& item) {
  Scalar out;
  const SystemKind kind = KindOfItem(types, item);
  switch (item.node.kind()) {
    case Kind::kTrue:
    case Kind::kFalse:
      if (kind == SystemKind::kBoolean) {
        out.kind = kind;
        out.boolean = item.node.IsTrue();
      }
      break;
    case Kind::kNumber:
      if (kind == SystemKind::kInteger) SetInteger(item.node.Number(), kind, &out);
      if (kind == SystemKind::kDecimal || (kind == SystemKind::kInteger && out.kind == SystemKind::kNone)) {
        SetDecimal(item.node.Number(), &out);
      }
      break;
    case Kind::kString: {
      std::string scratch;
      const std::string_view text = item.node.String(scratch);
      if (kind == SystemKind::kDate || kind == SystemKind::kDateTime || kind == SystemKind::kTime) {
        SetTemporal(text, kind, &out);
      } else if (kind == SystemKind::kString) {
        out.kind = kind;
        out.text = std::string(text);
      }
      break;
    }
    case Kind::kObject:
      if (kind == SystemKind::kQuantity) SetQuantity(types, item.node, &out);
      break;
    default:
      break;
  }
  return out;
}

bool SameText(std::string_view a, std::string_view b);

/// Members by name, items in order; numbers by value. Structure is all: FHIR types of equal structure compare equal.
std::optional<bool> DeepEqual(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  std::string left, right;
  switch (a.kind()) {
    case Kind::kString:
      return a.String(left) == b.String(right);
    case Kind::kNumber: {
      const std::optional<Decimal> x = Decimal::Parse(a.Number());
      const std::optional<Decimal> y = Decimal::Parse(b.Number());
      return x && y ? Compare(*x, *y) == 0 : a.Number() == b.Number();
    }
    case Kind::kArray: {
      auto other = b.begin();
      for (Value item : a) {
        if (other == b.end() || DeepEqual(item, *other) != true) return false;
        ++other;
      }
      return other == b.end();
    }
    case Kind::kObject:
      if (a.size() != b.size()) return false;
      for (Value member : a) {
        const Value other = member.name() == kUnknownName ? b[member.name_text()] : b[member.name()];
        if (!other || DeepEqual(member, other) != true) return false;
      }
      return true;
    default:
      return true;
  }
}

bool DeepEquivalent(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  std::string left, right;
  if (a.is_string()) return SameText(a.String(left), b.String(right));
  if (a.is_array()) {
    if (a.size() != b.size()) return false;
    std::vector<bool> used(b.size(), false);
    for (Value item : a) {
      size_t i = 0;
      bool found = false;
      for (Value other : b) {
        if (!used[i] && DeepEquivalent(item, other)) {
          used[i] = found = true;
          break;
        }
        ++i;
      }
      if (!found) return false;
    }
    return true;
  }
  if (!a.is_object()) return DeepEqual(a, b) == true;
  if (a.size() != b.size()) return false;
  for (Value member : a) {
    const Value other = member.name() == kUnknownName ? b[member.name_text()] : b[member.name()];
    if (!other || !DeepEquivalent(member, other)) return false;
  }
  return true;
}

/// Texts are equivalent without regard to case and to runs of blanks.
std::string FoldedText(std::string_view text) {
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      blank = true;
      continue;
    }
    if (blank) out.push_back(' ');
    blank = false;
    out.push_back(c);
  }
  if (blank) out.push_back(' ');
  return InCase(out, Letters::kFolded);
}

bool SameText(std::string_view a, std::string_view b) { return FoldedText(a) == FoldedText(b); }

/// Equal when rounded to the less precise of the two.
bool SameNumber(const Decimal& a, const Decimal& b) {
  const int places = std::min(a.Trimmed().scale, b.Trimmed().scale);
  return Compare(a.Rounded(places), b.Rounded(places)) == 0;
}

std::optional<bool> EqualScalars(const Scalar& a, const Scalar& b) {
  if (a.IsNumber() && b.IsNumber()) return Compare(a.decimal, b.decimal) == 0;
  if (a.kind == SystemKind::kQuantity || b.kind == SystemKind::kQuantity) {
    const bool quantities = (a.kind == SystemKind::kQuantity || a.IsNumber()) &&
                            (b.kind == SystemKind::kQuantity || b.IsNumber());
    if (!quantities) return false;
    const std::optional<int> order = OrderOfQuantities(a, b);
    return order ? std::optional(*order == 0) : std::nullopt;
  }
  if (a.IsTemporal() && b.IsTemporal()) {
    if ((a.kind == SystemKind::kTime) != (b.kind == SystemKind::kTime)) return false;
    const Order order = Compare(a.temporal, b.temporal);
    if (order == Order::kUnknown) return std::nullopt;
    return order == Order::kEqual;
  }
  if (a.kind != b.kind) return false;
  return a.kind == SystemKind::kBoolean ? a.boolean == b.boolean : a.text == b.text;
}

bool EquivalentScalars(const Scalar& a, const Scalar& b) {
  if (a.IsNumber() && b.IsNumber()) {
    return a.IsWhole() && b.IsWhole() ? a.integer == b.integer : SameNumber(a.decimal, b.decimal);
  }
  if (a.kind != b.kind && !(a.IsTemporal() && b.IsTemporal())) return false;
  if (a.kind == SystemKind::kString) return SameText(a.text, b.text);
  if (a.kind == SystemKind::kQuantity) {
    // A calendar year or month is equivalent to the UCUM one, though not equal.
    Scalar x = a;
    Scalar y = b;
    const auto calendar = [](const Scalar& s) { return s.text == "year" || s.text == "month"; };
    if (calendar(a) || calendar(b)) {
      for (Scalar* s : {&x, &y}) {
        if (s->text == "a") s->text = "year";
        if (s->text == "mo") s->text = "month";
      }
    }
    const std::optional<SameUnit> same = InSameUnit(x, y, Grain::kCoarser);
    return same && SameNumber(same->left, same->right);
  }
  if (a.IsTemporal()) {
    return (a.kind == SystemKind::kTime) == (b.kind == SystemKind::kTime) &&
           Equivalent(a.temporal, b.temporal);
  }
  return EqualScalars(a, b) == true;
}

}  // namespace

std::string NormalUnit(std::string_view unit) {
  constexpr std::array<std::string_view, 8> kWords = {"year", "month",  "week",   "day",
                                                      "hour", "minute", "second", "millisecond"};
  if (unit.empty()) return "1";
  for (std::string_view word : kWords) {
    if (unit.size() == word.size() + 1 && unit.back() == 's' && unit.substr(0, word.size()) == word)
      return std::string(word);
  }
  return std::string(unit);
}

SystemKind KindOfItem(const TypeTable& types, const Item& item) {
  if (item.type != kNoType) return types.KindOf(item.type);
  switch (item.node.kind()) {
    case Kind::kTrue:
    case Kind::kFalse:
      return SystemKind::kBoolean;
    case Kind::kString:
      return SystemKind::kString;
    case Kind::kNumber:
      return item.node.Number().find_first_of(".eE") == std::string_view::npos ? SystemKind::kInteger
                                                                               : SystemKind::kDecimal;
    default:
      return SystemKind::kNone;
  }
}

Scalar ToScalar(const TypeTable& types, const Item& item) {
  if (item.node) return FromNode(types, item);
  Scalar out;
  const SystemKind kind = SystemKindOf(item.type);
  if (const bool* boolean = std::get_if<bool>(&item.computed)) {
    out.kind = SystemKind::kBoolean;
    out.boolean = *boolean;
  } else if (const int64_t* integer = std::get_if<int64_t>(&item.computed)) {
    out.kind = kind == SystemKind::kLong ? kind : SystemKind::kInteger;
    out.integer = *integer;
    out.decimal = Decimal::FromInt(*integer);
  } else if (const std::string* text = std::get_if<std::string>(&item.computed)) {
    if (kind == SystemKind::kDecimal) {
      SetDecimal(*text, &out);
    } else if (kind == SystemKind::kDate || kind == SystemKind::kDateTime || kind == SystemKind::kTime) {
      SetTemporal(*text, kind, &out);
    } else {
      out.kind = SystemKind::kString;
      out.text = *text;
    }
  } else if (const Item::Quantity* quantity = std::get_if<Item::Quantity>(&item.computed)) {
    SetDecimal(quantity->number, &out);
    if (out.kind == SystemKind::kDecimal) out.kind = SystemKind::kQuantity;
    out.text = NormalUnit(quantity->unit);
  }
  return out;
}

std::optional<bool> BooleanOfItem(const TypeTable& types, const Item& item) {
  if (const bool* computed = std::get_if<bool>(&item.computed); computed != nullptr && !item.node)
    return *computed;
  const Kind kind = item.node.kind();
  if ((kind != Kind::kTrue && kind != Kind::kFalse) || KindOfItem(types, item) != SystemKind::kBoolean)
    return std::nullopt;
  return kind == Kind::kTrue;
}

std::optional<std::string_view> TextOfItem(const TypeTable& types, const Item& item, std::string* scratch) {
  if (item.node) {
    if (item.node.kind() != Kind::kString || KindOfItem(types, item) != SystemKind::kString)
      return std::nullopt;
    return item.node.String(*scratch);
  }
  const std::string* const text = std::get_if<std::string>(&item.computed);
  if (text == nullptr) return std::nullopt;
  const SystemKind kind = SystemKindOf(item.type);
  if (kind == SystemKind::kDecimal || (kind >= SystemKind::kDate && kind <= SystemKind::kTime))
    return std::nullopt;
  return *text;
}

bool HasValue(const TypeTable& types, const Item& item) {
  if (!item.node && std::holds_alternative<std::monostate>(item.computed)) return false;
  if (item.node.kind() == Kind::kString && KindOfItem(types, item) == SystemKind::kString) return true;
  return ToScalar(types, item).kind != SystemKind::kNone;
}

Item BooleanItem(bool value) {
  Item item;
  item.type = kSystemBoolean;
  item.computed = value;
  return item;
}
Item IntegerItem(int64_t value) {
  Item item;
  item.type = kSystemInteger;
  item.computed = value;
  return item;
}
Item LongItem(int64_t value) {
  Item item = IntegerItem(value);
  item.type = kSystemLong;
  return item;
}
Item DecimalItem(const Decimal& value) {
  Item item;
  item.type = kSystemDecimal;
  item.computed = value.ToString();
  return item;
}
Item StringItem(std::string text) {
  Item item;
  item.type = kSystemString;
  item.computed = std::move(text);
  return item;
}
Item TemporalValueItem(const Temporal& value) {
  Item item;
  item.type = value.kind == TemporalKind::kDate   ? kSystemDate
              : value.kind == TemporalKind::kTime ? kSystemTime
                                                  : kSystemDateTime;
  std::string text = value.ToString();
  if (value.kind == TemporalKind::kDateTime && value.precision < Precision::kHour) text += 'T';
  item.computed = std::move(text);
  return item;
}
Item QuantityItem(const Decimal& value, std::string unit) {
  Item item;
  item.type = kSystemQuantity;
  item.computed = Item::Quantity{value.ToString(), std::move(unit)};
  return item;
}

std::optional<bool> Equal(const TypeTable& types, const Item& a, const Item& b) {
  if (a.node && a.node == b.node) return true;
  std::string scratch_a, scratch_b;
  if (const auto left = TextOfItem(types, a, &scratch_a)) {
    if (const auto right = TextOfItem(types, b, &scratch_b)) return *left == *right;
  }
  const auto is_structure = [&](const Item& item) {
    return item.node.is_object() && types.KindOf(item.type) == SystemKind::kNone;
  };
  if (is_structure(a) && is_structure(b)) return DeepEqual(a.node, b.node);
  const Scalar left = ToScalar(types, a);
  const Scalar right = ToScalar(types, b);
  if (left.kind != SystemKind::kNone && right.kind != SystemKind::kNone) return EqualScalars(left, right);
  if (left.kind != right.kind) return false;
  if (a.node && b.node) return DeepEqual(a.node, b.node);
  if (a.node || b.node) return false;
  if (a.extension_node && b.extension_node) return DeepEqual(a.extension_node, b.extension_node);
  return false;
}

bool Equivalent(const TypeTable& types, const Item& a, const Item& b) {
  if (a.node && a.node == b.node) return true;
  const Scalar left = ToScalar(types, a);
  const Scalar right = ToScalar(types, b);
  if (left.kind != SystemKind::kNone && right.kind != SystemKind::kNone)
    return EquivalentScalars(left, right);
  return left.kind == right.kind && a.node && b.node && DeepEquivalent(a.node, b.node);
}

std::optional<bool> Equal(const TypeTable& types, std::span<const Item> a, std::span<const Item> b) {
  if (a.size() != b.size()) return false;
  bool unknown = false;
  for (size_t i = 0; i < a.size(); ++i) {
    const std::optional<bool> equal = Equal(types, a[i], b[i]);
    if (equal == false) return false;
    unknown = unknown || !equal;
  }
  return unknown ? std::nullopt : std::optional<bool>(true);
}

bool Equivalent(const TypeTable& types, std::span<const Item> a, std::span<const Item> b) {
  if (a.size() != b.size()) return false;
  std::vector<bool> used(b.size(), false);
  for (const Item& item : a) {
    size_t i = 0;
    while (i < b.size() && (used[i] || !Equivalent(types, item, b[i]))) ++i;
    if (i == b.size()) return false;
    used[i] = true;
  }
  return true;
}

uint64_t EqualityDigest(const TypeTable& types, const Item& item) {
  const Scalar value = ToScalar(types, item);
  const std::hash<std::string> hash;
  if (value.IsNumber() || value.kind == SystemKind::kQuantity) return DigestOfQuantity(value);
  if (value.IsTemporal()) return 2;
  if (value.kind == SystemKind::kBoolean) return value.boolean ? 3 : 4;
  if (value.kind == SystemKind::kString) return hash(value.text) | 8;
  return 16 + item.node.size();
}

std::optional<Order> CompareScalars(const Scalar& a, const Scalar& b) {
  const auto from_sign = [](int sign) {
    return sign < 0 ? Order::kLess : sign > 0 ? Order::kGreater : Order::kEqual;
  };
  if (a.IsNumber() && b.IsNumber()) return from_sign(Compare(a.decimal, b.decimal));
  if (a.kind == SystemKind::kString && b.kind == SystemKind::kString)
    return from_sign(a.text.compare(b.text));
  const bool quantities =
      (a.kind == SystemKind::kQuantity || a.IsNumber()) && (b.kind == SystemKind::kQuantity || b.IsNumber());
  if (quantities) {
    const std::optional<int> order = OrderOfQuantities(a, b);
    return order ? from_sign(*order) : Order::kUnknown;
  }
  if (a.IsTemporal() && b.IsTemporal() && (a.kind == SystemKind::kTime) == (b.kind == SystemKind::kTime)) {
    return Compare(a.temporal, b.temporal);
  }
  return std::nullopt;
}

}  // namespace tk::fhir::path
