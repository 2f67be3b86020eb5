#include "kernel/fhir/profile_values.h"

#include <algorithm>
#include <map>

#include "kernel/fhir/path/scalar.h"

namespace tk::fhir {
namespace {

bool EqualScalars(Value value, Value other) {
  if (value.kind() != other.kind()) return false;
  if (value.is_string()) {
    std::string a, b;
    return value.String(a) == other.String(b);
  }
  if (value.kind() != Kind::kNumber || value.Number() == other.Number()) return true;
  const auto a = path::Decimal::Parse(value.Number());
  const auto b = path::Decimal::Parse(other.Number());
  return a && b && path::Compare(*a, *b) == 0;
}

/// `text`: what the value is compared with, an expression.
std::optional<int> Order(const Definitions& definitions, const path::Environment& environment,
                         const path::Item& value, const std::string& text) {
  const auto holds = [&](const char* operation) {
    const auto expression = path::Expression::Compile(operation + text, definitions, value.type);
    if (!expression.ok()) return false;
    const auto answer = expression->Test(environment, value);
    return answer.ok() && *answer;
  };
  if (holds("$this < ")) return -1;
  if (holds("$this > ")) return 1;
  if (holds("$this = ")) return 0;
  return std::nullopt;
}

}  // namespace

bool EqualsFixed(Value value, Value fixed) {
  if (fixed.is_object()) {
    if (!value.is_object() || value.size() != fixed.size()) return false;
    return std::all_of(fixed.begin(), fixed.end(),
                       [&](Value member) { return EqualsFixed(value[member.name_text()], member); });
  }
  if (fixed.is_array()) {
    if (!value.is_array() || value.size() != fixed.size()) return false;
    for (size_t i = 0; i < fixed.size(); ++i) {
      if (!EqualsFixed(value.At(i), fixed.At(i))) return false;
    }
    return true;
  }
  return value.present() && EqualScalars(value, fixed);
}

bool MatchesPattern(Value value, Value pattern) {
  if (pattern.is_object()) {
    return value.is_object() && std::all_of(pattern.begin(), pattern.end(), [&](Value member) {
             return MatchesPattern(value[member.name_text()], member);
           });
  }
  if (pattern.is_array()) {
    return value.is_array() && std::all_of(pattern.begin(), pattern.end(), [&](Value wanted) {
             return std::any_of(value.begin(), value.end(),
                                [&](Value item) { return MatchesPattern(item, wanted); });
           });
  }
  return value.present() && EqualScalars(value, pattern);
}

std::optional<int> CompareBound(const Definitions& definitions, const path::Item& value, Value bound,
                                TypeId bound_type) {
  // The language's own comparison, so that units and precisions mean the same here.
  path::Environment environment;
  environment.definitions = &definitions;
  environment.variables.emplace_back("bound", path::Collection{path::Item{bound, Value(), bound_type, {}}});
  return Order(definitions, environment, value, "%bound");
}

std::optional<int> CompareToNow(const Definitions& definitions, const path::Item& value, Value duration,
                                bool is_least, int64_t now_us) {
  // UCUM's units of time as words of the language, which knows calendars.
  static const std::map<std::string, const char*, std::less<>> kUnits = {
      {"a", "years"}, {"mo", "months"},   {"wk", "weeks"}, {"d", "days"},
      {"h", "hours"}, {"min", "minutes"}, {"s", "seconds"}};
  const auto unit = kUnits.find(duration["code"].ToString());
  const std::string_view number = duration["value"].Number();
  if (unit == kUnits.end() || number.empty() ||
      number.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  path::Environment environment;
  environment.definitions = &definitions;
  environment.now_us = now_us;
  const bool is_date = definitions.Type(value.type).name == "date";
  const std::string limit = std::string("(") + (is_date ? "today()" : "now()") + (is_least ? " - " : " + ") +
                            std::string(number) + " " + unit->second + ")";
  return Order(definitions, environment, value, limit);
}

}  // namespace tk::fhir
