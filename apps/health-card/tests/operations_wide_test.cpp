// The life of a card on the real engine: issued, shown, verified once, lost, replaced, linked, closed; and who may do and see what.
#include <fmt/format.h>

#include <future>
#include <thread>

#include "apps/health-card/code.h"
#include "apps/health-card/offline.h"
#include "apps/health-card/tests/card_for_test.h"
#include "kernel/fhir/validate.h"

namespace tk::health_card {
namespace {

TEST_F(HealthCard, IsIssuedOnceToWhoShowsHisDocument) {
  EXPECT_EQ(Ask("issue", issue_ada_).status, 400);
  EXPECT_EQ(IssueTo("ada", ResidentId("38010119900307999")).status, 422);
  EXPECT_EQ(IssueTo("ada", "380101199003071239").status, 422);
  EXPECT_EQ(IssueTo("nobody", ada_).status, 404);
  const auto issued = IssueTo("ada", ada_);
  ASSERT_EQ(issued.status, 201) << issued.body;
  EXPECT_EQ(At(issued, "card.status"), "active");
  EXPECT_EQ(issued.audit_id, "ada");
  const auto again = IssueTo("ada", ada_);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(At(again, "card.number"), At(issued, "card.number"));
  EXPECT_EQ(At(again, "created"), "false");
}

TEST_F(HealthCard, ANumberThatIsSomebodyElsesProvesNothing) {
  const auto issue = [&](std::string_view members, const std::string& shown, std::string_view kind = {}) {
    Put(R"({"resourceType":"Patient","id":"new","name":[{"text":"欧阳小宝"}],)" + std::string(members) + "}");
    const auto answer =
        Ask("issue", R"({"patient":"Patient/new","identity":")" + shown + "\"" +
                         (kind.empty() ? "" : R"(,"identity_kind":")" + std::string(kind) + "\"") + "}");
    EXPECT_EQ(answer.body.find(shown), std::string::npos) << "no number in an answer";
    return answer.status;
  };
  const std::string number =
      R"("identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" + ada_;
  EXPECT_EQ(issue(R"("birthDate":"2026-11-01",)" + number + R"("}])", ada_), 422)
      << "of a newborn its mother's";
  EXPECT_EQ(issue(R"("gender":"female",)" + number + R"("}])", ada_), 422) << "of a woman her husband's";
  EXPECT_EQ(issue(number + R"(","use":"old"}])", ada_), 422);
  EXPECT_EQ(issue(number + R"(","period":{"end":"2001-01-01"}}])", ada_), 422);
  const std::string own = R"("identifier":[{"system":"http://hospital.example/mrn","value":"E73920486"}])";
  EXPECT_EQ(issue(own, "E73920486"), 422);
  EXPECT_EQ(issue(own, "E73920486", "passport"), 422);
  const std::string passport =
      R"("identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PPN"}]},"system":"http://embassy.example/passport","value":"E73920486"}])";
  EXPECT_EQ(issue(passport, "E73920486", "passport"), 201);
  EXPECT_EQ(issue(R"("birthDate":"1990-03","gender":"male",)" + number + R"("}])", ada_), 200);
}

TEST_F(HealthCard, ManyDesksAtOnceIssueOne) {
  std::vector<std::thread> desks;
  std::vector<interaction::Response> answers(8);
  for (size_t i = 0; i < answers.size(); ++i)
    desks.emplace_back([this, i, &answers] { answers[i] = IssueTo("ada", ada_); });
  for (std::thread& desk : desks) desk.join();
  int created = 0;
  for (const auto& answer : answers) {
    EXPECT_EQ(At(answer, "card.id"), At(answers[0], "card.id")) << answer.body;
    if (answer.status == 201) ++created;
  }
  EXPECT_EQ(created, 1);
}

TEST_F(HealthCard, WhatIsWrittenIsValidByItsDefinition) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  EXPECT_EQ(VerdictFor(CodeOf()), "valid");
  int looked = 0;
  for (log::Ordinal ordinal = 1; ordinal < engine_->Head().end_ordinal; ++ordinal) {
    const auto resource = engine_->Read(ordinal).value();
    const std::string type(engine_->definitions().Type(resource->type).name);
    if (!type.starts_with("HealthCard")) continue;
    ++looked;
    for (const Issue& issue : fhir::Validate(engine_->definitions(), resource->document.Root()))
      ADD_FAILURE() << type << " " << issue.path << ": " << issue.text;
    EXPECT_EQ(resource->owner, engine_->keys().Find("Patient/ada").value()) << type;
  }
  EXPECT_EQ(looked, 2);
}

