// For tests of this app: its operations on the real engine with its own types and a person index.
#pragma once

#include <fmt/format.h>

#include "apps/roster/tables.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::app {
Result<std::unique_ptr<Operations>> MakeOperationsOf_roster(const Context& context);
}

namespace tk::roster {

inline const app::Pack& ThisPack() {
  for (const app::Pack& pack : app::InstalledPacks()) {
    if (pack.id == "roster") return pack;
  }
  std::abort();
}

class RosterWorld : public interaction::PersonsTest {
 protected:
  void SetUp() override {
    definitions_ = app::LoadDefinitions({&ThisPack(), 1}, {}).value();
    PersonsTest::SetUp();
    context_.engine = engine_.get();
    context_.index = index_;
    context_.interactions = interactions_.get();
    context_.clock = &clock_;
    context_.settings = ThisPack().Find("settings.json")->content;
    operations_ = app::MakeOperationsOf_roster(context_).value();
    today_ = Today(context_);
    for (const auto& [id, name] : {std::pair("school", "一中"), std::pair("works", "一厂")}) {
      ASSERT_LT(Put(fmt::format("Organization/{}", id),
                    fmt::format(R"({{"resourceType":"Organization","id":"{}","name":"{}"}})", id, name))
                    .status,
                300);
    }
  }
  void TearDown() override {
    operations_.reset();
    PersonsTest::TearDown();
  }
  /// A viewer whose post may this alone; of an organization, or "".
  static std::shared_ptr<access::Viewer> Who(std::string operation, const std::string& organization = {},
                                             const std::string& area = {}) {
    auto viewer = area.empty() ? interaction::AdminViewer() : interaction::AreaViewer(area);
    auto post = std::make_shared<access::Post>(*viewer->post);
    post->all_types = false;
    post->reads = post->writes = {};
    post->operations = {std::move(operation)};
    viewer->post = std::move(post);
    if (!organization.empty()) viewer->organization = "Organization/" + organization;
    return viewer;
  }
  interaction::Response Ask(const std::shared_ptr<access::Viewer>& viewer, interaction::Method method,
                            const std::string& name, const std::string& query = {}, std::string body = {}) {
    interaction::Request request = Make(method, "x", std::move(body));
    request.path = {name};
    request.query = query;
    request.viewer = viewer;
    request.request_id = "r" + std::to_string(++requests_);
    if (method == interaction::Method::kPost)
      request.content_type = name == "self" || name == "membership" ? "application/json" : "text/csv";
    interaction::Response answer;
    operations_->Handle(std::move(request),
                        [&](interaction::Response response) { answer = std::move(response); });
    return answer;
  }
  /// "rows/added/changed/unchanged/refused" of a table by the contact of the school, or "[403]".
  std::string Send(const std::string& name, const std::string& table,
                   const std::string& organization = "school") {
    last_ = Ask(Who("roster-keep", organization), interaction::Method::kPost, name, {}, table);
    if (last_.status != 200) return fmt::format("[{}]", last_.status);
    const fhir::Document told = Parsed(last_);
    return fmt::format("{}/{}/{}/{}/{}", interaction::At(told, "rows"), interaction::At(told, "added"),
                       interaction::At(told, "changed"), interaction::At(told, "unchanged"),
                       interaction::At(told, "refused"));
  }
  fhir::Document Read(const std::string& name, const std::string& query = {},
                      const std::shared_ptr<access::Viewer>& viewer = Who("roster-keep", "school")) {
    last_ = Ask(viewer, interaction::Method::kGet, name, query);
    return Parsed(last_);
  }
  /// "roster/reported/missing/exceptions" of the school.
  std::string DayOf(const std::string& query = {}) {
    const fhir::Document told = Read("day", query);
    return fmt::format("{}/{}/{}/{}", interaction::At(told, "roster"), interaction::At(told, "reported"),
                       interaction::At(told, "missing"), interaction::At(told, "exceptions.all"));
  }
  /// Names of a list of the school's, in their order.
  std::string Names(const std::string& list, const std::string& query = {}) {
    const fhir::Document told = Read(list, query);
    std::string names;
    for (const fhir::Value row : told.Root()["rows"])
      names += (names.empty() ? "" : " ") + row["name"].ToString();
    return names;
  }
  std::string Count(const std::string& search) const {
    return interaction::At(Parsed(Get(search + "&_summary=count")), "total");
  }
  /// The resident of this Patient ("Patient/1").
  static std::shared_ptr<access::Viewer> Himself(const std::string& patient) {
    auto viewer = Who("roster-self");
    viewer->record = patient;
    return viewer;
  }
  /// Whose record the member with this number at the organization is.
  std::string PatientOf(const std::string& organization, const std::string& number = {}) const {
    return interaction::At(Parsed(Get(fmt::format("RosterMember?organization=Organization/{}{}", organization,
                                                  number.empty() ? "" : "&number=" + number))),
                           "entry.0.resource.subject.reference");
  }
  /// He agrees, or refuses, to be on the organization's roster. The status of the answer.
  int Says(const std::string& patient, const std::string& organization, bool agrees) {
    const fhir::Document rosters = Read("self", {}, Himself(patient));
    for (const fhir::Value roster : rosters.Root()["rosters"]) {
      if (roster["organization"].ToString() != "Organization/" + organization) continue;
      last_ = Ask(Himself(patient), interaction::Method::kPost, "membership", {},
                  fmt::format(R"({{"member":"{}","agrees":{}}})", roster["member"].ToString(), agrees));
      return last_.status;
    }
    return 0;
  }
  static std::string NumberOf(int sequence) { return interaction::ResidentIdOf("19800102", sequence); }

  app::Context context_;
  std::unique_ptr<app::Operations> operations_;
  interaction::Response last_;
  std::string today_;
  int requests_ = 0;
};

}  // namespace tk::roster
