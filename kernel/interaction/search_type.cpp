// search-type: GET [type]?…, POST [type]/_search; pages stay at one position.
// Source: FHIR R4 http.html#search, search.html, bundle.html#searchset.
#include <fmt/format.h>

#include "kernel/interaction/conformance.h"
#include "kernel/interaction/include.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/operations.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/search_type.h"
#include "kernel/interaction/versioned_links.h"
#include "kernel/search/compartment.h"

namespace tk::interaction {
namespace {

struct SearchAsked {
  std::shared_ptr<const search::Query> query;
  view::Position position;
  std::string search_cursor;
  std::optional<uint64_t> total;  // from the first page
  bool total_estimated = false;
};

Result<SearchAsked> FollowPage(const Room& room, const Call& call) {
  const CursorPtr cursor = TRY(room.cursors->Find(call.page, call.viewer().account));
  if (cursor->kind != call.kind || cursor->type != call.type || cursor->id != call.compartment) {
    return MakeError(ErrorCode::kIncorrect,
                     "This page belongs to another search: follow the link as it was given.");
  }
  if (!call.query.empty())
    return MakeError(ErrorCode::kIncorrect,
                     "A page takes no further parameters: follow the link as it was given.");
  TRY(room.engine().Pin(cursor->position));
  return SearchAsked{cursor->query, cursor->position, cursor->search_cursor, cursor->total,
                     cursor->total_estimated};
}

Result<SearchAsked> FirstPage(const Room& room, const Call& call) {
  search::Query query =
      TRY(search::ParseQuery(room.index().definitions(), call.type, call.query, SearchOptions(room, call)));
  TRY(CheckMayAsk(room, call.viewer(), query, !call.compartment.empty()));
  if (query.summary == search::Summary::kText && !query.includes.empty()) {
    return MakeIssue(ErrorCode::kIncorrect, "value", "_summary",
                     "_summary=text cannot be asked together with _include or _revinclude (FHIR R4 search, "
                     "3.1.1.5.6): leave one of them out.");
  }
  if (!call.compartment.empty())
    TRY(search::NarrowToCompartment(*room.definitions, call.compartment, &query));
  return SearchAsked{
      std::make_shared<const search::Query>(std::move(query)), room.engine().Head(), {}, {}, false};
}

/// Matches, then what comes with them, then what is to be told.
Status AddPageEntries(const Room& room, const Call& call, const search::Query& query,
                      const search::PageRequest& request, const search::Page& page, const Texts& texts,
                      BundleWriter* bundle) {
  TRY(AddMatches(room, call, Shape{query.summary, query.elements}, texts, bundle));
  std::vector<Issue> told;
  if (call.page.empty()) told = query.ignored;
  for (Issue& issue : told) issue.severity = Severity::kWarning;
  told.insert(told.end(), page.warnings.begin(), page.warnings.end());
  if (page.total_estimated) told.push_back(EstimatedTotal());
  TellLost(room, texts, &told);
  TellVersionedLinks(room, call, query, request.position, texts, &told);
  TRY(AddIncluded(room, call, query, request, texts, bundle, &told));
  if (page.explanation != nullptr) {
    for (Issue& issue : ExplainIssues(*page.explanation, call.viewer(), query.self))
      told.push_back(std::move(issue));
  }
  AddOutcome(told, bundle);
  return {};
}

/// What is known without being stored, where a search asks by its url alone and nothing stored has it; nullptr: none.
std::shared_ptr<const fhir::Document> KnownAsked(const Room& room, const Call& call,
                                                 const search::Page& page) {
  if (!call.page.empty() || !call.compartment.empty() || !page.ordinals.empty() ||
      page.total.value_or(0) != 0)
    return nullptr;
  const auto parameters = ParseParameters(call.query);
  if (!parameters.ok() || parameters->size() != 1 || parameters->front().name != "url") return nullptr;
  return KnownByUrl(room.context, call.type_name, parameters->front().value);
}

Status AddKnown(const Room& room, const Call& call, const fhir::Document& known, const Shape& shape,
                BundleWriter* bundle) {
  std::string cut;
  const std::string text = TextOfKnown(known);
  BundleWriter::Entry entry;
  entry.full_url = FullUrl(call, call.type_name, IdOfKnown(known));
  entry.resource = TRY(Shaped(room, call.viewer(), shape, text, &cut));
  entry.search_mode = "match";
  bundle->Add(entry);
  return {};
}

}  // namespace

search::ParseOptions SearchOptions(const Room& room, const Call& call) {
  search::ParseOptions options;
  options.lenient = call.prefer.lenient;
  options.count_default = kPageCountDefault;
  options.count_max = kPageCountMax;
  options.timezone_offset_min = room.context.timezone_offset_min;
  options.own_base = call.request.base_url;
  options.terminology = [&room] { return room.conformance->Terminology(); };
  options.now_us = room.context.clock->NowUs();
  options.may_read = [&call](std::string_view type) { return MaySearch(call.viewer(), type); };
  return options;
}

void AddOutcome(const std::vector<Issue>& issues, BundleWriter* bundle) {
  if (issues.empty()) return;
  const std::string outcome = OutcomeJson(issues);
  BundleWriter::Entry entry;
  entry.resource = outcome;
  entry.search_mode = "outcome";
  bundle->Add(entry);
}

Issue EstimatedTotal() {
  return {Severity::kInformation,
          "informational",
          {},
          "total is an estimate, from the share of a sample that matches: ask with _total=accurate for the "
          "number."};
}

Status AddMatches(const Room& room, const Call& call, const Shape& shape, const Texts& texts,
                  BundleWriter* bundle) {
  std::string cut;
  if (shape.whole()) bundle->Reserve(texts.size(), texts.body_bytes());
  for (size_t i = 0; i < texts.size(); ++i) {
    BundleWriter::Entry entry;
    entry.full_url = FullUrl(call, room.TypeName(texts.header(i).type), texts.header(i).id);
    entry.resource = TRY(Shaped(room, call.viewer(), shape, texts.body(i), &cut));
    entry.search_mode = "match";
    bundle->Shows(texts.header(i).owner);
    bundle->Add(entry);
  }
  return {};
}

Status TellOfFew(const Room& room, const search::Query& query, search::PageRequest request, uint64_t total,
                 BundleWriter* bundle) {
  const bool is_alone = query.summary == search::Summary::kCount || query.count == 0;
  if (!is_alone || total == 0 || total > kFewCounted) return {};
  search::Query listed = query;
  listed.summary = search::Summary::kFalse;
  listed.total = search::Total::kNone;
  listed.count = request.count = kFewCounted;
  for (const view::Ordinal ordinal : TRY(room.index().Search(listed, request)).ordinals)
    bundle->Shows(room.directory().OwnerNow(room.directory().Get(ordinal).owner));
  return {};
}

Result<Response> SearchType(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  SearchAsked asked = call.page.empty() ? TRY(FirstPage(room, call)) : TRY(FollowPage(room, call));
  const search::Query& query = *asked.query;
  search::PageRequest request = ScopedRequest(room, call, asked.position, query.count);
  request.cursor = asked.search_cursor;
  request.total_known = asked.total.has_value();
  search::Page page =
      TRY(room.index().Search(query, request));  // with _summary=count or _count=0 the total alone
  const Texts texts = TRY(ReadMany(room, page.ordinals));
  if (texts.passed < page.ordinals.size()) {
    // Asked again for what fits, so that the next page begins where this one ends.
    request.count = texts.passed;
    page = TRY(room.index().Search(query, request));
  }
  if (asked.total) {
    page.total = asked.total;
    page.total_estimated = asked.total_estimated;
  }
  const std::shared_ptr<const fhir::Document> known = KnownAsked(room, call, page);
  if (known != nullptr && page.total) page.total = 1;
  std::string body;
  BundleWriter bundle(&body, "searchset");
  if (page.total) {
    bundle.Total(*page.total);
    TRY(TellOfFew(room, query, request, *page.total, &bundle));
  }
  const std::string path = call.compartment.empty()
                               ? "/" + call.type_name
                               : fmt::format("/Patient/{}/{}", call.compartment, call.type_name);
  bundle.Link("self", SelfLink(call, path, query.self));
  if (!page.next_cursor.empty()) {
    TRY(room.engine().Pin(asked.position));
    Cursor next;
    next.kind = call.kind;
    next.type = call.type;
    next.id = call.compartment;
    next.position = asked.position;
    next.query = asked.query;
    next.search_cursor = page.next_cursor;
    next.total = page.total;
    next.total_estimated = page.total_estimated;
    bundle.Link("next", PageLink(room, call, path, std::move(next)));
  }
  if (known != nullptr) TRY(AddKnown(room, call, *known, Shape{query.summary, query.elements}, &bundle));
  TRY(AddPageEntries(room, call, query, request, page, texts, &bundle));
  bundle.End();
  return Showing(room, call, &bundle, JsonResponse(call, std::move(body), "search"));
}

}  // namespace tk::interaction
