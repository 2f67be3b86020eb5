#include "kernel/fhir/validate.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

std::vector<Issue> Check(std::string_view json, const Definitions& definitions = *Definitions::R4(),
                         const ValidateOptions& options = {}) {
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json << (document.ok() ? "" : document.error().ToString());
  return document.ok() ? Validate(definitions, document->Root(), options) : std::vector<Issue>{};
}

std::string Print(const std::vector<Issue>& issues) {
  std::string text;
  for (const Issue& issue : issues)
    text += "[" + std::string(issue.type) + "] " + issue.path + ": " + issue.text + "\n";
  return text;
}

TEST(Validate, AGoodPatientHasNoIssues) {
  const auto issues = Check(R"({"resourceType":"Patient","id":"p-1","meta":{"versionId":"1"},
    "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x &amp; y<br/></p></div>"},
    "contained":[{"resourceType":"Organization","id":"o","name":"x"}],
    "identifier":[{"system":"urn:oid:1.2","value":"1"}],"active":true,
    "name":[{"use":"official","family":"张","given":["三"]}],"gender":"female","birthDate":"1990-02-28",
    "_birthDate":{"extension":[{"url":"http://example.org/t","valueDateTime":"1990-02-28T14:35:45-05:00"}]},
    "deceasedBoolean":false,"multipleBirthInteger":2,"managingOrganization":{"reference":"#o"},
    "generalPractitioner":[{"reference":"Practitioner/a.b-1/_history/2"},{"reference":"http://x.org/fhir/Organization/1"},
                           {"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},{"display":"x"}]})");
  EXPECT_EQ(Print(issues), "");
}

TEST(Validate, AResourceMayBeOnlyItsType) { EXPECT_EQ(Print(Check(R"({"resourceType":"Patient"})")), ""); }

TEST(Validate, GapsInArraysOfPrimitives) {
  const std::string good = R"({"resourceType":"Patient","name":[{"given":["a",null,"c"],
    "_given":[null,{"extension":[{"url":"http://x.org/a","valueCode":"unknown"}]},null]}]})";
  EXPECT_EQ(Print(Check(good)), "");
  const std::string only_sibling =
      R"({"resourceType":"Patient","name":[{"_given":[{"extension":[{"url":"http://x.org/a","valueCode":"unknown"}]}]}]})";
  EXPECT_EQ(Print(Check(only_sibling)), "");
  const std::string required =
      R"({"resourceType":"Observation","code":{"text":"x"},"_status":{"extension":[{"url":"http://x.org/a","valueCode":"unknown"}]}})";
  EXPECT_EQ(Print(Check(required)), "");
}

struct Bad {
  const char* members;  // of a Patient, unless it starts with {
  const char* path;
  const char* type;
  const char* says;
};

class Refuses : public testing::TestWithParam<Bad> {};

TEST_P(Refuses, WithPathAndReason) {
  const Bad& bad = GetParam();
  const std::string json =
      bad.members[0] == '{' ? bad.members : R"({"resourceType":"Patient",)" + std::string(bad.members) + "}";
  const auto issues = Check(json);
  ASSERT_EQ(issues.size(), 1U) << json << "\n" << Print(issues);
  EXPECT_EQ(issues[0].path, bad.path);
  EXPECT_EQ(issues[0].type, bad.type);
  EXPECT_NE(issues[0].text.find(bad.says), std::string::npos) << issues[0].text;
  EXPECT_EQ(issues[0].severity, Severity::kError);
}

