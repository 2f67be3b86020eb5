// One person, one card: whoever is joined to whom, and whenever.
#include <set>
#include <thread>

#include "apps/health-card/tests/card_for_test.h"
#include "kernel/access/inquiries.h"

namespace tk::health_card {
namespace {

/// ada and ben are records of the same number; nobody says so until a Linkage does.
class CardOfPerson : public HealthCard {
 protected:
  void SetUp() override {
    HealthCard::SetUp();
    PutRecord("ben", "380104");
  }
  void PutRecord(const std::string& id, std::string_view area, std::string_view more = {}) {
    Put(R"({"resourceType":"Patient","id":")" + id +
        R"(","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":")" + std::string(area) +
        R"("}]},"name":[{"text":"欧阳小文"}],"birthDate":"1990-03-07","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
        ada_ + R"("}])" + std::string(more) + "}");
  }
  void Join(std::string_view a = "ada", std::string_view b = "ben", bool active = true) {
    Put(R"({"resourceType":"Linkage","id":")" + std::string(a) + "-" + std::string(b) + R"(","active":)" +
        (active ? "true" : "false") + R"(,"item":[{"type":"source","resource":{"reference":"Patient/)" +
        std::string(a) + R"("}},{"type":"alternate","resource":{"reference":"Patient/)" + std::string(b) +
        R"("}}]})");
  }
  static std::string Of(std::string_view id, std::string_view more = {}) {
    return R"({"patient":"Patient/)" + std::string(id) + "\"" + std::string(more) + "}";
  }
  std::string NumberOf(const std::string& id) { return At(IssueTo(id, ada_), "card.number"); }
};

TEST_F(CardOfPerson, OnePersonGetsOneCardAtEveryRecord) {
  Join();
  const auto first = IssueTo("ada", ada_), second = IssueTo("ben", ada_);
  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(At(second, "card.number"), At(first, "card.number"));
  EXPECT_EQ(At(second, "created"), "false");
  // Shown by either record, it is the same one; lost by either, it is lost.
  const std::string by_ada = CodeOf("print", "ada"), by_ben = CodeOf("print", "ben");
  EXPECT_EQ(At(Ask("print", Of("ben")), "number"), At(first, "card.number"));
  EXPECT_EQ(VerdictFor(by_ben), "valid");
  ASSERT_EQ(At(Ask("report-loss", Of("ben")), "card.status"), "lost");
  EXPECT_EQ(VerdictFor(by_ada), "lost");
  EXPECT_EQ(VerdictFor(by_ben), "lost");
  EXPECT_EQ(IssueTo("ben", ada_).status, 409);
  EXPECT_EQ(Ask("present", Of("ada")).status, 409);
  const auto again = Ask("reissue", Of("ben", R"(,"reason":"lost")"));
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(At(again, "card.patient"), "Patient/ben");
  EXPECT_EQ(NumberOf("ada"), At(again, "card.number"));
  EXPECT_EQ(VerdictFor(by_ada), "replaced");
  EXPECT_EQ(At(Ask("close", Of("ada", R"(,"reason":"moved")")), "card.status"), "closed");
  EXPECT_EQ(Ask("present", Of("ben")).status, 409);
}

