#include "kernel/search/values.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "kernel/base/error.h"
#include "kernel/ucum/ucum.h"

namespace tk::search {
namespace {

bool IsFolded(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

void AppendBlank(std::string* out, size_t from) {
  if (out->size() > from && out->back() != ' ') *out += ' ';
}

/// What punctuation becomes.
enum class Punctuation : uint8_t { kBlank, kNothing };

/// One code point with its compatibility decomposition, marks left out. Was there punctuation in it?
bool FoldPoint(utf8proc_int32_t point, Punctuation punctuation, std::string* out, size_t from) {
  const utf8proc_category_t whole = utf8proc_category(point);
  const bool is_space = whole >= UTF8PROC_CATEGORY_ZS && whole <= UTF8PROC_CATEGORY_ZP;
  bool punctuated = false;
  utf8proc_int32_t parts[32];
  int boundary = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      point, parts, 32,
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD), &boundary);
  for (utf8proc_ssize_t i = 0; i < count && i < 32; ++i) {
    const utf8proc_category_t category = utf8proc_category(parts[i]);
    if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
        category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF)
      continue;
    const bool word = (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) ||
                      category == UTF8PROC_CATEGORY_MC ||
                      (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO);
    if (!word) {
      punctuated = punctuated || !is_space;
      if (is_space || punctuation == Punctuation::kBlank) AppendBlank(out, from);
      continue;
    }
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t size = utf8proc_encode_char(parts[i], bytes);
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  return punctuated;
}

/// A decimal as it is written: without '+', with the places of its first digit that is not zero and of its last one.
struct DecimalForm {
  std::string_view text, mantissa;          // whole; without the exponent
  int64_t exponent = 0;                     // what is larger than kExponentMax counts as that
  int64_t first_place = 0, last_place = 0;  // 120 and 1.2e2: 2 and 0, 2 and 1
  bool zero = true, one_digit = false;

  static constexpr int64_t kExponentMax = 1'000'000'000;
  ucum::Rational Value() const;
  /// Half of what the last digit stands for. Of one digit with an exponent a tenth of that: 1e2 is [95, 105), as the table in FHIR R4
  /// search.html 3.1.1.4.6 has it.
  ucum::Rational Half() const {
    const int finer = one_digit && exponent != 0 ? 1 : 0;
    return ucum::Rational::FromDigits(5, 1) * PowerOfTen(last_place - finer);
  }

 private:
  /// Far outside of what a double holds one power is as good as another, and exact numbers end at 9,999.
  static constexpr int64_t kPlaceMax = 5'000;
  static ucum::Rational PowerOfTen(int64_t place) {
    return ucum::Rational::PowerOfTen(static_cast<int>(std::clamp(place, -kPlaceMax, kPlaceMax)));
  }
};

/// Its first digits are enough: a double has 17.
ucum::Rational DecimalForm::Value() const {
  constexpr size_t kDigitsMax = 60;
  if (zero) return ucum::Rational();
  if (mantissa.size() <= kDigitsMax && exponent == 0) return ucum::Rational::Parse(mantissa);
  std::string digits = text[0] == '-' ? "-" : "";
  int64_t last = first_place + 1;  // place of the last one taken
  for (const char c : mantissa) {
    const bool leads = last > first_place && c == '0';
    if (c < '0' || c > '9' || leads) continue;
    digits += c;
    if (--last == first_place + 1 - static_cast<int64_t>(kDigitsMax)) break;
  }
  const int64_t moved = std::clamp(first_place, -kPlaceMax, kPlaceMax) - first_place;
  return ucum::Rational::Parse(digits) * PowerOfTen(last + moved);
}

std::optional<DecimalForm> FormOf(std::string_view text) {
  DecimalForm form;
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  form.text = text;
  size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
  size_t first = std::string_view::npos;  // the first digit that is not zero
  const auto take_digits = [&] {
    const size_t from = i;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      if (text[i] != '0' && first == std::string_view::npos) first = i;
    }
    return i > from;
  };
  if (!take_digits()) return std::nullopt;
  const size_t point = i;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!take_digits()) return std::nullopt;
  }
  form.mantissa = text.substr(0, i);
  form.one_digit = i == (text[0] == '-' ? 2u : 1u);
  const auto place = [point](size_t at) {
    return static_cast<int64_t>(point) - static_cast<int64_t>(at) - (at < point ? 1 : 0);
  };
  const int64_t last = place(i - 1);
  if (i < text.size() && (text[i] | 0x20) == 'e') {
    size_t from = i + 1;
    if (from + 1 < text.size() && text[from] == '+' && text[from + 1] != '-') ++from;
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + text.size(), form.exponent);
    const bool minus = from < text.size() && text[from] == '-';
    if (error == std::errc::result_out_of_range)
      form.exponent = minus ? -form.kExponentMax : form.kExponentMax;
    if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
    form.exponent = std::clamp(form.exponent, -form.kExponentMax, form.kExponentMax);
    i = text.size();
  }
  if (i != text.size()) return std::nullopt;
  form.zero = first == std::string_view::npos;
  form.first_place = form.zero ? 0 : place(first) + form.exponent;
  form.last_place = last + form.exponent;
  return form;
}

