// Records of special diseases before those whom area alone lets in: every way out, cut or whole, and no way to be rid of them.
#include <gtest/gtest.h>

#include "kernel/interaction/opened_for_test.h"

namespace tk::interaction {
namespace {

class SpecialTest : public OpenedTest {
 protected:
  void SetUp() override {
    OpenedTest::SetUp();
    ASSERT_EQ(
        Write(
            "Condition/h",
            R"({"resourceType":"Condition","id":"h","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">hidden-words</div>"},)"
            R"("code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"B20"}],"text":"hidden-words"},)"
            R"("subject":{"reference":"Patient/here"},"recordedDate":"2010-01-01","note":[{"text":"hidden-words"}]})"),
        201);
    ASSERT_EQ(
        Write(
            "Observation/o",
            R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"7917-8"}]},)"
            R"("subject":{"reference":"Patient/here"},"valueString":"hidden-words"})"),
        201);
  }
  static bool Shows(const Response& response) {
    return response.body.find("hidden-words") != std::string::npos ||
           response.body.find("2010-01-01") != std::string::npos;
  }
  Response Bundled(std::string_view type, std::string_view method, std::string_view url) const {
    return Post("", R"({"resourceType":"Bundle","type":")" + std::string(type) +
                        R"(","entry":[{"request":{"method":")" + std::string(method) + R"(","url":")" +
                        std::string(url) + "\"}}]}");
  }
};

TEST_F(SpecialTest, AreJudgedBeforeTheyAreCut) {
  const char* const cut[] = {"Condition/h?_elements=note",
                             "Condition/h?_elements=recordedDate",
                             "Condition/h?_summary=text",
                             "Condition/h?_summary=data",
                             "Condition/h/_history/1?_elements=note",
                             "Condition/h/_history?_elements=note",
                             "Condition/_history?_summary=text",
                             "Condition?subject=Patient/here&_elements=note",
                             "Condition?subject=Patient/here&_summary=text",
                             "Observation?subject=Patient/here&_elements=value",
                             "Patient?_id=here&_revinclude=Condition:subject&_summary=data",
                             "Patient/here/$everything?_elements=note",
                             "Patient/here/*?_elements=note",
                             "?_type=Condition&subject=Patient/here&_elements=note"};
  for (const char* const way : cut) {
    const Response response = Get(way);
    EXPECT_EQ(response.status, 200) << way << response.body;
    EXPECT_FALSE(Shows(response)) << way << response.body;
    EXPECT_NE(response.body.find("MASKED"), std::string::npos) << way << response.body;
  }
  for (const char* const type : {"batch", "transaction"})
    EXPECT_FALSE(Shows(Bundled(type, "GET", "Condition/h?_elements=note"))) << type;
  // To whom the person is open, the same ways show it, cut as it was asked for.
  ASSERT_EQ(Post("Patient/here/$emergency-access", std::string(kMatter)).status, 201);
  for (const char* const way : cut) {
    const Response response = Get(way);
    EXPECT_TRUE(Shows(response)) << way << response.body;
    EXPECT_EQ(response.body.find("MASKED"), std::string::npos) << way << response.body;
  }
}

TEST_F(SpecialTest, AreNotDeletedByWhoDoesNotSeeThem) {
  const Response refused = Delete("Condition/h");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("special disease"), std::string::npos) << refused.body;
  EXPECT_EQ(Delete("Condition?_id=h").status, 403);
  EXPECT_EQ(Bundled("transaction", "DELETE", "Condition/h").status, 403);
  EXPECT_EQ(Bundled("transaction", "DELETE", "Condition?_id=h").status, 403);
  EXPECT_EQ(At(Parsed(Bundled("batch", "DELETE", "Condition/h")), "entry.0.response.status").substr(0, 3),
            "403");
  EXPECT_EQ(Get("Condition/h").status, 200) << "it is there still";
  EXPECT_EQ(Delete("Condition/here").status, 204) << "what is not special goes as before";
  ASSERT_EQ(Post("Patient/here/$emergency-access", std::string(kMatter)).status, 201);
  EXPECT_EQ(Delete("Condition/h").status, 204);
}

}  // namespace
}  // namespace tk::interaction
