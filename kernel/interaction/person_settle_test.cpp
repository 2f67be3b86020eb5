// What leaves a review of the person index nothing to ask takes it from the queue in the same transaction, with its cause.
#include <thread>

#include "kernel/fhir/validate.h"
#include "kernel/interaction/merges_for_test.h"

namespace tk::interaction {
namespace {

const std::string kSettleNumber = ResidentIdOf("19800102", 21), kSettleOther = ResidentIdOf("19800102", 43);
constexpr std::string_view kSettlePhone = "19900000001";
constexpr std::string_view kSettleErase =
    R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"unlawful"}]})";

class SettleTest : public MergeTest {
 protected:
  static TestPatient A(std::string id = "a") {
    return {.id = std::move(id), .resident_id = kSettleNumber, .phone = std::string(kSettlePhone)};
  }
  static TestPatient B(std::string id = "b") {
    return {.id = std::move(id), .phone = std::string(kSettlePhone)};
  }
  /// b is probably a.
  void PutPair() {
    PutPatient(A());
    PutPatient(B());
    ASSERT_EQ(Reviews(), "probable:b>a");
    task_ = Ids("Task");
  }
  int Delete(const std::string& name) const { return Send(Make(Method::kDelete, name)).status; }
  int Erase(const std::string& name) const {
    return Post(name + "/$erase", std::string(kSettleErase)).status;
  }
  /// "cancelled record-gone", "completed Linkage/", "requested".
  std::string State(const std::string& id) const {
    const fhir::Document document = Parsed(Get("Task/" + id));
    const fhir::Value task = document.Root();
    EXPECT_TRUE(fhir::CheckValid(*definitions_, task).ok()) << task.Json();
    std::string state = task["status"].ToString();
    for (const fhir::Value coding : task["statusReason"]["coding"]) state += " " + coding["code"].ToString();
    for (const fhir::Value output : task["output"])
      state += " " + output["valueReference"]["reference"].ToString().substr(0, 8);
    return state;
  }
  std::string State() const { return State(task_); }

  std::string task_;
};

TEST_F(SettleTest, AReviewGoesWithTheDecisionOfTheMachine) {
  PutPair();
  EXPECT_EQ(Ids("Task?based-on=Patient/a"), task_);
  TestPatient b = B();
  b.resident_id = kSettleNumber;
  PutPatient(b);
  ASSERT_EQ(RecordsOf("a"), "a b");
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(State(), "completed Linkage/");
  const std::string linkage = At(Parsed(Get("Task/" + task_)), "output.0.valueReference.reference");
  EXPECT_EQ(At(Parsed(Get(linkage)), "active"), "true");
  EXPECT_EQ(At(Parsed(Get(linkage)), "meta.lastUpdated"),
            At(Parsed(Get("Task/" + task_)), "meta.lastUpdated"))
      << "in one transaction";
}

TEST_F(SettleTest, AndOfATransaction) {
  PutPair();
  TestPatient b = B();
  b.resident_id = kSettleNumber;
  const Response response = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT","url":"Patient/n"},)"
      R"("resource":)" +
          A("n").Json() + R"(},{"request":{"method":"PUT","url":"Patient/b"},"resource":)" + b.Json() +
          "}]}");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(RecordsOf("a"), "a b n");
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(State(), "completed Linkage/");
}

TEST_F(SettleTest, AReviewGoesWithTheOneWhomItIsAskedOf) {
  PutPair();
  ASSERT_EQ(Delete("Patient/a"), 204);
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(State(), "cancelled record-gone");
}

TEST_F(SettleTest, AndWithTheOneItIsAbout) {
  PutPair();
  const Response response = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/b"}}]})");
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(State(), "cancelled record-gone");
}

TEST_F(SettleTest, OfSeveralItStaysForThoseWhoAreLeft) {
  for (const char* id : {"a", "b"}) PutPatient(A(id));
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  PutPatient(A("c"));
  ASSERT_TRUE(Reviews() == "two-persons:c>a,b" || Reviews() == "two-persons:c>b,a") << Reviews();
  task_ = Ids("Task?status=requested");
  ASSERT_EQ(Delete("Patient/a"), 204);
  EXPECT_EQ(State(), "requested") << "c and b are left";
  ASSERT_EQ(Post("Patient/$not-same", Pair("c", "b")).status, 200);
  EXPECT_EQ(State(), "completed Linkage/");
}

