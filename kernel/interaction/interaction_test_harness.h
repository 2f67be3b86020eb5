// Interactions on the real engine and index in a temporary folder, with a clock that stands still until it is moved; calls wait for
// their answer.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <future>
#include <map>

#include "kernel/base/random.h"
#include "kernel/interaction/interaction.h"
#include "kernel/person/person_view.h"
#include "kernel/rules/rule.h"
#include "kernel/rules/watch_view.h"
#include "kernel/search/test_engine.h"
#include "kernel/workflow/move.h"
#include "kernel/workflow/timer_view.h"

namespace tk::interaction {

inline std::shared_ptr<access::Viewer> AdminViewer() {
  auto post = std::make_shared<access::Post>();
  post->name = "admin";
  post->all_types = true;
  post->reads = post->writes = post->deletes = post->operations = {"*"};
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = "admin";
  viewer->post = std::move(post);
  return viewer;
}

/// A post with everything, in one area only.
inline std::shared_ptr<access::Viewer> AreaViewer(std::string_view area, std::string account = "township") {
  auto viewer = AdminViewer();
  viewer->account = std::move(account);
  viewer->area = std::string(area);
  const auto range = view::AreaRange(area).value();
  viewer->scope.everything = false;
  viewer->scope.area_low = range.first;
  viewer->scope.area_high = range.second;
  return viewer;
}

/// Members of a JSON answer, for short questions: At(doc, "entry.0.response.status").
inline std::string At(const fhir::Document& document, std::string_view path) {
  fhir::Value value = document.Root();
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    size_t number = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), number);
    value = parsed.ec == std::errc() ? value.At(number) : value[part];
  }
  return value.is_string() ? value.ToString() : std::string(value ? value.Json() : std::string_view());
}

class InteractionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-interaction-" + NewUuid());
    std::filesystem::create_directories(folder_);
    Open();
  }
  void TearDown() override {
    Close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Open() {
    const auto add_views = [this](const view::Directory& directory, const HashKey& key,
                                  std::vector<std::unique_ptr<view::View>>* views) {
      if (shelf_ != nullptr) {
        auto timers = std::make_unique<workflow::TimerView>();
        timers_ = timers.get();
        views->push_back(std::move(timers));
      }
      if (with_persons_) {
        person::PersonViewOptions options;
        options.definitions = definitions_;
        options.hash_key = key;
        options.directory = &directory;
        auto made = std::make_unique<person::PersonView>(options);
        persons_ = made.get();
        views->push_back(std::move(made));
      }
      if (alert_rules_ != nullptr) {
        auto made =
            std::make_unique<rules::WatchView>(rules::WatchViewOptions{definitions_, key, &directory, 480});
        watch_ = made.get();
        views->push_back(std::move(made));
      }
    };
    auto engine = search::OpenTestEngine(folder_, &clock_, &index_, definitions_, add_views, hidden_marks_);
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
    Context context;
    context.engine = engine_.get();
    context.index = index_;
    context.clock = &clock_;
    context.software_version = "test";
    context.persons = persons_;
    context.workflows = shelf_;
    context.watch = watch_;
    context.watch_slot = 1 + (shelf_ != nullptr ? 1 : 0) + (with_persons_ ? 1 : 0);
    context.alert_rules = alert_rules_;
    interactions_ = std::make_unique<Interactions>(context);
  }
  void Close() {
    interactions_.reset();
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
  }

  Request Make(Method method, std::string_view target, std::string body = {}) const {
    Request request;
    request.method = method;
    const size_t mark = target.find('?');
    if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
    std::string_view path = target.substr(0, mark);
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find('/'));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      request.path.emplace_back(part);
    }
    request.body = std::move(body);
    if (!request.body.empty())
      request.content_type =
          method == Method::kPatch ? "application/json-patch+json" : "application/fhir+json";
    request.base_url = "http://test/fhir";
    request.viewer = viewer_;
    return request;
  }
  Response Send(Request request) const {
    auto promise = std::make_shared<std::promise<Response>>();
    auto future = promise->get_future();
    interactions_->Handle(std::move(request),
                          [promise](Response response) { promise->set_value(std::move(response)); });
    return future.get();
  }
  Response Get(std::string_view target) const { return Send(Make(Method::kGet, target)); }
  Response Post(std::string_view target, std::string body) const {
    return Send(Make(Method::kPost, target, std::move(body)));
  }
  Response Put(std::string_view target, std::string body) const {
    return Send(Make(Method::kPut, target, std::move(body)));
  }
  Response Patch(std::string_view target, std::string body) const {
    return Send(Make(Method::kPatch, target, std::move(body)));
  }
  Response Delete(std::string_view target) const { return Send(Make(Method::kDelete, target)); }

  static fhir::Document Parsed(const Response& response) {
    auto document = fhir::Document::Parse(response.body);
    EXPECT_TRUE(document.ok()) << response.body;
    return document.ok() ? std::move(document).value() : fhir::Document();
  }
  /// Path of the first issue of a refusal; every refusal must be an OperationOutcome.
  static std::string IssuePath(const Response& response) {
    const fhir::Document document = Parsed(response);
    EXPECT_EQ(At(document, "resourceType"), "OperationOutcome") << response.body;
    return At(document, "issue.0.expression.0");
  }
  /// "http://test/fhir/Patient/1/_history/1" → "1".
  static std::string IdOf(const Response& response) {
    const size_t end = response.location.find("/_history");
    return end == std::string::npos
               ? std::string()
               : response.location.substr(response.location.rfind('/', end - 1) + 1,
                                          end - response.location.rfind('/', end - 1) - 1);
  }
  /// The target of the "next" link, relative to the base; "" if there is none.
  static std::string NextOf(const Response& response) {
    const fhir::Document document = Parsed(response);
    for (const fhir::Value link : document.Root()["link"]) {
      if (link["relation"].ToString() != "next") continue;
      const std::string next = link["url"].ToString().substr(std::string_view("http://test/fhir").size());
      return next.starts_with('/') ? next.substr(1) : next;  // of several types it begins with ?
    }
    return {};
  }
  /// Ids of what was found on all pages, in their order; what was included begins with +.
  std::string Ids(Response response) const {
    std::string ids;
    for (int pages = 0; pages < 20; ++pages) {
      if (response.status != 200) return "[" + std::to_string(response.status) + "]";
      const fhir::Document document = Parsed(response);
      for (const fhir::Value entry : document.Root()["entry"]) {
        const std::string mode = entry["search"]["mode"].ToString();
        if (mode == "outcome") continue;
        ids += (ids.empty() ? "" : " ") + std::string(mode == "include" ? "+" : "") +
               entry["resource"]["id"].ToString();
      }
      const std::string next = NextOf(response);
      if (next.empty()) return ids;
      response = Get(next);
    }
    return "[no end]";
  }
  std::string Ids(std::string_view target) const { return Ids(Get(target)); }
  static std::string PatientJson(std::string_view id, std::string_view family = "Test",
                                 std::string_view area = {}) {
    std::string json = R"({"resourceType":"Patient")";
    if (!id.empty()) json += R"(,"id":")" + std::string(id) + "\"";
    if (!area.empty())
      json += R"(,"meta":{"tag":[{"system":")" + std::string(view::kAreaSystem) + R"(","code":")" +
              std::string(area) + R"("}]})";
    return json + R"(,"name":[{"family":")" + std::string(family) + R"("}]})";
  }

  std::filesystem::path folder_;
  std::shared_ptr<const fhir::Definitions> definitions_ = fhir::Definitions::R4();
  FixedClock clock_{Instant{1'700'000'000} * kSecondUs};
  std::shared_ptr<const access::Viewer> viewer_ = AdminViewer();
  search::Index* index_ = nullptr;
  view::HiddenMarks hidden_marks_;         // none: what is hidden is looked up in texts
  bool with_persons_ = false;              // set in the constructor of tests that need the person index
  person::PersonView* persons_ = nullptr;  // the engine's
  std::shared_ptr<workflow::Shelf>
      shelf_;  // set in the constructor of tests with workflows and without persons
  workflow::TimerView* timers_ = nullptr;            // the engine's, then
  std::shared_ptr<rules::SharedRules> alert_rules_;  // the same of tests that need the watch-list
  rules::WatchView* watch_ = nullptr;                // the engine's
  std::unique_ptr<view::Engine> engine_;
  std::unique_ptr<Interactions> interactions_;
};

}  // namespace tk::interaction
