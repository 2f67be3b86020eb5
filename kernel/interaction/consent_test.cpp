// Consents as they are read: who is meant by an actor, what an exception reaches, and that what is not understood closes.
#include <gtest/gtest.h>

#include "kernel/interaction/opened_for_test.h"

namespace tk::interaction {
namespace {

class ConsentTest : public OpenedTest {
 protected:
  void SetUp() override {
    OpenedTest::SetUp();
    ASSERT_EQ(
        Write(
            "Organization/dep",
            R"({"resourceType":"Organization","id":"dep","name":"D","partOf":{"reference":"Organization/h1"}})"),
        201);
    ASSERT_EQ(
        Write(
            "Organization/room",
            R"({"resourceType":"Organization","id":"room","name":"R","partOf":{"reference":"Organization/dep"}})"),
        201);
    auto staff = std::make_shared<access::Viewer>(*PostViewer("doctor", "dp", kHereArea, "Organization/h1"));
    staff->record = "Practitioner/dp1";
    practitioner_ = staff;
  }
  static std::string Rule(std::string_view type, std::string_view actor, std::string_view more = {}) {
    std::string json = R"({"type":")" + std::string(type) + "\"";
    if (!actor.empty()) json += R"(,"actor":[{"role":{"text":"x"},"reference":)" + std::string(actor) + "}]";
    return json + std::string(more) + "}";
  }
  static std::string Ref(std::string_view name) { return R"({"reference":")" + std::string(name) + "\"}"; }
  static std::string For(std::string_view code) {
    return R"(,"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":")" +
           std::string(code) + "\"}]";
  }
  static std::string Except(const std::string& rule) { return ",\"provision\":[" + rule + "]"; }
  /// The Consent `c` of the person, and what he who reads then gets.
  int Seen(const std::shared_ptr<const access::Viewer>& who, const std::string& provision,
           std::string_view patient = "here") {
    const int written = Consent("c", patient, provision);
    EXPECT_TRUE(written == 200 || written == 201) << written << provision;
    AwaitFacts();
    return As(who, Make(Method::kGet, "Condition/here")).status;
  }
  std::shared_ptr<const access::Viewer> practitioner_;
};

TEST_F(ConsentTest, AnExceptionReachesNoFurtherThanTheRuleAroundIt) {
  const std::string h1 = Ref("Organization/h1");
  EXPECT_EQ(Seen(doctor_, Rule("deny", "", For("TREAT"))), 404);
  EXPECT_EQ(Seen(doctor_, Rule("deny", "", For("TREAT") + Except(Rule("permit", h1, For("HRESCH"))))), 404);
  EXPECT_EQ(Seen(doctor_, Rule("deny", "", Except(Rule("permit", h1, For("HRESCH"))))), 404);
  EXPECT_EQ(Seen(doctor_, Rule("deny", "", For("TREAT") + Except(Rule("permit", h1, For("TREAT"))))), 200);
  EXPECT_EQ(Seen(doctor_, Rule("deny", "", For("TREAT") + Except(Rule("permit", h1)))), 200);
  // Of a rule about another house nothing is excepted here, and what has ended excepts no more.
  const auto there = PostViewer("doctor", "far", kThereArea, "Organization/h1");
  EXPECT_EQ(Seen(there, Rule("deny", Ref("Organization/h2"), Except(Rule("permit", h1)))), 404);
  EXPECT_EQ(Seen(there, Rule("deny", "", Except(Rule("permit", h1)))), 200);
  const std::string ended = R"(,"period":{"end":"2020-01-01"})";
  EXPECT_EQ(Seen(there, Rule("deny", "", ended + Except(Rule("permit", h1, R"(,"period":{"end":"2099"})")))),
            404);
  // An exception from a permit closes for what it says itself.
  EXPECT_EQ(Seen(there, Rule("permit", h1, Except(Rule("deny", h1, For("HRESCH"))))), 200);
  EXPECT_EQ(Seen(there, Rule("permit", h1, Except(Rule("deny", h1, For("TREAT"))))), 404);
}

