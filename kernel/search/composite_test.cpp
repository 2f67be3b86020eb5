// Composites, canonical units, texts, types of identifiers, URLs below, places, orders by anything: what entries alone do not tell.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

/// The ids that a query finds, in the order of the pages (two a page); an error's text instead, in brackets.
std::string Found(const House& house, const std::string& type, const std::string& query) {
  const auto first = house.Ask(type, query);
  if (!first.ok()) {
    const Error& error = first.error();
    return "[" + (error.issues.empty() ? error.external : error.issues[0].text) + "]";
  }
  bool good = true;
  std::string ids;
  for (const view::Ordinal ordinal : house.AskAll(type, query, 2, &good)) {
    const view::ResourcePtr& resource = house.versions.at(ordinal);
    ids += (ids.empty() ? "" : " ") + resource->id;
  }
  bool counted = true;
  const auto total = house.Ask(type, query + "&_summary=count");
  counted =
      total.ok() &&
      total->total == (ids.empty() ? 0u : static_cast<uint64_t>(std::count(ids.begin(), ids.end(), ' ')) + 1);
  return good && counted ? ids : "[pages or count are wrong]";
}

std::string Pressure(const std::string& id, int systolic, int diastolic) {
  auto part = [](const char* code, int value) {
    return fmt::format(
        R"({{"code":{{"coding":[{{"system":"http://loinc.org","code":"{}"}}]}},"valueQuantity":{{"value":{},"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}}})",
        code, value);
  };
  return fmt::format(
      R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"85354-9"}}]}},"component":[{},{}]}})",
      id, part("8480-6", systolic), part("8462-4", diastolic));
}

std::string Measured(const std::string& id, const std::string& code, const std::string& value,
                     const std::string& unit) {
  return fmt::format(
      R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{}"}}]}},"valueQuantity":{{"value":{},"unit":"{}","system":"http://unitsofmeasure.org","code":"{}"}}}})",
      id, code, value, unit, unit);
}

TEST(Composite, ItsPartsHoldWithinOneItem) {
  House house;
  house.Put(Pressure("high-low", 150, 70));
  house.Put(Pressure("low-high", 90, 150));  // 150 is there, but it is not the systolic one
  house.Put(Pressure("both", 160, 155));
  house.Put(Measured("alone", "8480-6", "155", "mm[Hg]"));
  EXPECT_EQ(Found(house, "Observation", "component-code-value-quantity=8480-6$gt140"), "both high-low");
  EXPECT_EQ(
      Found(house, "Observation",
            "component-code-value-quantity=http://loinc.org|8462-4$gt140|http://unitsofmeasure.org|mm[Hg]"),
      "both low-high");
  EXPECT_EQ(Found(house, "Observation", "component-code-value-quantity=8480-6$lt100,8462-4$lt100"),
            "low-high high-low");
  EXPECT_EQ(Found(house, "Observation", "combo-code-value-quantity=8480-6$gt140"), "alone both high-low");
  EXPECT_EQ(Found(house, "Observation", "code-value-quantity=8480-6$gt140"), "alone");
  EXPECT_EQ(Found(house, "Observation", "code-value-quantity=8480-6$gt140,8480-6$155"), "alone");
  EXPECT_EQ(Found(house, "Observation", "code-value-quantity:missing=false"), "alone");
  EXPECT_EQ(Found(house, "Observation", "component-code-value-quantity:missing=true"), "alone");
  EXPECT_EQ(Found(house, "Observation",
                  "component-code-value-quantity=8480-6$gt140&component-code-value-quantity=8462-4$gt140"),
            "both");
}

