// POST name: the contacts of a case, of another contact, or of an event. Each is found or made as a person (exchange/reading_intake.h), and gets one Exposure
// from this source however often he is named; the rules of this pack begin his observation.
//   {"case": "TracingCase/1",  or "watch": "ContactWatch/1", or "event": "…",
//    "contacts": [{"name", "number" or "phone" and "birth", "gender", "area", "address",
//                  "kind": "close" | "secondary" | "casual", "first": "2026-11-20", "last", "place", "setting", "certainty", "frequency", "relation"}]}
// Rules:  a contact of a case is close or casual, of another contact secondary or casual; who last met a case before the day from which his contacts count is casual.
//         Named again: the period grows to hold both, a close contact stays one, and what is not said stays. One that was withdrawn is named anew.
// Errors: kInvalid (422) with every element that is wrong; then nothing is kept. kForbidden without the operation contacts-name; kNotFound for a source that the viewer
//         does not see.
// Limits: kContactsMax in a request; kFoundMax of a source.
// Answer: {"added", "changed", "unchanged", "contacts": [{"patient": "Patient/1", "exposure": "Exposure/1"}], "refused": [{"contact": 2, "text"}]}
#pragma once

#include "apps/contacts/tracing.h"

namespace tk::contacts {

inline constexpr size_t kContactsMax = 500;

Result<interaction::Response> HandleName(const app::Context& context, const interaction::Request& request);

}  // namespace tk::contacts
