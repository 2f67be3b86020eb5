// Records of special diseases before those whom area alone lets in: every way out, cut or whole, and no way to be rid of them.
#include <gtest/gtest.h>

#include <fstream>

#include "kernel/interaction/opened_for_test.h"
#include "kernel/interaction/special.h"

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

/// The ways in which a record is found by what it says. `marked`: by the directory's marks; else by its text.
class SpecialSearchTest : public SpecialTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) hidden_marks_ = SpecialMarks(access::Policies::BuiltIn());
    SpecialTest::SetUp();
    ASSERT_EQ(Write("Patient/other", PatientJson("other", "Other", kHereArea)), 201);
    ASSERT_EQ(
        Write("Practitioner/p", R"({"resourceType":"Practitioner","id":"p","name":[{"family":"Doe"}]})"),
        201);
    ASSERT_EQ(Write("Observation/plain1", Measured("plain1", "8867-4", 1, "2026-03-01")), 201);
    ASSERT_EQ(Write("Observation/plain9", Measured("plain9", "8867-4", 9, "2026-03-20")), 201);
    ASSERT_EQ(Write("Observation/load",
                    Measured("load", "25836-8", 5, "2026-03-07",
                             R"(,"performer":[{"reference":"Practitioner/p"},{"reference":"Patient/other"}],)"
                             R"("identifier":[{"system":"urn:lab","value":"7"}])")),
              201);
    ASSERT_EQ(
        Write(
            "Observation/text",
            R"({"resourceType":"Observation","id":"text","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"75622-1"}]},)"
            R"("subject":{"reference":"Patient/here"},"valueString":"reactive; partner told"})"),
        201);
    ASSERT_EQ(
        Write(
            "MedicationRequest/drug",
            R"({"resourceType":"MedicationRequest","id":"drug","status":"active","intent":"order","subject":{"reference":"Patient/here"},)"
            R"("medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":"J05AR13"}]},)"
            R"("reasonCode":[{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"B20"}]}]})"),
        201);
  }
  static std::string Measured(std::string_view id, std::string_view code, int value, std::string_view day,
                              std::string_view more = {}) {
    return R"({"resourceType":"Observation","id":")" + std::string(id) +
           R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" +
           std::string(code) + R"("}]},"subject":{"reference":"Patient/here"},"effectiveDateTime":")" +
           std::string(day) + R"(","valueQuantity":{"value":)" + std::to_string(value) + "}" +
           std::string(more) + "}";
  }
  std::string TotalOf(const std::string& way) const {
    return At(Parsed(Get(way + (way.back() == '?' ? "" : "&") + "_summary=count")), "total");
  }
  std::string ByCity(const std::string& way) {
    viewer_ = city_;
    const std::string ids = Ids(way);
    viewer_ = doctor_;
    return ids;
  }
  /// Nobody without sight of it finds it; there is something to be found.
  void ExpectNotFound(const std::string& way) {
    EXPECT_NE(ByCity(way), "") << way;
    EXPECT_NE(ByCity(way).front(), '[') << way;
    EXPECT_EQ(Ids(way), "") << way;
    EXPECT_EQ(TotalOf(way), "0") << way;
    EXPECT_EQ(At(Parsed(Get(way + "&_total=accurate")), "total"), "0") << way;
  }
  void ExpectFound(const std::string& way) {
    EXPECT_NE(ByCity(way), "") << way;
    EXPECT_EQ(Ids(way), ByCity(way)) << way;
    EXPECT_NE(TotalOf(way), "0") << way;
  }
};

const char* const kByContent[] = {
    "Observation?_id=load&value-quantity=ge1",
    "Observation?_id=load&combo-value-quantity=ge1",
    "Observation?_id=load&date=2026-03-07",
    "Observation?_id=load&code=http://loinc.org|",
    "Observation?_id=load&status=final",
    "Observation?_id=load&code:not=8867-4",
    "Observation?_id=load&value-quantity:missing=false",
    "Observation?_id=load&device:missing=true",
    "Observation?_id=load&identifier=urn:lab|7",
    "Observation?_id=load&performer=Practitioner/p",
    "Observation?_id=load&performer:Practitioner.family=Doe",
    "Observation?performer:Patient._id=other",
    "Observation?_id=text&value-string=react",
    "Observation?value-string=reactive",
    "Condition?_id=h&recorded-date=2010-01-01",
    "Condition?_id=h&code:missing=false",
    "Condition?_id=h&code=http://hl7.org/fhir/sid/icd-10|",
    "MedicationRequest?code=J05AR13",
    "MedicationRequest?_id=drug&status=active",
    "MedicationRequest?subject=Patient/here&code=http://www.whocc.no/atc|J05AR13",
    "Patient?_has:MedicationRequest:patient:code=J05AR13",
    "Patient?_id=here&_has:Observation:patient:value-string=reactive",
    "Patient?_id=here&_has:Observation:subject:date=2026-03-07",
    "Patient?_id=other&_has:Observation:performer:_id=load",
    "Practitioner?_has:Observation:performer:subject=Patient/here",
    "Observation?_id=plain1&subject:Patient._has:MedicationRequest:patient:code=J05AR13",
    "Patient/here/Observation?value-string=reactive",
    "Patient/other/Observation?_id=load",
    "?_type=Observation,DiagnosticReport&subject=Patient/here&date=2026-03-07"};

