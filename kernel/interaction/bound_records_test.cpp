// What was bound to a record holds for the person whose it was: accounts of residents, guardianships, relations, emergency accesses, Consents.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "kernel/access/policies.h"
#include "kernel/access/posts.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

const std::string kBoundToX = ResidentIdOf("19800102", 51), kBoundToY = ResidentIdOf("19911213", 93);

class BoundTest : public PersonsTest {
 protected:
  void SetUp() override {
    PersonsTest::SetUp();
    city_ = viewer_;
  }
  static TestPatient X(const std::string& id) {
    return {.id = id, .resident_id = kBoundToX, .area = "380102"};
  }
  static TestPatient Y(const std::string& id) {
    return {.id = id, .name = "李秋燕", .birth = "1991-12-13", .resident_id = kBoundToY, .area = "380102"};
  }
  std::shared_ptr<access::Viewer> Of(const std::string& post, std::string_view area) const {
    static const auto posts = access::Posts::Load("/nonexistent").value();
    auto viewer = AreaViewer(area, post);
    viewer->post = posts.Find(post);
    viewer->policies = access::Policies::BuiltIn();
    return viewer;
  }
  /// A resident's account that is bound to the record now.
  std::shared_ptr<const access::Viewer> Account(const std::string& id) {
    clock_.Advance(kSecondUs);
    auto viewer = Of("resident", "380102");
    viewer->kind = access::AccountKind::kResident;
    viewer->patient = id;
    viewer->record = "Patient/" + id;
    viewer->bound_us = clock_.NowUs();
    viewer->scope = {};
    viewer->scope.everything = false;
    viewer->scope.only_owner = engine_->keys().Find("Patient/" + id).value();
    clock_.Advance(kSecondUs);
    return viewer;
  }
  int See(const std::shared_ptr<const access::Viewer>& viewer, std::string_view target) const {
    Request request = Make(Method::kGet, target);
    request.viewer = viewer;
    return Send(std::move(request)).status;
  }
  /// Facts follow the log by some ms: waited for, at most ten seconds.
  void AwaitSeen(const std::shared_ptr<const access::Viewer>& viewer, std::string_view target,
                 int status) const {
    for (int i = 0; i < 1000 && See(viewer, target) != status; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(See(viewer, target), status) << target;
  }
  void PutText(const std::string& target, const std::string& json) {
    const Response response = Put(target, json);
    ASSERT_LT(response.status, 300) << response.body;
    clock_.Advance(kSecondUs);
  }
  void PutCondition(const std::string& id, const std::string& patient) {
    PutText("Condition/" + id,
            fmt::format(R"({{"resourceType":"Condition","id":"{}","subject":{{"reference":"Patient/{}"}}}})",
                        id, patient));
  }
  void Become(const TestPatient& patient, bool anew = false) {
    if (anew) {
      ASSERT_EQ(Send(Make(Method::kDelete, "Patient/" + patient.id)).status, 204);
    }
    PutPatient(patient);
    clock_.Advance(kSecondUs);
  }
  void OpenFromTheLog() {
    Close();
    std::filesystem::remove_all(folder_ / "views");
    Open();
  }
  std::shared_ptr<const access::Viewer> city_;
};

TEST_F(BoundTest, TheAccountStaysWithHimAndKeepsHisOtherRecords) {
  int n = 0;
  for (const bool anew : {false, true}) {
    const std::string a = fmt::format("a{}", n), b = fmt::format("b{}", n), d = fmt::format("d{}", n);
    const std::string number = ResidentIdOf("19800102", 201 + 2 * n++);
    PutPatient({.id = a, .resident_id = number});
    PutPatient({.id = b, .resident_id = number});
    const auto account = Account(a), other = Account(b);
    ASSERT_EQ(See(account, "Patient/" + a), 200);
    ASSERT_EQ(See(account, "Patient/" + b), 200);
    Become({.id = a,
            .name = "李秋燕",
            .birth = "1991-12-13",
            .resident_id = ResidentIdOf("19911213", 301 + 2 * n)},
           anew);
    PutCondition(d, a);
    EXPECT_EQ(See(account, "Patient/" + a), 404);
    EXPECT_EQ(See(account, "Condition/" + d), 404);
    EXPECT_EQ(See(account, "Patient/" + b), 200) << "himself";
    EXPECT_EQ(See(other, "Patient/" + a), 404);
    EXPECT_EQ(See(other, "Patient/" + b), 200);
    EXPECT_EQ(interactions_->Himself(account)->own.size(), 1u);
    EXPECT_EQ(interactions_->Himself(account)->record, "") << "no notices of the other";
    EXPECT_NE(Reviews().find("identity-changed:" + a + ">" + b), std::string::npos) << Reviews();
    // A clerk says that it is still his.
    ASSERT_EQ(Post("Patient/$link", Pair(a, b)).status, 200);
    EXPECT_EQ(See(account, "Patient/" + a), 200);
    EXPECT_EQ(See(account, "Condition/" + d), 200);
  }
}

TEST_F(BoundTest, WhereNoOtherRecordIsItOpensNothingUntilAClerkAnswers) {
  PutPatient(X("a"));
  const auto account = Account("a");
  Become(Y("a"));
  PutCondition("d", "a");
  EXPECT_EQ(See(account, "Patient/a"), 404);
  EXPECT_EQ(See(account, "Condition/d"), 404);
  EXPECT_EQ(Ids("Patient"), "a");
  EXPECT_EQ(Reviews(), "identity-changed:a");
  EXPECT_TRUE(interactions_->Himself(account)->own.empty());
  // What is written next changes nothing, also not that it is mended back.
  Become(
      {.id = "a", .name = "李秋燕", .birth = "1991-12-13", .resident_id = kBoundToY, .phone = "19900000007"});
  Become(X("a"));
  EXPECT_EQ(See(account, "Patient/a"), 404);
  EXPECT_EQ(Reviews(), "identity-changed:a") << "once";
  OpenFromTheLog();
  EXPECT_EQ(See(account, "Patient/a"), 404);
  const Response answer = Post("Patient/$link", Pair("a", "a"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(At(Parsed(answer), "status"), "completed");
  EXPECT_EQ(At(Parsed(answer), "output.0.type.coding.0.code"), "same-person");
  AwaitSeen(account, "Patient/a", 200);
  EXPECT_EQ(Reviews(), "");
  OpenFromTheLog();
  AwaitSeen(account, "Patient/a", 200);
  EXPECT_EQ(Post("Patient/$link", Pair("a", "a")).status, 400) << "nothing is asked";
  // Another time is another question.
  Become(Y("a"));
  EXPECT_EQ(See(account, "Patient/a"), 404);
  EXPECT_EQ(Reviews(), "identity-changed:a");
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "a")).status, 200);
  EXPECT_EQ(Reviews(), "");
  OpenFromTheLog();
  EXPECT_EQ(See(account, "Patient/a"), 404);
  EXPECT_EQ(See(Account("a"), "Patient/a"), 200) << "an account that is bound to it now";
}

