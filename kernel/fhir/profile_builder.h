// From the element definitions of a StructureDefinition to a Profile's tree. Private to kernel/fhir.
#pragma once

#include "kernel/fhir/profile.h"

namespace tk::fhir {

/// Slices of one element that are applied.
inline constexpr size_t kSlicesMax = 512;

/// What the official definitions' urls begin with; the name of the type follows.
inline constexpr std::string_view kTypeUrl = "http://hl7.org/fhir/StructureDefinition/";

/// Lays the snapshot's or the differential's elements over `profile->root`. `profiles`: where profiles of elements are found.
/// Errors: kInvalid with url and element.
Status BuildProfile(Profiles& profiles, Value structure, bool from_snapshot, Profile* profile);

/// Where an extension may stand, by its StructureDefinition.
void BuildContext(const Definitions& definitions, Value structure, Profile* profile);

}  // namespace tk::fhir
