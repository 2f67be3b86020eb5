// The decision as a matrix: post × deed × whose record × what facts say; and that the lists for the search (Facts::BeyondOf) say the same.
#include "kernel/access/decision.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/access/posts.h"

namespace tk::access {
namespace {

constexpr Instant kNow = 1'780'000'000 * kSecondUs;
constexpr int64_t kDay = 86'400 * kSecondUs;
constexpr uint64_t kHere = 380102000000000, kThere = 380104000000000;
constexpr view::OwnerNumber kPerson = 7;

Viewer ViewerWith(const std::string& post, const std::string& area = "380102") {
  static const auto posts = Posts::Load("/nonexistent").value();
  Viewer viewer;
  viewer.account = post + "-li";
  viewer.post = posts.Find(post);
  viewer.policies = Policies::BuiltIn();
  viewer.masks = viewer.policies->MasksOf(post);
  viewer.area = area;
  viewer.organization = "Organization/h1";
  if (!area.empty()) {
    const auto range = view::AreaRange(area).value();
    viewer.scope.everything = false;
    viewer.scope.area_low = range.first;
    viewer.scope.area_high = range.second;
  }
  return viewer;
}

Fact Relation(Instant ended_us = kForever) {
  Fact fact;
  fact.owner = kPerson;
  fact.source = "Encounter/1";
  fact.until_us = ended_us;
  fact.actors = {"Organization/h1"};
  return fact;
}

Fact ConsentOf(bool permits, std::vector<std::string> actors) {
  Fact fact;
  fact.kind = Fact::Kind::kConsent;
  fact.owner = kPerson;
  fact.permits = permits;
  fact.actors = std::move(actors);
  return fact;
}

Fact EmergencyOf(const std::string& account, Instant until_us) {
  Fact fact;
  fact.kind = Fact::Kind::kEmergency;
  fact.owner = kPerson;
  fact.from_us = kNow - 60 * kSecondUs;
  fact.until_us = until_us;
  fact.actors = {"account:" + account};
  return fact;
}

bool May(const Viewer& viewer, uint64_t area, const std::vector<Fact>& facts, Instant now_us = kNow,
         const std::string& type = "Patient") {
  AccessQuestion question;
  question.type = type;
  question.owner = kPerson;
  question.area = area;
  const bool decided = Decide(viewer, question, facts, now_us).permits;
  // The lists that the search gets must say what the decision says.
  Facts store;
  for (size_t i = 0; i < facts.size(); ++i) store.Put(100 + i, {facts[i]});
  const auto beyond = store.BeyondOf(viewer, now_us);
  const auto among = [](const std::vector<view::OwnerNumber>& list) {
    return std::binary_search(list.begin(), list.end(), kPerson);
  };
  const Verdict listed = beyond == nullptr       ? Verdict::kNothing
                         : among(beyond->closed) ? Verdict::kCloses
                         : among(beyond->open)   ? Verdict::kOpens
                                                 : Verdict::kNothing;
  EXPECT_EQ(listed, JudgeAll(facts, viewer, *viewer.policies, now_us));
  EXPECT_EQ(decided, viewer.MayRead(type) && Reaches(viewer.scope, kPerson, area, listed))
      << viewer.post->name;
  return decided;
}

struct Case {
  std::string name;
  std::vector<Fact> facts;
  // In the area, elsewhere: doctor, screener, disease control officer, administrator of the whole city.
  std::string here, there;
};

TEST(Decision, PostsByRelation) {
  const std::vector<Case> cases = {
      {"nothing", {}, "yyyy", "nnny"},
      {"in treatment", {Relation()}, "yyyy", "ynny"},
      {"ended 6 days ago", {Relation(kNow - 6 * kDay)}, "yyyy", "ynny"},
      {"ended 8 days ago", {Relation(kNow - 8 * kDay)}, "yyyy", "nnny"},
      {"denied to all", {ConsentOf(false, {"*"})}, "nnyy", "nnny"},
      {"denied to the hospital", {ConsentOf(false, {"Organization/h1"})}, "nnyy", "nnny"},
      {"denied to another hospital", {ConsentOf(false, {"Organization/h2"})}, "yyyy", "nnny"},
      {"permitted to the hospital", {ConsentOf(true, {"Organization/h1"})}, "yyyy", "yyny"},
      {"deny beats permit", {ConsentOf(true, {"Organization/h1"}), ConsentOf(false, {"*"})}, "nnyy", "nnny"},
      {"deny beats relation", {Relation(), ConsentOf(false, {"Organization/h1"})}, "nnyy", "nnny"},
      {"emergency of the doctor", {EmergencyOf("doctor-li", kNow + 1)}, "yyyy", "ynny"},
      {"emergency over", {EmergencyOf("doctor-li", kNow)}, "yyyy", "nnny"},
      {"emergency beats deny", {ConsentOf(false, {"*"}), EmergencyOf("doctor-li", kNow + 1)}, "ynyy", "ynny"},
      {"emergency of somebody else", {EmergencyOf("wang", kNow + 1)}, "yyyy", "nnny"},
  };
  const std::vector<Viewer> viewers = {ViewerWith("doctor"), ViewerWith("screener"),
                                       ViewerWith("cdc-officer"), ViewerWith("admin", "")};
  for (const Case& one : cases) {
    for (size_t i = 0; i < viewers.size(); ++i) {
      EXPECT_EQ(May(viewers[i], kHere, one.facts), one.here[i] == 'y')
          << one.name << " here " << viewers[i].post->name;
      EXPECT_EQ(May(viewers[i], kThere, one.facts), one.there[i] == 'y')
          << one.name << " there " << viewers[i].post->name;
    }
  }
}

TEST(Decision, FactsNeverGiveARightThatThePostLacks) {
  for (const char* post : {"operator", "security-officer"})
    EXPECT_FALSE(May(ViewerWith(post, ""), kHere, {EmergencyOf(std::string(post) + "-li", kForever)}))
        << post;
  EXPECT_FALSE(May(ViewerWith("screener"), kHere, {EmergencyOf("screener-li", kForever)}, kNow, "Condition"));
  EXPECT_TRUE(May(ViewerWith("doctor"), kThere, {EmergencyOf("doctor-li", kForever)}, kNow, "Condition"));
}

TEST(Decision, ConsentsByPurposePeriodAndException) {
  Fact research = ConsentOf(false, {"*"});
  research.codes = {"HRESCH"};
  EXPECT_TRUE(May(ViewerWith("doctor"), kHere, {research})) << "for another purpose";
  research.codes.emplace_back("TREAT");
  EXPECT_FALSE(May(ViewerWith("doctor"), kHere, {research}));
  EXPECT_TRUE(May(ViewerWith("screener"), kHere, {research}));
  Fact later = ConsentOf(false, {"*"});
  later.from_us = kNow + kDay;
  later.until_us = kNow + 2 * kDay;
  EXPECT_TRUE(May(ViewerWith("doctor"), kHere, {later}));
  EXPECT_FALSE(May(ViewerWith("doctor"), kHere, {later}, kNow + kDay));
  EXPECT_TRUE(May(ViewerWith("doctor"), kHere, {later}, kNow + 2 * kDay));
  Fact all_but = ConsentOf(false, {"*"});
  all_but.except = {{.actors = {"Organization/h1"}, .codes = {}}};
  EXPECT_TRUE(May(ViewerWith("doctor"), kHere, {all_but}));
  Viewer elsewhere = ViewerWith("doctor");
  elsewhere.organization = "Organization/h2";
  EXPECT_FALSE(May(elsewhere, kHere, {all_but}));
  // An exception takes away from the deny only while, and for what, it holds itself.
  all_but.except[0].until_us = kNow;
  EXPECT_FALSE(May(ViewerWith("doctor"), kHere, {all_but}));
  all_but.except[0].from_us = kNow + kDay;
  all_but.except[0].until_us = kNow + 2 * kDay;
  EXPECT_FALSE(May(ViewerWith("doctor"), kHere, {all_but}));
  EXPECT_TRUE(May(ViewerWith("doctor"), kHere, {all_but}, kNow + kDay));
  all_but.except = {{.actors = {"Organization/h1"}, .codes = {"HRESCH"}}};
  EXPECT_FALSE(May(ViewerWith("doctor"), kHere, {all_but}));
  all_but.except[0].codes = {"TREAT"};
  EXPECT_TRUE(May(ViewerWith("doctor"), kHere, {all_but}));
}

Viewer ResidentWho(view::OwnerNumber owner) {
  Viewer viewer = ViewerWith("resident");
  viewer.account = "mother";
  viewer.organization.clear();
  viewer.scope.area_low = viewer.scope.area_high = 0;
  viewer.scope.only_owner = owner;
  return viewer;
}

/// The child was born on `day` (days since 1970, China Standard Time).
Fact Guardianship(int64_t day, std::string relationship = "MTH") {
  Fact fact;
  fact.kind = Fact::Kind::kFamily;
  fact.owner = kPerson;
  fact.actors = {"owner:3"};
  fact.codes = {std::move(relationship)};
  fact.birth_day = day;
  fact.offset_min = 480;
  return fact;
}

TEST(Decision, AGuardianUntilTheFourteenthBirthday) {
  const Viewer mother = ResidentWho(3);
  const auto midnight = [](int year, int month, int day) {
    return DaysFromCivil(year, month, day) * kDay - int64_t{8} * 3600 * kSecondUs;
  };
  const Fact child = Guardianship(DaysFromCivil(2012, 5, 4));
  EXPECT_TRUE(May(mother, kHere, {child}, midnight(2026, 5, 4) - 1)) << "13 years old";
  EXPECT_FALSE(May(mother, kHere, {child}, midnight(2026, 5, 4))) << "14 today";
  const Fact leap = Guardianship(DaysFromCivil(2012, 2, 29));
  EXPECT_TRUE(May(mother, kHere, {leap}, midnight(2026, 3, 1) - 1));
  EXPECT_FALSE(May(mother, kHere, {leap}, midnight(2026, 3, 1)));
  EXPECT_FALSE(May(mother, kHere, {Guardianship(DaysFromCivil(2012, 5, 4), "AUNT")}, midnight(2020, 1, 1)));
  EXPECT_FALSE(May(ResidentWho(4), kHere, {child}, midnight(2020, 1, 1))) << "somebody else's child";
  EXPECT_FALSE(May(ViewerWith("doctor", "380104"), kHere, {child}, midnight(2020, 1, 1)));
}

TEST(Decision, AResidentSeesHimselfAndWhoConsents) {
  const Viewer himself = ResidentWho(kPerson), wife = ResidentWho(3);
  EXPECT_TRUE(May(himself, kHere, {}));
  EXPECT_TRUE(May(himself, kHere, {ConsentOf(false, {"*"})})) << "nobody is shut out of his own records";
  EXPECT_FALSE(May(wife, kHere, {}));
  EXPECT_TRUE(May(wife, kHere, {ConsentOf(true, {"owner:3"})}));
  EXPECT_FALSE(May(ResidentWho(4), kHere, {ConsentOf(true, {"owner:3"})}));
  Fact treating = ConsentOf(true, {"owner:3"});
  treating.codes = {"TREAT"};
  EXPECT_FALSE(May(wife, kHere, {treating})) << "for another purpose";
}

TEST(Decision, ListsFollowFactsAndTime) {
  Facts store;
  const Viewer doctor = ViewerWith("doctor");
  EXPECT_EQ(store.BeyondOf(doctor, kNow), nullptr);
  store.Put(1, {EmergencyOf("doctor-li", kNow + 10)});
  ASSERT_NE(store.BeyondOf(doctor, kNow), nullptr);
  EXPECT_EQ(store.BeyondOf(doctor, kNow)->open, std::vector<view::OwnerNumber>{kPerson});
  EXPECT_EQ(store.BeyondOf(doctor, kNow).get(), store.BeyondOf(doctor, kNow + 9).get())
      << "kept while nothing changes";
  EXPECT_EQ(store.BeyondOf(doctor, kNow + 10), nullptr) << "over by itself";
  store.Put(2, {Relation()});
  EXPECT_NE(store.BeyondOf(doctor, kNow + 10), nullptr);
  store.Remove(2);
  EXPECT_EQ(store.BeyondOf(doctor, kNow + 10), nullptr);
  EXPECT_EQ(store.About(kPerson).size(), 1u);
  store.Forget(kNow + kDay);
  EXPECT_TRUE(store.About(kPerson).empty());
}

TEST(Decision, SaysWhyAndByWhat) {
  AccessQuestion question;
  question.type = "Patient";
  question.owner = kPerson;
  question.area = kThere;
  const Decision denied = Decide(ViewerWith("doctor"), question, {}, kNow);
  EXPECT_FALSE(denied.permits);
  EXPECT_EQ(denied.steps.back().name, "area");
  EXPECT_FALSE(denied.steps.back().permits);
  const std::vector<Fact> facts = {Relation()};
  const Decision permitted = Decide(ViewerWith("doctor"), question, facts, kNow);
  EXPECT_TRUE(permitted.permits);
  EXPECT_EQ(permitted.steps.back().name, "relation");
  EXPECT_FALSE(permitted.steps.back().source.empty());
  for (const Step& step : permitted.steps) EXPECT_TRUE(step.permits) << step.name;
  question.area = kHere;
  const Decision masked = Decide(ViewerWith("cdc-officer"), question, {}, kNow);
  EXPECT_EQ(masked.steps.back().name, "mask");
  EXPECT_FALSE(masked.masked.empty());
  question.deed = Deed::kCall;
  question.operation = "$erase";
  EXPECT_FALSE(Decide(ViewerWith("doctor"), question, {}, kNow).permits);
}

}  // namespace
}  // namespace tk::access