TEST_F(SettleTest, OfTwoWhoAreHeldApartNothingIsLeftToAskWhenTheThirdGoes) {
  for (const char* id : {"a", "b"}) PutPatient(A(id));
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  PutPatient(A("c"));
  task_ = Ids("Task?status=requested");
  ASSERT_EQ(Delete("Patient/c"), 204);
  EXPECT_EQ(State(), "cancelled record-gone");
}

// What a Task says of one who is erased is his, whoever's the Task is, and whether it is open or was settled long ago.
TEST_F(SettleTest, WhoIsErasedIsNamedByNoTask) {
  PutPair();
  const std::string open = task_;
  PutPatient(A("x"));  // joined to a by his number
  PutPatient({.id = "y", .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
  PutPatient({.id = "z", .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
  const std::string settled = Ids("Task?patient=z");
  ASSERT_EQ(Post("Patient/$link", Pair("y", "z")).status, 200);
  ASSERT_EQ(State(settled), "completed Linkage/");
  for (const auto& [task, erased] : {std::pair(open, "a"), std::pair(settled, "y")}) {
    const std::string name = std::string("Patient/") + erased;
    ASSERT_NE(Get("Task/" + task).body.find(name), std::string::npos);
    ASSERT_NE(Get("Task/" + task).body.find("\"level\""), std::string::npos);
    ASSERT_EQ(Erase(name), 200);
    const std::string left = Get("Task/" + task).body;
    EXPECT_EQ(left.find(name), std::string::npos) << left;
    EXPECT_EQ(left.find("\"level\""), std::string::npos) << left;
    EXPECT_EQ(left.find("bits"), std::string::npos) << left;
    EXPECT_NE(left.find(R"("valueCode":"machine")"), std::string::npos) << left;
    EXPECT_EQ(Ids("Task?based-on=" + name), "");
  }
  EXPECT_EQ(State(open), "cancelled record-erased");
  EXPECT_EQ(State(settled), "completed Linkage/");
  EXPECT_EQ(Reviews(), "");
}

TEST_F(SettleTest, OfSeveralWhoAreAskedOfTheErasedOneIsTakenOut) {
  for (const char* id : {"a", "b"}) PutPatient(A(id));
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  PutPatient(A("c"));
  task_ = Ids("Task?status=requested");
  ASSERT_EQ(Erase("Patient/a"), 200);
  EXPECT_EQ(Reviews(), "two-persons:c>b");
  EXPECT_EQ(Get("Task/" + task_).body.find("Patient/a\""), std::string::npos);
}

TEST_F(SettleTest, AReviewGoesWhereTheNewRecordBecomesSomebodyElse) {
  PutPair();
  TestPatient b = B();
  b.gender = "female";
  b.extra = R"(,"address":[{"text":"示例市示例区示例路1号"}])";
  PutPatient(b);
  EXPECT_EQ(Reviews(), "probable:b>a") << "still alike";
  PutPatient({.id = "b", .name = "李建国", .birth = "1951-07-07", .phone = "19900000008", .gender = "male"});
  EXPECT_EQ(Reviews(), "identity-changed:b") << "whose is it now?";
  EXPECT_EQ(State(), "cancelled records-differ");
  // And is asked once more when he is alike again.
  PutPatient(B());
  EXPECT_EQ(Reviews(), "identity-changed:b probable:b>a");
  EXPECT_EQ(Ids("Task?status=requested").find(task_), std::string::npos);
}

TEST_F(SettleTest, AndWhereTheOtherDoes) {
  PutPair();
  PutPatient({.id = "a", .name = "李建国", .birth = "1951-07-07", .phone = "19900000008", .gender = "male"});
  EXPECT_EQ(Reviews(), "identity-changed:a");
  EXPECT_EQ(State(), "cancelled records-differ");
}

TEST_F(SettleTest, ThatARecordWasSomebodyElsesStaysTrueWhenItIsMended) {
  PutPatient(A("a"));
  PutPatient(A("b"));
  ASSERT_EQ(RecordsOf("a"), "a b");
  TestPatient wrong = A("b");
  wrong.resident_id = kSettleOther;
  PutPatient(wrong);
  ASSERT_EQ(Reviews(), "identity-changed:b>a");
  EXPECT_EQ(RecordsOf("a"), "a");
  task_ = Ids("Task");
  wrong.phone = "19900000002";
  PutPatient(wrong);
  EXPECT_EQ(Reviews(), "identity-changed:b>a");
  PutPatient(A("b"));
  EXPECT_EQ(Reviews(), "identity-changed:b>a") << "once";
  EXPECT_EQ(RecordsOf("a"), "a") << "by the clerk who has the review";
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(Reviews(), "");
}

// Of two whom a person joined: what he said before is what is asked about.
TEST_F(SettleTest, WhetherAPersonsJoinStillHoldsIsAnsweredByAPersonAlone) {
  PutPatient(A("a"));
  PutPatient(A("b"));
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  TestPatient other = A("b");
  other.resident_id = kSettleOther;
  PutPatient(other);
  ASSERT_EQ(Reviews(), "contradiction:b>a");
  task_ = Ids("Task");
  TestPatient a = A("a");
  a.phone = "19900000007";
  PutPatient(a);
  EXPECT_EQ(Reviews(), "contradiction:b>a") << "another telephone answers nothing";
  other.phone = "19900000008";
  PutPatient(other);
  EXPECT_EQ(Reviews(), "contradiction:b>a") << "nor of the new record, and whose it is is asked by this one";
  PutPatient({.id = "a",
              .name = "李建国",
              .birth = "1951-07-07",
              .resident_id = ResidentIdOf("19510707", 31),
              .gender = "male"});
  EXPECT_EQ(State(), "requested") << "a third person is not the second";
  clock_.Advance(kSecondUs);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(State(), "completed Linkage/");
  EXPECT_EQ(RecordsOf("a"), "a b");
}

TEST_F(SettleTest, WhatContradictedIsWrittenAwayAndWhatWasSaidSettlesIt) {
  PutPatient(A("a"));
  PutPatient(A("b"));
  const Response said = Post("Patient/$link", Pair("a", "b"));
  ASSERT_EQ(said.status, 200);
  TestPatient other = A("b");
  other.resident_id = kSettleOther;
  PutPatient(other);
  ASSERT_EQ(Reviews(), "contradiction:b>a");
  task_ = Ids("Task");
  PutPatient(A("b"));
  EXPECT_EQ(State(), "completed Linkage/");
  EXPECT_EQ(At(Parsed(Get("Task/" + task_)), "output.0.valueReference.reference"),
            "Linkage/" + At(Parsed(said), "id"));
  EXPECT_EQ(Reviews(), "identity-changed:b") << "it was another's meanwhile, and nobody has said whose it is";
}

/// b, whom a person joined with a, is another's: by a, which is written (or goes), the question ends.
class EndedByTheOtherTest : public SettleTest {
 protected:
  void Ask() {
    PutPatient(A("a"));
    PutPatient(A("b"));
    ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
    TestPatient other = A("b");
    other.resident_id = kSettleOther;
    PutPatient(other);
    ASSERT_EQ(Reviews(), "contradiction:b>a");
    task_ = Ids("Task");
    clock_.Advance(kSecondUs);
  }
};

TEST_F(EndedByTheOtherTest, WhoseItIsIsAskedWhereTheOtherIsWritten) {
  Ask();
  TestPatient a = A("a");
  a.resident_id.clear();
  PutPatient(a);
  EXPECT_EQ(State(), "completed Linkage/");
  EXPECT_EQ(Reviews(), "identity-changed:b");
}

TEST_F(EndedByTheOtherTest, AndWhereItGoes) {
  Ask();
  ASSERT_EQ(Delete("Patient/a"), 204);
  EXPECT_EQ(State(), "cancelled record-gone");
  EXPECT_EQ(Reviews(), "identity-changed:b");
}

TEST_F(SettleTest, OfSeveralWhomAPersonJoinedEachIsAnswered) {
  for (const char* id : {"a", "b", "c"}) PutPatient(A(id));
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  ASSERT_EQ(Post("Patient/$link", Pair("c", "b")).status, 200);
  TestPatient other = A("b");
  other.resident_id = kSettleOther;
  PutPatient(other);
  ASSERT_TRUE(Reviews() == "contradiction:b>a,c" || Reviews() == "contradiction:b>c,a") << Reviews();
  task_ = Ids("Task");
  clock_.Advance(kSecondUs);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(State(), "requested") << "of c nobody has said it since";
  other.phone = "19900000008";
  PutPatient(other);
  EXPECT_EQ(State(), "requested");
  ASSERT_EQ(Post("Patient/$link", Pair("c", "b")).status, 200);
  EXPECT_EQ(State(), "completed Linkage/") << "what was said of a since it is asked counts";
}

TEST_F(SettleTest, WhomAPersonsJoinStillHoldsIsAContradictionWhateverTheMachineTakesBack) {
  for (const char* id : {"a", "b", "c"}) PutPatient(A(id));
  ASSERT_EQ(Post("Patient/$link", Pair("b", "c")).status, 200);
  TestPatient other = A("b");
  other.resident_id = kSettleOther;
  PutPatient(other);
  EXPECT_EQ(RecordsOf("b"), "a b c") << "by what the person said of c";
  ASSERT_TRUE(Reviews() == "contradiction:b>a,c" || Reviews() == "contradiction:b>c,a") << Reviews();
  task_ = Ids("Task");
  TestPatient a = A("a");
  a.phone = "19900000007";
  PutPatient(a);
  EXPECT_EQ(State(), "requested");
  ASSERT_EQ(Post("Patient/$not-same", Pair("c", "b")).status, 200);
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(State(), "completed Linkage/");
}

TEST_F(SettleTest, ItIsSettledOnceAndTheSameWhenBuiltAnew) {
  PutPair();
  for (const char* id : {"c", "d"})
    PutPatient({.id = id, .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
  ASSERT_EQ(Reviews(), "probable:b>a probable:d>c");
  ASSERT_EQ(Delete("Patient/a"), 204);
  PutPatient(B());
  ASSERT_EQ(Delete("Patient/b"), 204);
  EXPECT_EQ(At(Parsed(Get("Task/" + task_ + "/_history")), "total"), "2") << "opened and cancelled";
  const std::string before = Get("Task?_sort=_id").body;
  Close();
  std::filesystem::remove_all(folder_ / "views");
  Open();
  EXPECT_EQ(Reviews(), "probable:d>c");
  EXPECT_EQ(Get("Task?_sort=_id").body, before);
}

// Whoever is the second of the two to be written knows of the first.
TEST_F(SettleTest, NoReviewIsOpenedAboutOneWhoGoesAtTheSameMoment) {
  for (int round = 0; round < 30; ++round) {
    const std::string a = "a" + std::to_string(round), b = "b" + std::to_string(round);
    const std::string phone = "1990000" + std::to_string(1000 + round);
    PutPatient({.id = a, .phone = phone});
    std::thread other([&] { EXPECT_EQ(Delete("Patient/" + a), 204); });
    PutPatient({.id = b, .phone = phone});
    other.join();
    ASSERT_EQ(Reviews(), "") << round;
    ASSERT_EQ(Delete("Patient/" + b), 204);
  }
}

TEST_F(SettleTest, ManyAtOnceSettleItOnce) {
  PutPair();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([this, i] {
      for (int k = 0; k < 10; ++k) {
        TestPatient b = B();
        if (i % 2 == 0) b.resident_id = kSettleNumber;
        PutPatient(b);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(State(), "completed Linkage/");
  EXPECT_EQ(At(Parsed(Get("Task/" + task_ + "/_history")), "total"), "2");
}

}  // namespace
}  // namespace tk::interaction