TEST_F(BoundTest, AMendIsNoOtherPerson) {
  const std::string number = kBoundToX;
  PutPatient({.id = "a"});
  const auto account = Account("a");
  Become({.id = "a", .resident_id = number.substr(0, 6) + number.substr(8, 9)});
  Become(X("a"));
  Become({.id = "a", .resident_id = number, .phone = "19900000001"});
  Become({.id = "a", .name = "王小芳", .resident_id = number});
  EXPECT_EQ(See(account, "Patient/a"), 200);
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(Post("Patient/$link", Pair("a", "a")).status, 400);
}

TEST_F(BoundTest, ABirthDateThatComesToBeTheNumbersIsAMend) {
  int n = 0;
  for (const bool is_named : {true, false}) {
    const std::string id = fmt::format("a{}", n), number = ResidentIdOf("19800102", 401 + 2 * n++);
    PutPatient({.id = id, .birth = "1999-09-09", .resident_id = number, .area = "380102"});
    const auto account = Account(id);
    ASSERT_EQ(See(account, "Patient/" + id), 200);
    TestPatient mended{.id = id, .resident_id = number, .area = "380102"};
    if (!is_named) mended.name = "李秋燕";
    Become(mended);
    EXPECT_EQ(See(account, "Patient/" + id), is_named ? 200 : 404);
    EXPECT_EQ(Reviews().find("identity-changed:" + id) == std::string::npos, is_named) << Reviews();
  }
}

