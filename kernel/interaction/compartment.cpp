// Search in a patient's compartment: GET Patient/[id]/[type]?…, Patient/[id]/*?…, and both by POST with _search behind them.
// Flow:   router → SearchCompartment: may he be seen? → one type: SearchType, narrowed to him · all types: the compartment's records, and of
//         each type those that the criteria hold for → newest first → pages
// All types have few parameters in common: those of Resource. Types that the post may not read are left out, as records outside the area are.
// Cost: of all types that of the compartment at every page, as $everything.
// Source: FHIR R4 http.html#vsearch, compartmentdefinition-patient.html.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/search_type.h"
#include "kernel/search/compartment.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kCommon[] = {"_id",    "_lastUpdated", "_profile", "_security", "_source", "_tag",
                                        "_count", "_sort",        "_summary", "_total",    "_type"};
constexpr std::string_view kCommonNames =
    "_id, _lastUpdated, _profile, _security, _source, _tag, _type, _count, _sort, _summary, _total";

struct CompartmentAsked {
  search::Query query;           // as of Patient: what all types have in common
  std::string criteria;          // of it, without what is no criterion
  std::set<fhir::TypeId> types;  // empty: all
  std::string self;              // all of it, as understood
  view::Position position;
  uint64_t offset = 0;
};

Status ReadTypes(const Room& room, std::string_view list, std::set<fhir::TypeId>* out) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const fhir::TypeId type = room.definitions->FindType(name);
    if (!room.definitions->IsResource(type))
      return MakeIssue(ErrorCode::kIncorrect, "value", "_type",
                       "_type names something that is no resource type: give names such as "
                       "Observation,Encounter.");
    out->insert(type);
  }
  return {};
}

void Append(const Parameter& parameter, std::string* query) {
  *query += fmt::format("{}{}={}", query->empty() ? "" : "&", PercentEncode(parameter.name),
                        PercentEncode(parameter.value));
}

Result<CompartmentAsked> ReadAsked(const Room& room, const Call& call, const std::string& text) {
  CompartmentAsked asked;
  std::string plain, types;
  const std::vector<Parameter> parameters = TRY(ParseParameters(text));
  for (const Parameter& parameter : parameters) {
    const std::string_view base = std::string_view(parameter.name).substr(0, parameter.name.find(':'));
    const bool known = std::find(std::begin(kCommon), std::end(kCommon), base) != std::end(kCommon);
    if (!known && !call.prefer.lenient) return UnknownParameter(parameter.name, kCommonNames);
    if (parameter.name == "_type") {
      TRY(ReadTypes(room, parameter.value, &asked.types));
      Append(parameter, &types);
      continue;
    }
    Append(parameter, &plain);
    const bool control = base == "_count" || base == "_sort" || base == "_summary" || base == "_total";
    if (known && !control) Append(parameter, &asked.criteria);
  }
  asked.query = TRY(search::ParseQuery(room.index().definitions(), room.definitions->FindType("Patient"),
                                       plain, SearchOptions(room, call)));
  const auto& sort = asked.query.sort;
  if (sort.size() > 1 || (sort.size() == 1 && sort[0].special != "_lastUpdated"))
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "_sort",
                     "Records of several types can be sorted by _lastUpdated alone.");
  asked.self = asked.query.self + (asked.query.self.empty() || types.empty() ? "" : "&") + types;
  return asked;
}

/// The first page's parameters, or those that were kept for a following one.
Result<CompartmentAsked> ReadPageAsked(const Room& room, const Call& call) {
  CompartmentAsked asked;
  if (call.page.empty()) {
    asked = TRY(ReadAsked(room, call, call.query));
    asked.position = room.engine().Head();
    return asked;
  }
  const CursorPtr cursor = TRY(room.cursors->Find(call.page, call.viewer().account));
  if (cursor->kind != call.kind || cursor->type != call.type || cursor->id != call.compartment ||
      !call.query.empty())
    return MakeError(ErrorCode::kIncorrect,
                     "This page belongs to another search: follow the link as it was given.");
  TRY(room.engine().Pin(cursor->position));
  asked = TRY(ReadAsked(room, call, cursor->self));
  asked.position = cursor->position;
  asked.offset = cursor->offset;
  return asked;
}