TEST(Composite, OfOtherKindsOfParts) {
  House house;
  house.Put(
      R"({"resourceType":"DocumentReference","id":"d","status":"current","content":[],"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/x"}},{"code":"appends","target":{"reference":"DocumentReference/y"}}]})");
  EXPECT_EQ(Found(house, "DocumentReference", "relationship=replaces$DocumentReference/x"), "d");
  EXPECT_EQ(Found(house, "DocumentReference", "relationship=replaces$y"), "");
  house.Put(
      R"({"resourceType":"Observation","id":"t","status":"final","code":{"coding":[{"code":"c"}]},"valueString":"a$b, c"})");
  EXPECT_EQ(Found(house, "Observation", "code-value-string=c$a%5C$b"), "t");
  EXPECT_EQ(Found(house, "Observation", "code-value-string=c$b"), "");
  house.Put(
      R"({"resourceType":"Observation","id":"w","status":"final","code":{"coding":[{"code":"c"}]},"valueDateTime":"2020-05-01"})");
  EXPECT_EQ(Found(house, "Observation", "code-value-date=c$ge2020-05"), "w");
  EXPECT_EQ(Found(house, "Observation", "code-value-date=c$lt2020-05"), "");
  house.Put(
      R"({"resourceType":"Group","id":"g","type":"person","actual":true,"characteristic":[{"code":{"coding":[{"code":"gender"}]},"valueCodeableConcept":{"coding":[{"code":"mixed"}]},"exclude":false},{"code":{"coding":[{"code":"owner"}]},"valueBoolean":true,"exclude":false}]})");
  EXPECT_EQ(Found(house, "Group", "characteristic-value=gender$mixed"), "g");
  EXPECT_EQ(Found(house, "Group", "characteristic-value=owner$true"), "g");
  EXPECT_EQ(Found(house, "Group", "characteristic-value=owner$mixed"), "");
  house.Put(
      R"({"resourceType":"PlanDefinition","id":"p","status":"draft","useContext":[{"code":{"code":"age"},"valueRange":{"low":{"value":10,"code":"a","system":"http://unitsofmeasure.org"},"high":{"value":20,"code":"a","system":"http://unitsofmeasure.org"}}},{"code":{"code":"focus"},"valueQuantity":{"value":50}}]})");
  EXPECT_EQ(Found(house, "PlanDefinition", "context-type-quantity=age$gt15"), "p");
  EXPECT_EQ(Found(house, "PlanDefinition", "context-type-quantity=age$15"), "");
  EXPECT_EQ(Found(house, "PlanDefinition", "context-type-quantity=age$gt20"), "");
  EXPECT_EQ(Found(house, "PlanDefinition", "context-type-quantity=age$ap15"), "p");
  EXPECT_EQ(Found(house, "PlanDefinition", "context-type-quantity=focus$50"), "p");
  EXPECT_EQ(Found(house, "PlanDefinition", "context-quantity=gt40"), "p");
}

TEST(Composite, BadOnesAreToldHowToMendThem) {
  House house;
  EXPECT_EQ(Found(house, "Observation", "code-value-quantity=8480-6"),
            "[search parameter code-value-quantity: takes 2 values with $ between them, code$value-quantity; "
            "write \\$ for a $ "
            "inside one]");
  EXPECT_EQ(Found(house, "Observation", "code-value-quantity=8480-6$high"),
            "[search parameter code-value-quantity: not a number, e.g. 5.4, ge100, 1e-3]");
  EXPECT_EQ(
      Found(house, "Observation", "code-value-quantity:exact=8480-6$1"),
      "[search parameter code-value-quantity:exact: this modifier is not offered; offered are :missing]");
}

TEST(Quantity, UnitsOfUcumCompareByWhatTheyMean) {
  House house;
  house.Put(Measured("mg", "c", "5.4", "mg"));
  house.Put(Measured("ug", "c", "5400", "ug"));
  house.Put(Measured("g", "c", "0.00540", "g"));
  house.Put(Measured("edge-low", "c", "5350", "ug"));
  house.Put(Measured("edge-high", "c", "5450", "ug"));
  house.Put(Measured("l", "c", "5.4", "L"));
  house.Put(Measured("warm", "t", "98.6", "[degF]"));
  const std::string ucum = "|http://unitsofmeasure.org|";
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.4" + ucum + "mg"), "edge-low g ug mg");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.40" + ucum + "mg"), "g ug mg");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=gt5400" + ucum + "ug"), "edge-high");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=ge5400" + ucum + "ug"), "edge-high g ug mg");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=lt5.4e0" + ucum + "mg"), "edge-low");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=ne5.4" + ucum + "mg"), "edge-high");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=ap6" + ucum + "mg"), "edge-high g ug mg");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.4||mg"), "mg");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.4"), "l mg");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=37.0" + ucum + "Cel"), "warm");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=gt37.0" + ucum + "Cel"), "");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.4|http://other|mg"), "");
  EXPECT_EQ(Found(house, "Observation", "code=c&value-quantity=5.40" + ucum + "mg"), "g ug mg");
}

