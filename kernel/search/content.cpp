#include "kernel/search/content.h"

#include <algorithm>
#include <array>

#include "kernel/search/compartment.h"

namespace tk::search {

bool IsShown(const fhir::SearchParameter& parameter) {
  constexpr std::array<std::string_view, 3> kWhose = {"subject", "patient", "beneficiary"},
                                            kMeta = {"_tag", "_profile", "_source"};
  const auto is_one_of = [&](const auto& codes) {
    return std::find(codes.begin(), codes.end(), parameter.code) != codes.end();
  };
  return (parameter.type == fhir::SearchType::kReference && is_one_of(kWhose)) || is_one_of(kMeta);
}

bool AsksForContent(const Criterion& criterion) {
  if (criterion.join != nullptr) {
    const auto& branches = criterion.join->branches;
    return !criterion.join->reverse && std::any_of(branches.begin(), branches.end(), [](const auto& branch) {
      return branch.link == nullptr || !IsShown(*branch.link);
    });
  }
  if (criterion.parameter != nullptr) return !IsShown(*criterion.parameter);
  return criterion.special != "_id" && criterion.special != "_lastUpdated" && !IsCompartment(criterion);
}

bool AsksForContent(const Query& query) {
  return std::any_of(query.criteria.begin(), query.criteria.end(),
                     [](const Criterion& criterion) { return AsksForContent(criterion); });
}

bool AsksForContent(const Join& join, const Join::Branch& branch) {
  const bool by_link = join.reverse && (branch.link == nullptr || !IsShown(*branch.link));
  return by_link || AsksForContent(branch.inner);
}

}  // namespace tk::search