INSTANTIATE_TEST_SUITE_P(
    Structure, Refuses,
    testing::Values(
        Bad{"\"favouriteColour\":\"red\"", "Patient.favouriteColour", "structure", "not known"},
        Bad{"\"name\":[{\"familie\":\"x\"}]", "Patient.name[0].familie", "structure", "not known"},
        Bad{"\"name\":[{},{\"family\":\"x\"}]", "Patient.name[0]", "structure", "must not be empty"},
        Bad{"\"name\":[{\"resourceType\":\"HumanName\"}]", "Patient.name[0].resourceType", "structure",
            "not known"},
        Bad{"\"_name\":[{\"id\":\"a\"}]", "Patient._name", "structure", "not known"},
        Bad{"\"fhir_comments\":[\"x\"]", "Patient.fhir_comments", "structure", "not known"},
        Bad{"\"birthDate\":19900101", "Patient.birthDate", "structure", "JSON string (date)"},
        Bad{"\"active\":\"true\"", "Patient.active", "structure", "JSON boolean"},
        Bad{"\"multipleBirthInteger\":\"2\"", "Patient.multipleBirth", "structure", "JSON number (integer)"},
        Bad{"\"birthDate\":null", "Patient.birthDate", "structure", "JSON string"},
        Bad{"\"name\":{\"family\":\"x\"}", "Patient.name", "structure", "must be a JSON array"},
        Bad{"\"gender\":[\"male\"]", "Patient.gender", "structure", "must not be a JSON array"},
        Bad{"\"maritalStatus\":\"M\"", "Patient.maritalStatus", "structure",
            "must be an object (CodeableConcept)"},
        Bad{"\"name\":[\"x\"]", "Patient.name[0]", "structure", "must be an object"},
        Bad{"\"name\":[null]", "Patient.name[0]", "structure", "must be an object"},
        Bad{"\"name\":[]", "Patient.name", "structure", "must not be empty"},
        Bad{"\"name\":[{\"given\":[\"a\",null]}]", "Patient.name[0].given[1]", "structure", "null"},
        Bad{"\"name\":[{\"given\":[\"a\"],\"_given\":[null,null]}]", "Patient.name[0].given[1]", "structure",
            "null"},
        Bad{"\"name\":[{\"given\":[\"a\"],\"_given\":{\"id\":\"x\"}}]", "Patient.name[0].given", "structure",
            "JSON array"},
        Bad{"\"birthDate\":\"1990\",\"_birthDate\":[{\"id\":\"x\"}]", "Patient.birthDate", "structure",
            "must be an object"},
        Bad{"\"birthDate\":\"1990\",\"_birthDate\":{}", "Patient.birthDate", "structure",
            "must not be empty"},
        Bad{"\"birthDate\":\"1990\",\"_birthDate\":{\"value\":\"x\"}", "Patient.birthDate.value", "structure",
            "not known"},
        Bad{"\"deceasedBoolean\":true,\"deceasedDateTime\":\"2020\"", "Patient.deceased", "structure",
            "at most one"},
        Bad{"\"deceasedBoolean\":true,\"_deceasedDateTime\":{\"extension\":[{\"url\":\"http://x.org/"
            "a\",\"valueCode\":\"b\"}]}",
            "Patient.deceased", "structure", "at most one"},
        Bad{"\"deceasedString\":\"x\"", "Patient.deceasedString", "structure", "not known"},
        Bad{"\"deceased\":true", "Patient.deceased", "structure", "not known"}));

INSTANTIATE_TEST_SUITE_P(Cardinality, Refuses,
                         testing::Values(Bad{"{\"resourceType\":\"Observation\",\"status\":\"final\"}",
                                             "Observation.code", "required", "missing"},
                                         Bad{"{\"resourceType\":\"Observation\",\"code\":{\"text\":\"x\"}}",
                                             "Observation.status", "required", "missing"},
                                         Bad{"\"communication\":[{\"preferred\":true}]",
                                             "Patient.communication[0].language", "required", "missing"},
                                         Bad{"{\"resourceType\":\"MedicationRequest\",\"status\":\"active\","
                                             "\"intent\":\"order\",\"subject\":{\"display\":\"x\"}}",
                                             "MedicationRequest.medication", "required", "missing"},
                                         Bad{"\"extension\":[{\"valueString\":\"x\"}]",
                                             "Patient.extension[0].url", "required", "missing"}));