const char* const kByWhatIsLeft[] = {"Observation?_id=load",
                                     "Observation?_id=load,plain1,text",
                                     "Observation?subject=Patient/here&_id=load",
                                     "Observation?patient=here&_lastUpdated=gt2000-01-01&_id=text",
                                     "Observation?subject:Patient.family=Test&_id=load",
                                     "Patient?_has:MedicationRequest:patient:_id=drug",
                                     "MedicationRequest?",
                                     "MedicationRequest?subject=Patient/here",
                                     "Patient/here/MedicationRequest?",
                                     "?_type=MedicationRequest&subject=Patient/here"};

TEST_P(SpecialSearchTest, AreNotFoundByWhatTheySay) {
  EXPECT_EQ(engine_->directory().marked_by() != 0, GetParam());
  for (const char* const way : kByContent) ExpectNotFound(way);
  for (const char* const way : kByWhatIsLeft) ExpectFound(way);
  EXPECT_EQ(TotalOf("Observation?status=final"), "2");
  // To whom the person is open, all ways find them.
  ASSERT_EQ(Post("Patient/here/$emergency-access", std::string(kMatter)).status, 201);
  for (const char* const way : kByContent) {
    EXPECT_EQ(Ids(way), ByCity(way)) << way;
    EXPECT_NE(TotalOf(way), "0") << way;
  }
  EXPECT_EQ(TotalOf("Observation?status=final"), "5");
}

TEST_P(SpecialSearchTest, OrdersDoNotTellWhatTheySay) {
  const std::string three = "Observation?subject=Patient/here&_id=load,plain1,plain9";
  EXPECT_EQ(ByCity(three), "plain9 load plain1");
  EXPECT_EQ(Ids(three), "plain9 plain1 load");
  EXPECT_EQ(Ids(three + "&_count=1"), "plain9 plain1 load");
  EXPECT_EQ(ByCity(three + "&_sort=value-quantity"), "plain1 load plain9");
  EXPECT_EQ(Ids(three + "&_sort=value-quantity"), "plain1 plain9 load");
  EXPECT_EQ(Ids(three + "&_sort=-value-quantity"), "plain9 plain1 load");
  EXPECT_EQ(Ids(three + "&_sort=value-quantity&_count=1"), "plain1 plain9 load");
  EXPECT_EQ(Ids(three + "&_sort=-date"), "plain9 plain1 load");
  EXPECT_EQ(Ids(three + "&_sort=date"), "plain1 plain9 load");
  EXPECT_EQ(ByCity(three + "&_sort=identifier"), "load plain9 plain1");
  EXPECT_EQ(Ids(three + "&_sort=identifier").substr(0, 4), "load") << "by the time of writing: the last";
  EXPECT_EQ(Ids(three + "&_sort=-_lastUpdated"), ByCity(three + "&_sort=-_lastUpdated"));
  // Of the whole list without the ids, walked by the entries of the person.
  const std::string all = Ids("Observation?subject=Patient/here");
  EXPECT_EQ(all.substr(0, 14), "plain9 plain1 ") << all;
  EXPECT_EQ(Ids("Observation?subject=Patient/here&_count=1"), all);
  EXPECT_EQ(Ids("Patient/here/Observation?_count=2"), all);
}

