// What R4's search asks of values as people write them: comparators and units of quantities, tokens that are strings, canonicals with a
// version, empty parameters. Source: FHIR R4 search.html 3.1.1.3, 3.1.1.4.9 to 3.1.1.4.11.
#include <gtest/gtest.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

std::string FoundIds(const House& house, const std::map<view::Ordinal, std::string>& names,
                     const std::string& type, const std::string& text) {
  const auto page = house.Ask(type, text, {});
  if (!page.ok()) return page.error().external;
  std::vector<view::Ordinal> found = page->ordinals;
  std::sort(found.begin(), found.end());
  std::string out;
  for (const view::Ordinal ordinal : found) out += (out.empty() ? "" : " ") + names.at(ordinal);
  return out;
}

struct WrittenAsked {
  const char* text;
  const char* found;
};

struct WrittenValues {
  void Put(const std::string& id, const std::string& quantity) {
    names[house.Put(R"({"resourceType":"Observation","id":")" + id +
                    R"(","status":"final","code":{"coding":[{"system":"s","code":"c"}]},"valueQuantity":)" +
                    quantity + "}")] = id;
  }
  House house;
  std::map<view::Ordinal, std::string> names;
};

TEST(AsWritten, AComparatorMakesARangeOfANumber) {
  WrittenValues v;
  v.Put("is", R"({"value":18})");
  v.Put("more", R"({"value":18,"comparator":">"})");
  v.Put("least", R"({"value":18,"comparator":">="})");
  v.Put("less", R"({"value":18,"comparator":"<","system":"http://unitsofmeasure.org","code":"g"})");
  v.Put("most", R"({"value":18,"comparator":"<="})");
  const WrittenAsked cases[] = {{"value-quantity=18", "is"},
                                {"value-quantity=gt18", "more least"},
                                {"value-quantity=lt18", "less most"},
                                {"value-quantity=sa17", "is more least"},
                                {"value-quantity=gt17", "is more least less most"},
                                {"value-quantity=sa18", "more"},
                                {"value-quantity=eb18", "less"},
                                {"value-quantity=eb19", "is less most"},
                                {"value-quantity=gt25000", "more least"},
                                {"value-quantity=lt0.018|http://unitsofmeasure.org|kg", "less"},
                                {"value-quantity=eb0.018|http://unitsofmeasure.org|kg", "less"},
                                {"value-quantity=ne18", "more least less most"},
                                {"code-value-quantity=s|c$gt18", "more least"}};
  for (const WrittenAsked& asked : cases)
    EXPECT_EQ(FoundIds(v.house, v.names, "Observation", asked.text), asked.found) << asked.text;
}

TEST(AsWritten, AUnitIsAskedForAsItIsWrittenOrAsItsCode) {
  WrittenValues v;
  v.Put("both", R"({"value":140,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"})");
  v.Put("word", R"({"value":140,"unit":"mmHg"})");
  v.Put("code", R"({"value":140,"system":"http://unitsofmeasure.org","code":"mm[Hg]"})");
  v.Put("own", R"({"value":140,"unit":"mmHg","system":"http://x/units","code":"a"})");
  const WrittenAsked cases[] = {{"value-quantity=140||mmHg", "both word own"},
                                {"value-quantity=gt139||mmHg", "both word own"},
                                {"value-quantity=140||mm[Hg]", "both code"},
                                {"value-quantity=140|http://unitsofmeasure.org|mm[Hg]", "both code"},
                                {"value-quantity=140|http://x/units|mmHg", ""},
                                {"value-quantity=140|http://x/units|a", "own"},
                                {"code-value-quantity=s|c$140||mmHg", "both word own"},
                                {"_id=both,code&value-quantity=140||mmHg", "both"},
                                {"value-quantity=140||", "both word code own"},
                                {"value-quantity=gt139||", "both word code own"},
                                {"value-quantity=140|http://unitsofmeasure.org|", "both code"},
                                {"value-quantity=gt100|http://x/units|", "own"},
                                {"_id=word,own&value-quantity=140|http://x/units|", "own"},
                                {"code-value-quantity=s|c$140||", "both word code own"},
                                {"value-quantity=140||kPa", ""}};
  for (const WrittenAsked& asked : cases)
    EXPECT_EQ(FoundIds(v.house, v.names, "Observation", asked.text), asked.found) << asked.text;
}

TEST(AsWritten, TokensThatAreStringsHaveNoCaseAndCanonicalsAVersion) {
  House house;
  std::map<view::Ordinal, std::string> names;
  const auto put = [&](const std::string& id, const std::string& version) {
    names[house.Put(R"({"resourceType":"ValueSet","id":")" + id +
                    R"(","url":"http://x.org/VS/v","status":"draft","version":")" + version + R"("})")] = id;
  };
  put("one", "V1-Alpha");
  put("two", "v2");
  const WrittenAsked cases[] = {{"version=v1-alpha", "one"},
                                {"version=V1-ALPHA,V2", "one two"},
                                {"version=V1 Alpha", ""},
                                {"version:not=V2", "one"},
                                {"status=DRAFT", ""},
                                {"url=http://x.org/VS/v", "one two"},
                                {"url=http://x.org/VS/v|V1-Alpha", "one"},
                                {"url=http://x.org/VS/v|3", ""}};
  for (const WrittenAsked& asked : cases)
    EXPECT_EQ(FoundIds(house, names, "ValueSet", asked.text), asked.found) << asked.text;
}

TEST(AsWritten, AddressesOfContactsHaveNoCase) {
  House house;
  std::map<view::Ordinal, std::string> names;
  const auto put = [&](const std::string& id, const std::string& telecom) {
    const std::string text = R"({"resourceType":"Practitioner","id":")" + id + R"(","telecom":[)" + telecom +
                             R"(],"identifier":[{"system":"http://x/staff","value":"Ab1"}]})";
    names[house.Put(text)] = id;
    return text;
  };
  const std::string one = put("one", R"({"system":"email","value":"Li.Na@Example.org"})");
  put("two", R"({"system":"email","value":"li.na@example.org"},{"system":"phone","value":"19900000001"})");
  put("three", R"({"system":"phone","value":"LI.NA@EXAMPLE.ORG"})");
  const WrittenAsked cases[] = {{"email=li.na@example.org", "one two"},
                                {"email=LI.NA@example.ORG", "one two"},
                                {"telecom=Li.na@example.org", "one two three"},
                                {"telecom=|li.na@example.org", "one two three"},
                                {"telecom=email|li.na@example.org", ""},
                                {"email:not=LI.NA@EXAMPLE.ORG", "three"},
                                {"_id=one,three&email=li.na@example.org", "one"},
                                {"phone=19900000001", "two"},
                                {"email=li.na@example", ""},
                                {"identifier=http://x/staff|Ab1", "one two three"},
                                {"identifier=http://x/staff|ab1", ""}};
  for (const WrittenAsked& asked : cases)
    EXPECT_EQ(FoundIds(house, names, "Practitioner", asked.text), asked.found) << asked.text;
}

TEST(AsWritten, AReferenceByItsDisplayAloneIsThere) {
  House house;
  std::map<view::Ordinal, std::string> names;
  const auto put = [&](const std::string& id, const std::string& goal) {
    names[house.Put(R"({"resourceType":"CarePlan","id":")" + id +
                    R"(","status":"active","intent":"plan","subject":{"reference":"Patient/p"})" + goal +
                    "}")] = id;
  };
  put("named", R"(,"goal":[{"display":"Walk a mile"}])");
  put("none", "");
  put("linked", R"(,"goal":[{"reference":"Goal/g"}])");
  EXPECT_EQ(FoundIds(house, names, "CarePlan", "goal:missing=false"), "named linked");
  EXPECT_EQ(FoundIds(house, names, "CarePlan", "goal:missing=true"), "none");
  EXPECT_EQ(FoundIds(house, names, "CarePlan", "goal=g"), "linked");
}

