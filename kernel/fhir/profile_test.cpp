// Profiles: each kind of rule and of slice, by small profiles on real types; chains of differentials; limits.
#include <gtest/gtest.h>

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

std::shared_ptr<const Document> Shared(std::string_view json) {
  auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().ToString()) << json;
  return std::make_shared<const Document>(std::move(document).value());
}

/// A differential on `type` (or on a profile "http://x/…" of it).
std::string Structure(std::string_view name, std::string_view type, std::string_view elements,
                      std::string_view base = {}) {
  return R"({"resourceType":"StructureDefinition","url":"http://x/)" + std::string(name) + R"(","type":")" +
         std::string(type) + R"(","derivation":"constraint","baseDefinition":")" +
         (base.empty() ? "http://hl7.org/fhir/StructureDefinition/" + std::string(type)
                       : "http://x/" + std::string(base)) +
         R"(","differential":{"element":[)" + std::string(elements) + "]}}";
}

class ProfileTest : public testing::Test {
 protected:
  void Add(std::string_view json) { canonicals_.Add(Shared(json)); }
  /// "path: text" of each error, a line each; of warnings too when asked.
  std::string Check(std::string_view json, std::string_view profile, bool warnings = false) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const auto document = Shared(json);
    ProfileOptions options;
    options.warnings = warnings;
    options.now_us = 1'000'000;  // the beginning of 1970
    ProfileChecker checker(profiles, options);
    checker.Check(document->Root(), "http://x/" + std::string(profile));
    std::string text;
    for (const Issue& issue : checker.Take())
      text += issue.path + ": " + issue.text.substr(0, issue.text.find(" (profile")) + "\n";
    return text;
  }
  MemoryCanonicals canonicals_;
};

std::string Patient(std::string_view members) {
  return R"({"resourceType":"Patient")" + std::string(members) + "}";
}

