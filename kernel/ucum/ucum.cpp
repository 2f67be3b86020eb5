#include "kernel/ucum/ucum.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kernel/ucum/meaning.h"

namespace tk::ucum {

/// A factor of a unit with its exponent, parentheses resolved: what products and quotients are joined from.
struct Part {
  std::string text;  // symbol with prefix, number, or annotation
  std::string annotation;
  int exponent = 1;
  bool symbol = true;
};

struct Unit::Data {
  std::string code;
  std::string canonical;
  std::string why_not;
  Meaning meaning;
  std::vector<Part> parts;
};

struct Access {
  static const Unit::Data& Of(const Unit& unit) { return *unit.data_; }
  static Unit Make(std::shared_ptr<const Unit::Data> data) { return Unit(std::move(data)); }
};

namespace {

/// Multiplies by `part` to the power of `exponent`; one part for one symbol.
void AddPart(Part part, int exponent, std::vector<Part>* parts) {
  const auto same = std::find_if(parts->begin(), parts->end(), [&](const Part& other) {
    return other.text == part.text && other.annotation == part.annotation && other.symbol == part.symbol;
  });
  part.exponent *= exponent;
  if (same != parts->end()) {
    same->exponent += part.exponent;
  } else if (part.text != "1" || !part.annotation.empty()) {
    parts->push_back(std::move(part));
  }
}

void AddParts(const Term& term, int sign, std::vector<Part>* parts) {
  for (const Component& component : term.components) {
    const int own = component.divides ? -sign : sign;
    Part part;
    part.annotation = component.annotation;
    part.exponent = own;
    switch (component.kind) {
      case Component::Kind::kGroup:
        AddParts(component.group, own, parts);
        continue;
      case Component::Kind::kSymbol:
        if (component.symbol.prefix != nullptr) part.text = component.symbol.prefix->code;
        part.text += component.symbol.atom->code;
        part.exponent = own * component.exponent;
        break;
      case Component::Kind::kNumber:
        part.text = std::to_string(component.number);
        part.symbol = false;
        break;
      case Component::Kind::kAnnotation:
        part.symbol = false;
        break;
    }
    AddPart(std::move(part), 1, parts);
  }
}

Result<std::shared_ptr<const Unit::Data>> Understand(std::string_view code, CodeCase letters) {
  const Term term = TRY(ParseExpression(code, letters));
  auto data = std::make_shared<Unit::Data>();
  data->code = code;
  AddParts(term, 1, &data->parts);
  Result<Meaning> meaning = MeaningOf(term);
  if (meaning.ok()) {
    data->meaning = std::move(meaning).value();
    data->canonical = CanonicalCode(data->meaning);
  } else {
    data->why_not = meaning.error().external;
  }
  return std::shared_ptr<const Unit::Data>(std::move(data));
}

/// What this thread has understood or refused lately. One place per hash: whoever comes later takes it, so it never grows.
class Memory {
 public:
  struct Entry {
    std::string code;
    CodeCase letters = CodeCase::kSensitive;
    std::shared_ptr<const Unit::Data> data;  // nullptr: refused, with `refusal`
    ErrorCode error_code = ErrorCode::kInvalid;
    std::string refusal;
  };
  static Entry& At(std::string_view code, CodeCase letters) {
    thread_local std::array<Entry, kSize> entries;
    return entries[(std::hash<std::string_view>()(code) + static_cast<size_t>(letters)) % kSize];
  }