TEST(Number, BoundariesAreThoseOfTheDecimals) {
  House house;
  for (const char* value : {"5.35", "5.349", "5.45", "5.4499999", "0.3", "0.1"})
    house.Put(Measured("v" + std::string(value), "c", value, "1"));
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.4"), "v5.4499999 v5.35");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=ge0.3&value-quantity=lt1"), "v0.3");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=gt0.3&value-quantity=lt1"), "");
  EXPECT_EQ(Found(house, "Observation", "value-quantity=ap0.33"), "v0.3");
}

TEST(Date, ApproximatelyIsATenthOfTheGapToNow) {
  House house;  // its now is 2020-09-13T12:26:40Z
  for (const char* born : {"2010-09-13", "2011-06-01", "2012-06-01", "2009-10-01"})
    house.Put(fmt::format(R"({{"resourceType":"Patient","id":"p{}","birthDate":"{}"}})", born, born));
  EXPECT_EQ(Found(house, "Patient", "birthdate=ap2010-09-13"), "p2009-10-01 p2011-06-01 p2010-09-13");
}

TEST(Text, ModifiersThatReadIt) {
  House house;
  house.Put(
      R"({"resourceType":"Condition","id":"a","code":{"text":"Acute Bronchitis","coding":[{"system":"s","code":"1","display":"bronchitis, acute"}]},"subject":{"reference":"Patient/1"}})");
  house.Put(
      R"({"resourceType":"Condition","id":"b","code":{"coding":[{"system":"s","code":"1","display":"Chronic bronchitis"}]},"subject":{"identifier":{"system":"urn:x","value":"7"}}})");
  EXPECT_EQ(Found(house, "Condition", "code:text=acute"), "a");
  EXPECT_EQ(Found(house, "Condition", "code:text=BRONCHITIS"), "a");
  EXPECT_EQ(Found(house, "Condition", "code=1&code:text=chronic"), "b");
  EXPECT_EQ(Found(house, "Condition", "subject:identifier=urn:x|7"), "b");
  EXPECT_EQ(Found(house, "Condition", "subject:identifier=7"), "b");
  EXPECT_EQ(Found(house, "Condition", "subject:identifier=urn:x|8"), "");
  EXPECT_EQ(Found(house, "Condition", "subject=7"), "");
  house.Put(
      R"({"resourceType":"Patient","id":"p","identifier":[{"type":{"coding":[{"system":"v2","code":"MR"}]},"value":"12"},{"type":{"coding":[{"system":"v2","code":"PN"}]},"value":"34"}]})");
  EXPECT_EQ(Found(house, "Patient", "identifier:of-type=v2|MR|12"), "p");
  EXPECT_EQ(Found(house, "Patient", "identifier:of-type=v2|MR|34"), "");
  EXPECT_EQ(Found(house, "Patient", "identifier:of-type=12"),
            "[search parameter identifier:of-type: :of-type takes system|code|value: the coding of the "
            "identifier's type, and its "
            "value]");
}

TEST(Missing, ALogicalReferenceIsOne) {
  House house;
  auto put = [&](const std::string& id, const std::string& subject) {
    house.Put(
        fmt::format(R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"text":"x"}}{}}})",
                    id, subject));
  };
  put("none", "");
  put("person", R"(,"subject":{"reference":"Patient/p"})");
  put("group", R"(,"subject":{"reference":"Group/g"})");
  put("known", R"(,"subject":{"type":"Patient","identifier":{"system":"urn:o","value":"1"}})");
  put("herd", R"(,"subject":{"type":"Group","identifier":{"system":"urn:o","value":"1"}})");
  put("any", R"(,"subject":{"identifier":{"system":"urn:o","value":"1"}})");
  EXPECT_EQ(Found(house, "Observation", "subject:identifier=urn:o|1&_sort=_id"), "any herd known");
  EXPECT_EQ(Found(house, "Observation", "subject:missing=true"), "none");
  EXPECT_EQ(Found(house, "Observation", "subject:missing=false&_sort=_id"), "any group herd known person");
  // patient = subject.where(resolve() is Patient): what may be one is one.
  EXPECT_EQ(Found(house, "Observation", "patient:identifier=urn:o|1&_sort=_id"), "any known");
  EXPECT_EQ(Found(house, "Observation", "patient:missing=true&_sort=_id"), "group herd none");
  EXPECT_EQ(Found(house, "Observation", "patient:missing=false&_sort=_id"), "any known person");
}

