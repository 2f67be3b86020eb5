// A clinician says that he has seen an alert: the alert's AlertReceipt gets who and when, by the transition "acknowledge" of its workflow
// (workflows/receipt.json), as the caller. Said again it changes nothing.
#pragma once

#include "kernel/app/app.h"

namespace tk::point_of_care {

inline constexpr size_t kCardsMax = 50;  // of one feedback

/// POST acknowledge {"alert": "Flag/alert-…", "comment": "…"} → the AlertReceipt.
/// Errors: kIncorrect without an alert; kNotFound: no such alert, or none that he sees; what the transition says otherwise.
void HandleAcknowledge(const app::Context& context, interaction::Request request, interaction::Done done);
/// POST cds-services/{id}/feedback {"feedback": [{"card": uuid, "outcome": "accepted" | "overridden", "overrideReason": {…}}]}: each card is acknowledged,
/// with the reason; 200 without a body when all are. Cards that are not ours are refused. Source: CDS Hooks 2.0, Feedback.
void HandleFeedback(const app::Context& context, interaction::Request request, interaction::Done done);

}  // namespace tk::point_of_care
