// Values that FHIRPath calculates with, read from items; equality, equivalence and order of items. Internal to FHIRPath,
// but for ToScalar, which those read who print what an expression gave ($fhirpath).
// Source: FHIRPath N1 2.0.0 sections 6.1 and 6.2; FHIR R4 fhirpath.html (FHIR primitives as System types).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kernel/fhir/path/decimal.h"
#include "kernel/fhir/path/program.h"
#include "kernel/fhir/path/temporal.h"

namespace tk::fhir::path {

struct Scalar {
  SystemKind kind = SystemKind::kNone;
  bool boolean = false;
  int64_t integer = 0;     // kInteger, kLong
  Decimal decimal = {};    // kDecimal; kInteger and kLong too; number of kQuantity
  std::string text = {};   // kString; unit of kQuantity (calendar words in the singular, "1" for none)
  Temporal temporal = {};  // kDate, kDateTime, kTime
  bool of_fhir = false;    // a quantity of the data: its 'a' and 'mo' may be calendar years and months

  bool IsNumber() const {
    return kind == SystemKind::kInteger || kind == SystemKind::kLong || kind == SystemKind::kDecimal;
  }
  bool IsWhole() const { return kind == SystemKind::kInteger || kind == SystemKind::kLong; }
  bool IsTemporal() const { return kind >= SystemKind::kDate && kind <= SystemKind::kTime; }
};

/// The value of an item; kNone for complex items, for a primitive that has only extensions, and for text that is not what its type says.
Scalar ToScalar(const TypeTable& types, const Item& item);
/// As ToScalar where only a truth, a text, or whether there is a value is asked; nothing else is read or copied.
std::optional<bool> BooleanOfItem(const TypeTable& types, const Item& item);
/// In place, or decoded into `scratch`.
std::optional<std::string_view> TextOfItem(const TypeTable& types, const Item& item, std::string* scratch);
bool HasValue(const TypeTable& types, const Item& item);
/// A primitive that has extensions or an id and no value.
inline bool LacksValue(const Item& item) {
  return !item.node && item.extension_node && std::holds_alternative<std::monostate>(item.computed);
}
/// What kind of value the item would be, without reading it.
SystemKind KindOfItem(const TypeTable& types, const Item& item);

/// Every letter of every script in one case, without regard to a locale; kFolded: for comparing ("ß" as "ss").
/// Text must be UTF-8. Source: Unicode's simple mappings and full case folding (utf8proc); "ß" in capitals is "SS".
enum class Letters { kUpper, kLower, kFolded };
std::string InCase(std::string_view text, Letters letters);

/// A calendar word in the singular; no unit is "1"; any other text as it is.
std::string NormalUnit(std::string_view unit);

Item BooleanItem(bool value);
Item IntegerItem(int64_t value);
Item LongItem(int64_t value);
Item DecimalItem(const Decimal& value);
Item StringItem(std::string text);
Item TemporalValueItem(const Temporal& value);
Item QuantityItem(const Decimal& value, std::string unit);

/// nullopt: it cannot be known (different precision, units that do not convert).
std::optional<bool> Equal(const TypeTable& types, const Item& a, const Item& b);
bool Equivalent(const TypeTable& types, const Item& a, const Item& b);
/// Same for whole collections: order matters for Equal, not for Equivalent. Both must not be empty for Equal.
std::optional<bool> Equal(const TypeTable& types, std::span<const Item> a, std::span<const Item> b);
bool Equivalent(const TypeTable& types, std::span<const Item> a, std::span<const Item> b);
/// Equal items have equal digests.
uint64_t EqualityDigest(const TypeTable& types, const Item& item);

/// kUnknown: cannot be known. nullopt: these kinds have no order between them.
std::optional<Order> CompareScalars(const Scalar& a, const Scalar& b);

/// Two numbers in one unit; made by units.h.
struct SameUnit {
  Decimal left;
  Decimal right;
  std::string unit;
};

}  // namespace tk::fhir::path
