// What one writes himself does not let him in: relations of a guest, and of the house's own doctor.
#include <gtest/gtest.h>

#include "kernel/interaction/opened_for_test.h"

namespace tk::interaction {
namespace {

class OwnHandTest : public OpenedTest {
 protected:
  static std::string Asked(std::string_view person, std::string_view house, std::string_view written,
                           std::string_view requester = "Organization/h2") {
    return R"({"resourceType":"ServiceRequest","id":"s","status":"active","intent":"order","authoredOn":")" +
           std::string(written) + R"(","subject":{"reference":"Patient/)" + std::string(person) +
           R"("},"requester":{"reference":")" + std::string(requester) +
           R"("},"performer":[{"reference":"Organization/)" + std::string(house) + R"("}]})";
  }
  std::string Today() const { return FormatInstant(clock_.NowUs()).substr(0, 10); }
  bool IsTagged(std::string_view target) const {
    return As(city_, Make(Method::kGet, target)).body.find("own-hand") != std::string::npos;
  }
  /// Is what tells of a special disease shown to the doctor?
  bool SeesSpecial() {
    AwaitFacts();
    return Get("Condition/h").body.find("hidden-words") != std::string::npos;
  }
  void AddSpecial() {
    ASSERT_EQ(
        Write(
            "Condition/h",
            R"({"resourceType":"Condition","id":"h","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"B20"}],)"
            R"("text":"hidden-words"},"subject":{"reference":"Patient/here"}})"),
        201);
  }
};

TEST_F(OwnHandTest, AGuestsRecordsOutliveHisAccessAndDoNotProlongIt) {
  ASSERT_EQ(Post("Patient/there/$emergency-access", std::string(kMatter)).status, 201);
  ASSERT_EQ(Put("Encounter/mine", Visit("mine", "there", "in-progress", "h1")).status, 201);
  ASSERT_EQ(Put("Encounter/other", Visit("other", "there", "in-progress", "h2")).status, 201);
  ASSERT_EQ(Put("ServiceRequest/s", Asked("there", "h1", Today())).status, 201);
  const Response bundled = Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                                        Visit("third", "there", "in-progress", "h1") +
                                        R"(,"request":{"method":"PUT","url":"Encounter/third"}}]})");
  ASSERT_EQ(bundled.status, 200) << bundled.body;
  for (const char* const one : {"Encounter/mine", "Encounter/other", "ServiceRequest/s", "Encounter/third"})
    EXPECT_TRUE(IsTagged(one)) << one;
  // Sent again without the tag, and patched out of it.
  EXPECT_EQ(Put("Encounter/mine", Visit("mine", "there", "in-progress", "h1")).status, 200);
  EXPECT_EQ(Patch("Encounter/third", R"([{"op":"remove","path":"/meta/tag"}])").status, 200);
  AwaitFacts();
  ExpectOpen("there", true);
  clock_.Advance(121 * 60 * kSecondUs);
  ExpectOpen("there", false);
  const auto colleague = PostViewer("doctor", "wang", kHereArea, "Organization/h2");
  EXPECT_EQ(As(colleague, Make(Method::kGet, "Patient/there")).status, 404) << "nor a colleague elsewhere";
  // Who is in charge says so himself: it counts.
  ASSERT_EQ(Write("Encounter/mine", Visit("mine", "there", "in-progress", "h1")), 200);
  EXPECT_FALSE(IsTagged("Encounter/mine"));
  AwaitFacts();
  ExpectOpen("there", true);
}