TEST_F(BoundTest, WhoCameAfterIsBoundToHerAndIsNotHim) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  Become(Y("a"));
  const auto hers = Account("a");
  EXPECT_EQ(See(hers, "Patient/a"), 200);
  EXPECT_EQ(See(hers, "Patient/b"), 404);
  // A record that a clerk joined with hers after it had changed is hers.
  PutPatient(X("c"));
  PutPatient(Y("y"));
  const auto at_y = Account("y"), at_c = Account("c");
  Become(Y("c"));
  EXPECT_EQ(See(at_y, "Patient/c"), 404);
  ASSERT_EQ(Post("Patient/$link", Pair("y", "c")).status, 200);
  EXPECT_EQ(See(at_y, "Patient/c"), 200);
  EXPECT_EQ(See(at_c, "Patient/c"), 404) << "that it is hers does not make it his";
  EXPECT_EQ(See(at_c, "Patient/y"), 404);
}

TEST_F(BoundTest, ADecisionFromBeforeIsAboutWhoItWas) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  const auto at_a = Account("a"), at_b = Account("b");
  Become(Y("a"));
  const auto made_later = Account("b"), hers = Account("a");
  EXPECT_EQ(See(hers, "Patient/a"), 200);
  EXPECT_EQ(See(hers, "Patient/b"), 404);
  for (const auto& account : {at_a, at_b, made_later}) {
    EXPECT_EQ(See(account, "Patient/a"), 404);
    EXPECT_EQ(See(account, "Patient/b"), 200);
  }
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  EXPECT_EQ(See(at_a, "Patient/a"), 404);
  EXPECT_EQ(See(at_a, "Patient/b"), 200);
}

TEST_F(BoundTest, AMergeThatIsTakenBackSaysNothingNewOfWhoItIs) {
  const auto merge = [&](const char* operation, const std::string& source, const std::string& target) {
    clock_.Advance(kSecondUs);
    const Response response = Post(
        fmt::format("Patient/${}", operation),
        fmt::format(
            R"({{"resourceType":"Parameters","parameter":[{{"name":"source-patient","valueReference":{{"reference":"Patient/{}"}}}},{{"name":"target-patient","valueReference":{{"reference":"Patient/{}"}}}}]}})",
            source, target));
    EXPECT_EQ(response.status, 200) << response.body;
    clock_.Advance(kSecondUs);
  };
  int n = 0;
  for (const bool by_clerk : {true, false}) {
    for (const bool merged_first : {true, false}) {
      const std::string a = fmt::format("a{}", n), b = fmt::format("b{}", n);
      const std::string number = ResidentIdOf("19800102", 501 + 2 * n++);
      PutPatient({.id = a, .resident_id = number});
      PutPatient({.id = b, .resident_id = by_clerk ? "" : number});
      if (by_clerk) {
        ASSERT_EQ(Post("Patient/$link", Pair(a, b)).status, 200);
      }
      clock_.Advance(kSecondUs);
      if (merged_first) merge("merge", b, a);
      const auto at_b = Account(b);
      EXPECT_EQ(See(at_b, "Patient/" + a), 200) << n;
      Become({.id = a,
              .name = "李秋燕",
              .birth = "1991-12-13",
              .resident_id = ResidentIdOf("19911213", 601 + 2 * n)});
      EXPECT_EQ(See(at_b, "Patient/" + a), 404) << n;
      if (!merged_first) {
        merge("merge", b, a);
        EXPECT_EQ(See(at_b, "Patient/" + a), 200) << "a person said so now";
      }
      merge("unmerge", b, a);
      EXPECT_EQ(See(at_b, "Patient/" + a), 404) << n;
      EXPECT_EQ(See(at_b, "Patient/" + b), 200) << n;
      EXPECT_EQ(See(Account(b), "Patient/" + a), 404) << n;
      OpenFromTheLog();
      EXPECT_EQ(See(at_b, "Patient/" + a), 404) << n;
    }
  }
}

