// What the map of ADT messages makes of a message: every member that is given, what is left out with a warning, what is missing.
#include "kernel/hl7v2/map.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/fhir/validate.h"

namespace tk::hl7v2 {
namespace {

MapScene TestScene() {
  MapScene scene;
  scene.sender = "urn:here";
  scene.id_of = [](std::string_view type, std::string_view key) {
    std::string id(type == "Patient" ? "p" : "v");
    for (const char c : key) id.push_back(c == '|' ? '.' : c);
    return id;
  };
  return scene;
}

Result<Mapped> MapOf(std::string_view bytes) {
  const Message message = TRY(Message::Parse(bytes));
  return Map::Adt().Apply(message, TestScene());
}

std::string MemberOf(const Mapped& mapped, std::string_view type, std::string_view name) {
  for (const MappedResource& resource : mapped.resources) {
    if (resource.type != type) continue;
    for (const auto& [member, json] : resource.given) {
      if (member == name) return json.empty() ? "(removed)" : json;
    }
  }
  return "(none)";
}

std::string IdOfMade(const Mapped& mapped, std::string_view type) {
  const auto found = std::find_if(mapped.resources.begin(), mapped.resources.end(),
                                  [&](const auto& one) { return one.type == type; });
  return found == mapped.resources.end() ? "" : found->id;
}

std::string Adt(std::string_view event, std::string_view pid, std::string_view pv1) {
  return "MSH|^~\\&|HIS|EAST|TK|CITY|20261123090000||ADT^" + std::string(event) +
         "|17|P|2.5.1\rEVN||20261123101500\r" + std::string(pid) + "\r" + std::string(pv1);
}
constexpr std::string_view kPid =
    "PID|1||A1^^^EAST^MR~380102197103046119^^^^NI||王^小明^^^^^L||19710304|1|||东街1号^^山城^^400000^CHN^H||"
    "19900009011^PRN^CP~^^Internet^a@b.example";
constexpr std::string_view kPv1 =
    "PV1|1|O|急诊^^^EAST||||D1^李^医生||||||||||||V7^^^EAST|||||||||||||||||||||||||20261123090000";

TEST(Hl7Map, ARegistrationBecomesAPatientAndAVisit) {
  auto made = MapOf(Adt("A04", kPid, kPv1));
  ASSERT_TRUE(made.ok()) << made.error().external;
  EXPECT_TRUE(made->warnings.empty());
  EXPECT_EQ(IdOfMade(*made, "Patient"), "pEAST.A1");
  EXPECT_EQ(IdOfMade(*made, "Encounter"), "vEAST.V7");
  EXPECT_EQ(
      MemberOf(*made, "Patient", "identifier"),
      R"([{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:here/EAST","value":"A1"},)"
      R"({"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"NI"}]},"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"380102197103046119"}])");
  EXPECT_EQ(MemberOf(*made, "Patient", "name"), R"([{"use":"official","family":"王","given":["小明"]}])");
  EXPECT_EQ(MemberOf(*made, "Patient", "gender"), R"("male")");
  EXPECT_EQ(MemberOf(*made, "Patient", "birthDate"), R"("1971-03-04")");
  EXPECT_EQ(
      MemberOf(*made, "Patient", "telecom"),
      R"([{"system":"phone","value":"19900009011","use":"home"},{"system":"email","value":"a@b.example","use":"home"}])");
  EXPECT_EQ(MemberOf(*made, "Patient", "address"),
            R"([{"use":"home","line":["东街1号"],"city":"山城","postalCode":"400000","country":"CHN"}])");
  EXPECT_EQ(MemberOf(*made, "Encounter", "status"), R"("arrived")");
  EXPECT_EQ(
      MemberOf(*made, "Encounter", "class"),
      R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"ambulatory"})");
  EXPECT_EQ(MemberOf(*made, "Encounter", "subject"), R"({"reference":"Patient/pEAST.A1"})");
  EXPECT_EQ(MemberOf(*made, "Encounter", "period"), R"({"start":"2026-11-23T09:00:00+08:00"})");
  EXPECT_EQ(MemberOf(*made, "Encounter", "location"), R"([{"location":{"display":"急诊"}}])");
  EXPECT_EQ(
      MemberOf(*made, "Encounter", "participant"),
      R"([{"type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"ATND"}]}],"individual":{"display":"李医生"}}])");
}

