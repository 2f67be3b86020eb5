// What opens and closes records beyond post and area, on the real engine: emergency access with its review, treating relations, consents;
// and $why, which must say what the interactions do.
#include <gtest/gtest.h>

#include "kernel/base/text.h"
#include "kernel/interaction/opened_for_test.h"

namespace tk::interaction {
namespace {

TEST_F(OpenedTest, EmergencyOpensOnePersonToOneAccountForSomeTime) {
  ExpectOpen("here", true);
  ExpectOpen("there", false);
  std::string noted;
  Request ask = Make(Method::kPost, "Patient/there/$emergency-access", std::string(kMatter));
  ask.note_intent = [&noted](std::string_view type, std::string_view id, std::string_view reason) -> Status {
    noted = std::string(type) + "/" + std::string(id) + " " + std::string(reason);
    return {};
  };
  const Response opened = Send(ask);
  ASSERT_EQ(opened.status, 201) << opened.body;
  EXPECT_EQ(noted, "Patient/there unconscious");
  EXPECT_EQ(opened.audit_action, "emergency");
  EXPECT_EQ(opened.audit_id, "there");
  EXPECT_EQ(opened.audit_reason, "unconscious");
  ExpectOpen("there", true);  // at once
  // Somebody else of the same post and area sees nothing of it.
  const auto mine = std::exchange(viewer_, PostViewer("doctor", "wang", kHereArea, "Organization/h1"));
  ExpectOpen("there", false);
  viewer_ = mine;
  // The person sees who looked: the Task is among his records.
  EXPECT_EQ(Ids("Task?patient=Patient/there"), IdOf(opened));
  clock_.Advance(121 * 60 * kSecondUs);
  ExpectOpen("there", false);
}

TEST_F(OpenedTest, EmergencyNeedsRightReasonAndTheAudit) {
  const auto ask = [&](std::string body) {
    return Post("Patient/there/$emergency-access", std::move(body)).status;
  };
  EXPECT_EQ(ask(R"({"resourceType":"Parameters"})"), 400);
  EXPECT_EQ(
      ask(R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"curious"},{"name":"text","valueString":"found somewhere"}]})"),
      400);
  EXPECT_EQ(
      ask(R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"unconscious"},{"name":"text","valueString":"x"}]})"),
      400);
  EXPECT_EQ(Post("Patient/nobody/$emergency-access", std::string(kMatter)).status, 404);
  Request unaudited = Make(Method::kPost, "Patient/there/$emergency-access", std::string(kMatter));
  unaudited.note_intent = [](std::string_view, std::string_view, std::string_view) -> Status {
    return MakeError(ErrorCode::kUnavailable, "the disk is full");
  };
  EXPECT_EQ(Send(unaudited).status, 503);
  ExpectOpen("there", false);
  viewer_ = PostViewer("screener", "sun", kHereArea);
  EXPECT_EQ(ask(std::string(kMatter)), 403);
}

TEST_F(OpenedTest, EmergencyIsLimitedByTheHour) {
  const auto ask = [&](const std::string& id) {
    return Post("Patient/" + id + "/$emergency-access", std::string(kMatter));
  };
  // 10 persons an hour; who asks again about one of them is answered with the access that runs.
  const Response first = ask("there");
  ASSERT_EQ(first.status, 201) << first.body;
  for (int i = 0; i < 12; ++i) {
    const Response again = ask("there");
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(IdOf(again), IdOf(first));
    EXPECT_EQ(again.audit_action, "emergency");
  }
  const auto number = [](int i) { return "p" + std::to_string(i); };
  for (int i = 1; i <= 10; ++i)
    ASSERT_EQ(Write("Patient/" + number(i), PatientJson(number(i), "Test", kThereArea)), 201);
  for (int i = 1; i < 10; ++i) ASSERT_EQ(ask(number(i)).status, 201) << i;
  EXPECT_EQ(ask(number(10)).status, 429);
  EXPECT_EQ(ask(number(3)).status, 200);
  clock_.Advance(3601 * kSecondUs);
  EXPECT_EQ(ask(number(10)).status, 201);
  clock_.Advance(3600 * kSecondUs);  // the first one is over
  const Response anew = ask("there");
  EXPECT_EQ(anew.status, 201);
  EXPECT_NE(IdOf(anew), IdOf(first));
}

