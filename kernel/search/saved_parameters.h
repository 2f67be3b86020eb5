// Which search parameters an index was made with, in the order of their numbers: so that it can go on serving when a start brings others.
// File:   "parameters" beside the manifest: text, one line a type or a parameter, tabs between fields, the last line a CRC-32C of all before it.
// Source: FHIR R4 searchparameter.html.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/fhir/definitions.h"

namespace tk::search {

struct SavedParameters {
  struct Type {
    std::string name;
    fhir::TypeId id = fhir::kNoType;
    std::vector<std::string> compartment;  // codes that put it into a patient's compartment
    size_t first = 0, count = 0;           // of `parameters`
  };
  struct Parameter {
    std::string code, url, expression;
    fhir::SearchType type = fhir::SearchType::kToken;
    std::vector<std::string> targets;  // names of types
    bool operator==(const Parameter&) const = default;
  };
  std::vector<Type> types;  // of resources, in the order of the definitions
  std::vector<Parameter> parameters;
};

SavedParameters::Parameter DescribeParameter(const fhir::Definitions& definitions,
                                             const fhir::SearchParameter& parameter);
SavedParameters DescribeParameters(const fhir::Definitions& definitions);
std::string PrintParameters(const SavedParameters& saved);
/// Errors: kCorrupt.
Result<SavedParameters> ReadParameters(std::string_view text);

}  // namespace tk::search
