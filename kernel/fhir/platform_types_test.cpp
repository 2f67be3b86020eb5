// Profiles of platform types, and profiles that name one: judged as those of FHIR's own types are.
#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

constexpr const char* kZed =
    R"({"resourceType":"StructureDefinition","url":"http://x/StructureDefinition/Zed-type","name":"Zed","status":"active","kind":"resource",
  "abstract":false,"type":"Zed","baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource","derivation":"specialization",
  "differential":{"element":[{"id":"Zed","path":"Zed","min":0,"max":"*"},
  {"id":"Zed.when","path":"Zed.when","min":0,"max":"1","type":[{"code":"Period"}]},
  {"id":"Zed.state","path":"Zed.state","min":0,"max":"1","type":[{"code":"CodeableConcept"}],"binding":{"strength":"extensible","valueSet":"http://x/states"}},
  {"id":"Zed.part","path":"Zed.part","min":0,"max":"*","type":[{"code":"BackboneElement"}]},
  {"id":"Zed.part.name","path":"Zed.part.name","min":0,"max":"1","type":[{"code":"string"}]}]}})";
/// A type of a type.
constexpr const char* kZet =
    R"({"resourceType":"StructureDefinition","url":"http://x/StructureDefinition/Zet","name":"Zet","status":"active","kind":"resource",
  "abstract":false,"type":"Zet","baseDefinition":"http://x/StructureDefinition/Zed-type","derivation":"specialization",
  "differential":{"element":[{"id":"Zet","path":"Zet","min":0,"max":"*"}]}})";
constexpr const char* kStates =
    R"({"resourceType":"ValueSet","url":"http://x/states","compose":{"include":[{"system":"http://x/s","concept":[{"code":"full"}]}]}})";

std::string ProfileOf(const std::string& name, const std::string& type, const std::string& base,
                      const std::string& elements) {
  return R"({"resourceType":"StructureDefinition","url":"http://x/)" + name +
         R"(","name":"P","status":"active",)" + R"("kind":"resource","abstract":false,"type":")" + type +
         R"(","derivation":"constraint","baseDefinition":")" + base + R"(","differential":{"element":[)" +
         elements + "]}}";
}

class PlatformTypes : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Definitions::Extend(Definitions::R4(), {kZed, kZet});
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    definitions_ = *std::move(made);
    Add(kStates);
    const std::string zed = "http://x/StructureDefinition/Zed-type";
    Add(ProfileOf(
        "zp", "Zed", zed,
        R"({"id":"Zed.when","path":"Zed.when","min":1},{"id":"Zed.part.name","path":"Zed.part.name","min":1})"));
    Add(ProfileOf("zq", "Zed", "http://x/zp", R"({"id":"Zed.part","path":"Zed.part","max":"1"})"));
    Add(ProfileOf("nobody", "Zed", "http://hl7.org/fhir/StructureDefinition/Zed", R"({"path":"Zed"})"));
    Add(ProfileOf(
        "tp", "Task", "http://hl7.org/fhir/StructureDefinition/Task",
        R"({"id":"Task.focus","path":"Task.focus","min":1,"type":[{"code":"Reference","targetProfile":[")" +
            zed + R"("]}]})"));
    Add(R"({"resourceType":"StructureDefinition","url":"http://x/ext","name":"E","status":"active","kind":"complex-type","abstract":false,
      "type":"Extension","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension",
      "context":[{"type":"element","expression":"http://x/StructureDefinition/Zed-type#Zed.part"}],
      "differential":{"element":[{"id":"Extension","path":"Extension"}]}})");
  }
  void Add(const std::string& json) {
    auto document = Document::Parse(json);
    ASSERT_TRUE(document.ok()) << json;
    canonicals_.Add(std::make_shared<const Document>(std::move(document).value()));
  }
  /// All that is told, "path: text" a line.
  std::string Told(const std::string& json, std::vector<std::string> profiles_asked = {}) {
    Profiles profiles(*definitions_, canonicals_);
    const Document document = Document::Parse(json).value();
    FullOptions options;
    options.base.warnings = true;
    options.profiles = std::move(profiles_asked);
    std::string told;
    for (const Issue& issue : ValidateFully(*definitions_, profiles, document.Root(), options)) {
      if (issue.text.find("dom-6") == std::string::npos)
        told += issue.path + ": " + issue.text.substr(0, issue.text.find(" (profile")) + "\n";
    }
    return told;
  }
  std::string Claims(const std::string& profile, const std::string& rest, const char* type = "Zed") {
    return Told(R"({"resourceType":")" + std::string(type) + R"(","meta":{"profile":[")" + profile + "\"]}" +
                rest + "}");
  }

  std::shared_ptr<const Definitions> definitions_;
  MemoryCanonicals canonicals_;
};

constexpr const char* kWhen = R"(,"when":{"start":"2026"})";

TEST_F(PlatformTypes, TheirProfilesAreApplied) {
  EXPECT_EQ(Claims("http://x/zp", ""), "Zed.when: is there 0 times; at least 1\n");
  EXPECT_EQ(Claims("http://x/zp", kWhen), "");
  EXPECT_EQ(Claims("http://x/zp",
                   std::string(kWhen) + R"(,"part":[{"extension":[{"url":"urn:a","valueCode":"a"}]}])"),
            "Zed.part[0].name: is there 0 times; at least 1\n"
            "Zed.part[0].extension[0]: is an extension that is not known here (urn:a): not checked\n");
  EXPECT_EQ(Claims("http://x/zq", std::string(kWhen) + R"(,"part":[{"name":"a"},{"name":"b"}])"),
            "Zed.part: is there 2 times; at most 1\n")
      << "a profile of a profile";
  EXPECT_NE(Claims("http://x/nobody", "").find("its base is not known here"), std::string::npos)
      << "FHIR has no such type";
}

