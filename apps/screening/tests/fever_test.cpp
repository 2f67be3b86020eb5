// The pack loads, and its fever rule does what fever.case.json says.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "kernel/app/app.h"
#include "kernel/fhir/validate.h"

namespace tk {
namespace {

constexpr Instant kNow = 1'795'000'000 * kSecondUs;  // 2026-11-18T11:06:40Z

const app::Pack& ThisPack() {
  for (const app::Pack& pack : app::InstalledPacks()) {
    if (pack.id == "screening") return pack;
  }
  CHECK(false);
}

app::App Load() {
  auto loaded = app::LoadPack(*fhir::Definitions::R4(), ThisPack());
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().ToString());
  return std::move(loaded).value();
}

std::string Field(fhir::Value reading, const char* name, const char* otherwise) {
  const fhir::Value field = reading[name];
  if (field.present() && field.kind() == fhir::Kind::kNull) return {};
  return field.present() ? field.ToString() : otherwise;
}

view::ResourcePtr Observation(fhir::Value reading, uint32_t version) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object()
      .Member("resourceType", "Observation")
      .Member("id", "o1")
      .Member("status", Field(reading, "status", "final"));
  out.Key("code").Object().Key("coding").Array().Object().Member("system", "http://loinc.org");
  out.Member("code", Field(reading, "loinc", "8310-5")).End().End().End();
  const std::string subject = Field(reading, "subject", "Patient/p1");
  if (!subject.empty()) out.Key("subject").Object().Member("reference", subject).End();
  out.Key("valueQuantity").Object().Key("value").Raw(reading["value"].ToString()).Member("unit", "°C");
  if (const std::string comparator = Field(reading, "comparator", ""); !comparator.empty())
    out.Member("comparator", comparator);
  const std::string code = Field(reading, "code", "Cel");
  if (!code.empty()) out.Member("system", "http://unitsofmeasure.org").Member("code", code);
  out.End().End();
  auto document = fhir::Document::Parse(text);
  EXPECT_TRUE(document.ok()) << text;
  auto made = view::MakeResource(*fhir::Definitions::R4(), std::move(document).value(), version,
                                 view::Operation::kUpdate);
  EXPECT_TRUE(made.ok());
  return std::move(made).value();
}

rules::Hands FlagThenTask() {
  return {[left = 0]() mutable { return std::string(left++ == 0 ? "new-flag" : "new-task"); }, {}};
}

TEST(Screening, FeverCases) {
  std::ifstream file(TK_SOURCE_DIR "/apps/screening/tests/fever.case.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto cases = fhir::Document::Parse(text);
  ASSERT_TRUE(cases.ok());
  const app::App app = Load();
  ASSERT_EQ(app.rules.size(), 1u);
  EXPECT_EQ(app.rules[0].id, cases->Root()["rule"].ToString());
  size_t played = 0;
  for (fhir::Value each : cases->Root()["cases"]) {
    const std::string name = each["name"].ToString();
    view::Change change;
    if (each["given"].present()) change.before = Observation(each["given"], 1);
    change.now = Observation(each["when"], 2);
    auto fired = rules::Fire(*fhir::Definitions::R4(), app.rules[0], change, kNow, FlagThenTask());
    ASSERT_TRUE(fired.ok()) << name << ": " << fired.error().ToString();
    EXPECT_EQ(fired->size(), each["then"].ToString() == "fires" ? 2u : 0u) << name;
    ++played;
  }
  EXPECT_EQ(played, 19u);
}

TEST(Screening, WhatTheRuleMakesIsValidAndCarriesItsEvidence) {
  const auto definitions = fhir::Definitions::R4();
  const app::App app = Load();
  auto reading = fhir::Document::Parse(R"({"value":"37.6"})");
  view::Change change;
  change.now = Observation(reading->Root(), 1);
  auto fired = rules::Fire(*definitions, app.rules[0], change, kNow, FlagThenTask());
  ASSERT_TRUE(fired.ok() && fired->size() == 2);
  for (const rules::Write& write : *fired) {
    for (const Issue& issue : fhir::Validate(*definitions, write.now.Root()))
      ADD_FAILURE() << issue.path << ": " << issue.text;
  }
  const fhir::Value root = (*fired)[1].now.Root();
  EXPECT_EQ(root["id"].ToString(), "new-task");
  EXPECT_EQ(root["for"]["reference"].ToString(), "Patient/p1");
  EXPECT_EQ(root["focus"]["reference"].ToString(), "Observation/o1");
  EXPECT_EQ(root["basedOn"].At(0)["reference"].ToString(), "Flag/new-flag");
  EXPECT_EQ(root["extension"].At(0)["valueString"].ToString(), "screening.fever|1");
  EXPECT_EQ(root["reasonCode"]["text"].ToString(), "体温 37.6 °C，达到或超过 37.3 °C");
  auto from = ParseDateRange(root["restriction"]["period"]["start"].ToString());
  auto until = ParseDateRange(root["restriction"]["period"]["end"].ToString());
  ASSERT_TRUE(from.ok() && until.ok());
  EXPECT_EQ((until->low_us - from->low_us) / kSecondUs, 120 * 60);
}

}  // namespace
}  // namespace tk
