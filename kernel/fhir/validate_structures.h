// What a profile's definition asks of itself beside its invariants: told by $validate of a StructureDefinition that constrains a type.
// - the path of each element is one of the type's (as far as the type tells: what a resource within holds is not known), of at most 64 parts;
// - what it says of an element does not contradict its base (profile_contradictions.h);
// - a binding stands at what can be bound: code, Coding, CodeableConcept, Quantity, string, uri;
// - a value that the base has fixed is not fixed to another;
// - a discriminator is a path of the element that is sliced;
// - the elements stand in the order of the type; a profile of an element's type is one of that type; no profile says meaningWhenMissing;
// - the expression of an invariant of severity error can be read, and so can the pattern of the extension regex;
// - an extension's fixed url is its own, and its contexts are elements that there are.
// Source: FHIR R4 elementdefinition.html, profiling.html, structuredefinition.html#invs.
#pragma once

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/profile.h"

namespace tk::fhir {

/// Errors of `structure`, at most `issues_max`; none of any other resource. Ends when `time` is over. Cost: that of a look-up for each segment
/// of each path, and of compiling the base profile where that is known.
std::vector<Issue> StructureProblems(Profiles& profiles, Value structure, size_t issues_max, CheckTime& time);

/// Of these, what a write is refused for too, as the profile could not be applied or would refuse what it must permit: invariants of severity error
/// and patterns of the extension regex that cannot be read; paths that the type does not have, and contradictions to the base.
/// Cost: as above, and compiles each invariant.
std::vector<Issue> UnusableProblems(Profiles& profiles, Value structure, size_t issues_max, CheckTime& time);

}  // namespace tk::fhir
