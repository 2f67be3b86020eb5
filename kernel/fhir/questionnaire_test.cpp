// Answers against their Questionnaire: required and enabled, types, options, bounds, places.
#include "kernel/fhir/questionnaire.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

constexpr int64_t kAnswersNowUs = 1'767'225'600'000'000;  // 2026-01-01

struct AnswerCase {
  const char* items;    // of the Questionnaire
  const char* answers;  // items of the response
  const char* path;     // of the only error
  const char* says;     // "" = valid
};

/// In a collection, if `in_bundle`.
std::vector<Issue> CheckCase(const AnswerCase& given, const char* status, bool in_bundle = false,
                             bool warnings = false) {
  MemoryCanonicals canonicals;
  const auto add = [&](const std::string& json) {
    auto document = Document::Parse(json);
    EXPECT_TRUE(document.ok()) << json;
    canonicals.Add(std::make_shared<const Document>(std::move(document).value()));
  };
  add(R"({"resourceType":"Questionnaire","url":"http://x/q","item":[)" + std::string(given.items) + "]}");
  add(R"({"resourceType":"ValueSet","url":"http://x/v","compose":{"include":[{"system":"http://x/c","concept":[{"code":"a"}]}]}})");
  Profiles profiles(*Definitions::R4(), canonicals);
  std::string json = R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://x/q","status":")" +
                     std::string(status) + R"(","item":[)" + given.answers + "]}";
  if (in_bundle)
    json =
        R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}},{"resource":)" +
        json + "}]}";
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  CheckTime time;
  return CheckAnswers(*Definitions::R4(), profiles, document->Root(), warnings, kAnswersNowUs, time);
}

TEST(AnswersOf, AConditionOrAnOptionWhoseValueIsMissing) {
  constexpr const char* kMissing = R"([{"url":"http://x/why","valueCode":"unknown"}]})";
  const std::string condition =
      R"({"linkId":"1","type":"boolean"},{"linkId":"2","type":"string","required":true,"enableWhen":[{"question":"1","operator":"=","_answerBoolean":{"extension":)" +
      std::string(kMissing) + "}]}";
  EXPECT_TRUE(CheckCase({condition.c_str(), R"({"linkId":"1","answer":[{"valueBoolean":true}]})", "", ""},
                        "completed")
                  .empty())
      << "a condition that cannot hold enables nothing";
  const std::string option =
      R"({"linkId":"1","type":"choice","answerOption":[{"_valueString":{"extension":)" +
      std::string(kMissing) + R"(},{"valueString":"a"}]})";
  EXPECT_TRUE(
      CheckCase({option.c_str(), R"({"linkId":"1","answer":[{"valueString":"a"}]})", "", ""}, "completed")
          .empty());
  EXPECT_EQ(
      CheckCase({option.c_str(), R"({"linkId":"1","answer":[{"valueString":"b"}]})", "", ""}, "completed")
          .size(),
      1U);
}

// With conditions too: each names the question before it, and some of them none that is answered.
TEST(AnswersOf, AreCheckedInTimeByTheirNumber) {
  const auto steps = [](int count, bool nested) {
    std::string questions, answers;
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i), before = std::to_string(i == 0 ? 0 : i - 1);
      questions += std::string(i == 0 ? "" : ",") + R"({"linkId":")" + n +
                   R"(","type":"integer","enableWhen":[)" + R"({"question":")" + before +
                   R"(","operator":"exists","answerBoolean":true},)" +
                   R"({"question":"x","operator":"=","answerInteger":1}]})";
      answers += std::string(i == 0 ? "" : ",") + R"({"linkId":")" + (i % 10 == 9 ? "unknown" : n) +
                 R"(","answer":[{"valueInteger":1}]})";
    }
    MemoryCanonicals canonicals;
    const std::string before = nested ? R"({"linkId":"g","type":"group","item":[)" : "",
                      after = nested ? "]}" : "";
    const auto questionnaire = Document::Parse(
        R"({"resourceType":"Questionnaire","url":"http://x/q","item":[)" + before + questions + after + "]}");
    canonicals.Add(std::make_shared<const Document>(questionnaire.value()));
    Profiles profiles(*Definitions::R4(), canonicals);
    const std::string around = nested ? R"({"linkId":"g","item":[)" : "";
    const auto response = Document::Parse(
        R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://x/q","status":"completed","item":[)" +
        around + answers + after + "]}");
    CheckTime time;
    EXPECT_FALSE(
        CheckAnswers(*Definitions::R4(), profiles, response.value().Root(), false, kAnswersNowUs, time)
            .empty());
    return time.steps();
  };
  for (const bool nested : {false, true}) {
    const uint64_t few = steps(200, nested), many = steps(1600, nested);
    EXPECT_GT(few, 200U);
    EXPECT_LT(many, few * 9);
  }
}

