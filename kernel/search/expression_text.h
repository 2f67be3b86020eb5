// The texts of search parameters' expressions, taken apart at the top: what a parameter is derived from is told by them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"

namespace tk::search {

/// Without blanks around and without parentheses that enclose all of it.
std::string_view Bare(std::string_view text);
/// The operands of a union at the top, bare.
std::vector<std::string_view> UnionParts(std::string_view text);
/// Its operands in one form, sorted: "(Observation.value as Quantity)" and "value.as(Quantity)" are equal. Without sampled data, which say nothing
/// to a search for a quantity.
std::vector<std::string> PlainForms(std::string_view expression, std::string_view type);
/// The parameter of `list` that a component of `composite` is defined by; nullptr if there is none.
const fhir::SearchParameter* ComponentParameter(std::span<const fhir::SearchParameter> list,
                                                std::string_view type, const fhir::SearchParameter& composite,
                                                size_t component);

}  // namespace tk::search
