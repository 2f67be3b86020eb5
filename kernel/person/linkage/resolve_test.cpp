#include "kernel/person/linkage/resolve.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "kernel/person/linkage/intake.h"
#include "kernel/person/linkage/synthetic_for_test.h"

namespace tk::person::linkage {
namespace {

using Groups = std::set<std::set<size_t>>;

std::string PackedOf(const Record& record) {
  std::string bytes;
  Pack(record, &bytes);
  return bytes;
}

/// Persons as sets of the records' numbers, whatever their order in the store.
Groups Resolve(const std::vector<Record>& records, const std::vector<size_t>& order, size_t* lent = nullptr) {
  EntryStore store;
  for (const size_t i : order) store.Add(PackedOf(records[i]));
  Resolver resolver(store, CityModel(), ResidentRules(), Verdict::kProbable, Verdict::kPossible, 2);
  Resolver::Round round;
  while (resolver.Next(&round)) {
    if (lent != nullptr) *lent += round.lent;
  }
  std::map<Entry, std::set<size_t>> by_person;
  for (size_t i = 0; i < order.size(); ++i)
    by_person[resolver.PersonOf(static_cast<Entry>(i))].insert(order[i]);
  Groups groups;
  for (auto& [person, group] : by_person) groups.insert(std::move(group));
  return groups;
}

std::vector<size_t> InOrder(size_t n) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

TEST(Merging, OfPackedEntriesIsAsOfRecords) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(60, 21, &whose);
  for (size_t i = 0; i + 2 < records.size(); i += 2) {
    Record all = records[i];
    AddTo(records[i + 1], &all);
    AddTo(records[i + 2], &all);
    const std::string a = PackedOf(records[i]), b = PackedOf(records[i + 1]), c = PackedOf(records[i + 2]);
    std::string merged;
    PackMerged(std::vector<EntryView>{EntryView(a.data()), EntryView(b.data()), EntryView(c.data())},
               &merged);
    ASSERT_EQ(merged, PackedOf(all)) << i;
  }
}

TEST(Merging, ClaimsOfNumbersLeaveAllElseAsItWas) {
  Record record = TestPerson("李", "秀英", 19620708, 42);
  record.ids.push_back({Classify("A12345678", IdKind::kHealthCard), 5});
  const std::string before = PackedOf(record);
  std::string after = before;
  ClaimNumbers(&after);
  const EntryView view(after.data());
  ASSERT_EQ(view.ids().size(), 2u);
  EXPECT_EQ(view.ids()[0].grade, Grade::kClaimed);
  EXPECT_EQ(view.ids()[0].text, TestResidentId(19620708, 42));
  EXPECT_EQ(view.ids()[1].grade, EntryView(before.data()).ids()[1].grade);
  size_t differing = 0;
  for (size_t i = 0; i < before.size(); ++i) differing += before[i] != after[i];
  EXPECT_EQ(differing, 1u);
}

TEST(Resolving, DoesNotDependOnTheOrderOfRecords) {
  std::vector<size_t> whose;
  const std::vector<Record> records = TestPopulation(150, 22, &whose);
  std::vector<size_t> order = InOrder(records.size());
  const Groups groups = Resolve(records, order);
  SeededRandom random(10);
  for (int turn = 0; turn < 3; ++turn) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    EXPECT_EQ(Resolve(records, order), groups);
  }
}

TEST(Resolving, FindsThroughTheWholePersonWhatNoPairOfRecordsTells) {
  // By number and another name after marriage abroad; by the new name and the phone. The two records share nothing.
  Record known = TestPerson("王", "芳", 19770607, 102);
  Record renamed = known, last;
  renamed.names = {TestName("王", "丽")};
  renamed.phones = {19900001234};
  renamed.addresses.clear();
  last.names = renamed.names;
  last.births = {19770000};
  last.phones = renamed.phones;
  last.sex = Sex::kFemale;
  last.addresses = known.addresses;
  const std::vector<Record> records = {known, last, renamed};
  Index alone(CityModel(), ResidentRules());
  for (const Record& record : records) alone.Add(record);
  MatchScratch scratch;
  ASSERT_LT(alone.ScorePair(alone.View(0), alone.View(1), &scratch).verdict, Verdict::kProbable);
  EXPECT_EQ(Resolve(records, InOrder(3)), (Groups{{0, 1, 2}}));
}