/// The end of the index's numbers: what is larger counts as the largest, what is smaller and not zero as the smallest.
double Outermost(bool negative, bool large) {
  const double end = large ? std::numeric_limits<double>::max() : std::numeric_limits<double>::denorm_min();
  return negative ? -end : end;
}

/// `text` is a decimal and nothing else. nullopt where no double is near to it.
std::optional<double> NearestDouble(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || std::isinf(number)) return std::nullopt;
  return number;
}

/// The double nearest to it, within the range of the index's numbers. nullopt if it is none.
std::optional<double> ToDouble(const ucum::Rational& value) {
  if (!value.valid()) return std::nullopt;
  if (value.zero()) return 0;
  constexpr int kDigits =
      60;  // all of a decimal's; of a third enough that its double is the nearest but for one in 10^40
  const auto number = NearestDouble(value.ToText(kDigits));
  if (number && *number != 0) return number;
  const ucum::Rational size = value.negative() ? value.Negated() : value;
  return Outermost(value.negative(), ucum::Compare(size, ucum::Rational(1)) > 0);
}

ucum::Rational Tenth(const ucum::Rational& value) {
  const ucum::Rational tenth = value * ucum::Rational::PowerOfTen(-1);
  return tenth.negative() ? tenth.Negated() : tenth;
}

/// A unit as this thread met it last.
struct KnownUnit {
  std::string code, canonical;
  std::optional<ucum::Unit> unit;  // none: not one to convert by
  std::optional<int> power;        // of ten, when that is all there is between it and the canonical unit

  std::optional<double> Convert(const ucum::Rational& value) const {
    const auto there = ucum::Canonical({value, *unit});
    const auto number = there.ok() ? ToDouble(there->value) : std::nullopt;
    return number || !unit->special() ? number : ConvertAlone(value);
  }
  /// Of a temperature of a magnitude that makes no exact number with the degrees between the two zeros: either it does not count, or they do not.
  std::optional<double> ConvertAlone(const ucum::Rational& value) const {
    const auto zero = ucum::Canonical({ucum::Rational(), *unit}),
               one = ucum::Canonical({ucum::Rational(1), *unit});
    const auto size = ToDouble(value);
    if (!zero.ok() || !one.ok() || !size) return std::nullopt;
    return ToDouble(std::abs(*size) < 1 ? zero->value : value * (one->value - zero->value));
  }
};

