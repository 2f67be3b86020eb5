// CDS Hooks at the point of care: the alerts of a visit as cards, and a clinician's answer to a card as the acknowledgement of its alert.
// Base:   /app/point-of-care; so discovery is GET /app/point-of-care/cds-services.
// Rights: nothing of its own. What it reads and writes it asks the interactions for, as the caller: who may not read Flags gets no cards, who may not
//         change AlertReceipts acknowledges nothing.
// Source: HL7 CDS Hooks 2.0 (2022), Discovery, Calling a CDS Service, CDS Service Response, Feedback; hook library: encounter-start 1.0, patient-view 1.0.
#pragma once

#include <string>
#include <string_view>

#include "kernel/app/app.h"

namespace tk::point_of_care {

inline constexpr size_t kSummaryMax = 140;  // characters of a card's summary: "less than 140"

/// {"services": […]} of the discovery endpoint.
std::string ServicesJson();
/// {"cards": […]} of a search's Bundle of Flags, the gravest first.
std::string CardsJson(fhir::Value bundle);
/// A card's uuid is the number in the id of its alert, "alert-<32 hex digits>", and back; "" where it is none.
std::string UuidOfAlert(std::string_view flag_id);
std::string AlertOfUuid(std::string_view uuid);

/// A question to the interactions, as the caller of `request`, answered on this thread (reads).
interaction::Response AskAs(const app::Context& context, const interaction::Request& request,
                            std::vector<std::string> path, std::string query);

/// 405 with the methods that it may be.
interaction::Response OnlyBy(std::string_view allow);

/// GET and POST below cds-services.
void HandleHooks(const app::Context& context, interaction::Request request, interaction::Done done);

}  // namespace tk::point_of_care