TEST_F(CardOfPerson, ManyDesksAtOnceIssueOneForBothRecords) {
  Join();
  std::vector<std::thread> desks;
  std::vector<interaction::Response> answers(8);
  for (size_t i = 0; i < answers.size(); ++i)
    desks.emplace_back([this, i, &answers] { answers[i] = IssueTo(i % 2 == 0 ? "ada" : "ben", ada_); });
  for (std::thread& desk : desks) desk.join();
  int created = 0;
  std::set<std::string> numbers;
  for (const auto& answer : answers) {
    created += answer.status == 201;
    numbers.insert(At(answer, "card.number"));
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(numbers.size(), 1u);
}

// While the two are joined, issuing for one of them either knows of the other's card, or was before.
TEST_F(CardOfPerson, WhoIsJoinedMeanwhileHasOneCardFromThenOn) {
  for (int round = 0; round < 10; ++round) {
    const std::string a = "a" + std::to_string(round), b = "b" + std::to_string(round);
    PutRecord(a, "380102");
    PutRecord(b, "380102");
    ASSERT_EQ(IssueTo(a, ada_).status, 201);
    interaction::Response answer;
    std::thread desk([&] { answer = IssueTo(b, ada_); });
    Join(a, b);
    desk.join();
    if (answer.status == 200) {
      EXPECT_EQ(At(answer, "card.patient"), "Patient/" + a);
    }
    EXPECT_EQ(NumberOf(a), NumberOf(b)) << round;
  }
}

TEST_F(CardOfPerson, WhoWereJoinedWithACardEachHaveBothUntilADeskHasThemBeforeIt) {
  const std::string older = NumberOf("ada");
  clock_.Advance(kSecondUs);
  const std::string newer = NumberOf("ben");
  ASSERT_NE(older, newer);
  ASSERT_EQ(Ask("link", Of("ada", R"(,"system":"urn:h1","value":"1")")).status, 200);
  const std::string by_ada = CodeOf("print", "ada"), by_ben = CodeOf("print", "ben");
  Join();
  EXPECT_EQ(VerdictFor(by_ada), "valid");
  EXPECT_EQ(VerdictFor(by_ben), "valid");
  const auto shown = Ask("present", Of("ada"));
  EXPECT_EQ(At(shown, "number"), newer) << "the one that was issued last is his card";
  EXPECT_EQ(At(Ask("link", Of("ben", R"(,"system":"urn:h1","value":"1")")), "others.0.number"), older)
      << "the desk is told of the other";
  const auto settled = IssueTo("ada", ada_);
  ASSERT_EQ(settled.status, 200) << settled.body;
  EXPECT_EQ(At(settled, "card.number"), newer);
  EXPECT_EQ(At(settled, "others.0"), "");
  EXPECT_EQ(At(settled, "card.linked.0.value"), "1") << "older numbers go over";
  EXPECT_EQ(VerdictFor(by_ada), "replaced");
  EXPECT_EQ(VerdictFor(by_ben), "valid");
  EXPECT_EQ(At(Ask("verify", R"({"number":"1","system":"urn:h1","purpose":"registration"})"), "verdict"),
            "valid");
}

TEST_F(CardOfPerson, LossAndClosingAreOfAllHisCards) {
  NumberOf("ada");
  NumberOf("ben");
  const std::string by_ada = CodeOf("print", "ada"), by_ben = CodeOf("print", "ben");
  Join();
  ASSERT_EQ(Ask("report-loss", Of("ada")).status, 200);
  EXPECT_EQ(VerdictFor(by_ada), "lost");
  EXPECT_EQ(VerdictFor(by_ben), "lost");
  ASSERT_EQ(At(Ask("close", Of("ben", R"(,"reason":"death")")), "card.status"), "closed");
  EXPECT_EQ(VerdictFor(by_ada), "closed");
  EXPECT_EQ(VerdictFor(by_ben), "closed");
}

TEST_F(CardOfPerson, WhoAreTakenApartHaveEachTheirOwn) {
  const std::string first = NumberOf("ada");
  clock_.Advance(kSecondUs);
  const std::string second = NumberOf("ben");
  Join();
  EXPECT_EQ(At(Ask("print", Of("ada")), "number"), second);
  Join("ada", "ben", false);
  EXPECT_EQ(NumberOf("ada"), first);
  EXPECT_EQ(NumberOf("ben"), second);
  ASSERT_EQ(Ask("report-loss", Of("ada")).status, 200);
  EXPECT_EQ(At(Ask("present", Of("ben")), "number"), second);
  // Who had one card together: it stays with the record for which it was issued, the other gets one of his own.
  PutRecord("cyd", "380102");
  PutRecord("dan", "380102");
  Join("cyd", "dan");
  const std::string one = NumberOf("cyd");
  ASSERT_EQ(NumberOf("dan"), one);
  Join("cyd", "dan", false);
  EXPECT_EQ(NumberOf("cyd"), one);
  const auto own = IssueTo("dan", ada_);
  EXPECT_EQ(own.status, 201);
  EXPECT_NE(At(own, "card.number"), one);
}

TEST_F(CardOfPerson, WhoHasDiedByOneRecordHasDied) {
  Join();
  NumberOf("ada");
  const std::string code = CodeOf("print", "ada");
  PutRecord("ben", "380104", R"(,"deceasedBoolean":true)");
  EXPECT_EQ(VerdictFor(code), "closed");
  EXPECT_EQ(IssueTo("ada", ada_).status, 409);
}

TEST_F(CardOfPerson, AMergedRecordsCardIsClosedAndTheOthersIsHis) {
  const std::string first = NumberOf("ada");
  const std::string by_ada = CodeOf("print", "ada");
  Join();
  PutRecord("ada", "380102", R"(,"active":false)");
  EXPECT_EQ(VerdictFor(by_ada), "closed");
  const auto own = IssueTo("ben", ada_);
  ASSERT_EQ(own.status, 201) << own.body;
  // Lost it is all the same: who has no network does not know of the merge.
  ASSERT_EQ(Ask("report-loss", Of("ben")).status, 200);
  PutRecord("ada", "380102");
  Join("ada", "ben", false);
  EXPECT_EQ(VerdictFor(by_ada), "lost");
}

// Whoever sees one record of a person does not learn which others there are.
TEST_F(CardOfPerson, NobodyLearnsOfARecordElsewhere) {
  Join();
  const std::string number = NumberOf("ada");
  const auto there = InArea(ViewerOf({"*"}, {"*"}), "380104");
  const auto answer = Ask("issue", Of("ben", R"(,"identity":")" + ada_ + "\""), there);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(At(answer, "card.number"), number);
  EXPECT_EQ(answer.body.find("ada"), std::string::npos) << answer.body;
  EXPECT_EQ(At(VerifyCode(CodeOf(), "registration", there), "patient"), "Patient/ben");
  EXPECT_EQ(Ask("family", Of("ben"), there).body.find("ada"), std::string::npos);
}

