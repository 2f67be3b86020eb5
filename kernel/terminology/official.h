// The value sets and code systems of FHIR R4, reduced to their codes, what these are called, what places them and the compose: found as if they were stored.
// Flow:   npm hl7.fhir.r4.examples → tools/official_codes.py at build time → bytes in the program → Official()
// Cost:   a resource is parsed when it is first asked for and kept; all of them come to some 40 MB.
#pragma once

#include "kernel/fhir/canonicals.h"

namespace tk::terminology {

/// Thread-safe; lives as long as the program.
const fhir::Canonicals& Official();

}  // namespace tk::terminology
