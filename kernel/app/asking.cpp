#include "kernel/app/asking.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>

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

std::vector<uint32_t> AuditOwnersOf(const Context& context, const std::vector<std::string>& patients) {
  const view::Engine& engine = *context.engine;
  const view::Position head = engine.Head();
  std::vector<uint32_t> owners;
  for (const std::string& patient : patients) {
    if (patient.empty()) continue;
    const auto version = engine.directory().Current(engine.IdHash("Patient", patient), head);
    if (version.ordinal != 0) owners.push_back(engine.directory().Get(version.ordinal).owner);
  }
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  return owners;
}

std::shared_ptr<const access::Viewer> PlatformViewer() {
  auto post = std::make_shared<access::Post>();
  post->name = "platform";
  post->all_types = true;
  post->reads = post->writes = {"*"};
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = "platform";
  viewer->post = std::move(post);
  return viewer;
}

interaction::Response Ask(const interaction::Interactions& interactions, interaction::Request request) {
  auto promise = std::make_shared<std::promise<interaction::Response>>();
  auto future = promise->get_future();
  interactions.Handle(std::move(request),
                      [promise](interaction::Response response) { promise->set_value(std::move(response)); });
  return future.get();
}

interaction::Response JsonAnswer(int status, std::string body) {
  interaction::Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "application/json; charset=utf-8";
  return response;
}

}  // namespace tk::app
