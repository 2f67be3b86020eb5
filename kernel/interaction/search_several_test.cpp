// Search over several types.
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class SeveralTypes : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    Put("Patient/a", PatientJson("a", "A", "380102"));
    Put("Patient/b", PatientJson("b", "B", "380103"));
    for (const char* who : {"a", "b"}) {
      const std::string subject = std::string(R"("subject":{"reference":"Patient/)") + who + "\"}";
      for (const char* type : {"Condition", "Observation"}) {
        const std::string id = std::string(1, type[0]) + who;
        Put(std::string(type) + "/" + id, std::string(R"({"resourceType":")") + type + R"(","id":")" + id +
                                              (type[0] == 'O' ? R"(","status":"final",)" : R"(",)") +
                                              R"("code":{"coding":[{"system":"s","code":"1"}]},)" + subject +
                                              "}");
      }
    }
  }
};

TEST_F(SeveralTypes, AreAskedByWhatTheyShare) {
  EXPECT_EQ(Ids("?_type=Observation,Condition"), "Ob Cb Oa Ca");
  EXPECT_EQ(Ids("?_type=Observation,Condition&_count=1"), "Ob Cb Oa Ca");
  EXPECT_EQ(Ids("?_type=Observation&_type=Condition&_sort=_lastUpdated&_count=3"), "Ca Oa Cb Ob");
  EXPECT_EQ(Ids("?_type=Observation,Condition&patient=Patient/a&code=s|1"), "Oa Ca");
  EXPECT_EQ(Ids("?_type=Observation,Condition&patient.family=B"), "Ob Cb");
  EXPECT_EQ(Ids("?_type=Observation,Patient&_id=a,Oa,Ca"), "Oa a");
  EXPECT_EQ(Ids("?_id=a,Oa,Ca"), "Oa Ca a") << "all types";
  EXPECT_EQ(Ids("?_count=4"), "Ob Cb Oa Ca b a");
  EXPECT_EQ(At(Parsed(Get("?_type=Observation,Condition&_total=accurate&_count=1")), "total"), "4");
  EXPECT_EQ(At(Parsed(Get("?_type=Observation,Condition&_summary=count")), "total"), "4");
  EXPECT_EQ(At(Parsed(Get("?_type=Observation,Condition&patient=a")), "link.0.url"),
            "http://test/fhir?_type=Observation,Condition&patient=a");
  EXPECT_EQ(Ids("?_type=Observation,Condition&_id=Oa&_include=*"), "Oa +a");
  EXPECT_EQ(Ids("?_type=Condition,Observation&_id=Oa&_include=Observation:patient"), "Oa +a");
  EXPECT_EQ(Ids("?_type=Condition,Patient&_id=a&_revinclude=Observation:patient"), "a +Oa");
  EXPECT_EQ(Get("?_type=Condition,Observation&_include=Encounter:patient").status, 400);
  const Response found = Get("?_type=Observation,Condition&_id=Oa");
  EXPECT_EQ(At(Parsed(found), "entry.0.fullUrl"), "http://test/fhir/Observation/Oa");
  EXPECT_EQ(found.audit_action, "search");
}

TEST_F(SeveralTypes, OneAloneIsSearchedAsByItself) {
  EXPECT_EQ(Ids("?_type=Patient&name=A"), "a");
  EXPECT_EQ(Get("?_type=Patient&name=A").audit_type, "Patient");
  EXPECT_EQ(Ids("?_type=Patient&_sort=-family&_count=1"), "b a");
  EXPECT_EQ(Ids("?_type=Observation&_include=Observation:subject&_id=Oa"), "Oa +a");
}

TEST_F(SeveralTypes, OfAList) {
  Put("List/l", R"({"resourceType":"List","id":"l","status":"current","mode":"working",)"
                R"("entry":[{"item":{"reference":"Patient/a"}},{"item":{"reference":"Observation/Ob"}}]})");
  EXPECT_EQ(Ids("?_list=l"), "Ob a") << "of types that no List may hold there is nothing";
  EXPECT_EQ(Ids("?_type=Observation,Condition&_list=l"), "Ob");
  EXPECT_EQ(Ids("Patient/a/*?_list=l"), "a");
  const auto refused = [this](std::string_view target, int status) {
    const Response response = Get(target);
    EXPECT_EQ(response.status, status) << target;
    EXPECT_NE(response.body.find("_list"), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find("_has"), std::string::npos) << response.body;
  };
  refused("Parameters?_list=l", 400);
  refused("?_type=Parameters,Observation&_list=l", 400);
  auto narrow = AdminViewer();
  auto post = std::make_shared<access::Post>(*narrow->post);
  post->all_types = false;
  post->reads = {"Observation", "Patient"};
  narrow->post = post;
  viewer_ = narrow;
  refused("?_list=l", 403);
  refused("Observation?_list=l", 403);
}