// The nearest answers around are meant: in one's own group, else in those around it.
TEST(AnswersOf, AConditionSpeaksOfTheNearestAnswers) {
  constexpr const char* kItems =
      R"({"linkId":"top","type":"integer"},{"linkId":"g","type":"group","repeats":true,"item":[{"linkId":"1","type":"integer",
        "item":[{"linkId":"below","type":"string","enableWhen":[{"question":"1","operator":"=","answerInteger":6}]}]},
        {"linkId":"2","type":"string","enableBehavior":"all","enableWhen":[{"question":"1","operator":">","answerInteger":5},
          {"question":"top","operator":"=","answerInteger":0}]}]})";
  const auto told = [&](const std::string& groups) {
    std::string all;
    const std::string answers = R"({"linkId":"top","answer":[{"valueInteger":0}]})" + groups;
    for (const Issue& issue : CheckCase({kItems, answers.c_str(), "", ""}, "completed"))
      all += issue.path.substr(std::string("QuestionnaireResponse.").size()) + ": " + issue.text + "\n";
    return all;
  };
  const auto group = [](const char* number, const char* rest) {
    return R"(,{"linkId":"g","item":[{"linkId":"1","answer":[{"valueInteger":)" + std::string(number) + rest;
  };
  constexpr const char* kSecond = R"(}]},{"linkId":"2","answer":[{"valueString":"a"}]}]})";
  constexpr const char* kBelow = R"(,"item":[{"linkId":"below","answer":[{"valueString":"a"}]}]}]}]})";
  EXPECT_EQ(told(group("6", kSecond) + group("7", kSecond)), "");
  EXPECT_EQ(told(group("6", kSecond) + group("5", kSecond)),
            "item[2].item[1]: is answered though it is not enabled\n");
  EXPECT_EQ(told(group("6", kBelow)), "");
  EXPECT_EQ(told(group("6", kSecond) + group("7", kBelow)),
            "item[2].item[0].answer[0].item[0]: is answered though it is not enabled\n");
}

class Answers : public testing::TestWithParam<AnswerCase> {};

TEST_P(Answers, AreJudged) {
  const AnswerCase& given = GetParam();
  const auto issues = CheckCase(given, "completed");
  if (*given.says == '\0') {
    EXPECT_TRUE(issues.empty()) << issues[0].path << ": " << issues[0].text;
    return;
  }
  ASSERT_EQ(issues.size(), 1U) << given.answers;
  EXPECT_EQ(issues[0].path, "QuestionnaireResponse" + std::string(given.path));
  EXPECT_NE(issues[0].text.find(given.says), std::string::npos) << issues[0].text;
}

constexpr const char* kYesNo =
    R"({"linkId":"1","type":"boolean"},{"linkId":"2","type":"string","required":true,
  "enableWhen":[{"question":"1","operator":"=","answerBoolean":true}]})";
constexpr const char* kNested =
    R"({"linkId":"g","type":"group","repeats":true,"item":[{"linkId":"1","type":"integer"},
  {"linkId":"2","type":"string","enableWhen":[{"question":"1","operator":">","answerInteger":5}]}]})";
