// What metadata tells of operations, against what is served, both ways; the definitions themselves are sound and can be read.
#include "kernel/exchange/operations.h"

#include <gtest/gtest.h>

#include <set>

#include "kernel/exchange/test_support.h"
#include "kernel/fhir/validate.h"
#include "kernel/terminology/platform.h"

namespace tk::exchange {
namespace {

using interaction::OperationAddress;
using interaction::OperationLevel;

std::vector<OperationAddress> AllServed() {
  std::vector<OperationAddress> served = interaction::ServedOperations();
  const auto ours = Operations::Served();
  served.insert(served.end(), ours.begin(), ours.end());
  return served;
}

/// "system $why", "type Patient $match", "instance Resource $erase".
std::string NameOf(OperationLevel level, std::string_view type, std::string_view code) {
  if (level == OperationLevel::kSystem) return fmt::format("system ${}", code);
  return fmt::format("{} {} ${}", level == OperationLevel::kType ? "type" : "instance",
                     type.empty() ? "Resource" : type, code);
}

class ToldTest : public ImportTest {
 protected:
  fhir::Document Get(std::vector<std::string> path, std::string query = {}) {
    interaction::Request request;
    request.path = std::move(path);
    request.query = std::move(query);
    request.base_url = "http://test/fhir";
    request.viewer = interaction::AdminViewer();
    std::promise<interaction::Response> promise;
    interactions_->Handle(std::move(request), [&promise](interaction::Response response) {
      promise.set_value(std::move(response));
    });
    const interaction::Response response = promise.get_future().get();
    EXPECT_EQ(response.status, 200) << response.body;
    return fhir::Document::Parse(response.body).value();
  }
  /// What a list of operations of the statement says: code → url.
  static std::map<std::string, std::string> ListOf(fhir::Value operations) {
    std::map<std::string, std::string> list;
    for (const fhir::Value each : operations) list[each["name"].ToString()] = each["definition"].ToString();
    return list;
  }
};

TEST_F(ToldTest, WhatIsServedIsDefinedAndWhatIsDefinedIsServed) {
  std::set<std::string> served, defined;
  for (const OperationAddress& each : AllServed())
    served.insert(NameOf(each.level, each.type, each.name.substr(1)));
  for (const auto& known : terminology::Platform::Kernel()->all()) {
    const fhir::Value root = known->Root();
    if (root["resourceType"].ToString() != "OperationDefinition" || root["extension"].present()) continue;
    const std::string code = root["code"].ToString();
    if (root["system"].Json() == "true") defined.insert(NameOf(OperationLevel::kSystem, {}, code));
    for (const fhir::Value resource : root["resource"]) {
      if (root["type"].Json() == "true")
        defined.insert(NameOf(OperationLevel::kType, resource.ToString(), code));
      if (root["instance"].Json() == "true")
        defined.insert(NameOf(OperationLevel::kInstance, resource.ToString(), code));
    }
  }
  EXPECT_EQ(served, defined);
  EXPECT_GT(served.size(), 20u);
}

TEST_F(ToldTest, TheStatementListsEachWhereItIsServed) {
  const fhir::Document statement = Get({"metadata"});
  const fhir::Value rest = statement.Root()["rest"].At(0);
  std::map<std::string, std::map<std::string, std::string>> of_type;
  for (const fhir::Value resource : rest["resource"])
    of_type[resource["type"].ToString()] = ListOf(resource["operation"]);
  of_type[""] = ListOf(rest["operation"]);
  for (const OperationAddress& each : AllServed()) {
    const std::string code(each.name.substr(1));
    const std::string type = each.level == OperationLevel::kSystem ? std::string()
                             : each.type.empty()                   ? std::string("Basic")
                                                                   : std::string(each.type);
    EXPECT_EQ(of_type[type].count(code), 1u) << type << " " << code;
  }
  EXPECT_EQ(of_type["Basic"].count("match"), 0u);
  for (const auto& [type, operations] : of_type) {
    for (const auto& [code, url] : operations) {
      const std::string id = url.substr(url.rfind('/') + 1);
      EXPECT_EQ(Get({"OperationDefinition", id}).Root()["url"].ToString(), url) << type << " " << code;
    }
    if (type == "Patient") break;  // the others have the same ones
  }
}

TEST_F(ToldTest, EveryDefinitionIsSoundAndIsReadByIdAndByUrl) {
  std::set<std::string> told;
  const fhir::Document statement = Get({"metadata"});
  for (const fhir::Value extension : statement.Root()["rest"].At(0)["extension"])
    told.insert(extension["valueCanonical"].ToString());
  for (const auto& known : terminology::Platform::Kernel()->all()) {
    const fhir::Value root = known->Root();
    const std::string type = root["resourceType"].ToString(), id = root["id"].ToString(),
                      url = root["url"].ToString();
    const Status valid = fhir::CheckValid(*definitions_, root, {});
    EXPECT_TRUE(valid.ok()) << url << ": " << valid.error().ToString();
    EXPECT_EQ(Get({type, id}).Root()["url"].ToString(), url);
    const fhir::Document found = Get({type}, "url=" + url);
    EXPECT_EQ(found.Root()["entry"].size(), 1u) << url;
    EXPECT_EQ(found.Root()["entry"].At(0)["resource"]["id"].ToString(), id);
    const bool listed = type != "OperationDefinition" || root["extension"].present();
    EXPECT_EQ(told.count(url), listed ? 1u : 0u) << url;
  }
  const fhir::Document none =
      Get({"OperationDefinition"}, "url=http://tongkang.dev/fhir/OperationDefinition/none");
  EXPECT_FALSE(none.Root()["entry"].present());
}

TEST_F(ToldTest, WhatIsStoredGoesBeforeWhatIsKnown) {
  Put("CodeSystem", "area-level",
      R"({"resourceType":"CodeSystem","id":"area-level","url":"http://tongkang.dev/fhir/CodeSystem/area-level","status":"draft","content":"not-present"})");
  EXPECT_EQ(Get({"CodeSystem", "area-level"}).Root()["status"].ToString(), "draft");
  const fhir::Document found = Get({"CodeSystem"}, "url=http://tongkang.dev/fhir/CodeSystem/area-level");
  EXPECT_EQ(found.Root()["entry"].size(), 1u);
  EXPECT_EQ(found.Root()["entry"].At(0)["resource"]["status"].ToString(), "draft");
}

TEST_F(ToldTest, OurExtensionsAreCheckedWhereTheyStand) {
  const auto put = [this](const std::string& value) {
    return Send(
               interaction::Method::kPut, "Location", "x",
               R"({"resourceType":"Location","id":"x","extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/area-validity",)" +
                   value + "}]}")
        .status;
  };
  EXPECT_EQ(put(R"("valuePeriod":{"start":"2024-01-01"})"), 201);
  EXPECT_EQ(put(R"("valueString":"2024")"), 422);
}

}  // namespace
}  // namespace tk::exchange