TEST_F(CardOfPerson, WhoeverTriesNumbersIsRefusedAndTold) {
  const auto try_card = [this] {
    return Ask("verify", R"({"number":"1","system":"urn:h1","purpose":"registration"})").status;
  };
  const auto try_identity = [this] { return IssueTo("ada", ResidentId("38010119900307555")).status; };
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(try_card(), 200) << i;
    ASSERT_EQ(try_identity(), 422) << i;
  }
  EXPECT_EQ(interactions_->inquiries()->alarms().accounts, 0u);
  EXPECT_EQ(try_card(), 429);
  EXPECT_EQ(try_identity(), 429);
  EXPECT_EQ(IssueTo("ada", ada_).status, 429) << "not told by the answer which number it is";
  EXPECT_EQ(interactions_->inquiries()->alarms().accounts, 1u);
  EXPECT_EQ(interactions_->inquiries()->alarms().refused, 3u);
  clock_.Advance(3600 * kSecondUs);
  EXPECT_EQ(IssueTo("ada", ada_).status, 201);
}

TEST_F(CardOfPerson, AResidentIsHimselfByEachOfHisRecords) {
  Join();
  NumberOf("ada");
  const auto ben = Resident("ben");
  EXPECT_EQ(Ask("present", "{}", ben).status, 200);
  EXPECT_EQ(Ask("present", Of("ada"), ben).status, 200);
  PutRecord("eve", "380102");
  EXPECT_EQ(Ask("present", Of("eve"), ben).status, 404);
}

TEST_F(CardOfPerson, AGuardianshipHoldsForThePersonsAndEndsWithFourteenYears) {
  const std::string born =
      R"({"resourceType":"Patient","birthDate":"2012-11-20","name":[{"text":"欧阳小宝"}],"id":")";
  const std::string kid = ResidentId("38010120121120123");
  for (const std::string id : {"kid", "kid2"})
    Put(born + id + R"(","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
        kid + R"("}]})");
  Put(R"({"resourceType":"RelatedPerson","id":"mother","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/guardianship","code":"verified"}]},"extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/related-person-patient","valueReference":{"reference":"Patient/ben"}}],"patient":{"reference":"Patient/kid2"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]})");
  PutRecord("ben", "380104", R"(,"link":[{"other":{"reference":"RelatedPerson/mother"},"type":"seealso"}])");
  ASSERT_EQ(IssueTo("kid", kid).status, 201);
  // Her account is ada's, the link is ben's, the guardianship kid2's, and the card kid's.
  const auto ada = Resident("ada");
  EXPECT_EQ(Ask("present", Of("kid"), ada).status, 404);
  Join();
  EXPECT_EQ(Ask("present", Of("kid"), ada).status, 404) << "kid2 is not known to be kid";
  Join("kid", "kid2");
  EXPECT_EQ(Ask("present", Of("kid"), ada).status, 200);
  EXPECT_EQ(At(Ask("family", "{}", ada), "people.1.card.status"), "active");
  EXPECT_EQ(Ask("present", Of("ada"), Resident("kid")).status, 404);
  clock_.Advance(3 * 86'400 * kSecondUs);  // the fourteenth birthday is past
  EXPECT_EQ(Ask("present", Of("kid"), ada).status, 404);
  EXPECT_EQ(At(Ask("family", "{}", ada), "people.1"), "");
}

