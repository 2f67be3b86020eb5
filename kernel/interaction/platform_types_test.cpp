// A type of the platform's own beside those of FHIR: what names types, what constrains them, what tells of them.
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

constexpr const char* kZedUrl = "http://tongkang.dev/test/StructureDefinition/Zed";
constexpr const char* kZed =
    R"({"resourceType":"StructureDefinition","id":"zed-of-a-file","url":"http://tongkang.dev/test/StructureDefinition/Zed","name":"Zed",
  "status":"active","fhirVersion":"4.0.1","kind":"resource","abstract":false,"type":"Zed",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource","derivation":"specialization","differential":{"element":[
  {"id":"Zed","path":"Zed","min":0,"max":"*"},{"id":"Zed.name","path":"Zed.name","min":0,"max":"1","type":[{"code":"string"}]},
  {"id":"Zed.state","path":"Zed.state","min":0,"max":"1","type":[{"code":"code"}],"binding":{"strength":"required","valueSet":"http://tongkang.dev/test/ValueSet/states"}},
  {"id":"Zed.when","path":"Zed.when","min":0,"max":"1","type":[{"code":"Period"}]}]}})";
constexpr const char* kStates =
    R"({"resourceType":"CodeSystem","url":"http://tongkang.dev/test/states","content":"complete","status":"active","concept":[{"code":"full"},{"code":"empty"}]})";
constexpr const char* kStateSet =
    R"({"resourceType":"ValueSet","url":"http://tongkang.dev/test/ValueSet/states","status":"active","compose":{"include":[{"system":"http://tongkang.dev/test/states"}]}})";

class PlatformTypesTest : public InteractionTest {
 protected:
  void SetUp() override {
    auto made = fhir::Definitions::Extend(fhir::Definitions::R4(), {kZed, kStates, kStateSet});
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    definitions_ = *std::move(made);
    InteractionTest::SetUp();
  }
  static std::string Profile(const std::string& id, const std::string& type, const std::string& base,
                             const std::string& element) {
    return R"({"resourceType":"StructureDefinition","id":")" + id + R"(","url":"http://x/)" + id +
           R"(","name":"P","status":"active","kind":"resource","abstract":false,"type":")" + type +
           R"(","derivation":"constraint","baseDefinition":")" + base + R"(","differential":{"element":[)" +
           element + "]}}";
  }
};

TEST_F(PlatformTypesTest, TheirProfilesAreAppliedOnWriteAndByValidate) {
  const std::string profile = Profile("zp", "Zed", kZedUrl, R"({"id":"Zed.when","path":"Zed.when","min":1})");
  EXPECT_EQ(Post("StructureDefinition/$validate", profile).body.find("not known here"), std::string::npos);
  ASSERT_EQ(Put("StructureDefinition/zp", profile).status, 201);
  const std::string claims =
      R"({"resourceType":"Zed","id":"1","meta":{"profile":["http://x/zp"]},"name":"a")";
  const Response refused = Put("Zed/1", claims + "}");
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(IssuePath(refused), "Zed.when");
  EXPECT_NE(Post("Zed/$validate", claims + "}").body.find("is there 0 times"), std::string::npos);
  EXPECT_EQ(Put("Zed/1", claims + R"(,"when":{"start":"2026"}})").status, 201);
  const auto conforms = [&](const std::string& zed) {
    return Post(
               "$fhirpath",
               R"j({"resourceType":"Parameters","parameter":[{"name":"expression","valueString":"conformsTo('http://x/zp')"},)j"
               R"j({"name":"resource","resource":)j" +
                   zed + "}]}")
        .body;
  };
  EXPECT_NE(conforms(claims + "}").find(R"("valueBoolean":false)"), std::string::npos)
      << conforms(claims + "}");
  EXPECT_NE(conforms(claims + R"(,"when":{"start":"2026"}})").find(R"("valueBoolean":true)"),
            std::string::npos);
  ASSERT_EQ(
      Put("StructureDefinition/tp",
          Profile("tp", "Task", "http://hl7.org/fhir/StructureDefinition/Task",
                  R"({"id":"Task.focus","path":"Task.focus","type":[{"code":"Reference","targetProfile":[")" +
                      std::string(kZedUrl) + R"("]}]})"))
          .status,
      201);
  const auto task = [&](const char* focus) {
    return Put("Task/t",
               R"({"resourceType":"Task","id":"t","meta":{"profile":["http://x/tp"]},"status":"draft","intent":"order","focus":{"reference":")" +
                   std::string(focus) + R"("}})")
        .status;
  };
  EXPECT_EQ(task("Zed/1"), 201);
  EXPECT_EQ(task("Patient/1"), 422);
}