TEST_F(OpenedTest, ReviewEndsAnUnjustifiedAccess) {
  const std::string id = IdOf(Post("Patient/there/$emergency-access", std::string(kMatter)));
  const auto officer = PostViewer("security-officer", "zhao", "");
  const auto review = [&](const std::shared_ptr<const access::Viewer>& who, std::string_view justified) {
    return As(who, Make(Method::kPost, "Task/" + id + "/$review",
                        R"({"resourceType":"Parameters","parameter":[{"name":"justified","valueBoolean":)" +
                            std::string(justified) + R"(},{"name":"note","valueString":"looked into"}]})"));
  };
  EXPECT_EQ(As(officer, Make(Method::kGet, "Patient/there")).status, 403) << "reviews, and sees no record";
  EXPECT_EQ(Ids(As(officer, Make(Method::kGet, "$emergency-access"))), id);
  EXPECT_EQ(As(doctor_, Make(Method::kGet, "$emergency-access")).status, 403);
  EXPECT_EQ(review(doctor_, "true").status, 403);
  ExpectOpen("there", true);
  const Response reviewed = review(officer, "false");
  ASSERT_EQ(reviewed.status, 200) << reviewed.body;
  EXPECT_EQ(At(Parsed(reviewed), "businessStatus.coding.0.code"), "unjustified");
  ExpectOpen("there", false);
  EXPECT_EQ(review(officer, "true").status, 409);
  EXPECT_EQ(Ids(As(officer, Make(Method::kGet, "$emergency-access"))), "");
  EXPECT_EQ(Ids(As(officer, Make(Method::kGet, "$emergency-access?status=completed"))), id);
}

TEST_F(OpenedTest, NobodyForgesOrTakesAwayAnEmergencyAccess) {
  const Response opened = Post("Patient/there/$emergency-access", std::string(kMatter));
  const std::string task = IdOf(opened);
  std::string forged =
      R"({"resourceType":"Task","id":"forged","status":"requested","intent":"order","code":{"coding":[{"system":"http://tongkang.dev/fhir/CodeSystem/access","code":"emergency-access"}]},)"
      R"("for":{"reference":"Patient/here"},"executionPeriod":{"end":"2099-01-01T00:00:00Z"},"requester":{"identifier":{"system":"http://tongkang.dev/fhir/sid/account","value":"li"}}})";
  for (const auto& who : {doctor_, city_}) {
    viewer_ = who;
    EXPECT_EQ(Put("Task/forged", forged).status, 403);
    EXPECT_EQ(Delete("Task/" + task).status, 403);
    EXPECT_EQ(
        Put("Task/" + task, R"({"resourceType":"Task","id":")" + task +
                                R"(","status":"draft","intent":"order","for":{"reference":"Patient/there"}})")
            .status,
        403);
    EXPECT_EQ(Patch("Task/" + task, R"([{"op":"replace","path":"/status","value":"cancelled"}])").status,
              403);
    EXPECT_EQ(Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + forged +
                           R"(,"request":{"method":"PUT","url":"Task/forged"}}]})")
                  .status,
              403);
    EXPECT_EQ(
        Post(
            "",
            R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Task/)" +
                task + R"("}}]})")
            .status,
        403);
  }
}

TEST_F(OpenedTest, ATreatingRelationOpens) {
  const auto visit = [&](std::string_view status, std::string_view organization, std::string_view end) {
    std::string json =
        R"({"resourceType":"Encounter","id":"e","class":{"code":"AMB"},"status":")" + std::string(status) +
        R"(","subject":{"reference":"Patient/there"},"serviceProvider":{"reference":"Organization/)" +
        std::string(organization) + R"("})";
    if (!end.empty()) json += R"(,"period":{"end":")" + std::string(end) + R"("})";
    return Write("Encounter/e", json + "}");
  };
  ASSERT_EQ(visit("in-progress", "h1", ""), 201);
  Await("Patient/there", 200);
  ExpectOpen("there", true);
  // He writes about the person, and does not move him.
  EXPECT_EQ(
      Post("Condition", R"({"resourceType":"Condition","subject":{"reference":"Patient/there"}})").status,
      201);
  EXPECT_EQ(Put("Patient/there", PatientJson("there", "Test", kHereArea)).status, 403);
  EXPECT_EQ(Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                         PatientJson("there", "Test", kHereArea) +
                         R"(,"request":{"method":"PUT","url":"Patient/there"}}]})")
                .status,
            403);
  EXPECT_EQ(Put("Patient/there", PatientJson("there", "Test", kThereArea)).status, 403) << "others wrote it";
  ASSERT_EQ(visit("in-progress", "h2", ""), 200);
  Await("Patient/there", 404);
  const std::string ended = FormatInstant(clock_.NowUs()).substr(0, 10);
  ASSERT_EQ(visit("finished", "h1", ended), 200);
  Await("Patient/there", 200);
  clock_.Advance(int64_t{9} * 86'400 * kSecondUs);
  ExpectOpen("there", false);
  const std::string today = FormatInstant(clock_.NowUs()).substr(0, 10);
  ASSERT_EQ(
      Write(
          "ServiceRequest/s",
          R"({"resourceType":"ServiceRequest","id":"s","status":"active","intent":"order","authoredOn":")" +
              today +
              R"(","subject":{"reference":"Patient/there"},"performer":[{"reference":"Organization/h1"}]})"),
      201);
  Await("Patient/there", 200);
  clock_.Advance(int64_t{91} * 86'400 * kSecondUs);
  ExpectOpen("there", false);
}

