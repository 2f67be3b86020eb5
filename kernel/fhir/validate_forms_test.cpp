// Each form that $validate looks at, right and wrong.
#include "kernel/fhir/validate_forms.h"

#include <gtest/gtest.h>

#include "kernel/base/text.h"
#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

/// Paths of the problems, each followed by a space.
std::string Told(std::string_view json) {
  const auto r4 = Definitions::R4();
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  std::string paths;
  CheckTime time;
  for (const Issue& issue : FormProblems(*r4, nullptr, document->Root(), 100, time))
    paths += issue.path + " ";
  return paths;
}

TEST(Forms, CodingsNameCodeSystems) {
  const auto status = [](std::string_view system) {
    return R"({"resourceType":"Patient","maritalStatus":{"coding":[{"system":")" + std::string(system) +
           R"(","code":"M"}]}})";
  };
  EXPECT_EQ(Told(status("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus")), "");
  EXPECT_EQ(Told(status("urn:oid:1.2.3")), "");
  EXPECT_EQ(Told(status("local")), "Patient.maritalStatus.coding[0].system ");
  EXPECT_EQ(Told(status("/a:b")), "Patient.maritalStatus.coding[0].system ");
  EXPECT_EQ(Told(status("http://hl7.org/fhir/ValueSet/marital-status")),
            "Patient.maritalStatus.coding[0].system ");
}

TEST(Forms, ElementIdsAndCanonicals) {
  EXPECT_EQ(
      Told(R"({"resourceType":"Patient","id":"a","name":[{"id":"a","family":"x"},{"id":"b"}],)"
           R"("contained":[{"resourceType":"Device","id":"d","identifier":[{"id":"b","value":"1"}]}]})"),
      "");
  EXPECT_EQ(Told(R"({"resourceType":"Patient","name":[{"id":"a","family":"x"}],"address":[{"id":"a"}]})"),
            "Patient.address[0].id ");
  const auto derived = [](std::string_view canonical) {
    return R"({"resourceType":"Questionnaire","derivedFrom":[")" + std::string(canonical) + R"("]})";
  };
  EXPECT_EQ(Told(derived("http://x/q|1")), "");
  EXPECT_EQ(Told(derived("http://x/q|")), "Questionnaire.derivedFrom[0] ");
}

TEST(Forms, CountriesAreNotNamedAsOthers) {
  MemoryCanonicals canonicals;
  for (const char* set : {"1-2", "1-3", "1-N"}) {
    auto listed = Document::Parse(
        R"({"resourceType":"ValueSet","url":"http://hl7.org/fhir/ValueSet/iso3166-)" + std::string(set) +
        R"(","compose":{"include":[{"system":"urn:iso:std:iso:3166","concept":[{"code":"BD","display":"Bangladesh"},{"code":"AU","display":"Australia"}]}]}})");
    canonicals.Add(std::make_shared<const Document>(std::move(listed).value()));
  }
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto told = [&](std::string_view display) {
    const auto document = Document::Parse(
        R"({"resourceType":"Library","jurisdiction":[{"coding":[{"system":"urn:iso:std:iso:3166","code":"BD","display":")" +
        std::string(display) + R"("}]}]})");
    CheckTime time;
    return FormProblems(*Definitions::R4(), &profiles, document->Root(), 100, time).size();
  };
  EXPECT_EQ(told("bangladesh"), 0U);
  EXPECT_EQ(told("People's Republic of Bangladesh"), 0U);
  EXPECT_EQ(told("Australia"), 1U);
}

TEST(Forms, UuidsAndSizes) {
  const auto photo = [](std::string_view size, std::string_view data) {
    return R"({"resourceType":"Patient","identifier":[{"system":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}],"photo":[{"size":)" +
           std::string(size) + R"(,"data":")" + std::string(data) + R"("}]})";
  };
  EXPECT_EQ(Told(photo("4", "YWJjZA==")), "");
  EXPECT_EQ(Told(photo("5", "YWJjZA==")), "Patient.photo[0].size ");
  EXPECT_EQ(Told(photo("5", "YWJjZ")), "");  // no base64: told elsewhere
  EXPECT_EQ(Told(R"({"resourceType":"Patient","identifier":[{"system":"urn:uuid:c757873d-asdf"}]})"),
            "Patient.identifier[0].system ");
}

