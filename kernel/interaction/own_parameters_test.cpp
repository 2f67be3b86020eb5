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

/// Two parameters of Patient and one composed of them.
std::string OwnEntry(const std::string& request, const std::string& code, const std::string& more) {
  return R"({"fullUrl":"urn:uuid:38010000-0000-4000-8000-0000000000)" + std::to_string(10 + code.size()) +
         R"(","request":{)" + request +
         R"(},"resource":{"resourceType":"SearchParameter","url":"http://own/)" + code +
         R"(","name":"x","description":"x","status":"active","code":")" + code + R"(","base":["Patient"],)" +
         more + "}}";
}
const std::string kPost = R"("method":"POST","url":"SearchParameter")";
const std::string kKind = OwnEntry(kPost, "kind", R"("type":"token","expression":"Patient.contact.gender")");
const std::string kWhose = OwnEntry(kPost, "whose", R"("type":"string","expression":"Patient.contact.name")");
std::string Pair(const std::string& second) {
  return OwnEntry(
      kPost, "kind-whose",
      R"("type":"composite","expression":"Patient.contact","component":[{"definition":"http://own/kind","expression":"gender"},)"
      R"({"definition":")" +
          second + R"(","expression":"name"}])");
}
std::string TransactionOf(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) text += (text.empty() ? "" : ",") + entry;
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + text + "]}";
}

TEST_F(OwnParameters, ACompositeComesWithItsComponentsInOneTransaction) {
  const std::string together = Pair("http://own/whose");
  const Response alone = Post("", TransactionOf({kKind, together}));
  EXPECT_EQ(alone.status, 422) << alone.body;
  EXPECT_EQ(IssuePath(alone), "Bundle.entry[1].resource.component[1].definition");
  EXPECT_NE(alone.body.find("sent in the same transaction"), std::string::npos);
  EXPECT_EQ(
      Get("SearchParameter?url=http://own/kind&_summary=count").body.find("\"total\":0") == std::string::npos,
      false)
      << "all or nothing";
  // Whatever their order: the composite first.
  const Response stored = Post("", TransactionOf({together, kWhose, kKind}));
  ASSERT_EQ(stored.status, 200) << stored.body;
  ASSERT_EQ(Put("Patient/one",
                R"({"resourceType":"Patient","id":"one","contact":[{"gender":"male","name":{"family":"Li"}},)"
                R"({"gender":"female","name":{"family":"Wu"}}]})")
                .status,
            201);
  const auto found = [&](const std::string& value) {
    Response response = Get("Patient?kind-whose=" + value + "&_summary=count");
    for (int i = 0; i < 1000 && response.status == 503; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      response = Get("Patient?kind-whose=" + value + "&_summary=count");
    }
    return At(Parsed(response), "total");
  };
  EXPECT_EQ(found("male$li"), "1");
  EXPECT_EQ(found("male$wu"), "0");
}

TEST_F(OwnParameters, WhatATransactionDeletesIsNoMoreThere) {
  ASSERT_EQ(Post("", TransactionOf({kKind, kWhose})).status, 200);
  const fhir::Document kind = Parsed(Get("SearchParameter?url=http://own/kind"));
  const std::string id = At(kind, "entry.0.resource.id");
  ASSERT_FALSE(id.empty());
  const std::string gone = R"({"request":{"method":"DELETE","url":"SearchParameter/)" + id + R"("}})";
  const Response refused = Post("", TransactionOf({gone, Pair("http://own/whose")}));
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(IssuePath(refused), "Bundle.entry[1].resource.component[0].definition");
  EXPECT_EQ(Get("SearchParameter/" + id).status, 200) << "all or nothing";
  // Its code is free for another.
  const Response other = Post("", TransactionOf({kKind, gone}));
  EXPECT_EQ(other.status, 200) << other.body;
}

}  // namespace
}  // namespace tk::interaction
