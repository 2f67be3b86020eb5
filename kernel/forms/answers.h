// The answers of a response by the names of their items, and the ones that the server gives.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/forms/form.h"

namespace tk::forms {

/// By linkId the values of all answers to that item; empty for what is not answered. They point into the response.
std::vector<std::pair<std::string, fhir::path::Collection>> AnswersOf(const fhir::Definitions& definitions,
                                                                      const Form& form, fhir::Value response);

/// What a form's expressions are asked with: the answers by their linkIds, and `names`, which outlives it.
fhir::path::Environment EnvironmentOf(const fhir::Definitions& definitions, const Form& form,
                                      fhir::Value response, const rules::HeadVariables& names,
                                      Instant now_us);

/// The response with what is calculated as the only answer to its item; without the item where nothing comes out. An item of a group stands in the first of
/// that group, which is made if it is not there. Errors: kInvalid where the expression cannot be evaluated, or comes to what the item does not take.
Result<fhir::Document> WithCalculated(const fhir::Definitions& definitions, const Form& form,
                                      const Calculated& calculated, fhir::Document response, Instant now_us);

}  // namespace tk::forms
