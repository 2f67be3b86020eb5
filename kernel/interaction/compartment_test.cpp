// Search in a patient's compartment.
#include <algorithm>

#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class Compartments : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    Put("Patient/a", PatientJson("a", "A", "380102"));
    Put("Patient/b", PatientJson("b", "B", "380103"));
    Observe("o1", "a", "1", "2024-01-01");
    Observe("o2", "a", "2", "2024-03-01");
    Observe("o3", "a", "1", "2024-02-01");
    Observe("other", "b", "1", "2024-02-01");
    // Of b, and a performed it: both compartments have it.
    Put("Observation/both",
        R"({"resourceType":"Observation","id":"both","status":"final","code":{"coding":[{"system":"http://c","code":"1"}]},"subject":{"reference":"Patient/b"},"performer":[{"reference":"Patient/a"}],"effectiveDateTime":"2020-01-01"})");
    Put("Condition/c1",
        R"({"resourceType":"Condition","id":"c1","meta":{"tag":[{"system":"http://t","code":"x"}]},"subject":{"reference":"Patient/a"}})");
    Put("Organization/o", R"({"resourceType":"Organization","id":"o","name":"O"})");
  }
  void Observe(const std::string& id, const std::string& patient, const std::string& code,
               const std::string& date) {
    const Response made =
        Put("Observation/" + id, R"({"resourceType":"Observation","id":")" + id +
                                     R"(","status":"final","code":{"coding":[{"system":"http://c","code":")" +
                                     code + R"("}]},"subject":{"reference":"Patient/)" + patient +
                                     R"("},"effectiveDateTime":")" + date + "\"}");
    ASSERT_EQ(made.status, 201) << made.body;
  }
};

TEST_F(Compartments, OfOneTypeIsASearchOfThatType) {
  EXPECT_EQ(Ids("Patient/a/Observation"), "o2 o3 o1 both");
  EXPECT_EQ(Ids("Patient/a/Observation?_count=1"), "o2 o3 o1 both");
  EXPECT_EQ(Ids("Patient/a/Observation?code=1"), "o3 o1 both");
  EXPECT_EQ(Ids("Patient/a/Observation?code=1&_count=2"), "o3 o1 both");
  EXPECT_EQ(Ids("Patient/a/Observation?_sort=date"), "both o1 o3 o2");
  EXPECT_EQ(Ids("Patient/a/Condition"), "c1");
  EXPECT_EQ(Ids("Patient/a/Encounter"), "");
  EXPECT_EQ(At(Parsed(Get("Patient/a/Observation?_summary=count")), "total"), "4");
  const fhir::Document page = Parsed(Get("Patient/a/Observation?code=2"));
  EXPECT_EQ(At(page, "link.0.url"), "http://test/fhir/Patient/a/Observation?code=2");
  EXPECT_EQ(At(page, "entry.0.fullUrl"), "http://test/fhir/Observation/o2");
  EXPECT_EQ(Get("Patient/a/Observation?cod=2").status, 400);
}

TEST_F(Compartments, HisOwnRecordIsInIt) {
  Put("Patient/twin",
      R"({"resourceType":"Patient","id":"twin","link":[{"other":{"reference":"Patient/a"},"type":"seealso"}]})");
  EXPECT_EQ(Ids("Patient/a/Patient?_sort=_id"), "a twin");
  EXPECT_EQ(Ids("Patient/a/Patient?family=A"), "a");
  EXPECT_EQ(Ids("Patient/b/Patient"), "b");
}

TEST_F(Compartments, OfAllTypesNewestFirst) {
  EXPECT_EQ(Ids("Patient/a/*"), "c1 both o3 o2 o1 a");
  EXPECT_EQ(Ids("Patient/a/*?_count=2"), "c1 both o3 o2 o1 a");
  EXPECT_EQ(Ids("Patient/a/*?_sort=_lastUpdated"), "a o1 o2 o3 both c1");
  EXPECT_EQ(Ids("Patient/a/*?_type=Condition,Patient"), "c1 a");
  EXPECT_EQ(Ids("Patient/a/*?_tag=http://t|x"), "c1");
  EXPECT_EQ(Ids("Patient/a/*?_id:not=c1,a"), "both o3 o2 o1");
  EXPECT_EQ(At(Parsed(Get("Patient/a/*?_count=2")), "total"), "6");
  EXPECT_FALSE(Parsed(Get("Patient/a/*?_summary=count")).Root()["entry"].present());
  EXPECT_NE(Get("Patient/a/*?_summary=true").body.find("SUBSETTED"), std::string::npos);
  EXPECT_EQ(Get("Patient/a/*?code=1").status, 400) << "not common to all types";
  EXPECT_EQ(Get("Patient/a/*?_sort=_id").status, 400);
  EXPECT_EQ(Get("Patient/a/*?_type=Nothing").status, 400);
}

