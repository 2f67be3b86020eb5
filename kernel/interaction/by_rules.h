// Types that rules alone write: nobody makes, changes or ends such a record by a request or an import, whatever his post may. What rules, forms, transitions, time limits
// and schedules make is of them.
// Form:   the StructureDefinition of the type has {"url": kWrittenByExtension, "valueCode": "rules"}; a pack's type file says "by": "rules".
// Source: docs/decisions/0050-no-colour-without-evidence.md.
#pragma once

#include <string_view>

#include "kernel/base/result.h"
#include "kernel/fhir/definitions.h"

namespace tk::interaction {

inline constexpr std::string_view kWrittenByExtension =
    "http://tongkang.dev/fhir/StructureDefinition/written-by";

/// Errors: kForbidden for such a type. Cost: a look-up.
Status CheckNotOfRules(const fhir::Definitions& definitions, fhir::TypeId type);

}  // namespace tk::interaction
