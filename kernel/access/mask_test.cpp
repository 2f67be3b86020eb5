#include "kernel/access/mask.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

#include "kernel/access/policies.h"
#include "kernel/fhir/definitions.h"

namespace tk::access {
namespace {

bool IsStaff(std::string_view type) { return type == "Practitioner" || type == "Organization"; }

Masks All() {
  (void)fhir::Definitions::R4();
  Masks masks;
  masks.identifier = Ends{3, 4};
  masks.phone = Ends{3, 4};
  masks.name = masks.address = masks.birth_date = true;
  return masks;
}

std::string MaskedText(const Masks& masks, std::string_view json) {
  std::string out;
  const auto masked = AppendMasked(masks, IsStaff, json, &out);
  EXPECT_TRUE(masked.ok());
  EXPECT_TRUE(fhir::Document::Parse(out).ok()) << out;
  return out;
}

constexpr std::string_view kLabelled =
    R"("security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"MASKED","display":"masked"})";

constexpr std::string_view kWhole =
    R"({"resourceType":"Patient","id":"1","meta":{"versionId":"2"},"text":{"status":"generated","div":"<div>380101197103046119</div>"},)"
    R"("identifier":[{"system":"id","value":"380101197103046119"},{"value":"A1"}],)"
    R"("name":[{"use":"official","text":"张三","family":"张","given":["三"]}],"birthDate":"1971-03-04","_birthDate":{"id":"b"},)"
    R"("telecom":[{"system":"phone","value":"19900009011"},{"system":"email","value":"zhang@example.org"}],)"
    R"("address":[{"city":"安和市","district":"东区","line":["灯市口 4"],"postalCode":"380100","text":"灯市口 4"}],)"
    R"("contact":[{"name":{"text":"李四"},"telecom":[{"value":"19900009022"}]}],)"
    R"("generalPractitioner":[{"reference":"Practitioner/1","identifier":{"value":"D-1234567"},"display":"Dr. Wang"}]})";

TEST(Mask, EndsByCharacters) {
  EXPECT_EQ(MaskedEnds("380101197103046119", {3, 4}), "380***********6119");
  EXPECT_EQ(MaskedEnds("380101197103046119", {6, 0}), "380101************");
  EXPECT_EQ(MaskedEnds("19900009011", {3, 4}), "199****9011");
  EXPECT_EQ(MaskedEnds("1234567890", {3, 4}), "**********") << "three stars would hide too little";
  EXPECT_EQ(MaskedEnds("", {3, 4}), "");
  EXPECT_EQ(MaskedEnds("甲乙丙丁戊己庚辛", {1, 1}), "甲******辛");
  EXPECT_EQ(MaskedEnds(MaskedEnds("380101197103046119", {3, 4}), {3, 4}), "380***********6119");
}

TEST(Mask, NumbersInTexts) {
  const Masks masks = All();
  EXPECT_EQ(MaskedNumbers("call 19900009011, card 38010119710304611X.", masks),
            "call 199****9011, card 380***********611X.");
  EXPECT_EQ(MaskedNumbers("old card 380101710304611", masks), "old card 380********4611");
  // Not numbers of persons: no date in it, too long, a year.
  for (const char* other : {"900000000000207008", "1990000901123", "2026", ""})
    EXPECT_EQ(MaskedNumbers(other, masks), std::nullopt) << other;
  Masks phones;
  phones.phone = Ends{3, 4};
  EXPECT_EQ(MaskedNumbers("380101197103046119 19900009011", phones), "380101197103046119 199****9011");
}