TEST_F(HealthCard, ADynamicCodeIsGoodOnceAndForAMinute) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string code = CodeOf();
  const auto first = VerifyCode(code, "record");
  EXPECT_EQ(At(first, "verdict"), "valid");
  EXPECT_EQ(At(first, "accepted"), "true");
  EXPECT_EQ(At(first, "name"), "欧***");
  EXPECT_EQ(At(first, "patient"), "Patient/ada");
  EXPECT_EQ(VerdictFor(code, "record"), "used-before");
  const std::string old = CodeOf();
  clock_.Advance(66 * kSecondUs);
  EXPECT_EQ(VerdictFor(old), "expired");
  // The first is refused also when all is started anew.
  const std::string fresh = CodeOf();
  EXPECT_EQ(VerdictFor(fresh), "valid");
  Close();
  Open();
  EXPECT_EQ(VerdictFor(fresh), "used-before");
}

TEST_F(HealthCard, ShownAtManyDesksAtOnceACodeIsTakenByOne) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string code = CodeOf();
  std::vector<std::thread> desks;
  std::vector<std::string> verdicts(8);
  for (size_t i = 0; i < verdicts.size(); ++i)
    desks.emplace_back([this, i, &verdicts, &code] { verdicts[i] = VerdictFor(code); });
  for (std::thread& desk : desks) desk.join();
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), "valid"), 1);
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), "used-before"), 7);
}

TEST_F(HealthCard, APrintedCodeOpensOnlyWhatThePolicySays) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string code = CodeOf("print");
  EXPECT_EQ(VerdictFor(code), "valid");
  EXPECT_EQ(VerdictFor(code), "valid");
  EXPECT_EQ(VerdictFor(code, "record"), "not-allowed");
  EXPECT_EQ(VerdictFor(code, "payment"), "not-allowed");
  EXPECT_EQ(VerifyCode(code, "party").status, 400);
  const auto uses = Ask("uses", issue_ada_);
  EXPECT_EQ(At(uses, "uses.1.kind"), "static");
  EXPECT_EQ(At(uses, "uses.2"), "");
}

TEST_F(HealthCard, ALostCardIsDeadAtOnceAndItsSuccessorLives) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string dynamic = CodeOf(), printed = CodeOf("print");
  EXPECT_EQ(At(Ask("report-loss", issue_ada_), "card.status"), "lost");
  EXPECT_EQ(At(Ask("report-loss", issue_ada_), "card.status"), "lost");
  EXPECT_EQ(VerdictFor(dynamic), "lost");
  EXPECT_EQ(VerdictFor(printed), "lost");
  EXPECT_EQ(Ask("present", issue_ada_).status, 409);
  EXPECT_EQ(IssueTo("ada", ada_).status, 409);
  EXPECT_EQ(Ask("reissue", issue_ada_).status, 400);
  const auto again = Ask("reissue", R"({"patient":"Patient/ada","reason":"lost"})");
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(VerdictFor(dynamic), "replaced");
  EXPECT_EQ(VerdictFor(printed), "replaced");
  EXPECT_EQ(VerdictFor(CodeOf()), "valid");
  EXPECT_EQ(At(Ask("close", R"({"patient":"Patient/ada","reason":"moved"})"), "card.status"), "closed");
  EXPECT_EQ(Ask("present", issue_ada_).status, 409);
  const auto back = IssueTo("ada", ada_);
  EXPECT_EQ(back.status, 201);
  EXPECT_NE(At(back, "card.id"), At(again, "card.id"));
}

TEST_F(HealthCard, TheDeadAndTheMergedShowNothing) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string code = CodeOf();
  Put(R"({"resourceType":"Patient","id":"ada","active":false})");
  EXPECT_EQ(VerdictFor(code), "closed");
  EXPECT_EQ(Ask("present", issue_ada_).status, 409);
  Put(R"({"resourceType":"Patient","id":"ada","deceasedDateTime":"2026-11-01"})");
  EXPECT_EQ(VerdictFor(code), "closed");
}

