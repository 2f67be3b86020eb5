// What a resource of many elements keeps to is decided; where the limit of work ends it, that is told as what it is.
#include <gtest/gtest.h>

#include "kernel/fhir/invariants.h"
#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

/// A profile of Patient with so many slices of name in its list.
std::string SlicedPatient(size_t slices, const std::string& list, const std::string& last) {
  const std::string texts =
      list == "snapshot" ? R"(,"definition":"d","min":0,"max":"*","base":{"path":"x","min":0,"max":"*"})"
                         : "";
  std::string json =
      R"({"resourceType":"StructureDefinition","url":"http://x.org/large","name":"Large","status":"active",
      "kind":"resource","abstract":false,"type":"Patient","derivation":"constraint",
      "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",")" +
      list + R"(":{"element":[{"id":"Patient","path":"Patient")" + texts +
      R"(},{"id":"Patient.name","path":"Patient.name")" + texts +
      R"(,"slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}})";
  for (size_t i = 0; i < slices; ++i) {
    const std::string name = "s" + std::to_string(i);
    json += R"(,{"id":"Patient.name:)" + name + R"(","path":"Patient.name","sliceName":")" + name + "\"" +
            texts + "}";
  }
  return json + R"(,{"id":")" + last + R"(","path":")" + last + "\"" + texts + "}]}}";
}

std::string ToldOfLarge(const std::string& json) {
  const auto r4 = Definitions::R4();  // before parsing: it names the members
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok());
  std::string told;
  for (const Issue& issue : Validate(*r4, document->Root())) told += issue.text + "\n";
  return told;
}

TEST(LargeStructures, KeepToTheRulesOfTheirPaths) {
  for (const char* list : {"differential", "snapshot"}) {
    EXPECT_EQ(ToldOfLarge(SlicedPatient(15'000, list, "Patient.telecom")), "") << list;
    const std::string told = ToldOfLarge(SlicedPatient(15'000, list, "Person.telecom"));
    EXPECT_EQ(told.substr(0, 5), "sdf-8") << told;
    EXPECT_EQ(told.find("cannot be decided"), std::string::npos) << told;
  }
}

TEST(LargeStructures, TheLimitOfWorkIsNoFaultOfTheResource) {
  const auto r4 = Definitions::R4();
  const auto document = Document::Parse(SlicedPatient(100, "differential", "Patient.telecom"));
  const Value differential = document->Root()["differential"];
  const TypeId type = r4->FindType("StructureDefinition.differential");
  path::Environment environment;
  environment.definitions = r4.get();
  environment.resource = document->Root();
  const Constraint* rule = nullptr;
  for (const Constraint& one : r4->Constraints(type)) {
    if (one.key == "sdf-8a") rule = &one;
  }
  ASSERT_NE(rule, nullptr);
  const path::Item item{differential, Value(), type, {}};
  EXPECT_EQ(r4->invariants().Test(*rule, environment, item), Invariants::Answer::kHolds);
  environment.work_max = 10;
  EXPECT_EQ(r4->invariants().Test(*rule, environment, item), Invariants::Answer::kTooLarge);
}

// Each family is looked for among all.
TEST(LargeStructures, AProfilesInvariantThatTakesTooMuchIsTold) {
  MemoryCanonicals canonicals;
  canonicals.Add(std::make_shared<const Document>(
      Document::Parse(
          R"j({"resourceType":"StructureDefinition","url":"http://x/p","type":"Patient","derivation":"constraint",
      "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[{"path":"Patient",
      "constraint":[{"key":"k","severity":"error","human":"h","expression":"name.all(family in %resource.name.given)"}]}]}})j")
          .value()));
  const auto told = [&](size_t names) {
    std::string json = R"({"resourceType":"Patient","name":[)";
    for (size_t i = 0; i < names; ++i)
      json += std::string(i == 0 ? "" : ",") + R"({"family":"x","given":["y"]})";
    json.replace(json.rfind('y'), 1, "x");
    const auto document = Document::Parse(json + "]}");
    Profiles profiles(*Definitions::R4(), canonicals);
    ProfileChecker checker(profiles, {});
    checker.Check(document->Root(), "http://x/p");
    return checker.Take();
  };
  EXPECT_TRUE(told(10).empty());
  const auto issues = told(2000);
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].type, "too-costly");
  EXPECT_EQ(issues[0].text.substr(0, 44), "is too large to check: whether it keeps to k");
  EXPECT_EQ(RefusedFor(issues), ErrorCode::kTooLarge);
  EXPECT_EQ(RefusedFor({issues[0], {Severity::kError, "invariant", "", "k: h"}}), ErrorCode::kInvalid);
  EXPECT_EQ(RefusedFor({issues[0], {Severity::kWarning, "invariant", "", "k: h"}}), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace tk::fhir