TEST(Mask, NumbersInUsualForms) {
  const Masks masks = All();
  const std::pair<const char*, const char*> forms[] = {
      {"380102 19521212 9874", "380*** ******** 9874"},
      {"380102-19521212-9874", "380***-********-9874"},
      {"380102.19521212.9874", "380***.********.9874"},
      {"3801 0219 5212 1298 74", "380* **** **** **98 74"},
      {"380102 1952 12 12 987X", "380*** **** ** ** 987X"},
      {"38010219521212987 X", "380***********987 X"},
      {"380102\u00a0195212129874", "380***\u00a0********9874"},
      {"380102 521212 987", "380*** *****2 987"},
      {"３８０１０２１９５２１２１２９８７４", "３８０***********９８７４"},
      {"号码：３８０１０２１９５２１２１２９８７ｘ。", "号码：３８０***********９８７ｘ。"},
      {"身份证380102195212129874电话19900007709", "身份证380***********9874电话199****7709"},
      {"+8619900007709", "+86199****7709"},
      {"8619900007709", "86199****7709"},
      {"008619900007709", "0086199****7709"},
      {"+86 199-0000-7709", "+86 199-****-7709"},
      {"86 199 0000 7709", "86 199 **** 7709"},
      {"(+86) 19900007709", "(+86) 199****7709"},
      {"199-0000-7709", "199-****-7709"},
      {"199 0000 7709", "199 **** 7709"},
      {"199.0000.7709 at noon", "199.****.7709 at noon"},
      {"１９９００００７７０９", "１９９****７７０９"},
      {"0531-88877661", "053*-****7661"},
      {"(0531) 8887 7661", "(053*) **** 7661"},
      {"053188877661", "053*****7661"},
      {"010-88877661", "010-****7661"},
      {"0531-88877661-801", "053*-****7661-801"},
      {"+852 9000 0000", "+852 **** 0000"},
      {"36.5 199 0000 7709 2026-11-23", "36.5 199 **** 7709 2026-11-23"},
      {"199/0000/7709", "199/****/7709"},
      {"380102/19521212/9874", "380***/********/9874"},
      {"199_0000_7709", "199_****_7709"},
      {"199,0000,7709", "199,****,7709"},
      {"199：0000：7709", "199：****：7709"},
      {"1 9 9 0 0 0 0 7 7 0 9", "1 9 9 * * * * 7 7 0 9"},
      {"199 00 00 77 09", "199 ** ** 77 09"},
      {"1 99 00 00 77 09", "1 99 ** ** 77 09"},
      {"1\u200b9\u200b9\u200b0000\u200b7709", "1\u200b9\u200b9\u200b****\u200b7709"},
      {"199\u00ad00007709", "199\u00ad****7709"},
      {"三八〇一〇二一九五二一二一二九八七四", "三八〇***********九八七四"},
      {"三八零一零二一九五二一二一二九八七四号", "三八零***********九八七四号"},
      {"一九九〇〇〇〇七七〇九", "一九九****七七〇九"},
      {"壹玖玖零零零零柒柒零玖", "壹玖玖****柒柒零玖"}};
  for (const auto& [form, masked] : forms) {
    const std::string seen = MaskedNumbers(form, masks).value_or("(nothing found)");
    EXPECT_EQ(seen, masked) << form;
    EXPECT_EQ(MaskedNumbers(seen, masks), std::nullopt) << "masked again: " << seen;
  }
}

TEST(Mask, DatesCodesAndQuantitiesStay) {
  const Masks masks = All();
  for (const char* other : {"2026-11-23",
                            "2026-11-23T08:00:00.123+08:00",
                            "2026-11-23 2026-11-24 2026-11-25 12",
                            "15.11.2026 100 mg 3 x",
                            "13-11-2026 120/80 37.5",
                            "20261123080000",
                            "8480-6",
                            "LOINC 8480-6 8462-4 8867-4 29463-7 8302-2",
                            "1.2.156.10197.301",
                            "2.16.840.1.113883.4.642.3.1",
                            "1.2.156.112721.11.1",
                            "120 80 72 36.5 98 18 65 170 22.5",
                            "550e8400-e29b-41d4-a716-446655440000",
                            "1234567890123456789012345",
                            "12.345678901",
                            "3.14159 26535 89793",
                            "400-820-8820",
                            "10 000 000 000",
                            "0.9% 500 ml, 250 ml, 100 ml",
                            "ICD-10 E11.900 I10.x00 J18.900",
                            "2026.01.01-2026.12.31",
                            "1-0-0-1 7 14 21 28 35",
                            "2026/11/23 13:45:20, 2026/11/24 08:00:00",
                            "13:45:20.125",
                            "120/80, 118/76, 36.5, 98%",
                            "一、二、三",
                            "二〇二六年十一月二十三日",
                            "五一路一百二十三号三单元四〇一室"})
    EXPECT_EQ(MaskedNumbers(other, masks), std::nullopt) << other;
}