TEST_F(BoundTest, ThatItIsStillHisOpensItToNobodyWhoWasBoundInBetween) {
  PutPatient(X("a"));
  const auto his = Account("a");
  Become(Y("a"));
  const auto hers = Account("a");
  Become(X("a"));
  PutCondition("d", "a");
  for (const auto& account : {his, hers}) EXPECT_EQ(See(account, "Condition/d"), 404);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "a")).status, 200);
  AwaitSeen(his, "Condition/d", 200);
  EXPECT_EQ(See(hers, "Patient/a"), 404);
  EXPECT_EQ(See(hers, "Condition/d"), 404);
  OpenFromTheLog();
  AwaitSeen(his, "Condition/d", 200);
  EXPECT_EQ(See(hers, "Condition/d"), 404);
}

TEST_F(BoundTest, ThatItIsStillHisSaysNothingOfWhomItWasJoinedWithInBetween) {
  PutPatient(X("a"));
  PutPatient({.id = "y", .name = "李秋燕", .birth = "1991-12-13", .area = "380102"});
  const auto his = Account("a"), hers = Account("y");
  Become(Y("a"));
  ASSERT_EQ(Post("Patient/$link", Pair("a", "y")).status, 200);
  EXPECT_EQ(See(hers, "Patient/a"), 200);
  clock_.Advance(kSecondUs);
  Become(X("a"));
  EXPECT_EQ(See(his, "Patient/a"), 404);
  clock_.Advance(kSecondUs);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "a")).status, 200);
  AwaitSeen(his, "Patient/a", 200);
  EXPECT_EQ(See(his, "Patient/y"), 404);
  EXPECT_EQ(See(hers, "Patient/a"), 404);
  EXPECT_EQ(See(hers, "Patient/y"), 200);
}

TEST_F(BoundTest, WhoHasTheRecordNowReadsNothingOfTheOneBefore) {
  PutPatient(X("a"));
  PutCondition("hers-not", "a");
  Become(Y("a"));
  PutCondition("hers", "a");
  const auto hers = Account("a");
  for (const bool rebuilt : {false, true}) {
    EXPECT_EQ(See(hers, "Patient/a"), 200);
    EXPECT_EQ(See(hers, "Patient/a/_history/2"), 200);
    EXPECT_EQ(See(hers, "Condition/hers"), 200);
    EXPECT_EQ(See(hers, "Patient/a/_history/1"), 404);
    EXPECT_EQ(See(hers, "Condition/hers-not"), 404);
    for (const char* ask : {"Condition", "Patient/a/$everything", "Patient/a/_history", "_history",
                            "Condition/_history", "Condition?_summary=count", "Patient/a/Condition"}) {
      Request request = Make(Method::kGet, ask);
      request.viewer = hers;
      const Response response = Send(std::move(request));
      EXPECT_EQ(response.body.find("hers-not"), std::string::npos) << ask;
      EXPECT_EQ(response.body.find(kBoundToX), std::string::npos) << ask;
      if (std::string_view(ask).ends_with("count")) {
        EXPECT_NE(response.body.find(R"("total":1)"), std::string::npos) << response.body;
      }
    }
    // What its source sends once more, or somebody mends, is his still.
    PutCondition("hers-not", "a");
    PutText(
        "Condition/hers-not",
        R"({"resourceType":"Condition","id":"hers-not","subject":{"reference":"Patient/a"},"onsetString":"long"})");
    PutCondition("hers", "a");
    if (!rebuilt) OpenFromTheLog();
  }
  PutCondition("begun-now", "a");
  EXPECT_EQ(See(hers, "Condition/begun-now"), 200);
  EXPECT_EQ(See(hers, "Condition/hers-not"), 404);
  // Posts of the area see both: they tell them apart.
  EXPECT_EQ(See(city_, "Condition/hers-not"), 200);
  EXPECT_EQ(See(city_, "Patient/a/_history/1"), 200);
}

