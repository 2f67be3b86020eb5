// Reports beside their Measures, and what enables the items of a questionnaire.
#include "kernel/fhir/validate_related.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

std::string CodeNamed(std::string_view code) {
  return R"("code":{"coding":[{"system":"http://x/c","code":")" + std::string(code) + R"("}]})";
}

/// Paths of the problems of a report of a Measure with these groups.
std::string ToldOfReport(std::string_view scoring, std::string_view groups, std::string_view reported,
                         std::string_view status = "complete") {
  MemoryCanonicals canonicals;
  auto measure =
      Document::Parse(R"({"resourceType":"Measure","url":"http://x/m","scoring":{"coding":[{"code":")" +
                      std::string(scoring) + R"("}]},"group":[)" + std::string(groups) + "]}");
  canonicals.Add(std::make_shared<const Document>(std::move(measure).value()));
  const auto report = Document::Parse(
      R"({"resourceType":"MeasureReport","measure":"http://x/m","type":"summary","status":")" +
      std::string(status) + R"(","group":[)" + std::string(reported) + "]}");
  EXPECT_TRUE(report.ok()) << reported;
  std::string told;
  Profiles profiles(*Definitions::R4(), canonicals);
  CheckTime time;
  for (const Issue& issue : RelatedProblems(profiles, report->Root(), 100, time)) told += issue.path + " ";
  return told;
}

TEST(Related, AReportHasTheGroupsOfItsMeasure) {
  const auto coded = [](std::string_view code) { return "{" + CodeNamed(code) + "}"; };
  const std::string two = coded("a") + "," + coded("b");
  EXPECT_EQ(ToldOfReport("ratio", two, two), "");
  EXPECT_EQ(ToldOfReport("ratio", two, coded("b") + "," + coded("a")), "");
  EXPECT_EQ(ToldOfReport("ratio", two, coded("a")), "");
  EXPECT_EQ(ToldOfReport("ratio", two, R"({"code":{"coding":[{"code":"a"}]}})"), "");  // no system
  EXPECT_EQ(ToldOfReport("ratio", two, two + "," + coded("c")), "MeasureReport.group[2].code ");
  EXPECT_EQ(ToldOfReport("ratio", two, coded("a") + R"(,{"measureScore":{"value":1}})"),
            "MeasureReport.group[1] MeasureReport ");
  // A single group needs no code, nor do groups that the Measure has without codes.
  EXPECT_EQ(ToldOfReport("ratio", coded("a"), R"({"measureScore":{"value":1}})"), "");
  EXPECT_EQ(ToldOfReport("ratio", coded("a"), coded("b")), "MeasureReport.group[0].code ");
  EXPECT_EQ(ToldOfReport("ratio", R"({"description":"x"},{"description":"y"})", R"({"id":"1"},{"id":"2"})"),
            "");
  EXPECT_EQ(ToldOfReport("ratio", R"({"description":"x"})", R"({"id":"1"},{"id":"2"})"),
            "MeasureReport.group[0] MeasureReport.group[1] MeasureReport ");
}

TEST(Related, PopulationsStratifiersAndScores) {
  const auto group = [](std::string_view kind, std::string_view codes, std::string_view more = "") {
    std::string parts;
    for (const char code : codes)
      parts += (parts.empty() ? "{" : ",{") + CodeNamed(std::string_view(&code, 1)) + "}";
    return "{\"" + std::string(kind) + "\":[" + parts + "]" + std::string(more) + "}";
  };
  EXPECT_EQ(ToldOfReport("ratio", group("population", "ab"), group("population", "ba")), "");
  EXPECT_EQ(ToldOfReport("ratio", group("population", "ab"), group("population", "a")),
            "MeasureReport.group[0] ");
  EXPECT_EQ(ToldOfReport("ratio", group("population", "a"), group("population", "ax")),
            "MeasureReport.group[0].population[1].code ");
  EXPECT_EQ(ToldOfReport("ratio", group("population", "a"), R"({"population":[{"count":1}]})", "pending"),
            "MeasureReport.group[0].population[0] ");
  const std::string score = R"(,"measureScore":{"value":1})";
  EXPECT_EQ(ToldOfReport("cohort", group("population", "a"), group("population", "a", score)),
            "MeasureReport.group[0].measureScore ");
  EXPECT_EQ(ToldOfReport("ratio", group("population", "a"), group("population", "a", score)), "");
  // The report gives a list of codes for a stratifier; one of components needs none.
  const std::string strata = R"({"stratifier":[{"code":[{"coding":[{"system":"http://x/c","code":"a"}]}]}]})";
  EXPECT_EQ(ToldOfReport("ratio", group("stratifier", "a"), strata), "");
  EXPECT_EQ(ToldOfReport("ratio", group("stratifier", "b"), strata),
            "MeasureReport.group[0].stratifier[0].code MeasureReport.group[0] ");
  EXPECT_EQ(ToldOfReport("ratio", R"({"stratifier":[{"component":[{}]}]})", R"({"stratifier":[{"id":"1"}]})"),
            "");
}