INSTANTIATE_TEST_SUITE_P(
    Values, Refuses,
    testing::Values(
        Bad{"\"birthDate\":\"1990-13-01\"", "Patient.birthDate", "value", "YYYY-MM-DD"},
        Bad{"\"birthDate\":\"2023-02-29\"", "Patient.birthDate", "value", "exists"},
        Bad{"\"birthDate\":\"\"", "Patient.birthDate", "value", "empty"},
        Bad{"\"deceasedDateTime\":\"2020-01-01T10:00:00\"", "Patient.deceased", "value", "hh:mm"},
        Bad{"\"id\":\"a b\"", "Patient.id", "value", "1 to 64"},
        Bad{"\"name\":[{\"family\":\"a\\u0001\"}]", "Patient.name[0].family", "value", "control"},
        Bad{"\"multipleBirthInteger\":2.0", "Patient.multipleBirth", "value", "integer"},
        Bad{"\"multipleBirthInteger\":3000000000", "Patient.multipleBirth", "value", "integer"},
        Bad{"\"photo\":[{\"size\":-1}]", "Patient.photo[0].size", "value", "unsignedInt"},
        Bad{"\"photo\":[{\"contentType\":\"image/png\",\"data\":\"abc\"}]", "Patient.photo[0].data", "value",
            "base64"},
        Bad{"\"implicitRules\":\"a b\"", "Patient.implicitRules", "value", "URI"},
        Bad{"\"gender\":\"Male\"", "Patient.gender", "code-invalid", "female, male, other, unknown"},
        Bad{"\"gender\":\" male\"", "Patient.gender", "value", "code"},
        Bad{"\"language\":\"zh_CN\"", "Patient.language", "code-invalid", "all-languages"},
        Bad{"\"photo\":[{\"contentType\":\"png\"}]", "Patient.photo[0].contentType", "code-invalid",
            "mimetypes"},
        Bad{R"({"resourceType":"Invoice","status":"draft","totalNet":{"value":1,"currency":"ABC"}})",
            "Invoice.totalNet.currency", "code-invalid", "currencies"},
        Bad{"{\"resourceType\":\"Condition\",\"subject\":{\"display\":\"x\"},\"clinicalStatus\":{\"coding\":["
            "{\"system\":"
            "\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":\"bad\"}]}}",
            "Condition.clinicalStatus", "code-invalid", "active"},
        Bad{"{\"resourceType\":\"Condition\",\"subject\":{\"display\":\"x\"},\"clinicalStatus\":{\"text\":"
            "\"x\"}}",
            "Condition.clinicalStatus", "code-invalid", "condition-clinical"},
        Bad{"\"text\":{\"status\":\"generated\",\"div\":\"<div>x</div>\"}", "Patient.text.div", "invariant",
            "xmlns"},
        Bad{"\"extension\":[{\"url\":\"http://x.org/a\"}]", "Patient.extension[0]", "invariant", "ext-1"},
        Bad{"\"extension\":[{\"url\":\"http://x.org/"
            "a\",\"valueString\":\"x\",\"extension\":[{\"url\":\"b\",\"valueString\":\"x\"}]}]",
            "Patient.extension[0]", "invariant", "ext-1"}));

INSTANTIATE_TEST_SUITE_P(
    References, Refuses,
    testing::Values(
        Bad{"\"managingOrganization\":{\"reference\":\"Patient/1\"}",
            "Patient.managingOrganization.reference", "structure",
            "refers to a Patient; permitted here: Organization"},
        Bad{"\"managingOrganization\":{\"reference\":\"http://x.org/Patient/1\"}",
            "Patient.managingOrganization.reference", "structure", "Patient"},
        Bad{"\"managingOrganization\":{\"type\":\"Patient\",\"display\":\"x\"}",
            "Patient.managingOrganization.type", "structure", "Patient"},
        Bad{"\"managingOrganization\":{\"reference\":\"Organisation/1\"}",
            "Patient.managingOrganization.reference", "value", "not a resource type"},
        Bad{"\"managingOrganization\":{\"reference\":\"Organization/1/2\"}",
            "Patient.managingOrganization.reference", "value", "not a reference"},
        Bad{"\"managingOrganization\":{\"reference\":\"Organization?name=x\"}",
            "Patient.managingOrganization.reference", "value", "not a reference"},
        Bad{"\"managingOrganization\":{\"reference\":\"Organization\"}",
            "Patient.managingOrganization.reference", "value", "not a reference"},
        Bad{"\"managingOrganization\":{\"reference\":\"#nobody\"}", "Patient.managingOrganization.reference",
            "invariant", "ref-1"},
        Bad{"\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"p\"}],\"managingOrganization\":{"
            "\"reference\":\"#p\"}",
            "Patient.managingOrganization.reference", "structure", "permitted here"},
        Bad{"\"generalPractitioner\":[{\"reference\":\"Practitioner/1\",\"type\":\"Organization\"}]",
            "Patient.generalPractitioner[0].type", "value", "not the type"},
        Bad{"\"contained\":[{\"resourceType\":\"Person\",\"birthDate\":\"x\"}]",
            "Patient.contained[0].birthDate", "value", "date"},
        Bad{"\"contained\":[{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Patient\"}]}]",
            "Patient.contained[0]", "invariant", "dom-2"},
        Bad{"\"generalPractitioner\":[{\"reference\":\"#a\"}],\"contained\":[{\"resourceType\":"
            "\"Practitioner\",\"id\":\"a\"},"
            "{\"resourceType\":\"Organization\",\"id\":\"a\",\"name\":\"x\"}]",
            "Patient.contained[1]", "duplicate", "id of another"},
        Bad{"\"contained\":[{\"resourceType\":\"HumanName\"}]", "Patient.contained[0]", "not-supported",
            "resourceType"},
        Bad{"\"contained\":[{\"active\":true}]", "Patient.contained[0]", "structure", "resourceType"}));

