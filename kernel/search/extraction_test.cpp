#include "kernel/search/extraction.h"

#include <gtest/gtest.h>

namespace tk::search {
namespace {

/// The first extraction that answers it.
uint64_t Since(const std::string& type, const std::string& text,
               const std::shared_ptr<const fhir::Definitions>& definitions = fhir::Definitions::R4()) {
  const auto query = ParseQuery(*definitions, definitions->FindType(type), text, {});
  EXPECT_TRUE(query.ok()) << text << ": " << query.error().ToString();
  for (uint64_t extraction = 0; query.ok() && extraction <= kExtractionVersion; ++extraction) {
    const Status status = CheckExtraction(*definitions, extraction, *query);
    if (status.ok()) return extraction;
    EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  }
  return ~uint64_t{0};
}

TEST(Extraction, QuestionsWaitForTheirEntries) {
  EXPECT_EQ(Since("Patient", ""), 0u);
  EXPECT_EQ(Since("Patient", "identifier=a|b&gender=male&name=x&birthdate=ge1970&_id=1&_sort=-birthdate"),
            0u);
  EXPECT_EQ(Since("Patient", "identifier=|b,b"), 0u);
  EXPECT_EQ(Since("Patient", "identifier=http://s|"), 2u);
  EXPECT_EQ(Since("Patient", "identifier:not=http://s|"), 2u);
  EXPECT_EQ(Since("Patient", "identifier=b,http://s|"), 2u);
  EXPECT_EQ(Since("Patient", "phone=19900000001"), 0u);
  EXPECT_EQ(Since("Patient", "email=a@x.org"), 13u);
  EXPECT_EQ(Since("Patient", "email:not=a@x.org"), 13u);
  EXPECT_EQ(Since("Patient", "telecom=19900000001,a@x.org"), 13u);
  EXPECT_EQ(Since("Observation", "subject=Patient/1"), 0u);
  EXPECT_EQ(Since("Observation", "subject=1"), 0u);
  EXPECT_EQ(Since("QuestionnaireResponse", "questionnaire=http://x.org/Q"), 10u);
  EXPECT_EQ(Since("Observation", "subject:identifier=http://s|7"), 3u);
  EXPECT_EQ(Since("Observation", "subject:missing=true"), 12u);
  EXPECT_EQ(Since("Observation", "patient:missing=true"), 14u);
  EXPECT_EQ(Since("Observation", "patient=Patient/1"), 0u);
  EXPECT_EQ(Since("Observation", "value-quantity=gt5|http://unitsofmeasure.org|mg"), 11u);
  EXPECT_EQ(Since("Observation", "value-quantity=5"), 11u);
  EXPECT_EQ(Since("ValueSet", "url=http://x.org/V"), 0u);
  EXPECT_EQ(Since("ValueSet", "url=http://x.org/V|1"), 11u);
  EXPECT_EQ(Since("Observation", "value-quantity:missing=true"), 9u);
  EXPECT_EQ(Since("Observation", "_sort=value-quantity"), 9u);
  EXPECT_EQ(Since("RiskAssessment", "_sort=probability"), 9u);
  EXPECT_EQ(Since("Observation", "code-value-quantity=a|b$5"), 11u);
  EXPECT_EQ(Since("Patient", "name:exact=x"), 0u);
  EXPECT_EQ(Since("Patient", "name:contains=x"), 8u);
  EXPECT_EQ(Since("Observation", "code:missing=true"), 8u);
  EXPECT_EQ(Since("Location", "near=1.0|2.0|5|km"), 3u);
}

// A stored parameter is not new to an index that knew it, but what an extension itself says is.
TEST(Extraction, ParametersOfExtensionsWaitToo) {
  const auto parameter = [](std::string_view code, std::string_view type, std::string_view more) {
    return R"({"resourceType":"SearchParameter","id":")" + std::string(code) + R"(","url":"http://own/)" +
           std::string(code) + R"(","name":"X","status":"active","code":")" + std::string(code) +
           R"(","base":["Patient"],"type":")" + std::string(type) +
           R"j(","expression":"Patient.extension('http://own/x')")j" + std::string(more) + "}";
  };
  const auto own = fhir::Definitions::Extend(
      fhir::Definitions::R4(),
      {parameter("colour", "token", ""), parameter("helper", "reference", R"(,"target":["Practitioner"])")});
  ASSERT_TRUE(own.ok()) << own.error().ToString();
  EXPECT_EQ(Since("Patient", "gender=male", *own), 0u);
  EXPECT_EQ(Since("Patient", "colour=red", *own), 13u);
  EXPECT_EQ(Since("Patient", "colour:missing=true", *own), 9u);
  EXPECT_EQ(Since("Patient", "_sort=colour", *own), 9u);
  EXPECT_EQ(Since("Patient", "helper.identifier=a|b", *own), 12u);
  EXPECT_EQ(Since("Practitioner", "_has:Patient:helper:gender=male", *own), 9u);
  EXPECT_EQ(Since("Patient", "_include=Patient:helper", *own), 9u);
  EXPECT_EQ(Since("Patient", "_include=*", *own), 9u);
  EXPECT_EQ(Since("Patient", "_include=*"), 0u);
  EXPECT_EQ(Since("Practitioner", "_revinclude=Patient:helper", *own), 9u);
  EXPECT_EQ(Since("Practitioner", "_revinclude=*", *own), 9u);
  EXPECT_EQ(Since("Practitioner", "_revinclude=*"), 0u);
  EXPECT_EQ(Since("DiagnosticReport", "assessed-condition=Condition/1"), 9u);
}

