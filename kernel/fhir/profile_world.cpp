#include "kernel/fhir/profile_world.h"

#include <algorithm>

namespace tk::fhir {

std::optional<bool> ProfileChecker::World::ConformsTo(const path::Item& item,
                                                      std::string_view profile) const {
  bool known = false;
  const bool conforms = checker_->ConformsToProfile(item, std::string(profile), &known);
  return known ? std::optional<bool>(conforms) : std::nullopt;
}

std::optional<bool> ProfileChecker::World::MemberOf(const path::Item& item,
                                                    std::string_view value_set) const {
  const auto codes = checker_->profiles_.Codes(value_set);
  if (codes == nullptr) return std::nullopt;
  const auto is_in = [&](Value coding) {
    return codes->codes.count({coding["system"].ToString(), coding["code"].ToString()}) != 0;
  };
  if (item.node.is_string()) return codes->plain.count(item.node.ToString()) != 0;
  const Value codings = item.node["coding"];
  return codings.is_array() ? std::any_of(codings.begin(), codings.end(), is_in) : is_in(item.node);
}

}  // namespace tk::fhir
