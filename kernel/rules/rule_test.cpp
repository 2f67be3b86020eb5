// When a rule fires: its condition over every combination of what an Observation may say, also what no Observation should, against the same
// condition in plain C++; and which changes are events.
#include "kernel/rules/rule.h"
#include "kernel/base/city_time.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tk::rules {
namespace {

constexpr std::string_view kRule = R"j({
  "id": "test.fever", "version": 3, "title": {"zh-CN": "发热", "en": "Fever"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-22"},
  "constants": {"limit": {"value": 37.3}},
  "on": {"type": "Observation", "operations": ["create", "update"]},
  "where": "subject.reference.exists() and status in ('final' | 'amended') and code.coding.where(system = 'http://loinc.org' and code = '8310-5').exists() and value.ofType(Quantity).where(code = 'Cel' and value >= %limit).exists()",
  "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "='depth ' + %depth.toString() + ' of ' + %rule + ' over ' + %limit.toString()"},
    "period": {"start": "=%now"}, "subject": "=subject"}}]})j";

enum class Verdict { kNo, kYes, kError };

/// A piece of JSON (with its comma), and what it is to the condition.
struct Piece {
  std::string_view json;
  Verdict verdict;
};
constexpr Piece kSubjects[] = {{"", Verdict::kNo},
                               {R"(,"subject":{"reference":"Patient/p"})", Verdict::kYes},
                               {R"(,"subject":{"display":"p"})", Verdict::kNo},
                               {R"(,"subject":{"_reference":{"id":"x"}})", Verdict::kYes}};
constexpr Piece kStatuses[] = {{"", Verdict::kNo},
                               {R"(,"status":"final")", Verdict::kYes},
                               {R"(,"status":"amended")", Verdict::kYes},
                               {R"(,"status":"registered")", Verdict::kNo},
                               {R"(,"status":["final","amended"])", Verdict::kError},
                               {R"(,"status":"fin\u0061l")", Verdict::kYes}};
constexpr Piece kCodes[] = {
    {"", Verdict::kNo},
    {R"(,"code":{"text":"8310-5"})", Verdict::kNo},
    {R"(,"code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]})", Verdict::kYes},
    {R"(,"code":{"coding":[{"system":"http://loinc.org","code":"8867-4"},{"system":"http://x","code":"8310-5"}]})",
     Verdict::kNo},
    {R"(,"code":{"coding":[{"code":"8310-5"},{"code":"8310-5","system":"http://loinc.org","display":"t"}]})",
     Verdict::kYes},
    {R"(,"code":{"coding":[{"system":"http://loinc.org","code":["8310-5","8310-5"]}]})", Verdict::kNo},
    {R"(,"code":{"coding":{"system":"http://loinc.org","code":"8310\u002d5"}})", Verdict::kYes}};
constexpr Piece kValues[] = {
    {"", Verdict::kNo},
    {R"(,"valueQuantity":{"value":36.6,"code":"Cel"})", Verdict::kNo},
    {R"(,"valueQuantity":{"value":37.3,"code":"Cel"})", Verdict::kYes},
    {R"(,"valueQuantity":{"value":373e-1,"code":"Cel"})", Verdict::kYes},
    {R"(,"valueQuantity":{"value":37.299999999999999999999,"code":"Cel"})", Verdict::kNo},
    {R"(,"valueQuantity":{"value":100,"code":"[degF]"})", Verdict::kNo},
    {R"(,"valueQuantity":{"code":"Cel"})", Verdict::kNo},
    {R"(,"valueQuantity":{"value":"38","code":"Cel"})", Verdict::kError},
    {R"(,"valueString":"38 Cel")", Verdict::kNo},
    {R"(,"valueInteger":38)", Verdict::kNo},
    {R"(,"_valueQuantity":{"id":"x"})", Verdict::kNo}};

class RuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto rule = ParseRule(*r4_, "test", "fever.json", kRule, {});
    ASSERT_TRUE(rule.ok()) << rule.error().ToString();
    rule_ = std::make_unique<Rule>(std::move(rule).value());
  }
  view::ResourcePtr Make(const std::string& json, view::Operation op = view::Operation::kCreate) const {
    auto document = fhir::Document::Parse(json);
    CHECK(document.ok());
    return view::MakeResource(*r4_, std::move(document).value(), 1, op).value();
  }
  static std::string Reading(std::string_view value) {
    return fmt::format(
        R"({{"resourceType":"Observation","id":"o","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"8310-5"}}]}},"subject":{{"reference":"Patient/p"}},"valueQuantity":{{"value":{},"code":"Cel"}}}})",
        value);
  }
  bool FiresOn(view::ResourcePtr before, view::ResourcePtr now) const {
    view::Change change;
    change.before = std::move(before);
    change.now = std::move(now);
    return Fires(*r4_, *rule_, change, kNow).value();
  }

  static constexpr Instant kNow = 1'795'000'000'000'000;
  std::shared_ptr<const fhir::Definitions> r4_ = fhir::Definitions::R4();
  std::unique_ptr<Rule> rule_;
};

