#include "kernel/interaction/conditional.h"
#include "kernel/access/oauth/scopes.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/conformance.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {

namespace {

/// One criterion alone, of whole identifiers.
bool IsByIdentifier(const search::Query& query) {
  const search::Criterion& only = query.criteria.front();
  return query.criteria.size() == 1 && only.parameter != nullptr && only.parameter->code == "identifier" &&
         only.modifier.empty() && only.codes == nullptr && only.join == nullptr &&
         std::all_of(only.terms.begin(), only.terms.end(),
                     [](const search::Term& term) { return !term.code.empty(); });
}

}  // namespace

Result<Match> ResolveCondition(const Room& room, const Call& call, fhir::TypeId type,
                               std::string_view criteria, const view::Position& basis,
                               std::span<const uint64_t> excluded) {
  const std::string_view type_name = room.TypeName(type);
  TRY(CheckMayRead(call.viewer(), type_name));
  TRY(CheckGranted(call.viewer(), type_name, access::oauth::kSearch, false));
  if (const size_t mark = criteria.find('?');
      mark != std::string_view::npos && (mark == 0 || criteria.substr(0, mark) == type_name)) {
    criteria.remove_prefix(mark + 1);
  }
  search::ParseOptions
      options;  // always strict: a criterion that is passed over would change other records than those meant
  options.is_condition = true;
  options.timezone_offset_min = room.context.timezone_offset_min;
  options.own_base = call.request.base_url;
  options.terminology = [&room] { return room.conformance->Terminology(); };
  options.now_us = room.context.clock->NowUs();
  options.may_read = [&call](std::string_view joined) { return MaySearch(call.viewer(), joined); };
  search::Query query = TRY(search::ParseQuery(room.index().definitions(), type, criteria, options));
  TRY(CheckMayAsk(room, call.viewer(), query));
  if (!query.includes.empty()) {
    return MakeError(
        ErrorCode::kIncorrect,
        "The condition has _include or _revinclude: leave them out, a condition only names records.");
  }
  if (query.criteria.empty()) {
    return MakeError(ErrorCode::kIncorrect,
                     "The condition has no criterion: give at least one search parameter, for example "
                     "identifier=system|value.");
  }
  query.sort.clear();
  query.total = search::Total::kNone;
  query.summary = search::Summary::kFalse;
  query.count = 2 + excluded.size();
  Match match;
  match.query = std::make_shared<const search::Query>(std::move(query));
  search::PageRequest request = ScopedRequest(room, call, basis, match.query->count);
  // What is sent twice must not be stored twice, whoever sees what it says: its whole identifier names it, and tells nothing of what it holds.
  if (IsByIdentifier(*match.query)) request.scope.hidden = nullptr;
  const search::Page page = TRY(room.index().Search(*match.query, request));
  // What a criterion cannot be asked of might fulfil it.
  if (!page.warnings.empty()) {
    const Issue& first = page.warnings.front();
    return MakeIssue(ErrorCode::kPrecondition, "incomplete", first.path,
                     "The condition cannot be decided: " + first.text + ". Name another parameter.");
  }
  for (const view::Ordinal ordinal : page.ordinals) {
    const view::Engine::Header header = TRY(OpenAsFound(room, ordinal))->header;
    if (!excluded.empty() && std::find(excluded.begin(), excluded.end(),
                                       room.engine().IdHash(type_name, header.id)) != excluded.end()) {
      continue;
    }
    match.ordinal = ordinal;
    match.id = header.id;
    match.version = header.version;
    if (++match.count == 2) break;
  }
  return match;
}

view::Guard ConditionGuard(const Room& room, std::shared_ptr<const search::Query> query) {
  view::Guard guard;
  guard.view_slot = room.context.index_slot;
  guard.may_affect = [index = room.context.index, query = std::move(query)](const view::Change& change,
                                                                            const view::Prepared& prepared) {
    if (change.now == nullptr) return true;  // an erasure: whom it concerns is not known here
    return search::Involves(*query, change.now->type) && index->MayAffect(prepared, change.now->type, *query);
  };
  return guard;
}

namespace {

/// Splits at each `separator` that is not escaped; ascending, each once. In a query's self a backslash is written %5C.
std::string AsSet(std::string_view list, char separator) {
  constexpr std::string_view kBackslash = "%5C";
  std::vector<std::string_view> items;
  size_t from = 0;
  bool escaped = false;
  for (size_t at = 0; at <= list.size(); ++at) {
    if (at == list.size() || (list[at] == separator && !escaped)) {
      items.push_back(list.substr(from, at - from));
      from = at + 1;
    }
    const bool backslash = !escaped && list.substr(at, kBackslash.size()) == kBackslash;
    if (backslash) at += kBackslash.size() - 1;
    escaped = backslash;
  }
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return fmt::format("{}", fmt::join(items, std::string_view(&separator, 1)));
}

bool ShapesAnswer(std::string_view name) {
  constexpr std::string_view kNames[] = {"_count", "_sort", "_summary", "_elements", "_total", "_explain"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

std::string ConditionText(const Room& room, const search::Query& query) {
  std::string criteria;
  for (std::string_view rest = query.self; !rest.empty();) {
    const std::string_view criterion = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), criterion.size() + 1));
    const size_t equals = std::min(criterion.size(), criterion.find('='));
    const std::string_view name = criterion.substr(0, equals);
    if (ShapesAnswer(name)) continue;
    criteria += fmt::format("{}{}={}", criteria.empty() ? "" : "&", name,
                            AsSet(criterion.substr(std::min(criterion.size(), equals + 1)), ','));
  }
  return fmt::format("{}?{}", room.TypeName(query.type), AsSet(criteria, '&'));
}

Error SeveralMatches(std::string_view type) {
  return MakeIssue(
      ErrorCode::kPrecondition, "multiple-matches", {},
      fmt::format("The condition holds for several {} resources: make it narrower, so that it names one.",
                  type));
}

}  // namespace tk::interaction
