// What holds for a person holds for all his source records: what his Consent closes, what he sees of himself, and who is told to have looked at him.
#include <gtest/gtest.h>

#include <thread>

#include "kernel/access/policies.h"
#include "kernel/access/posts.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kHome = "380102";
const std::string kHisNumber = ResidentIdOf("19800102", 7);

class SamePersonTest : public PersonsTest {
 protected:
  void SetUp() override {
    PersonsTest::SetUp();
    for (const char* id : {"a", "b"}) {
      PutPatient({.id = id, .resident_id = kHisNumber, .area = std::string(kHome)});
      ASSERT_EQ(
          Put(std::string("Condition/") + id, R"({"resourceType":"Condition","id":")" + std::string(id) +
                                                  R"(","subject":{"reference":"Patient/)" + id + R"("}})")
              .status,
          201);
    }
    PutPatient(
        {.id = "c", .name = "李建国", .birth = "1970-05-06", .area = std::string(kHome), .gender = "male"});
    ASSERT_EQ(RecordsOf("a"), "a b");
    city_ = viewer_;
  }

  std::shared_ptr<const access::Viewer> Of(const std::string& post) const {
    static const auto posts = access::Posts::Load("/nonexistent").value();
    auto viewer = AreaViewer(kHome);
    viewer->account = post;
    viewer->post = posts.Find(post);
    viewer->policies = access::Policies::BuiltIn();
    return viewer;
  }
  std::shared_ptr<const access::Viewer> Himself(const std::string& id) const {
    auto viewer = std::make_shared<access::Viewer>(*Of("resident"));
    viewer->kind = access::AccountKind::kResident;
    viewer->patient = id;
    viewer->record = "Patient/" + id;
    viewer->scope = {};
    viewer->scope.everything = false;
    viewer->scope.only_owner = OwnerOf(id);
    return viewer;
  }
  view::OwnerNumber OwnerOf(const std::string& id) const {
    const auto version = engine_->directory().Current(engine_->IdHash("Patient", id), engine_->Head());
    return engine_->directory().Get(version.ordinal).owner;
  }
  /// Facts follow the log by some ms: waited for, at most ten seconds.
  void Await(std::string_view target, int status) const {
    for (int i = 0; i < 1000 && Get(target).status != status; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(Get(target).status, status) << target;
  }
  void Deny(std::string_view patient) const {
    Request request = Make(
        Method::kPut, "Consent/c",
        R"({"resourceType":"Consent","id":"c","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},)"
        R"("category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},"patient":{"reference":"Patient/)" +
            std::string(patient) + R"("},"provision":{"type":"deny"}})");
    request.viewer = city_;
    const Response written = Send(std::move(request));
    ASSERT_EQ(written.status, 201) << written.body;
  }
  int AsCity(std::string_view operation) const {
    Request request = Make(Method::kPost, operation, Pair("a", "b"));
    request.viewer = city_;
    return Send(std::move(request)).status;
  }

  std::shared_ptr<const access::Viewer> city_;
  int marks_ = 0;
};

TEST_F(SamePersonTest, AConsentClosesAllRecordsOfThePersonAsLongAsTheyAreHis) {
  viewer_ = Of("doctor");
  EXPECT_EQ(Get("Patient/b").status, 200);
  Deny("a");
  Await("Patient/a", 404);
  EXPECT_EQ(Get("Patient/b").status, 404);
  EXPECT_EQ(Get("Condition/b").status, 404);
  EXPECT_EQ(Get("Patient/b/$person").status, 404);
  EXPECT_EQ(Ids("Condition?_summary=data"), "");
  EXPECT_EQ(MatchesOf({.resident_id = kHisNumber}), "");
  EXPECT_EQ(At(Parsed(Get("Patient/b/$why")), "parameter.0.valueBoolean"), "false");
  EXPECT_EQ(Get("Patient/c").status, 200);
  // A record that is not his any more is not closed with him, and is again once it is his again.
  ASSERT_EQ(AsCity("Patient/$not-same"), 200);
  Await("Patient/b", 200);
  EXPECT_EQ(Get("Patient/a").status, 404);
  ASSERT_EQ(AsCity("Patient/$link"), 200);
  Await("Patient/b", 404);
  // And a record that comes later.
  viewer_ = city_;
  PutPatient({.id = "d", .resident_id = kHisNumber, .area = std::string(kHome)});
  viewer_ = Of("doctor");
  Await("Patient/d", 404);
}

