// search-type: GET [type]?…, POST [type]/_search; pages stay at one position. Search across all types is step 2 and refused.
// Source: FHIR R4 http.html#search, search.html, bundle.html#searchset.
#include <fmt/format.h>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

struct SearchAsked {
  std::shared_ptr<const search::Query> query;
  view::Position position;
  std::string search_cursor;
};

Result<SearchAsked> FollowPage(const Room& room, const Call& call) {
  const CursorPtr cursor = TRY(room.cursors->Find(call.page, call.viewer().account));
  if (cursor->kind != Kind::kSearchType || cursor->type != call.type) {
    return MakeError(ErrorCode::kIncorrect,
                     "This page belongs to another search: follow the link as it was given.");
  }
  if (!call.query.empty())
    return MakeError(ErrorCode::kIncorrect,
                     "A page takes no further parameters: follow the link as it was given.");
  TRY(room.engine().Pin(cursor->position));
  return SearchAsked{cursor->query, cursor->position, cursor->search_cursor};
}

Result<SearchAsked> FirstPage(const Room& room, const Call& call) {
  search::ParseOptions options;
  options.lenient = call.prefer.lenient;
  options.count_default = kPageCountDefault;
  options.count_max = kPageCountMax;
  options.timezone_offset_min = room.context.timezone_offset_min;
  options.own_base = call.request.base_url;
  options.now_us = room.context.clock->NowUs();
  search::Query query = TRY(search::ParseQuery(*room.definitions, call.type, call.query, options));
  return SearchAsked{std::make_shared<const search::Query>(std::move(query)), room.engine().Head(), {}};
}

void AddWarnings(const search::Query& query, BundleWriter* bundle) {
  if (query.ignored.empty()) return;
  std::vector<Issue> issues = query.ignored;
  for (Issue& issue : issues) issue.severity = Severity::kWarning;
  const std::string outcome = OutcomeJson(issues);
  BundleWriter::Entry entry;
  entry.resource = outcome;
  entry.search_mode = "outcome";
  bundle->Add(entry);
}

Status AddMatches(const Room& room, const Call& call, const search::Query& query,
                  const std::vector<view::Ordinal>& ordinals, BundleWriter* bundle) {
  const Shape shape{query.summary, query.elements};
  const Texts texts = TRY(ReadMany(room, ordinals));
  std::string cut;
  if (shape.whole()) bundle->Reserve(texts.bodies);
  for (size_t i = 0; i < texts.bodies.size(); ++i) {
    BundleWriter::Entry entry;
    entry.full_url = FullUrl(call, call.type_name, texts.headers[i].id);
    entry.resource = texts.bodies[i];
    if (!shape.whole()) {
      cut.clear();
      TRY(AppendShaped(*room.definitions, shape, texts.bodies[i], &cut));
      entry.resource = cut;
    }
    entry.search_mode = "match";
    bundle->Add(entry);
  }
  return {};
}

}  // namespace

Result<Response> SearchType(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  SearchAsked asked = call.page.empty() ? TRY(FirstPage(room, call)) : TRY(FollowPage(room, call));
  const search::Query& query = *asked.query;
  search::PageRequest request = ScopedRequest(room, call, asked.position, query.count);
  request.cursor = asked.search_cursor;
  search::Page page;
  if (query.summary == search::Summary::kCount || query.count == 0) {
    page.total = TRY(room.index().Count(query, request));
  } else {
    page = TRY(room.index().Search(query, request));
  }
  std::string body;
  BundleWriter bundle(&body, "searchset");
  if (page.total) bundle.Total(*page.total);
  const std::string path = "/" + call.type_name;
  bundle.Link("self", call.page.empty()
                          ? fmt::format("{}{}{}{}", call.request.base_url, path,
                                        query.self.empty() ? "" : "?", query.self)
                          : fmt::format("{}{}?_page={}", call.request.base_url, path, call.page));
  if (!page.next_cursor.empty()) {
    TRY(room.engine().Pin(asked.position));
    Cursor next;
    next.kind = Kind::kSearchType;
    next.type = call.type;
    next.position = asked.position;
    next.query = asked.query;
    next.search_cursor = page.next_cursor;
    bundle.Link("next", PageLink(room, call, path, std::move(next)));
  }
  TRY(AddMatches(room, call, query, page.ordinals, &bundle));
  if (call.page.empty()) AddWarnings(query, &bundle);
  bundle.End();
  return JsonResponse(call, std::move(body), "search");
}

Result<Response> SearchSystem(const Room& room, const Call& call) {
  (void)room;
  (void)call;
  return Refusal(400, "not-supported",
                 "Search across all types is not offered yet: search one type, as in Patient?identifier=…");
}

}  // namespace tk::interaction