TEST(Extraction, ParametersThatKeepATypeOfSeveralWait) {
  const auto own = fhir::Definitions::Extend(
      fhir::Definitions::R4(),
      {R"({"resourceType":"SearchParameter","id":"v","url":"http://own/v","name":"X","status":"active","code":"v",)"
       R"j("base":["Observation"],"type":"quantity","expression":"Observation.component.value.as(Quantity)"})j"});
  ASSERT_TRUE(own.ok()) << own.error().ToString();
  EXPECT_EQ(Since("Observation", "v=5", *own), 15u);
  EXPECT_EQ(Since("Observation", "v:missing=true", *own), 15u);
  EXPECT_EQ(Since("Observation", "_sort=v", *own), 15u);
  EXPECT_EQ(Since("Condition", "onset-date=2020", *own), 0u);
}

TEST(Extraction, ChainsAreAskedToTheirEnd) {
  EXPECT_EQ(Since("Observation", "subject:Patient.identifier=a|b"), 12u);
  EXPECT_EQ(Since("Patient", "_has:Observation:patient:status=final"), 0u);
  EXPECT_EQ(Since("Patient", "_has:Observation:patient:encounter.status=planned"), 12u);
  EXPECT_EQ(Since("Patient", "_has:Observation:patient:value-quantity=5"), 11u);
  EXPECT_EQ(Since("QuestionnaireResponse", "questionnaire.status=active"), 14u);
  EXPECT_EQ(Since("Questionnaire", "_has:QuestionnaireResponse:questionnaire:status=completed"), 14u);
  EXPECT_EQ(Since("QuestionnaireResponse", "_include=QuestionnaireResponse:questionnaire"), 14u);
  EXPECT_EQ(Since("QuestionnaireResponse", "_include=QuestionnaireResponse:patient"), 0u);
  EXPECT_EQ(Since("Questionnaire", "_revinclude=*"), 14u);
  EXPECT_EQ(Since("Observation", "_include=*&_revinclude=*"), 0u);
  EXPECT_EQ(Since("Bundle", "composition=1"), 12u);
  EXPECT_EQ(Since("Bundle", "_sort=message"), 12u);
  EXPECT_EQ(Since("Bundle", "type=message"), 0u);
}

}  // namespace
}  // namespace tk::search
