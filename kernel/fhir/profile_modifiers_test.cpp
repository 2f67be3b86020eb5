// Extensions that change what their element means stand in modifierExtension, others do not.
#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

/// What is told of a resource with this member where two own extensions are known: http://x/not is a modifier by its differential, and
/// http://x/not-so is based on it.
std::string ToldOfModifiers(const std::string& type, const std::string& members) {
  const auto extension = [](const std::string& name, const std::string& base, const char* root) {
    return Document::
        Parse(R"({"resourceType":"StructureDefinition","url":"http://x/)" + name +
              R"(","kind":"complex-type","type":"Extension","derivation":"constraint","baseDefinition":")" +
              base +
              R"(","context":[{"type":"element","expression":"Element"}],"differential":{"element":[{"id":"Extension","path":"Extension")" +
              root + R"(},{"id":"Extension.url","path":"Extension.url","fixedUri":"http://x/)" + name +
              R"("}]}})")
            .value();
  };
  MemoryCanonicals canonicals;
  const std::string core = "http://hl7.org/fhir/StructureDefinition/Extension";
  canonicals.Add(std::make_shared<const Document>(extension("not", core, R"(,"isModifier":true)")));
  canonicals.Add(std::make_shared<const Document>(extension("plain", core, "")));
  std::string derived = std::string(extension("not-so", "http://x/not", "").Text());
  const std::string fixed = R"(,{"id":"Extension.url","path":"Extension.url","fixedUri":"http://x/not-so"})";
  derived.erase(derived.find(fixed), fixed.size());
  canonicals.Add(std::make_shared<const Document>(Document::Parse(derived).value()));
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto document = Document::Parse(R"({"resourceType":")" + type + R"(",)" + members + "}");
  EXPECT_TRUE(document.ok()) << members;
  ProfileChecker checker(profiles, {});
  checker.CheckClaims(document->Root());
  std::string told;
  for (const Issue& issue : checker.Take()) {
    if (issue.text.find("it stands in") != std::string::npos) told += issue.path + " ";
  }
  return told;
}

TEST(ProfileModifiers, StandInModifierExtensionAlone) {
  const auto one = [](const char* url) {
    return R"([{"url":")" + std::string(url) + R"(","valueBoolean":true}])";
  };
  const std::string plain = R"("extension":)", modifier = R"("modifierExtension":)";
  EXPECT_EQ(ToldOfModifiers("Patient", plain + one("http://x/not")), "Patient.extension[0] ");
  EXPECT_EQ(ToldOfModifiers("Patient", plain + one("http://x/not-so")), "Patient.extension[0] ");
  EXPECT_EQ(ToldOfModifiers("Patient", modifier + one("http://x/not")), "");
  EXPECT_EQ(ToldOfModifiers("Patient", modifier + one("http://x/not-so")), "");
  EXPECT_EQ(ToldOfModifiers("Patient", plain + one("http://x/plain")), "");
  EXPECT_EQ(ToldOfModifiers("Patient", modifier + one("http://x/plain")), "Patient.modifierExtension[0] ");
  EXPECT_EQ(ToldOfModifiers("Patient", modifier + one("http://x/unknown")), "");
  EXPECT_EQ(ToldOfModifiers("Patient", R"("contact":[{)" + modifier + one("http://x/plain") + "}]"),
            "Patient.contact[0].modifierExtension[0] ");
  EXPECT_EQ(
      ToldOfModifiers("Patient", R"("birthDate":"2000","_birthDate":{)" + plain + one("http://x/not") + "}"),
      "Patient.birthDate.extension[0] ");
}

TEST(ProfileModifiers, OfR4) {
  const std::string url = "http://hl7.org/fhir/StructureDefinition/";
  const auto one = [&](const char* name, const char* value) {
    return R"([{"url":")" + url + name + R"(",)" + value + "}]";
  };
  const std::string not_to_do = one("request-doNotPerform", R"("valueBoolean":true)");
  EXPECT_EQ(ToldOfModifiers("NutritionOrder", R"("extension":)" + not_to_do), "NutritionOrder.extension[0] ");
  EXPECT_EQ(ToldOfModifiers("NutritionOrder", R"("modifierExtension":)" + not_to_do), "");
  const std::string born = one("patient-birthPlace", R"("valueAddress":{"city":"x"})");
  EXPECT_EQ(ToldOfModifiers("Patient", R"("extension":)" + born), "");
  EXPECT_EQ(ToldOfModifiers("Patient", R"("modifierExtension":)" + born), "Patient.modifierExtension[0] ");
}

}  // namespace
}  // namespace tk::fhir