TEST_F(ProfileTest, CardinalityFixedValuesAndPatterns) {
  Add(Structure("p", "Patient",
                R"({"path":"Patient.name","min":1,"max":"1"},{"path":"Patient.name.family","min":1},
    {"path":"Patient.photo","max":"0"},{"path":"Patient.gender","fixedCode":"female"},
    {"path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"system":"http://x/c","code":"M"}]}})"));
  EXPECT_EQ(Check(Patient(R"(,"name":[{"family":"x"}],"gender":"female",
    "maritalStatus":{"coding":[{"system":"http://y","code":"z"},{"code":"M","system":"http://x/c","display":"m"}]})"),
                  "p"),
            "");
  EXPECT_EQ(Check(Patient(""), "p"), "Patient.name: is there 0 times; at least 1\n");
  EXPECT_EQ(
      Check(Patient(R"(,"name":[{"family":"x"},{"text":"y"}],"photo":[{"title":"t"}],"gender":"male",
    "maritalStatus":{"coding":[{"system":"http://x/c","code":"S"}]})"),
            "p"),
      "Patient.name: is there 2 times; at most 1\nPatient.name[1].family: is there 0 times; at least 1\n"
      "Patient.photo: must not be there\nPatient.gender: has not the value that is fixed\n"
      "Patient.maritalStatus.coding: has not what its pattern asks for\n");
}

TEST_F(ProfileTest, SlicesByValue) {
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"closed","ordered":true}},
    {"path":"Patient.telecom","sliceName":"phone","min":1,"max":"1"},{"path":"Patient.telecom.system","fixedCode":"phone"},
    {"path":"Patient.telecom","sliceName":"email","max":"1"},{"path":"Patient.telecom.system","fixedCode":"email"},{"path":"Patient.telecom.value","min":1})"));
  EXPECT_EQ(Check(Patient(R"(,"telecom":[{"system":"phone"},{"system":"email","value":"a"}])"), "p"), "");
  EXPECT_EQ(
      Check(Patient(
                R"(,"telecom":[{"system":"email"},{"system":"phone"},{"system":"phone"},{"system":"fax"}])"),
            "p"),
      "Patient.telecom[1]: of slice phone stands out of order\nPatient.telecom[2]: of slice phone stands out "
      "of order\n"
      "Patient.telecom[3]: belongs to none of the slices, and they are closed\n"
      "Patient.telecom: slice phone: is there 2 times; at most 1\n"
      "Patient.telecom[0].value: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, SlicesByPatternExistenceAndType) {
  Add(Structure(
      "o", "Observation",
      R"({"path":"Observation.component","slicing":{"discriminator":[{"type":"pattern","path":"code"}],"rules":"open"}},
    {"path":"Observation.component","sliceName":"s","min":1},{"path":"Observation.component.code","patternCodeableConcept":{"coding":[{"code":"s"}]}},
    {"path":"Observation.component.valueQuantity","min":1},
    {"path":"Observation.identifier","slicing":{"discriminator":[{"type":"exists","path":"period"}],"rules":"open"}},
    {"path":"Observation.identifier","sliceName":"with","max":"1"},{"path":"Observation.identifier.period","min":1},
    {"path":"Observation.identifier","sliceName":"without","max":"1"},{"path":"Observation.identifier.period","max":"0"},
    {"path":"Observation.value[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"open"}},
    {"path":"Observation.value[x]","sliceName":"valueString","type":[{"code":"string"}],"maxLength":2})"));
  const auto observation = [](std::string_view members) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"})" + std::string(members) +
           "}";
  };
  EXPECT_EQ(
      Check(
          observation(
              R"(,"component":[{"code":{"coding":[{"code":"s"}]},"valueQuantity":{"value":1}},{"code":{"text":"o"}}],
    "identifier":[{"value":"1","period":{"start":"2020"}},{"value":"2"}],"valueString":"ab")"),
          "o"),
      "");
  EXPECT_EQ(Check(observation(R"(,"component":[{"code":{"coding":[{"code":"s"}]},"valueString":"1"}],
    "identifier":[{"value":"1"},{"value":"2"}],"valueString":"abc")"),
                  "o"),
            "Observation.component[0].value: slice valueQuantity: is there 0 times; at least 1\n"
            "Observation.identifier: slice without: is there 2 times; at most 1\nObservation.value: is "
            "longer than 2 characters\n");
}

TEST_F(ProfileTest, SlicesByProfileThroughAReference) {
  Add(Structure("bank", "Organization", R"({"path":"Organization.name","min":1,"fixedString":"Bank"})"));
  Add(Structure(
      "p", "Patient",
      R"j({"path":"Patient.generalPractitioner","slicing":{"discriminator":[{"type":"profile","path":"resolve()"
}],"rules":"open"
}
},
    {"path":"Patient.generalPractitioner","sliceName":"bank","min":1,"type":[{"code":"Reference","targetProfile":["http://x/bank"]}]})j"));
  EXPECT_EQ(
      Check(
          Patient(
              R"(,"contained":[{"resourceType":"Organization","id":"o","name":"Bank"}],"generalPractitioner":[{"reference":"#o"}])"),
          "p"),
      "");
  EXPECT_EQ(
      Check(
          Patient(
              R"(,"contained":[{"resourceType":"Organization","id":"o","name":"Shop"}],"generalPractitioner":[{"reference":"#o"}])"),
          "p"),
      "Patient.generalPractitioner: slice bank: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, ResliceAndOpenAtEnd) {
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"openAtEnd"}},
    {"path":"Patient.identifier","sliceName":"card"},{"path":"Patient.identifier.system","fixedUri":"http://card"},
    {"path":"Patient.identifier","sliceName":"card/old","slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"},"max":"1"},
    {"path":"Patient.identifier.use","fixedCode":"old"})"));
  EXPECT_EQ(Check(Patient(R"(,"identifier":[{"system":"http://card"},{"system":"http://other"}])"), "p"), "");
  EXPECT_EQ(Check(Patient(R"(,"identifier":[{"system":"http://other"},{"system":"http://card"}])"), "p"),
            "Patient.identifier[1]: of slice card stands behind what belongs to no slice\n");
}

TEST_F(ProfileTest, ADifferentialLiesOverItsBaseProfile) {
  Add(Structure(
      "base", "Patient",
      R"({"path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
    {"path":"Patient.telecom","sliceName":"phone"},{"path":"Patient.telecom.system","fixedCode":"phone"},{"path":"Patient.gender","min":1})"));
  Add(Structure(
      "derived", "Patient",
      R"({"path":"Patient.telecom","sliceName":"phone","min":1},{"path":"Patient.telecom.value","min":1})",
      "base"));
  EXPECT_EQ(Check(Patient(R"(,"gender":"male","telecom":[{"system":"phone","value":"1"}])"), "derived"), "");
  EXPECT_EQ(Check(Patient(R"(,"telecom":[{"system":"phone"}])"), "derived"),
            "Patient.telecom[0].value: is there 0 times; at least 1\nPatient.gender: is there 0 times; at "
            "least 1\n");
  EXPECT_EQ(Check(Patient(R"(,"gender":"male")"), "derived"),
            "Patient.telecom: slice phone: is there 0 times; at least 1\n");
  Add(Structure("orphan", "Patient", R"({"path":"Patient.name","min":1})", "nobody"));
  EXPECT_NE(Check(Patient(""), "orphan").find("its base is not known here"), std::string::npos);
  Add(Structure("loop", "Patient", R"({"path":"Patient.name","min":1})", "loop"));
  EXPECT_NE(Check(Patient(""), "loop").find("its own base"), std::string::npos);
}

// What SUSHI writes: only what differs, each element named by its id.
TEST_F(ProfileTest, ASparseDifferentialFindsItsSliceById) {
  Add(Structure(
      "base", "Patient",
      R"({"id":"Patient.name","path":"Patient.name","slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}},
    {"id":"Patient.name:off","path":"Patient.name","sliceName":"off"},
    {"id":"Patient.name:off.use","path":"Patient.name.use","fixedCode":"official"},
    {"id":"Patient.name:nick","path":"Patient.name","sliceName":"nick"},
    {"id":"Patient.name:nick.use","path":"Patient.name.use","fixedCode":"nickname"})"));
  Add(Structure("derived", "Patient",
                R"({"id":"Patient.name:off.family","path":"Patient.name.family","min":1},
    {"id":"Patient.name:nick.text","path":"Patient.name.text","min":1},
    {"id":"Patient.name:off.given","path":"Patient.name.given","min":1},
    {"id":"Patient.name.period","path":"Patient.name.period","max":"0"})",
                "base"));
  EXPECT_EQ(
      Check(
          Patient(
              R"(,"name":[{"use":"official","family":"a","given":["b"]},{"use":"nickname","text":"c"},{"use":"old"}])"),
          "derived"),
      "");
  EXPECT_EQ(
      Check(Patient(R"(,"name":[{"use":"official"},{"use":"nickname"},{"period":{"start":"2020"}}])"),
            "derived"),
      "Patient.name[2].period: must not be there\nPatient.name[0].family: is there 0 times; at least 1\n"
      "Patient.name[0].given: is there 0 times; at least 1\n"
      "Patient.name[1].text: is there 0 times; at least 1\n");
  Add(Structure("wrong", "Patient",
                R"({"id":"Patient.name:none.family","path":"Patient.name.family","min":1})", "base"));
  EXPECT_NE(Check(Patient(R"(,"name":[{"text":"x"}])"), "wrong").find("names the slice none, which neither"),
            std::string::npos);
}

TEST_F(ProfileTest, ASparseDifferentialReachesIntoAChoiceAndAnExtensionsProfile) {
  Add(Structure(
      "value", "Observation",
      R"({"id":"Observation.value[x]:valueQuantity.code","path":"Observation.value[x].code","min":1})"));
  const auto observation = [](std::string_view members) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"})" + std::string(members) +
           "}";
  };
  EXPECT_EQ(Check(observation(R"(,"valueString":"x")"), "value"), "");
  EXPECT_EQ(Check(observation(R"(,"valueQuantity":{"value":1})"), "value"),
            "Observation.value.code: is there 0 times; at least 1\n");
  Add(Structure(
      "race", "Extension",
      R"({"id":"Extension.extension:kind","path":"Extension.extension","sliceName":"kind","max":"1"},
    {"id":"Extension.extension:kind.url","path":"Extension.extension.url","fixedUri":"kind"},
    {"id":"Extension.url","path":"Extension.url","fixedUri":"http://x/race"})"));
  Add(Structure("parts", "Patient",
                R"({"id":"Patient.extension:race","path":"Patient.extension","sliceName":"race",
    "type":[{"code":"Extension","profile":["http://x/race"]}]},
    {"id":"Patient.extension:race.extension:kind","path":"Patient.extension.extension","sliceName":"kind","min":1})"));
  EXPECT_EQ(
      Check(Patient(R"(,"extension":[{"url":"http://x/race","extension":[{"url":"kind","valueCode":"a"}]}])"),
            "parts"),
      "");
  EXPECT_EQ(
      Check(
          Patient(R"(,"extension":[{"url":"http://x/race","extension":[{"url":"other","valueCode":"a"}]}])"),
          "parts"),
      "Patient.extension[0].extension: slice kind: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, ExtensionsByTheirProfiles) {
  Add(Structure(
      "e", "Extension",
      R"({"path":"Extension.url","fixedUri":"http://x/e"},{"path":"Extension.value[x]","min":1,"type":[{"code":"integer"}],
    "minValueInteger":2,"maxValueInteger":5})"));
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.extension","sliceName":"e","min":1,"type":[{"code":"Extension","profile":["http://x/e"]}]})"));
  EXPECT_EQ(
      Check(Patient(
                R"(,"extension":[{"url":"http://y","valueCode":"a"},{"url":"http://x/e","valueInteger":3}])"),
            "p"),
      "");
  EXPECT_EQ(Check(Patient(""), "p"), "Patient.extension: slice e: is there 0 times; at least 1\n");
  EXPECT_EQ(Check(Patient(R"(,"extension":[{"url":"http://x/e","valueInteger":6}])"), "p"),
            "Patient.extension[0].value: is more than the greatest permitted value\n");
  EXPECT_EQ(Check(Patient(R"(,"extension":[{"url":"http://x/e","valueString":"x"}])"), "p"),
            "Patient.extension[0].value: must be one of: integer\n");
}

TEST_F(ProfileTest, BindingsThatCanBeListed) {
  Add(R"({"resourceType":"ValueSet","url":"http://x/v","compose":{"include":[{"system":"http://x/c","concept":[{"code":"a"}]}]}})");
  Add(Structure("p", "Patient",
                R"({"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://x/v"}},
    {"path":"Patient.communication.language","binding":{"strength":"required","valueSet":"http://x/unknown"}})"));
  EXPECT_EQ(Check(Patient(R"(,"maritalStatus":{"coding":[{"system":"http://x/c","code":"a"}]})"), "p"), "");
  EXPECT_EQ(Check(Patient(R"(,"maritalStatus":{"coding":[{"system":"http://x/c","code":"b"}]})"), "p"),
            "Patient.maritalStatus: is not of the required value set http://x/v\n");
  const std::string unlisted = Patient(R"(,"communication":[{"language":{"text":"x"}}])");
  EXPECT_EQ(Check(unlisted, "p"), "");
  EXPECT_NE(Check(unlisted, "p", true).find("cannot be listed here"), std::string::npos);
}

TEST_F(ProfileTest, ExtensibleAndPreferredBindingsAreToldInTheirSeverity) {
  Add(R"({"resourceType":"ValueSet","url":"http://x/v","compose":{"include":[{"system":"http://x/c","concept":[{"code":"a"}]}]}})");
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.maritalStatus","binding":{"strength":"extensible","valueSet":"http://x/v"}},
    {"path":"Patient.communication.language","binding":{"strength":"preferred","valueSet":"http://x/v","extension":[
      {"url":"http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet","valueCanonical":"http://x/max"}]}},
    {"path":"Patient.contact.relationship","binding":{"strength":"example","valueSet":"http://x/any","extension":[
      {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional","extension":[
        {"url":"purpose","valueCode":"required"},{"url":"valueSet","valueCanonical":"http://x/v"}]}]}})"));
  Add(R"({"resourceType":"ValueSet","url":"http://x/max","compose":{"include":[{"system":"http://x/c","concept":[{"code":"a"},{"code":"b"}]}]}})");
  const std::string other = R"({"coding":[{"system":"http://x/c","code":"z"}]})";
  const std::string outside = Patient(R"(,"maritalStatus":)" + other);
  EXPECT_EQ(Check(outside, "p"), "");
  EXPECT_EQ(
      Check(outside, "p", true),
      "Patient.maritalStatus: has no code of the extensible value set http://x/v: it must have one where "
      "one of them applies\n");
  EXPECT_EQ(Check(Patient(R"(,"maritalStatus":{"text":"words alone"})"), "p", true), "");
  EXPECT_EQ(
      Check(Patient(R"(,"communication":[{"language":{"coding":[{"system":"http://x/c","code":"b"}]}}])"),
            "p", true),
      "Patient.communication[0].language: has no code of the preferred value set http://x/v\n");
  EXPECT_EQ(Check(Patient(R"(,"communication":[{"language":)" + other + "}]"), "p"),
            "Patient.communication[0].language: is not of the required value set http://x/max\n");
  EXPECT_EQ(Check(Patient(R"(,"contact":[{"relationship":[)" + other + "]}]"), "p"),
            "Patient.contact[0].relationship[0]: is not of the required value set http://x/v\n");
}

// A value set that somebody else expanded: taken as it is if it is whole.
TEST_F(ProfileTest, AnExpansionAloneIsAList) {
  const auto value_set = [](std::string_view url, std::string_view more) {
    return R"({"resourceType":"ValueSet","url":"http://x/)" + std::string(url) +
           R"(","expansion":{"timestamp":"2026-01-01",)" + std::string(more) +
           R"("contains":[{"system":"http://x/c","abstract":true,"code":"all","contains":[{"system":"http://x/c","code":"a"}]}]}})";
  };
  Add(value_set("whole", R"("total":2,)"));
  Add(value_set("page", R"("total":200,)"));
  for (const char* name : {"whole", "page"}) {
    Add(Structure(
        name, "Patient",
        R"({"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://x/)" +
            std::string(name) + R"("}})"));
  }
  const auto status = [](std::string_view code) {
    return Patient(R"(,"maritalStatus":{"coding":[{"system":"http://x/c","code":")" + std::string(code) +
                   R"("}]})");
  };
  EXPECT_EQ(Check(status("a"), "whole"), "");
  EXPECT_EQ(Check(status("b"), "whole"),
            "Patient.maritalStatus: is not of the required value set http://x/whole\n");
  EXPECT_EQ(Check(status("all"), "whole"),
            "Patient.maritalStatus: is not of the required value set http://x/whole\n");
  EXPECT_EQ(Check(status("b"), "page"), "");
  EXPECT_NE(Check(status("b"), "page", true).find("cannot be listed here"), std::string::npos);
}

TEST_F(ProfileTest, InvariantsWithTheirSeverity) {
  Add(Structure(
      "p", "Patient",
      R"j({"path":"Patient","constraint":[{"key":"a-1","severity":"error","human":"A name.","expression":"name.exists()"},
    {"key":"a-2","severity":"warning","human":"A date.","expression":"birthDate.exists()"},
    {"key":"a-3","severity":"error","human":"Nonsense.","expression":"name.((("}]
},
    {"path":"Patient.contact","constraint":[{"key":"a-4","severity":"error","human":"Known here.","expression":"name.exists() or %resource.active"}]})j"));
  EXPECT_EQ(Check(Patient(""), "p"), "Patient: a-1: A name.\n");
  EXPECT_NE(Check(Patient(""), "p", true).find("a-2: A date."), std::string::npos);
  EXPECT_NE(Check(Patient(""), "p", true).find("a-3: Nonsense. (not checked: "), std::string::npos);
  EXPECT_EQ(Check(Patient(R"(,"name":[{"text":"x"}],"contact":[{"gender":"male"}])"), "p"),
            "Patient.contact[0]: a-4: Known here.\n");
}

TEST_F(ProfileTest, ReferencesToTypesAndProfiles) {
  Add(Structure("p", "Patient", R"({"path":"Patient.generalPractitioner","type":[{"code":"Reference",
    "targetProfile":["http://hl7.org/fhir/StructureDefinition/Practitioner"]}]})"));
  EXPECT_EQ(Check(Patient(R"(,"generalPractitioner":[{"reference":"Practitioner/1"},{"display":"x"}])"), "p"),
            "");
  EXPECT_EQ(Check(Patient(R"(,"generalPractitioner":[{"reference":"Organization/1"}])"), "p"),
            "Patient.generalPractitioner[0]: refers to a Organization that is none of: "
            "http://hl7.org/fhir/StructureDefinition/Practitioner\n");
}

TEST_F(ProfileTest, AFixedObjectIsToldByItsMembers) {
  Add(Structure("f", "Patient",
                R"({"path":"Patient.telecom","fixedContactPoint":{"use":"home","system":"phone"}})"));
  EXPECT_EQ(Check(Patient(R"(,"telecom":[{"system":"phone","use":"home"}])"), "f"), "");
  EXPECT_EQ(Check(Patient(R"(,"telecom":[{"use":"work","value":"1"}])"), "f"),
            "Patient.telecom[0].use: has not the value that is fixed\n"
            "Patient.telecom[0].system: is missing: the profile fixes its value\n"
            "Patient.telecom[0].value: is not in the value that the profile fixes\n");
}

TEST_F(ProfileTest, ReferencesLieWhereTheirAggregationPermits) {
  Add(Structure(
      "a", "Patient",
      R"({"path":"Patient.managingOrganization","type":[{"code":"Reference","aggregation":["contained"]}]},
    {"path":"Patient.generalPractitioner","type":[{"code":"Reference","aggregation":["bundled"]}]})"));
  Add(Structure("b", "Bundle",
                R"({"path":"Bundle.entry.resource","type":[{"code":"Patient","profile":["http://x/a"]}]})"));
  const auto about = [&](std::string_view organization, std::string_view practitioner) {
    return R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}],"managingOrganization":{"reference":")" +
           std::string(organization) + R"("},"generalPractitioner":[{"reference":")" +
           std::string(practitioner) + R"("}]})";
  };
  const auto bundle = [&](const std::string& patient) {
    return R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:1","resource":)" +
           patient + "}]}";
  };
  EXPECT_EQ(Check(about("#o", "Practitioner/1"), "a"), "");  // by itself: its Bundle is not here
  EXPECT_EQ(Check(about("Organization/o", "urn:uuid:1"), "a"),
            "Patient.managingOrganization: refers to a resource in a place that is not permitted here "
            "(aggregation)\n");
  EXPECT_EQ(Check(bundle(about("#o", "urn:uuid:1")), "b"), "");
  EXPECT_EQ(Check(bundle(about("#o", "Practitioner/1")), "b"),
            "Bundle.entry[0].resource.generalPractitioner[0]: refers to a resource that is not in the "
            "Bundle, where it must be "
            "(aggregation)\n");
}

TEST_F(ProfileTest, ValueSetsThatCannotBeListedAreJudgedByTheirSystems) {
  Add(R"({"resourceType":"ValueSet","url":"http://x/money","compose":{"include":[{"system":"urn:iso:std:iso:4217"}]}})");
  Add(R"({"resourceType":"ValueSet","url":"http://x/sct","compose":{"include":[{"system":"http://snomed.info/sct","filter":[{"property":"concept","op":"is-a","value":"1"}]}]}})");
  const auto bound = [](std::string_view set) {
    return R"({"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://x/)" +
           std::string(set) + R"("}})";
  };
  Add(Structure("m", "Patient", bound("money")));
  Add(Structure("s", "Patient", bound("sct")));
  const auto coded = [](std::string_view system, std::string_view code) {
    return Patient(R"(,"maritalStatus":{"coding":[{"system":")" + std::string(system) + R"(","code":")" +
                   std::string(code) + R"("}]})");
  };
  EXPECT_EQ(Check(coded("urn:iso:std:iso:4217", "CNY"), "m"), "");
  EXPECT_EQ(Check(coded("urn:iso:std:iso:4217", "ZZZ1"), "m"),
            "Patient.maritalStatus: is no code of the required value set http://x/money\n");
  EXPECT_EQ(Check(coded("http://x/c", "CNY"), "m"),
            "Patient.maritalStatus: is of a code system that the required value set http://x/money has no "
            "codes of\n");
  EXPECT_EQ(Check(coded("http://snomed.info/sct", "2"), "s"), "");
  EXPECT_EQ(Check(coded("http://snomed.info/sct", "2"), "s", true),
            "Patient.maritalStatus: is not checked: the codes of http://x/sct cannot be listed here\n");
}

/// Counts what is asked of it.
class CountedCanonicals final : public Canonicals {
 public:
  explicit CountedCanonicals(const Canonicals& inner) : inner_(inner) {}
  std::shared_ptr<const Document> Find(std::string_view type, std::string_view canonical) const override {
    ++asked;
    return inner_.Find(type, canonical);
  }
  mutable size_t asked = 0;

 private:
  const Canonicals& inner_;
};

// Six times six times …, if each were read as often as it is imported.
TEST_F(ProfileTest, ImportedValueSetsAreReadOnce) {
  const auto importing = [](std::string_view name, const std::string& imported) {
    std::string includes = R"({"system":"http://x/not-here"})";
    for (int i = 0; i < 6; ++i) includes += R"(,{"valueSet":["http://x/)" + imported + R"("]})";
    return R"({"resourceType":"ValueSet","url":"http://x/)" + std::string(name) +
           R"(","compose":{"include":[)" + includes + "]}}";
  };
  for (int i = 1; i < 7; ++i) Add(importing("v" + std::to_string(i), "v" + std::to_string(i + 1)));
  Add(R"({"resourceType":"ValueSet","url":"http://x/v7","compose":{"include":[{"system":"http://x/last"}]}})");
  Add(importing("itself", "itself"));
  const CountedCanonicals counted(canonicals_);
  Profiles profiles(*Definitions::R4(), counted);
  const auto systems = profiles.SystemsOf("http://x/v1");
  ASSERT_NE(systems, nullptr);
  EXPECT_TRUE(systems->Has("http://x/last") && systems->Has("http://x/not-here"));
  EXPECT_EQ(counted.asked, 7U);
  EXPECT_EQ(profiles.SystemsOf("http://x/itself"), nullptr);
}

TEST_F(ProfileTest, AContainedTargetThatBreaksItsProfileIsToldWithItsElement) {
  Add(Structure("bank", "Organization",
                R"({"path":"Organization.name","min":1},{"path":"Organization.active","min":1})"));
  Add(Structure("p", "Patient", R"({"path":"Patient.managingOrganization","type":[{"code":"Reference",
    "targetProfile":["http://x/bank"]}]})"));
  EXPECT_EQ(Check(Patient(R"(,"contained":[{"resourceType":"Organization","id":"x"},
    {"resourceType":"Organization","id":"o","name":"n"}],"managingOrganization":{"reference":"#o"})"),
                  "p"),
            "Patient.managingOrganization: refers to a Organization that is none of: http://x/bank; "
            "Patient.contained[1].active: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, AnExtensionStandsWhereItsContextPermits) {
  const auto extension = [&](std::string_view name, std::string_view context) {
    std::string text = Structure(
        name, "Extension", R"({"path":"Extension.url","fixedUri":"http://x/)" + std::string(name) + R"("})");
    text.pop_back();
    Add(text + R"(,"context":[)" + std::string(context) + "]}");
  };
  extension("patient", R"({"type":"element","expression":"Patient"})");
  extension(
      "family",
      R"({"type":"element","expression":"HumanName.family"},{"type":"element","expression":"Observation.value[x]"})");
  extension("within", R"({"type":"extension","expression":"http://x/patient"})");
  extension("path", R"j({"type":"fhirpath","expression":"Patient.name.where(use = 'official')"})j");
  extension("anywhere", R"({"type":"element","expression":"Element"})");
  const auto told = [&](const std::string& json) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const auto document = Shared(json);
    ProfileChecker checker(profiles, {});
    checker.CheckClaims(document->Root());
    std::string paths;
    for (const Issue& issue : checker.Take()) paths += issue.path + " ";
    return paths;
  };
  const auto one = [](std::string_view name) {
    return R"([{"url":"http://x/)" + std::string(name) + R"(","valueCode":"a"}])";
  };
  EXPECT_EQ(told(Patient(R"(,"extension":)" + one("patient"))), "");
  EXPECT_EQ(told(Patient(R"(,"name":[{"extension":)" + one("patient") + "}]")),
            "Patient.name[0].extension[0] ");
  EXPECT_EQ(told(Patient(R"(,"name":[{"_family":{"extension":)" + one("family") + "}}]")), "");
  EXPECT_EQ(told(Patient(R"(,"name":[{"extension":)" + one("family") + "}]")),
            "Patient.name[0].extension[0] ");
  EXPECT_EQ(told(R"({"resourceType":"Observation","valueQuantity":{"extension":)" + one("family") + "}}"),
            "");
  EXPECT_EQ(told(Patient(R"(,"extension":[{"url":"http://x/patient","extension":)" + one("within") + "}]")),
            "");
  EXPECT_EQ(told(Patient(R"(,"extension":)" + one("within"))), "Patient.extension[0] ");
  EXPECT_EQ(told(Patient(R"(,"name":[{"use":"official","extension":)" + one("path") + R"(},{"extension":)" +
                         one("path") + "}]")),
            "Patient.name[1].extension[0] ");
  EXPECT_EQ(told(Patient(R"(,"_birthDate":{"extension":)" + one("anywhere") + "}")), "");
}

// A duration beside a date is counted from now.
TEST_F(ProfileTest, BoundsOfDatesMayBeRelativeToNow) {
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.birthDate","minValueQuantity":{"value":100,"system":"http://unitsofmeasure.org","code":"a"},
    "maxValueQuantity":{"value":10,"system":"http://unitsofmeasure.org","code":"mo"}})"));
  const auto born = [](std::string_view date) {
    return Patient(R"(,"birthDate":")" + std::string(date) + "\"");
  };
  EXPECT_EQ(Check(born("1900-01-01"), "p"), "");
  EXPECT_EQ(Check(born("1970-09-01"), "p"), "");
  EXPECT_EQ(Check(born("1869-12-31"), "p"), "Patient.birthDate: is less than the least permitted value\n");
  EXPECT_EQ(Check(born("1970-12-01"), "p"), "Patient.birthDate: is more than the greatest permitted value\n");
}

// Not all of them for each reference.
TEST_F(ProfileTest, EntriesOfABundleAreReadOnce) {
  Add(Structure("p", "Observation", R"({"path":"Observation.subject","min":1,"type":[{"code":"Reference",
    "targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]})"));
  Profiles profiles(*Definitions::R4(), canonicals_);
  constexpr size_t kEntries = 500;
  std::string entries = R"({"fullUrl":"http://x/Group/g","resource":{"resourceType":"Group","id":"g"}})";
  for (size_t i = 1; i < kEntries; ++i)
    entries +=
        R"(,{"fullUrl":"http://x/Observation/)" + std::to_string(i) +
        R"(","resource":{"resourceType":"Observation","meta":{"profile":["http://x/p"]},"subject":{"reference":")" +
        (i == 1 ? "Group/g" : "http://y/Patient/1") + R"("}}})";
  const auto bundle = Shared(R"({"resourceType":"Bundle","entry":[)" + entries + "]}");
  ProfileChecker checker(profiles, {});
  checker.CheckClaims(bundle->Root());
  const auto issues = checker.Take();
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].path, "Bundle.entry[1].resource.subject");
  EXPECT_EQ(checker.entries_read(), kEntries);
}