 private:
  static constexpr size_t kSize = 256;
};

std::string DescribeTerm(const Term& term) {
  std::string out;
  for (const Component& component : term.components) {
    if (out.empty()) {
      if (component.divides) out = "1 / ";
    } else {
      out += component.divides ? " / " : " * ";
    }
    switch (component.kind) {
      case Component::Kind::kSymbol:
        out += '(';
        if (component.symbol.prefix != nullptr) out += component.symbol.prefix->name;
        out += component.symbol.atom->name;
        if (component.exponent != 1) out += fmt::format(" ^ {}", component.exponent);
        if (!component.annotation.empty()) out += fmt::format(" {}", component.annotation);
        out += ')';
        break;
      case Component::Kind::kNumber:
        out += std::to_string(component.number) + std::string(component.annotation);
        break;
      case Component::Kind::kGroup:
        out += '(' + DescribeTerm(component.group) + ')';
        break;
      case Component::Kind::kAnnotation:
        out += component.annotation;
        break;
    }
  }
  return out;
}

/// The unit of a product: equal symbols joined, those with an exponent below zero behind a "/".
std::string CodeOf(const std::vector<Part>& parts) {
  std::string above;
  std::string below;
  for (const Part& part : parts) {
    if (part.exponent == 0) continue;
    const int size = std::abs(part.exponent);
    std::string text = part.text;
    if (part.symbol && size != 1) text += std::to_string(size);
    text += part.annotation;
    std::string& side = part.exponent > 0 ? above : below;
    for (int i = 0; i < (part.symbol ? 1 : size) && side.size() <= kCodeLengthMax; ++i) {
      if (part.exponent < 0) {
        side += '/';
      } else if (!side.empty()) {
        side += '.';
      }
      side += text;
    }
  }
  above += below;
  return above.empty() ? "1" : above;
}

/// A number without dimension that changes nothing: "1", "{tablets}".
bool IsOne(const Unit::Data& unit) {
  return unit.why_not.empty() && unit.meaning.dimensionless() && unit.meaning.factor.one();
}

Result<Unit> JoinUnits(const Unit& a, const Unit& b, int exponent) {
  const Unit::Data& left = Access::Of(a);
  const Unit::Data& right = Access::Of(b);
  if (IsOne(right) && right.parts.size() <= 1) return a;
  if (IsOne(left) && left.parts.size() <= 1 && exponent == 1) return b;
  for (const Unit::Data* unit : {&left, &right}) {
    if (!unit->why_not.empty()) return MakeError(ErrorCode::kInvalid, unit->why_not);
    if (unit->meaning.function != nullptr)
      return MakeError(
          ErrorCode::kInvalid,
          "a special unit (such as Cel, [pH], dB) does not multiply with other units: convert it first");
  }
  std::vector<Part> parts = left.parts;
  for (const Part& part : right.parts) AddPart(part, exponent, &parts);
  return Unit::Parse(CodeOf(parts));
}

Error NotComparable(const Unit::Data& from, const Unit::Data& to) {
  if (!from.why_not.empty()) return MakeError(ErrorCode::kInvalid, from.why_not);
  if (!to.why_not.empty()) return MakeError(ErrorCode::kInvalid, to.why_not);
  return MakeError(ErrorCode::kInvalid, fmt::format("the units do not compare: one measures {}, the other {}",
                                                    from.canonical, to.canonical));
}

Result<Rational> Checked(Rational value) {
  if (!value.valid())
    return MakeError(ErrorCode::kTooLarge, "the value is too large to be calculated in these units");
  return value;
}

/// The value in the canonical unit.
Result<Rational> FromUnit(const Rational& value, const Meaning& unit) {
  if (unit.function == nullptr) return Checked(value * unit.factor);
  const Rational x = unit.before ? value * *unit.before : value;
  const Rational measure = TRY(FromScale(*unit.function, TRY(Checked(x))));
  return Checked(measure * unit.factor);
}

Result<Rational> ToUnit(const Rational& canonical, const Meaning& unit) {
  const Rational measure = TRY(Checked(canonical / unit.factor));
  if (unit.function == nullptr) return measure;
  const Rational x = TRY(OntoScale(*unit.function, measure));
  return Checked(unit.before ? x / *unit.before : x);
}

/// Rounds what was calculated with logarithms, tangents and roots to the digits that it is good for.
Rational Settled(const Rational& value, const Meaning& from, const Meaning* to = nullptr) {
  const auto exact = [](const Meaning& unit) { return unit.function == nullptr || unit.function->exact(); };
  return exact(from) && (to == nullptr || exact(*to)) ? value : value.Rounded(kSpecialDigits);
}

}  // namespace

Result<Unit> Unit::Parse(std::string_view code, CodeCase letters) {
  Memory::Entry& entry = Memory::At(code, letters);
  if (entry.code != code || entry.letters != letters || (entry.data == nullptr && entry.refusal.empty())) {
    auto data = Understand(code, letters);
    if (code.size() > kCodeLengthMax) return data.TakeError();  // nothing of that length is remembered
    entry.code = code;
    entry.letters = letters;
    entry.data = data.ok() ? *data : nullptr;
    entry.refusal = data.ok() ? "" : data.error().external;
    entry.error_code = data.ok() ? ErrorCode::kInvalid : data.error().code;
  }
  if (entry.data == nullptr) return MakeError(entry.error_code, entry.refusal);
  return Unit(entry.data);
}

Unit Unit::One() {
  static const Unit one = *Parse("1");
  return one;
}

const std::string& Unit::code() const { return data_->code; }
const std::string& Unit::canonical_code() const { return data_->canonical; }
bool Unit::special() const { return data_->meaning.function != nullptr; }
const std::string& Unit::why_not() const { return data_->why_not; }

Status Validate(std::string_view code, CodeCase letters) {
  TRY(Unit::Parse(code, letters));
  return {};
}

Result<std::string> DisplayName(std::string_view code, CodeCase letters) {
  const Term term = TRY(ParseExpression(code, letters));
  return term.components.empty() ? std::string("(unity)") : DescribeTerm(term);
}

bool Comparable(const Unit& a, const Unit& b) {
  return a.why_not().empty() && a.canonical_code() == b.canonical_code();
}

Result<Rational> Convert(const Rational& value, const Unit& from, const Unit& to) {
  if (!Comparable(from, to)) return NotComparable(Access::Of(from), Access::Of(to));
  if (from.same(to)) return Checked(value);
  const Meaning& source = Access::Of(from).meaning;
  const Meaning& target = Access::Of(to).meaning;
  const Rational canonical = TRY(FromUnit(value, source));
  return Settled(TRY(ToUnit(canonical, target)), source, &target);
}

Result<Quantity> Canonical(const Quantity& quantity) {
  if (!quantity.unit.why_not().empty()) return MakeError(ErrorCode::kInvalid, quantity.unit.why_not());
  Quantity out;
  const Meaning& unit = Access::Of(quantity.unit).meaning;
  out.value = Settled(TRY(FromUnit(quantity.value, unit)), unit);
  out.unit = TRY(Unit::Parse(quantity.unit.canonical_code()));
  return out;
}

Result<int> Compare(const Quantity& a, const Quantity& b) {
  if (a.unit.same(b.unit) || a.unit.code() == b.unit.code()) return Compare(a.value, b.value);
  if (!Comparable(a.unit, b.unit)) return NotComparable(Access::Of(a.unit), Access::Of(b.unit));
  const Meaning& left = Access::Of(a.unit).meaning;
  const Meaning& right = Access::Of(b.unit).meaning;
  if (left.function == nullptr && right.function == nullptr) {
    const std::optional<int> order = CompareProducts(a.value, left.factor, b.value, right.factor);
    if (!order || !a.value.valid() || !b.value.valid())
      return MakeError(ErrorCode::kTooLarge, "the values are too large to be compared in these units");
    return *order;
  }
  return Compare(Settled(TRY(FromUnit(a.value, left)), left), Settled(TRY(FromUnit(b.value, right)), right));
}

Result<Quantity> Multiply(const Quantity& a, const Quantity& b) {
  return Quantity{TRY(Checked(a.value * b.value)), TRY(JoinUnits(a.unit, b.unit, 1))};
}

Result<Quantity> Divide(const Quantity& a, const Quantity& b) {
  if (b.value.zero()) return MakeError(ErrorCode::kInvalid, "division by zero");
  return Quantity{TRY(Checked(a.value / b.value)), TRY(JoinUnits(a.unit, b.unit, -1))};
}

int SignificantDigits(std::string_view number) {
  number = number.substr(0, number.find_first_of("eE"));
  if (number.find('.') == std::string_view::npos) return 0;
  const size_t first = number.find_first_of("123456789");
  if (first == std::string_view::npos) return 1;
  return static_cast<int>(std::count_if(number.begin() + static_cast<std::ptrdiff_t>(first), number.end(),
                                        [](char c) { return c != '.'; }));
}

std::string StatedText(const Rational& value, int significant) {
  constexpr int kAll = 400;  // more digits than a finite number of 1,024 bits has
  constexpr int kEndless = 24;
  return value.ToText(significant != 0 ? significant : (value.finite() ? kAll : kEndless));
}

}  // namespace tk::ucum
