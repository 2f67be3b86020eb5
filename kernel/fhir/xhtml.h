// The narrative: is a text the limited XHTML that FHIR permits, and nothing that acts in a browser?
// An empty <div> passes as a form: that a narrative says something (txt-2) is asked apart.
// Source: FHIR R4 narrative.html, rules txt-1 and txt-2; HTML 4.0 chapters 7-11 and 15; XML 1.0 for the form.
#pragma once

#include <string_view>
#include <vector>

namespace tk::fhir {

/// nullptr if `text` is a well-formed <div xmlns="http://www.w3.org/1999/xhtml"> of permitted elements and attributes;
/// otherwise what is wrong, as a literal that names no content. Cost: one pass.
const char* NarrativeProblem(std::string_view text);

/// txt-2: has it text that is more than white space, or an image?
bool NarrativeHasContent(std::string_view text);

/// Where a narrative leads: the values of href and src, and what can be led to within it (id, name of an anchor). They lie in `text`.
struct NarrativeTargets {
  std::vector<std::string_view> links, images, anchors;
};
/// Of a narrative without a problem. Cost: one pass.
NarrativeTargets ReadNarrativeTargets(std::string_view text);

}  // namespace tk::fhir
