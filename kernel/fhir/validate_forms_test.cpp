// Each form that $validate looks at, right and wrong.
#include "kernel/fhir/validate_forms.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

/// Paths of the problems, each followed by a space.
std::string Told(std::string_view json) {
  const auto r4 = Definitions::R4();
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  std::string paths;
  for (const Issue& issue : FormProblems(*r4, document->Root(), 100)) paths += issue.path + " ";
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

TEST(Forms, FullUrlsAgreeWithTheirResources) {
  const auto bundle = [](std::string_view type, std::string_view url, std::string_view id) {
    return R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[{"fullUrl":")" +
           std::string(url) + R"(","resource":{"resourceType":"Patient")" +
           (id.empty() ? "" : R"(,"id":")" + std::string(id) + "\"") + "}}]}";
  };
  EXPECT_EQ(Told(bundle("collection", "http://x/fhir/Patient/1", "1")), "");
  EXPECT_EQ(Told(bundle("collection", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "1")), "");
  EXPECT_EQ(Told(bundle("collection", "http://x/documents/1", "2")), "");  // not a RESTful address
  EXPECT_EQ(Told(bundle("collection", "http://x/fhir/Patient/2", "1")), "Bundle.entry[0].fullUrl ");
  EXPECT_EQ(Told(bundle("collection", "http://x/fhir/Person/1", "1")), "Bundle.entry[0].fullUrl ");
  EXPECT_EQ(Told(bundle("collection", "Patient/1", "1")), "Bundle.entry[0].fullUrl ");
  EXPECT_EQ(Told(bundle("collection", "http://x/fhir/Patient/1", "")), "");
  EXPECT_EQ(Told(bundle("searchset", "http://x/fhir/Patient/1", "")), "Bundle.entry[0].resource ");
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