constexpr const char* kNumber = R"({"linkId":"1","type":"integer","extension":[
  {"url":"http://hl7.org/fhir/StructureDefinition/minValue","valueInteger":2},{"url":"http://hl7.org/fhir/StructureDefinition/maxValue","valueInteger":4}]})";

INSTANTIATE_TEST_SUITE_P(
    Questionnaires, Answers,
    testing::Values(AnswerCase{kYesNo, R"({"linkId":"1","answer":[{"valueBoolean":false}]})", "", ""},
                    AnswerCase{kYesNo, R"({"linkId":"1","answer":[{"valueBoolean":true}]})", "",
                               "required item 2"}));

INSTANTIATE_TEST_SUITE_P(
    Broken, Answers,
    testing::Values(
        AnswerCase{R"({"linkId":"1","type":"boolean","required":true})", "", "", "required item 1"},
        AnswerCase{kYesNo, R"({"linkId":"2","answer":[{"valueString":"x"}]})", ".item[0]", "not enabled"},
        AnswerCase{kYesNo, R"({"linkId":"3","answer":[{"valueString":"x"}]})", ".item[0]",
                   "no item with this linkId"},
        AnswerCase{kYesNo, R"({"linkId":"1","answer":[{"valueString":"x"}]})", ".item[0].answer[0]",
                   "type boolean"},
        AnswerCase{kYesNo, R"({"linkId":"1","answer":[{"valueBoolean":false},{"valueBoolean":false}]})", "",
                   "does not repeat"},
        AnswerCase{kNested, R"({"linkId":"1","answer":[{"valueInteger":1}]})", ".item[0]", "another place"},
        AnswerCase{
            kNested,
            R"({"linkId":"g","item":[{"linkId":"1","answer":[{"valueInteger":6}]},{"linkId":"2","answer":[{"valueString":"a"}]}]},
                               {"linkId":"g","item":[{"linkId":"1","answer":[{"valueInteger":5}]},{"linkId":"2","answer":[{"valueString":"a"}]}]})",
            ".item[1].item[1]", "not enabled"},
        AnswerCase{kNumber, R"({"linkId":"1","answer":[{"valueInteger":5}]})", ".item[0].answer[0]",
                   "greatest"},
        AnswerCase{kNumber, R"({"linkId":"1","answer":[{"valueInteger":1}]})", ".item[0].answer[0]", "least"},
        AnswerCase{R"({"linkId":"1","type":"choice","answerValueSet":"http://x/v"})",
                   R"({"linkId":"1","answer":[{"valueCoding":{"system":"http://x/c","code":"b"}}]})",
                   ".item[0].answer[0]", "value set"},
        AnswerCase{R"({"linkId":"1","type":"choice","answerOption":[{"valueCoding":{"code":"a"}}]})",
                   R"({"linkId":"1","answer":[{"valueCoding":{"code":"b"}}]})", ".item[0].answer[0]",
                   "options"},
        AnswerCase{R"({"linkId":"1","type":"string","maxLength":2})",
                   R"({"linkId":"1","answer":[{"valueString":"通康市"}]})", ".item[0].answer[0]",
                   "longer than 2"},
        AnswerCase{
            R"({"linkId":"1","type":"string"},{"linkId":"2","type":"string"})",
            R"({"linkId":"2","answer":[{"valueString":"a"}]},{"linkId":"1","answer":[{"valueString":"a"}]})",
            ".item[1]", "order"},
        AnswerCase{R"({"linkId":"g","type":"group","item":[{"linkId":"1","type":"string"}]})",
                   R"({"linkId":"g","answer":[{"valueString":"a"}]})", ".item[0]", "has no answers"},
        AnswerCase{R"({"linkId":"1","type":"string","item":[{"linkId":"2","type":"string"}]})",
                   R"({"linkId":"1","item":[{"linkId":"2","answer":[{"valueString":"a"}]}]})", ".item[0]",
                   "below its answer"}));

