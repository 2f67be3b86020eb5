// Validation against the definitions: types, cardinality, choice, patterns, required codes, reference types, invariants; unknown content
// is refused.
// Source: FHIR R4 json.html, datatypes.html, references.html, conformance-rules.html#constraints.
#pragma once

#include <vector>

#include "kernel/fhir/definitions.h"

namespace tk::fhir {

inline constexpr size_t kIssuesTold = 100;

struct ValidateOptions {
  TypeId expected = kNoType;        // the type that the URL names; kNoType = whatever resourceType says
  size_t issues_max = kIssuesTold;  // so many errors are found at most, and as many others
  bool warnings = false;            // also invariants of severity warning (best practice, such as dom-6)
};

/// All findings of `root` (a resource) against the definitions, errors first met first; empty = valid
/// (with `warnings`: none of severity error or fatal).
/// Paths are FHIRPath-like with indices: "Patient.name[0].given[1]". Texts name no values of personal elements.
/// Cost: about 2 µs per KB and invariants 0.1 to 1 µs each (docs/performance.md). Thread-safe.
std::vector<Issue> Validate(const Definitions& definitions, Value root, const ValidateOptions& options = {});
/// What a refusal for these issues is: kTooLarge where every error of them is that something is too large to check, else kInvalid.
ErrorCode RefusedFor(const std::vector<Issue>& issues);
/// The same as an Error (RefusedFor, all issues) or nothing, where no issue is an error.
Status CheckValid(const Definitions& definitions, Value root, const ValidateOptions& options = {});
/// Cuts what checks found to `issues_max`, where what is said beside goes before what is wrong, and says so in one issue more. `has_more`: there
/// are more than were gathered. Whoever gathers looks for one more than that.
void TellAtMost(size_t issues_max, bool has_more, std::vector<Issue>* issues);

}  // namespace tk::fhir