TEST(Related, WhatEnablesAnItemIsAQuestionOutsideIt) {
  const auto told = [](std::string_view question, std::string_view more = "") {
    const MemoryCanonicals none;
    const auto form = Document::Parse(
        R"({"resourceType":"Questionnaire",)" + std::string(more) +
        R"("item":[{"linkId":"a","type":"boolean"},{"linkId":"g","type":"group","enableWhen":[{"question":")" +
        std::string(question) + R"(","operator":"exists","answerBoolean":true}],"item":[{"linkId":"b"}]}]})");
    std::string paths;
    Profiles profiles(*Definitions::R4(), none);
    CheckTime time;
    for (const Issue& issue : RelatedProblems(profiles, form->Root(), 100, time))
      paths += std::string(issue.type) + " " + issue.path;
    return paths;
  };
  EXPECT_EQ(told("a"), "");
  EXPECT_EQ(told("b"), "invalid Questionnaire.item[1].enableWhen[0].question");
  EXPECT_EQ(told("g"), "invalid Questionnaire.item[1].enableWhen[0].question");
  EXPECT_EQ(told("z"), "not-found Questionnaire.item[1].enableWhen[0].question");
  EXPECT_EQ(told("z", R"("derivedFrom":["http://x/q"],)"), "");
}

TEST(Related, AFormThatCannotBeReadIsAWarning) {
  const MemoryCanonicals none;
  const auto form = Document::Parse(
      R"({"resourceType":"Questionnaire","item":[{"linkId":"a","type":"string","extension":[)"
      R"({"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"(?!x)a+"}]},)"
      R"({"linkId":"g","type":"group","item":[{"linkId":"b","type":"string","extension":[{"url":"http://x/y"},)"
      R"({"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"(a"}]}]}]})");
  Profiles profiles(*Definitions::R4(), none);
  CheckTime time;
  const auto issues = RelatedProblems(profiles, form->Root(), 100, time);
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].severity, Severity::kWarning);
  EXPECT_EQ(issues[0].path, "Questionnaire.item[1].item[0].extension[1].valueString");
}

TEST(Related, ProfilesOfParametersMayNarrowThemOnly) {
  const auto told = [](std::string_view parameter) {
    MemoryCanonicals canonicals;
    auto profile = Document::Parse(
        R"({"resourceType":"StructureDefinition","url":"http://x/in","type":"Parameters","derivation":"constraint",)"
        R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Parameters","differential":{"element":[)"
        R"({"id":"Parameters.parameter:q","path":"Parameters.parameter","sliceName":"q","min":1,"max":"2"},)"
        R"({"id":"Parameters.parameter:q.name","path":"Parameters.parameter.name","fixedString":"q"},)"
        R"({"id":"Parameters.parameter:q.resource","path":"Parameters.parameter.resource","type":[{"code":"Patient"}]}]}})");
    canonicals.Add(std::make_shared<const Document>(std::move(profile).value()));
    Profiles profiles(*Definitions::R4(), canonicals);
    const auto operation = Document::Parse(
        R"({"resourceType":"OperationDefinition","inputProfile":"http://x/in","parameter":[{)" +
        std::string(parameter) + "}]}");
    std::string paths;
    CheckTime time;
    for (const Issue& issue : RelatedProblems(profiles, operation->Root(), 100, time))
      paths += issue.path + " ";
    return paths;
  };
  EXPECT_EQ(told(R"("name":"q","use":"in","min":0,"max":"*","type":"Patient")"), "");
  EXPECT_EQ(told(R"("name":"q","use":"in","min":0,"max":"*","type":"Resource")"), "");
  EXPECT_EQ(told(R"("name":"q","use":"in","min":0,"max":"*","type":"Device")"),
            "OperationDefinition.parameter[0].type ");
  EXPECT_EQ(told(R"("name":"q","use":"out","min":0,"max":"*","type":"Device")"), "");
  EXPECT_EQ(told(R"("name":"q","use":"in","min":3,"max":"*","type":"Patient")"),
            "OperationDefinition.parameter[0] ");
}

}  // namespace
}  // namespace tk::fhir
