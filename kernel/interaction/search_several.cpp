// Search over several types: GET [base]?_type=Patient,Observation&…, POST [base]/_search, and of all that is in a patient's compartment.
// Flow:   types → the same criteria read for each of them → a search of each, by the time of writing → the newest of all make the page
// Without _type all types are asked that the post may read. What one of the types does not have is refused; one type alone is searched as by itself.
// Pages:  all types share the ordinals, so that every type's search goes on behind the last of the page before.
// Cost:   a search for each type and page: some ms for all of R4.
// Source: FHIR R4 http.html#search, search.html 3.1.1.3 (_type).
#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/oauth/scopes.h"
#include "kernel/interaction/include.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/search_type.h"
#include "kernel/search/compartment.h"

namespace tk::interaction {
namespace {

constexpr size_t kSharedParametersMax = 100;  // of a lenient search of several types

struct SeveralAsked {
  std::vector<search::Query> queries;  // one a type
  std::vector<Issue> ignored;
  std::string self, plain;  // all of it, and without _type
  view::Position position;
  std::string search_cursor;
  std::optional<uint64_t> total;
  bool total_estimated = false;
};

/// Adds the types of one _type.
Status ReadTypeNames(const Room& room, const Call& call, std::string_view list,
                     std::vector<fhir::TypeId>* out) {
  if (list.empty()) return MakeIssue(ErrorCode::kIncorrect, "value", "_type", "_type has no value.");
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const fhir::TypeId type = room.definitions->FindType(name);
    if (!room.definitions->IsResource(type) || room.definitions->Type(type).is_abstract)
      return MakeIssue(
          ErrorCode::kIncorrect, "value", "_type",
          "_type names something that is no resource type: give names such as Observation,Encounter.");
    TRY(CheckMayRead(call.viewer(), name));
    TRY(CheckGranted(call.viewer(), name, access::oauth::kSearch, false));
    if (std::find(out->begin(), out->end(), type) == out->end()) out->push_back(type);
  }
  return {};
}

/// All that the post may read, in the compartment those that can be in it, with `listed` (_list is asked) those that a List may hold.
std::vector<fhir::TypeId> AllTypes(const Room& room, const Call& call, bool listed) {
  std::vector<fhir::TypeId> types;
  for (const fhir::TypeId type : room.definitions->ResourceTypes()) {
    const std::string_view name = room.TypeName(type);
    const bool inside =
        call.compartment.empty() || name == "Patient" || !room.definitions->PatientCompartment(type).empty();
    const bool fits = !listed || search::MayBeListed(*room.definitions, type);
    if (inside && fits && MaySearch(call.viewer(), name)) types.push_back(type);
  }
  return types;
}

Result<search::Query> QueryOf(const Room& room, const Call& call, fhir::TypeId type,
                              const std::vector<fhir::TypeId>& together, const std::string& text,
                              bool lenient) {
  search::ParseOptions options = SearchOptions(room, call);
  options.together = together;
  options.lenient = lenient;
  search::Query query = TRY(search::ParseQuery(room.index().definitions(), type, text, options));
  TRY(CheckMayAsk(room, call.viewer(), query, !call.compartment.empty()));
  return query;
}

/// Lenient: a parameter that one of the types does not have is passed over for all of them.
Status PassOverUnshared(const Room& room, const Call& call, const std::vector<fhir::TypeId>& types,
                        SeveralAsked* asked) {
  std::string kept;
  const std::vector<Parameter> parameters = TRY(ParseParameters(asked->plain));
  if (parameters.size() > kSharedParametersMax)  // each is read once a type
    return MakeIssue(ErrorCode::kTooLarge, "too-costly", "",
                     fmt::format("query string: more than {} parameters", kSharedParametersMax));
  for (const Parameter& parameter : parameters) {
    const std::string text =
        fmt::format("{}={}", PercentEncode(parameter.name), PercentEncode(parameter.value));
    bool passed_over = false;
    for (const fhir::TypeId type : types) {
      const search::Query query = TRY(QueryOf(room, call, type, types, text, true));
      if (query.ignored.empty()) continue;
      asked->ignored.insert(asked->ignored.end(), query.ignored.begin(), query.ignored.end());
      passed_over = true;
      break;
    }
    if (!passed_over) kept += (kept.empty() ? "" : "&") + text;
  }
  asked->plain = std::move(kept);
  return {};
}

/// What a search of several types cannot do.
Status CheckShared(const search::Query& query) {
  const auto& sort = query.sort;
  if (sort.size() > 1 || (sort.size() == 1 && sort[0].special != "_lastUpdated"))
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "_sort",
                     "Records of several types can be sorted by _lastUpdated alone.");
  if (query.explain)
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "_explain",
                     "_explain tells of a search of one type: name it alone.");
  if (query.summary == search::Summary::kText && !query.includes.empty())
    return MakeIssue(ErrorCode::kIncorrect, "value", "_summary",
                     "_summary=text cannot be asked together with _include or _revinclude (FHIR R4 search, "
                     "3.1.1.5.6): leave one of them out.");
  return {};
}

