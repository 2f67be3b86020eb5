// Comparison of values with those that profiles fix. Private to kernel/fhir.
// Source: FHIR R4 elementdefinition.html#fixed, #minValue, #pattern (an array of a pattern: each of its items matches one of the value's).
#pragma once

#include <optional>

#include "kernel/fhir/path/path.h"

namespace tk::fhir {

/// The same JSON but for the order of members and the writing of strings and numbers.
bool EqualsFixed(Value value, Value fixed);
/// Everything in the pattern is in the value.
bool MatchesPattern(Value value, Value pattern);
/// Order of two values of one type (numbers, dates, quantities): is `value` below / above `bound`? nullopt: they do not compare.
std::optional<int> CompareBound(const Definitions& definitions, const path::Item& value, Value bound,
                                TypeId bound_type);

/// The same of a date or time and a duration, which is taken from now (a least value) or added to it (a greatest one).
std::optional<int> CompareToNow(const Definitions& definitions, const path::Item& value, Value duration,
                                bool is_least, int64_t now_us);

}  // namespace tk::fhir
