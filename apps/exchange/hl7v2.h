// Registrations (ADT^A01, A04, A08, A03) and results (ORU^R01) as HL7 v2 messages: POST hl7v2 with the message as it is, in the charset of its MSH-18; the answer is the ACK,
// with the alerts of this visit in it. The MLLP listener (http/mllp.h) sends what comes over TCP here as well, as the account of its sender.
// Flow:   bytes → hl7v2::Message → hl7v2::Map (data) → Patient and Encounter in one transaction, whose planner raises the alerts → the visit's Flags → ACK
//         results: Patient (if anything new is said of him), Specimen, Observation, DiagnosticReport in one transaction → ACK
// Who is who: ids are keyed hashes of account, assigning authority and number, so that a sender's next message is about the same Patient and Encounter, and no
//         sender writes into another's. That two senders' Patients are one person is the person index's business, as of all records.
// Once:   the same message from the same account is written once, also after a restart, and answered the same; what the visit has become since stays. A sender
//         whose numbering of messages began anew loses nothing: another message with an old MSH-10 is another message.
// Rights: the operation exchange-hl7v2, and of the account's post and area whatever a FHIR transaction of Patient and Encounter asks; alerts are shown to those who may
//         read Flags. A Patient who is new lies in the account's area.
// Answer: 200 with AA; 4xx or 5xx with AE or AR; without an ACK only who may not ask at all.
// Source: HL7 v2.5.1 chapters 2 and 3; docs/apps/exchange.md, docs/decisions/0049.
#pragma once

#include "kernel/app/app.h"

namespace tk::exchange_app {

inline constexpr std::string_view kHl7Type = "application/hl7-v2";

/// Takes the message in the request's body as the request's viewer, whose rights are asked by what it writes; keeps it (kept.h); the answer is the ACK.
interaction::Response TakeHl7(const app::Context& context, const interaction::Request& request);
/// POST hl7v2.
void HandleHl7(const app::Context& context, interaction::Request request, interaction::Done done);

}  // namespace tk::exchange_app
