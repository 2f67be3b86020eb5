// The extension regex, of elements that profiles constrain and of the items of questionnaires: can its pattern be read?
// Source: FHIR R4 extension-regex; path/pattern.h for the language.
#pragma once

#include <string>

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

/// Why not; "" where it can, and of any other extension. Cost: compiles it, 20 µs to 0.1 s, which goes by `time`.
std::string RegexProblem(Value extension, CheckTime& time);

}  // namespace tk::fhir