TEST(Uri, BelowAndAboveGoByTheParts) {
  House house;
  auto set = [&](const std::string& id, const std::string& url) {
    house.Put(fmt::format(R"({{"resourceType":"ValueSet","id":"{}","status":"draft","url":"{}"}})", id, url));
  };
  set("root", "http://a.org/fhir");
  set("one", "http://a.org/fhir/ValueSet/1");
  set("other", "http://a.org/fhirx/ValueSet/1");
  set("urn", "urn:oid:1.2");
  EXPECT_EQ(Found(house, "ValueSet", "url:below=http://a.org/fhir"), "one root");
  EXPECT_EQ(Found(house, "ValueSet", "url:below=http://a.org/fhir/"), "one");
  EXPECT_EQ(Found(house, "ValueSet", "url:above=http://a.org/fhir/ValueSet/1/x"), "one root");
  EXPECT_EQ(Found(house, "ValueSet", "url:above=http://a.org/fhir"), "root");
  EXPECT_EQ(Found(house, "ValueSet", "url:below=urn:oid:1"), "");
}

TEST(Meta, TagsProfilesSecurityAndSource) {
  House house;
  house.Put(
      R"({"resourceType":"Patient","id":"m","meta":{"profile":["http://x/p|1.0"],"tag":[{"system":"t","code":"1"}],"security":[{"system":"s","code":"R"}],"source":"http://from#1"}})");
  house.Put(R"({"resourceType":"Patient","id":"n"})");
  for (const char* query :
       {"_tag=t|1", "_tag=1", "_profile=http://x/p", "_profile=http://x/p|1.0", "_security=s|R",
        "_source=http://from%231", "_tag:missing=false", "_profile:below=http://x"})
    EXPECT_EQ(Found(house, "Patient", query), "m") << query;
  for (const char* query : {"_tag:not=1", "_profile:missing=true", "_security:missing=true"})
    EXPECT_EQ(Found(house, "Patient", query), "n") << query;
  for (const char* query : {"_text=a", "_content=a", "_list=$current-allergies", "_filter=a", "_query=a"}) {
    const std::string answer = Found(house, "Patient", query);
    EXPECT_EQ(answer.front(), '[') << query;
    EXPECT_NE(answer.find("not offered"), std::string::npos) << answer;
  }
}

TEST(Near, FindsWithinTheDistanceNearestFirst) {
  House house;
  auto place = [&](const std::string& id, double latitude, double longitude) {
    house.Put(fmt::format(
        R"({{"resourceType":"Location","id":"{}","name":"{}","position":{{"latitude":{},"longitude":{}}}}})",
        id, id, latitude, longitude));
  };
  place("tianjin", 39.125, 117.19);
  place("beijing", 39.9042, 116.4074);
  place("shanghai", 31.2304, 121.4737);
  place("fiji-west", -17.0, 179.9);
  house.Put(R"({"resourceType":"Location","id":"nowhere"})");
  EXPECT_EQ(Found(house, "Location", "near=39.9|116.4|150|km"), "beijing tianjin");
  EXPECT_EQ(Found(house, "Location", "near=39.125|117.19|150"), "tianjin beijing");
  EXPECT_EQ(Found(house, "Location", "near=39.125|117.19|150&_sort=name"), "beijing tianjin");
  EXPECT_EQ(Found(house, "Location", "near=39.125|117.19|10|m"), "tianjin");
  EXPECT_EQ(Found(house, "Location", "near=39.125|117.19"), "tianjin");
  EXPECT_EQ(Found(house, "Location", "near=39.125|117.19|100|[mi_i]"), "tianjin beijing");
  EXPECT_EQ(Found(house, "Location", "near=-17.0|-179.9|30|km"), "fiji-west") << "over the date line";
  EXPECT_EQ(Found(house, "Location", "near:missing=true"), "nowhere");
  for (const char* bad : {"near=39", "near=99|0", "near=39|117|5|kg", "near=39|117|-5", "near=a|b"})
    EXPECT_EQ(Found(house, "Location", bad).front(), '[') << bad;
}

TEST(Sort, ByEveryKindOfParameter) {
  House house;
  auto put = [&](const std::string& id, const std::string& rest) {
    house.Put(fmt::format(R"({{"resourceType":"Patient","id":"{}",{}}})", id, rest));
  };
  put("a",
      R"("gender":"male","managingOrganization":{"reference":"Organization/2"},"name":[{"family":"A long family name of one"}])");
  put("b",
      R"("gender":"female","managingOrganization":{"reference":"Organization/1"},"name":[{"family":"A long family name of two"}])");
  put("c", R"("gender":"other","name":[{"family":"A long family name of aaa"}])");
  put("d",
      R"("gender":"female","meta":{"source":"http://s"},"managingOrganization":{"reference":"Organization/3"})");
  EXPECT_EQ(Found(house, "Patient", "_sort=gender,_id"), "b d a c");
  EXPECT_EQ(Found(house, "Patient", "_sort=-gender,-_id"), "c a d b");
  EXPECT_EQ(Found(house, "Patient", "_sort=organization"), "b a d c");
  EXPECT_EQ(Found(house, "Patient", "_sort=-organization"), "d a b c");
  EXPECT_EQ(Found(house, "Patient", "_sort=family"), "c a b d");
  EXPECT_EQ(Found(house, "Patient", "_sort=-family"), "b a c d");
  EXPECT_EQ(Found(house, "Patient", "_sort=_source,-_id"), "d c b a");
  EXPECT_EQ(Found(house, "Patient", "_sort=_id"), "a b c d");
  EXPECT_EQ(Found(house, "Patient", "_sort=nonsense").front(), '[');
}

TEST(Sort, QuantitiesByWhatTheyMean) {
  House house;
  house.Put(Measured("mg", "1", "5.44", "mg"));
  house.Put(Measured("ug", "1", "5400", "ug"));
  house.Put(Measured("g", "1", "0.006", "g"));
  house.Put(Measured("same", "1", "0.0054", "g"));
  house.Put(
      R"({"resourceType":"Observation","id":"range","status":"final","code":{"text":"x"},"component":[{"code":{"text":"y"},"valueQuantity":{"value":7000,"system":"http://unitsofmeasure.org","code":"ug"}}]})");
  EXPECT_EQ(Found(house, "Observation", "_sort=value-quantity&code=1"), "same ug mg g")
      << "equals newest first";
  EXPECT_EQ(Found(house, "Observation", "_sort=-value-quantity&code=1"), "g mg same ug");
  EXPECT_EQ(Found(house, "Observation", "_sort=-combo-value-quantity"), "range g mg same ug");
  // What is asked without a unit goes by the numbers as they are written.
  EXPECT_EQ(Found(house, "Observation", "value-quantity=5.44"), "mg");
  EXPECT_EQ(Found(house, "Observation", "code=1&value-quantity=gt5&_sort=_id"), "mg ug");
}

TEST(Sort, RangesStillAnswerWithoutAUnit) {
  House house;
  auto put = [&](const std::string& id, const char* low, const char* high) {
    house.Put(fmt::format(
        R"({{"resourceType":"RiskAssessment","id":"{}","status":"final","subject":{{"reference":"Patient/p"}},"prediction":[{{"probabilityRange":{{"low":{{"value":{}}},"high":{{"value":{}}}}}}}]}})",
        id, low, high));
  };
  put("low", "0.1", "0.2");
  put("high", "0.3", "0.5");
  EXPECT_EQ(Found(house, "RiskAssessment", "_sort=probability"), "low high");
  EXPECT_EQ(Found(house, "RiskAssessment", "subject=Patient/p&probability=gt0.25"), "high");
}

}  // namespace
}  // namespace tk::search