INSTANTIATE_TEST_SUITE_P(
    Bundles, Refuses,
    testing::Values(Bad{"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
                        "\"resourceType\":\"Patient\",\"x\":1}}]}",
                        "Bundle.entry[0].resource.x", "structure", "not known"},
                    Bad{"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
                        "\"resourceType\":\"Patient\","
                        "\"managingOrganization\":{\"reference\":\"Patient?name=x\"}}}]}",
                        "Bundle.entry[0].resource.managingOrganization.reference", "structure", "Patient"},
                    Bad{"{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"a\",\"part\":[{"
                        "\"valueInteger\":1}]}]}",
                        "Parameters.parameter[0].part[0].name", "required", "missing"},
                    Bad{"{\"resourceType\":\"DomainResource\"}", "", "not-supported", "resourceType"},
                    Bad{"{\"resourceType\":5}", "", "structure", "resourceType"},
                    Bad{"{\"a\":5}", "", "structure", "resourceType"}));

TEST(Validate, TypesOfElementsKeepToTheirProfiles) {
  const auto told = [](std::string_view members) {
    return Print(Check(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)" +
                       std::string(members) + "}"));
  };
  const std::string simple = "sqty-1: The comparator is not used on a SimpleQuantity";
  EXPECT_EQ(told(R"("valueQuantity":{"value":1,"comparator":"<"})"), "");
  EXPECT_EQ(told(R"("referenceRange":[{"low":{"value":1}}])"), "");
  EXPECT_NE(told(R"("referenceRange":[{"low":{"value":1,"comparator":"<"}}])")
                .find("referenceRange[0].low: " + simple),
            std::string::npos);
  EXPECT_NE(told(R"("valueRange":{"low":{"value":1,"comparator":"<"}})").find("value.low: " + simple),
            std::string::npos);
  EXPECT_NE(told(R"("valueSampledData":{"origin":{"value":1,"comparator":"<"},"period":1,"dimensions":1})")
                .find(simple),
            std::string::npos);
  const auto dose = [](std::string_view rate) {
    return Print(Check(
        R"({"resourceType":"MedicationStatement","status":"active","subject":{"display":"x"},"medicationCodeableConcept":{"text":"x"},"dosage":[{"doseAndRate":[{)" +
        std::string(rate) + "}]}]}"));
  };
  EXPECT_NE(dose(R"("rateQuantity":{"value":1,"comparator":"<"})").find(simple), std::string::npos);
  EXPECT_EQ(dose(R"("rateRatio":{"numerator":{"value":1,"comparator":"<"},"denominator":{"value":2}})"), "");
}

TEST(Validate, ConditionalReferencesInABundle) {
  EXPECT_EQ(
      Print(Check(
          R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient",
    "managingOrganization":{"reference":"Organization?identifier=x|1"}},"request":{"method":"POST","url":"Patient"}}]})")),
      "");
}

TEST(Validate, ContainedResourcesMayPointToOneAnotherAndToTheContainer) {
  EXPECT_EQ(Print(Check(R"({"resourceType":"Patient","contained":[
    {"resourceType":"Organization","id":"a","name":"A","partOf":{"reference":"#b"}},
    {"resourceType":"Organization","id":"b","name":"B","endpoint":[{"display":"x"}],"partOf":{"reference":"#a"}},
    {"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#"}}]})")),
            "");
}