/// All that match, newest first; `warnings` of what could not be asked.
Result<std::vector<view::Ordinal>> FindAll(const Room& room, const Call& call, const CompartmentAsked& asked,
                                           std::vector<Issue>* warnings) {
  std::map<fhir::TypeId, std::vector<view::Ordinal>> by_type;
  for (const view::Ordinal ordinal : TRY(room.index().Compartment(call.compartment, asked.position))) {
    const fhir::TypeId type = room.directory().Get(ordinal).type;
    const bool wanted = asked.types.empty() || asked.types.count(type) != 0;
    if (wanted && call.viewer().MayRead(room.TypeName(type)) &&
        room.directory().InScope(ordinal, call.viewer().scope))
      by_type[type].push_back(ordinal);
  }
  std::vector<view::Ordinal> out;
  for (const auto& [type, ordinals] : by_type) {
    if (asked.criteria.empty()) {
      out.insert(out.end(), ordinals.begin(), ordinals.end());
      continue;
    }
    search::Query query =
        TRY(search::ParseQuery(room.index().definitions(), type, asked.criteria, SearchOptions(room, call)));
    TRY(search::NarrowToCompartment(*room.definitions, call.compartment, &query));
    query.count = ordinals.size();
    search::Page page =
        TRY(room.index().Search(query, ScopedRequest(room, call, asked.position, query.count)));
    out.insert(out.end(), page.ordinals.begin(), page.ordinals.end());
    for (Issue& issue : page.warnings) warnings->push_back(std::move(issue));
  }
  const bool oldest_first = !asked.query.sort.empty() && !asked.query.sort[0].descending;
  std::sort(out.begin(), out.end());
  if (!oldest_first) std::reverse(out.begin(), out.end());
  return out;
}

Result<Response> SearchAll(const Room& room, const Call& call) {
  const CompartmentAsked asked = TRY(ReadPageAsked(room, call));
  std::vector<Issue> told;
  if (call.page.empty()) told = asked.query.ignored;
  const std::vector<view::Ordinal> all = TRY(FindAll(room, call, asked, &told));
  const bool count_only = asked.query.summary == search::Summary::kCount || asked.query.count == 0;
  const size_t from = std::min<size_t>(asked.offset, all.size()),
               fit = count_only ? from : std::min(all.size(), from + asked.query.count);
  const Texts texts = TRY(ReadMany(
      room, {all.begin() + static_cast<ptrdiff_t>(from), all.begin() + static_cast<ptrdiff_t>(fit)}));
  const size_t to = from + texts.passed;
  std::string body;
  BundleWriter bundle(&body, "searchset");
  bundle.Total(all.size());
  const std::string path = fmt::format("/Patient/{}/*", call.compartment);
  bundle.Link("self", call.page.empty()
                          ? fmt::format("{}{}{}{}", call.request.base_url, path,
                                        asked.self.empty() ? "" : "?", asked.self)
                          : fmt::format("{}{}?_page={}", call.request.base_url, path, call.page));
  if (!count_only && to < all.size()) {
    TRY(room.engine().Pin(asked.position));
    Cursor next;
    next.kind = call.kind;
    next.type = call.type;
    next.id = call.compartment;
    next.position = asked.position;
    next.self = asked.self;
    next.offset = to;
    bundle.Link("next", PageLink(room, call, path, std::move(next)));
  }
  TRY(AddMatches(room, call, Shape{asked.query.summary, {}}, texts, &bundle));
  AddOutcome(told, &bundle);
  bundle.End();
  return JsonResponse(call, std::move(body), "search");
}

}  // namespace

Result<Response> SearchCompartment(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), "Patient"));
  if (call.page.empty()) {  // who may follow a page has seen the first
    const Current patient =
        FindCurrent(room, call.viewer(), "Patient", call.compartment, room.engine().Head());
    if (patient.version.ordinal == 0 || !patient.in_scope)
      return Refusal(404, "not-found", "There is no such Patient.");
    if (patient.version.deleted) return Gone(patient.version.version);
  }
  return call.type_name.empty() ? SearchAll(room, call) : SearchType(room, call);
}

}  // namespace tk::interaction
