// For this room's tests: the real engine with index and areas, on SQLite in a folder of the test's.
#pragma once

#include <fmt/format.h>

#include "kernel/exchange/table_import.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::exchange {

using interaction::At;

class ImportTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-import-" + NewUuid());
    view::EngineOptions options;
    options.folder = options.log.folder = folder_;
    options.definitions = definitions_;
    options.clock = &clock_;
    auto engine = view::Engine::Create(options, [&](const view::Directory& directory, const HashKey& key) {
      search::IndexOptions index;
      index.folder = folder_ / "views/search";
      index.hash_key = key;
      std::vector<std::unique_ptr<view::View>> views;
      views.push_back(search::Index::CreateRebuildable(definitions_, index, &directory));
      auto made = std::make_unique<geo::AreaView>(definitions_);
      areas_ = made.get();
      views.push_back(std::move(made));
      return views;
    });
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
    interaction::Context context;
    context.engine = engine_.get();
    context.index = static_cast<search::Index*>(&engine_->view(0));
    context.clock = &clock_;
    interactions_ = std::make_unique<interaction::Interactions>(context);
  }
  void TearDown() override {
    interactions_.reset();
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  ImportContext context() const { return {engine_.get(), areas_, interactions_.get()}; }
  /// "4 rows: 1+ 1~ 1= 1!": added, changed, unchanged, refused.
  static std::string Told(const ImportReport& report) {
    return fmt::format("{} rows: {}+ {}~ {}= {}!", report.rows, report.added, report.changed,
                       report.unchanged, report.refused);
  }
  interaction::Response Send(interaction::Method method, std::string type, std::string id, std::string body) {
    interaction::Request request;
    request.method = method;
    request.path = {std::move(type), std::move(id)};
    request.body = std::move(body);
    if (!request.body.empty()) request.content_type = "application/fhir+json";
    request.base_url = "http://test/fhir";
    request.viewer = interaction::AdminViewer();
    std::promise<interaction::Response> promise;
    interactions_->Handle(std::move(request), [&promise](interaction::Response response) {
      promise.set_value(std::move(response));
    });
    return promise.get_future().get();
  }
  void Put(std::string type, std::string id, std::string body) {
    const auto answer = Send(interaction::Method::kPut, std::move(type), std::move(id), std::move(body));
    ASSERT_LT(answer.status, 300) << answer.body;
  }
  void Delete(std::string type, std::string id) {
    ASSERT_LT(Send(interaction::Method::kDelete, std::move(type), std::move(id), {}).status, 300);
  }
  fhir::Document Stored(std::string type, std::string id) {
    const auto answer = Send(interaction::Method::kGet, std::move(type), std::move(id), {});
    auto document = fhir::Document::Parse(answer.body);
    EXPECT_TRUE(document.ok());
    return document.ok() ? std::move(document).value() : fhir::Document();
  }

  std::filesystem::path folder_;
  std::shared_ptr<const fhir::Definitions> definitions_ = fhir::Definitions::R4();
  FixedClock clock_{Instant{1'795'000'000} * kSecondUs};
  geo::AreaView* areas_ = nullptr;
  std::unique_ptr<view::Engine> engine_;
  std::unique_ptr<interaction::Interactions> interactions_;
};

}  // namespace tk::exchange
