// Quantities of different units, brought together by UCUM (kernel/ucum). Internal to FHIRPath.
// Source: FHIRPath N1 2.0.0 sections 2.1.10 (quantities, calendar durations), 6.1, 6.2, 6.6.
// Units:  a quantity's unit is a calendar word in the singular (year … millisecond) or any text; where that text is a UCUM code, it converts.
//         A week, day, hour, minute, second and millisecond are those of UCUM. A calendar year and month convert into calendar durations
//         only (12 months or 365 days, 30 days), and calendar durations not into the years and months of UCUM. A text that is no UCUM code compares with the same text and with nothing else.
#pragma once

#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {

/// Which of two units the values are brought into: that of more and smaller steps, or of fewer and larger ones.
enum class Grain : uint8_t { kFiner, kCoarser };

/// Both values in the unit of one of them; nullopt if the units do not convert, or a number gets too large. Numbers have the unit '1'.
/// Values that do not end are rounded to 28 digits: to compare, ask OrderOfQuantities.
std::optional<SameUnit> InSameUnit(const Scalar& a, const Scalar& b, Grain grain);

/// <0, 0, >0, exact; nullopt if the units do not convert.
std::optional<int> OrderOfQuantities(const Scalar& a, const Scalar& b);

/// The value in another unit, for toQuantity(unit); nullopt if it does not convert.
std::optional<Decimal> InUnit(const Scalar& value, std::string_view unit);

/// The unit of a product or a quotient; nullopt if the units do not multiply (special ones like Cel, and those that UCUM does not know).
std::optional<std::string> JoinedUnit(const Scalar& a, const Scalar& b, bool divide);

/// Equal quantities and numbers have equal digests, whatever their units.
uint64_t DigestOfQuantity(const Scalar& value);

}  // namespace tk::fhir::path
