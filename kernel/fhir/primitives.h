// The form of primitive values: hand-written checks that accept exactly what the official patterns accept, and days that exist.
// Source: FHIR R4 datatypes.html#primitive; patterns of the primitive StructureDefinitions.
#pragma once

#include <string_view>

#include "kernel/fhir/definitions.h"

namespace tk::fhir {

/// Is `text` (a string's characters, or a number's digits) a value of `type`? Not for kXhtml. Cost: one pass; kOther runs
/// the type's pattern, compiled once.
bool IsPrimitiveText(const TypeInfo& type, std::string_view text);

/// What the form should be, for messages: "a date: YYYY, YYYY-MM or YYYY-MM-DD".
std::string_view ExpectedForm(Primitive primitive);

inline constexpr size_t kStringBytesMax = 1024 * 1024;  // FHIR R4 datatypes.html#string: 1 MB

}  // namespace tk::fhir