TEST_F(HealthCard, OlderCardsLeadToIt) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string link = R"({"patient":"Patient/ada","system":"urn:hospital-1","value":"C|100,2"})";
  EXPECT_EQ(At(Ask("link", link), "card.linked.0.value"), "C|100,2");
  EXPECT_EQ(Ask("link", link).status, 200);
  const std::string shown = R"({"number":"C|100,2","system":"urn:hospital-1","purpose":")";
  const auto found = Ask("verify", shown + "registration\"}");
  EXPECT_EQ(At(found, "verdict"), "valid") << found.body;
  EXPECT_EQ(At(found, "kind"), "linked");
  EXPECT_EQ(At(found, "patient"), "Patient/ada");
  EXPECT_EQ(At(Ask("verify", shown + "record\"}"), "verdict"), "not-allowed");
  EXPECT_EQ(At(Ask("verify", R"({"number":"C|100","system":"urn:hospital-1","purpose":"registration"})"),
               "verdict"),
            "unknown-card");
  const std::string bob = ResidentId("38010119900307555");
  Put(R"({"resourceType":"Patient","id":"bob","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
      bob + R"("}]})");
  ASSERT_EQ(IssueTo("bob", bob).status, 201);
  const std::string steal = R"({"patient":"Patient/bob","system":"urn:hospital-1","value":"C|100,2"})";
  EXPECT_EQ(Ask("link", steal).status, 409);
  EXPECT_EQ(Ask("unlink", steal).status, 404);
  EXPECT_EQ(Ask("unlink", link).status, 200);
  EXPECT_EQ(Ask("unlink", link).status, 404);
  EXPECT_EQ(Ask("link", steal).status, 200);
}

TEST_F(HealthCard, AnOlderNumberIsOneHoweverItIsTyped) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const auto of = [&](std::string_view value) {
    return R"({"patient":"Patient/ada","system":"urn:hospital-1","value":")" + std::string(value) + "\"}";
  };
  EXPECT_EQ(Ask("link", of("A-125")).status, 200);
  for (const char* typed : {"a-125", "A125", "A–125", "a.1 25", "Ａ＿１２５", "A/125"}) {
    const auto found = Ask("verify", R"({"system":"urn:hospital-1","purpose":"registration","number":")" +
                                         std::string(typed) + "\"}");
    EXPECT_EQ(At(found, "patient"), "Patient/ada") << typed << found.body;
  }
  for (const char* nothing : {"-", "---", "。", " "})
    EXPECT_EQ(Ask("link", of(nothing)).status, 400) << nothing;
  EXPECT_EQ(Ask("unlink", of("a 125")).status, 200);
}

TEST_F(HealthCard, AnOlderNumberOfAClosedCardIsTheOthersWhoHasItSince) {
  const std::string bob = ResidentId("38010119900307555");
  Put(R"({"resourceType":"Patient","id":"bob","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
      bob + R"("}]})");
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  ASSERT_EQ(IssueTo("bob", bob).status, 201);
  const auto link = [&](std::string_view person, std::string_view value) {
    return Ask("link", R"({"patient":"Patient/)" + std::string(person) + R"(","system":"urn:h","value":")" +
                           std::string(value) + "\"}")
        .status;
  };
  const auto whose = [&](std::string_view value) {
    const auto found = Ask(
        "verify", R"({"system":"urn:h","purpose":"registration","number":")" + std::string(value) + "\"}");
    return At(found, "verdict") + " " + At(found, "patient");
  };
  ASSERT_EQ(link("ada", "77"), 200);
  EXPECT_EQ(whose("７７"), "valid Patient/ada") << "however it is typed";
  for (const char* spelled : {"77", " 77", "7 7", "７７", "\u200b77"})
    EXPECT_EQ(link("bob", spelled), 409) << spelled;
  EXPECT_EQ(link("bob", "   "), 400);
  ASSERT_EQ(Ask("close", R"({"patient":"Patient/ada","reason":"moved"})").status, 200);
  EXPECT_EQ(whose("77").substr(0, 6), "closed");
  ASSERT_EQ(link("bob", "77"), 200);
  EXPECT_EQ(whose("77"), "valid Patient/bob");
}

TEST_F(HealthCard, TwoDesksCannotLinkOneNumberToTwoPersons) {
  const std::string bob = ResidentId("38010119900307555");
  Put(R"({"resourceType":"Patient","id":"bob","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
      bob + R"("}]})");
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  ASSERT_EQ(IssueTo("bob", bob).status, 201);
  for (int round = 0; round < 20; ++round) {
    int statuses[2] = {};
    std::thread other([&, round] {
      statuses[1] = Ask("link", R"({"patient":"Patient/bob","system":"urn:h","value":")" +
                                    std::to_string(round % 10) + "\"}")
                        .status;
    });
    statuses[0] = Ask("link", R"({"patient":"Patient/ada","system":"urn:h","value":")" +
                                  std::to_string(round % 10) + "\"}")
                      .status;
    other.join();
    EXPECT_NE(statuses[0], statuses[1]) << round;
  }
}

