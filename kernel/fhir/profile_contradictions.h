// An element of a profile beside the same element of its base: a profile only narrows, so what it says beyond is a contradiction.
// - min is not below the base's (a slice may have less), nor above what the base permits; max is not above the base's;
// - a type is one of the base's or a specialization of one;
// - a binding that the base requires stays required;
// - a fixed value or a pattern is of a type that the element has.
// Base: the type's own element, and what the profile says of it that this one is based on.
// Source: FHIR R4 profiling.html ("Limitations of Use"), elementdefinition.html.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/fhir/profile.h"

namespace tk::fhir {

struct BaseElement {
  std::vector<std::pair<TypeId, const ElementInfo*>> of_type;  // owner and element; of a choice each member
  bool is_slice = false;                                       // also valueQuantity of value[x]
  const ProfileElement* rule = nullptr;   // what the base profile says of the same element or slice
  const ProfileElement* whole = nullptr;  // of a slice that the base profile has not: of its element
};

/// Calls `tell` with the member of the definition and what is wrong with it. `base.of_type` is not empty. Cost: of_type × types.
void TellContradictions(Profiles& profiles, Value definition, const BaseElement& base,
                        const std::function<void(std::string_view, std::string)>& tell);

/// A binding that is extensible in the base and weaker in the profile: what is wrong with it, "" if nothing. It is told, and no reason to refuse the profile:
/// either way a code of another set may stand there.
std::string WeakenedBinding(Profiles& profiles, Value definition, const BaseElement& base);

}  // namespace tk::fhir