TEST(Mask, WhatStandsBesideAnIdentifierTellsNoOther) {
  const std::string out = MaskedText(
      All(),
      R"({"resourceType":"Patient","identifier":[{"use":"usual","system":"http://x.example/mrn","value":"77",)"
      R"("period":{"start":"2020-01-01"},"assigner":{"display":"phone 19900009011"},"type":{"text":"380101197103046119"}}],)"
      R"("telecom":[{"system":"phone","value":"19900009022","rank":1}]})");
  for (const char* gone : {"19900009011", "380101197103046119", "assigner"})
    EXPECT_EQ(out.find(gone), std::string::npos) << out;
  for (const char* kept : {"http://x.example/mrn", "\"usual\"", "2020-01-01", "\"rank\":1"})
    EXPECT_NE(out.find(kept), std::string::npos) << kept << " in " << out;
}

TEST(Mask, ElementsThatAreLeftOutAreGoneWhereverTheTypeStandsAndComeBack) {
  Masks masks;
  masks.without["Encounter"] = {"diagnosis", "reasonCode", "status"};
  const std::string visit =
      R"({"resourceType":"Encounter","id":"v","text":{"status":"generated","div":"<div>mood</div>"},"status":"planned","_status":{"id":"mood"},)"
      R"("class":{"code":"AMB"},"reasonCode":[{"text":"mood"}],"subject":{"reference":"Patient/1"}})";
  const std::string seen = MaskedText(masks, visit);
  EXPECT_EQ(seen, R"({"resourceType":"Encounter","id":"v","meta":{)" + std::string(kLabelled) +
                      R"(]},"class":{"code":"AMB"},"subject":{"reference":"Patient/1"}})");
  for (const std::string& around :
       {R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":)" + visit + "}]}",
        R"({"resourceType":"Task","contained":[)" + visit + "]}"})
    EXPECT_EQ(MaskedText(masks, around).find("mood"), std::string::npos) << around;
  EXPECT_EQ(MaskedText(masks, R"({"resourceType":"Condition","reasonCode":[{"text":"mood"}]})"),
            R"({"resourceType":"Condition","reasonCode":[{"text":"mood"}]})");
  const auto sent = fhir::Document::Parse(seen);
  const auto kept = Unmask(masks, IsStaff, visit, sent->Root());
  ASSERT_TRUE(kept.ok()) << kept.error().ToString();
  ASSERT_TRUE(*kept);
  for (const char* part : {"\"planned\"", "_status", "reasonCode", "<div>mood</div>"})
    EXPECT_NE((*kept)->find(part), std::string::npos) << part << " in " << **kept;
  EXPECT_EQ((*kept)->find("MASKED"), std::string::npos);
  const auto other =
      fhir::Document::Parse(R"({"resourceType":"Encounter","id":"v","reasonCode":[{"text":"x"}]})");
  EXPECT_FALSE(Unmask(masks, IsStaff, visit, other->Root()).ok()) << "what is stored would be lost";
  EXPECT_TRUE(Unmask(masks, IsStaff, "", other->Root()).ok());
  std::string_view element;
  EXPECT_TRUE(LooksAtMasked(masks, "Encounter", "Encounter.reasonCode", &element));
  EXPECT_TRUE(LooksAtMasked(masks, "Encounter", "Encounter.diagnosis.condition", &element));
  EXPECT_FALSE(LooksAtMasked(masks, "Encounter", "Encounter.subject", &element));
  EXPECT_FALSE(LooksAtMasked(masks, "Condition", "Condition.reasonCode", &element));
}

TEST(Mask, TextsComeBackHoweverTheyAreWrittenAndOtherStarsDoNot) {
  const auto note = [](std::string_view text) {
    return R"({"resourceType":"Observation","id":"o","note":[{"text":")" + std::string(text) + R"("}]})";
  };
  const std::string stored = note("电话 19900009011");
  const auto back = [&](const std::string& json) {
    const auto sent = fhir::Document::Parse(json);
    auto whole = Unmask(All(), IsStaff, stored, sent->Root());
    if (!whole.ok()) return "refused " + (whole.error().issues.empty() ? "" : whole.error().issues[0].path);
    return whole->value_or("as sent");
  };
  for (const char* form : {"电话 199****9011", "\\u7535\\u8bdd 199****9011", "电话\\u0020199\\u002a***9011"})
    EXPECT_EQ(back(note(form)), stored) << form;
  for (const char* form : {"电话 199****9011!", "新电话 199****9012", "380***********6119", "199 **** 9011",
                           "****************", "1 9 9 * * * * 9 0 1 1"})
    EXPECT_EQ(back(note(form)), "refused Observation.note.text") << form;
  EXPECT_EQ(back(R"({"resourceType":"Observation","id":"o","valueString":"电话 199****9011"})"),
            "refused Observation.valueString");
  for (const char* form : {"**重要** 明天复查", "5 * 3 = 15", "*** see below", "2 ** 3"})
    EXPECT_EQ(back(note(form)), "as sent") << form;
  // Stars that are stored are no mask.
  const std::string starred = note("卡号 380***********6119");
  const auto sent = fhir::Document::Parse(starred);
  EXPECT_TRUE(Unmask(All(), IsStaff, starred, sent->Root()).ok());
}