TEST_F(HealthCard, EachPostDoesAndSeesItsOwn) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const auto gate = InArea(ViewerOf({"health-card-verify"}, {}), "380104");
  for (const char* what : {"issue", "reissue", "report-loss", "close", "link", "unlink", "present", "print",
                           "family", "uses", "rotate-key", "revoke-key"})
    EXPECT_EQ(Ask(what, issue_ada_, gate).status, 403) << what;
  const auto seen = VerifyCode(CodeOf(), "registration", gate);
  EXPECT_EQ(At(seen, "verdict"), "valid");
  EXPECT_EQ(At(seen, "name"), "欧***");
  EXPECT_EQ(At(seen, "patient"), "");
  const auto reads = InArea(ViewerOf({"health-card-verify"}, {"Patient"}), "380104");
  EXPECT_EQ(At(VerifyCode(CodeOf(), "registration", reads), "patient"), "");
  const auto here = InArea(ViewerOf({"health-card-verify"}, {"Patient"}), "380102");
  EXPECT_EQ(At(VerifyCode(CodeOf(), "registration", here), "patient"), "Patient/ada");
  const auto elsewhere = InArea(ViewerOf({"*"}, {"*"}), "380104");
  for (const char* what : {"issue", "present", "report-loss", "uses", "family"}) {
    const auto other = Ask(what, R"({"patient":"Patient/ada","identity":")" + ada_ + "\"}", elsewhere);
    const auto never = Ask(what, R"({"patient":"Patient/never","identity":")" + ada_ + "\"}", elsewhere);
    EXPECT_EQ(other.status, 404) << what;
    EXPECT_EQ(other.body, never.body) << what;
  }
  const auto nobody = ViewerOf({}, {});
  EXPECT_EQ(VerifyCode(CodeOf(), "registration", nobody).status, 403);
  EXPECT_EQ(Ask("offline", "{}", nobody).status, 403);
}

TEST_F(HealthCard, AGuardianShowsAChildsCardUntilItIsFourteen) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string kid = ResidentId("38010120121120123");
  Put(R"({"resourceType":"Patient","id":"kid","name":[{"text":"欧阳小宝"}],"birthDate":"2012-11-20","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
      kid + R"("}]})");
  ASSERT_EQ(IssueTo("kid", kid).status, 201);
  const auto ada = Resident("ada");
  const std::string show = R"({"patient":"Patient/kid"})";
  EXPECT_EQ(Ask("present", show, ada).status, 404);
  const auto mother = [this](std::string_view verified, std::string_view guardian,
                             std::string_view period = "", std::string_view relationship = "MTH") {
    Put(fmt::format(
        R"({{"resourceType":"RelatedPerson","id":"mother","meta":{{"tag":[{{"system":"http://tongkang.dev/fhir/sid/guardianship","code":"{}"}}]}},"extension":[{{"url":"http://tongkang.dev/fhir/StructureDefinition/related-person-patient","valueReference":{{"reference":"Patient/{}"}}}}],"patient":{{"reference":"Patient/kid"}}{},"relationship":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"{}"}}]}}]}})",
        verified, guardian, period, relationship));
  };
  mother("verified", "ada");
  Put(R"({"resourceType":"Patient","id":"ada","name":[{"text":"欧阳小文"}],"link":[{"other":{"reference":"RelatedPerson/mother"},"type":"seealso"}],"identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" +
      ada_ + R"("}]})");
  EXPECT_EQ(Ask("present", "{}", ada).status, 200);
  // A link that nobody has verified, one that is another's, one that is over: none of them shows the child's card.
  mother("asked", "ada");
  EXPECT_EQ(Ask("present", show, ada).status, 404);
  mother("verified", "kid");
  EXPECT_EQ(Ask("present", show, ada).status, 404);
  mother("verified", "ada", R"(,"period":{"end":"2020-01-01"})");
  EXPECT_EQ(Ask("present", show, ada).status, 404);
  // Whoever reads the child's record shows his card: one list says who is a guardian.
  mother("verified", "ada", "", "AUNT");
  EXPECT_EQ(Ask("present", show, ada).status, 404);
  mother("verified", "ada", "", "STPMTH");
  EXPECT_EQ(Ask("present", show, ada).status, 200);
  mother("verified", "ada");
  const auto shown = Ask("present", show, ada);
  ASSERT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(VerdictFor(At(shown, "code")), "valid");
  const auto family = Ask("family", "{}", ada);
  EXPECT_EQ(At(family, "people.0.relation"), "self");
  EXPECT_EQ(At(family, "people.1.patient"), "Patient/kid");
  EXPECT_EQ(At(family, "people.1.name"), "欧**宝");
  EXPECT_EQ(Ask("present", R"({"patient":"Patient/ada"})", Resident("kid")).status, 404);
  clock_.Advance(3 * 86'400 * kSecondUs);  // the fourteenth birthday is past
  EXPECT_EQ(Ask("present", show, ada).status, 404);
  EXPECT_EQ(At(Ask("family", "{}", ada), "people.1"), "");
}