TEST(Forms, OidsInUris) {
  const auto told = [](std::string_view system) {
    return Told(R"({"resourceType":"Patient","identifier":[{"system":")" + std::string(system) + R"("}]})");
  };
  for (const char* oid : {"urn:oid:1.2.3", "urn:oid:2.16.840.1.113883.4.1", "urn:oid:0.0"})
    EXPECT_EQ(told(oid), "") << oid;
  for (const char* oid : {"urn:oid:3.2.3", "urn:oid:1.02", "urn:oid:1", "urn:oid:", "urn:oid:1.2.x"})
    EXPECT_EQ(told(oid), "Patient.identifier[0].system ") << oid;
}

/// The same with code systems: one of two codes.
std::string ToldWithCodes(std::string_view coding, std::string_view members = "") {
  MemoryCanonicals canonicals;
  auto system = Document::Parse(
      R"({"resourceType":"CodeSystem","url":"http://x/c","version":"1","content":"complete","concept":[{"code":"a","display":"Big  Apple"},{"code":"b"}]})");
  canonicals.Add(std::make_shared<const Document>(std::move(system).value()));
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto document =
      Document::Parse(R"({"resourceType":"Patient",)" + std::string(members) +
                      R"("maritalStatus":{"coding":[{"system":"http://x/c",)" + std::string(coding) + "}]}}");
  EXPECT_TRUE(document.ok()) << coding;
  std::string told;
  CheckTime time;
  for (const Issue& issue : FormProblems(*Definitions::R4(), &profiles, document->Root(), 100, time))
    told +=
        (issue.severity == Severity::kError ? "" : "w ") + issue.path.substr(issue.path.rfind('.') + 1) + " ";
  return told;
}

TEST(Forms, CodesAreOfTheirSystem) {
  EXPECT_EQ(ToldWithCodes(R"("code":"a","display":"big apple ")"), "");
  EXPECT_EQ(ToldWithCodes(R"("code":"a","display":"\nbig\t\napple\n")"), "");
  EXPECT_EQ(ToldWithCodes(R"("code":"a","display":"\n")"), "");
  EXPECT_EQ(ToldWithCodes(R"("code":"z")"), "code ");
  EXPECT_EQ(ToldWithCodes(R"("code":"z","version":"2")"), "");  // another version is not here
  EXPECT_EQ(ToldWithCodes(R"("code":"a","display":"Pear")"), "display ");
  EXPECT_EQ(ToldWithCodes(R"("code":"a","display":"苹果")"), "w display ");
  EXPECT_EQ(ToldWithCodes(R"("code":"a","display":"Apfel")", R"("language":"de",)"), "");
  EXPECT_EQ(ToldWithCodes(R"("code":"b","display":"anything")"), "");
}

TEST(Forms, IdentifiersNameTheirSystem) {
  const auto identifier = [](std::string_view system, std::string_view value) {
    return R"({"resourceType":"Patient","identifier":[{"system":")" + std::string(system) + R"(","value":")" +
           std::string(value) + R"("}]})";
  };
  EXPECT_EQ(Told(identifier("urn:oid:1.2", "7")), "");
  EXPECT_EQ(Told(identifier("local", "7")), "Patient.identifier[0].system ");
  EXPECT_EQ(Told(identifier("urn:ietf:rfc:3986", "http://x.org/7")), "");
  EXPECT_EQ(Told(identifier("urn:ietf:rfc:3986", "7")), "Patient.identifier[0].value ");
}