TEST_F(OpenedTest, GuestsAddAndChangeTheirOwnAlone) {
  const auto condition = [](std::string_view id, std::string_view person, std::string_view more) {
    return R"({"resourceType":"Condition","id":")" + std::string(id) +
           R"(","subject":{"reference":"Patient/)" + std::string(person) + "\"}" + std::string(more) + "}";
  };
  const auto in_transaction = [&](std::string_view method, const std::string& url,
                                  const std::string& resource) {
    return Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{)" +
                        (resource.empty() ? "" : "\"resource\":" + resource + ",") +
                        R"("request":{"method":")" + std::string(method) + R"(","url":")" + url + "\"}}]}")
        .status;
  };
  const auto may_write = [&](const std::string& target) {
    return At(Parsed(Get(target + "/$why?do=write")), "parameter.0.valueBoolean");
  };
  constexpr std::string_view kByHim =
      R"(,"recorder":{"identifier":{"system":"http://tongkang.dev/fhir/sid/account","value":"li"}})";
  const std::string by_house =
      R"({"resourceType":"Observation","id":"house","status":"final","code":{"text":"c"},"subject":{"reference":"Patient/there"},"performer":[{"reference":"Organization/h1"}]})";
  ASSERT_EQ(Post("Patient/there/$emergency-access", std::string(kMatter)).status, 201);
  // What others wrote.
  const Response refused = Delete("Condition/there");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("from outside the area"), std::string::npos) << refused.body;
  EXPECT_EQ(Delete("Condition?_id=there").status, 403);
  EXPECT_EQ(Put("Condition/there", condition("there", "there", kByHim)).status, 403);
  EXPECT_EQ(Patch("Condition/there", R"([{"op":"add","path":"/note","value":[{"text":"x"}]}])").status, 403);
  EXPECT_EQ(in_transaction("DELETE", "Condition/there", ""), 403);
  EXPECT_EQ(in_transaction("PUT", "Condition/there", condition("there", "there", kByHim)), 403);
  EXPECT_EQ(Delete("Patient/there").status, 403);
  EXPECT_EQ(in_transaction("DELETE", "Patient/there", ""), 403);
  EXPECT_EQ(Patch("Patient/there", R"([{"op":"add","path":"/active","value":true}])").status, 403);
  EXPECT_EQ(may_write("Condition/there"), "false");
  EXPECT_EQ(may_write("Patient/there"), "false");
  EXPECT_EQ(Get("Condition/there").status, 200);
  // His own, and his organization's.
  ASSERT_EQ(Put("Condition/own", condition("own", "there", kByHim)).status, 201);
  EXPECT_EQ(Put("Condition/own", condition("own", "there", std::string(kByHim) + R"(,"note":[{"text":"x"}])"))
                .status,
            200);
  EXPECT_EQ(may_write("Condition/own"), "true");
  EXPECT_EQ(in_transaction("PUT", "Observation/house", by_house), 200) << "made";
  EXPECT_EQ(in_transaction("PUT", "Observation/house", by_house), 200) << "and changed";
  EXPECT_EQ(Delete("Condition/own").status, 204);
  EXPECT_EQ(Delete("Observation/house").status, 204);
  // In his own area he is no guest.
  EXPECT_EQ(Put("Condition/here", condition("here", "here", "")).status, 200);
  EXPECT_EQ(may_write("Condition/here"), "true");
  EXPECT_EQ(Delete("Condition/here").status, 204);
}

