// May this SearchParameter be stored as one that is searched by? Asked before it is written, so that nobody waits for a parameter that never comes.
// Source: FHIR R4 searchparameter.html.
#pragma once

#include "kernel/fhir/definitions.h"

namespace tk::search {

/// `others`: the definitions with all other stored parameters, without this one. `parameter` is valid as a resource. Errors: kInvalid with the element
/// that does not fit and why: a code that its types have already or that no query could name, a base that is no resource type, an expression that
/// is missing, does not compile or says nothing about a base, a kind that is not offered, a component that is no parameter of the type.
/// Cost: tens of ms.
Status CheckParameter(std::shared_ptr<const fhir::Definitions> others, const fhir::Document& parameter);

}  // namespace tk::search