TEST(Forms, UnitsAndNarratives) {
  const auto observation = [](std::string_view code) {
    return R"({"resourceType":"Observation","valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":")" +
           std::string(code) + R"("}})";
  };
  EXPECT_EQ(Told(observation("mm[Hg]")), "");
  EXPECT_EQ(Told(observation("mmHg")), "Observation.value.code ");
  const auto coding = [](std::string_view system, std::string_view code) {
    return R"({"resourceType":"Observation","code":{"coding":[{"system":")" + std::string(system) +
           R"(","code":")" + std::string(code) + R"("}]}})";
  };
  EXPECT_EQ(Told(coding("http://unitsofmeasure.org", "mg")), "");
  EXPECT_EQ(Told(coding("http://unitsofmeasure.org", "mgs")), "Observation.code.coding[0].code ");
  EXPECT_EQ(Told(coding("urn:ietf:bcp:47", "zh-Hans")), "");
  EXPECT_EQ(Told(coding("urn:ietf:bcp:47", "zh_Hans")), "Observation.code.coding[0].code ");
  const auto narrative = [](std::string_view inside) {
    return R"({"resourceType":"Patient","contained":[{"resourceType":"Binary","id":"pic"}],"text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>)" +
           std::string(inside) + R"(</div>"}})";
  };
  EXPECT_EQ(Told(narrative(
                "<p id='a'>x</p><a href='#a'>x</a><a href='https://x.org'>x</a><img src='#pic' alt=''/>")),
            "");
  EXPECT_EQ(Told(narrative("<p id='c-ä'>x</p><a href='#c-%C3%A4'>x</a><img src='#p%69c' alt=''/>")), "");
  EXPECT_EQ(Told(narrative("<a name='a&amp;b'>x</a><a href='#a&amp;b'>x</a>")), "");
  EXPECT_EQ(Told(narrative("<p id='c-ä'>x</p><a href='#c-%C3'>x</a>")), "Patient.text.div ");
  EXPECT_EQ(Told(narrative("<a href='#b'>x</a>")), "Patient.text.div ");
  EXPECT_EQ(Told(narrative("<img src='#b' alt='href'/>")), "Patient.text.div ");
  EXPECT_EQ(Told(narrative("<a href='urn:uuid:c757873d-ec9a-4326-a141-556f43239520'>x</a>")),
            "Patient.text.div ");
  EXPECT_EQ(Told(R"({"resourceType":"Patient","managingOrganization":{"reference":"urn:uuid:xyz"}})"),
            "Patient.managingOrganization.reference ");
}

constexpr const char* kLinkedNarrative =
    R"("text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><a href='#b1'>x</a></div>"})";

TEST(Forms, IdsOfAResourceAreGatheredOnce) {
  const auto r4 = Definitions::R4();  // before parsing: what is parsed knows names only then
  const auto patient = [](std::string_view id, size_t contained_count) {
    std::string contained;
    for (size_t i = 0; i < contained_count; ++i)
      contained += std::string(i == 0 ? "" : ",") + R"({"resourceType":"Basic","id":")" + std::string(id) +
                   std::to_string(i) + "\"," + kLinkedNarrative + "}";
    return R"({"resourceType":"Patient","contained":[)" + contained + "]," + kLinkedNarrative + "}";
  };
  const auto bundle =
      Document::Parse(R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)" + patient("b", 100) +
                      R"(},{"resource":)" + patient("c", 2) + R"(},{"resource":)" + patient("b", 2) + "}]}");
  ASSERT_TRUE(bundle.ok());
  size_t walks = 0;
  std::string told;
  CheckTime time;
  for (const Issue& issue : FormProblems(*r4, nullptr, bundle->Root(), 100, time, &walks))
    told += issue.path + " ";
  EXPECT_EQ(told,
            "Bundle.entry[1].resource.contained[0].text.div Bundle.entry[1].resource.contained[1].text.div "
            "Bundle.entry[1].resource.text.div ");
  EXPECT_EQ(walks, 3U);
}

TEST(Forms, WhatTimeDoesNotSufficeForIsTold) {
  MemoryCanonicals canonicals;
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto document = Document::Parse(R"({"resourceType":"Patient","identifier":[{"system":"local"}]})");
  ASSERT_TRUE(document.ok());
  const auto told = [&](int64_t deadline_us) {
    FullOptions options;
    options.deadline_us = deadline_us;
    std::string texts;
    for (const Issue& issue : ValidateFully(*Definitions::R4(), profiles, document->Root(), options))
      texts += issue.text + "\n";
    return texts;
  };
  EXPECT_EQ(told(0).find("the time of this request"), std::string::npos) << told(0);
  EXPECT_NE(told(0).find("absolute URI"), std::string::npos);
  EXPECT_EQ(told(1), "the time of this request was over before all of it was checked\n");
}

