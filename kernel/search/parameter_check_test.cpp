#include "kernel/search/parameter_check.h"

#include <gtest/gtest.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

/// A parameter that fits, with members in its place.
std::string With(std::initializer_list<std::pair<const char*, const char*>> members) {
  std::map<std::string, std::string> all = {
      {"url", R"("http://t/born")"}, {"status", R"("active")"}, {"code", R"("born")"},
      {"base", R"(["Patient"])"},    {"type", R"("date")"},     {"expression", R"("Patient.birthDate")"}};
  for (const auto& [name, value] : members) {
    if (*value == '\0')
      all.erase(name);
    else
      all[name] = value;
  }
  std::string out = R"({"resourceType":"SearchParameter","id":"born")";
  for (const auto& [name, value] : all) out += ",\"" + name + "\":" + value;
  return out + "}";
}

Status Check(const std::string& text) {
  const auto document = fhir::Document::Parse(text);
  EXPECT_TRUE(document.ok()) << text;
  return CheckParameter(fhir::Definitions::R4(), *document);
}

TEST(ParameterCheck, TakesWhatFits) {
  EXPECT_TRUE(Check(With({})).ok());
  EXPECT_TRUE(Check(With({{"base", R"(["Patient","Person"])"},
                          {"expression", R"("Patient.birthDate | Person.birthDate")"}}))
                  .ok());
  EXPECT_TRUE(Check(With({{"base", R"(["DomainResource"])"},
                          {"type", R"("token")"},
                          {"expression", R"("DomainResource.text.status")"}}))
                  .ok());
  EXPECT_TRUE(
      Check(
          With(
              {{"base", R"(["Observation"])"},
               {"type", R"("composite")"},
               {"expression", R"("Observation")"},
               {"component",
                R"([{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"},{"definition":"http://hl7.org/fhir/SearchParameter/Observation-status","expression":"status"}])"}}))
          .ok());
}

TEST(ParameterCheck, NamesTheElementThatDoesNotFit) {
  struct Case {
    std::string text, path, type, part;
  };
  const std::vector<Case> cases = {
      {With({{"code", R"("birthdate")"}}), "code", "duplicate", "individual-birthdate"},
      {With({{"code", R"("Birthdate")"}}), "code", "duplicate", "individual-birthdate"},
      {With({{"code", R"("_id")"}}), "code", "value", "a meaning of its own"},
      {With({{"code", R"("_count")"}}), "code", "value", "a meaning of its own"},
      {With({{"code", R"("a.b")"}}), "code", "value", "no query could name it"},
      {With({{"base", R"(["DomainResource"])"}, {"code", R"("status")"}}), "code", "duplicate", "already"},
      {With({{"base", R"(["Patient","Nothing"])"}}), "base[1]", "not-found", "no resource type"},
      {With({{"base", R"(["HumanName"])"}}), "base[0]", "not-found", "no resource type"},
      {With({{"expression", R"("Patient.birthDate.nonsense(")"}}), "expression", "invalid", "column"},
      {With({{"expression", R"("Patient.nothere")"}}), "expression", "invalid", "nothere"},
      {With({{"expression", R"("Patient.meta.lastUpdated")"}}), "expression", "not-supported",
       "_lastUpdated"},
      {With({{"expression", R"("Person.birthDate")"}}), "expression", "invalid",
       "says nothing about Patient"},
      {With({{"expression", ""}}), "expression", "required", "nothing could be found"},
      {With({{"type", R"("special")"}}), "type", "not-supported", "not offered"},
      {With({{"type", R"("composite")"}, {"expression", R"("Patient")"}}), "component", "required",
       "components"},
      {With(
           {{"type", R"("composite")"},
            {"expression", R"("Patient")"},
            {"component",
             R"([{"definition":"http://hl7.org/fhir/SearchParameter/individual-gender","expression":"gender"},{"definition":"http://nowhere","expression":"x"}])"}}),
       "component[1].definition", "not-found", "of Patient"},
  };
  for (const Case& bad : cases) {
    const Status refused = Check(bad.text);
    ASSERT_FALSE(refused.ok()) << bad.text;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << bad.text;
    const Issue& issue = refused.error().issues.at(0);
    EXPECT_EQ(issue.path, "SearchParameter." + bad.path) << issue.text;
    EXPECT_EQ(issue.type, bad.type) << issue.text;
    EXPECT_NE(issue.text.find(bad.part), std::string::npos) << issue.text;
  }
}

TEST(ParameterCheck, AsksOnlyForWhatWillBeSearchedBy) {
  House house;
  const auto check = [&](const std::string& id, const std::string& text) {
    const auto document = fhir::Document::Parse(text);
    return house.index->CheckParameter(id, *document, {});
  };
  const std::string broken = With({{"expression", R"("Patient.nothere")"}});
  EXPECT_FALSE(check("born", broken).ok());
  EXPECT_TRUE(check("born", With({{"expression", R"("Patient.nothere")"}, {"status", R"("draft")"}})).ok());
  EXPECT_TRUE(check("copy", With({{"url", R"("http://hl7.org/fhir/SearchParameter/individual-birthdate")"},
                                  {"code", R"("birthdate")"}}))
                  .ok());
  house.Put(With({}));
  EXPECT_TRUE(check("born", With({{"type", R"("token")"}})).ok());  // in its own place
  const Status twice = check("other", With({{"url", R"("http://t/other")"}}));
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().issues.at(0).path, "SearchParameter.code");
  EXPECT_NE(twice.error().issues.at(0).text.find("http://t/born"), std::string::npos);
  house.Delete("SearchParameter", "born");
  EXPECT_TRUE(check("other", With({{"url", R"("http://t/other")"}})).ok());
  const std::string longer = With({{"description", ("\"" + std::string(70'000, 'x') + "\"").c_str()}});
  EXPECT_EQ(check("born", longer).error().code, ErrorCode::kTooLarge);
}

// A parameter that could find nothing would answer every question with an empty list.
TEST(ParameterCheck, ItsTypeCanHoldWhatItsExpressionGives) {
  const auto fits = [](const std::string& type, const std::string& expression) {
    const Status checked = Check(
        With({{"type", ("\"" + type + "\"").c_str()}, {"expression", ("\"" + expression + "\"").c_str()}}));
    if (!checked.ok()) {
      EXPECT_EQ(checked.error().issues.at(0).path, "SearchParameter.type") << type << " " << expression;
    }
    return checked.ok();
  };
  const std::pair<const char*, const char*> bad[] = {{"token", "Patient.name"},
                                                     {"date", "Patient.name.family"},
                                                     {"number", "Patient.name.given"},
                                                     {"reference", "Patient.gender"},
                                                     {"reference", "Patient.name.family"},
                                                     {"quantity", "Patient.birthDate"},
                                                     {"string", "Patient.birthDate"},
                                                     {"string", "Patient.active"},
                                                     {"uri", "Patient.maritalStatus"},
                                                     {"date", "Patient.name.where(use = 'official')"},
                                                     {"token", "Patient.contact"},
                                                     {"token", "Patient.name | Patient.address"}};
  for (const auto& [type, expression] : bad)
    EXPECT_FALSE(fits(type, expression)) << type << " " << expression;
  const std::pair<const char*, const char*> good[] = {{"token", "Patient.name.family"},
                                                      {"date", "Patient.name.period"},
                                                      {"string", "Patient.name"},
                                                      {"token", "Patient.birthDate"},
                                                      {"reference", "Patient.link.other"},
                                                      {"string", "Patient.maritalStatus"},
                                                      {"uri", "Patient.implicitRules"},
                                                      {"token", "Patient.telecom"},
                                                      {"token", "Patient.deceased"},
                                                      {"number", "Patient.name.count()"},
                                                      {"date", "Patient.extension('http://x/y')"},
                                                      {"token", "Patient.name | Patient.gender"},
                                                      {"date", "(Patient.deceased as dateTime)"}};
  for (const auto& [type, expression] : good)
    EXPECT_TRUE(fits(type, expression)) << type << " " << expression;
}

}  // namespace
}  // namespace tk::search
