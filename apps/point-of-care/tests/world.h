// A city with a watch-list: the pack's own types and alert rules, persons, and what tests ask of both.
#pragma once

#include <fmt/format.h>

#include "kernel/app/app.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::point_of_care {

using interaction::At;
using interaction::Response;

inline const app::Pack& ThisPack() {
  for (const app::Pack& pack : app::InstalledPacks()) {
    if (pack.id == "point-of-care") return pack;
  }
  CHECK(false);
}

class WatchWorld : public interaction::PersonsTest {
 protected:
  WatchWorld() {
    definitions_ = app::LoadDefinitions({&ThisPack(), 1}, {}).value();
    auto loaded = app::LoadPack(*definitions_, ThisPack());
    CHECK(loaded.ok());
    alert_rules_ = std::make_shared<rules::SharedRules>(std::move(loaded->alerts));
  }

  static std::string ListJson(std::string_view id, std::string_view more = {},
                              std::string_view status = "active") {
    return fmt::format(
        R"({{"resourceType":"WatchList","id":"{}","status":"{}","name":"{}","title":"隔离期未满人员","publisher":"疾控中心","level":"critical","text":"在筛人员","instruction":"做好防护，询问流行病学史"{}}})",
        id, status, id, more);
  }
  static std::string EntryJson(std::string_view id, std::string_view patient, std::string_view more = {},
                               std::string_view status = "active") {
    return fmt::format(
        R"({{"resourceType":"WatchEntry","id":"{}","status":"{}","list":{{"reference":"WatchList/cdc"}},"subject":{{"reference":"Patient/{}"}},"reason":{{"text":"密切接触者"}}{}}})",
        id, status, patient, more);
  }
  static std::string VisitJson(std::string_view patient, std::string_view status = "arrived",
                               std::string_view id = {}) {
    return fmt::format(
        R"({{"resourceType":"Encounter"{},"status":"{}","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}},"subject":{{"reference":"Patient/{}"}}}})",
        id.empty() ? std::string() : fmt::format(R"(,"id":"{}")", id), status, patient);
  }
  void Must(const Response& response) const { ASSERT_LT(response.status, 300) << response.body; }
  void SetUp() override {
    PersonsTest::SetUp();
    Must(Put("WatchList/cdc", ListJson("cdc")));
    Must(Put("Patient/a", PatientJson("a", "甲")));
    Must(Put("Patient/b", PatientJson("b", "乙")));
  }
  Response Register(std::string_view patient, std::string_view status = "arrived") const {
    return Post("Encounter", VisitJson(patient, status));
  }
  Response Listed(std::string_view id, std::string_view patient, std::string_view more = {},
                  std::string_view status = "active") const {
    return Put("WatchEntry/" + std::string(id), EntryJson(id, patient, more, status));
  }
  static std::vector<std::string> LinksOf(const Response& response) {
    std::vector<std::string> links;
    for (const auto& [name, value] : response.headers) {
      if (name == "Link") links.push_back(value);
    }
    return links;
  }
  /// How many alerts there are, by a search.
  size_t Alerts(std::string_view more = {}) const {
    const fhir::Document found = Parsed(Get("Flag?_count=500" + std::string(more)));
    return found.Root()["entry"].size();
  }
};

}  // namespace tk::point_of_care
