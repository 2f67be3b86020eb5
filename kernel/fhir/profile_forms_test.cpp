// What profiles ask of texts: lengths, and the extension regex.
#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

std::string PatientRules(std::string_view elements) {
  return R"({"resourceType":"StructureDefinition","url":"http://x/p","type":"Patient","derivation":"constraint",)"
         R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[)" +
         std::string(elements) + "]}}";
}

std::string PatientWith(std::string_view members) {
  return R"({"resourceType":"Patient")" + std::string(members) + "}";
}

class ProfileForms : public testing::Test {
 protected:
  void Add(std::string_view json) {
    canonicals_.Add(std::make_shared<const Document>(Document::Parse(json).value()));
  }
  /// "path: text" of each error, a line each; of warnings too when asked.
  std::string Check(std::string_view json, bool warnings = false) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const Document document = Document::Parse(json).value();
    ProfileOptions options;
    options.warnings = warnings;
    ProfileChecker checker(profiles, options);
    checker.Check(document.Root(), "http://x/p");
    std::string text;
    for (const Issue& issue : checker.Take())
      text += issue.path + ": " + issue.text.substr(0, issue.text.find(" (profile")) + "\n";
    return text;
  }
  MemoryCanonicals canonicals_;
};

TEST_F(ProfileForms, LengthsAndForms) {
  const char* const extension =
      R"({"path":"Patient.birthDate"},{"path":"Patient.id","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/minLength","valueInteger":3},
    {"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"(a|ä)*"}]})";
  Add(PatientRules(extension));
  EXPECT_EQ(Check(PatientWith(R"(,"id":"aaa")")), "");
  EXPECT_EQ(Check(PatientWith(R"(,"id":"ää")")), "Patient.id: is shorter than 3 characters\n");
  EXPECT_EQ(Check(PatientWith(R"(,"id":"aaab")")),
            "Patient.id: has not the form that the profile asks for\n");
}

TEST_F(ProfileForms, FormsOfPcreOfCharactersAndOfNumbers) {
  const auto profile = [&](std::string_view pattern) {
    Add(PatientRules(R"({"path":"Patient.name.family","max":"0"},{"path":"Patient.name.text","extension":[)"
                     R"({"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":")" +
                     std::string(pattern) +
                     R"("}]},{"path":"Patient.multipleBirthInteger","extension":[)"
                     R"({"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"[1-3]"}]})"));
  };
  const auto name = [&](std::string_view text, bool warnings = false) {
    return Check(PatientWith(R"(,"name":[{"text":")" + std::string(text) + R"("}])"), warnings);
  };
  const std::string wrong = "Patient.name[0].text: has not the form that the profile asks for\n";
  profile(R"((?!x)[a-z]+)");
  EXPECT_EQ(name("ab"), "");
  EXPECT_EQ(name("xb"), wrong);
  EXPECT_EQ(Check(PatientWith(R"(,"multipleBirthInteger":2)")), "");
  EXPECT_EQ(Check(PatientWith(R"(,"multipleBirthInteger":7)")),
            "Patient.multipleBirth: has not the form that the profile asks for\n");
  profile(R"(^[\\u4e00-\\u9fa5]+$)");
  EXPECT_EQ(name("王小明"), "");
  EXPECT_EQ(name("Wang"), wrong);
  // What cannot be read is left out and told; all else is asked.
  profile("(a");
  EXPECT_EQ(name("b"), "");
  EXPECT_NE(name("b", true).find("Patient.name[0].text: its form is not checked"), std::string::npos);
  EXPECT_EQ(Check(PatientWith(R"(,"name":[{"family":"x"}])")), "Patient.name[0].family: must not be there\n");
}

}  // namespace
}  // namespace tk::fhir