TEST(Hl7Map, EachEventSaysWhatTheVisitIs) {
  const std::string no_time = "PV1|1|I|||||||||||||||||V7";
  EXPECT_EQ(MemberOf(*MapOf(Adt("A01", kPid, no_time)), "Encounter", "status"), R"("in-progress")");
  EXPECT_EQ(MemberOf(*MapOf(Adt("A08", kPid, no_time)), "Encounter", "status"), "(none)");
  const auto left = MapOf(Adt("A03", kPid, no_time));
  EXPECT_EQ(MemberOf(*left, "Encounter", "status"), R"("finished")");
  EXPECT_EQ(MemberOf(*left, "Encounter", "period"), R"({"end":"2026-11-23T10:15:00+08:00"})");
}

TEST(Hl7Map, WhatIsNotSentStaysAndTwoQuotesTakeAway) {
  const auto made = MapOf(Adt("A08", R"(PID|1||A1||Wang|||""|||||"")", "PV1|1|E|||||||||||||||||V7"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(MemberOf(*made, "Patient", "gender"), "(removed)");
  EXPECT_EQ(MemberOf(*made, "Patient", "telecom"), "(removed)");
  EXPECT_EQ(MemberOf(*made, "Patient", "birthDate"), "(none)");
  EXPECT_EQ(MemberOf(*made, "Patient", "address"), "(none)");
  EXPECT_EQ(MemberOf(*made, "Encounter", "participant"), "(none)");
}

TEST(Hl7Map, WhatCannotBeReadIsLeftOutAndToldOf) {
  const auto made =
      MapOf(Adt("A04", "PID|1||A1||Wang||19711399|Q|||||||||||101-01-0001", "PV1|1|Z|||||||||||||||||V7"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(MemberOf(*made, "Patient", "birthDate"), "(none)");
  EXPECT_EQ(MemberOf(*made, "Patient", "gender"), "(none)");
  EXPECT_EQ(MemberOf(*made, "Encounter", "class"), "(none)");
  EXPECT_EQ(MemberOf(*made, "Patient", "identifier").find("101-01"), std::string::npos);
  std::string told;
  for (const Note& note : made->warnings) told += note.place + " " + note.condition + note.severity + "; ";
  EXPECT_EQ(told, "PID-8 103W; PID-7 102W; PV1-2 103W; ");
}

TEST(Hl7Map, EveryRequiredPlaceThatIsMissingIsTold) {
  const auto made = MapOf("MSH|^~\\&|HIS|EAST|||||ADT^A04\rPID|1\rPV1|1");
  ASSERT_FALSE(made.ok());
  std::string told;
  for (const Issue& issue : made.error().issues) told += issue.path + " ";
  EXPECT_EQ(told, "MSH-10 PID-3.1 PID-5 PV1-2 PV1-19.1 ");
}

TEST(Hl7Map, TheHeaderIsCheckedFirst) {
  const auto place = [](std::string_view header) {
    const auto message = Message::Parse(header);
    EXPECT_TRUE(message.ok());
    const Status checked = Map::Adt().CheckHeader(*message);
    return checked.ok() ? std::string("good") : checked.error().issues.at(0).path;
  };
  EXPECT_EQ(place("MSH|^~\\&|A|B|C|D|||ADT^A04^ADT_A01|1|P|2.5.1"), "good");
  EXPECT_EQ(place("MSH|^~\\&|A|B|C|D|||ADT^A04|1||2.3"), "good");
  EXPECT_EQ(place("MSH|^~\\&|A|B|C|D|||ORU^R01|1|P|2.5.1"), "MSH-9.1");
  EXPECT_EQ(place("MSH|^~\\&|A|B|C|D|||ADT^A40|1|P|2.5.1"), "MSH-9.2");
  EXPECT_EQ(place("MSH|^~\\&|A|B|C|D|||ADT^A04|1|T|2.5.1"), "MSH-11");
  EXPECT_EQ(place("MSH|^~\\&|A|B|C|D|||ADT^A04|1|P|3.0"), "MSH-12");
}

TEST(Hl7Map, TimesAreAsPreciseAsTheyWereSent) {
  EXPECT_EQ(DateOf("1971"), "1971");
  EXPECT_EQ(DateOf("197103"), "1971-03");
  EXPECT_EQ(DateOf("19710304"), "1971-03-04");
  EXPECT_EQ(DateOf("197103041230"), "1971-03-04");
  for (const char* none : {"", "71", "19711304", "1971-03-04", "abc", "19710230"})
    EXPECT_EQ(DateOf(none), "") << none;
  EXPECT_EQ(DateTimeOf("20261123", 480), "2026-11-23");
  EXPECT_EQ(DateTimeOf("2026112309", 480), "2026-11-23T09:00:00+08:00");
  EXPECT_EQ(DateTimeOf("20261123090501.123-0330", 480), "2026-11-23T09:05:01-03:30");
  EXPECT_EQ(DateTimeOf("202611230905", -210), "2026-11-23T09:05:00-03:30");
  for (const char* none : {"2026112325", "20261123090", "20261123090000+08", "20261123090000+0x00"})
    EXPECT_EQ(DateTimeOf(none, 480), "") << none;
}

TEST(Hl7Map, AuthoritiesBecomeSystems) {
  const auto system = [](std::string_view authority) {
    const auto made = MapOf(Adt("A04", "PID|1||A1^^^" + std::string(authority) + "||Wang", kPv1));
    const std::string json = MemberOf(*made, "Patient", "identifier");
    const size_t at = json.find("\"system\":\"") + 10;
    return json.substr(at, json.find('"', at) - at);
  };
  EXPECT_EQ(system(""), "urn:here");
  EXPECT_EQ(system("EAST WING"), "urn:here/EAST%20WING");
  EXPECT_EQ(system("EAST&1.2.156.1&ISO"), "urn:oid:1.2.156.1");
  EXPECT_EQ(system("&https://his.example/id&URI"), "https://his.example/id");
  EXPECT_EQ(system("EAST&1.2.x&ISO"), "urn:here/EAST");
}

TEST(Hl7Map, AMapThatIsWrongIsToldByLineAndPath) {
  const auto bad =
      Map::Load("own.json", R"({"type":"ADT","events":["A01"],"processing":["P"],"versions":["2.5"],
"required":[{"any":["pid"],"text":"x"}],
"resources":[{"type":"Patient","key":["=PID-3.1"],"make":{"gender":"=PID-8|code:nothing","x":"=PID-8|bad","y":["=rubbish"]}}]})");
  ASSERT_FALSE(bad.ok());
  const std::string told = bad.error().external;
  for (const char* part : {"own.json:2:", "required[0].any", "resources[0].make.gender",
                           "resources[0].make.x", "resources[0].make.y[0]"})
    EXPECT_NE(told.find(part), std::string::npos) << part << "\n" << told;
}

TEST(Hl7Map, EachEventSaysWhatBecameOfTheVisitOrOnlyWhoSomebodyIs) {
  const std::pair<std::string_view, std::string_view> states[] = {
      {"A01", "in-progress"}, {"A02", "in-progress"},      {"A03", "finished"},  {"A04", "arrived"},
      {"A05", "planned"},     {"A06", "in-progress"},      {"A11", "cancelled"}, {"A21", "onleave"},
      {"A22", "in-progress"}, {"A23", "entered-in-error"}, {"A27", "cancelled"}, {"A38", "cancelled"}};
  for (const auto& [event, state] : states) {
    const auto made = MapOf(Adt(event, kPid, kPv1));
    ASSERT_TRUE(made.ok()) << event;
    EXPECT_EQ(MemberOf(*made, "Encounter", "status"), "\"" + std::string(state) + "\"") << event;
    EXPECT_FALSE(MapOf(Adt(event, kPid, "PV1|1|O")).ok()) << event;
  }
  for (const std::string_view event : {"A28", "A31"}) {
    const auto made = MapOf(Adt(event, kPid, "PV1|1|N"));
    ASSERT_TRUE(made.ok()) << event;
    ASSERT_EQ(made->resources.size(), 1U);
    EXPECT_EQ(made->resources[0].type, "Patient");
  }
}

// ---- results ----

/// A message of results: `rest` are its segments after PID.
Result<Mapped> ResultsOf(std::string_view rest) {
  const Message message = TRY(Message::Parse(
      "MSH|^~\\&|LIS|EAST|TK|CITY|20261123090000||ORU^R01|18|P|2.5.1\rPID|1||A1^^^EAST^MR||王^小明\r" +
      std::string(rest)));
  MapScene scene = TestScene();
  scene.id_of = [](std::string_view type, std::string_view key) {
    std::string id(type.substr(0, 1));
    for (const char c : key) id.push_back(c == '|' ? '.' : c);
    return id;
  };
  return Map::For(message).Apply(message, scene);
}

const MappedResource* Made(const Mapped& mapped, std::string_view type, size_t nth) {
  for (const MappedResource& resource : mapped.resources) {
    if (resource.type == type && --nth == 0) return &resource;
  }
  return nullptr;
}
std::string Member(const MappedResource* resource, std::string_view name) {
  if (resource == nullptr) return "(no resource)";
  for (const auto* part : {&resource->given, &resource->otherwise}) {
    for (const auto& [member, json] : *part) {
      if (member == name) return json;
    }
  }
  return "(none)";
}

TEST(Hl7Results, AReportNamesItsOwnResultsAndTheirSpecimen) {
  const auto made = ResultsOf(
      "OBR|1|P7|F7|94500-6^新冠核酸^LN|||20261123073000|||||||||||||||20261123083000+0800|||F\r"
      "OBX|1|CWE|94500-6^新冠核酸^LN|1|260373001^检出^SCT||阴性|POS|||F|||20261123071500\r"
      "NTE|1||复检一次\rNTE|2||双靶标\r"
      "SPM|1|S1&PL^S2&FI||258500001^鼻咽拭子^SCT|||||||||||||20261123071000|20261123074500\r"
      "OBR|2|P7|F7|58410-2^血常规^LN|||20261123073000||||||||||||||||||P\r"
      "OBX|1|NM|6690-2^白细胞^LN||+011.50|10*9/L^^UCUM|4-10|H~A|||P\r");
  ASSERT_TRUE(made.ok()) << made.error().external;
  ASSERT_EQ(made->resources.size(), 6U);
  const auto* pcr = Made(*made, "Observation", 1);
  EXPECT_EQ(Member(pcr, "status"), R"("final")");
  EXPECT_EQ(Member(pcr, "effectiveDateTime"), R"("2026-11-23T07:15:00+08:00")");
  EXPECT_EQ(
      Member(pcr, "valueCodeableConcept"),
      R"({"coding":[{"system":"http://snomed.info/sct","code":"260373001","display":"检出"}],"text":"检出"})");
  EXPECT_EQ(Member(pcr, "note"), R"([{"text":"复检一次"},{"text":"双靶标"}])");
  EXPECT_EQ(Member(pcr, "specimen"), R"({"reference":"Specimen/SF7.S2"})");
  const auto* blood = Made(*made, "Observation", 2);
  EXPECT_EQ(Member(blood, "valueQuantity"),
            R"({"value":11.50,"unit":"10*9/L","system":"http://unitsofmeasure.org","code":"10*9/L"})");
  EXPECT_EQ(Member(blood, "specimen"), "(none)");
  EXPECT_EQ(Member(blood, "note"), "(none)");
  EXPECT_EQ(Member(blood, "effectiveDateTime"), R"("2026-11-23T07:30:00+08:00")");
  EXPECT_EQ(Member(Made(*made, "DiagnosticReport", 1), "result"),
            R"([{"reference":"Observation/OF7.94500-6.1.94500-6"}])");
  EXPECT_EQ(Member(Made(*made, "DiagnosticReport", 2), "result"),
            R"([{"reference":"Observation/OF7.58410-2..6690-2"}])");
  EXPECT_EQ(Member(Made(*made, "DiagnosticReport", 1), "issued"), R"("2026-11-23T08:30:00+08:00")");
  EXPECT_EQ(Member(Made(*made, "Specimen", 1), "collection"),
            R"({"collectedDateTime":"2026-11-23T07:10:00+08:00"})");
}

TEST(Hl7Results, AValueIsWhatItsTypeSays) {
  const struct {
    std::string_view field, member, json;
  } values[] = {
      {"NM|X||0065.88|nmol/L", "valueQuantity", R"({"value":65.88,"unit":"nmol/L"})"},
      {"NM|X||<5|nmol/L", "valueString", R"("<5")"},
      {"NM|X||.5", "valueQuantity", R"({"value":0.5})"},
      {"SN|X||<^100|mg", "valueQuantity", R"({"value":100,"comparator":"<","unit":"mg"})"},
      {"SN|X||^1^-^4", "valueRange", R"({"low":{"value":1},"high":{"value":4}})"},
      {"SN|X||^1^:^128", "valueRatio", R"({"numerator":{"value":1},"denominator":{"value":128}})"},
      {"SN|X||^2^+", "valueString", R"("2+")"},
      {"ST|X||A&B ^ C", "valueString", R"("A&B ^ C")"},
      {"TX|X||一~二", "valueString", R"("一\n二")"},
      {"DT|X||20261123", "valueDateTime", R"("2026-11-23")"},
      {"IS|X||Y", "valueCodeableConcept", R"({"text":"Y"})"},
      {"CE|X||Q^阳^L", "valueCodeableConcept",
       R"({"coding":[{"system":"urn:here/cs/L","code":"Q","display":"阳"}],"text":"阳"})"},
  };
  for (const auto& value : values) {
    const auto made = ResultsOf("OBR|1||F1|T^试验\rOBX|1|" + std::string(value.field));
    ASSERT_TRUE(made.ok()) << value.field;
    EXPECT_EQ(Member(Made(*made, "Observation", 1), value.member), value.json) << value.field;
    // Nobody may take a result for final whose sender did not say so.
    EXPECT_EQ(Member(Made(*made, "Observation", 1), "status"), R"("unknown")");
  }
}

TEST(Hl7Results, TheSameNumberTwiceIsTwoAndADocumentIsTheReports) {
  const auto made =
      ResultsOf("OBR|1||F1|T\rOBX|1|NM|X||1\rOBX|2|NM|X||2\rOBX|3|ED|PDF||LIS^AP^PDF^Base64^JVBERg==\r");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(Made(*made, "Observation", 1)->id, "OF1.T..X");
  EXPECT_EQ(Made(*made, "Observation", 2)->id, "OF1.T..X.2");
  EXPECT_EQ(Made(*made, "Observation", 3), nullptr);
  EXPECT_EQ(Member(Made(*made, "DiagnosticReport", 1), "presentedForm"),
            R"([{"contentType":"application/pdf","data":"JVBERg=="}])");
  const auto none = ResultsOf("OBX|1|NM|X||1");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().issues.at(0).path, "OBR-4");
}

}  // namespace
}  // namespace tk::hl7v2