TEST(Forms, MoreThanIsToldIsTold) {
  MemoryCanonicals canonicals;
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto told = [&](size_t count) {
    std::string identifiers;
    for (size_t i = 0; i < count; ++i)
      identifiers += std::string(i == 0 ? "" : ",") + R"({"system":"local"})";
    const auto document = Document::Parse(R"({"resourceType":"Patient","identifier":[)" + identifiers + "]}");
    EXPECT_TRUE(document.ok());
    return ValidateFully(*Definitions::R4(), profiles, document->Root(), {});
  };
  EXPECT_EQ(told(kIssuesTold).size(), kIssuesTold);
  EXPECT_EQ(told(kIssuesTold).back().severity, Severity::kError);
  const auto cut = told(kIssuesTold + 1);
  ASSERT_EQ(cut.size(), kIssuesTold + 1);
  EXPECT_EQ(cut.back().severity, Severity::kInformation);
  EXPECT_EQ(cut.back().text, "more was found than these 100 issues: mend them and ask again");
}

TEST(Forms, ErrorsBehindManyWarningsAreTold) {
  MemoryCanonicals canonicals;
  Profiles profiles(*Definitions::R4(), canonicals);
  std::string bundle = R"({"resourceType":"Bundle","type":"collection","entry":[)";
  for (int i = 0; i < 150; ++i)
    bundle +=
        R"({"fullUrl":"urn:oid:1.2.)" + std::to_string(i) +
        R"(","resource":{"resourceType":"Patient","generalPractitioner":[{"reference":"urn:uuid:x"}]}},)";
  bundle += R"({"fullUrl":"urn:oid:1.3","resource":{"resourceType":"Patient","gender":"no",)"
            R"("identifier":[{"system":"local"}]}}]})";
  const auto document = Document::Parse(bundle);
  ASSERT_TRUE(document.ok());
  FullOptions options;
  options.base.warnings = true;
  std::string errors;
  for (const Issue& issue : ValidateFully(*Definitions::R4(), profiles, document->Root(), options))
    if (issue.severity == Severity::kError) errors += issue.path + " ";
  EXPECT_EQ(errors, "Bundle.entry[150].resource.gender Bundle.entry[150].resource.identifier[0].system ");
}

TEST(Forms, NothingThatALinkSaysIsTold) {
  const auto r4 = Definitions::R4();  // before parsing: what is parsed knows names only then
  const auto document = Document::Parse(
      R"({"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><a href='Zhang San 138: x'>x</a><img alt='' src='Zhang San 138: y'/></div>"}})");
  ASSERT_TRUE(document.ok());
  CheckTime time;
  const auto issues = FormProblems(*r4, nullptr, document->Root(), 100, time);
  EXPECT_EQ(issues.size(), 2U);
  for (const Issue& issue : issues)
    EXPECT_EQ(ToLower(issue.text).find("zhang"), std::string::npos) << issue.text;
}

TEST(Forms, OfficialDefinitionsAreWhatTheyAreNamedFor) {
  EXPECT_EQ(
      Told(
          R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://hl7.org/fhir/ValueSet/marital-status"})"),
      "QuestionnaireResponse.questionnaire ");
  const auto parameter = [](std::string_view type) {
    return R"({"resourceType":"SearchParameter","derivedFrom":"http://hl7.org/fhir/SearchParameter/Organization-name","type":")" +
           std::string(type) + "\"}";
  };
  EXPECT_EQ(Told(parameter("string")), "");
  EXPECT_EQ(Told(parameter("token")), "SearchParameter.type ");
  EXPECT_EQ(Told(R"({"resourceType":"CapabilityStatement","rest":[{"resource":[{"searchParam":[
    {"name":"name","definition":"http://hl7.org/fhir/SearchParameter/Organization-name","type":"string"},
    {"name":"name","definition":"http://hl7.org/fhir/SearchParameter/Organization-name","type":"date"}]}]}]})"),
            "CapabilityStatement.rest[0].resource[0].searchParam[1] ");
}

}  // namespace
}  // namespace tk::fhir
