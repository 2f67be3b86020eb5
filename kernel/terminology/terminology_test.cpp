#include "kernel/terminology/terminology.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "kernel/terminology/built_in.h"
#include "kernel/terminology/official.h"

namespace tk::terminology {
namespace {

/// Stored resources that may change, and may be out of reach.
class Store final : public fhir::Canonicals {
 public:
  void Put(const std::string& json) {
    auto document = fhir::Document::Parse(json);
    ASSERT_TRUE(document.ok()) << json;
    auto shared = std::make_shared<const fhir::Document>(std::move(*document));
    const fhir::Value root = shared->Root();
    resources[root["resourceType"].ToString() + " " + root["url"].ToString()] = shared;
  }
  std::shared_ptr<const fhir::Document> Find(std::string_view type,
                                             std::string_view canonical) const override {
    ++asked;
    const auto found = resources.find(std::string(type) + " " + std::string(fhir::WithoutVersion(canonical)));
    return found == resources.end() || failure ? nullptr : found->second;
  }
  Status Complete() const override {
    if (failure) return *failure;
    return {};
  }
  std::map<std::string, std::shared_ptr<const fhir::Document>> resources;
  std::optional<Error> failure;
  mutable int asked = 0;
};

class TerminologyTest : public testing::Test {
 protected:
  void SetUp() override {
    // a > b > c, and d below both b (by a property) and e; f stands alone and is out of use.
    store.Put(R"({"resourceType":"CodeSystem","id":"s","url":"http://t/s","content":"complete","concept":[
      {"code":"a","concept":[{"code":"b","concept":[{"code":"c"}]}]},
      {"code":"d","property":[{"code":"parent","valueCode":"b"},{"code":"parent","valueCode":"e"}]},
      {"code":"e"},{"code":"f","property":[{"code":"inactive","valueBoolean":true}]}]})");
    store.Put(
        R"({"resourceType":"CodeSystem","id":"p","url":"http://t/part","content":"fragment","concept":[{"code":"x"}]})");
  }
  Terminology Now() { return Terminology(*fhir::Definitions::R4(), store, kept); }
  void PutSet(const std::string& name, const std::string& compose) {
    store.Put(R"({"resourceType":"ValueSet","id":")" + name + R"(","url":"http://t/)" + name +
              R"(","compose":)" + compose + "}");
  }
  static std::string Text(const Result<CodeListPtr>& list) {
    if (!list.ok()) return list.error().issues.at(0).text;
    std::string out;
    for (const auto& [system, code] : (*list)->codes()) out += (out.empty() ? "" : " ") + code;
    return out;
  }
  std::string In(const std::string& name) { return Text(Now().In("http://t/" + name)); }

  Store store;
  std::shared_ptr<Kept> kept = MakeKept();
};

TEST_F(TerminologyTest, HierarchyComesFromNestingAndProperties) {
  EXPECT_EQ(Text(Now().Below("http://t/s", "b")), "b c d");
  EXPECT_EQ(Text(Now().Below("http://t/s", "f")), "f");
  EXPECT_EQ(Text(Now().Above("http://t/s", "d")), "a b d e");
  EXPECT_EQ(Text(Now().Above("http://t/s", "a")), "a");
}

TEST_F(TerminologyTest, ARingOfParentsEnds) {
  store.Put(
      R"({"resourceType":"CodeSystem","url":"http://t/ring","content":"complete","concept":[)"
      R"({"code":"a","property":[{"code":"parent","valueCode":"b"}]},{"code":"b","property":[{"code":"parent","valueCode":"a"}]}]})");
  EXPECT_EQ(Text(Now().Below("http://t/ring", "a")), "a b");
  EXPECT_EQ(Text(Now().Above("http://t/ring", "a")), "a b");
}

TEST_F(TerminologyTest, ComposesAreExpanded) {
  PutSet("whole", R"({"include":[{"system":"http://t/s"}]})");
  EXPECT_EQ(In("whole"), "a b c d e f");
  PutSet("active", R"({"inactive":false,"include":[{"system":"http://t/s"}]})");
  EXPECT_EQ(In("active"), "a b c d e");
  PutSet("listed", R"({"include":[{"system":"http://t/s","concept":[{"code":"a"},{"code":"c"}]}]})");
  EXPECT_EQ(In("listed"), "a c");
  auto filter = [](const char* op, const char* value) {
    return std::string(R"({"include":[{"system":"http://t/s","filter":[{"property":"concept","op":")") + op +
           R"(","value":")" + value + R"("}]}]})";
  };
  PutSet("is-a", filter("is-a", "b"));
  EXPECT_EQ(In("is-a"), "b c d");
  PutSet("below", filter("descendent-of", "b"));
  EXPECT_EQ(In("below"), "c d");
  PutSet("not", filter("is-not-a", "b"));
  EXPECT_EQ(In("not"), "a e f");
  PutSet("above", filter("generalizes", "d"));
  EXPECT_EQ(In("above"), "a b d e");
  PutSet("in", filter("in", "a, c,unknown"));
  EXPECT_EQ(In("in"), "a c");
  PutSet("nobody", filter("is-a", "unknown"));
  EXPECT_EQ(In("nobody"), "");
  PutSet("both",
         R"({"include":[{"valueSet":["http://t/is-a","http://t/listed"]},{"valueSet":["http://t/in"]}],)"
         R"("exclude":[{"system":"http://t/s","concept":[{"code":"a"}]}]})");
  EXPECT_EQ(In("both"), "c");
}