constexpr const char* kUnits = R"({"linkId":"1","type":"quantity","extension":[
  {"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption","valueCoding":{"system":"http://unitsofmeasure.org","code":"kg"}},
  {"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption","valueCoding":{"system":"http://unitsofmeasure.org","code":"g"}}]})";
constexpr const char* kFile = R"({"linkId":"1","type":"attachment","extension":[
  {"url":"http://hl7.org/fhir/StructureDefinition/maxSize","valueDecimal":0.5}]})";
constexpr const char* kGroupRule =
    R"({"linkId":"g","type":"group","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-constraint","extension":[
  {"url":"key","valueId":"g-1"},{"url":"severity","valueCode":"error"},{"url":"human","valueString":"the second is more than the first"},
  {"url":"expression","valueString":"item.where(linkId='1').answer.value < item.where(linkId='2').answer.value"}]}],
  "item":[{"linkId":"1","type":"integer"},{"linkId":"2","type":"integer"}]})";

constexpr const char* kNotInFuture =
    R"j({"linkId":"1","type":"date","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-constraint","extension":[
  {"url":"key","valueId":"d-1"},{"url":"severity","valueCode":"error"},{"url":"human","valueString":"not in the future"},
  {"url":"expression","valueString":"answer.value <= today() and now().exists() and timeOfDay().exists()"}]}]})j";
constexpr const char* kPlainText = R"({"linkId":"1","type":"attachment","extension":[
  {"url":"http://hl7.org/fhir/StructureDefinition/mimeType","valueCode":"text/plain"}]})";

INSTANTIATE_TEST_SUITE_P(
    Extended, Answers,
    testing::Values(
        AnswerCase{
            kUnits,
            R"({"linkId":"1","answer":[{"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"g"}}]})",
            "", ""},
        AnswerCase{kUnits, R"({"linkId":"1","answer":[{"valueQuantity":{"value":5000,"unit":"apples"}}]})",
                   ".item[0].answer[0]", "none of the question's options"},
        AnswerCase{kFile, R"({"linkId":"1","answer":[{"valueAttachment":{"size":524288}}]})", "", ""},
        AnswerCase{kFile, R"({"linkId":"1","answer":[{"valueAttachment":{"size":524289}}]})",
                   ".item[0].answer[0]", "larger than 0.5 MB"},
        AnswerCase{kNotInFuture, R"({"linkId":"1","answer":[{"valueDate":"2025-12-31"}]})", "", ""},
        AnswerCase{kNotInFuture, R"({"linkId":"1","answer":[{"valueDate":"2026-01-02"}]})", ".item[0]",
                   "d-1: not in the future"},
        AnswerCase{
            kPlainText,
            R"({"linkId":"1","answer":[{"valueAttachment":{"contentType":"Text/Plain; charset=utf-8"}}]})",
            "", ""},
        AnswerCase{kPlainText, R"({"linkId":"1","answer":[{"valueAttachment":{"url":"http://x/f"}}]})", "",
                   ""},
        AnswerCase{kPlainText, R"({"linkId":"1","answer":[{"valueAttachment":{"contentType":"text/html"}}]})",
                   ".item[0].answer[0]", "media type"},
        AnswerCase{
            kGroupRule,
            R"({"linkId":"g","item":[{"linkId":"1","answer":[{"valueInteger":1}]},{"linkId":"2","answer":[{"valueInteger":2}]}]})",
            "", ""},
        AnswerCase{
            kGroupRule,
            R"({"linkId":"g","item":[{"linkId":"1","answer":[{"valueInteger":2}]},{"linkId":"2","answer":[{"valueInteger":2}]}]})",
            ".item[0]", "g-1: the second is more"}));