TEST_F(PlatformTypes, TheirUrlsMeanTheTypes) {
  EXPECT_EQ(Claims("http://x/StructureDefinition/Zed-type", ""), "");
  EXPECT_EQ(Claims("http://x/StructureDefinition/Zed-type|2", "", "Zet"), "") << "a Zet is a Zed";
  EXPECT_EQ(Claims("http://x/StructureDefinition/Zed-type", R"(,"code":{"text":"a"})", "Basic"),
            "Basic: claims to be a Zed\n");
  EXPECT_EQ(Told(R"({"resourceType":"Zed"})", {"http://x/StructureDefinition/Zed-type"}), "");
  EXPECT_EQ(Told(R"({"resourceType":"Patient"})", {"http://x/StructureDefinition/Zed-type"}),
            "Patient: is not a Zed\n");
  const auto task = [&](const char* focus) {
    return Claims("http://x/tp",
                  R"(,"status":"draft","intent":"order","focus":{"reference":")" + std::string(focus) + "\"}",
                  "Task");
  };
  EXPECT_EQ(task("Zed/1"), "");
  EXPECT_EQ(task("Zet/1"), "");
  EXPECT_EQ(task("Patient/1"),
            "Task.focus: refers to a Patient that is none of: http://x/StructureDefinition/Zed-type\n");
}

TEST_F(PlatformTypes, ConformsToKnowsThem) {
  Profiles profiles(*definitions_, canonicals_);
  const KnownConformance conformance(profiles, 0);
  const Document document = Document::Parse(R"({"resourceType":"Zed"})").value();
  const auto ask = [&](const std::string& url) {
    path::Environment environment;
    environment.conformance = &conformance;
    const auto compiled = path::Expression::Compile("conformsTo('" + url + "')", *definitions_, kNoType);
    const auto answer = compiled->Test(environment, path::ResourceItem(*definitions_, document.Root()));
    return !answer.ok() ? answer.error().external : *answer ? "true" : "false";
  };
  EXPECT_EQ(ask("http://x/zp"), "false");
  EXPECT_EQ(ask("http://x/StructureDefinition/Zed-type"), "true");
  EXPECT_EQ(ask("http://x/StructureDefinition/Zet"), "false");
  EXPECT_NE(ask("http://x/unknown").find("does not know this profile"), std::string::npos);
}

TEST_F(PlatformTypes, TheirElementsHaveDefinitions) {
  const Document document =
      Document::Parse(
          R"({"resourceType":"Zet","id":"z","state":{"text":"a"},"part":[{"id":"p","name":"n"}],"when":{"start":"2020"}})")
          .value();
  const auto ask = [&](const std::string& expression) {
    path::Environment environment;
    environment.resource = document.Root();
    const auto compiled = path::Expression::Compile(expression, *definitions_, kNoType);
    path::Collection found;
    EXPECT_TRUE(
        compiled->Evaluate(environment, path::ResourceItem(*definitions_, document.Root()), &found).ok());
    std::string text;
    for (const path::Item& item : found) text += (text.empty() ? "" : " ") + item.node.ToString();
    return text;
  };
  EXPECT_EQ(ask("elementDefinition().path"), "Zet");
  EXPECT_EQ(ask("part.elementDefinition().path"), "Zed.part") << "inherited";
  EXPECT_EQ(ask("part.name.elementDefinition().type.code"), "string");
  EXPECT_EQ(ask("part.id.elementDefinition().path"), "BackboneElement.id");
  EXPECT_EQ(ask("id.elementDefinition().path"), "DomainResource.id");
  EXPECT_EQ(ask("state.elementDefinition().binding.valueSet"), "http://x/states");
  EXPECT_EQ(ask("when.start.elementDefinition().path"), "Period.start");
}

TEST_F(PlatformTypes, TheirBindingsAreTold) {
  const std::string other = R"(,"state":{"coding":[{"system":"http://x/s","code":"other"}]}})";
  const std::string told = "state: has no code of the extensible value set http://x/states";
  EXPECT_NE(Told(R"({"resourceType":"Zed")" + other).find("Zed." + told), std::string::npos);
  EXPECT_NE(Told(R"({"resourceType":"Zet")" + other).find("Zet." + told), std::string::npos) << "inherited";
  EXPECT_EQ(Told(R"({"resourceType":"Zed","state":{"coding":[{"system":"http://x/s","code":"full"}]}})"), "");
}

TEST_F(PlatformTypes, ExtensionsMayStandInTheirElements) {
  const std::string extension = R"("extension":[{"url":"http://x/ext","valueString":"a"}])";
  EXPECT_EQ(Told(R"({"resourceType":"Zed","part":[{)" + extension + "}]}"), "");
  EXPECT_NE(Told(R"({"resourceType":"Zed",)" + extension + "}"), "");
}

}  // namespace
}  // namespace tk::fhir
