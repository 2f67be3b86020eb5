// toX() and convertsToX().
// Source: FHIRPath N1 2.0.0 section 5.5.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kernel/fhir/path/evaluate.h"
#include "kernel/fhir/path/units.h"

namespace tk::fhir::path {
namespace {

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::optional<Item> ConvertToBoolean(const Scalar& value) {
  switch (value.kind) {
    case SystemKind::kBoolean:
      return BooleanItem(value.boolean);
    case SystemKind::kInteger:
    case SystemKind::kLong:
    case SystemKind::kDecimal:
      if (Compare(value.decimal, Decimal::FromInt(1)) == 0) return BooleanItem(true);
      if (value.decimal.IsZero()) return BooleanItem(false);
      return std::nullopt;
    case SystemKind::kString: {
      const std::string text = LowerAscii(value.text);
      for (std::string_view word : {"true", "t", "yes", "y", "1", "1.0"})
        if (text == word) return BooleanItem(true);
      for (std::string_view word : {"false", "f", "no", "n", "0", "0.0"})
        if (text == word) return BooleanItem(false);
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Item> ConvertToWhole(const Scalar& value, bool is_long) {
  std::optional<int64_t> whole;
  if (value.IsWhole()) {
    whole = value.integer;
  } else if (value.kind == SystemKind::kBoolean) {
    whole = value.boolean ? 1 : 0;
  } else if (value.kind == SystemKind::kString) {
    std::string_view digits = value.text;
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    int64_t parsed = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    const bool sign_twice = value.text.size() > 1 && value.text[0] == '+' && digits[0] == '-';
    if (error == std::errc() && end == digits.data() + digits.size() && !digits.empty() && !sign_twice)
      whole = parsed;
  }
  if (!whole) return std::nullopt;
  if (is_long) return LongItem(*whole);
  if (*whole < INT32_MIN || *whole > INT32_MAX) return std::nullopt;
  return IntegerItem(*whole);
}

std::optional<Item> ConvertToDecimal(const Scalar& value) {
  if (value.IsNumber()) return DecimalItem(value.decimal);
  if (value.kind == SystemKind::kBoolean) return DecimalItem(Decimal{value.boolean ? 10 : 0, 1});
  if (value.kind != SystemKind::kString || value.text.find_first_of("eE") != std::string::npos)
    return std::nullopt;
  const std::optional<Decimal> parsed = Decimal::Parse(value.text);
  return parsed ? std::optional(DecimalItem(*parsed)) : std::nullopt;
}

std::optional<Item> ConvertToTemporal(const Scalar& value, TemporalKind kind) {
  std::optional<Temporal> t;
  if (value.kind == SystemKind::kString) {
    t = Temporal::Parse(value.text, kind);
  } else if (value.IsTemporal() && (value.kind == SystemKind::kTime) == (kind == TemporalKind::kTime)) {
    t = value.temporal;
  }
  if (!t) return std::nullopt;
  t->kind = kind;
  if (kind == TemporalKind::kDate) {
    t->precision = std::min(t->precision, Precision::kDay);
    t->zone_min.reset();
  }
  return TemporalValueItem(*t);
}

/// "4.5 'mg'", "4.5 mg"? no: a unit stands in quotes, or is a calendar word; or there is none.
std::optional<Item> ParseQuantity(std::string_view text) {
  const size_t digits = text.find_first_not_of("+-0123456789.");
  const std::optional<Decimal> number = Decimal::Parse(text.substr(0, digits));
  if (!number) return std::nullopt;
  if (digits == std::string_view::npos) return QuantityItem(*number, "1");
  std::string_view unit = text.substr(digits);
  const size_t first = unit.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  unit.remove_prefix(first);
  if (unit.front() == '\'') {
    if (unit.size() < 3 || unit.back() != '\'') return std::nullopt;
    return QuantityItem(*number, std::string(unit.substr(1, unit.size() - 2)));
  }
  constexpr std::array<std::string_view, 8> kWords = {"year", "month",  "week",   "day",
                                                      "hour", "minute", "second", "millisecond"};
  for (std::string_view word : kWords) {
    if (unit == word ||
        (unit.size() == word.size() + 1 && unit.back() == 's' && unit.substr(0, word.size()) == word)) {
      return QuantityItem(*number, std::string(word));
    }
  }
  return std::nullopt;
}

std::optional<Item> ConvertToQuantity(const Scalar& value) {
  if (value.kind == SystemKind::kLong) return std::nullopt;  // the specification knows no such conversion
  if (value.IsNumber()) return QuantityItem(value.decimal, "1");
  if (value.kind == SystemKind::kQuantity) return QuantityItem(value.decimal, value.text);
  if (value.kind == SystemKind::kBoolean) return QuantityItem(Decimal{value.boolean ? 10 : 0, 1}, "1");
  if (value.kind == SystemKind::kString) return ParseQuantity(value.text);
  return std::nullopt;
}

std::optional<Item> ConvertToString(const Scalar& value) {
  switch (value.kind) {
    case SystemKind::kNone:
      return std::nullopt;
    case SystemKind::kBoolean:
      return StringItem(value.boolean ? "true" : "false");
    case SystemKind::kInteger:
    case SystemKind::kLong:
    case SystemKind::kDecimal:
      return StringItem(value.decimal.ToString());
    case SystemKind::kString:
      return StringItem(value.text);
    case SystemKind::kDate:
    case SystemKind::kDateTime:
    case SystemKind::kTime:
      return StringItem(value.temporal.ToString());
    case SystemKind::kQuantity: {
      constexpr std::array<std::string_view, 8> kWords = {"year", "month",  "week",   "day",
                                                          "hour", "minute", "second", "millisecond"};
      const bool word = std::find(kWords.begin(), kWords.end(), value.text) != kWords.end();
      const bool one = Compare(value.decimal, Decimal::FromInt(1)) == 0;
      return StringItem(word ? fmt::format("{} {}{}", value.decimal.ToString(), value.text, one ? "" : "s")
                             : fmt::format("{} '{}'", value.decimal.ToString(), value.text));
    }
  }
  return std::nullopt;
}

struct ConversionPair {
  Function to;
  Function converts;
  std::optional<Item> (*convert)(const Scalar&);
};
constexpr std::array<ConversionPair, 9> kConversions = {{
    {Function::kToBoolean, Function::kConvertsToBoolean, ConvertToBoolean},
    {Function::kToInteger, Function::kConvertsToInteger,
     [](const Scalar& v) { return ConvertToWhole(v, false); }},
    {Function::kToLong, Function::kConvertsToLong, [](const Scalar& v) { return ConvertToWhole(v, true); }},
    {Function::kToDecimal, Function::kConvertsToDecimal, ConvertToDecimal},
    {Function::kToDate, Function::kConvertsToDate,
     [](const Scalar& v) { return ConvertToTemporal(v, TemporalKind::kDate); }},
    {Function::kToDateTime, Function::kConvertsToDateTime,
     [](const Scalar& v) { return ConvertToTemporal(v, TemporalKind::kDateTime); }},
    {Function::kToTime, Function::kConvertsToTime,
     [](const Scalar& v) { return ConvertToTemporal(v, TemporalKind::kTime); }},
    {Function::kToQuantity, Function::kConvertsToQuantity, ConvertToQuantity},
    {Function::kToString, Function::kConvertsToString, ConvertToString},
}};

}  // namespace

Status Evaluator::CallConversion(const Call& call, bool* known) {
  for (const ConversionPair& pair : kConversions) {
    if (pair.to != call.op.function && pair.converts != call.op.function) continue;
    *known = true;
    const Scalar value = TRY(OneScalar(call.op, call.input));
    if (call.input.empty()) return {};
    std::optional<Item> converted = pair.convert(value);
    if (converted && !call.arguments.empty()) {  // toQuantity(unit)
      const std::optional<std::string> unit = TRY(OneText(call.op, call.arguments[0]));
      const Scalar own = ToScalar(types_, *converted);
      const std::string wanted = unit ? NormalUnit(*unit) : own.text;
      const std::optional<Decimal> number = InUnit(own, wanted);
      converted = number ? std::optional(QuantityItem(*number, wanted)) : std::nullopt;
    }
    if (pair.converts == call.op.function)
      call.out->push_back(BooleanItem(converted.has_value()));
    else if (converted)
      call.out->push_back(std::move(*converted));
    return {};
  }
  return {};
}

}  // namespace tk::fhir::path