TEST(Validate, WhatANarrativeShowsIsContainedForIt) {
  const auto told = [](std::string_view narrative) {
    return Print(Check(
        R"({"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)" +
        std::string(narrative) +
        R"(</div>"},"contained":[{"resourceType":"Binary","id":"im","contentType":"image/png"}]})"));
  };
  EXPECT_EQ(told(R"(<img src=\"#im\" alt=\"x\"/>)"), "");
  EXPECT_EQ(told(R"(<a href='#im'>x</a>)"), "");
  EXPECT_NE(told(R"(<img src=\"#other\" alt=\"x\"/>)").find("dom-3"), std::string::npos);
  EXPECT_NE(told("#im").find("dom-3"), std::string::npos);
}

TEST(Validate, ContainedHaveIdsAndArraysBesideOneAnotherTheirLength) {
  ValidateOptions options;
  options.warnings = true;
  const auto told = [&](std::string_view members) {
    std::string text;
    for (const Issue& issue :
         Check(R"({"resourceType":"Patient",)" + std::string(members) + "}", *Definitions::R4(), options))
      if (issue.severity == Severity::kError) text += issue.path + ": " + issue.text + "\n";
    return text;
  };
  const std::string back =
      R"("resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#"}}])";
  EXPECT_EQ(told(R"("contained":[{"id":"a",)" + back), "");
  EXPECT_EQ(told(R"("contained":[{)" + back),
            "Patient.contained[0]: has no id that a reference could name\n");
  const std::string extension = R"({"extension":[{"url":"http://x.org/a","valueCode":"b"}]})";
  EXPECT_EQ(told(R"("name":[{"given":["a",null],"_given":[null,)" + extension + "]}]"), "");
  EXPECT_EQ(told(R"("name":[{"_given":[null,)" + extension + "]}]").find("longer"), std::string::npos);
  EXPECT_EQ(told(R"("name":[{"given":["a"],"_given":[null,)" + extension + "]}]"),
            "Patient.name[0].given: _given is longer than given: both are filled up with null\n");
}

TEST(Validate, TheTypeOfTheUrlMustAgree) {
  const auto r4 = Definitions::R4();
  ValidateOptions options;
  options.expected = r4->FindType("Observation");
  const auto issues = Check(R"({"resourceType":"Patient"})", *r4, options);
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].text, "must be a Observation, not a Patient");
}

TEST(Validate, FindsAllAndStopsAtTheLimit) {
  const auto r4 = Definitions::R4();
  EXPECT_EQ(Check(R"({"resourceType":"Patient","a":1,"gender":"x","birthDate":"x","name":{}})").size(), 4U);
  std::string many = R"({"resourceType":"Patient","name":[)";
  for (int i = 0; i < 500; ++i) many += "{\"x\":1},";
  many += "{}]}";
  EXPECT_EQ(Check(many).size(), 100U);
  ValidateOptions options;
  options.issues_max = 7;
  EXPECT_EQ(Check(many, *r4, options).size(), 7U);
  const auto document = Document::Parse(many);
  const Status status = CheckValid(*r4, document->Root(), options);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
  ASSERT_EQ(status.error().issues.size(), 8U);  // and that there are more
  EXPECT_EQ(status.error().issues[6].severity, Severity::kError);
  EXPECT_EQ(status.error().issues[7].severity, Severity::kInformation);
  EXPECT_NE(status.error().issues[7].text.find("more was found than these 7"), std::string::npos);
  options.issues_max = Check(many, *r4, {.issues_max = 1000}).size();
  EXPECT_EQ(CheckValid(*r4, document->Root(), options).error().issues.size(), options.issues_max);
}

TEST(Validate, WarningsTakeNoErrorsPlace) {
  std::string bundle = R"({"resourceType":"Bundle","type":"collection","entry":[)";
  for (int i = 0; i < 10; ++i)
    bundle +=
        R"({"fullUrl":"urn:oid:1.2.)" + std::to_string(i) + R"(","resource":{"resourceType":"Patient"}},)";
  bundle += R"({"fullUrl":"urn:oid:1.3","resource":{"resourceType":"Patient","gender":"no"}},)"
            R"({"fullUrl":"urn:oid:1.4","resource":{"resourceType":"Patient","telecom":[{"value":"1"}]}}]})";
  ValidateOptions options;
  options.warnings = true;
  options.issues_max = 3;
  std::string errors;
  size_t others = 0;
  for (const Issue& issue : Check(bundle, *Definitions::R4(), options)) {
    if (issue.severity == Severity::kError)
      errors += issue.path + " ";
    else
      ++others;
  }
  EXPECT_EQ(errors, "Bundle.entry[10].resource.gender Bundle.entry[11].resource.telecom[0] ");
  EXPECT_EQ(others, 3U);
}