TEST_F(BoundTest, ThatItIsStillHisOpensToHimNothingThatWasWrittenOfAnotherInBetween) {
  PutPatient(X("a"));
  PutCondition("first", "a");
  const auto his = Account("a");
  Become(Y("a"));
  PutCondition("between", "a");
  PutCondition("first", "a");
  Become(X("a"));
  PutCondition("after", "a");
  ASSERT_EQ(Post("Patient/$link", Pair("a", "a")).status, 200);
  AwaitSeen(his, "Patient/a", 200);
  for (const bool rebuilt : {false, true}) {
    for (const auto& viewer : {his, Account("a")}) {
      AwaitSeen(viewer, "Condition/first", 200);
      EXPECT_EQ(See(viewer, "Condition/after"), 200);
      EXPECT_EQ(See(viewer, "Patient/a/_history/1"), 200);
      EXPECT_EQ(See(viewer, "Patient/a/_history/3"), 200);
      EXPECT_EQ(See(viewer, "Condition/between"), 404);
      EXPECT_EQ(See(viewer, "Patient/a/_history/2"), 404) << "the other's number";
    }
    if (!rebuilt) OpenFromTheLog();
  }
}

TEST_F(BoundTest, ThatItWasOnePersonAllAlongOpensAllOfIt) {
  PutPatient(X("a"));
  PutCondition("first", "a");
  Become(Y("a"));
  PutCondition("after", "a");
  ASSERT_EQ(Post("Patient/$link", Pair("a", "a")).status, 200);
  const auto account = Account("a");
  AwaitSeen(account, "Condition/first", 200);
  EXPECT_EQ(See(account, "Condition/after"), 200);
  EXPECT_EQ(See(account, "Patient/a/_history/1"), 200);
}

TEST_F(BoundTest, WhoLookedAtAnErasedRecordThatWasSeveralPersonsIsToldToNobody) {
  const std::string number = ResidentIdOf("19800102", 821);
  PutPatient({.id = "a", .resident_id = number, .area = "380102"});
  PutPatient({.id = "b", .resident_id = number, .area = "380102"});
  PutPatient({.id = "once", .name = "周一", .resident_id = ResidentIdOf("19800102", 823), .area = "380102"});
  const auto at_a = Account("a"), at_b = Account("b"), at_once = Account("once");
  Become(Y("a"));
  const auto hers = Account("a");
  const view::OwnerNumber a = engine_->keys().Find("Patient/a").value(),
                          b = engine_->keys().Find("Patient/b").value(),
                          once = engine_->keys().Find("Patient/once").value();
  const auto told = [&](const std::shared_ptr<const access::Viewer>& viewer, view::OwnerNumber of) {
    const auto spans = interactions_->SpansOf(*viewer).value();
    return std::any_of(spans.begin(), spans.end(),
                       [of](const access::OwnedSpan& span) { return span.owner == of; });
  };
  for (const auto& viewer : {at_a, at_b, hers}) EXPECT_TRUE(told(viewer, a));
  for (const char* id : {"a", "once"}) {
    const Response erased =
        Post(fmt::format("Patient/{}/$erase", id),
             R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"purpose-ended"}]})");
    ASSERT_EQ(erased.status, 200) << erased.body;
  }
  for (const bool rebuilt : {false, true}) {
    for (const auto& viewer : {at_a, at_b, hers}) EXPECT_FALSE(told(viewer, a));
    EXPECT_TRUE(told(at_b, b));
    EXPECT_TRUE(told(at_once, once)) << "never anybody else's";
    if (!rebuilt) OpenFromTheLog();
  }
}