TEST_F(PlatformTypesTest, WhatNamesTypesNamesThem) {
  ASSERT_EQ(Put("Zed/1", R"({"resourceType":"Zed","id":"1","state":"full"})").status, 201);
  const auto parameter = [](const char* base) {
    return R"({"resourceType":"SearchParameter","id":"zz","url":"http://x/zz","name":"zz","status":"active","description":"d","code":"state","base":[")" +
           std::string(base) + R"("],"type":"token","expression":"Zed.state"})";
  };
  const Response stored = Put("SearchParameter/zz", parameter("Zed"));
  EXPECT_EQ(stored.status, 201) << stored.body;
  EXPECT_EQ(Put("SearchParameter/zz", parameter("Zod")).status, 422);
  const Response asked =
      Put("Questionnaire/q",
          R"({"resourceType":"Questionnaire","id":"q","status":"active","subjectType":["Zed","Patient"]})");
  EXPECT_EQ(asked.status, 201) << asked.body;
  const Response metadata = Get("metadata");
  const Response validated = Post("CapabilityStatement/$validate", metadata.body);
  EXPECT_EQ(validated.body.find(R"("severity":"error")"), std::string::npos) << validated.body.substr(0, 600);
  EXPECT_NE(
      metadata.body.find(R"("type":"Zed","profile":"http://tongkang.dev/test/StructureDefinition/Zed")"),
      std::string::npos);
  // Codings of the type's name: its system knows it, and so do value sets of all types.
  const auto coding = [&](const char* code) {
    return Post(
               "AuditEvent/$validate",
               R"({"resourceType":"AuditEvent","type":{"system":"http://x/t","code":"a"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":true}],)"
               R"("source":{"observer":{"display":"a"}},"entity":[{"type":{"system":"http://hl7.org/fhir/resource-types","code":")" +
                   std::string(code) + R"("}}]})")
        .body;
  };
  EXPECT_EQ(coding("Zed").find("entity[0].type"), std::string::npos) << coding("Zed");
  EXPECT_NE(coding("Zod").find("entity[0].type"), std::string::npos);
}

TEST_F(PlatformTypesTest, TheirDefinitionIsAnsweredWithoutBeingStored) {
  const Response read = Get("StructureDefinition/Zed");
  ASSERT_EQ(read.status, 200) << read.body;
  const fhir::Document document = Parsed(read);
  EXPECT_EQ(At(document, "id"), "Zed");
  EXPECT_EQ(At(document, "url"), kZedUrl);
  EXPECT_EQ(At(document, "differential.element.1.path"), "Zed.name");
  EXPECT_TRUE(read.etag.empty());
  EXPECT_EQ(Post("StructureDefinition/$validate", read.body).body.find(R"("severity":"error")"),
            std::string::npos);
  EXPECT_NE(Get("StructureDefinition/Zed?_elements=url").body.find("SUBSETTED"), std::string::npos);
  EXPECT_EQ(Get("StructureDefinition/Zed/_history/1").status, 404);
  EXPECT_EQ(Get("StructureDefinition/Zod").status, 404);
  EXPECT_EQ(Get("StructureDefinition/Patient").status, 404);
  EXPECT_EQ(Delete("StructureDefinition/Zed").status, 204);
  EXPECT_EQ(Get("StructureDefinition/Zed").status, 200);
  // Its url is its own.
  std::string other = Profile("other", "Zed", kZedUrl, R"({"id":"Zed","path":"Zed"})");
  other.replace(other.find("http://x/other"), 14, kZedUrl);
  const Response refused = Put("StructureDefinition/other", other);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(IssuePath(refused), "StructureDefinition.url");
  ASSERT_EQ(Put("StructureDefinition/Zed", read.body).status, 201);
  EXPECT_FALSE(Get("StructureDefinition/Zed").etag.empty());
  ASSERT_EQ(Delete("StructureDefinition/Zed").status, 204);
  EXPECT_EQ(Get("StructureDefinition/Zed").status, 200);
}

TEST_F(PlatformTypesTest, TheirValueSetsAreKnown) {
  const Response member = Post(
      "$fhirpath",
      R"j({"resourceType":"Parameters","parameter":[{"name":"expression","valueString":"state.memberOf('http://tongkang.dev/test/ValueSet/states')"},)j"
      R"j({"name":"resource","resource":{"resourceType":"Zed","state":"full"}}]})j");
  EXPECT_NE(member.body.find(R"("valueBoolean":true)"), std::string::npos) << member.body;
  const std::string coding =
      R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://tongkang.dev/test/states","code":"none"}]}})";
  EXPECT_NE(Post("Observation/$validate", coding).body.find("code.coding[0]"), std::string::npos)
      << "not a code of a system that is here in full";
}

}  // namespace
}  // namespace tk::interaction
