// Structural validation: types, cardinality, choice, patterns, required codes, reference types; unknown content is refused.
// Source: FHIR R4 json.html, datatypes.html, references.html.
#pragma once

#include <vector>

#include "kernel/fhir/definitions.h"

namespace tk::fhir {

struct ValidateOptions {
  TypeId expected = kNoType;  // the type that the URL names; kNoType = whatever resourceType says
  size_t issues_max = 100;
};

/// All findings of `root` (a resource) against the definitions, errors first met first; empty = valid.
/// Paths are FHIRPath-like with indices: "Patient.name[0].given[1]". Texts name no values of personal elements.
/// Cost: about 2 µs per KB. Thread-safe.
std::vector<Issue> Validate(const Definitions& definitions, Value root, const ValidateOptions& options = {});
/// The same as an Error (kInvalid, all issues) or nothing.
Status CheckValid(const Definitions& definitions, Value root, const ValidateOptions& options = {});

}  // namespace tk::fhir