TEST_F(RuleTest, JudgesEveryCombinationAsPlainCodeDoes) {
  size_t fired = 0, failed = 0, passed_over = 0;
  for (const Piece& subject : kSubjects) {
    for (const Piece& status : kStatuses) {
      for (const Piece& code : kCodes) {
        for (const Piece& value : kValues) {
          // From the left: the first that is no, or an error, decides.
          Verdict expected = Verdict::kYes;
          for (const Piece* piece : {&subject, &status, &code, &value}) {
            if (expected == Verdict::kYes) expected = piece->verdict;
          }
          // Without a status `in` is empty, not false: what stands to the right is asked still, and may be an error.
          if (subject.verdict == Verdict::kYes && status.json.empty() && code.verdict == Verdict::kYes)
            expected = value.verdict == Verdict::kError ? Verdict::kError : Verdict::kNo;
          view::Change change;
          change.now = Make(fmt::format(R"({{"resourceType":"Observation","id":"o"{}{}{}{}}})", subject.json,
                                        status.json, code.json, value.json));
          // Where its strings tell that it is not true, no part of it is asked, nor fails.
          if (!rule_->where->MayBeTrue(change.now->document)) {
            EXPECT_NE(expected, Verdict::kYes) << change.now->document.Text();
            expected = Verdict::kNo;
            ++passed_over;
          }
          const auto fires = Fires(*r4_, *rule_, change, kNow);
          const Verdict verdict = !fires.ok() ? Verdict::kError : *fires ? Verdict::kYes : Verdict::kNo;
          EXPECT_EQ(verdict, expected) << change.now->document.Text();
          fired += verdict == Verdict::kYes ? 1 : 0;
          failed += verdict == Verdict::kError ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(fired, 20U);
  EXPECT_GT(failed, 20U);
  EXPECT_GT(passed_over, 200U);
}

TEST_F(RuleTest, FiresWhereTheConditionBecomesTrue) {
  const view::ResourcePtr low = Make(Reading("36.6")), high = Make(Reading("38.0"));
  EXPECT_TRUE(FiresOn(nullptr, high));
  EXPECT_FALSE(FiresOn(nullptr, low));
  EXPECT_TRUE(FiresOn(low, high));
  EXPECT_FALSE(FiresOn(high, high));
  EXPECT_FALSE(FiresOn(high, low));
  EXPECT_FALSE(FiresOn(nullptr, Make(R"({"resourceType":"Basic","id":"b","code":{"text":"t"}})")));
  rule_->on_create = false;
  EXPECT_FALSE(FiresOn(nullptr, high));
  EXPECT_TRUE(FiresOn(low, high));
  rule_->on_update = false;
  EXPECT_FALSE(FiresOn(low, high));
}

TEST_F(RuleTest, ItsConditionKnowsWhatTheRecordWas) {
  std::string text(kRule);
  const size_t at = text.find("\"where\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, text.find('\n', at) - at,
               R"("where": "%before.exists() and id = %before.id and status != %before.status",)");
  auto rule = ParseRule(*r4_, "test", "was.json", text, {});
  ASSERT_TRUE(rule.ok()) << rule.error().ToString();
  rule_ = std::make_unique<Rule>(std::move(rule).value());
  std::string other = Reading("38.0");
  other.replace(other.find("final"), 5, "entered-in-error");
  const view::ResourcePtr was = Make(Reading("38.0")), is = Make(other);
  EXPECT_TRUE(FiresOn(was, is));
  EXPECT_FALSE(FiresOn(was, was));
  EXPECT_FALSE(FiresOn(nullptr, is)) << "of nothing, %before is empty";
}

TEST_F(RuleTest, MakesWithItsVariablesAndSaysBecauseOfWhat) {
  view::Change change;
  change.now = Make(Reading("38.0"));
  const Hands hands{[] { return std::string("f1"); }, {}};
  const auto made = Fire(*r4_, *rule_, change, kNow, hands);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  ASSERT_EQ(made->size(), 1U);
  EXPECT_EQ((*made)[0].before, nullptr);
  const std::string at = FormatCityTime(kNow);
  EXPECT_EQ(
      (*made)[0].now.Text(),
      R"({"resourceType":"Flag","id":"f1","extension":[)"
      R"({"url":"http://tongkang.dev/fhir/StructureDefinition/rule","valueString":"test.fever|3"},)"
      R"({"url":"http://tongkang.dev/fhir/StructureDefinition/rule-depth","valueInteger":1},)"
      R"({"url":"http://tongkang.dev/fhir/StructureDefinition/rule-cause","valueReference":{"reference":"Observation/o/_history/1"}}],)"
      R"("status":"active","code":{"text":"depth 1 of test.fever|3 over 37.3"},"period":{"start":")" +
          at + R"("},"subject":{"reference":"Patient/p"}})");
  change.now = Make(Reading("36.6"));
  EXPECT_TRUE(Fire(*r4_, *rule_, change, kNow, hands)->empty());
}

TEST_F(RuleTest, ADayIsTheCitys) {
  constexpr std::string_view kBirthday = R"j({
    "id": "test.birthday", "version": 1, "title": {"zh-CN": "生日", "en": "Birthday"},
    "source": {"text": "a test", "edition": "1", "date": "2026-11-22"}, "constants": {"wait": {"value": 30, "unit": "minutes"}},
    "on": {"type": "Patient", "operations": ["create"]},
    "where": "birthDate = today() and %now is DateTime and %now - %wait = now() - %wait and %now - %wait < %now",
    "do": [{"create": {"resourceType": "Flag", "status": "active", "code": {"text": "t"}, "subject": {"reference": "='Patient/' + id"}}}]})j";
  const Rule rule = std::move(ParseRule(*r4_, "test", "birthday.json", kBirthday, {}).value());
  view::Change change;
  change.now = Make(R"({"resourceType":"Patient","id":"p","birthDate":"2026-11-24"})");
  const Instant midnight = (DaysFromCivil(2026, 11, 24) * 1440 - CityOffsetMin()) * 60 * kSecondUs;
  constexpr Instant kHalfAnHour = 1800 * kSecondUs;
  EXPECT_FALSE(Fires(*r4_, rule, change, midnight - kHalfAnHour).value());
  EXPECT_TRUE(Fires(*r4_, rule, change, midnight + kHalfAnHour).value());
  EXPECT_TRUE(Fires(*r4_, rule, change, midnight + 47 * kHalfAnHour).value());
  EXPECT_FALSE(Fires(*r4_, rule, change, midnight + 48 * kHalfAnHour).value());
}