TEST_F(Compartments, ByPostToo) {
  const auto post = [&](const char* target, const char* form) {
    Request request = Make(Method::kPost, target, form);
    request.content_type = "application/x-www-form-urlencoded";
    return Ids(Send(std::move(request)));
  };
  EXPECT_EQ(post("Patient/a/Observation/_search", "code=2"), "o2");
  EXPECT_EQ(post("Patient/a/_search", "_type=Condition"), "c1");
  EXPECT_EQ(Post("Patient/a/Observation", "{}").status, 405);
  EXPECT_EQ(Get("Patient/a/Observation/_search").status, 405);
  EXPECT_TRUE(interactions_->IsHeavy(Make(Method::kPost, "Patient/a/Observation/_search")));
}

TEST_F(Compartments, PagesAreOfTheirSearchAndPosition) {
  const std::string next = NextOf(Get("Patient/a/*?_count=2"));
  ASSERT_FALSE(next.empty());
  Observe("o9", "a", "1", "2024-05-01");
  EXPECT_EQ(Ids(next), "o3 o2 o1 a");
  const std::string handle = next.substr(next.find('?'));
  EXPECT_EQ(Get("Patient/b/*" + handle).status, 400);
  EXPECT_EQ(Get("Patient/a/Observation" + handle).status, 400);
  EXPECT_EQ(Get("Observation" + handle).status, 400);
  const std::string typed = NextOf(Get("Patient/a/Observation?_count=1"));
  EXPECT_EQ(Get("Patient/b/Observation" + typed.substr(typed.find('?'))).status, 400);
  EXPECT_EQ(Get("Observation" + typed.substr(typed.find('?'))).status, 400);
}

TEST_F(Compartments, ShowNothingOutOfScopeOrOfTypesThatMayNotBeRead) {
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Get("Patient/b/Observation").status, 404);
  EXPECT_EQ(Get("Patient/b/*").status, 404);
  EXPECT_EQ(Ids("Patient/a/Observation"), "o2 o3 o1") << "the record of b is not in this area";
  EXPECT_EQ(At(Parsed(Get("Patient/a/Observation?_summary=count")), "total"), "3");
  EXPECT_EQ(Ids("Patient/a/*"), "c1 o3 o2 o1 a");
  EXPECT_EQ(At(Parsed(Get("Patient/a/*")), "total"), "5");
  auto narrow = AdminViewer();
  auto post = std::make_shared<access::Post>(*narrow->post);
  post->all_types = false;
  post->reads = {"Condition", "Patient"};
  narrow->post = post;
  viewer_ = narrow;
  EXPECT_EQ(Get("Patient/a/Observation").status, 403);
  EXPECT_EQ(Ids("Patient/a/*"), "c1 a");
  auto blind = AdminViewer();
  post = std::make_shared<access::Post>(*blind->post);
  post->all_types = false;
  post->reads = {"Observation"};
  blind->post = post;
  viewer_ = blind;
  EXPECT_EQ(Get("Patient/a/Observation").status, 403)
      << "whether there is such a patient is not to be learned";
  EXPECT_EQ(Get("Patient/nobody/Observation").status, 403);
}

TEST_F(Compartments, WhatIsNotThereIsTold) {
  EXPECT_EQ(Get("Patient/nobody/Observation").status, 404);
  EXPECT_EQ(Get("Patient/a/Organization").status, 404);
  EXPECT_NE(Get("Patient/a/Organization").body.find("No reference of Organization"), std::string::npos);
  EXPECT_EQ(Get("Patient/a/Nothing").status, 404);
  EXPECT_EQ(Get("Organization/o/Observation").status, 404);
  Put("Patient/gone", PatientJson("gone"));
  Delete("Patient/gone");
  EXPECT_EQ(Get("Patient/gone/Observation").status, 410);
  EXPECT_NE(Get("metadata").body.find("CompartmentDefinition/patient"), std::string::npos);
  const Response found = Get("Patient/a/Observation?code=2");
  EXPECT_EQ(found.audit_type, "Patient");
  EXPECT_EQ(found.audit_id, "a");
  EXPECT_EQ(found.audit_action, "search");
}

}  // namespace
}  // namespace tk::interaction
