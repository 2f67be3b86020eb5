// elementDefinition() and slice(): what expressions ask of definitions and profiles.
#include <gtest/gtest.h>

#include "kernel/fhir/official_elements.h"
#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

class AskedDefinitions : public testing::Test {
 protected:
  void Add(std::string_view json) {
    canonicals_.Add(std::make_shared<const Document>(Document::Parse(json).value()));
  }
  /// What an expression gives, as texts with " | " between, or its error.
  std::string Ask(std::string_view resource, const std::string& expression) {
    const auto& definitions = *Definitions::R4();
    Profiles profiles(definitions, canonicals_);
    const KnownConformance conformance(profiles, 0);
    const Document document = Document::Parse(resource).value();
    path::Environment environment;
    environment.resource = document.Root();
    environment.conformance = &conformance;
    const auto compiled = path::Expression::Compile(expression, definitions, kNoType);
    if (!compiled.ok()) return compiled.error().external;
    path::Collection found;
    const Status status =
        compiled->Evaluate(environment, path::ResourceItem(definitions, document.Root()), &found);
    if (!status.ok()) return status.error().external;
    std::string text;
    for (const path::Item& item : found) {
      const bool* flag = std::get_if<bool>(&item.computed);
      text += (text.empty() ? "" : " | ") +
              (flag != nullptr ? std::string(*flag ? "true" : "false") : item.node.ToString());
    }
    return text;
  }
  MemoryCanonicals canonicals_;
};

constexpr std::string_view kLi =
    R"({"resourceType":"Patient","id":"li","contained":[{"resourceType":"Organization","id":"o","name":"O"}],)"
    R"("birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"http://x/e","valueString":"a"}]},)"
    R"("contact":[{"name":{"family":"Li"}}],"deceasedBoolean":false,)"
    R"("telecom":[{"system":"phone","use":"home","value":"1"},{"system":"email","use":"home","value":"2"},)"
    R"({"system":"phone","use":"work","value":"3"}],"name":[{"use":"official","family":"Li"}]})";

TEST_F(AskedDefinitions, AnElementIsDefinedByTheTypeThatOwnsIt) {
  const auto path = [&](const std::string& of) { return Ask(kLi, of + ".elementDefinition().path"); };
  EXPECT_EQ(path("Patient"), "Patient");
  EXPECT_EQ(path("birthDate"), "Patient.birthDate");
  EXPECT_EQ(path("birthDate.extension"), "date.extension");
  EXPECT_EQ(path("deceased"), "Patient.deceased[x]");
  EXPECT_EQ(path("contact.name"), "Patient.contact.name");
  EXPECT_EQ(path("contact.name.family"), "HumanName.family");
  EXPECT_EQ(path("contained"), "Patient.contained");
  EXPECT_EQ(path("contained.name"), "Organization.name");
  EXPECT_EQ(path("telecom.value"), "ContactPoint.value | ContactPoint.value | ContactPoint.value");
  EXPECT_EQ(path("nothing"), "");
  EXPECT_EQ(path("1"), "") << "computed";
  EXPECT_EQ(path("%factory.Coding('s','c')"), "") << "of no resource";
  EXPECT_EQ(Ask(kLi, "birthDate.elementDefinition().short"), "The date of birth for the individual");
  EXPECT_EQ(Ask(kLi, "name.elementDefinition().type.code"), "HumanName");
  EXPECT_EQ(Ask(kLi, "name.use.elementDefinition().binding.strength"), "required");
  EXPECT_EQ(Ask(kLi, "name.elementDefinition().is(ElementDefinition)"), "true");
  // A question within a question is defined where the first one is.
  EXPECT_EQ(Ask(R"({"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group",)"
                R"("item":[{"linkId":"2","type":"string"}]}]})",
                "item.item.linkId.elementDefinition().id"),
            "Questionnaire.item.linkId");
}

TEST_F(AskedDefinitions, EveryTypeHasItsElements) {
  const auto& definitions = *Definitions::R4();
  size_t types = 0;
  for (const TypeId type : definitions.ResourceTypes()) {
    const auto structure = OfficialElements(definitions.Type(type).name);
    ASSERT_NE(structure, nullptr) << definitions.Type(type).name;
    EXPECT_EQ(structure->Root()["snapshot"]["element"].begin().operator*()["path"].ToString(),
              definitions.Type(type).name);
    ++types;
  }
  EXPECT_GT(types, 140u);
  EXPECT_EQ(OfficialElements("Nothing"), nullptr);
}

