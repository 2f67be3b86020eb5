// Entries one by one or in batches, by those who measure and by residents themselves.
// POST entries   {"entries": [{"id": "…", "patient": "Patient/1" or "person": {"name", "number", "phone", "birth", "gender", "area", "address"},
//                "temperature": 36.6, "symptoms": ["cough"], "when": "2026-11-23T08:30:00+08:00"}]}     operation screening-entry
// POST self      {"id", "temperature", "symptoms", "when"}: the resident whose account it is            operation screening-self
// Answer: {"added", "changed", "unchanged", "entries": [{"id", "reading": "Observation/…"} or {"id", "element", "text"} of a refused one]}, in order.
// Twice:  `id` is the client's (a UUID): an entry that comes again, because its answer was lost, writes nothing; with other contents it corrects. So what waited
//         on a phone without network is sent until it is answered. Ids of one account are no other's.
// Rights: besides the operation, writing Observation for `entries`; a Patient who is named must be one whom the account sees. One who is told by number is found
//         in the whole city, and nothing is told of him (exchange/reading_intake.h). Numbers of an account that sees them masked are counted as searches by
//         them are (`exact_per_hour` of policies.toml): beyond, the request is refused whole (429), and there is an alarm.
// Limits: kEntriesMax of one request.
#pragma once

#include "apps/screening/entry.h"
#include "kernel/app/app.h"

namespace tk::screening {

inline constexpr size_t kEntriesMax = 500;

Result<interaction::Response> HandleEntries(const app::Context& context, const interaction::Request& request);
Result<interaction::Response> HandleSelf(const app::Context& context, const interaction::Request& request);

}  // namespace tk::screening