/// `*types`: those that are asked for.
Result<SeveralAsked> ReadSeveral(const Room& room, const Call& call, const std::string& text,
                                 std::vector<fhir::TypeId>* types) {
  SeveralAsked asked;
  std::string named;
  const std::vector<Parameter> parameters = TRY(ParseParameters(text));
  for (const Parameter& parameter : parameters) {
    const bool is_type = parameter.name == "_type";
    std::string& into = is_type ? named : asked.plain;
    if (is_type) TRY(ReadTypeNames(room, call, parameter.value, types));
    into += fmt::format("{}{}={}", into.empty() ? "" : "&", PercentEncode(parameter.name),
                        PercentEncode(parameter.value));
  }
  if (types->empty()) {
    const bool listed =
        std::any_of(parameters.begin(), parameters.end(), [](const auto& p) { return p.name == "_list"; });
    *types = AllTypes(room, call, listed);
  }
  if (types->size() == 1) return asked;
  if (call.prefer.lenient && call.page.empty()) TRY(PassOverUnshared(room, call, *types, &asked));
  for (const fhir::TypeId type : *types) {
    search::Query query = TRY(QueryOf(room, call, type, *types, asked.plain, false));
    TRY(CheckShared(query));
    if (query.sort.empty()) query.sort.push_back({nullptr, "_lastUpdated", true});
    if (!call.compartment.empty()) {
      if (query.total == search::Total::kNone) query.total = search::Total::kAccurate;
      TRY(search::NarrowToCompartment(*room.definitions, call.compartment, &query));
    }
    asked.queries.push_back(std::move(query));
  }
  const std::string understood = asked.queries.empty() ? asked.plain : asked.queries.front().self;
  asked.self = named + (named.empty() || understood.empty() ? "" : "&") + understood;
  return asked;
}

Result<SeveralAsked> FollowSeveral(const Room& room, const Call& call) {
  const CursorPtr cursor = TRY(room.cursors->Find(call.page, call.viewer().account));
  if (cursor->kind != call.kind || cursor->type != fhir::kNoType || cursor->id != call.compartment ||
      !call.query.empty())
    return MakeError(ErrorCode::kIncorrect,
                     "This page belongs to another search: follow the link as it was given.");
  TRY(room.engine().Pin(cursor->position));
  std::vector<fhir::TypeId> types;
  SeveralAsked asked = TRY(ReadSeveral(room, call, cursor->self, &types));
  asked.position = cursor->position;
  asked.search_cursor = cursor->search_cursor;
  asked.total = cursor->total;
  asked.total_estimated = cursor->total_estimated;
  return asked;
}

/// The newest (or oldest) of all types; the cursor says whether there are more.
Result<search::Page> SearchEach(const Room& room, const Call& call, const SeveralAsked& asked, size_t count) {
  search::Page all;
  uint64_t total = 0;
  bool more = false;
  for (const search::Query& query : asked.queries) {
    search::PageRequest request = ScopedRequest(room, call, asked.position, count);
    request.cursor = asked.search_cursor;
    request.total_known = asked.total.has_value();
    const search::Page page = TRY(room.index().Search(query, request));
    all.ordinals.insert(all.ordinals.end(), page.ordinals.begin(), page.ordinals.end());
    all.warnings.insert(all.warnings.end(), page.warnings.begin(), page.warnings.end());
    more = more || !page.next_cursor.empty();
    total += page.total.value_or(0);
    if (page.total) all.total = total;
    all.total_estimated = all.total_estimated || page.total_estimated;
  }
  const bool descending = asked.queries.empty() || asked.queries.front().sort.front().descending;
  std::sort(all.ordinals.begin(), all.ordinals.end());
  if (descending) std::reverse(all.ordinals.begin(), all.ordinals.end());
  more = more || all.ordinals.size() > count;
  if (all.ordinals.size() > count) all.ordinals.resize(count);
  if (more && !all.ordinals.empty()) all.next_cursor = search::CursorBehind(all.ordinals.back());
  if (asked.total) {
    all.total = asked.total;
    all.total_estimated = asked.total_estimated;
  }
  return all;
}

