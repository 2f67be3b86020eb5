// Refusals as OperationOutcome: what is wrong, where, how to mend; never a value of a person.
// Source: FHIR R4 operationoutcome.html, http.html#Status-Codes.
#pragma once

#include "kernel/interaction/interaction.h"

namespace tk::interaction {

/// A refusal whose status has no ErrorCode of its own (405, 406, 415, 304 …).
Response Refusal(int status, std::string_view issue_type, std::string text, std::string path = {});
/// "All is well" as an OperationOutcome.
std::string InformationJson(std::string_view text);
/// Puts `prefix` before every path of the error: "Patient.name" under "Bundle.entry[3].resource" becomes
/// "Bundle.entry[3].resource.name". An issue without a path gets the prefix itself.
void PrefixPaths(std::string_view prefix, Error* error);

}  // namespace tk::interaction