TEST_F(ProfileTest, FixedValuesAndPatternsAreToldByMember) {
  Add(Structure("p", "Patient",
                R"({"path":"Patient.identifier","patternIdentifier":{"use":"official","system":"http://x/i"}},
    {"path":"Patient.maritalStatus","fixedCodeableConcept":{"coding":[{"system":"http://x/c","code":"M"}]}})"));
  EXPECT_EQ(
      Check(
          Patient(
              R"(,"identifier":[{"system":"http://x/j"}],"maritalStatus":{"coding":[{"system":"http://x/c","code":"S","display":"s"}]})"),
          "p"),
      "Patient.identifier[0].use: is missing: its pattern asks for it\n"
      "Patient.identifier[0].system: has not what its pattern asks for\n"
      "Patient.maritalStatus.coding[0].code: has not the value that is fixed\n"
      "Patient.maritalStatus.coding[0].display: is not in the value that the profile fixes\n");
}

// A slice is told by what must not be there, by the type that valueString alone gives, and by the type that a reference leads to.
TEST_F(ProfileTest, SlicesByAbsenceAndByTypesOfTargets) {
  Add(Structure(
      "p", "Patient",
      R"({"id":"Patient.telecom","path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"},{"type":"value","path":"use"}],"rules":"closed"}},
    {"id":"Patient.telecom:mail","path":"Patient.telecom","sliceName":"mail","max":"1"},
    {"id":"Patient.telecom:mail.system","path":"Patient.telecom.system","min":1,"fixedCode":"email"},
    {"id":"Patient.telecom:mail.use","path":"Patient.telecom.use","max":"0"})"));
  EXPECT_EQ(Check(Patient(R"(,"telecom":[{"system":"email"}])"), "p"), "");
  EXPECT_EQ(Check(Patient(R"(,"telecom":[{"system":"email","use":"home"}])"), "p"),
            "Patient.telecom[0]: belongs to none of the slices, and they are closed\n");
  Add(Structure(
      "c", "Communication",
      R"({"id":"Communication.payload","path":"Communication.payload","slicing":{"discriminator":[{"type":"type","path":"content"}],"rules":"closed"}},
    {"id":"Communication.payload:text","path":"Communication.payload","sliceName":"text","max":"1"},
    {"id":"Communication.payload:text.contentString","path":"Communication.payload.contentString","type":[{"code":"string"}]},
    {"id":"Communication.payload:file","path":"Communication.payload","sliceName":"file","max":"1"},
    {"id":"Communication.payload:file.contentAttachment","path":"Communication.payload.contentAttachment","min":1,"type":[{"code":"Attachment"}]})"));
  const auto payload = [](std::string_view list) {
    return R"({"resourceType":"Communication","status":"completed","payload":[)" + std::string(list) + "]}";
  };
  EXPECT_EQ(Check(payload(R"({"contentString":"a"},{"contentAttachment":{"title":"b"}})"), "c"), "");
  EXPECT_EQ(Check(payload(R"({"contentString":"a"},{"contentString":"b"})"), "c"),
            "Communication.payload: slice text: is there 2 times; at most 1\n");
  Add(Structure(
      "l", "List",
      R"x({"id":"List.entry","path":"List.entry","slicing":{"discriminator":[{"type":"type","path":"item.resolve()"}],"rules":"closed"}},
    {"id":"List.entry:c","path":"List.entry","sliceName":"c","max":"1"},
    {"id":"List.entry:c.item","path":"List.entry.item","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Condition"]}]},
    {"id":"List.entry:o","path":"List.entry","sliceName":"o","max":"1"},
    {"id":"List.entry:o.item","path":"List.entry.item","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Observation"]}]})x"));
  const auto list = [](std::string_view entries) {
    return R"({"resourceType":"List","status":"current","mode":"working","contained":[{"resourceType":"Condition","id":"i1"},{"resourceType":"Observation","id":"i2"}],"entry":[)" +
           std::string(entries) + "]}";
  };
  EXPECT_EQ(Check(list(R"({"item":{"reference":"#i1"}},{"item":{"reference":"#i2"}})"), "l"), "");
  EXPECT_EQ(Check(list(R"({"item":{"reference":"#i2"}},{"item":{"reference":"#i2"}})"), "l"),
            "List.entry: slice o: is there 2 times; at most 1\n");
}

// What a slice tells apart by itself may be what it forbids.
TEST_F(ProfileTest, AForbiddenSliceFindsWhatItForbids) {
  Add(Structure(
      "p", "Observation",
      R"({"id":"Observation.category","path":"Observation.category","slicing":{"discriminator":[{"type":"pattern","path":"$this"}],"rules":"open"}},
    {"id":"Observation.category:lab","path":"Observation.category","sliceName":"lab","max":"0","patternCodeableConcept":{"text":"lab"}},
    {"id":"Observation.category:any","path":"Observation.category","sliceName":"any","max":"0"},
    {"id":"Observation.value[x]","path":"Observation.value[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"open"}},
    {"id":"Observation.value[x]:valueString","path":"Observation.value[x]","sliceName":"valueString","max":"0","type":[{"code":"string"}]},
    {"id":"Observation.value[x]:other","path":"Observation.value[x]","sliceName":"other","max":"0"})"));
  const auto observation = [](std::string_view members) {
    return R"({"resourceType":"Observation")" + std::string(members) + "}";
  };
  EXPECT_EQ(Check(observation(R"(,"category":[{"text":"x"}],"valueInteger":1)"), "p"), "");
  EXPECT_EQ(Check(observation(R"(,"category":[{"text":"x"},{"text":"lab"}])"), "p"),
            "Observation.category: slice lab: must not be there\n");
  EXPECT_EQ(Check(observation(R"(,"valueString":"a")"), "p"),
            "Observation.value: slice valueString: must not be there\n");
}

TEST_F(ProfileTest, ASliceOfASliceThatIsNotThereStandsByItself) {
  Add(Structure("e", "Extension",
                R"({"path":"Extension.url","fixedUri":"http://x/e"},{"path":"Extension.value[x]","min":1})"));
  Add(Structure(
      "p", "Patient",
      R"({"id":"Patient.extension","path":"Patient.extension"},{"id":"Patient.extension:a/b","path":"Patient.extension","sliceName":"a/b","min":1,
    "type":[{"code":"Extension","profile":["http://x/e"]}]})"));
  EXPECT_EQ(Check(Patient(R"(,"extension":[{"url":"http://x/e","valueCode":"a"}])"), "p"), "");
  EXPECT_EQ(Check(Patient(""), "p"), "Patient.extension: slice a/b: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, AnElementOfAnotherProfile) {
  Add(Structure(
      "library", "Composition",
      R"({"path":"Composition.section","slicing":{"discriminator":[{"type":"pattern","path":"code"}],"rules":"open"}},
    {"path":"Composition.section","sliceName":"a"},{"path":"Composition.section.code","min":1,"patternCodeableConcept":{"text":"a"}},
    {"path":"Composition.section.title","min":1})"));
  Add(Structure(
      "p", "Composition",
      R"({"path":"Composition.section","slicing":{"discriminator":[{"type":"pattern","path":"code"}],"rules":"closed"}},
    {"path":"Composition.section","sliceName":"one","min":1,"type":[{"code":"BackboneElement","profile":["http://x/library"],
     "_profile":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element","valueString":"Composition.section:a"}]}]}]})"));
  const auto sections = [](std::string_view list) {
    return R"({"resourceType":"Composition","section":[)" + std::string(list) + "]}";
  };
  EXPECT_EQ(Check(sections(R"({"title":"t","code":{"text":"a"}})"), "p"), "");
  EXPECT_EQ(Check(sections(R"({"code":{"text":"a"}})"), "p"),
            "Composition.section[0].title: is there 0 times; at least 1\n");
  EXPECT_EQ(Check(sections(R"({"title":"t","code":{"text":"b"}})"), "p"),
            "Composition.section[0]: belongs to none of the slices, and they are closed\n"
            "Composition.section: slice one: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, ATypeInPlaceOfAProfile) {
  Add(Structure(
      "p", "Bundle",
      R"({"path":"Bundle.entry.resource","type":[{"code":"Resource","profile":["http://hl7.org/fhir/StructureDefinition/Device"]}]})"));
  const auto with = [](std::string_view type) {
    return R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":")" +
           std::string(type) + R"("}}]})";
  };
  EXPECT_EQ(Check(with("Device"), "p"), "");
  EXPECT_EQ(Check(with("Patient"), "p"), "Bundle.entry[0].resource: must be a Device\n");
  // One that calls itself a specialization of a type that is another's.
  std::string structure = Structure("s", "Patient", R"({"path":"Patient.gender","min":1})");
  structure.replace(structure.find("constraint"), 10, "specialization");
  Add(structure);
  EXPECT_EQ(Check(Patient(""), "s"), "Patient.gender: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, WhoKeepsToNoneOfSeveralProfilesIsToldWhy) {
  Add(Structure("city", "Address", R"({"path":"Address.city","min":1})"));
  Add(Structure("line", "Address", R"({"path":"Address.line","min":1})"));
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.address","type":[{"code":"Address","profile":["http://x/city","http://x/line"]}]})"));
  EXPECT_EQ(Check(Patient(R"(,"address":[{"line":["a"]},{"city":"b"}])"), "p"), "");
  EXPECT_EQ(Check(Patient(R"(,"address":[{"text":"a"}])"), "p"),
            "Patient.address[0]: keeps to none of the profiles http://x/city, http://x/line\n"
            "Patient.address[0].city: is there 0 times; at least 1\n"
            "Patient.address[0].line: is there 0 times; at least 1\n");
}

TEST_F(ProfileTest, PartsOfAnExtensionAreThoseOfItsDefinition) {
  const auto told = [&](std::string_view part) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const auto document = Shared(Patient(
        R"(,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-animal","extension":[{"url":"species",)"
        R"("valueCodeableConcept":{"text":"a"}},{"url":")" +
        std::string(part) + R"(","valueCodeableConcept":{"text":"b"}}]}])"));
    ProfileOptions options;
    options.warnings = true;
    ProfileChecker checker(profiles, options);
    checker.CheckClaims(document->Root());
    std::string paths;
    for (const Issue& issue : checker.Take())
      if (issue.severity == Severity::kError) paths += issue.path + " ";
    return paths;
  };
  EXPECT_EQ(told("breed"), "");
  EXPECT_EQ(told("http://x/own"), "");
  EXPECT_EQ(told("bread"), "Patient.extension[0].extension[1] ");
}

TEST_F(ProfileTest, WarningsTakeNoErrorsPlace) {
  Add(Structure(
      "p", "Patient",
      R"({"path":"Patient.name.family","maxLength":2,"constraint":[{"key":"w","severity":"warning",)"
      R"("human":"h","expression":"$this = 'no'"}]},{"path":"Patient.photo","max":"0"})"));
  Profiles profiles(*Definitions::R4(), canonicals_);
  const auto document = Shared(
      Patient(R"(,"name":[{"family":"a"},{"family":"b"},{"family":"c"},{"family":"abc"}],"photo":[{}])"));
  ProfileOptions options;
  options.warnings = true;
  options.issues_max = 2;
  ProfileChecker checker(profiles, options);
  checker.Check(document->Root(), "http://x/p");
  std::string told;
  for (const Issue& issue : checker.Take())
    told += (issue.severity == Severity::kError ? "E " : "W ") + issue.path + "\n";
  EXPECT_EQ(
      told,
      "W Patient.name[0].family\nW Patient.name[1].family\nE Patient.name[3].family\nE Patient.photo\n");
}

TEST_F(ProfileTest, AnInvariantThatGivesOneItemHolds) {
  Add(Structure("p", "Patient",
                R"j({"path":"Patient","constraint":[{"key":"n-1","severity":"error","human":"h",)j"
                R"j("expression":"name.family.first()"}]})j"));
  EXPECT_EQ(Check(Patient(R"(,"name":[{"family":"a"},{"family":"b"}])"), "p"), "");
  EXPECT_EQ(Check(Patient(""), "p"), "Patient: n-1: h\n");
}

TEST_F(ProfileTest, OnlyPartsOfExtensionsHaveRelativeUrls) {
  Profiles profiles(*Definitions::R4(), canonicals_);
  const auto document = Shared(Patient(
      R"(,"extension":[{"url":"a","valueCode":"b"},{"url":"http://x.org/a","extension":[{"url":"c","valueCode":"d"}]}],)"
      R"("birthDate":"2000","_birthDate":{"extension":[{"url":"e","valueCode":"f"}]})"));
  for (const bool warnings : {false, true}) {
    ProfileOptions options;
    options.warnings = warnings;
    ProfileChecker checker(profiles, options);
    checker.CheckClaims(document->Root());
    std::string paths;
    for (const Issue& issue : checker.Take())
      if (issue.severity == Severity::kError) paths += issue.path + " ";
    EXPECT_EQ(paths, warnings ? "Patient.extension[0].url Patient.birthDate.extension[0].url " : "");
  }
}

TEST_F(ProfileTest, WhatStandsInADefinitionsValuesIsJudgedAtTheElement) {
  const auto told = [&](std::string_view path, std::string_view members) {
    Profiles profiles(*Definitions::R4(), canonicals_);
    const auto document = Shared(
        Structure("p", "Patient", R"({"path":")" + std::string(path) + R"(",)" + std::string(members) + "}"));
    ProfileOptions options;
    ProfileChecker checker(profiles, options);
    checker.CheckClaims(document->Root());
    std::string paths;
    for (const Issue& issue : checker.Take()) paths += issue.path + " ";
    return paths;
  };
  const std::string street =
      R"({"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-streetName","valueString":"a"}]})";
  const std::string pattern = R"("patternString":"a","_patternString":)" + street;
  EXPECT_EQ(told("Patient.address.line", pattern), "");
  EXPECT_EQ(told("Patient.address.line", R"("fixedString":"a","_fixedString":)" + street), "");
  EXPECT_EQ(told("Patient.address.line",
                 R"("example":[{"label":"x","valueString":"a","_valueString":)" + street + "}]"),
            "");
  EXPECT_EQ(told("Patient.address", R"("patternAddress":{"line":["a"],"_line":[)" + street + "]}"), "");
  EXPECT_EQ(told("Patient.address.city", pattern),
            "StructureDefinition.differential.element[0].pattern.extension[0] ");
  EXPECT_EQ(told("Patient.address", R"("patternAddress":{"city":"a","_city":)" + street + "}"),
            "StructureDefinition.differential.element[0].pattern.city.extension[0] ");
  EXPECT_EQ(told("Patient.address.line", R"("short":"a","_short":)" + street),
            "StructureDefinition.differential.element[0].short.extension[0] ");
}

TEST_F(ProfileTest, WorkIsBounded) {
  Add(Structure("p", "Patient", R"({"path":"Patient.name.family","min":1})"));
  Profiles profiles(*Definitions::R4(), canonicals_);
  std::string names;
  for (int i = 0; i < 1000; ++i) names += std::string(i == 0 ? "" : ",") + R"({"family":"x"})";
  const auto document = Shared(Patient(R"(,"name":[)" + names + "]"));
  ProfileOptions options;
  options.work_max = 500;
  ProfileChecker checker(profiles, options);
  checker.Check(document->Root(), "http://x/p");
  const auto issues = checker.Take();
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].type, "too-costly");
}

}  // namespace
}  // namespace tk::fhir
