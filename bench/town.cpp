#include "bench/town.h"

#include <future>

#include "kernel/access/viewer.h"
#include "kernel/search/test_engine.h"

namespace tk::bench {
namespace {

using interaction::Method;

/// A post that may do all, in one area; "" = everywhere.
std::shared_ptr<const access::Viewer> ViewerOf(std::string_view area) {
  auto post = std::make_shared<access::Post>();
  post->name = "doctor";
  post->all_types = true;
  post->reads = post->writes = post->deletes = post->operations = {"*"};
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = "hot";
  viewer->post = std::move(post);
  viewer->area = std::string(area);
  if (area.empty()) return viewer;
  const auto range = view::AreaRange(area).value();
  viewer->scope.everything = false;
  viewer->scope.area_low = range.first;
  viewer->scope.area_high = range.second;
  return viewer;
}

std::string Between(std::string_view text, std::string_view mark) {
  const size_t from = text.find(mark);
  CHECK(from != std::string_view::npos);
  return std::string(
      text.substr(from + mark.size(), text.find('"', from + mark.size()) - from - mark.size()));
}

}  // namespace

Town::Town(uint64_t persons) : folder_(std::filesystem::temp_directory_path() / ("tk-hot-" + NewUuid())) {
  std::filesystem::create_directories(folder_ / "views/search");
  engine_ = search::OpenTestEngine(folder_, &clock_, &index_).value();
  interaction::Context context;
  context.engine = engine_.get();
  context.index = index_;
  context.clock = &clock_;
  interactions_ = std::make_unique<interaction::Interactions>(context);
  viewer_ = ViewerOf("");
  std::string bundle;
  for (uint64_t next = 0; next < persons;) {
    city_.NextBundle(&next, persons, &bundle);
    CHECK(Send(Method::kPost, "", "", bundle).status == 200);
  }
  const interaction::Response found = Send(Method::kGet, "Observation", "_count=1", "");
  observation_ = Between(found.body, R"("id":")");
  patient_ = Between(found.body, R"("reference":"Patient/)");
  viewer_ = ViewerOf("3801");  // from here on as a post with an area
}

Town::~Town() {
  interactions_.reset();
  engine_->Stop();
  engine_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

interaction::Response Town::Send(Method method, std::string_view path, std::string query,
                                 std::string body) const {
  interaction::Request request;
  request.method = method;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    request.path.emplace_back(part);
  }
  request.query = std::move(query);
  request.body = std::move(body);
  if (!request.body.empty()) request.content_type = "application/fhir+json";
  request.base_url = "http://town/fhir";
  request.viewer = viewer_;
  auto promise = std::make_shared<std::promise<interaction::Response>>();
  auto future = promise->get_future();
  interactions_->Handle(std::move(request), [promise](interaction::Response response) {
    promise->set_value(std::move(response));
  });
  return future.get();
}

}  // namespace tk::bench
