// Value sets of profiles: those that lie in the profile, and those that give their codes texts of their own.
#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

/// A profile of Patient, http://x/<name>, that binds the marital status.
std::string BindingStatus(const std::string& name, const std::string& strength, const std::string& value_set,
                          const std::string& contained = "") {
  return R"({"resourceType":"StructureDefinition",)" + contained + R"("url":"http://x/)" + name +
         R"(","type":"Patient","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",)"
         R"("differential":{"element":[{"path":"Patient.maritalStatus","binding":{"strength":")" +
         strength + R"(","valueSet":")" + value_set + R"("}}]}})";
}

class ProfileSets : public testing::Test {
 protected:
  void Add(std::string_view json) {
    canonicals_.Add(std::make_shared<const Document>(Document::Parse(json).value()));
  }
  /// What $validate tells of a status, "path: text" a line, but for the official binding's warnings.
  std::string Told(const std::string& coding, std::vector<std::string> profiles_asked) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const Document document =
        Document::Parse(R"({"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://x/c",)" +
                        coding + "}]}}")
            .value();
    FullOptions options;
    options.base.warnings = true;
    options.profiles = std::move(profiles_asked);
    std::string told;
    for (const Issue& issue : ValidateFully(*Definitions::R4(), profiles, document.Root(), options)) {
      if (issue.severity == Severity::kError)
        told += issue.path + ": " + issue.text.substr(0, issue.text.find(" (profile")) + "\n";
    }
    return told;
  }
  MemoryCanonicals canonicals_;
};

TEST_F(ProfileSets, OneMayLieInItsProfile) {
  Add(BindingStatus(
      "p", "required", "#v",
      R"("contained":[{"resourceType":"Basic","id":"v"},{"resourceType":"ValueSet","id":"v","compose":{"include":[)"
      R"({"system":"http://x/c","concept":[{"code":"a"}]}]}}],)"));
  EXPECT_EQ(Told(R"("code":"a")", {"http://x/p"}), "");
  EXPECT_EQ(Told(R"("code":"b")", {"http://x/p"}),
            "Patient.maritalStatus: is not of the required value set http://x/p#v\n");
}

// FHIR R4 valueset.html, compose.include.concept.display: the text to display in the context of this value set.
TEST_F(ProfileSets, TheyMayGiveTheirCodesOtherTexts) {
  Add(R"({"resourceType":"CodeSystem","url":"http://x/c","content":"complete","concept":[{"code":"a","display":"Alpha"},{"code":"b","display":"Beta"}]})");
  Add(R"({"resourceType":"ValueSet","url":"http://x/v","compose":{"include":[{"system":"http://x/c","concept":[)"
      R"({"code":"a","display":"First"},{"code":"b","designation":[{"value":"Second"}]}]}]}})");
  Add(R"({"resourceType":"ValueSet","url":"http://x/e","expansion":{"timestamp":"2026-01-01","contains":[{"abstract":true,"display":"all",)"
      R"("contains":[{"system":"http://x/c","code":"a","display":"Erste"}]}]}})");
  Add(BindingStatus("pv", "required", "http://x/v"));
  Add(BindingStatus("pe", "extensible", "http://x/e"));
  const auto told = [&](const std::string& code, const std::string& display,
                        std::vector<std::string> profiles) {
    return Told(R"("code":")" + code + R"(","display":")" + display + "\"", std::move(profiles));
  };
  const std::string place =
      "Patient.maritalStatus.coding[0].display: is not what the code system calls this code: ";
  EXPECT_EQ(told("a", "Alpha", {}), "");
  EXPECT_EQ(told("a", "First", {}), place + "Alpha\n") << "no value set that is asked here says so";
  EXPECT_EQ(told("a", "First", {"http://x/pv"}), "");
  EXPECT_EQ(told("b", "Second", {"http://x/pv"}), "");
  EXPECT_EQ(told("b", "First", {"http://x/pv"}), place + "Beta\n") << "of another code";
  EXPECT_EQ(told("a", "Erste", {"http://x/pv"}), place + "Alpha\n");
  EXPECT_EQ(told("a", "Erste", {"http://x/pv", "http://x/pe"}), "");
}

// Source: FHIR R4 fhirpath.html, memberOf() and subsumes(): what cannot be resolved is an error.
TEST_F(ProfileSets, InvariantsThatAskForOnesThatAreNotHereAreNotDecided) {
  Add(R"({"resourceType":"CodeSystem","url":"http://x/c","content":"complete","concept":[{"code":"a","concept":[{"code":"b"}]}]})");
  Add(R"({"resourceType":"ValueSet","url":"http://x/v","compose":{"include":[{"system":"http://x/c","concept":[{"code":"a"}]}]}})");
  const auto add = [&](const std::string& name, const std::string& expression) {
    Add(R"({"resourceType":"StructureDefinition","url":"http://x/)" + name +
        R"(","type":"Patient","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",)"
        R"("differential":{"element":[{"path":"Patient.maritalStatus","constraint":[{"key":"k","severity":"error","human":"h","expression":")" +
        expression + R"("}]}]}})");
  };
  add("known", "memberOf('http://x/v')");
  add("unknown", "memberOf('http://x/w')");
  add("excluded", "memberOf('http://x/w').not()");
  add("subsumed", "coding.first().subsumedBy(%factory.Coding('http://x/c', 'a'))");
  add("unrelated", "coding.first().subsumedBy(%factory.Coding('http://x/c', 'zed')).not()");
  EXPECT_EQ(Told(R"("code":"a")", {"http://x/known"}), "");
  EXPECT_EQ(Told(R"("code":"b")", {"http://x/known"}), "Patient.maritalStatus: k: h\n");
  EXPECT_EQ(Told(R"("code":"b")", {"http://x/subsumed"}), "");
  for (const char* name : {"http://x/unknown", "http://x/excluded", "http://x/unrelated"})
    EXPECT_EQ(Told(R"("code":"b")", {name}),
              "Patient.maritalStatus: k: h (it cannot be decided: its expression fails on what is there)\n")
        << name;
}