TEST_F(SamePersonTest, ARecordWhoseConsentClosesTheOthersIsNotErasedBeforeThem) {
  const std::string reason =
      R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"consent-withdrawn"}]})";
  Deny("a");
  viewer_ = Of("doctor");
  Await("Patient/b", 404);
  viewer_ = city_;
  const Response refused = Post("Patient/a/$erase", reason);
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_NE(refused.body.find("Consent/c"), std::string::npos);
  EXPECT_EQ(Post("Patient/c/$erase", reason).status, 200);
  EXPECT_EQ(Post("Patient/b/$erase", reason).status, 200) << "the Consent is not about him";
  EXPECT_EQ(Post("Patient/a/$erase", reason).status, 200) << "none is left whom it closes";
}

TEST_F(SamePersonTest, AConsentToAPartOpensNothing) {
  // Beyond the area, so that only a Consent could open it.
  auto stranger = std::make_shared<access::Viewer>(*Of("doctor"));
  const auto [low, high] = view::AreaRange("380199").value();
  stranger->scope.area_low = low, stranger->scope.area_high = high;
  const auto seen = [&](const std::string& scope, const std::string& provision) {
    viewer_ = city_;
    const Response written = Put(
        "Consent/p",
        R"({"resourceType":"Consent","id":"p","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":")" +
            scope +
            R"("}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},"patient":{"reference":"Patient/c"},"provision":)" +
            provision + "}");
    EXPECT_LT(written.status, 300) << written.body;
    // The feed has come by once a later fact of another person is seen.
    const std::string mark =
        R"({"resourceType":"Consent","id":"m","status":")" +
        std::string(marks_++ % 2 == 0 ? "active" : "inactive") +
        R"(","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},"patient":{"reference":"Patient/a"},"provision":{"type":"permit"}})";
    EXPECT_LT(Put("Consent/m", mark).status, 300);
    viewer_ = stranger;
    Await("Patient/a", marks_ % 2 == 1 ? 200 : 404);
    return Get("Patient/c").status;
  };
  EXPECT_EQ(seen("patient-privacy", R"({"type":"permit"})"), 200);
  for (
      const char* const part :
      {R"("class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}])",
       R"("dataPeriod":{"start":"2026"})",
       R"("securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}])",
       R"("code":[{"text":"blood pressure"}])",
       R"("data":[{"meaning":"instance","reference":{"reference":"Condition/a"}}])",
       R"("action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"collect"}]}])"})
    EXPECT_EQ(seen("patient-privacy", std::string(R"({"type":"permit",)") + part + "}"), 404) << part;
  EXPECT_EQ(seen("research", R"({"type":"permit"})"), 404);
  EXPECT_EQ(seen("treatment", R"({"type":"permit"})"), 200);
  EXPECT_EQ(seen("patient-privacy",
                 R"({"type":"permit","provision":[{"type":"permit","provision":[{"type":"deny"}]}]})"),
            404);
  EXPECT_EQ(
      seen(
          "patient-privacy",
          R"({"type":"deny","provision":[{"type":"permit","class":[{"code":"Observation"}],"actor":[{"role":{"text":"x"},"reference":{"identifier":{"system":"http://tongkang.dev/fhir/sid/account","value":"doctor"}}}]}]})"),
      404);
}

TEST_F(SamePersonTest, ADeletedRecordStillClosesWhatWasJoinedThroughIt) {
  Deny("b");
  viewer_ = city_;
  ASSERT_EQ(Delete("Patient/a").status, 204);
  viewer_ = Of("doctor");
  Await("Condition/a", 404);
  EXPECT_EQ(Get("Condition/b").status, 404);
}