TEST_F(ConsentTest, WhoIsNamedIsMeantAndWhoIsNotUnderstoodIsEverybody) {
  EXPECT_EQ(Seen(practitioner_, Rule("permit", Ref("Organization/h2"))), 200) << "his area lets him in";
  EXPECT_EQ(Seen(practitioner_, Rule("deny", Ref("Practitioner/dp1"))), 404);
  EXPECT_EQ(Seen(doctor_, Rule("deny", Ref("Practitioner/dp1"))), 200) << "a colleague is not meant";
  EXPECT_EQ(Seen(practitioner_, Rule("deny", Ref("Practitioner/dp1/_history/1"))), 404);
  EXPECT_EQ(Seen(practitioner_, Rule("deny", Ref("Organization/h1/_history/1"))), 404);
  EXPECT_EQ(Seen(practitioner_, Rule("deny", Ref("Organization/h2"))), 200);
  EXPECT_EQ(Seen(practitioner_, Rule("deny", Ref("PractitionerRole/pr1"))), 404);
  EXPECT_EQ(Seen(practitioner_, Rule("deny", Ref("CareTeam/x"))), 404);
  EXPECT_EQ(Seen(practitioner_,
                 Rule("deny",
                      R"({"type":"Organization","identifier":{"system":"http://x","value":"91380100MA"}})")),
            404);
  EXPECT_EQ(Seen(practitioner_, Rule("deny", "", R"(,"purpose":[{"display":"whatever"}])")), 404);
  EXPECT_EQ(Seen(practitioner_, Rule("deny", ""), "here/_history/1"), 404);
  // What is not understood opens nothing.
  const auto there = PostViewer("doctor", "far", kThereArea, "Organization/h1");
  EXPECT_EQ(Seen(there, Rule("permit", Ref("CareTeam/x"))), 404);
  EXPECT_EQ(Seen(there, Rule("deny", "", Except(Rule("permit", Ref("CareTeam/x"))))), 404);
  EXPECT_EQ(Seen(there, Rule("permit", Ref("Organization/h1"))), 200);
}

TEST_F(ConsentTest, AHousesRoomsAreClosedWithIt) {
  const auto room = PostViewer("doctor", "inner", kHereArea, "Organization/room");
  EXPECT_EQ(Seen(room, Rule("deny", Ref("Organization/h2"))), 200);
  EXPECT_EQ(Seen(room, Rule("deny", Ref("Organization/h1"))), 404);
  const Response why = As(room, Make(Method::kGet, "Patient/here/$why"));
  EXPECT_EQ(At(Parsed(why), "parameter.0.valueBoolean"), "false") << why.body;
  // A part is not the whole, and what opens to the whole opens to those who are named alone.
  EXPECT_EQ(Seen(doctor_, Rule("deny", Ref("Organization/room"))), 200);
  const auto far = PostViewer("doctor", "far", kThereArea, "Organization/room");
  EXPECT_EQ(Seen(far, Rule("permit", Ref("Organization/h1"))), 404);
  // It became another's.
  ASSERT_EQ(Write("Organization/dep", R"({"resourceType":"Organization","id":"dep","name":"D"})"), 200);
  EXPECT_EQ(Seen(room, Rule("deny", Ref("Organization/h1"))), 200);
}

TEST_F(ConsentTest, OneThatNamesNoPatientIsRefused) {
  const auto nobody = [&](std::string_view patient) {
    return As(
        city_,
        Make(
            Method::kPut, "Consent/n",
            R"({"resourceType":"Consent","id":"n","status":"active","scope":{"coding":[{"code":"patient-privacy"}]},)"
            R"("category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},)" +
                std::string(patient) + R"("provision":{"type":"deny"}})"));
  };
  for (const char* const patient :
       {"", R"("patient":{"identifier":{"system":"s","value":"1"}},)", R"("patient":{"display":"he"},)"}) {
    const Response refused = nobody(patient);
    EXPECT_EQ(refused.status, 422) << patient << refused.body;
    EXPECT_EQ(IssuePath(refused), "Consent.patient");
  }
  EXPECT_EQ(nobody(R"("patient":{"reference":"Patient/here"},)").status, 201);
}

}  // namespace
}  // namespace tk::interaction