TEST(Mask, ItemsThatLookAlikeAreNotMixedUp) {
  Masks masks;
  masks.phone = Ends{3, 2};
  const std::string mother = R"({"code":{"text":"m"},"valueString":"tel 19900001155"})",
                    father = R"({"code":{"text":"f"},"valueString":"tel 19900002255"})";
  const auto of = [](const std::string& components, std::string_view status = "final") {
    return R"({"resourceType":"Observation","status":")" + std::string(status) + R"(","component":[)" +
           components + "]}";
  };
  const std::string stored = of(mother + "," + father);
  const std::string seen_m = R"({"code":{"text":"m"},"valueString":"tel 199******55"})",
                    seen_f = R"({"code":{"text":"f"},"valueString":"tel 199******55"})";
  const auto back = [&](const std::string& json) {
    const auto sent = fhir::Document::Parse(json);
    auto whole = Unmask(masks, IsStaff, stored, sent->Root());
    if (!whole.ok()) return "refused " + whole.error().issues.at(0).path;
    return whole->value_or("as sent");
  };
  EXPECT_EQ(back(of(seen_m + "," + seen_f, "amended")), of(mother + "," + father, "amended"));
  for (const std::string& sent :
       {seen_f + "," + seen_m, seen_f, seen_m, seen_m + "," + seen_f + "," + seen_f})
    EXPECT_EQ(back(of(sent)), "refused Observation.component") << sent;
}

TEST(Mask, PersonLosesWhatTheMasksName) {
  const std::string out = MaskedText(All(), kWhole);
  for (const char* gone : {"197103", "19900009", "三", "灯市口", "zhang@", "四", "generated", "_birthDate",
                           "03-04", "\"380100\""})
    EXPECT_EQ(out.find(gone), std::string::npos) << gone << " in " << out;
  for (const char* kept :
       {"380***********6119", "\"**\"", "199****9011", "z***@example.org", "\"text\":\"张*\"",
        "\"district\":\"东区\"", "\"birthDate\":\"1971\"", "李*", "D-1234567", "Dr. Wang", "199****9022"})
    EXPECT_NE(out.find(kept), std::string::npos) << kept << " in " << out;
  EXPECT_NE(out.find(R"("meta":{)" + std::string(kLabelled) + R"(],"versionId":"2"})"), std::string::npos)
      << out;
  EXPECT_EQ(MaskedText(All(), out), out) << "masking a masked text changes nothing";
}

TEST(Mask, OnlyWhatIsNamed) {
  Masks masks;
  masks.phone = Ends{3, 4};
  const std::string out = MaskedText(masks, kWhole);
  EXPECT_NE(out.find("380101197103046119"), std::string::npos);
  EXPECT_NE(out.find("1971-03-04"), std::string::npos);
  EXPECT_EQ(out.find("19900009011"), std::string::npos);
}

TEST(Mask, LabelWhereverMetaIs) {
  const auto of = [](std::string_view meta) {
    return MaskedText(All(), R"({"resourceType":"Patient","id":"1",)" + std::string(meta) +
                                 R"("telecom":[{"value":"19900009011"}]})");
  };
  EXPECT_NE(of("").find(R"("id":"1","meta":{)" + std::string(kLabelled) + "]}"), std::string::npos) << of("");
  EXPECT_NE(of(R"("meta":{"security":[{"code":"R"}],"tag":[]},)")
                .find(std::string(kLabelled) + R"(,{"code":"R"}])"),
            std::string::npos);
  EXPECT_NE(of(R"("meta":{},)").find("MASKED"), std::string::npos);
  EXPECT_NE(
      MaskedText(All(), R"({"resourceType":"Patient","telecom":[{"value":"19900009011"}]})").find("MASKED"),
      std::string::npos);
  // Nothing was hidden: no label.
  EXPECT_EQ(MaskedText(All(), R"({"resourceType":"Patient","id":"1","active":true})").find("MASKED"),
            std::string::npos);
}

