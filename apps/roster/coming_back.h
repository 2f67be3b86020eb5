// The list of who may come back to work or school, since when and by which rule; and who not yet, and what is missing.
// GET return?organization=ID&unit=…&_count=&_offset=&format=xlsx   {"rows": [{"member", "patient", "name", "unit", "number", "state", "lastException", "from", "rule",
//      "missingDays", "missing"}]}: first who may. What a township notes of the follow-up is not an organization's to read.
// Rules: rules/clear.json and workflows/case.json; days and their source: settings.json.
#pragma once

#include "apps/roster/roster.h"

namespace tk::roster {

Result<interaction::Response> HandleReturn(const app::Context& context, const interaction::Request& request);

}  // namespace tk::roster