TEST_F(OwnHandTest, ADoctorsOwnVisitOpensNoSpecialDisease) {
  AddSpecial();
  EXPECT_FALSE(SeesSpecial());
  ASSERT_EQ(Put("Encounter/e", Visit("e", "here", "planned", "h1")).status, 201);
  EXPECT_FALSE(IsTagged("Encounter/e")) << "it opens nothing anyway";
  ASSERT_EQ(Put("Encounter/e", Visit("e", "here", "in-progress", "h1")).status, 200);
  EXPECT_TRUE(IsTagged("Encounter/e"));
  EXPECT_FALSE(SeesSpecial());
  ASSERT_EQ(Put("ServiceRequest/s", Asked("here", "h1", Today())).status, 201);
  EXPECT_FALSE(SeesSpecial());
  const Response both = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:8d9bde29-7e0b-4f0a-bb6c-4d6f8a0b1c2d","resource":)" +
          PatientJson("", "New", kHereArea) +
          R"(,"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":"Encounter","id":"n","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"urn:uuid:8d9bde29-7e0b-4f0a-bb6c-4d6f8a0b1c2d"},"serviceProvider":{"reference":"Organization/h1"}},"request":{"method":"PUT","url":"Encounter/n"}}]})");
  ASSERT_EQ(both.status, 200) << both.body;
  EXPECT_TRUE(IsTagged("Encounter/n")) << "of a person who is new with it, too";
  // A referral to another house is no key to his own.
  ASSERT_EQ(Put("ServiceRequest/s", Asked("here", "h2", Today(), "Organization/h1")).status, 200);
  EXPECT_FALSE(IsTagged("ServiceRequest/s"));
  // The reception's visit opens it; its doctor ends it, and what ended he does not open again.
  ASSERT_EQ(Write("Encounter/r", Visit("r", "here", "arrived", "h1")), 201);
  EXPECT_TRUE(SeesSpecial());
  ASSERT_EQ(Put("Encounter/r", Visit("r", "here", "in-progress", "h1")).status, 200);
  EXPECT_TRUE(SeesSpecial());
  const std::string ended = R"(,"period":{"end":")" + Today() + "\"}";
  ASSERT_EQ(Put("Encounter/r", Visit("r", "here", "finished", "h1", ended)).status, 200);
  EXPECT_FALSE(IsTagged("Encounter/r"));
  EXPECT_TRUE(SeesSpecial()) << "some days more";
  ASSERT_EQ(Put("Encounter/r", Visit("r", "here", "in-progress", "h1")).status, 200);
  EXPECT_TRUE(IsTagged("Encounter/r"));
  EXPECT_FALSE(SeesSpecial());
}

TEST_F(OwnHandTest, AReferralIsItsRequestersAndCountsFromWhenItWasStored) {
  ASSERT_EQ(Write("ServiceRequest/s", Asked("there", "h1", "2036-01-01")), 201);
  Await("Patient/there", 200);
  EXPECT_EQ(Put("ServiceRequest/s", Asked("there", "h1", "2037-01-01")).status, 403);
  EXPECT_EQ(Delete("ServiceRequest/s").status, 403);
  clock_.Advance(int64_t{92} * 86'400 * kSecondUs);
  ExpectOpen("there", false);
}

TEST_F(OwnHandTest, WhatIsOverOrNotYetOrNotToBeDoneOpensNothing) {
  const auto sees = [&](std::string_view type, const std::string& json) {
    const int status = Write(std::string(type) + "/s", json);
    EXPECT_TRUE(status == 200 || status == 201) << status << json;
    AwaitFacts();
    return Get("Patient/there").status;
  };
  const auto visit = [&](std::string_view status, const std::string& period) {
    return sees("Encounter", Visit("s", "there", status, "h1", R"(,"period":{)" + period + "}"));
  };
  const std::string today = "\"" + Today() + "\"";
  EXPECT_EQ(visit("in-progress", R"("start":)" + today), 200);
  EXPECT_EQ(visit("in-progress", R"("end":"2011-01-01")"), 404);
  EXPECT_EQ(visit("arrived", R"("start":"2030-01-01")"), 404);
  EXPECT_EQ(visit("finished", R"("end":)" + today), 200);
  EXPECT_EQ(visit("finished", R"("end":"2030-01-01")"), 200) << "as if it ended now";
  clock_.Advance(int64_t{9} * 86'400 * kSecondUs);
  EXPECT_EQ(Get("Patient/there").status, 404);
  const auto with = [&](std::string_view was, std::string_view is) {
    std::string json = Asked("there", "h1", Today());
    json.replace(json.find(was), was.size(), is);
    return sees("ServiceRequest", json);
  };
  EXPECT_EQ(with(R"("intent":"order")", R"("intent":"order")"), 200);
  for (const char* const intent : {R"("intent":"proposal")", R"("intent":"plan")", R"("intent":"option")",
                                   R"("intent":"order","doNotPerform":true)"})
    EXPECT_EQ(with(R"("intent":"order")", intent), 404) << intent;
  EXPECT_EQ(with(R"("intent":"order")", R"("intent":"instance-order")"), 200);
}

TEST_F(OwnHandTest, ARepeatedRequestIsKnownAgain) {
  Request first =
      Make(Method::kPost, "Encounter",
           R"({"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"},)"
           R"("subject":{"reference":"Patient/here"},"serviceProvider":{"reference":"Organization/h1"}})");
  first.idempotency_key = "k1";
  const Response made = Send(first), again = Send(first);
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_NE(made.body.find("own-hand"), std::string::npos) << made.body;
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.location, made.location);
}

}  // namespace
}  // namespace tk::interaction