TEST_F(BoundTest, LooksConcernWhoseTheRecordWasThen) {
  const std::string number = ResidentIdOf("19800102", 801);
  PutPatient({.id = "a", .resident_id = number, .area = "380102"});
  PutPatient({.id = "b", .resident_id = number, .area = "380102"});
  const auto at_a = Account("a"), at_b = Account("b");
  clock_.Advance(kSecondUs);
  const Instant changed_us = clock_.NowUs();
  Become(Y("a"));
  const auto hers = Account("a");
  const auto owner = [&](const char* id) {
    return engine_->keys().Find(std::string("Patient/") + id).value();
  };
  const auto concerns = [&](const std::shared_ptr<const access::Viewer>& viewer, const char* id,
                            Instant at_us) {
    const auto spans = interactions_->SpansOf(*viewer);
    EXPECT_TRUE(spans.ok());
    return std::any_of(spans->begin(), spans->end(), [&](const access::OwnedSpan& span) {
      return span.owner == owner(id) && span.from_us <= at_us && at_us < span.until_us;
    });
  };
  for (const bool rebuilt : {false, true}) {
    for (const auto& his : {at_a, at_b}) {
      EXPECT_TRUE(concerns(his, "a", changed_us - 1));
      EXPECT_FALSE(concerns(his, "a", changed_us + 1));
      EXPECT_TRUE(concerns(his, "b", changed_us - 1));
      EXPECT_TRUE(concerns(his, "b", changed_us + 1));
    }
    EXPECT_FALSE(concerns(hers, "a", changed_us - 1));
    EXPECT_TRUE(concerns(hers, "a", changed_us + 1));
    EXPECT_FALSE(concerns(hers, "b", changed_us - 1));
    EXPECT_FALSE(concerns(hers, "b", changed_us + 1));
    if (!rebuilt) OpenFromTheLog();
  }
}

TEST_F(BoundTest, ARelationOpensNothingOfWhoCameAfter) {
  PutPatient(X("a"));
  PutText("Organization/h2", R"({"resourceType":"Organization","id":"h2","name":"H"})");
  const std::string visit =
      R"({"resourceType":"Encounter","id":"v","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"Patient/a"},"serviceProvider":{"reference":"Organization/h2"}})";
  PutText("Encounter/v", visit);
  auto doctor = Of("doctor", "380104");
  doctor->organization = "Organization/h2";
  AwaitSeen(doctor, "Patient/a", 200);
  Become(Y("a"));
  PutCondition("d", "a");
  AwaitSeen(doctor, "Patient/a", 404);
  EXPECT_EQ(See(doctor, "Condition/d"), 404);
  OpenFromTheLog();
  AwaitSeen(doctor, "Patient/a", 404);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "a")).status, 200);
  AwaitSeen(doctor, "Patient/a", 200);
  // Another visit is of whoever she is then.
  Become({.id = "a", .name = "赵大海", .birth = "1955-07-08", .resident_id = ResidentIdOf("19550708", 91)});
  AwaitSeen(doctor, "Patient/a", 404);
  PutText("Encounter/v", visit.substr(0, visit.size() - 1) + R"(,"priority":{"text":"soon"}})");
  AwaitSeen(doctor, "Patient/a", 200);
  EXPECT_EQ(See(doctor, "Patient/a/_history/1"), 404) << "nothing of those before him";
  EXPECT_EQ(See(doctor, "Condition/d"), 404);
  PutCondition("his", "a");
  AwaitSeen(doctor, "Condition/his", 200);
  // Whom the area lets in tells them apart.
  EXPECT_EQ(See(city_, "Patient/a/_history/1"), 200);
  EXPECT_EQ(See(city_, "Condition/d"), 200);
}