// A card is of the person for whom it was issued, whoever stands in the record since.
TEST_F(CardOfPerson, AnotherPersonInTheRecordHasNotHisCard) {
  const std::string other = ResidentId("38010119911213925");
  const auto put_other = [&] {
    clock_.Advance(kSecondUs);
    Put(R"({"resourceType":"Patient","id":"ben","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380104"}]},"name":[{"text":"李秋燕"}],"birthDate":"1991-12-13","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
        other + R"("}]})");
    clock_.Advance(kSecondUs);
  };
  const auto is_listed = [&] {
    clock_.Advance(120 * kSecondUs);
    return At(Ask("offline", "{}"), "cards");
  };
  const std::string number = NumberOf("ben"), printed = CodeOf("print", "ben");
  clock_.Advance(kSecondUs);
  const auto ben = Resident("ben");
  ASSERT_EQ(Ask("present", "{}", ben).status, 200);
  ASSERT_EQ(VerdictFor(printed), "valid");
  ASSERT_EQ(Ask("link", Of("ben", R"(,"system":"urn:h","value":"A1")")).status, 200);
  put_other();
  // Neither his account nor his code opens anything of hers, and his card is not hers.
  for (const char* what : {"present", "family", "uses", "report-loss", "print"})
    EXPECT_EQ(Ask(what, "{}", ben).status, 404) << what;
  EXPECT_EQ(Ask("present", Of("ben"), ben).status, 404);
  const auto shown = VerifyCode(printed);
  EXPECT_EQ(At(shown, "verdict"), "closed");
  EXPECT_EQ(At(shown, "name") + At(shown, "patient"), "");
  EXPECT_EQ(At(Ask("verify", R"({"number":"A1","system":"urn:h","purpose":"registration"})"), "verdict"),
            "closed");
  const auto hers = Resident("ben");
  EXPECT_EQ(Ask("present", "{}", hers).status, 409);
  EXPECT_EQ(At(Ask("family", "{}", hers), "people.0.card"), "");
  EXPECT_EQ(At(Ask("uses", "{}", hers), "uses.0"), "") << "where he showed it";
  const auto issued = IssueTo("ben", other);
  ASSERT_EQ(issued.status, 201) << issued.body;
  EXPECT_NE(At(issued, "card.number"), number);
  EXPECT_EQ(At(issued, "card.linked.0"), "");
  EXPECT_EQ(Ask("present", "{}", hers).status, 200);
  EXPECT_EQ(VerdictFor(printed), "closed");
  EXPECT_EQ(Ask("report-loss", "{}", ben).status, 404);
  EXPECT_EQ(Ask("present", "{}", hers).status, 200);
  EXPECT_EQ(is_listed(), "1") << "for those who verify without network";
}

// That a person joined the two before is before a clerk: until he answers, each has what is the own.
TEST_F(CardOfPerson, WhoIsBeforeAClerkHasNotTheOthersCard) {
  Join();
  const std::string number = NumberOf("ben");
  clock_.Advance(kSecondUs);
  Put(R"({"resourceType":"Patient","id":"ada","meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":"380102"}]},"name":[{"text":"李秋燕"}],"birthDate":"1991-12-13","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
      ResidentId("38010119911213925") + R"("}]})");
  clock_.Advance(kSecondUs);
  const auto hers = Resident("ada"), his = Resident("ben");
  EXPECT_EQ(Ask("present", "{}", hers).status, 409) << "she has none";
  EXPECT_EQ(Ask("report-loss", "{}", hers).status, 409);
  EXPECT_EQ(At(Ask("family", "{}", hers), "people.0.card"), "");
  EXPECT_EQ(At(Ask("present", "{}", his), "number"), number);
  const auto issued = IssueTo("ada", ResidentId("38010119911213925"));
  ASSERT_EQ(issued.status, 201) << issued.body;
  EXPECT_NE(At(issued, "card.number"), number);
  EXPECT_EQ(At(Ask("present", "{}", his), "number"), number);
}

}  // namespace
}  // namespace tk::health_card
