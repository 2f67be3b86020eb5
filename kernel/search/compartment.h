// Of one patient: what refers to him in a way that puts it into his compartment, and himself.
// Source: FHIR R4 compartmentdefinition-patient.html, http.html#vsearch.
#pragma once

#include "kernel/search/nodes.h"

namespace tk::search {

/// Narrows the query, of any type, to the compartment of Patient/`patient_id`. Errors: kNotFound when no reference of the type leads into it.
Status NarrowToCompartment(const fhir::Definitions& definitions, std::string_view patient_id, Query* query);
bool IsCompartment(const Criterion& criterion);
std::unique_ptr<Node> MakeCompartmentNode(const Ground& ground, const Criterion& criterion);

}  // namespace tk::search
