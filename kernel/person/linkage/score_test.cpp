#include "kernel/person/linkage/score.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernel/person/linkage/calendar.h"
#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person::linkage {
namespace {

Scored ScoreOf(const Record& a, const Record& b) {
  Index index(CityModel(), ResidentRules());
  const Entry x = index.Add(a), y = index.Add(b);
  MatchScratch scratch;
  return index.ScorePair(index.View(x), index.View(y), &scratch);
}

std::vector<std::string> RulesOf(const Scored& scored) {
  std::vector<std::string> names;
  for (const auto name : Explain(scored, CityModel(), ResidentRules()).rules) names.emplace_back(name);
  return names;
}

TEST(Packing, GivesBackWhatWasPutIn) {
  Record record = TestPerson("欧阳", "雪梅", 19800229, 12);
  record.names.push_back(TestName("王", "雪"));
  record.names.back().current = false;
  record.emails = {"a@b.example"};
  record.mothers = {77};
  record.birth_order = 2;
  std::string bytes;
  Pack(record, &bytes);
  const EntryView view(bytes.data());
  ASSERT_EQ(view.names().size(), 2u);
  EXPECT_EQ(view.names()[0].family, "欧阳");
  EXPECT_EQ(view.names()[1].given, "雪");
  EXPECT_FALSE(view.names()[1].current);
  EXPECT_EQ(view.births()[0], 19800229);
  EXPECT_EQ(view.ids()[0].text, TestResidentId(19800229, 12));
  EXPECT_EQ(view.ids()[0].grade, Grade::kChecked);
  EXPECT_EQ(view.phones()[0], record.phones[0]);
  EXPECT_EQ(view.emails()[0], "a@b.example");
  EXPECT_EQ(view.addresses()[0].division, 380102u);
  EXPECT_EQ(view.addresses()[0].numbers, 2);
  EXPECT_EQ(view.addresses()[0].number(0), 12);
  EXPECT_EQ(view.mothers()[0], 77u);
  EXPECT_EQ(view.birth_order(), 2);
  EXPECT_EQ(view.sex(), Sex::kFemale);
  EXPECT_EQ(view.bytes().size(), bytes.size());
}

TEST(Packing, CutsHistoriesAndTextsAtTheirLimits) {
  Record record;
  for (int i = 0; i < 40; ++i)
    record.names.push_back(TestName("王", std::string(200, 'x') + std::to_string(i)));
  for (int i = 0; i < 40; ++i)
    record.addresses.push_back({1, std::string(3000, 'a' + static_cast<char>(i % 20))});
  std::string bytes;
  Pack(record, &bytes);
  const EntryView view(bytes.data());
  EXPECT_EQ(view.names().size(), kNamesMax);
  EXPECT_EQ(view.names()[0].given.size(), kNamePartMax);
  EXPECT_EQ(view.addresses().size(), kAddressesMax);
  EXPECT_LT(bytes.size(), 4096u);
}

TEST(Packing, APickGivesBackWhatItWasMadeOf) {
  std::vector<size_t> whose;
  std::vector<Record> records = TestPopulation(200, 21, &whose);
  SeededRandom random(22);
  for (Record& record : records) {
    if (random.Below(5) == 0) record.names[0].current = false;
    if (random.Below(5) == 0) record.birth_order = static_cast<uint8_t>(1 + random.Below(2));
    if (random.Below(5) == 0) record.emails = {"a" + std::to_string(random.Below(3)) + "@b.example"};
    if (random.Below(5) == 0) record.mothers = {random.Below(4) + 1};
    if (random.Below(9) == 0) record.sex = Sex::kUnknown;
  }
  size_t picked = 0, refused = 0;
  for (int round = 0; round < 2000; ++round) {
    const size_t size = 1 + random.Below(6);
    std::vector<std::string> packed(size), picks;
    std::vector<EntryView> parts;
    const size_t near = random.Below(records.size() - 4);  // of two or three persons
    for (std::string& one : packed) {
      Pack(records[near + random.Below(4)], &one);
      if (random.Below(8) == 0) ClaimNumbers(&one);
      parts.emplace_back(one.data());
    }
    std::string merged, without, again;
    PackMerged(parts, &merged, &picks);
    PackMerged(parts, &without);
    ASSERT_EQ(merged, without);
    ASSERT_EQ(picks.size(), size);
    for (size_t i = 0; i < size; ++i) {
      if (picks[i].empty()) {
        ++refused;
        continue;
      }
      ++picked;
      EXPECT_EQ(PickSize(picks[i].data()), picks[i].size());
      UnpackPick(EntryView(merged.data()), picks[i].data(), &again);
      ASSERT_EQ(again, packed[i]);
    }
  }
  EXPECT_GT(picked, 3 * refused);
  EXPECT_GT(refused, 20u);
}

TEST(Packing, WhatHadNoRoomOrIsWrittenOtherwiseIsNoPick) {
  std::vector<std::string> packed;
  const auto add = [&](const Record& record) { Pack(record, &packed.emplace_back()); };
  const Record person = TestPerson("王", "芳", 19800102, 21);
  add(person);
  add(person);
  ClaimNumbers(&packed.back());  // the same number, of another grade
  for (size_t i = 0; i < kPhonesMax; ++i) {
    add(person);
    Record moved = person;
    moved.phones = {19900000500 + i};
    add(moved);
  }
  std::vector<EntryView> parts;
  for (const std::string& one : packed) parts.emplace_back(one.data());
  std::string merged;
  std::vector<std::string> picks;
  PackMerged(parts, &merged, &picks);
  EXPECT_FALSE(picks[0].empty());
  EXPECT_TRUE(picks[1].empty());
  EXPECT_FALSE(picks[3].empty());
  EXPECT_FALSE(picks[picks.size() - 2].empty());
  EXPECT_TRUE(picks.back().empty()) << "one phone more than there is room for";
}

TEST(Births, KnowTheWaysDatesGoWrong) {
  EXPECT_EQ(LunarOf(20000205), 20000101);
  EXPECT_EQ(LunarOf(19900127), 19900101);
  EXPECT_EQ(LunarOf(20230322), 20230201);  // the leap second month
  EXPECT_EQ(LunarOf(20240209), 20231230);
  EXPECT_EQ(LunarOf(19000130), 0);
  const struct {
    int32_t a, b;
    BirthLevel level;
  } rows[] = {
      {19800305, 19800305, BirthLevel::kSame},      {19800305, 19800503, BirthLevel::kSlip},
      {19800305, 19800306, BirthLevel::kSlip},      {19800305, 19830305, BirthLevel::kSlip},
      {19800312, 19800321, BirthLevel::kSlip},      {19800305, 19800328, BirthLevel::kPart},
      {19800305, 19800101, BirthLevel::kYear},      {19800305, 19800000, BirthLevel::kYear},
      {19800000, 19800000, BirthLevel::kYear},      {19800305, 19810101, BirthLevel::kDifferent},
      {19800305, 19790101, BirthLevel::kNominal},   {19800305, 19790000, BirthLevel::kNominal},
      {19800101, 19790101, BirthLevel::kDifferent}, {20240209, 20231230, BirthLevel::kLunar},
      {19800305, 19920817, BirthLevel::kDifferent}, {0, 19800305, BirthLevel::kMissing},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(CompareBirths(row.a, row.b), row.level) << row.a << " " << row.b;
    EXPECT_EQ(CompareBirths(row.b, row.a), row.level) << row.b << " " << row.a;
  }
}

TEST(Names, AtHomeAreLikeTheGivenName) {
  const auto given = [](const char* one, const char* other) {
    Record a = TestPerson("李", one, 20150304, 41), b = TestPerson("李", other, 20150304, 41);
    return ScoreOf(a, b).comparison.levels[Field::kGiven];
  };
  EXPECT_EQ(given("子涵", "涵涵"), level::kSimilar);
  EXPECT_EQ(given("小涵", "子涵"), level::kSimilar);
  EXPECT_LT(given("子轩", "涵涵"), level::kSimilar) << "his twin's";
  EXPECT_LT(given("子轩", "大轩"), level::kSimilar);
}

TEST(Rules, ANewbornsCertificateJoinsBeforeItHasAName) {
  Record first;
  first.sex = Sex::kFemale;
  first.births = {20240506};
  first.ids.push_back({Classify("X010203040", IdKind::kBirth), 0});
  first.mothers = {99};
  first.phones = {19900000001};
  Record second = first;
  second.births.clear();
  second.names = {TestName("李", "雪")};
  EXPECT_GE(ScoreOf(first, second).verdict, Verdict::kProbable);
  second.ids.clear();
  EXPECT_EQ(ScoreOf(first, second).verdict, Verdict::kDifferent) << "by phone and mother it may be a sister";
}

TEST(Rules, CertainOnlyByAValidNumberWithAnAgreeingName) {
  const Record li = TestPerson("李", "秀英", 19620708, 42);
  EXPECT_EQ(ScoreOf(li, li).verdict, Verdict::kCertain);

  Record without = li;
  without.ids.clear();
  EXPECT_EQ(ScoreOf(li, without).verdict, Verdict::kProbable) << "name, birth date, phone and address alone";

  Record married = li;
  married.names[0] = TestName("李", "伟");
  EXPECT_LE(ScoreOf(li, married).verdict, Verdict::kProbable);

  Record lent = TestPerson("王", "建国", 19450101, 77);
  lent.ids = li.ids;
  EXPECT_EQ(ScoreOf(li, lent).verdict, Verdict::kPossible) << "a clerk looks at a lent number";
}

TEST(Rules, APlaceholderJoinsNobody) {
  Record one = TestPerson("李", "秀英", 19620708, 42), other = TestPerson("王", "建国", 19450101, 77);
  one.ids = {TestId("111111111111111111")};
  other.ids = {TestId("111111111111111111")};
  const Scored scored = ScoreOf(one, other);
  EXPECT_EQ(scored.comparison.levels[Field::kId], level::kMissing);
  EXPECT_EQ(scored.verdict, Verdict::kDifferent);
}

TEST(Rules, TwinsAndParentsAreNeverJoined) {
  Record one = TestPerson("张", "子轩", 20150304, 41), other = TestPerson("张", "子涵", 20150304, 43);
  other.phones = one.phones;
  other.addresses = one.addresses;
  EXPECT_EQ(ScoreOf(one, other).verdict, Verdict::kDifferent) << "two valid numbers, two given names";
  Record no_number = other;
  no_number.ids.clear();
  EXPECT_LE(ScoreOf(one, no_number).verdict, Verdict::kPossible) << "without a number a clerk looks";

  one.mothers = other.mothers = {99};
  one.birth_order = 1;
  other.birth_order = 2;
  other.names = one.names;
  other.ids.clear();
  EXPECT_EQ(ScoreOf(one, other).verdict, Verdict::kDifferent) << "first and second of one birth";

  const Record mother = TestPerson("李", "红", 19900102, 44);
  Record child = TestPerson("李", "红", 20240506, 1);
  child.ids.clear();
  child.phones = mother.phones;
  child.addresses = mother.addresses;
  child.mothers = {ValueKey(mother.ids[0].id)};
  EXPECT_EQ(ScoreOf(mother, child).verdict, Verdict::kDifferent);
}

TEST(Rules, TwoValidNumbersOfOneNameAndBirthAreForAClerk) {
  const Record one = TestPerson("李", "秀英", 19620708, 42);
  Record other = one;
  other.ids = {TestId(TestResidentId(19620708, 82))};
  const Scored scored = ScoreOf(one, other);
  EXPECT_TRUE(scored.comparison.ids_conflict);
  EXPECT_EQ(scored.verdict, Verdict::kPossible);
  const std::vector<std::string> rules = RulesOf(scored);
  EXPECT_NE(std::find(rules.begin(), rules.end(), "two-valid-numbers"), rules.end());
  // Once he is known under both numbers, either brings him.
  Record both = one;
  AddTo(other, &both);
  EXPECT_EQ(both.ids.size(), 2u);
  EXPECT_EQ(ScoreOf(both, other).verdict, Verdict::kCertain);
}

TEST(Rules, BadFilesAreRefusedWithTheElement) {
  const auto bad =
      Rules::Read(R"({"name":"x","version":1,"date":"d","links":"certain","rules":[{"name":"n","source":"s",
      "if":{"given":["sme"]},"then":"certain"}]})");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().external.find("$.rules[0].if.given[0] names no level"), std::string::npos)
      << bad.error().external;
  EXPECT_FALSE(Rules::Read("[").ok());
}