TEST_F(OpenedTest, ConsentsCloseAndOpen) {
  const auto consent = [&](auto... what) { return Consent(what...); };
  constexpr std::string_view kDenyAll = R"({"type":"deny"})";
  ASSERT_EQ(consent("c", "here", kDenyAll), 201);
  Await("Patient/here", 404);
  ExpectOpen("here", false);
  EXPECT_EQ(
      Post("Condition", R"({"resourceType":"Condition","subject":{"reference":"Patient/here"}})").status,
      403);
  // By law: no consent binds who reports diseases, nor the whole city's post.
  EXPECT_EQ(As(PostViewer("cdc-officer", "qian", kHereArea), Make(Method::kGet, "Patient/here")).status, 200);
  EXPECT_EQ(As(city_, Make(Method::kGet, "Patient/here")).status, 200);
  // A doctor with the whole city is bound as well.
  const auto whole = PostViewer("doctor", "he", "");
  EXPECT_EQ(As(whole, Make(Method::kGet, "Patient/here")).status, 404);
  EXPECT_EQ(As(whole, Make(Method::kGet, "Patient/there")).status, 200);
  EXPECT_EQ(At(Parsed(As(whole, Make(Method::kGet, "Patient?_summary=count"))), "total"), "1");
  // An emergency opens it all the same.
  ASSERT_EQ(Post("Patient/here/$emergency-access", std::string(kMatter)).status, 201);
  ExpectOpen("here", true);
  clock_.Advance(121 * 60 * kSecondUs);
  ExpectOpen("here", false);
  // All but one hospital, by a nested exception; then withdrawn.
  ASSERT_EQ(
      consent(
          "c", "here",
          R"({"type":"deny","provision":[{"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"Organization/h1"}}]}]})"),
      200);
  Await("Patient/here", 200);
  EXPECT_EQ(
      As(PostViewer("doctor", "wu", kHereArea, "Organization/h2"), Make(Method::kGet, "Patient/here")).status,
      404);
  ASSERT_EQ(consent("c", "here", kDenyAll, "inactive"), 200);
  Await("Patient/here", 200);
  ASSERT_EQ(
      consent(
          "p", "there",
          R"({"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"Organization/h1"}}],"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]})"),
      201);
  Await("Patient/there", 200);
  ExpectOpen("there", true);
  EXPECT_EQ(As(city_, Make(Method::kDelete, "Consent/p")).status, 204);
  Await("Patient/there", 404);
}

TEST_F(OpenedTest, GuardiansSeeTheirChildrenAndNobodyElses) {
  ASSERT_EQ(Write("Patient/mother", PatientJson("mother", "Test", kHereArea)), 201);
  const auto child = [&](std::string_view birth_date) {
    return Write(
        "Patient/there",
        R"({"resourceType":"Patient","id":"there","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380104"}]},"name":[{"family":"Test"}],"birthDate":")" +
            std::string(birth_date) + "\"}");
  };
  const auto guardian = [](std::string_view more, std::string_view tag = "verified") {
    return R"({"resourceType":"RelatedPerson","id":"g","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/guardianship","code":")" +
           std::string(tag) +
           R"("}]},"extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/related-person-patient","valueReference":{"reference":"Patient/mother"}}],)" +
           std::string(more) +
           R"("patient":{"reference":"Patient/there"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]})";
  };
  // The clock stands at 14 November 2023.
  ASSERT_EQ(child("2009-11-16"), 200);
  ASSERT_EQ(Write("RelatedPerson/g", guardian("", "claimed")), 201);
  auto mother = std::make_shared<access::Viewer>(*PostViewer("resident", "mother", kHereArea));
  mother->scope.area_low = mother->scope.area_high = 0;
  mother->scope.only_owner = engine_->keys().Find("Patient/mother").value();
  viewer_ = mother;
  EXPECT_EQ(Get("Patient/mother").status, 200);
  EXPECT_EQ(Get("Patient/here").status, 404);
  ExpectOpen("there", false);
  // Verified by who may, and by nobody else.
  viewer_ = doctor_;
  EXPECT_EQ(
      Put("RelatedPerson/g2",
          R"({"resourceType":"RelatedPerson","id":"g2","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/guardianship","code":"verified"}]},"patient":{"reference":"Patient/here"}})")
          .status,
      403);
  viewer_ = mother;
  ASSERT_EQ(Write("RelatedPerson/g", guardian("")), 200);
  Await("Patient/there", 200);
  ExpectOpen("there", true);
  EXPECT_EQ(Get("Patient/here").status, 404);
  // Tomorrow the child is 14.
  clock_.Advance(int64_t{2} * 86'400 * kSecondUs);
  ExpectOpen("there", false);
  // The birth date was wrong: mended, the child is one again; and revoked, it is closed.
  ASSERT_EQ(child("2015"), 200);
  Await("Patient/there", 200);
  ASSERT_EQ(Write("RelatedPerson/g", guardian(R"("active":false,)")), 200);
  Await("Patient/there", 404);
  ExpectOpen("there", false);
}

TEST_F(OpenedTest, FactsAreThereAgainAfterARestart) {
  ASSERT_EQ(Post("Patient/there/$emergency-access", std::string(kMatter)).status, 201);
  Close();
  Open();
  ExpectOpen("there", true);
}

TEST_F(OpenedTest, WhyTellsNoMoreThanAReadWould) {
  const auto mine = [&](std::string_view target) { return Get(target).body; };
  EXPECT_EQ(mine("Patient/there/$why"), mine("Patient/nobody/$why"));
  const Response foreign = Get("$why?account=li&resource=Patient/here");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(Get("Patient/here/$why?do=write").status, 200);
  EXPECT_EQ(At(Parsed(Get("Patient/here/$why?do=$erase")), "parameter.0.valueBoolean"), "false");
  EXPECT_EQ(Get("Patient/here/$why?foo=1").status, 400);
}

}  // namespace
}  // namespace tk::interaction