TEST_F(BoundTest, WhatWasBegunOfTheOneBeforeMeansHimByARecordThatIsHisStill) {
  const std::string number = ResidentIdOf("19800102", 601);
  PutPatient({.id = "m", .resident_id = number, .area = "380102"});
  PutPatient({.id = "n", .resident_id = number, .area = "380102001"});
  clock_.Advance(kSecondUs);
  PutCondition("his", "m");
  const auto meant = [&](const std::string& condition, const std::string& patient) {
    const auto found = interactions_->PatientMeant("Condition", condition, "Patient/" + patient);
    return found.ok() ? *found : std::string("nobody");
  };
  EXPECT_EQ(meant("his", "m"), "Patient/m");
  Become(Y("m"));
  PutCondition("hers", "m");
  PutCondition("his", "m");  // written again it is his still
  EXPECT_EQ(meant("his", "m"), "Patient/n");
  EXPECT_EQ(meant("hers", "m"), "Patient/m");
  EXPECT_EQ(meant("his", "n"), "Patient/n") << "somebody else in it";
  EXPECT_EQ(meant("not-there", "m"), "Patient/m") << "what is begun now";
  ASSERT_EQ(Post("Patient/$not-same", Pair("m", "n")).status, 200);
  ASSERT_TRUE(interactions_->KnowsFactsOf(engine_->Head().t, 10'000));
  EXPECT_EQ(meant("his", "m"), "Patient/n") << "a clerk has said that the record is hers";
  EXPECT_EQ(meant("hers", "m"), "Patient/m");
}

TEST_F(BoundTest, WhatWasBegunOfTheOneBeforeWhoHasNoOtherRecordMeansNobodyUntilAClerkAnswers) {
  PutPatient(X("m"));
  clock_.Advance(kSecondUs);
  PutCondition("his", "m");
  Become(Y("m"));
  const auto meant = [&] { return interactions_->PatientMeant("Condition", "his", "Patient/m"); };
  ASSERT_FALSE(meant().ok());
  EXPECT_EQ(meant().error().code, ErrorCode::kInvalid);
  ASSERT_EQ(Post("Patient/$link", Pair("m", "m")).status, 200);
  ASSERT_TRUE(interactions_->KnowsFactsOf(engine_->Head().t,
                                          10'000));  // what a clerk says takes effect some ms later
  ASSERT_TRUE(meant().ok()) << "one person all along";
  EXPECT_EQ(*meant(), "Patient/m");
}

TEST_F(BoundTest, AGuardianReadsHerChildAndNoOther) {
  PutPatient({.id = "g", .resident_id = kBoundToX});
  PutPatient(
      {.id = "c", .name = "王小明", .birth = "2020-03-04", .resident_id = ResidentIdOf("20200304", 11)});
  PutText(
      "RelatedPerson/r",
      R"({"resourceType":"RelatedPerson","id":"r","active":true,"meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/guardianship","code":"verified"}]},"patient":{"reference":"Patient/c"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}],"extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/related-person-patient","valueReference":{"reference":"Patient/g"}}]})");
  const auto mother = Account("g");
  AwaitSeen(mother, "Patient/c", 200);
  // The guardian's record becomes another's: neither the account of before nor a new one reads the child.
  Become({.id = "g", .name = "李秋燕", .birth = "1991-12-13", .resident_id = kBoundToY});
  const auto stranger = Account("g");
  AwaitSeen(mother, "Patient/c", 404);
  AwaitSeen(stranger, "Patient/c", 404);
  EXPECT_EQ(See(stranger, "Patient/g"), 200);
  ASSERT_EQ(Post("Patient/$link", Pair("g", "g")).status, 200);
  AwaitSeen(mother, "Patient/c", 200);
  // The child's record becomes another's.
  Become({.id = "c", .name = "赵天", .birth = "2018-05-06", .resident_id = ResidentIdOf("20180506", 13)});
  PutCondition("h", "c");
  AwaitSeen(mother, "Patient/c", 404);
  EXPECT_EQ(See(mother, "Condition/h"), 404);
}

TEST_F(BoundTest, ADenyOfTheOneBeforeKeepsWhatIsThereClosed) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  PutText(
      "Consent/n",
      R"({"resourceType":"Consent","id":"n","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},"patient":{"reference":"Patient/a"},"provision":{"type":"deny"}})");
  const auto doctor = Of("doctor", "380102");
  AwaitSeen(doctor, "Patient/b", 404);
  // Nor does a write tell who is closed, who lives elsewhere, and who never was.
  PutPatient({.id = "far", .area = "380124"});
  std::set<std::string> answers;
  for (const char* id : {"b", "far", "nobody"}) {
    Request write =
        Make(Method::kPost, "Condition",
             fmt::format(R"({{"resourceType":"Condition","subject":{{"reference":"Patient/{}"}}}})", id));
    write.viewer = doctor;
    const Response answer = Send(std::move(write));
    EXPECT_EQ(answer.status, 403) << answer.body;
    answers.insert(answer.body);
  }
  EXPECT_EQ(answers.size(), 1u) << fmt::format("{}", fmt::join(answers, "; "));
  Become(Y("a"));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(See(doctor, "Patient/b"), 404) << "his others stay closed";
  EXPECT_EQ(See(doctor, "Patient/a"), 404) << "what was written of him is there";
}

}  // namespace
}  // namespace tk::interaction