TEST_F(SamePersonTest, AResidentSeesHimselfInAllHospitals) {
  viewer_ = Himself("a");
  EXPECT_EQ(Get("Patient/a").status, 200);
  EXPECT_EQ(Get("Patient/b").status, 200);
  EXPECT_EQ(Ids("Condition?_sort=_id"), "a b");
  const Response batch = Post(
      "",
      R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/b"}},{"request":{"method":"GET","url":"Patient/c"}}]})");
  EXPECT_EQ(At(Parsed(batch), "entry.0.response.status"), "200 OK") << batch.body;
  EXPECT_EQ(At(Parsed(batch), "entry.1.response.status"), "404 Not Found") << batch.body;
  EXPECT_EQ(Get("Patient/c").status, 404);
  EXPECT_EQ(At(Parsed(Get("Patient/b/$why")), "parameter.0.valueBoolean"), "true")
      << Get("Patient/b/$why").body;
  Deny("b");  // nobody is shut out of his own
  EXPECT_EQ(Get("Patient/b").status, 200);
  EXPECT_EQ(At(Parsed(Get("Patient/b/$why")), "parameter.0.valueBoolean"), "true");
  EXPECT_EQ(At(Parsed(Get("Patient/c/$why")), "parameter.0.valueBoolean"), "false");
  ASSERT_EQ(AsCity("Patient/$not-same"), 200);
  EXPECT_EQ(Get("Patient/b").status, 404);
  EXPECT_EQ(Get("Patient/a").status, 200);
}

TEST_F(SamePersonTest, AConsentThatIsWithdrawnClosesNoneOfThemAnyMore) {
  viewer_ = Of("doctor");
  Deny("a");
  Await("Patient/b", 404);
  viewer_ = city_;
  std::string consent = Get("Consent/c").body;
  consent.replace(consent.find(R"("active")"), 8, R"("inactive")");
  ASSERT_EQ(Put("Consent/c", consent).status, 200);
  viewer_ = Of("doctor");
  Await("Patient/b", 200);
  EXPECT_EQ(Get("Patient/a").status, 200);
  EXPECT_EQ(Get("Condition/b").status, 200);
}

// His account is about a; the Consent of a grown-up relative names b.
TEST_F(SamePersonTest, AConsentThatNamesAnotherRecordOfTheResidentIsHis) {
  viewer_ = Himself("a");
  EXPECT_EQ(Get("Patient/c").status, 404);
  viewer_ = city_;
  const std::string consent =
      R"({"resourceType":"Consent","id":"f","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},)"
      R"("category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},"patient":{"reference":"Patient/c"},)"
      R"("provision":{"type":"permit","actor":[{"role":{"text":"son"},"reference":{"reference":"Patient/b"}}]}})";
  ASSERT_EQ(Put("Consent/f", consent).status, 201);
  viewer_ = Himself("a");
  Await("Patient/c", 200);
  viewer_ = city_;
  ASSERT_EQ(AsCity("Patient/$not-same"), 200);
  viewer_ = Himself("a");
  Await("Patient/c", 404);
  viewer_ = Himself("b");
  EXPECT_EQ(Get("Patient/c").status, 200);
}