TEST(Explaining, RowsAddUpToTheScore) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(40, 5, &whose);
  for (size_t i = 1; i < records.size(); ++i) {
    const Scored scored = ScoreOf(records[i - 1], records[i]);
    const Explanation explained = Explain(scored, CityModel(), ResidentRules());
    double sum = 0;
    for (const Contribution& row : explained.rows) sum += row.bits;
    EXPECT_NEAR(sum, scored.bits, 1e-9);
    EXPECT_NEAR(explained.probability, 1 / (1 + std::exp2(-scored.bits)), 1e-12);
  }
}

TEST(Scoring, IsSymmetric) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(60, 6, &whose);
  for (size_t i = 3; i < records.size(); ++i) {
    EXPECT_EQ(ScoreOf(records[i - 3], records[i]).bits, ScoreOf(records[i], records[i - 3]).bits);
  }
}

TEST(Scoring, AHouseholdIsNotOnePerson) {
  const Record father = TestPerson("王", "建国", 19600305, 51);
  Record son = TestPerson("王", "明", 19880912, 53);
  son.phones = father.phones;
  son.addresses = father.addresses;
  son.ids.clear();
  EXPECT_EQ(ScoreOf(father, son).verdict, Verdict::kDifferent);
}

TEST(Models, AreTheSameAfterWritingAndReading) {
  const std::string json = CityModel().ToJson();
  auto read = Model::Read(json);
  ASSERT_TRUE(read.ok()) << read.error().external;
  EXPECT_EQ(read->ToJson(), json);
  std::string broken = json;
  broken.replace(broken.find("\"prior_bits\": -"), 15, "\"prior_bits\": \"");
  EXPECT_FALSE(Model::Read(broken).ok());
  const auto missing = Model::Read("{\"name\":\"x\"}");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().external.find("$.version is missing"), std::string::npos)
      << missing.error().external;
}

}  // namespace
}  // namespace tk::person::linkage