// FHIR R4 CodeSystem.caseSensitive: without case, if it is false.
TEST_F(ProfileSets, CodesAreComparedAsTheirCodeSystemCompares) {
  const auto system = [&](const std::string& name, const char* sensitive) {
    Add(R"({"resourceType":"CodeSystem","url":"http://x/)" + name +
        R"(","content":"complete","caseSensitive":)" + sensitive +
        R"(,"concept":[{"code":"Abc","concept":[{"code":"Def"}]},{"code":"Ghi"}]})");
  };
  system("c", "false");
  system("s", "true");
  const auto set = [&](const std::string& name, const std::string& compose) {
    Add(R"({"resourceType":"ValueSet","url":"http://x/)" + name + R"(","compose":)" + compose + "}");
    Add(BindingStatus("p-" + name, "required", "http://x/" + name));
  };
  const auto filtered = [](const char* value) {
    return R"({"include":[{"system":"http://x/c","filter":[{"property":"concept","op":"is-a","value":")" +
           std::string(value) + R"("}]}]})";
  };
  set("one", R"({"include":[{"system":"http://x/c","concept":[{"code":"aBC"}]}]})");
  set("all",
      R"({"include":[{"system":"http://x/c"}],"exclude":[{"system":"http://x/c","concept":[{"code":"GHI"}]}]})");
  set("below", filtered("ABC"));
  set("import", R"({"include":[{"valueSet":["http://x/one"]}]})");
  set("other", R"({"include":[{"system":"http://x/s"}]})");
  const auto is_in = [&](const char* code, const char* name) {
    return Told(R"("code":")" + std::string(code) + "\"", {std::string("http://x/p-") + name}).empty();
  };
  for (const char* name : {"one", "all", "below", "import"}) {
    EXPECT_TRUE(is_in("Abc", name)) << name;
    EXPECT_TRUE(is_in("ABC", name)) << name;
    EXPECT_FALSE(is_in("ghi", name)) << name;
    EXPECT_FALSE(is_in("Abcd", name)) << name;
    EXPECT_FALSE(is_in("Abc", "other")) << "another system";
  }
  EXPECT_TRUE(is_in("dEF", "all"));
  EXPECT_TRUE(is_in("dEF", "below"));
  EXPECT_FALSE(is_in("dEF", "one"));
  Profiles profiles(*Definitions::R4(), canonicals_);
  const auto sensitive = profiles.Codes("http://x/other");
  EXPECT_TRUE(sensitive->Has("http://x/s", "Abc"));
  EXPECT_FALSE(sensitive->Has("http://x/s", "abc"));
  EXPECT_FALSE(sensitive->HasPlain("abc"));
  EXPECT_TRUE(profiles.Codes("http://x/one")->HasPlain("abc"));
}

}  // namespace
}  // namespace tk::fhir