TEST_F(SeveralTypes, ByPostToo) {
  Request request = Make(Method::kPost, "_search", "_type=Observation,Condition&patient=b");
  request.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(Ids(Send(std::move(request))), "Ob Cb");
}

TEST_F(SeveralTypes, WhatCannotBeAskedIsTold) {
  EXPECT_EQ(Get("?_type=Observation,Patient&code=1").status, 400);
  EXPECT_EQ(Get("?_type=Observation,Condition&_sort=date").status, 400);
  EXPECT_EQ(Get("?_type=Observation,Nothing").status, 400);
  EXPECT_EQ(Get("?_type=").status, 400);
  EXPECT_EQ(Get("?name=x").status, 400);
  EXPECT_EQ(Get("?_type=Observation,Condition&_explain=true").status, 400);
  Request lenient = Make(Method::kGet, "?_type=Observation,Patient&code=1&_id=a,Oa");
  lenient.prefer = "handling=lenient";
  const Response response = Send(std::move(lenient));
  EXPECT_EQ(Ids(response), "Oa a");
  EXPECT_NE(response.body.find("(ignored)"), std::string::npos);
  std::string many = "?_type=Observation,Patient";
  for (int i = 0; i < 1000; ++i) many += "&_id=a";
  Request large = Make(Method::kGet, many);
  large.prefer = "handling=lenient";
  const Response refused = Send(std::move(large));
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("more than 100 parameters"), std::string::npos) << refused.body;
}

TEST_F(SeveralTypes, EachIsCutToWhatItHasOfTheElements) {
  const Response cut = Get("Patient/a/*?_elements=code,active");
  EXPECT_EQ(cut.status, 200) << cut.body;
  EXPECT_EQ(Ids(cut), "Oa Ca a");
  EXPECT_NE(cut.body.find("\"code\""), std::string::npos) << cut.body;
  EXPECT_EQ(cut.body.find("\"family\""), std::string::npos) << cut.body;
  EXPECT_EQ(Ids("?_type=Observation,Patient&_elements=code"), "Ob Oa b a");
  const Response wrong = Get("Patient/a/*?_elements=nothing");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("no top element of any resource"), std::string::npos) << wrong.body;
  EXPECT_EQ(Get("?_type=Patient&_elements=code").status, 400) << "one alone is searched as by itself";
}

TEST_F(SeveralTypes, PagesAreOfTheirSearchAndPosition) {
  const fhir::Document first = Parsed(Get("?_type=Observation,Condition&_count=2"));
  std::string next;
  for (const fhir::Value link : first.Root()["link"]) {
    if (link["relation"].ToString() == "next") next = link["url"].ToString().substr(16);
  }
  Put("Condition/new", R"({"resourceType":"Condition","id":"new","subject":{"reference":"Patient/a"}})");
  Delete("Condition/Ca");
  EXPECT_EQ(Ids(next), "Oa Ca");
  EXPECT_EQ(Get("Patient/a/*" + next).status, 400);
  EXPECT_EQ(Get("Observation" + next).status, 400);
}

TEST_F(SeveralTypes, ShowNothingOutOfScopeOrOfTypesThatMayNotBeRead) {
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Ids("?_type=Observation,Condition"), "Oa Ca");
  EXPECT_EQ(Ids("?_id=a,b,Oa,Ob"), "Oa a");
  EXPECT_EQ(At(Parsed(Get("?_type=Observation,Condition&_summary=count")), "total"), "2");
  auto narrow = AdminViewer();
  auto post = std::make_shared<access::Post>(*narrow->post);
  post->all_types = false;
  post->reads = {"Condition", "Patient"};
  narrow->post = post;
  viewer_ = narrow;
  EXPECT_EQ(Get("?_type=Observation,Condition").status, 403);
  EXPECT_EQ(Ids("?_id=a,Oa,Ca"), "Ca a");
}

}  // namespace
}  // namespace tk::interaction
