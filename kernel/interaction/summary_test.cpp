#include "kernel/interaction/summary.h"

#include <gtest/gtest.h>

#include "kernel/fhir/value.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kPatient =
    R"({"resourceType":"Patient","id":"1","meta":{"versionId":"1","tag":[{"code":"x"}]},)"
    R"("text":{"status":"generated","div":"<div>a</div>"},"active":true,"name":[{"family":"Test"}],)"
    R"("_birthDate":{"id":"b"},"birthDate":"1970-01-01","maritalStatus":{"text":"m"},)"
    R"("contact":[{"name":{"family":"C"}}],"link":[{"other":{"reference":"Patient/2"},"type":"seealso"}]})";

std::string Shaped(const Shape& shape, std::string_view json) {
  std::string out;
  const Status done = AppendShaped(*fhir::Definitions::R4(), shape, json, &out);
  EXPECT_TRUE(done.ok());
  EXPECT_TRUE(fhir::Document::Parse(out).ok()) << out;
  return out;
}

TEST(Summary, TrueKeepsSummaryElementsAndTags) {
  const std::string out = Shaped({search::Summary::kTrue, {}}, kPatient);
  for (const char* kept : {"\"id\"", "\"active\"", "\"name\"", "\"birthDate\"", "\"_birthDate\"", "\"link\"",
                           "SUBSETTED", "\"code\":\"x\"", "\"versionId\""}) {
    EXPECT_NE(out.find(kept), std::string::npos) << kept << " in " << out;
  }
  for (const char* gone : {"\"text\"", "\"maritalStatus\"", "\"contact\""})
    EXPECT_EQ(out.find(gone), std::string::npos) << gone;
}

TEST(Summary, TextKeepsNarrativeAndMandatory) {
  const std::string out =
      Shaped({search::Summary::kText, {}},
             R"({"resourceType":"Observation","id":"1","text":{"status":"empty","div":"<div/>"},)"
             R"("status":"final","code":{"text":"c"},"valueString":"v"})");
  EXPECT_NE(out.find("\"div\""), std::string::npos);
  EXPECT_NE(out.find("\"status\":\"final\""), std::string::npos);
  EXPECT_NE(out.find("\"code\":{"), std::string::npos);
  EXPECT_EQ(out.find("valueString"), std::string::npos);
  EXPECT_NE(out.find(R"("meta":{"tag":[{"system")"), std::string::npos);
}

TEST(Summary, DataDropsTheNarrativeOnly) {
  const std::string out = Shaped({search::Summary::kData, {}}, kPatient);
  EXPECT_EQ(out.find("<div>"), std::string::npos);
  EXPECT_NE(out.find("maritalStatus"), std::string::npos);
}

TEST(Elements, KeepsWhatIsNamedAndChoices) {
  const std::string out = Shaped(
      {search::Summary::kFalse, {"value", "meta"}},
      R"({"resourceType":"Observation","id":"1","status":"final","code":{"text":"c"},"issued":"2020-01-01T00:00:00Z","valueString":"v"})");
  EXPECT_NE(out.find("valueString"), std::string::npos);
  EXPECT_NE(out.find("\"status\""), std::string::npos);  // mandatory
  EXPECT_EQ(out.find("issued"), std::string::npos);
}

TEST(Elements, NamesAreChecked) {
  const auto definitions = fhir::Definitions::R4();
  const fhir::TypeId patient = definitions->FindType("Patient");
  EXPECT_TRUE(ParseElements(*definitions, patient, "name,active,id").ok());
  EXPECT_FALSE(ParseElements(*definitions, patient, "name,nickname").ok());
  EXPECT_FALSE(ParseElements(*definitions, patient, "").ok());
}

TEST(Pretty, ChangesOnlyBlanksOutsideStrings) {
  const std::string_view json = R"({"a":[1,2.50,{}],"b":"x\",{:","c":[],"d":{"e":null}})";
  const std::string pretty = PrettyJson(json);
  EXPECT_NE(pretty.find("\n  \"a\": ["), std::string::npos);
  const auto back = fhir::Document::Parse(pretty);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->Text(), json);
}

}  // namespace
}  // namespace tk::interaction
