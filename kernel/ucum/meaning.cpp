#include "kernel/ucum/meaning.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

namespace tk::ucum {
namespace {

constexpr int kDimensionMax = 9999;

Error TooLarge() {
  return MakeError(ErrorCode::kTooLarge,
                   "the unit's factor or one of its exponents is too large to calculate with");
}

Error SpecialInProduct() {
  return MakeError(ErrorCode::kInvalid,
                   "a special unit (such as Cel, [pH], dB) stands alone: it has no meaning in a product, a "
                   "quotient or a power");
}

/// Multiplies `out` by `other` to the power of `exponent`.
Result<void> Join(const Meaning& other, int exponent, Meaning* out) {
  if (other.function != nullptr) {
    if (exponent != 1 || out->function != nullptr || !out->dimensionless()) return SpecialInProduct();
    const Rational before = out->factor * (other.before ? *other.before : Rational(1));
    *out = other;
    if (!before.one()) out->before = std::make_shared<const Rational>(before);
    return {};
  }
  const Rational factor = exponent == 1 ? other.factor : other.factor.Power(exponent);
  if (out->function != nullptr) {
    if (!other.dimensionless()) return SpecialInProduct();
    out->before = std::make_shared<const Rational>((out->before ? *out->before : Rational(1)) * factor);
    return out->before->valid() ? Result<void>() : TooLarge();
  }
  out->factor = out->factor * factor;
  if (!out->factor.valid()) return TooLarge();
  for (size_t i = 0; i < kBaseCount; ++i) {
    out->base[i] += other.base[i] * exponent;
    if (std::abs(out->base[i]) > kDimensionMax) return TooLarge();
  }
  if (other.arbitrary.empty()) return {};
  std::map<uint32_t, int> joined(out->arbitrary.begin(), out->arbitrary.end());
  for (const auto& [atom, power] : other.arbitrary) {
    joined[atom] += power * exponent;
    if (std::abs(joined[atom]) > kDimensionMax) return TooLarge();
  }
  std::erase_if(joined, [](const auto& entry) { return entry.second == 0; });
  out->arbitrary.assign(joined.begin(), joined.end());
  return {};
}

/// The meanings of all units of the table; calculated together once, because they are defined by each other.
class Known {
 public:
  static const Known& Get() {
    static const Known known;
    return known;
  }
  const Meaning& operator[](const Atom& atom) const { return *meanings_[Table::Get().IndexOf(atom)]; }

 private:
  Known() : meanings_(Table::Get().atoms().size()) {
    for (const Atom& atom : Table::Get().atoms()) (void)Define(atom);
  }

  /// The table is our own: where it does not make sense, that is a defect, not an input.
  const Meaning& Define(const Atom& atom) {
    std::unique_ptr<Meaning>& slot = meanings_[Table::Get().IndexOf(atom)];
    if (slot != nullptr) return *slot;
    CHECK(++depth_ < 64);
    Meaning meaning;
    if (atom.base >= 0) {
      meaning.base[static_cast<size_t>(atom.base)] = 1;
    } else if (atom.arbitrary && atom.unit == "1") {
      meaning.arbitrary = {{static_cast<uint32_t>(Table::Get().IndexOf(atom)), 1}};
    } else {
      const Function* function = atom.function.empty() ? nullptr : FindFunction(atom.function);
      CHECK(function != nullptr || atom.function.empty());
      const auto term = ParseExpression(
          function != nullptr && !function->unit.empty() ? function->unit : atom.unit, CodeCase::kSensitive);
      CHECK(term.ok());
      meaning = Evaluate(*term);
      meaning.factor = meaning.factor * atom.value;
      meaning.function = function;
      CHECK(meaning.factor.valid());
    }
    --depth_;
    slot = std::make_unique<Meaning>(std::move(meaning));
    return *slot;
  }

  Meaning Evaluate(const Term& term) {
    Meaning out;
    for (const Component& component : term.components) {
      const int sign = component.divides ? -1 : 1;
      Meaning part;
      CHECK(component.kind == Component::Kind::kSymbol || component.kind == Component::Kind::kNumber);
      if (component.kind == Component::Kind::kNumber) {
        part.factor = Rational(static_cast<int64_t>(component.number));
      } else {
        part = Define(*component.symbol.atom);
        if (component.symbol.prefix != nullptr) part.factor = part.factor * component.symbol.prefix->value;
      }
      CHECK(Join(part, sign * component.exponent, &out).ok());
    }
    return out;
  }

  std::vector<std::unique_ptr<Meaning>> meanings_;
  int depth_ = 0;
};

Result<void> JoinSymbol(const Component& component, int sign, Meaning* out) {
  const Meaning& known = Known::Get()[*component.symbol.atom];
  const Prefix* prefix = component.symbol.prefix;
  if (prefix == nullptr) return Join(known, sign * component.exponent, out);
  Meaning part = known;
  if (part.function != nullptr) {
    part.before = std::make_shared<const Rational>(prefix->value);
  } else {
    part.factor = part.factor * prefix->value;
    if (!part.factor.valid()) return TooLarge();
  }
  return Join(part, sign * component.exponent, out);
}

}  // namespace

bool Meaning::dimensionless() const {
  return function == nullptr && arbitrary.empty() &&
         std::all_of(base.begin(), base.end(), [](int exponent) { return exponent == 0; });
}

Result<Meaning> MeaningOf(const Term& term) {
  Meaning out;
  for (const Component& component : term.components) {
    const int sign = component.divides ? -1 : 1;
    switch (component.kind) {
      case Component::Kind::kSymbol:
        TRY(JoinSymbol(component, sign, &out));
        break;
      case Component::Kind::kNumber: {
        Meaning number;
        number.factor = Rational(static_cast<int64_t>(component.number));
        TRY(Join(number, sign, &out));
        break;
      }
      case Component::Kind::kGroup: {
        const Meaning group = TRY(MeaningOf(component.group));
        TRY(Join(group, sign, &out));
        break;
      }
      case Component::Kind::kAnnotation:
        break;
    }
  }
  return out;
}

std::string CanonicalCode(const Meaning& meaning) {
  std::vector<std::pair<std::string_view, int>> parts;
  const std::vector<Atom>& atoms = Table::Get().atoms();
  for (size_t i = 0; i < kBaseCount; ++i) {
    if (meaning.base[i] != 0) parts.emplace_back(atoms[i].code, meaning.base[i]);
  }
  for (const auto& [atom, exponent] : meaning.arbitrary) parts.emplace_back(atoms[atom].code, exponent);
  std::sort(parts.begin(), parts.end());
  std::string code;
  for (const auto& [symbol, exponent] : parts) {
    if (!code.empty()) code += '.';
    code += symbol;
    if (exponent != 1) code += std::to_string(exponent);
  }
  return code.empty() ? "1" : code;
}

}  // namespace tk::ucum