const KnownUnit& Known(std::string_view code) {
  // Each place has two units: of the few dozen of a city some two always share one, and would take turns in it.
  constexpr size_t kPlaces = 64;
  thread_local std::array<std::array<KnownUnit, 2>, kPlaces> places;
  auto& place = places[std::hash<std::string_view>()(code) % kPlaces];
  if (place[0].code == code && !code.empty()) return place[0];
  if (place[1].code == code && !code.empty()) return place[1];
  std::swap(place[0], place[1]);
  KnownUnit& slot = place[0];
  slot = KnownUnit{std::string(code), {}, {}, {}};
  auto unit = ucum::Unit::Parse(code);
  // Of the special scales those of temperature are straight.
  if (code.empty() || !unit.ok() || !unit->why_not().empty() ||
      (unit->special() && unit->canonical_code() != "K"))
    return slot;
  slot.canonical = unit->canonical_code();
  if (!unit->special()) {
    const auto one = ucum::Canonical({ucum::Rational(1), *unit});
    for (int power = -30; one.ok() && power <= 30 && !slot.power; ++power) {
      if (one->value == ucum::Rational::PowerOfTen(power)) slot.power = power;
    }
  }
  slot.unit = std::move(*unit);
  return slot;
}

}  // namespace

namespace {
/// Was there punctuation in it?
bool FoldWith(std::string_view text, Punctuation punctuation, std::string* out) {
  const size_t from = out->size();
  bool punctuated = false;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      ++i;
      const auto lower = static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
      if (IsFolded(lower) || c == '+' || c == '$' || c == '<' || c == '=' || c == '>' || c == '|' ||
          c == '~' || c == '^' || c == '`') {
        *out += static_cast<char>(lower);
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        AppendBlank(out, from);
      } else if (c > 0x20) {
        punctuated = true;
        if (punctuation == Punctuation::kBlank) AppendBlank(out, from);
      }
      continue;
    }
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                                                   static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    if (used <= 0) {
      ++i;
      continue;
    }
    punctuated = FoldPoint(point, punctuation, out, from) || punctuated;
    i += static_cast<size_t>(used);
  }
  if (out->size() > from && out->back() == ' ') out->pop_back();
  return punctuated;
}
}  // namespace

void FoldText(std::string_view text, std::string* out) { FoldWith(text, Punctuation::kBlank, out); }

void TextForms::Read(std::string_view text) {
  folded.clear();
  joined.clear();
  if (!FoldWith(text, Punctuation::kBlank, &folded)) return;
  FoldWith(text, Punctuation::kNothing, &joined);
  if (joined == folded) joined.clear();
}

namespace {
/// With more digits than a double holds, and at the ends of what it holds, the interval is the one double.
NumberRange WithItself(double low, double high, double exact) {
  const double above = std::nextafter(exact, std::numeric_limits<double>::infinity());
  return {low, std::max(high, above), exact};
}

double NearestTo(const DecimalForm& form) {
  if (form.zero) return 0;
  constexpr int64_t kPlaceMax =
      400;  // beyond, no double is near, and the exponent may be no number that is understood
  if (std::abs(form.first_place) < kPlaceMax) {
    const auto number = NearestDouble(form.text);
    if (number && *number != 0) return *number;
  }
  return Outermost(form.text[0] == '-', form.first_place > 0);
}
}  // namespace

std::optional<NumberRange> DecimalRange(std::string_view text) {
  const auto form = FormOf(text);
  if (!form) return std::nullopt;
  const ucum::Rational value = form->Value(), half = form->Half();
  const auto low = ToDouble(value - half), high = ToDouble(value + half);
  const double exact = NearestTo(*form);
  // Digits over more places than an exact number has: the last ones are lost in its double.
  return WithItself(low.value_or(exact), high.value_or(exact), exact);
}

std::optional<double> DecimalValue(std::string_view text) {
  const auto form = FormOf(text);
  if (!form) return std::nullopt;
  return NearestTo(*form);
}

NumberRange ApproximateRange(std::string_view text) {
  const auto form = FormOf(text);
  CHECK(form.has_value());
  const ucum::Rational value = form->Value(), tenth = Tenth(value);
  const double exact = NearestTo(*form);
  return {ToDouble(value - tenth).value_or(exact), ToDouble(value + tenth).value_or(exact), exact};
}