std::string Sliced(std::string_view url, std::string_view elements) {
  return R"({"resourceType":"StructureDefinition","url":")" + std::string(url) +
         R"(","type":"Patient","derivation":"constraint",)"
         R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[)" +
         std::string(elements) + "]}}";
}

TEST_F(AskedDefinitions, ItemsOfASliceAreThoseThatTheProfileCountsForIt) {
  Add(Sliced(
      "http://x/p",
      R"({"path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"},{"type":"value","path":"use"}],"rules":"open"}},)"
      R"({"id":"Patient.telecom:homephone","path":"Patient.telecom","sliceName":"homephone"},)"
      R"({"path":"Patient.telecom.system","fixedCode":"phone"},{"path":"Patient.telecom.use","fixedCode":"home"},)"
      R"({"id":"Patient.telecom:homeemail","path":"Patient.telecom","sliceName":"homeemail"},)"
      R"({"path":"Patient.telecom.system","fixedCode":"email"},{"path":"Patient.telecom.use","fixedCode":"home"})"));
  EXPECT_EQ(Ask(kLi, "telecom.slice('http://x/p', 'homephone').value"), "1");
  EXPECT_EQ(Ask(kLi, "telecom.slice('http://x/p', 'homeemail').value"), "2");
  EXPECT_EQ(Ask(kLi, "telecom.slice('http://x/p', 'Patient.telecom:homeemail').value"), "2");
  EXPECT_EQ(Ask(kLi, "telecom.skip(2).slice('http://x/p', 'homephone').exists()"), "false");
  EXPECT_EQ(Ask(kLi, "name.slice('http://x/p', 'homephone').exists()"), "false") << "another element";
  EXPECT_EQ(Ask(kLi, "communication.slice('http://nowhere', 'x')"), "") << "nothing to ask of";
  EXPECT_NE(Ask(kLi, "telecom.slice('http://x/p', 'fax')").find("has no slice of this name"),
            std::string::npos);
  EXPECT_NE(Ask(kLi, "telecom.slice('http://nowhere', 'homephone')").find("is not known here"),
            std::string::npos);
}

TEST_F(AskedDefinitions, SlicesOfExtensionsAndTypesAreAskedToo) {
  Add(Sliced(
      "http://x/e",
      R"({"path":"Patient.deceased[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"open"}},)"
      R"({"path":"Patient.deceased[x]","sliceName":"deceasedBoolean","type":[{"code":"boolean"}]})"));
  EXPECT_EQ(Ask(kLi, "deceased.slice('http://x/e', 'deceasedBoolean').count() = 1"), "true");
  EXPECT_EQ(Ask(R"({"resourceType":"Patient","deceasedDateTime":"2020"})",
                "deceased.slice('http://x/e', 'deceasedBoolean').count() = 1"),
            "false");
}

// The first slice whose target a contained resource is.
TEST_F(AskedDefinitions, WhatAReferenceLeadsToDecides) {
  Add(Sliced(
      "http://x/r",
      R"j({"path":"Patient.generalPractitioner","slicing":{"discriminator":[{"type":"type","path":"resolve()"}],"rules":"open"}},)j"
      R"({"path":"Patient.generalPractitioner","sliceName":"house","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]})"));
  const std::string contained =
      R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"O"}],)"
      R"("generalPractitioner":[{"reference":"#o","display":"here"},{"reference":"Practitioner/1","display":"he"}]})";
  EXPECT_EQ(Ask(contained, "generalPractitioner.slice('http://x/r', 'house').display"), "here");
  EXPECT_EQ(Ask(R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":)" + contained + "}]}",
                "entry.resource.generalPractitioner.slice('http://x/r', 'house').display"),
            "here");
}

// A profile may ask it of itself in an invariant.
TEST_F(AskedDefinitions, InvariantsOfProfilesAskForSlices) {
  Add(Sliced(
      "http://x/i",
      R"j({"path":"Patient","constraint":[{"key":"k","severity":"error","human":"a phone","expression":"telecom.slice('http://x/i','phone').exists()"}]},)j"
      R"({"path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},)"
      R"({"path":"Patient.telecom","sliceName":"phone"},{"path":"Patient.telecom.system","fixedCode":"phone"})"));
  EXPECT_EQ(Ask(R"({"resourceType":"Patient","telecom":[{"system":"phone","value":"1"}]})",
                "conformsTo('http://x/i')"),
            "true");
  EXPECT_EQ(Ask(R"({"resourceType":"Patient","telecom":[{"system":"fax","value":"1"}]})",
                "conformsTo('http://x/i')"),
            "false");
}

}  // namespace
}  // namespace tk::fhir