// Each answer is looked for among all.
TEST(AnswersOf, AConstraintThatTakesTooMuchIsToldAsThat) {
  constexpr const char* kEachOther =
      R"j({"linkId":"1","type":"string","repeats":true,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-constraint","extension":[
  {"url":"key","valueId":"e-1"},{"url":"severity","valueCode":"error"},{"url":"human","valueString":"each other"},
  {"url":"expression","valueString":"answer.all(value in %resource.item.answer.value.skip(1))"}]}]})j";
  const auto told = [&](size_t count) {
    std::string answers = R"({"linkId":"1","answer":[{"valueString":"a"})";
    for (size_t i = 0; i < count; ++i) answers += R"(,{"valueString":"a"})";
    answers += "]}";
    std::string text;
    for (const Issue& issue : CheckCase({kEachOther, answers.c_str(), "", ""}, "completed", false, true))
      text += std::string(issue.type) + ": " + issue.text;
    return text;
  };
  EXPECT_EQ(told(10), "");
  EXPECT_EQ(told(400), "too-costly: is too large to check: whether it keeps to e-1: each other");
}

TEST(AnswersThatRepeat, StandInOneItem) {
  const AnswerCase twice{
      R"({"linkId":"1","type":"string","repeats":true})",
      R"({"linkId":"1","answer":[{"valueString":"a"}]},{"linkId":"1","answer":[{"valueString":"b"}]})", "",
      ""};
  const AnswerCase once{R"({"linkId":"1","type":"string","repeats":true})",
                        R"({"linkId":"1","answer":[{"valueString":"a"},{"valueString":"b"}]})", "", ""};
  EXPECT_TRUE(CheckCase(twice, "completed").empty());  // no write is refused for it
  EXPECT_TRUE(CheckCase(once, "completed", false, true).empty());
  const auto issues = CheckCase(twice, "completed", false, true);
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_NE(issues[0].text.find("all answers to a question stand in one item"), std::string::npos);
}

TEST(AnswersThatRefer, AreOfTheQuestionsProfiles) {
  const auto told = [](const char* profile, const char* reference) {
    const std::string items =
        R"({"linkId":"1","type":"reference","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-referenceProfile","valueCanonical":")" +
        std::string(profile) + R"("}]})";
    const std::string answers =
        R"({"linkId":"1","answer":[{"valueReference":{"reference":")" + std::string(reference) + R"("}}]})";
    return CheckCase({items.c_str(), answers.c_str(), "", ""}, "completed").size();
  };
  constexpr const char* kOrganization = "http://hl7.org/fhir/StructureDefinition/Organization";
  EXPECT_EQ(told(kOrganization, "Patient/1"), 1U);
  EXPECT_EQ(told(kOrganization, "Organization/1"), 0U);
  EXPECT_EQ(told("http://hl7.org/fhir/StructureDefinition/bp", "Patient/1"), 1U);
  EXPECT_EQ(told("http://hl7.org/fhir/StructureDefinition/bp", "Observation/1"), 0U);
  EXPECT_EQ(told("http://x/nobodys", "Patient/1"), 0U);
  EXPECT_EQ(told(kOrganization, "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), 0U);
}

TEST(AnswersInABundle, AreJudgedToo) {
  const AnswerCase unknown{kYesNo, R"({"linkId":"3","answer":[{"valueString":"x"}]})", "", ""};
  const auto issues = CheckCase(unknown, "in-progress", true);
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].path, "Bundle.entry[1].resource.item[0]");
}

TEST(AnswersInProgress, MayBreakConstraints) {
  const AnswerCase broken{
      kGroupRule,
      R"({"linkId":"g","item":[{"linkId":"1","answer":[{"valueInteger":2}]},{"linkId":"2","answer":[{"valueInteger":2}]}]})",
      "", ""};
  EXPECT_TRUE(CheckCase(broken, "in-progress").empty());
}

TEST(AnswersInProgress, MayLackWhatIsRequired) {
  const AnswerCase missing{R"({"linkId":"1","type":"boolean","required":true})", "", "", ""};
  EXPECT_TRUE(CheckCase(missing, "in-progress").empty());
  const auto issues = CheckCase(missing, "completed");
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].path, "QuestionnaireResponse");
}

}  // namespace
}  // namespace tk::fhir
