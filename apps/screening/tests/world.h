// For tests of this app: its context on the real engine with a person index.
#pragma once

#include <fmt/format.h>

#include "apps/screening/entry.h"
#include "kernel/app/app.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::screening {

class ScreeningWorld : public interaction::PersonsTest {
 protected:
  void SetUp() override {
    PersonsTest::SetUp();
    context_.engine = engine_.get();
    context_.interactions = interactions_.get();
    context_.clock = &clock_;
    context_.settings = R"({"fever_limit_cel":37.3,"daily_report_minute":480})";
  }
  interaction::Request Asking(interaction::Method method, std::vector<std::string> path,
                              std::string body = {}, std::string query = {}) {
    interaction::Request request = Make(method, "x", body);
    request.path = std::move(path);
    request.query = std::move(query);
    request.request_id = "r" + std::to_string(++requests_);
    return request;
  }
  static interaction::Response Answered(Result<interaction::Response> answer) {
    return answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
  }
  std::string Count(const std::string& search) const {
    return interaction::At(Parsed(Get(search + "&_summary=count")), "total");
  }
  /// A viewer of an area whose post may this alone.
  std::shared_ptr<access::Viewer> With(std::string operation, std::string area = "380102") const {
    auto post = std::make_shared<access::Post>(*interaction::AdminViewer()->post);
    post->all_types = false;
    post->writes = {"Observation"};
    post->operations = {std::move(operation)};
    auto viewer = area.empty() ? std::make_shared<access::Viewer>(*interaction::AdminViewer())
                               : std::make_shared<access::Viewer>(*interaction::AreaViewer(area));
    viewer->post = std::move(post);
    return viewer;
  }

  app::Context context_;
  int requests_ = 0;
};

}  // namespace tk::screening