TEST_F(RuleTest, ACascadeIsCountedByWhatRulesWriteAndNotByWhatIsSentBack) {
  const auto marked = [](int depth, std::string_view cause) {
    return fmt::format(
        R"({{"resourceType":"Basic","id":"b","extension":[{{"url":"{}","valueString":"r|1"}},{{"url":"{}","valueInteger":{}}},{{"url":"{}","valueReference":{{"reference":"{}"}}}}],"code":{{"text":"t"}}}})",
        kRuleExtension, kDepthExtension, depth, kCauseExtension, cause);
  };
  view::Change change;
  change.now = Make(R"({"resourceType":"Basic","id":"b","code":{"text":"t"}})");
  EXPECT_EQ(DepthOf(change), 0);
  change.now = Make(marked(3, "Observation/o/_history/1"));
  EXPECT_EQ(DepthOf(change), 3);
  change.before = change.now;
  EXPECT_EQ(DepthOf(change), 0);  // sent back by somebody who changed something else
  change.now = Make(marked(3, "Observation/o/_history/2"));
  EXPECT_EQ(DepthOf(change), 3);
}

TEST_F(RuleTest, AllThatIsWrongWithAFileIsToldAtOnce) {
  constexpr std::string_view kWrong = R"j({
  "id": "test.wrong", "version": 0, "title": {"zh-CN": "错"},
  "source": {"text": "a test", "edition": "1", "date": "2026-11-22"},
  "constants": {"limit": {"setting": "none"}},
  "on": {"type": "Observation", "operations": ["delete"]},
  "where": "subject.exist()",
  "do": [{"create": {"resourceType": "Flag", "status": "maybe"}},
         {"create": {"resourceType": "Flag", "code": {"coding": {"code": "x"}}}},
         {"update": {"type": "Task", "target": "=basedOn", "set": {"note.text": "x"}}},
         {"update": {"set": {"valueQuantity.amount": 1}}},
         {"sing": {}}, {}]
})j";
  const auto rule = ParseRule(*r4_, "test", "wrong.json", kWrong, {});
  ASSERT_FALSE(rule.ok());
  std::string places;
  for (const Issue& issue : rule.error().issues) places += issue.path + "\n";
  EXPECT_EQ(places,
            "version\ntitle\nconstants.limit\non.operations\nwhere\ndo[0].create.status\n"
            "do[1].create.code.coding\ndo[2].update.set.note.text\ndo[3].update.set.valueQuantity.amount\n"
            "do[4].sing\ndo[5]\n");
  EXPECT_NE(rule.error().external.find("\nwrong.json:7:56: do[0].create.status: \"maybe\""),
            std::string::npos)
      << rule.error().external;
}

}  // namespace
}  // namespace tk::rules