// Her account is about a, the guardianship names b as the guardian, and one of the child's two records as the child.
TEST_F(SamePersonTest, AGuardianshipOfOtherRecordsHoldsUntilTheChildIsFourteen) {
  viewer_ = city_;
  // The clock stands at 14 November 2023.
  const std::string number = ResidentIdOf("20091116", 5);
  for (const char* id : {"k1", "k2"})
    PutPatient({.id = id,
                .name = "王小宝",
                .birth = "2009-11-16",
                .resident_id = number,
                .area = std::string(kHome),
                .gender = "male"});
  ASSERT_EQ(RecordsOf("k1"), "k1 k2");
  viewer_ = Himself("a");
  EXPECT_EQ(Get("Patient/k2").status, 404);
  viewer_ = city_;
  ASSERT_EQ(
      Put("RelatedPerson/g",
          R"({"resourceType":"RelatedPerson","id":"g","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/guardianship","code":"verified"}]},)"
          R"("extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/related-person-patient","valueReference":{"reference":"Patient/b"}}],)"
          R"("patient":{"reference":"Patient/k1"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]})")
          .status,
      201);
  viewer_ = Himself("a");
  Await("Patient/k1", 200);
  EXPECT_EQ(Get("Patient/k2").status, 200);
  clock_.Advance(2 * 86'400 * kSecondUs);
  EXPECT_EQ(Get("Patient/k1").status, 404) << "14 today";
  EXPECT_EQ(Get("Patient/k2").status, 404);
}

TEST_F(SamePersonTest, ARecordThatBecomesAnothersIsNoLongerHis) {
  PutPatient({.id = "b",
              .name = "李秋燕",
              .birth = "1991-12-13",
              .resident_id = ResidentIdOf("19911213", 83),
              .area = std::string(kHome)});
  viewer_ = Himself("a");
  Await("Patient/b", 404);
  EXPECT_EQ(Ids("Condition"), "a");
  viewer_ = Of("doctor");
  Deny("a");
  Await("Patient/a", 404);
  EXPECT_EQ(Get("Patient/b").status, 200) << "his Consent is not hers";
}

TEST_F(SamePersonTest, WhoWritesSomebodysNumberIntoHisRecordDoesNotSeeHim) {
  PutPatient({.id = "c", .resident_id = kHisNumber, .area = std::string(kHome)});
  viewer_ = Himself("c");
  EXPECT_EQ(Get("Patient/a").status, 404);
  EXPECT_EQ(Get("Condition/b").status, 404);
  EXPECT_EQ(Get("Patient/c").status, 404) << "whose it is now a person must say";
}

TEST_F(SamePersonTest, WhoseRecordsAComparisonShowsIsTold) {
  const std::vector<uint32_t> both = {OwnerOf("a"), OwnerOf("b")};
  EXPECT_EQ(interactions_->OwnersOfPerson("b"), both);
  EXPECT_EQ(interactions_->OwnersOfPerson("nobody"), std::vector<uint32_t>());
  const Response match =
      Post("Patient/$match", R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" +
                                 TestPatient{.resident_id = kHisNumber}.Json() + "}]}");
  EXPECT_EQ(match.status, 200);
  EXPECT_EQ(match.audit_owners.size(), 1u);
  const Response explained = Post("Patient/$explain-match", Pair("a", "b"));
  EXPECT_EQ(explained.audit_owners, both);
  EXPECT_EQ(Get("Patient/b/$person").audit_owners, both);
  const Response pix =
      Get("Patient/$ihe-pix?sourceIdentifier=http://tongkang.dev/fhir/sid/cn-resident-id|" + kHisNumber);
  ASSERT_EQ(pix.status, 200) << pix.body;
  EXPECT_EQ(pix.audit_owners, both);
}

TEST_F(SamePersonTest, WhomACountOfFewTellsOfIsTold) {
  const std::vector<uint32_t> a = {OwnerOf("a")};
  for (const std::string target :
       {"Patient?_id=a&_summary=count", "Condition?patient=a&_count=0&_total=accurate",
        "?_type=Patient,Condition&_id=a&_summary=count", "Patient?_id=a"})
    EXPECT_EQ(Get(target).audit_owners, a) << target;
  EXPECT_EQ(Get("Patient?_id=nobody&_summary=count").audit_owners, std::vector<uint32_t>());
  for (int i = 0; i < 11; ++i) PutPatient({.id = "many" + std::to_string(i), .name = "Someone Else"});
  EXPECT_EQ(Get("Patient?_summary=count").audit_owners, std::vector<uint32_t>())
      << "a number of many tells of nobody";
}

TEST_F(SamePersonTest, WhoseRecordsATransactionWritesAndShowsIsTold) {
  const std::vector<uint32_t> a = {OwnerOf("a")};
  const std::string observation =
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}})";
  const auto told = [&](std::string_view method, std::string_view url, const std::string& resource,
                        std::string_view more = {}) {
    const Response answer =
        Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":")" +
                     std::string(method) + R"(","url":")" + std::string(url) + "\"" + std::string(more) +
                     "}" + (resource.empty() ? "" : R"(,"resource":)" + resource) + "}]}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.audit_owners;
  };
  EXPECT_EQ(told("PUT", "Observation/o", observation), a);
  EXPECT_EQ(told("PATCH", "Patient/a",
                 R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":)"
                 R"("W3sib3AiOiJhZGQiLCJwYXRoIjoiL2xhbmd1YWdlIiwidmFsdWUiOiJ6aCJ9XQ=="})"),
            a);
  const std::string found = R"(,"ifNoneExist":"_id=a")";
  EXPECT_EQ(told("POST", "Patient", TestPatient{.resident_id = kHisNumber}.Json(), found), a)
      << "nothing is written, and he is shown";
  EXPECT_EQ(told("DELETE", "Observation/o", ""), a);
}

}  // namespace
}  // namespace tk::interaction
