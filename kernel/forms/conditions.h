// What the answers of a completed response must fulfil, in the form's own words.
// Form:   "conditions": [{"where": "%left.empty() or %left >= %arrived", "item": "left", "message": {"zh-CN": …, "en": …}}]: FHIRPath on the response, with the
//         answers by their linkIds, the constants and %now; where it is not true (also: empty) the response is refused, at `item` if one is named
#pragma once

#include "kernel/forms/form.h"

namespace tk::forms {

inline constexpr size_t kFormConditionsMax = 50;

/// Reads "conditions"; what is wrong is noted in the file, names that are no items too. The form's items have been read.
void ReadConditions(const fhir::Definitions& definitions, fhir::JsonFile* file, fhir::TypeId response,
                    Form* form);

/// Errors: kInvalid with an issue for each condition that does not hold, at the first item of its linkId.
Status CheckConditions(const fhir::Definitions& definitions, const Form& form, fhir::Value response,
                       Instant now_us);

}  // namespace tk::forms