std::optional<CanonicalNumber> CanonicalRange(std::string_view number, std::string_view unit_code,
                                              bool approximate) {
  const auto form = FormOf(number);
  const KnownUnit& known = Known(unit_code);
  if (!form || !known.unit) return std::nullopt;
  const ucum::Rational value = form->Value(), around = approximate ? Tenth(value) : form->Half();
  const auto exact = known.Convert(value);
  if (!exact) return std::nullopt;
  const double low = known.Convert(value - around).value_or(*exact),
               high = known.Convert(value + around).value_or(*exact);
  return CanonicalNumber{known.canonical,
                         approximate ? NumberRange{low, high, *exact} : WithItself(low, high, *exact)};
}

std::optional<CanonicalNumber> CanonicalValue(std::string_view number, std::string_view unit_code) {
  const auto form = FormOf(number);
  const KnownUnit& known = Known(unit_code);
  if (!form || !known.unit) return std::nullopt;
  std::optional<double> exact;
  if (known.power && form->exponent == 0) {
    // Text and power of ten make a decimal of their own: rounded once, as the longer way does.
    char buffer[96];
    const auto end = fmt::format_to_n(buffer, sizeof buffer, "{}e{}", form->mantissa, *known.power);
    if (end.size < sizeof buffer) exact = NearestDouble({buffer, end.size});
  }
  if (!exact) exact = known.Convert(form->Value());
  if (!exact) return std::nullopt;
  return CanonicalNumber{known.canonical, {*exact, *exact, *exact}};
}

std::string_view WithoutVersion(std::string_view reference) {
  const size_t history = reference.find("/_history/");
  if (history != std::string_view::npos) return reference.substr(0, history);
  const size_t bar = reference.find('|');
  return bar == std::string_view::npos ? reference : reference.substr(0, bar);
}

bool IsId(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text) {
    const bool fit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
    if (!fit) return false;
  }
  return true;
}

bool IsLocalReference(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || !IsId(text.substr(slash + 1))) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(slash),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

std::optional<Address> AddressOf(const fhir::Definitions& definitions, std::string_view url) {
  const size_t scheme = url.find("://"), id = url.substr(0, url.find('|')).rfind('/');
  if (scheme == std::string_view::npos || id <= scheme + 3 || id == std::string_view::npos)
    return std::nullopt;
  const size_t type = url.rfind('/', id - 1);
  if (type <= scheme + 2 || !IsId(url.substr(id + 1, url.find('|') - id - 1)) ||
      !definitions.IsResource(definitions.FindType(url.substr(type + 1, id - type - 1))))
    return std::nullopt;
  return Address{url.substr(0, type), url.substr(type + 1)};
}

ReferenceType TypeOfReference(const fhir::Definitions& definitions, std::string_view target) {
  if (target.find("://") != std::string_view::npos || target.starts_with("urn:")) {
    const auto address = AddressOf(definitions, target);
    if (!address) return {fhir::kNoType, true};
    target = address->name;
  }
  const size_t slash = target.find('/');
  if (slash == std::string_view::npos) return {};
  return {definitions.FindType(target.substr(0, slash)), false};
}

uint64_t OrderOf(double number) {
  if (number == 0) number = 0;  // -0 and 0 are one value
  const auto bits = std::bit_cast<uint64_t>(number);
  return (bits >> 63) != 0 ? ~bits : bits | uint64_t{1} << 63;
}

double DoubleOf(uint64_t order) {
  return std::bit_cast<double>((order >> 63) != 0 ? order & ~(uint64_t{1} << 63) : ~order);
}

uint64_t WordOf(std::string_view text, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8; ++i)
    word = word << 8 | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u);
  return word;
}

bool IsExtracted(const fhir::SearchParameter& parameter) {
  using fhir::SearchType;
  if (parameter.expression.empty() || parameter.type == SearchType::kComposite) return false;
  return parameter.type != SearchType::kSpecial || parameter.code == "near";
}

bool IsOffered(const fhir::SearchParameter& parameter) {
  if (parameter.type == fhir::SearchType::kComposite)
    return !parameter.expression.empty() && !parameter.components.empty();
  return IsExtracted(parameter);
}

bool IsSortable(const fhir::SearchParameter& parameter) {
  return IsExtracted(parameter) && parameter.type != fhir::SearchType::kSpecial;
}

}  // namespace tk::search
