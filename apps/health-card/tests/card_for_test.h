// The health card on the real engine, with the person index, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "kernel/access/policies.h"
#include "kernel/app/app.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/interaction/interaction.h"
#include "kernel/person/identifier.h"
#include "kernel/person/person_view.h"
#include "kernel/search/test_engine.h"

namespace tk::app {
Result<std::unique_ptr<Operations>> MakeOperationsOf_health_card(const Context& context);
}

namespace tk::health_card {

inline std::string ResidentId(std::string_view body) {
  return std::string(body) + person::ResidentCheckDigit(body);
}

class HealthCard : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tk-card-" + NewUuid());
    std::filesystem::create_directories(folder_);
    for (const app::Pack& pack : app::InstalledPacks()) {
      if (pack.id == "health-card") settings_ = pack.Find("settings.json")->content;
    }
    Open();
    admin_ = ViewerOf({"*"}, {"*"});
    Put(R"({"resourceType":"Patient","id":"ada","name":[{"text":"欧阳小文"}],"identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
        ada_ + R"("}],"meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380102"}]}})");
  }
  void TearDown() override {
    Close();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    auto definitions = app::LoadDefinitions(app::InstalledPacks(), "");
    ASSERT_TRUE(definitions.ok()) << definitions.error().external;
    const auto add_persons = [&, this](const view::Directory& directory, const HashKey& key,
                                       std::vector<std::unique_ptr<view::View>>* views) {
      person::PersonViewOptions options;
      options.definitions = *definitions;
      options.hash_key = key;
      options.directory = &directory;
      auto persons = std::make_unique<person::PersonView>(options);
      persons_ = persons.get();
      views->push_back(std::move(persons));
    };
    auto engine = search::OpenTestEngine(folder_, &clock_, &index_, *definitions, add_persons);
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
    interaction::Context asked;
    asked.engine = engine_.get();
    asked.index = index_;
    asked.clock = &clock_;
    asked.persons = persons_;
    interactions_ = std::make_unique<interaction::Interactions>(asked);
    app::Context context;
    context.interactions = interactions_.get();
    context.engine = engine_.get();
    context.index = index_;
    context.clock = &clock_;
    context.folder = folder_ / "app";
    context.settings = settings_;
    auto made = app::MakeOperationsOf_health_card(context);
    ASSERT_TRUE(made.ok()) << made.error().external;
    operations_ = std::move(made).value();
  }
  void Close() {
    operations_.reset();
    interactions_.reset();
    engine_->Stop();
    engine_.reset();
  }

  static std::shared_ptr<access::Viewer> ViewerOf(std::vector<std::string> operations,
                                                  std::vector<std::string> reads) {
    auto post = std::make_shared<access::Post>();
    post->all_types = reads == std::vector<std::string>{"*"};
    post->reads = std::move(reads);
    post->operations = std::move(operations);
    auto viewer = std::make_shared<access::Viewer>();
    viewer->account = "desk";
    viewer->post = std::move(post);
    return viewer;
  }
  std::shared_ptr<access::Viewer> InArea(std::shared_ptr<access::Viewer> viewer,
                                         std::string_view area) const {
    const auto range = view::AreaRange(area).value();
    viewer->scope.everything = false;
    viewer->scope.area_low = range.first;
    viewer->scope.area_high = range.second;
    return viewer;
  }
  std::shared_ptr<access::Viewer> Resident(std::string_view patient) const {
    auto post = std::make_shared<access::Post>();
    post->name = "resident";
    post->reads = {"Patient"};
    post->operations = {"health-card-present"};
    auto viewer = std::make_shared<access::Viewer>();
    viewer->account = "of-" + std::string(patient);
    viewer->post = std::move(post);
    viewer->policies = access::Policies::BuiltIn();
    viewer->kind = access::AccountKind::kResident;
    viewer->patient = patient;
    viewer->record = "Patient/" + viewer->patient;
    viewer->bound_us = clock_.NowUs();
    viewer->scope.everything = false;
    viewer->scope.only_owner = engine_->keys().Find("Patient/" + std::string(patient)).value();
    return viewer;
  }

  /// A version of a resource, past the interactions.
  void Put(const std::string& json) {
    auto document = fhir::Document::Parse(json);
    ASSERT_TRUE(document.ok()) << json;
    const std::string type = document->Root()["resourceType"].ToString(),
                      id = document->Root()["id"].ToString();
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = engine_->Head();
    const auto current = engine_->directory().Current(engine_->IdHash(type, id), set->basis);
    view::Change change;
    if (current.ordinal != 0) change.before = engine_->Read(current.ordinal).value();
    auto made =
        view::MakeResource(engine_->definitions(), std::move(document).value(), current.version + 1,
                           current.version == 0 ? view::Operation::kCreate : view::Operation::kUpdate);
    ASSERT_TRUE(made.ok());
    change.now = *made;
    set->changes.push_back(std::move(change));
    ASSERT_TRUE(engine_->Prepare(set.get()).ok());
    std::promise<uint64_t> done;
    engine_->Submit(std::move(set), [&done](view::Outcome outcome) {
      done.set_value(outcome.commit.ok() ? outcome.commit->t : 0);
    });
    const uint64_t t = done.get_future().get();
    ASSERT_NE(t, 0u);
    // What facts open follows the log by some ms.
    ASSERT_TRUE(interactions_ == nullptr || interactions_->KnowsFactsOf(t, 10'000));
  }

  interaction::Response Ask(std::string_view what, std::string body,
                            std::shared_ptr<const access::Viewer> viewer = {}) {
    interaction::Request request;
    request.method = interaction::Method::kPost;
    request.path = {std::string(what)};
    request.body = std::move(body);
    request.content_type = "application/json";
    request.viewer = interactions_->Seen(viewer != nullptr ? std::move(viewer) : admin_)
                         .value();  // as the runtime gives them
    std::promise<interaction::Response> promise;
    operations_->Handle(std::move(request), [&promise](interaction::Response response) {
      promise.set_value(std::move(response));
    });
    return promise.get_future().get();
  }
  /// A member of the answer, by dots.
  static std::string At(const interaction::Response& response, std::string_view path) {
    const auto document = fhir::Document::Parse(response.body);
    if (!document.ok()) return "no JSON: " + response.body;
    fhir::Value value = document->Root();
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find('.'));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      value = part[0] >= '0' && part[0] <= '9' ? value.At(static_cast<size_t>(part[0] - '0')) : value[part];
    }
    return value.is_string() ? value.ToString() : std::string(value ? value.Json() : std::string_view());
  }
  interaction::Response IssueTo(const std::string& id, const std::string& identity) {
    return Ask("issue", R"({"patient":"Patient/)" + id + R"(","identity":")" + identity + "\"}");
  }
  std::string CodeOf(std::string_view what = "present", std::string_view patient = "ada") {
    const auto answer = Ask(what, R"({"patient":"Patient/)" + std::string(patient) + "\"}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return At(answer, "code");
  }
  interaction::Response VerifyCode(const std::string& code, std::string_view purpose = "registration",
                                   std::shared_ptr<const access::Viewer> viewer = {}) {
    return Ask("verify", R"({"code":")" + code + R"(","purpose":")" + std::string(purpose) + "\"}",
               std::move(viewer));
  }
  std::string VerdictFor(const std::string& code, std::string_view purpose = "registration") {
    return At(VerifyCode(code, purpose), "verdict");
  }

  const std::string ada_ = ResidentId("38010119900307123");
  const std::string issue_ada_ = R"({"patient":"Patient/ada"})";
  FixedClock clock_{1'795'000'000 * kSecondUs};
  std::filesystem::path folder_;
  std::string settings_;
  search::Index* index_ = nullptr;
  std::unique_ptr<view::Engine> engine_;
  person::PersonView* persons_ = nullptr;  // the engine's
  std::unique_ptr<interaction::Interactions> interactions_;
  std::unique_ptr<app::Operations> operations_;
  std::shared_ptr<access::Viewer> admin_;
};

}  // namespace tk::health_card