TEST_F(TerminologyTest, WhatCannotBeListedSaysWhy) {
  const auto expect = [&](const std::string& name, ErrorCode code, const std::string& part) {
    const auto list = Now().In("http://t/" + name);
    ASSERT_FALSE(list.ok()) << name;
    EXPECT_EQ(list.error().code, code) << name;
    EXPECT_NE(list.error().issues.at(0).text.find(part), std::string::npos) << list.error().issues.at(0).text;
  };
  expect("nowhere", ErrorCode::kUnsupported, "value set http://t/nowhere is not known here");
  PutSet("elsewhere", R"({"include":[{"system":"http://t/s"},{"system":"http://t/missing"}]})");
  expect("elsewhere", ErrorCode::kUnsupported,
         "value set http://t/elsewhere, compose.include[1]: code system http://t/missing is not known");
  PutSet("part", R"({"include":[{"system":"http://t/part"}]})");
  expect("part", ErrorCode::kUnsupported, "not all codes of code system http://t/part");
  PutSet("regex",
         R"({"include":[{"system":"http://t/s","filter":[{"property":"code","op":"regex","value":"."}]}]})");
  expect("regex", ErrorCode::kUnsupported, "filter 'code regex'");
  PutSet("self", R"({"include":[{"valueSet":["http://t/self","http://t/self"]}]})");
  expect("self", ErrorCode::kTooLarge, "import each other");
  EXPECT_EQ(Now().Below("http://t/nowhere", "a").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(Now().Below("http://t/part", "x").error().code, ErrorCode::kUnsupported);
}

TEST_F(TerminologyTest, AnUnknownCodeIsItselfAloneAndToldSo) {
  EXPECT_EQ(Text(Now().Below("http://t/s", "unknown")), "unknown");
  EXPECT_EQ(Text(Now().Above("http://t/s|1", "unknown")), "unknown");
  EXPECT_EQ((*Now().Below("http://t/s", "unknown"))->note(),
            "code system http://t/s has no such code: only the code itself is looked for");
  EXPECT_EQ((*Now().Below("http://t/s", "b"))->note(), "");
}

TEST_F(TerminologyTest, ManyCodesAreRefused) {
  std::string concepts;
  for (size_t i = 0; i <= kListedCodesMax; ++i)
    concepts += (i == 0 ? "" : ",") + std::string(R"({"code":"n)") + std::to_string(i) + R"("})";
  store.Put(
      R"({"resourceType":"CodeSystem","url":"http://t/many","content":"complete","concept":[{"code":"top","concept":[)" +
      concepts + "]}]}");
  PutSet("many", R"({"include":[{"system":"http://t/many"}]})");
  EXPECT_EQ(Now().In("http://t/many").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(Now().Below("http://t/many", "top").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(Text(Now().Above("http://t/many", "n7")), "n7 top");
}

TEST_F(TerminologyTest, AListServesAsLongAsWhatItWasMadeFrom) {
  const auto import = R"({"include":[{"valueSet":["http://t/v"]}]})";
  PutSet("v", R"({"include":[{"system":"x","concept":[{"code":"one"}]}]})");
  PutSet("importing", import);
  const Terminology first = Now();
  const auto one = first.In("http://t/importing");
  EXPECT_EQ(Text(one), "one");
  PutSet("importing", import);
  EXPECT_EQ(*Now().In("http://t/importing"), *one);  // the very same list
  PutSet("v", R"({"include":[{"system":"x","concept":[{"code":"two"}]}]})");
  EXPECT_EQ(Text(first.In("http://t/importing")), "one");  // of its own state
  EXPECT_EQ(Text(Now().In("http://t/importing")), "two");
  store.resources.erase("ValueSet http://t/v");
  EXPECT_FALSE(Now().In("http://t/importing").ok());
}

TEST_F(TerminologyTest, NothingIsUnknownBeforeAllCanBeLookedUp) {
  PutSet("whole", R"({"include":[{"system":"http://t/s"}]})");
  store.failure = MakeError(ErrorCode::kUnavailable, "being built");
  EXPECT_EQ(Now().In("http://t/whole").error().code, ErrorCode::kUnavailable);
  // Not an official one either: a stored one goes before it.
  EXPECT_EQ(Now().In("http://hl7.org/fhir/ValueSet/observation-status").error().code,
            ErrorCode::kUnavailable);
  store.failure.reset();
  EXPECT_EQ(In("whole"), "a b c d e f");
}

TEST_F(TerminologyTest, TheOfficialOnesAreThere) {
  EXPECT_TRUE((*Now().In("http://hl7.org/fhir/ValueSet/observation-status"))
                  ->Has("http://hl7.org/fhir/observation-status", "final"));
  EXPECT_TRUE((*Now().In("http://hl7.org/fhir/ValueSet/observation-status|4.0.1"))
                  ->Has("http://hl7.org/fhir/observation-status", "final"));
  EXPECT_FALSE(Now().In("http://hl7.org/fhir/ValueSet/observation-status|9").ok());
  // By a filter over a code system: the nurses among the roles of HL7 v3, and nested ones below them.
  const auto below = Now().Below("http://terminology.hl7.org/CodeSystem/v3-ActCode", "_ActEncounterCode");
  ASSERT_TRUE(below.ok()) << below.error().ToString();
  EXPECT_TRUE((*below)->Has("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"));
  EXPECT_TRUE((*below)->Has("http://terminology.hl7.org/CodeSystem/v3-ActCode", "ACUTE"));
  const auto encounters = Now().In("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode");
  ASSERT_TRUE(encounters.ok()) << encounters.error().ToString();
  EXPECT_TRUE((*encounters)->Has("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IMP"));
  // What it refuses is said of the set that names it.
  EXPECT_NE(Text(Now().In("http://hl7.org/fhir/ValueSet/condition-code")).find("snomed.info/sct"),
            std::string::npos);
  // One that is stored goes before the official one of the same url.
  store.Put(
      R"({"resourceType":"ValueSet","url":"http://hl7.org/fhir/ValueSet/observation-status","compose":{"include":[{"system":"x","concept":[{"code":"own"}]}]}})");
  EXPECT_EQ(Text(Now().In("http://hl7.org/fhir/ValueSet/observation-status")), "own");
}

TEST(BuiltIn, NamesThePlatformsTypesAndWhatCameWithThem) {
  const auto definitions = fhir::Definitions::Extend(
      fhir::Definitions::R4(),
      {R"({"resourceType":"StructureDefinition","url":"http://t/Crate","kind":"resource","type":"Crate","derivation":"specialization",
      "baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource","differential":{"element":[{"path":"Crate","min":0,"max":"*"}]}})",
       R"({"resourceType":"ValueSet","url":"http://t/v","compose":{"include":[{"system":"http://t/s","concept":[{"code":"a"}]}]}})"});
  ASSERT_TRUE(definitions.ok()) << definitions.error().ToString();
  const BuiltIn built_in(**definitions);
  const Terminology terminology(**definitions, built_in, MakeKept());
  const auto types = terminology.In("http://hl7.org/fhir/ValueSet/resource-types|4.0.1");
  ASSERT_TRUE(types.ok()) << types.error().ToString();
  EXPECT_TRUE((*types)->Has("http://hl7.org/fhir/resource-types", "Crate"));
  EXPECT_TRUE((*types)->Has("http://hl7.org/fhir/resource-types", "Patient"));
  EXPECT_TRUE((*terminology.In("http://t/v"))->Has("http://t/s", "a"));
  EXPECT_NE(built_in.Find("StructureDefinition", "http://t/Crate"), nullptr);
  const BuiltIn own(*fhir::Definitions::R4());
  const Terminology official(*fhir::Definitions::R4(), own, MakeKept());
  EXPECT_FALSE((*official.In("http://hl7.org/fhir/ValueSet/resource-types"))
                   ->Has("http://hl7.org/fhir/resource-types", "Crate"));
}

TEST(ShownCanonical, RepeatsNothingButUrls) {
  EXPECT_EQ(ShownCanonical("http://t/s|1"), "http://t/s|1");
  EXPECT_EQ(ShownCanonical("http://t/s?name=Wang"), "(as asked)");
  EXPECT_EQ(ShownCanonical("Wang Fang"), "(as asked)");
}

}  // namespace
}  // namespace tk::terminology
