// R4's own profiles and extensions: they are known without being stored, and say what the official files say.
#include "kernel/fhir/official_profiles.h"

#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

constexpr const char* kUrl = "http://hl7.org/fhir/StructureDefinition/";

/// "path: text" of each error, a line each.
std::string ErrorsOf(std::string_view json, const std::vector<std::string>& asked = {}) {
  const MemoryCanonicals nothing_stored;
  Profiles profiles(*Definitions::R4(), nothing_stored);
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  ProfileChecker checker(profiles, {});
  for (const std::string& profile : asked) checker.Check(document->Root(), kUrl + profile);
  checker.CheckClaims(document->Root());
  std::string text;
  for (const Issue& issue : checker.Take()) text += issue.path + ": " + issue.text + "\n";
  return text;
}

std::string Weight(std::string_view members) {
  return R"({"resourceType":"Observation","status":"final","subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-01-01",
    "code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]})" +
         std::string(members) + "}";
}
constexpr const char* kVital =
    R"(,"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}])";

TEST(OfficialProfiles, AreFoundByUrlAndVersion) {
  ASSERT_NE(OfficialStructure(std::string(kUrl) + "vitalsigns"), nullptr);
  EXPECT_NE(OfficialStructure(std::string(kUrl) + "vitalsigns|4.0.1"), nullptr);
  EXPECT_EQ(OfficialStructure(std::string(kUrl) + "vitalsigns|5.0.0"), nullptr);
  EXPECT_EQ(OfficialStructure(std::string(kUrl) + "nobody"), nullptr);
  EXPECT_EQ(OfficialStructure(""), nullptr);
}

TEST(OfficialProfiles, VitalSignsAndWhatDerivesFromThem) {
  const std::string right =
      Weight(std::string(kVital) +
             R"(,"valueQuantity":{"value":70,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"})");
  EXPECT_EQ(ErrorsOf(right, {"vitalsigns", "bodyweight"}), "");
  EXPECT_NE(
      ErrorsOf(right, {"bodyheight"}).find("Observation.code.coding: slice BodyHeightCode: is there 0 times"),
      std::string::npos);
  const std::string bare = ErrorsOf(Weight(""), {"vitalsigns"});
  EXPECT_NE(bare.find("Observation.category: is there 0 times; at least 1"), std::string::npos) << bare;
  EXPECT_NE(bare.find("vs-2"), std::string::npos) << bare;
  const std::string stones = ErrorsOf(
      Weight(
          std::string(kVital) +
          R"(,"valueQuantity":{"value":11,"unit":"stone","system":"http://unitsofmeasure.org","code":"[stone_av]"})"),
      {"bodyweight"});
  EXPECT_NE(stones.find("Observation.value.code: is not of the required value set"), std::string::npos)
      << stones;
  // Claimed, it is checked without being asked for.
  EXPECT_NE(ErrorsOf(Weight(R"(,"meta":{"profile":["http://hl7.org/fhir/StructureDefinition/vitalsigns"]})")),
            "");
}

// Its components are told apart by a coding within a slice of their own.
TEST(OfficialProfiles, BloodPressureHasTwoComponents) {
  const auto component = [](std::string_view code) {
    return R"({"code":{"coding":[{"system":"http://loinc.org","code":")" + std::string(code) +
           R"("}]},"valueQuantity":{"value":80,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}})";
  };
  const auto pressure = [&](std::string_view second) {
    return R"({"resourceType":"Observation","status":"final","subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-01-01",
    "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[)" +
           component("8480-6") + "," + component(second) + "]" + kVital + "}";
  };
  EXPECT_EQ(ErrorsOf(pressure("8462-4"), {"bp"}), "");
  EXPECT_NE(ErrorsOf(pressure("8480-6"), {"bp"}).find("slice SystolicBP: is there 2 times"),
            std::string::npos);
}

TEST(OfficialProfiles, ExtensionsOfR4AreCheckedWhereTheyStand) {
  const auto patient = [](std::string_view value) {
    return R"({"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace",)" +
           std::string(value) + "}]}";
  };
  EXPECT_EQ(ErrorsOf(patient(R"("valueAddress":{"city":"x"})")), "");
  EXPECT_NE(
      ErrorsOf(patient(R"("valueString":"x")")).find("Patient.extension[0].value: must be one of: Address"),
      std::string::npos);
}

TEST(OfficialProfiles, ExtensionsOfR4KeepToTheirContext) {
  const std::string extension =
      R"("extension":[{"url":"http://hl7.org/fhir/StructureDefinition/humanname-mothers-family","valueString":"x"}])";
  EXPECT_EQ(ErrorsOf(R"({"resourceType":"Patient","name":[{"family":"y","_family":{)" + extension + "}}]}"),
            "");
  EXPECT_NE(ErrorsOf(R"({"resourceType":"Patient","name":[{"family":"y",)" + extension + "}]}")
                .find("Patient.name[0].extension[0]: is an extension that must not stand here; its context "
                      "is: HumanName.family"),
            std::string::npos);
}

/// All of $validate's words, with severities, on one resource.
std::string ToldOf(std::string_view json) {
  const MemoryCanonicals nothing_stored;
  Profiles profiles(*Definitions::R4(), nothing_stored);
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  FullOptions options;
  options.base.warnings = true;
  std::string text;
  for (const Issue& issue : ValidateFully(*Definitions::R4(), profiles, document->Root(), options))
    text += std::to_string(static_cast<int>(issue.severity)) + " " + issue.path + ": " + issue.text + "\n";
  return text;
}

TEST(OfficialProfiles, VitalSignsAreAskedForByTheSpecificationItself) {
  const std::string told = ToldOf(Weight(""));
  EXPECT_NE(told.find("Observation.category: is there 0 times; at least 1 (profile "
                      "http://hl7.org/fhir/StructureDefinition/bodyweight)"),
            std::string::npos)
      << told;
  EXPECT_EQ(ErrorsOf(Weight("")), "");  // a write is not refused for it: nothing was claimed
}

TEST(OfficialProfiles, APressureToldMoreCloselyIsOneToo) {
  std::string pressure = Weight(kVital);
  pressure.replace(pressure.find("29463-7"), 7, "76534-7");
  const std::string told = ToldOf(pressure);
  EXPECT_NE(told.find("http://hl7.org/fhir/StructureDefinition/bp)"), std::string::npos) << told;
}

TEST(OfficialProfiles, BindingsOfTypesThatAreNotRequired) {
  const std::string told = ToldOf(
      R"({"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://x","code":"z"}]},"identifier":[
      {"type":{"coding":[{"system":"http://x","code":"z"}]},"value":"1"}]})");
  for (const char* path : {"Patient.maritalStatus: has no code of the extensible value set",
                           "Patient.identifier[0].type: has no code of the extensible value set"})
    EXPECT_NE(told.find(path), std::string::npos) << told;
}

}  // namespace
}  // namespace tk::fhir