TEST_F(HealthCard, WithoutNetworkTheListSaysWhoseIsDead) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const auto device = [this] {
    const auto answer = Ask("offline", "{}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto bundle = fhir::Document::Parse(answer.body).value();
    KnownKeys keys;
    for (const fhir::Value key : bundle.Root()["keys"]) {
      const std::string point = *FromBase64Url(key["public"].ToString());
      keys.push_back({1,
                      crypto::VerifyingKey::FromPoint(crypto::Suite::kInternational, AsBytes(point)).value(),
                      0, 0, false});
    }
    return OfflineVerifier::Create(380'100, 5, keys, *FromBase64Url(bundle.Root()["list"].ToString()))
        .value();
  };
  const int64_t now_s = clock_.NowUs() / kSecondUs;
  const std::string code = CodeOf(), printed = CodeOf("print");
  auto before = device();
  EXPECT_EQ(before.Check(code, true, now_s), Verdict::kValid);
  EXPECT_EQ(before.Check(printed, true, now_s), Verdict::kValid);
  ASSERT_EQ(Ask("report-loss", issue_ada_).status, 200);
  EXPECT_EQ(device().Check(printed, true, now_s), Verdict::kValid);  // the served list is up to a minute old
  clock_.Advance(60 * kSecondUs);
  EXPECT_EQ(device().Check(printed, true, now_s), Verdict::kClosed);
  EXPECT_EQ(device().list().cards.size(), 1u);
}

TEST_F(HealthCard, AKeyThatIsRevokedTakesItsCodesWithIt) {
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string code = CodeOf("print");
  EXPECT_EQ(VerdictFor(code), "valid");
  EXPECT_EQ(Ask("rotate-key", "{}").status, 200);
  EXPECT_EQ(VerdictFor(code), "valid");
  EXPECT_EQ(Ask("revoke-key", R"({"number":0})").status, 400);
  EXPECT_EQ(Ask("revoke-key", R"({"number":77})").status, 404);
  EXPECT_EQ(Ask("revoke-key", R"({"number":1})").status, 200);
  EXPECT_EQ(VerdictFor(code), "unknown-key");
  EXPECT_EQ(VerdictFor(CodeOf("print")), "valid");
}

TEST_F(HealthCard, BadRequestsSayWhatIsWrong) {
  EXPECT_EQ(Ask("dance", "{}").status, 404);
  EXPECT_EQ(Ask("verify", "[1]").status, 400);
  EXPECT_EQ(Ask("verify", "{").status, 400);
  EXPECT_EQ(Ask("verify", R"({"purpose":"registration"})").status, 400);
  EXPECT_EQ(Ask("verify", R"({"purpose":7,"code":"x"})").status, 400);
  EXPECT_EQ(Ask("verify", R"({"purpose":"registration","code":")" + std::string(300, 'A') + "\"}").status,
            400);
  EXPECT_EQ(VerdictFor("TK:NOTACODE"), "malformed");
  EXPECT_EQ(Ask("present", R"({"patient":"Group/1"})").status, 400);
  EXPECT_EQ(Ask("present", "{}").status, 400);
  EXPECT_EQ(Ask("link", R"({"patient":"Patient/ada","system":"card","value":"1"})").status, 409);
}

TEST_F(HealthCard, TheNationalSetDoesTheSame) {
  Close();
  std::filesystem::remove_all(folder_ / "app");
  settings_.replace(settings_.find("international"), 13, "national");
  Open();
  ASSERT_EQ(IssueTo("ada", ada_).status, 201);
  const std::string code = CodeOf();
  EXPECT_EQ(VerdictFor(code), "valid");
  EXPECT_EQ(VerdictFor(code), "used-before");
  EXPECT_NE(Ask("offline", "{}").body.find("\"national\""), std::string::npos);
}

}  // namespace
}  // namespace tk::health_card
