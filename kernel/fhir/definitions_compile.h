// The compiler of definitions: FHIR resources in, a blob out. The same code at build time (official definitions) and at
// start (platform types). Private to kernel/fhir and tools/definitions.
// Source: FHIR R4 structuredefinition.html, elementdefinition.html, searchparameter.html, valueset.html.
#pragma once

#include <string>
#include <vector>

#include "kernel/fhir/definitions_blob.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

/// `base` plus `resources` (StructureDefinition of derivation specialization, SearchParameter, ValueSet, CodeSystem,
/// CompartmentDefinition of Patient). A StructureDefinition without a snapshot inherits the elements of its base.
/// Without a base (the official definitions themselves) bindings to unknown value sets are left open; with one they are errors.
/// Errors: kInvalid with the resource's url and the element's path.
/// `mended`: expressions to put in the place of official ones that are wrong (invariants_mended.json), or nullptr.
Result<std::string> CompileDefinitions(const BlobView* base, const std::vector<const Document*>& resources,
                                       const Document* mended = nullptr);

/// A profile of a data type that the types of elements name (SimpleQuantity). Without a base, its invariants count for those elements.
bool IsTypeProfile(Value structure);

}  // namespace tk::fhir