TEST(Mask, OtherRecords) {
  const std::string out = MaskedText(
      All(),
      R"({"resourceType":"Observation","id":"38010119710304611","contained":[{"resourceType":"Patient","id":"p","telecom":[{"value":"19900009033"}]}],)"
      R"("identifier":[{"value":"V-1234567890"}],"subject":{"reference":"Patient/19900009044","identifier":{"value":"380101197103046119"},"display":"张三"},)"
      R"("performer":[{"reference":"Practitioner/1","display":"王五","identifier":{"value":"P-123456789"}}],"note":[{"text":"重拨 19900009055"}],)"
      R"("extension":[{"url":"x","valueIdentifier":{"value":"380101197103046119"}},{"url":"x","valueContactPoint":{"value":"19900009066"}}]})");
  for (const char* gone : {"19900009033", "380101197103046119", "三", "19900009055", "19900009066"})
    EXPECT_EQ(out.find(gone), std::string::npos) << gone << " in " << out;
  for (const char* kept :
       {"V-1234567890", "王五", "P-123456789", "Patient/19900009044", "38010119710304611\""})
    EXPECT_NE(out.find(kept), std::string::npos) << kept << " in " << out;
  size_t labels = 0;
  for (size_t at = out.find("MASKED"); at != std::string::npos; at = out.find("MASKED", at + 1)) ++labels;
  EXPECT_EQ(labels, 1u) << "what is contained has no label of its own (FHIR R4 dom-5)";
}

TEST(Mask, WhoWorksOnATaskIsSaidByHisAccount) {
  const auto owner = [](std::string_view value) {
    return MaskedText(
        All(),
        fmt::format(
            R"({{"resourceType":"Task","owner":{{"identifier":{{"system":"http://tongkang.dev/fhir/sid/account","value":"{}"}}}}}})",
            value));
  };
  EXPECT_NE(owner("district-officer-7").find("district-officer-7"), std::string::npos);
  EXPECT_EQ(owner("19900009077").find("19900009077"),
            std::string::npos);  // what looks like a telephone number is one
}

TEST(Mask, BundlesAndPublicTypes) {
  const std::string out = MaskedText(
      All(), R"({"resourceType":"Bundle","link":[{"url":"http://x?a=19900009011"}],"entry":[{"resource":)" +
                 std::string(kWhole) +
                 R"(},{"resource":{"resourceType":"Organization","telecom":[{"value":"19900009077"}]}}]})");
  EXPECT_EQ(out.find("380101197103046119"), std::string::npos);
  EXPECT_NE(out.find("19900009077"), std::string::npos) << "an organization's telephone is everybody's";
  EXPECT_NE(out.find("a=19900009011"), std::string::npos) << "what the asker wrote himself";
}

std::string Restored(std::string_view stored, std::string_view sent) {
  const auto document = fhir::Document::Parse(sent);
  EXPECT_TRUE(document.ok());
  const auto whole = Unmask(All(), IsStaff, stored, document->Root());
  if (!whole.ok())
    return whole.error().issues.empty() ? whole.error().external : whole.error().issues[0].path;
  return whole->value_or(std::string(sent));
}

void ExpectSameMembers(std::string_view one, std::string_view other) {
  const auto a = fhir::Document::Parse(one), b = fhir::Document::Parse(other);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->Root().size(), b->Root().size()) << one;
  for (const fhir::Value member : a->Root())
    EXPECT_EQ(member.Json(), b->Root()[member.name_text()].Json()) << member.name_text();
}

TEST(Mask, WhatComesBackAsGivenIsTheTruth) {
  const std::string masked = MaskedText(All(), kWhole);
  ExpectSameMembers(Restored(kWhole, masked), kWhole);
  // Members of an item in another order; something else changed; items in another order.
  const std::string changed =
      R"({"resourceType":"Patient","id":"1","active":true,"telecom":[{"value":"z***@example.org","system":"email"},{"value":"199****9011","system":"phone"}]})";
  EXPECT_EQ(
      Restored(kWhole, changed),
      R"({"resourceType":"Patient","id":"1","active":true,"telecom":[{"system":"email","value":"zhang@example.org"},{"system":"phone","value":"19900009011"}],)"
      R"("text":{"status":"generated","div":"<div>380101197103046119</div>"}})");
}