TEST_P(SpecialSearchTest, WhatTheyReferToDoesNotComeAlong) {
  EXPECT_NE(ByCity("Observation?_id=load&_include=Observation:performer").find("+p"), std::string::npos);
  EXPECT_EQ(Ids("Observation?_id=load&_include=Observation:performer"), "load");
  EXPECT_EQ(Ids("Observation?_id=load&_include=*"), "load +here");
  EXPECT_EQ(Ids("Observation?_id=load&_include=Observation:subject"), "load +here");
  EXPECT_EQ(ByCity("Practitioner?_id=p&_revinclude=Observation:performer"), "p +load");
  EXPECT_EQ(Ids("Practitioner?_id=p&_revinclude=Observation:performer"), "p");
  EXPECT_EQ(Ids("Practitioner?_id=p&_revinclude=*"), "p");
  EXPECT_NE(Ids("Patient?_id=here&_revinclude=Observation:subject").find("+load"), std::string::npos);
  EXPECT_NE(ByCity("Patient/here/$everything").find("+p"), std::string::npos);
  const std::string all = Ids("Patient/here/$everything");
  EXPECT_EQ(all.find("+p"), std::string::npos) << all;
  EXPECT_NE(all.find("load"), std::string::npos) << all;
  EXPECT_NE(ByCity("Patient/other/$everything").find("load"), std::string::npos);
  EXPECT_EQ(Ids("Patient/other/$everything").find("load"), std::string::npos);
  const std::string dated = "Patient/here/$everything?start=2026-03-01&end=2026-03-31";
  EXPECT_NE(ByCity(dated).find("load"), std::string::npos);
  EXPECT_EQ(Ids(dated).find("load"), std::string::npos);
  EXPECT_NE(Ids(dated).find("plain9"), std::string::npos);
}

TEST_P(SpecialSearchTest, AConditionOfAWriteFindsThemByTheirIdentifierAlone) {
  Request request = Make(Method::kPost, "Observation", Measured("x", "8867-4", 3, "2026-04-01"));
  request.if_none_exist = "identifier=urn:lab|7";
  EXPECT_EQ(Send(request).status, 200) << "what is sent twice is stored once";
  EXPECT_EQ(Put("Observation?identifier=urn:lab|7", Measured("load", "8867-4", 3, "2026-04-01")).status, 403);
  request.if_none_exist = "identifier=urn:lab|7&value-quantity=ge1";
  EXPECT_EQ(Send(request).status, 201);
  request.if_none_exist = "value-string=reactive";
  EXPECT_EQ(Send(request).status, 201);
  request.if_none_exist = "identifier=urn:lab|";
  EXPECT_EQ(Send(request).status, 201);
}

TEST_P(SpecialSearchTest, AStartAndOtherPoliciesKeepThemHidden) {
  ASSERT_EQ(
      Write(
          "MedicationRequest/pill",
          R"({"resourceType":"MedicationRequest","id":"pill","status":"active","intent":"order","subject":{"reference":"Patient/here"},)"
          R"("medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":"N05AX08"}]}})"),
      201);
  Close();
  Open();
  for (const char* const way : kByContent) ExpectNotFound(way);
  EXPECT_EQ(Ids("MedicationRequest?code=N05AX08"), "pill");
  // The list of codes grows: at once by the texts, after a start by the marks, also of what was written before.
  std::ofstream(folder_ / "policies.toml")
      << "[special.mind]\ntitle_zh = \"x\"\ntitle_en = \"Mind\"\n"
         "codes = [\"http://www.whocc.no/atc|N05A*\"]\nsource = \"a test\"\n";
  const auto more = access::Policies::Load(folder_);
  ASSERT_TRUE(more.ok()) << more.error().ToString();
  auto doctor = std::make_shared<access::Viewer>(*doctor_);
  doctor->policies = *more;
  const auto before = doctor_;
  for (const bool starts : {false, true}) {
    if (starts) {
      Close();
      if (GetParam()) hidden_marks_ = SpecialMarks(*more);
      Open();
      EXPECT_EQ(engine_->directory().marked_by(), hidden_marks_.made_by);
    }
    viewer_ = doctor_ = doctor;
    ExpectNotFound("MedicationRequest?_id=pill&status=active");
    EXPECT_EQ(Ids("MedicationRequest?_id=pill"), "pill");
    for (const char* const way : kByContent) ExpectNotFound(way);
    // What is no longer on the list is found again.
    viewer_ = doctor_ = before;
    EXPECT_EQ(Ids("MedicationRequest?_id=pill&status=active"), "pill");
    for (const char* const way : kByContent) ExpectNotFound(way);
  }
}

INSTANTIATE_TEST_SUITE_P(MarkedAndByText, SpecialSearchTest, ::testing::Bool());

}  // namespace
}  // namespace tk::interaction
