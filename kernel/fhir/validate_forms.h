// What the specification asks of values beside types, cardinalities, codes and invariants: told by $validate, and no write is refused for it,
// because data that is in use everywhere breaks it and harms nobody.
// Flow:   ValidateFully → FormProblems
// - Coding.system is an absolute URI, and not that of a value set;
// - urn:uuid: is followed by a UUID in lower case;
// - Attachment.size is the size of its data;
// - a canonical names a resource of a permitted type, as far as it is an official one;
// - Bundle.entry.fullUrl is absolute and agrees with the resource's type and id; what a search found has an id;
// - SearchParameter and CapabilityStatement give official search parameters their type.
// Source: FHIR R4 datatypes.html#Coding, #uri, #Attachment, references.html#canonical, bundle.html#bundle-unique, searchparameter.html,
//         capabilitystatement.html.
#pragma once

#include "kernel/fhir/validate.h"

namespace tk::fhir {

/// Errors of `root`, at most `issues_max`. Cost: a walk over everything; at most a hundred levels.
std::vector<Issue> FormProblems(const Definitions& definitions, Value root, size_t issues_max);

}  // namespace tk::fhir
