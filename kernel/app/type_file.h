// A resource type of a pack in short, for people to write: what FHIR calls a StructureDefinition with its search parameters, value sets and code systems.
// Form:   {"type": "StockItem", "title": {"zh-CN": "应急物资", "en": "Stock item"},
//          "elements": {"item": {"type": "CodeableConcept", "min": 1, "title": {…}},          without min and max: 0 to 1; "max": "*" = a list
//                       "place": {"type": "Reference", "to": ["Organization"]},
//                       "state": {"type": "code", "codes": {"active": {"zh-CN": "在用", "en": "in use"}, …}},
//                       "lot": {"max": "*", "elements": {…}}},                                parts of its own
//          "search": {"state": "state", "lot-number": "lot.number"}}                             parameter → element; its kind follows from the element's type
// Flow:   types/*.json of a pack → ExpandType → what fhir::Definitions::Extend takes; a file with resourceType is taken as it is
#pragma once

#include <string>
#include <vector>

#include "kernel/fhir/json_file.h"

namespace tk::app {

/// Is it written in short?
bool IsShortType(fhir::Value root);
/// The resources, as JSON texts; what is wrong is noted in the file, and nothing is answered.
std::vector<std::string> ExpandType(fhir::JsonFile* file);

}  // namespace tk::app
