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
  return KnownConformance(checker_->profiles_, 0).MemberOf(item, value_set);
}

std::optional<bool> ProfileChecker::World::Subsumes(std::string_view system, std::string_view code,
                                                    std::string_view other) const {
  return KnownConformance(checker_->profiles_, 0).Subsumes(system, code, other);
}

std::optional<bool> KnownConformance::Subsumes(std::string_view system, std::string_view code,
                                               std::string_view other) const {
  const auto tree = profiles_.Tree(system);
  if (tree == nullptr) return std::nullopt;
  const CodeTree::Place place = tree->Find(code), below = tree->Find(other);
  if (place == CodeTree::kNone || below == CodeTree::kNone) return std::nullopt;
  const std::vector<CodeTree::Place> above = tree->Above(below);
  return std::find(above.begin(), above.end(), place) != above.end();
}

std::optional<bool> KnownConformance::ConformsTo(const path::Item& item, std::string_view profile) const {
  const auto found = profiles_.Find(profile);
  if (!found.ok() || *found == nullptr || !item.node) return std::nullopt;  // a type, or unknown
  const Definitions& definitions = profiles_.definitions();
  if (definitions.IsResource(item.type) && !CheckValid(definitions, item.node).ok()) return false;
  ProfileOptions options;
  options.now_us = now_us_;
  ProfileChecker checker(profiles_, options);
  bool known = false;
  return checker.ConformsToProfile(item, std::string(profile), &known);
}

Result<std::optional<bool>> KnownConformance::InSlice(const path::Item& item, std::string_view profile,
                                                      std::string_view slice) const {
  ProfileOptions options;
  options.now_us = now_us_;
  return ProfileChecker(profiles_, options).InNamedSlice(item, std::string(profile), slice);
}

std::optional<bool> KnownConformance::MemberOf(const path::Item& item, std::string_view value_set) const {
  const auto codes = profiles_.Codes(value_set);
  if (codes == nullptr) return std::nullopt;
  const auto is_in = [&](Value coding) {
    return codes->Has(coding["system"].ToString(), coding["code"].ToString());
  };
  if (item.node.is_string()) return codes->HasPlain(item.node.ToString());
  const Value codings = item.node["coding"];
  return codings.is_array() ? std::any_of(codings.begin(), codings.end(), is_in) : is_in(item.node);
}

}  // namespace tk::fhir
