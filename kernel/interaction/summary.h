// Parts of a resource (_summary, _elements) and its layout (_pretty).
// Source: FHIR R4 search.html#summary, #elements.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

struct Shape {
  search::Summary summary = search::Summary::kFalse;
  std::vector<std::string> elements;
  bool whole() const { return summary == search::Summary::kFalse && elements.empty(); }
};

/// "true" | "text" | "data" | "count" | "false". Errors: kIncorrect.
Result<search::Summary> ParseSummary(std::string_view text);
/// The names in a list of _elements. Errors: kIncorrect for one that `type` has not; with kNoType, for one that no resource has.
Result<std::vector<std::string>> ParseElements(const fhir::Definitions& definitions, fhir::TypeId type,
                                               std::string_view list);

/// Appends the asked part of `json` with the tag SUBSETTED. Mandatory elements, id and meta always stay. Answers are cut by Shaped alone.
/// Cost: one parse and one copy of what stays.
Status AppendShaped(const fhir::Definitions& definitions, const Shape& shape, std::string_view json,
                    std::string* out);

/// `json` (a stored resource), or the asked part of it, which is put in `cut`. What is hidden from the viewer (special.h) is taken out before it is
/// cut: afterwards the codes by which it is known may be gone, and whose it is.
Result<std::string_view> Shaped(const Room& room, const access::Viewer& viewer, const Shape& shape,
                                std::string_view json, std::string* cut);

/// Does it say of itself that it is a part of a resource? What is stored does not.
bool IsSubsetted(fhir::Value resource);
/// A cut copy is not written over the whole: 422 if the resource carries the tag SUBSETTED in its meta.
/// Source: FHIR R4 search.html#summary ("not accidentally used to overwrite a complete resource").
Status CheckNotSubsetted(fhir::Value resource);

/// The same JSON over several lines, two blanks a level.
std::string PrettyJson(std::string_view json);

}  // namespace tk::interaction