TEST(Mask, StarsOfOthersAreRefused) {
  EXPECT_EQ(
      Restored(
          kWhole,
          R"({"resourceType":"Patient","id":"1","identifier":[{"system":"id","value":"380***********6110"}]})"),
      "Patient.identifier[0]");
  EXPECT_EQ(
      Restored("",
               R"({"resourceType":"Patient","telecom":[{"value":"19900009011"},{"value":"199****9011"}]})"),
      "Patient.telecom[1]");
  // A new value is his to give; one that was masked twice alike comes back once.
  EXPECT_EQ(Restored("", R"({"resourceType":"Patient","telecom":[{"value":"19900009099"}]})"),
            R"({"resourceType":"Patient","telecom":[{"value":"19900009099"}]})");
  EXPECT_EQ(
      Restored(R"({"resourceType":"Patient","telecom":[{"value":"19900009011"}]})",
               R"({"resourceType":"Patient","telecom":[{"value":"199****9011"},{"value":"199****9011"}]})"),
      "Patient.telecom[1]");
}

TEST(Mask, TwinsComeBackInTheirOrder) {
  const std::string stored =
      R"({"resourceType":"Patient","identifier":[{"value":"380101197103046119"},{"value":"380102197103046119"}]})";
  const std::string masked = MaskedText(All(), stored);
  EXPECT_EQ(Restored(stored, masked), stored);
}

TEST(Mask, ExpressionsThatTellWhatIsMasked) {
  const Masks masks = All();
  std::string_view element;
  const auto tells = [&](std::string_view expression) {
    return LooksAtMasked(masks, "Patient", expression, &element);
  };
  EXPECT_TRUE(tells("Patient.telecom.where(system='phone')"));
  EXPECT_EQ(element, "telecom");
  EXPECT_TRUE(tells("Patient.name.family"));
  EXPECT_TRUE(tells("Patient.birthDate"));
  EXPECT_TRUE(tells("Patient.descendants()"));
  EXPECT_EQ(element, "*");
  EXPECT_TRUE(tells("Patient"));
  EXPECT_TRUE(tells("Patient.extension.value"));
  EXPECT_FALSE(tells("Patient.gender"));
  EXPECT_FALSE(tells("Resource.meta.tag"));
  EXPECT_FALSE(LooksAtMasked(masks, "Encounter", "Encounter.identifier", &element));
}

TEST(Policies, BuiltInMasks) {
  const auto policies = Policies::BuiltIn();
  ASSERT_NE(policies->MasksOf("screener"), nullptr);
  EXPECT_EQ(policies->MasksOf("doctor"), nullptr);
  const auto screener = policies->MasksOf("screener"), officer = policies->MasksOf("cdc-officer");
  EXPECT_TRUE(screener->identifier && screener->phone && screener->exact_identifier &&
              !screener->exact_phone);
  EXPECT_EQ(officer->identifier->last, 2);
  EXPECT_TRUE(officer->birth_date && screener->birth_date);
  EXPECT_FALSE(policies->RevealReason("contact-person").empty());
  EXPECT_TRUE(policies->RevealReason("curiosity").empty());
  for (const std::string& post : policies->Posts()) {
    const auto masks = policies->MasksOf(post);
    EXPECT_TRUE(masks == nullptr || policies->FindPurpose(masks->purpose) != nullptr) << post;
    const OpenPolicy* const open = policies->OpenOf(post);
    EXPECT_TRUE(open == nullptr || policies->FindPurpose(open->purpose) != nullptr) << post;
  }
}

std::string Wrong(std::string_view text) {
  Policies policies = *Policies::BuiltIn();
  const Status read = policies.Read(text, "p.toml");
  return read.ok() ? "" : read.error().external;
}

