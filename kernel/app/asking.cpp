#include "kernel/app/asking.h"

#include <fmt/format.h>

namespace tk::app {

Result<std::vector<view::Ordinal>> FindAll(const Context& context, std::string_view type,
                                           const std::string& criteria, const view::Scope& scope,
                                           const view::Position& position, size_t max) {
  constexpr size_t kPageSize = 1000;
  const auto definitions = context.index->definitions();
  const search::Query query =
      TRY(search::ParseQuery(definitions, definitions->FindType(type), criteria, search::ParseOptions{}));
  search::PageRequest request;
  request.position = position;
  request.scope = scope;
  request.count = kPageSize;
  request.read = [engine = context.engine](view::Ordinal ordinal) { return engine->Read(ordinal); };
  std::vector<view::Ordinal> all;
  for (;;) {
    const search::Page page = TRY(context.index->Search(query, request));
    all.insert(all.end(), page.ordinals.begin(), page.ordinals.end());
    if (all.size() > max)
      return MakeError(ErrorCode::kTooLarge, fmt::format("More than {} {} are asked for.", max, type));
    if (page.next_cursor.empty()) return all;
    request.cursor = page.next_cursor;
  }
}

interaction::Response JsonAnswer(int status, std::string body) {
  interaction::Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "application/json; charset=utf-8";
  return response;
}

}  // namespace tk::app