/// The texts of a page, which ends where they become too many.
Result<Texts> ReadPage(const Room& room, search::Page* page) {
  Texts texts = TRY(ReadMany(room, page->ordinals));
  if (texts.passed < page->ordinals.size()) {
    page->ordinals.resize(texts.passed);
    page->next_cursor = search::CursorBehind(page->ordinals.back());
  }
  return texts;
}

Status AddSeveralEntries(const Room& room, const Call& call, const SeveralAsked& asked,
                         const search::Page& page, const Texts& texts, BundleWriter* bundle) {
  std::vector<Issue> told;
  if (call.page.empty()) told = asked.ignored;
  for (Issue& issue : told) issue.severity = Severity::kWarning;
  told.insert(told.end(), page.warnings.begin(), page.warnings.end());
  if (page.total_estimated) told.push_back(EstimatedTotal());
  TellLost(room, texts, &told);
  if (!asked.queries.empty()) {
    const search::Query& query = asked.queries.front();  // the same for all types but for the criteria
    TRY(AddMatches(room, call, Shape{query.summary, query.elements}, texts, bundle));
    TRY(AddIncluded(room, call, query, ScopedRequest(room, call, asked.position, query.count), texts, bundle,
                    &told));
  }
  AddOutcome(told, bundle);
  return {};
}

/// One type is searched as by itself, with all that such a search has.
Result<Response> SearchAlone(const Room& room, const Call& call, fhir::TypeId type, std::string plain) {
  Call alone = call;
  alone.type = type;
  alone.type_name = room.TypeName(type);
  alone.query = std::move(plain);
  if (call.kind == Kind::kSearchSystem) alone.kind = Kind::kSearchType;
  Response response = TRY(SearchType(room, alone));
  if (response.audit_type.empty()) response.audit_type = alone.type_name;
  return response;
}

}  // namespace

Result<Response> SearchSeveral(const Room& room, const Call& call) {
  std::vector<fhir::TypeId> types;
  SeveralAsked asked =
      call.page.empty() ? TRY(ReadSeveral(room, call, call.query, &types)) : TRY(FollowSeveral(room, call));
  if (types.size() == 1) return SearchAlone(room, call, types.front(), std::move(asked.plain));
  if (call.page.empty()) asked.position = room.engine().Head();
  const size_t count = asked.queries.empty() ? 0 : asked.queries.front().count;
  search::Page page = TRY(SearchEach(room, call, asked, count));
  const Texts texts = TRY(ReadPage(room, &page));
  std::string body;
  BundleWriter bundle(&body, "searchset");
  if (page.total) bundle.Total(*page.total);
  for (const search::Query& query : asked.queries)
    TRY(TellOfFew(room, query, ScopedRequest(room, call, asked.position, count), page.total.value_or(0),
                  &bundle));
  const std::string path =
      call.compartment.empty() ? std::string() : fmt::format("/Patient/{}/*", call.compartment);
  bundle.Link("self", SelfLink(call, path, asked.self));
  if (!page.next_cursor.empty()) {
    TRY(room.engine().Pin(asked.position));
    Cursor next;
    next.kind = call.kind;
    next.id = call.compartment;
    next.position = asked.position;
    next.self = asked.self;
    next.search_cursor = page.next_cursor;
    next.total = page.total;
    next.total_estimated = page.total_estimated;
    bundle.Link("next", PageLink(room, call, path, std::move(next)));
  }
  TRY(AddSeveralEntries(room, call, asked, page, texts, &bundle));
  bundle.End();
  return Showing(room, call, &bundle, JsonResponse(call, std::move(body), "search"));
}

Result<Response> SearchSystem(const Room& room, const Call& call) { return SearchSeveral(room, call); }

}  // namespace tk::interaction