TEST(Resolving, ATwinsNumberInTheOthersRecordJoinsNobodyWrongly) {
  Record one = TestPerson("张", "子轩", 20150304, 41), other = TestPerson("张", "子涵", 20150304, 43);
  other.phones = one.phones;
  other.addresses = one.addresses;
  Record mixed = one;
  mixed.ids = other.ids;
  size_t lent = 0;
  EXPECT_EQ(Resolve({one, one, other, other, mixed}, InOrder(5), &lent), (Groups{{0, 1, 4}, {2, 3}}));
  EXPECT_EQ(lent, 1u);
  // Without the first one's own number known, it is a new name of the second, as far as anyone can tell.
  lent = 0;
  EXPECT_EQ(Resolve({other, mixed}, InOrder(2), &lent), (Groups{{0, 1}}));
  EXPECT_EQ(lent, 0u);
}

PatientText TextOfPatient(const std::string& name, const std::string& number, const std::string& birth) {
  PatientText text;
  text.names.push_back({name, "", "", true});
  text.ids.push_back({number, IdKind::kResidentId, 0});
  text.birth = birth;
  return text;
}

TEST(Intake, ANumberThatTheStatedBirthDateSpeaksAgainstIsMerelyClaimed) {
  const std::string number = TestResidentId(19620708, 42);
  const struct {
    const char* birth;
    Grade grade;
  } rows[] = {
      {"1962-07-08", Grade::kChecked}, {"1962-08-07", Grade::kChecked}, {"1972-07-08", Grade::kChecked},
      {"1961-01-01", Grade::kChecked}, {"1990", Grade::kChecked},       {"", Grade::kChecked},
      {"1990-05-21", Grade::kClaimed},
  };
  for (const auto& row : rows) {
    const Record record = ReadPatient(TextOfPatient("李秀英", number, row.birth));
    ASSERT_EQ(record.ids.size(), 1u);
    EXPECT_EQ(record.ids[0].id.grade, row.grade) << row.birth;
  }
}

TEST(Intake, AMothersBirthDateIsNotGivenToAChild) {
  PatientText text = TextOfPatient("王小雨", TestResidentId(19900102, 44), "");
  EXPECT_EQ(ReadPatient(text).births, std::vector<int32_t>{19900102});
  text.mother_name = "李红";
  EXPECT_TRUE(ReadPatient(text).births.empty());
}

TEST(Resolving, ALentNumberNeitherJoinsItsOwnerNorKeepsTheBearerApart) {
  const Record owner = TestPerson("王", "建国", 19450101, 77);
  Record bearer = TestPerson("李", "秀英", 19620708, 42);
  Record lent = bearer;
  lent.ids = owner.ids;
  lent.ids[0].id.grade = Grade::kClaimed;  // as intake.h reads it
  EXPECT_EQ(Resolve({owner, bearer, lent}, InOrder(3)), (Groups{{0}, {1, 2}}));
}

TEST(Models, OfMorePeopleExpectFewerPairsToBeOne) {
  Model model = CityModel();
  ASSERT_GT(model.entries, 0u);
  const Model more = model.ForEntries(model.entries * 8);
  EXPECT_NEAR(more.prior_bits, model.prior_bits - 3, 1e-9);
  EXPECT_NEAR(more.ForEntries(model.entries).prior_bits, model.prior_bits, 1e-9);
  model.entries = 0;
  EXPECT_EQ(model.ForEntries(1000).prior_bits, model.prior_bits);
}

}  // namespace
}  // namespace tk::person::linkage
