#include "kernel/interaction/versioned_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/fhir/path/path.h"
#include "kernel/interaction/permit.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kHistoryPart = "/_history/";

/// Does the reference name a version of a record here that is not the current one?
bool IsOfAnother(const Room& room, const access::Viewer& viewer, const view::Position& position,
                 std::string_view reference) {
  const size_t at = reference.find(kHistoryPart);
  if (at == std::string_view::npos) return false;
  const std::string_view version = reference.substr(at + kHistoryPart.size()), name = reference.substr(0, at);
  const size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return false;
  const size_t before = slash == 0 ? std::string_view::npos : name.rfind('/', slash - 1);
  const std::string_view type =
      before == std::string_view::npos ? name.substr(0, slash) : name.substr(before + 1, slash - before - 1);
  uint32_t wanted = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), wanted);
  if (error != std::errc() || end != version.data() + version.size()) return false;
  const Current current = FindCurrent(room, viewer, type, name.substr(slash + 1), position);
  return current.exists() && current.in_scope && current.version.version != wanted;
}

/// Does `root` refer to such a one under the parameter?
bool RefersToAnother(const Room& room, const access::Viewer& viewer, const fhir::Definitions& definitions,
                     const view::Position& position, const fhir::path::Expression& link, fhir::Value root) {
  fhir::path::Collection items;
  fhir::path::Environment environment;
  environment.definitions = &definitions;
  environment.resource = root;
  if (!link.Evaluate(environment, fhir::path::ResourceItem(definitions, root), &items).ok()) return false;
  return std::any_of(items.begin(), items.end(), [&](const fhir::path::Item& item) {
    std::string scratch;
    return IsOfAnother(room, viewer, position, item.node["reference"].String(scratch));
  });
}

}  // namespace

void TellVersionedLinks(const Room& room, const Call& call, const search::Query& query,
                        const view::Position& position, const Texts& matches, std::vector<Issue>* issues) {
  const fhir::Definitions& definitions = *room.definitions;
  std::vector<fhir::Document> documents;
  bool is_read = false;
  for (const search::Criterion& criterion : query.criteria) {
    const search::Join* const join = criterion.join.get();
    if (join == nullptr || join->reverse || join->walk != search::Join::Walk::kNone || join->branches.empty())
      continue;
    const fhir::SearchParameter& link = *join->branches.front().link;  // the same of all branches
    const auto expression = fhir::path::Expression::Compile(link.expression, definitions, link.resource,
                                                            fhir::path::kForSearchParameters);
    if (!expression.ok()) continue;
    for (size_t i = 0; i < matches.size() && !is_read; ++i) {
      if (matches.body(i).find(kHistoryPart) == std::string::npos) continue;
      auto document = fhir::Document::Parse(matches.body(i));
      if (document.ok()) documents.push_back(std::move(*document));
    }
    is_read = true;
    const auto count = std::count_if(documents.begin(), documents.end(), [&](const fhir::Document& document) {
      return RefersToAnother(room, call.viewer(), definitions, position, *expression, document.Root());
    });
    if (count > 0)
      issues->push_back(
          {Severity::kWarning, "processing", criterion.name,
           fmt::format("{} of these matches name by {} a version that is not the current one: the chain asks "
                       "the current one.",
                       count, link.code)});
  }
}

}  // namespace tk::interaction