TEST(Validate, TextsNameNoValues) {
  for (
      const Issue& issue : Check(
          R"({"resourceType":"Patient","gender":"secret","birthDate":"secret","name":[{"family":"se\u0001cret"}],
       "generalPractitioner":[{"reference":"secret"},{"reference":"Secret/secret"},{"type":"Secret"}],"maritalStatus":"secret",
       "text":{"status":"secret","div":"<div secret=\"secret\">"}})")) {
    EXPECT_EQ(issue.text.find("ecret"), std::string::npos) << issue.path << ": " << issue.text;
  }
}

TEST(Validate, APlatformTypeIsCheckedLikeAnyOther) {
  const char* const rota =
      R"({"resourceType":"StructureDefinition","url":"https://example.org/Rota","kind":"resource",
    "abstract":false,"type":"Rota","baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource",
    "derivation":"specialization","differential":{"element":[{"path":"Rota"},
      {"path":"Rota.state","min":1,"max":"1","type":[{"code":"code"}],
       "binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/days-of-week"}},
      {"path":"Rota.shift","min":0,"max":"2","type":[{"code":"BackboneElement"}]},
      {"path":"Rota.shift.at[x]","min":1,"max":"1","type":[{"code":"dateTime"},{"code":"Period"}]},
      {"path":"Rota.shift.who","min":0,"max":"1","type":[{"code":"Reference",
       "targetProfile":["http://hl7.org/fhir/StructureDefinition/Practitioner"]}]}]}})";
  const auto made = Definitions::Extend(Definitions::R4(), {rota});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const Definitions& d = **made;
  EXPECT_EQ(
      Print(Check(
          R"({"resourceType":"Rota","id":"1","language":"zh","state":"mon","shift":[{"atDateTime":"2020-01-01",
    "who":{"reference":"Practitioner/1"}}],"contained":[{"resourceType":"Rota","state":"tue"}]})",
          d)),
      "");
  const std::pair<const char*, const char*> bad[] = {
      {R"({"resourceType":"Rota"})", "Rota.state"},
      {R"({"resourceType":"Rota","state":"someday"})", "Rota.state"},
      {R"({"resourceType":"Rota","state":"mon","shift":[{"who":{"display":"x"}}]})", "Rota.shift[0].at"},
      {R"({"resourceType":"Rota","state":"mon","shift":[{"atDateTime":"x"}]})", "Rota.shift[0].at"},
      {R"({"resourceType":"Rota","state":"mon","shift":[{"atDateTime":"2020","who":{"reference":"Patient/1"}}]})",
       "Rota.shift[0].who.reference"},
      {R"({"resourceType":"Rota","state":"mon","shift":[{"atDateTime":"2020"},{"atDateTime":"2020"},{"atDateTime":"2020"}]})",
       "Rota.shift"},
      {R"({"resourceType":"Rota","state":"mon","stat":"x"})", "Rota.stat"}};
  for (const auto& [json, path] : bad) {
    const auto issues = Check(json, d);
    ASSERT_EQ(issues.size(), 1U) << json << Print(issues);
    EXPECT_EQ(issues[0].path, path);
  }
  EXPECT_EQ(Check(R"({"resourceType":"Rota","state":"mon"})").size(),
            1U);  // unknown to the official definitions alone
}

// What cannot be counted with breaks nothing; what can be is judged as ever.
TEST(Invariants, AreNotBrokenByNumbersBeyondTheirs) {
  const auto range = [](std::string_view low, std::string_view high) {
    return Check(
               R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueRange":{"low":{"value":)" +
               std::string(low) + R"(},"high":{"value":)" + std::string(high) + "}}}")
        .size();
  };
  EXPECT_EQ(range("1", "2"), 0U);
  EXPECT_EQ(range("2", "1"), 1U);
  EXPECT_EQ(range("1e40", "2e40"), 0U);
  EXPECT_EQ(range("1e-400", "2e-400"), 0U);
  EXPECT_EQ(range("1.00000000000000000000000000000000000001", "1.00000000000000000000000000000000000002"),
            0U);
}

}  // namespace
}  // namespace tk::fhir
