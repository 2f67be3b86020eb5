// Stored search parameters that fail on what is stored: who searches, writes by a condition or validates is told.
#include <thread>

#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class OwnParameters : public InteractionTest {
 protected:
  void Store(const std::string& code, const std::string& expression) {
    parameter_ = R"({"resourceType":"SearchParameter","id":")" + code + R"(","url":"http://own/)" + code +
                 R"(","name":"x","description":"x","status":"active","code":")" + code +
                 R"(","base":["Patient"],"type":"string","expression":")" + expression + "\"}";
    ASSERT_EQ(Put("SearchParameter/" + code, parameter_).status, 201);
    for (int i = 0; i < 1000 && Get("Patient?" + code + "=x").status != 200; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_EQ(Get("Patient?" + code + "=x").status, 200);
  }
  std::string parameter_;
};

TEST_F(OwnParameters, WhatTheyCannotBeEvaluatedOnIsTold) {
  ASSERT_EQ(
      Put("Patient/two", R"({"resourceType":"Patient","id":"two","name":[{"given":["A","B"]}]})").status,
      201);
  Store("sole", "Patient.name.given.single()");
  const fhir::Document found = Parsed(Get("Patient?sole=a"));
  EXPECT_EQ(At(found, "entry.0.search.mode"), "outcome");
  EXPECT_EQ(At(found, "entry.0.resource.issue.0.severity"), "warning");
  EXPECT_EQ(At(found, "entry.0.resource.issue.0.code"), "incomplete");
  const fhir::Document others = Parsed(Get("Patient?given=a"));
  EXPECT_EQ(At(others, "entry.0.search.mode"), "match");
  EXPECT_EQ(At(others, "entry.1.search.mode"), "");
  const fhir::Document checked = Parsed(Post("SearchParameter/$validate", parameter_));
  EXPECT_NE(checked.Root().Json().find("could not be evaluated on some Patient"), std::string_view::npos)
      << checked.Root().Json();
  // A condition might be fulfilled by what it cannot be asked of.
  Request request = Make(Method::kPost, "Patient", PatientJson(""));
  request.if_none_exist = "sole=a";
  EXPECT_EQ(Send(std::move(request)).status, 412);
}

TEST_F(OwnParameters, ThatClashWithinOneTransactionAreRefused) {
  const auto bundle = [](const std::string& second_code, const std::string& second_status) {
    const auto entry = [](const std::string& id, const std::string& code, const std::string& status) {
      return R"({"request":{"method":"PUT","url":"SearchParameter/)" + id +
             R"("},"resource":{"resourceType":"SearchParameter","id":")" + id + R"(","url":"http://own/)" +
             id + R"(","name":"x","description":"x","status":")" + status + R"(","code":")" + code +
             R"(","base":["Patient"],"type":"string","expression":"Patient.name.text"}})";
    };
    return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entry("one", "mine", "active") +
           "," + entry("two", second_code, second_status) + "]}";
  };
  const Response refused = Post("", bundle("mine", "active"));
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(IssuePath(refused), "Bundle.entry[1].resource.code");
  EXPECT_EQ(Get("SearchParameter/one").status, 404) << "all or nothing";
  EXPECT_EQ(Post("", bundle("mine", "draft")).status, 200) << "a draft is not searched by";
  EXPECT_EQ(Post("", bundle("other", "active")).status, 200);
}

}  // namespace
}  // namespace tk::interaction