TEST(AsWritten, AQueryByANameIsRefusedAlsoToTheLenient) {
  const auto r4 = fhir::Definitions::R4();
  ParseOptions lenient;
  lenient.lenient = true;
  const auto refused = ParseQuery(*r4, r4->FindType("Patient"), "_query=mine&name=a", lenient);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().external.find("named queries"), std::string::npos);
}

TEST(AsWritten, ACodeThatBeginsWithAHyphenIsSortedBy) {
  const auto own = fhir::Definitions::Extend(
      fhir::Definitions::R4(),
      {R"({"resourceType":"SearchParameter","id":"r","url":"http://own/r","name":"R","status":"active","code":"-risk",)"
       R"("base":["Patient"],"type":"string","expression":"Patient.name.text"})"});
  ASSERT_TRUE(own.ok()) << own.error().ToString();
  const fhir::TypeId patient = (*own)->FindType("Patient");
  const auto up = ParseQuery(**own, patient, "_sort=-risk", {}),
             down = ParseQuery(**own, patient, "_sort=--risk", {});
  ASSERT_TRUE(up.ok() && down.ok());
  EXPECT_FALSE(up->sort[0].descending);
  EXPECT_TRUE(down->sort[0].descending);
  EXPECT_TRUE(ParseQuery(**own, patient, "_sort=-birthdate", {})->sort[0].descending);
}

TEST(AsWritten, AnEmptyParameterIsNoneButOfACondition) {
  const auto r4 = fhir::Definitions::R4();
  const fhir::TypeId patient = r4->FindType("Patient");
  const auto query = ParseQuery(*r4, patient, "name=&gender=female&_count=&birthdate=", {});
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  EXPECT_EQ(query->criteria.size(), 1u);
  EXPECT_EQ(query->self, "gender=female");
  const auto unknown = ParseQuery(*r4, patient, "gender=female&nothing=", {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().external.find("nothing"), std::string::npos);
  ParseOptions condition;
  condition.is_condition = true;
  const auto refused = ParseQuery(*r4, patient, "identifier=&gender=female", condition);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().external.find("has no value"), std::string::npos);
}

}  // namespace
}  // namespace tk::search