TEST(Policies, ErrorsSayWhere) {
  EXPECT_EQ(Wrong("[masks.x]\npurpose=\"operations\"\nphone=\"3+4\"\nsource=\"s\"\n"), "");
  EXPECT_TRUE(Wrong("\n[masks.x]\npurpose=\"operations\"\nphone=\"34\"\nsource=\"s\"")
                  .starts_with("p.toml:4: 'phone'"));
  EXPECT_NE(Wrong("[masks.x]\npurpose=\"fun\"\nphone=\"3+4\"\nsource=\"s\"").find("purpose"),
            std::string::npos);
  EXPECT_NE(Wrong("[masks.x]\npurpose=\"operations\"\nphone=\"3+4\"").find("source"), std::string::npos);
  const auto leaves_enough = [](std::string_view kept, bool year) {
    const std::string wrong = Wrong("[masks.x]\npurpose=\"operations\"\nidentifier=\"" + std::string(kept) +
                                    "\"\nsource=\"s\"\n" + (year ? "birthDate=\"year\"\n" : ""));
    EXPECT_TRUE(wrong.empty() || wrong.find("birth date") != std::string::npos) << wrong;
    return wrong.empty();
  };
  for (const char* kept : {"0+0", "3+0", "3+2", "3+4"}) EXPECT_FALSE(leaves_enough(kept, false)) << kept;
  for (const char* kept : {"0+0", "3+0", "6+1", "3+2", "10+2"})
    EXPECT_TRUE(leaves_enough(kept, true)) << kept;
  for (const char* kept : {"3+3", "3+4", "0+4", "12+2", "0+8"})
    EXPECT_FALSE(leaves_enough(kept, true)) << kept;
  EXPECT_NE(Wrong("[masks.x]\nfoo=1").find("unknown key 'foo'"), std::string::npos);
  EXPECT_NE(Wrong("[masks.x]\npurpose=\"operations\"\nphone=\"3+4\"\nexact=[\"identifier\"]\nsource=\"s\"")
                .find("'exact'"),
            std::string::npos);
  const auto leaves_out = [](const std::string& element) {
    const std::string wrong =
        Wrong("[masks.x]\npurpose=\"operations\"\nwithout=[\"" + element + "\"]\nsource=\"s\"");
    EXPECT_TRUE(wrong.empty() || wrong.find("'without'") != std::string::npos) << wrong;
    return wrong.empty();
  };
  for (const char* element : {"Encounter.reasonCode", "Observation.valueQuantity", "Task.contained"})
    EXPECT_TRUE(leaves_out(element)) << element;
  for (const char* element :
       {"", "Encounter", "Encounter.", "Encounter.reason", "Encounter.status", "Encounter.id",
        "Encounter.meta", "Patient.name", "Nothing.at", "HumanName.text"})
    EXPECT_FALSE(leaves_out(element)) << element;
  EXPECT_EQ(Wrong("[tasks.x]\nsystems=[\"s\"]\nsource=\"s\""), "");
  for (const char* wrong : {"[tasks.x]\nsystems=[]\nsource=\"s\"", "[tasks.x]\nsystems=[\"\"]\nsource=\"s\"",
                            "[tasks.x]\nsource=\"s\""})
    EXPECT_NE(Wrong(wrong).find("'systems'"), std::string::npos) << wrong;
  EXPECT_NE(Wrong("[tasks.x]\nsystems=[\"s\"]").find("source"), std::string::npos);
  // An empty table takes the masks of a post away.
  EXPECT_EQ(Wrong("[by_law.x]\nsource=\"s\""), "");
  EXPECT_NE(Wrong("[by_law.x]").find("source"), std::string::npos);
  EXPECT_NE(
      Wrong("[by_law.x]\nsource=\"s\"\n[open.x]\npurpose=\"operations\"\nsource=\"s\"").find("not both"),
      std::string::npos);
  EXPECT_EQ(Wrong("[like.x]\npost=\"doctor\"\nsource=\"s\""), "");
  for (const char* other : {"", "x", "admin", "nobody"})
    EXPECT_NE(Wrong("[like.x]\npost=\"" + std::string(other) + "\"\nsource=\"s\"").find("'post'"),
              std::string::npos)
        << other;
  EXPECT_EQ(Wrong("[unnamed]\npurpose=\"treatment\"\nsource=\"s\""), "");
  for (const char* opened : {"consent=false", "relation=true", "family=true", "special=true"})
    EXPECT_NE(
        Wrong("[unnamed]\npurpose=\"treatment\"\nsource=\"s\"\n" + std::string(opened)).find("[unnamed]"),
        std::string::npos)
        << opened;
  // An empty table takes the masks of a post away.
  Policies policies = *Policies::BuiltIn();
  ASSERT_TRUE(policies.Read("[masks.screener]\npurpose=\"operations\"\nsource=\"s\"", "p").ok());
  EXPECT_EQ(policies.MasksOf("screener"), nullptr);
}

}  // namespace
}  // namespace tk::access
