// Dates, date-times and times of any precision: parsing, comparison with "it cannot be known", calendar arithmetic, boundaries.
// Source: FHIRPath N1 2.0.0 sections 4.1.5-4.1.7, 6.1, 6.2 and 6.7; highBoundary/lowBoundary and precision of 2.1.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/fhir/path/decimal.h"

namespace tk::fhir::path {

enum class TemporalKind : uint8_t { kDate, kDateTime, kTime };
/// Finest stated field. Seconds and their fraction are one precision, as the specification compares them.
enum class Precision : uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond };

struct Temporal {
  TemporalKind kind = TemporalKind::kDate;
  Precision precision = Precision::kYear;
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int64_t fraction_us = 0;      // below one second
  int fraction_digits = 0;      // as written; 0 = none
  std::optional<int> zone_min;  // minutes east of UTC

  /// Text without '@' and, for times, with or without 'T'. Checks the calendar (no 30 February). nullopt if it is none.
  static std::optional<Temporal> Parse(std::string_view text, TemporalKind kind);
  /// FHIRPath text without '@' and, for times, without 'T'.
  std::string ToString() const;
};

enum class Order : int8_t { kLess = -1, kEqual = 0, kGreater = 1, kUnknown = 2 };
/// kUnknown when one side is less precise and all common fields agree, or when only one side states a zone and the unknown
/// zone (-12:00 … +14:00) could turn the answer. A date and a time are never compared: the caller refuses.
Order Compare(const Temporal& a, const Temporal& b);
/// Same precision and same instant; no unknowns.
bool Equivalent(const Temporal& a, const Temporal& b);

/// Adds `amount` (may be negative) of a calendar unit ("years" … "milliseconds", singular or plural) or of a UCUM unit of
/// definite length (s, min, h, d, wk, ms). Fractions of units above seconds are cut. A result less precise than the
/// unit counts in its own precision (2014 + 24 months = 2016). nullopt if the unit is none of these or the year leaves 1 … 9999.
std::optional<Temporal> AddDuration(const Temporal& t, const Decimal& amount, std::string_view unit);

/// First or last instant that `t` may mean, to `digits` of precision (4 year, 6 month, 8 day, 10 hour, 12 minute, 14 second,
/// 17 millisecond; times 2, 4, 6, 9). nullopt for other digits.
std::optional<Temporal> Boundary(const Temporal& t, bool high, int digits);
/// Digits of precision in the same counting.
int PrecisionDigits(const Temporal& t);

}  // namespace tk::fhir::path
