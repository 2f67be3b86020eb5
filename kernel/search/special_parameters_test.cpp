// _id and _lastUpdated, which no entries tell: their modifiers and prefixes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

size_t Count(const House& house, const std::string& text) {
  const auto page = house.Ask("Patient", text);
  EXPECT_TRUE(page.ok()) << text << ": " << page.error().ToString();
  const auto total = house.Ask("Patient", text + "&_summary=count");
  EXPECT_TRUE(total.ok() && page.ok() && total->total == page->ordinals.size()) << text;
  return page.ok() ? page->ordinals.size() : 999;
}

TEST(SpecialParameters, HaveTheModifiersThatAreListed) {
  House house;
  for (const char* id : {"a", "b", "c", "d"})
    house.Put(fmt::format(R"({{"resourceType":"Patient","id":"{}","gender":"male"}})", id));
  house.Delete("Patient", "d");
  EXPECT_EQ(Count(house, "_id:not=a"), 2u);
  EXPECT_EQ(Count(house, "_id:not=a,b"), 1u);
  EXPECT_EQ(Count(house, "gender=male&_id:not=a,nobody"), 2u);
  EXPECT_EQ(Count(house, "_id=a,b&_id:not=b"), 1u);
  EXPECT_EQ(Count(house, "_id:missing=true"), 0u);
  EXPECT_EQ(Count(house, "_id:missing=false"), 3u);
  EXPECT_EQ(Count(house, "gender=male&_id:missing=true"), 0u);
  EXPECT_EQ(Count(house, "gender=male&_lastUpdated:missing=false"), 3u);
  EXPECT_EQ(Count(house, "_lastUpdated:missing=true"), 0u);
  EXPECT_EQ(Count(house, "link:Patient._id:not=a"), 0u);
  EXPECT_EQ(house.Ask("Patient", "_id:text=a").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(house.Ask("Patient", "_lastUpdated:not=2020").error().code, ErrorCode::kUnsupported);
}

TEST(SpecialParameters, ApproximatelyWrittenThen) {
  House house;  // its first entries are of 2020-01-01, now is 2020-09-13
  house.Put(R"({"resourceType":"Patient","id":"a"})");
  EXPECT_EQ(Count(house, "_lastUpdated=ap2020-01-05"), 1u);
  EXPECT_EQ(Count(house, "_lastUpdated=ap2020-06-05"), 0u);
}

// What an extension says is what its value says.
TEST(SpecialParameters, OnExtensionsAreSearchedByTheirValues) {
  House house;
  const auto put = [&](const std::string& type, const std::string& url, const std::string& value) {
    return house.Put(
        fmt::format(R"({{"resourceType":"{}","id":"x","extension":[{{"url":"{}",{}}}]}})", type, url, value));
  };
  const std::string base = "http://hl7.org/fhir/StructureDefinition/";
  const auto patient = put("Patient", base + "patient-mothersMaidenName", R"("valueString":"Everywoman")");
  const auto device = put("Device", "http://hl7.org/fhir/SearchParameter/device-extensions-Device-din",
                          R"("valueIdentifier":{"system":"s","value":"A1"})");
  const auto report = put("DiagnosticReport", base + "DiagnosticReport-geneticsAssessedCondition",
                          R"("valueReference":{"reference":"Condition/c"})");
  const auto gene =
      put("Observation", base + "observation-geneticsGene",
          R"("valueCodeableConcept":{"coding":[{"system":"http://www.genenames.org","code":"3236"}]})");
  const auto found = [&](const std::string& type, const std::string& text) {
    const auto page = house.Ask(type, text);
    EXPECT_TRUE(page.ok()) << text << ": " << page.error().ToString();
    return page.ok() ? page->ordinals : std::vector<view::Ordinal>();
  };
  EXPECT_EQ(found("Patient", "mothersMaidenName=every"), std::vector{patient});
  EXPECT_EQ(found("Patient", "mothersMaidenName:exact=every"), std::vector<view::Ordinal>());
  EXPECT_EQ(found("Patient", "mothersMaidenName:missing=false"), std::vector{patient});
  EXPECT_EQ(found("Device", "din=s|A1"), std::vector{device});
  EXPECT_EQ(found("DiagnosticReport", "assessed-condition=Condition/c"), std::vector{report});
  EXPECT_EQ(found("Observation", "gene-identifier=http://www.genenames.org|3236"), std::vector{gene});
  const auto changed = put("Observation", base + "observation-geneticsVariant",
                           R"("valueCodeableConcept":{"text":"Variant one"})");
  EXPECT_EQ(found("Observation", "dna-variant=variant"), std::vector{changed});
  EXPECT_EQ(found("Observation", "gene-dnavariant:contains=one"), std::vector{changed});
  EXPECT_EQ(found("Observation", "amino-acid-change:missing=true"), std::vector{changed});
  const auto answers = house.Put(
      R"({"resourceType":"QuestionnaireResponse","id":"q","status":"completed","item":[{"linkId":"1",)"
      R"("extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject","valueBoolean":true}],)"
      R"("answer":[{"valueReference":{"reference":"Patient/x"}}]},)"
      R"({"linkId":"2","answer":[{"valueReference":{"reference":"Patient/y"}}]}]})");
  EXPECT_EQ(found("QuestionnaireResponse", "item-subject=Patient/x"), std::vector{answers});
  EXPECT_EQ(found("QuestionnaireResponse", "item-subject=Patient/y"), std::vector<view::Ordinal>());
}

TEST(SpecialParameters, AWriterIsToldOfChangesToAnybodyElse) {
  House house;
  ASSERT_NE(house.Put(R"({"resourceType":"Patient","id":"a"})"), 0u);
  const auto query = ParseQuery(*house.definitions, house.definitions->FindType("Patient"), "_id:not=a", {});
  ASSERT_TRUE(query.ok());
  view::Change change;
  change.now = house.current.at("Patient/a");
  const auto prepared = house.index->Prepare(change);
  ASSERT_TRUE(prepared.ok());
  EXPECT_TRUE(house.index->MayAffect(**prepared, query->type, *query));
}

}  // namespace
}  // namespace tk::search
