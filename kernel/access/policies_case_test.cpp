// The built-in policies do what data/policies.case.json says; whoever changes posts.toml or policies.toml changes the cases, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "kernel/access/decision.h"
#include "kernel/access/oauth/scopes.h"
#include "kernel/access/posts.h"
#include "kernel/access/special.h"
#include "kernel/base/file.h"
#include "kernel/fhir/value.h"

namespace tk::access {
namespace {

constexpr Instant kCaseNow = 1'780'000'000 * kSecondUs;
constexpr int64_t kCaseDay = 86'400 * kSecondUs;
constexpr view::OwnerNumber kAsked = 7, kSomebody = 3;

int64_t NumberIn(fhir::Value value) {
  int64_t number = 0;
  const std::string_view digits = value.Number();
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::vector<std::string> TextsIn(fhir::Value list) {
  std::vector<std::string> out;
  for (const fhir::Value item : list) out.push_back(item.ToString());
  return out;
}

Viewer CaseViewer(fhir::Value who) {
  static const auto posts = Posts::Load("/nonexistent").value();
  Viewer viewer;
  const std::string post = who["post"].ToString();
  viewer.account = "li";
  viewer.post = posts.Find(post);
  viewer.policies = Policies::BuiltIn();
  viewer.masks = viewer.policies->MasksOf(post);
  viewer.organization = "Organization/h1";
  viewer.area = who["area"] ? who["area"].ToString() : "380102";
  viewer.scope.everything = viewer.area.empty();
  if (post == "resident") {
    viewer.kind = AccountKind::kResident;
    viewer.organization.clear();
    viewer.scope.only_owner = who["self"].IsTrue() ? kAsked : kSomebody;
  } else if (!viewer.area.empty()) {
    std::tie(viewer.scope.area_low, viewer.scope.area_high) = view::AreaRange(viewer.area).value();
  }
  if (who["scopes"]) {
    viewer.client = "growth";
    viewer.granted =
        std::make_shared<const oauth::Scopes>(oauth::ParseScopes(who["scopes"].ToString()).value());
  }
  return viewer;
}

Fact CaseFact(fhir::Value told) {
  const std::map<std::string, Fact::Kind> kinds = {{"relation", Fact::Kind::kRelation},
                                                   {"consent", Fact::Kind::kConsent},
                                                   {"emergency", Fact::Kind::kEmergency},
                                                   {"family", Fact::Kind::kFamily}};
  Fact fact;
  fact.kind = kinds.at(told["kind"].ToString());
  fact.owner = kAsked;
  fact.source = "Consent/1";
  fact.permits = !told["permits"] || told["permits"].IsTrue();
  fact.actors = TextsIn(told["actors"]);
  fact.codes = TextsIn(told["codes"]);
  if (told["ended_days_ago"]) fact.until_us = kCaseNow - NumberIn(told["ended_days_ago"]) * kCaseDay;
  if (told["until_minutes"]) fact.until_us = kCaseNow + NumberIn(told["until_minutes"]) * 60 * kSecondUs;
  if (told["years_old"]) {  // since yesterday
    CivilDate born = CivilFromDays(kCaseNow / kCaseDay - 1);
    born.year -= static_cast<int>(NumberIn(told["years_old"]));
    fact.birth_day = DaysFromCivil(born.year, born.month, born.day);
  }
  return fact;
}

AccessQuestion CaseQuestion(fhir::Value one) {
  AccessQuestion question;
  std::istringstream words(one["do"].ToString());
  words >> question.operation >> question.type;
  question.deed = question.operation == "read"    ? Deed::kRead
                  : question.operation == "write" ? Deed::kWrite
                                                  : Deed::kCall;
  if (question.type.empty()) question.type = "Patient";
  question.is_of_other_kind = one["other_kind"].IsTrue();
  question.owner = kAsked;
  question.area = one["person"].ToString() == "here" ? 380102000000000 : 380104000000000;
  return question;
}

const Step* FindStep(const Decision& decision, const std::string& name) {
  const auto at = std::find_if(decision.steps.begin(), decision.steps.end(),
                               [&](const Step& step) { return step.name == name; });
  return at == decision.steps.end() ? nullptr : &*at;
}

void CheckCase(fhir::Value one) {
  std::vector<Fact> facts;
  for (const fhir::Value fact : one["facts"]) facts.push_back(CaseFact(fact));
  const Decision decision = Decide(CaseViewer(one["who"]), CaseQuestion(one), facts, kCaseNow);
  EXPECT_EQ(decision.permits, one["may"].IsTrue());
  const Step* const because = FindStep(decision, one["because"].ToString());
  ASSERT_NE(because, nullptr) << one["because"].ToString();
  EXPECT_EQ(because->permits, one["may"].IsTrue()) << because->text;
  EXPECT_FALSE(because->source.empty());
  if (one["not"]) {
    EXPECT_EQ(FindStep(decision, one["not"].ToString()), nullptr);
  }
  const std::string says = one["says"].ToString();
  EXPECT_NE(because->text.find(says), std::string::npos) << because->text;
  if (one["masked"]) {
    EXPECT_EQ(std::vector<std::string>(decision.masked.begin(), decision.masked.end()),
              TextsIn(one["masked"]));
  }
}

TEST(PolicyCases, DecideAsTheyAreWritten) {
  const auto text = ReadFile(TK_SOURCE_DIR "/kernel/access/data/policies.case.json", size_t{1} << 20);
  ASSERT_TRUE(text.ok());
  const auto document = fhir::Document::Parse(*text);
  ASSERT_TRUE(document.ok()) << document.error().ToString();
  std::map<std::string, std::pair<int, int>> of_post;  // opened, refused
  for (const fhir::Value one : document->Root()["cases"]) {
    SCOPED_TRACE(one["name"].ToString());
    CheckCase(one);
    auto& [opened, refused] = of_post[one["who"]["post"].ToString()];
    (one["may"].IsTrue() ? opened : refused)++;
  }
  for (const std::string& post : Policies::BuiltIn()->Posts())
    EXPECT_TRUE(of_post[post].first > 0 && of_post[post].second > 0) << post;
}

TEST(SpecialCodesTest, RangesBeginningsAndCodes) {
  SpecialCodes codes;
  EXPECT_TRUE(codes.Add("http://hl7.org/fhir/sid/icd-10|B20-B24"));
  EXPECT_TRUE(codes.Add("http://hl7.org/fhir/sid/icd-10|Z21*"));
  EXPECT_TRUE(codes.Add("http://loinc.org|7917-8"));
  for (const char* wrong : {"", "B20", "|B20", "http://loinc.org|", "x|B24-B20", "x|*"})
    EXPECT_FALSE(codes.Add(wrong)) << wrong;
  const auto icd = [&](const char* code) { return codes.Has("http://hl7.org/fhir/sid/icd-10", code); };
  for (const char* code : {"B20", "b20", "B22.0", "B24", "B24.x01", "B20.100x001", "Z21", "Z21.x00"})
    EXPECT_TRUE(icd(code)) << code;
  for (const char* code : {"", "B2", "B19", "B25", "B25.0", "Z2", "Z22", "I10", "7917-8"})
    EXPECT_FALSE(icd(code)) << code;
  EXPECT_TRUE(codes.Has("http://loinc.org", "7917-8"));
  EXPECT_FALSE(codes.Has("http://loinc.org", "7917-80"));
  EXPECT_FALSE(codes.Has("http://loinc.org", "B20"));
  EXPECT_TRUE(codes.Has("", "B20"));
}

TEST(SpecialCodesTest, TextsThatMayHoldOne) {
  SpecialCodes codes;
  ASSERT_TRUE(codes.Add("s|B20-B24"));
  for (const char* text : {R"({"code":"B20"})", R"({"code": "B24.1"})", R"([{"code":"I10"},{"code":"b21"}])",
                           R"({"code":{"coding":[{"code":"B20"}]}})", R"({"code":"\u004220"})"})
    EXPECT_TRUE(codes.MayHold(text)) << text;
  for (const char* text : {"", "{}", R"({"code":"I10"})", R"({"text":"B20"})", R"({"code":{"text":"B20"}})",
                           R"({"code":)", R"({"code":"B20)"})
    EXPECT_FALSE(codes.MayHold(text)) << text;
  EXPECT_FALSE(SpecialCodes().MayHold(R"({"code":"B20"})"));
}

}  // namespace
}  // namespace tk::access
