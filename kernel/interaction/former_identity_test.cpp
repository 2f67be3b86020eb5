// A record that becomes another person's: the machine takes back its own joins, and makes none with it, until a person has looked.
#include <fmt/format.h>

#include "kernel/fhir/validate.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

const std::string kNumberOfX = ResidentIdOf("19800102", 41), kNumberOfY = ResidentIdOf("19911213", 83);

class FormerIdentityTest : public PersonsTest {
 protected:
  static TestPatient X(const std::string& id) { return {.id = id, .resident_id = kNumberOfX}; }
  static TestPatient Y(const std::string& id) {
    return {.id = id, .name = "李秋燕", .birth = "1991-12-13", .resident_id = kNumberOfY};
  }
  bool IsHeldApart(std::string_view a, std::string_view b) const {
    const Response why = Post("Patient/$explain-match", Pair(a, b));
    EXPECT_EQ(why.status, 200) << why.body;
    return why.body.find(R"("name":"held-apart","valueBoolean":true)") != std::string::npos;
  }
  /// "true 1 machine": active, version, who decided; of each Linkage, sorted.
  std::string Decisions() const {
    std::vector<std::string> all;
    const fhir::Document document = Parsed(Get("Linkage?_count=100"));
    for (const fhir::Value entry : document.Root()["entry"]) {
      const fhir::Value linkage = entry["resource"];
      all.push_back((linkage["active"].IsTrue() ? "true " : "false ") +
                    linkage["meta"]["versionId"].ToString() + " " +
                    person::PartOfPersonLink(linkage, "by")["valueCode"].ToString());
    }
    std::sort(all.begin(), all.end());
    return fmt::format("{}", fmt::join(all, ", "));
  }
  void OpenFromTheLog() {
    Close();
    std::filesystem::remove_all(folder_ / "views");
    Open();
  }
};

TEST_F(FormerIdentityTest, TheMachineTakesBackItsOwnJoinOfWhoIsAnotherNow) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  ASSERT_EQ(RecordsOf("a"), "a b");
  PutPatient(Y("b"));
  EXPECT_EQ(RecordsOf("a"), "a");
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Reviews(), "identity-changed:b>a");
  EXPECT_EQ(Decisions(), "false 2 machine");
  const fhir::Document found = Parsed(Get("Linkage"));
  const fhir::Value linkage = found.Root()["entry"].At(0)["resource"];
  EXPECT_EQ(person::PartOfPersonLink(linkage, "cause")["valueCode"].ToString(), "identity-changed");
  EXPECT_EQ(person::PartOfPersonLink(linkage, "grade")["valueCode"].ToString(), "certainly-not");
  EXPECT_TRUE(fhir::CheckValid(*definitions_, linkage).ok()) << linkage.Json();
  EXPECT_FALSE(IsHeldApart("a", "b")) << "no person said so";
  PutPatient({.id = "b",
              .name = "李秋燕",
              .birth = "1991-12-13",
              .resident_id = kNumberOfY,
              .phone = "19900000003"});
  EXPECT_EQ(Decisions(), "false 2 machine") << "once";
  OpenFromTheLog();
  EXPECT_EQ(RecordsOf("a"), "a");
  EXPECT_FALSE(IsHeldApart("a", "b"));
  EXPECT_EQ(Reviews(), "identity-changed:b>a") << "until a clerk has looked";
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(RecordsOf("a"), "a b");
  EXPECT_EQ(Reviews(), "");
}

TEST_F(FormerIdentityTest, ThoseWhomItHeldTogetherStayTogether) {
  for (const char* id : {"a", "b", "c", "d"}) PutPatient(X(id));
  ASSERT_EQ(RecordsOf("a"), "a b c d");
  PutPatient(Y("a"));
  EXPECT_EQ(RecordsOf("b"), "b c d");
  EXPECT_EQ(RecordsOf("a"), "a");
  OpenFromTheLog();
  EXPECT_EQ(RecordsOf("d"), "b c d");
}

TEST_F(FormerIdentityTest, WhatAPersonDecidedStands) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  PutPatient(Y("b"));
  EXPECT_EQ(RecordsOf("a"), "a b");
  EXPECT_EQ(Reviews(), "contradiction:b>a");
}

TEST_F(FormerIdentityTest, OfWhatWasWrittenSinceHeSaysItAgain) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 409);
  PutPatient(Y("b"));
  ASSERT_EQ(Reviews(), "contradiction:b>a");
  clock_.Advance(kSecondUs);
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(RecordsOf("a"), "a b");
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 409) << "nothing was written since";
}

TEST_F(FormerIdentityTest, AnIdUsedAgainForAnotherIsNobodysRecordOfBefore) {
  PutPatient(X("a"));
  PutPatient(X("b"));
  ASSERT_EQ(Send(Make(Method::kDelete, "Patient/a")).status, 204);
  PutPatient(Y("a"));
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Reviews(), "identity-changed:a>b");
  ASSERT_EQ(Send(Make(Method::kDelete, "Patient/a")).status, 204);
  PutPatient(X("c"));
  ASSERT_EQ(Send(Make(Method::kDelete, "Patient/c")).status, 204);
  PutPatient({.id = "c", .name = "赵大海", .birth = "1955-07-08", .gender = "male"});
  EXPECT_EQ(RecordsOf("b"), "b") << "nothing contradicts, and nothing speaks for it";
}

TEST_F(FormerIdentityTest, AnIdUsedAgainWhileThePartnerIsGoneIsNotHisEither) {
  for (const char* pair : {"ab", "cd"}) {
    const std::string first(1, pair[0]), second(1, pair[1]);
    PutPatient(X(first));
    PutPatient(X(second));
    ASSERT_EQ(RecordsOf(first), first + " " + second);
    for (const std::string& id : {first, second})
      ASSERT_EQ(Send(Make(Method::kDelete, "Patient/" + id)).status, 204);
    PutPatient(first == "a" ? Y("a") : X("c"));
    // Records of one who is gone count, too (consents, the account of a resident).
    const auto owners = interactions_->OwnersOfPerson(first);
    EXPECT_EQ(owners.size(), first == "a" ? 1u : 2u)
        << first << ": whoever comes back as he was is one with them";
    PutPatient(X(second));
    EXPECT_EQ(RecordsOf(second), first == "a" ? second : first + " " + second);
    for (const std::string& id : {first, second})
      ASSERT_EQ(Send(Make(Method::kDelete, "Patient/" + id)).status, 204);
  }
  OpenFromTheLog();
  EXPECT_EQ(interactions_->OwnersOfPerson("a").size(), 1u);
}

TEST_F(FormerIdentityTest, OneOfSeveralVersionsWhoWasNobodyElseIsJoined) {
  PutPatient(X("a"));
  PutPatient({.id = "b", .phone = "19900000002"});
  PutPatient({.id = "b", .resident_id = kNumberOfX, .phone = "19900000002"});
  ASSERT_EQ(RecordsOf("b"), "a b");
  PutPatient(X("c"));
  EXPECT_EQ(RecordsOf("c"), "a b c");
}

TEST_F(FormerIdentityTest, WhoWasSomebodyElseIsPutBeforeAClerk) {
  PutPatient(Y("v"));
  PutPatient(X("m"));
  PutPatient(Y("m"));
  EXPECT_EQ(RecordsOf("m"), "m");
  EXPECT_EQ(Reviews(), "identity-changed:m>v");
  PutPatient({.id = "m",
              .name = "李秋燕",
              .birth = "1991-12-13",
              .resident_id = kNumberOfY,
              .phone = "19900000003"});
  EXPECT_EQ(RecordsOf("m"), "m");
  EXPECT_EQ(Reviews(), "identity-changed:m>v") << "asked once";
  ASSERT_EQ(Post("Patient/$link", Pair("v", "m")).status, 200);
  EXPECT_EQ(Reviews(), "");
  PutPatient(Y("w"));
  EXPECT_EQ(RecordsOf("w"), "m v w") << "a person has seen who m was";
}

/// X with the name and the number of Y beside his own.
std::string Both(std::string_view id, std::string_view names, std::string_view numbers,
                 std::string_view rest) {
  std::string json = fmt::format(R"({{"resourceType":"Patient","id":"{}","active":true)", id);
  if (!names.empty()) json += fmt::format(R"(,"name":[{}])", names);
  if (!numbers.empty()) json += fmt::format(R"(,"identifier":[{}])", numbers);
  return json + std::string(rest) + "}";
}
std::string Number(std::string_view value, std::string_view more = {}) {
  return fmt::format(R"({{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"{}"{}}})", value,
                     more);
}

TEST_F(FormerIdentityTest, WhoseValuesStandBesideHisOwnIsNotHim) {
  const std::string his = R"({"text":"王晓芳"})", hers = R"({"text":"李秋燕"})";
  const std::string own = R"(,"gender":"female","birthDate":"1980-01-02")",
                    old = R"({"use":"old","text":"王晓芳"})",
                    other = R"(,"gender":"female","birthDate":"1991-12-13")";
  const std::string x = Number(kNumberOfX), y = Number(kNumberOfY),
                    x_old = Number(kNumberOfX, R"(,"use":"old")");
  const struct {
    std::string names, numbers, rest;
  } forms[] = {{hers, y + "," + x, ""},
               {hers, y + "," + x_old, ""},
               {hers + "," + old, y + "," + x_old, ""},
               {his + "," + hers, x + "," + y, own},
               {his + "," + hers, y + "," + x, other},
               {hers + "," + his, y, other}};
  PutPatient(Y("v"));
  for (size_t i = 0; i < std::size(forms); ++i) {
    const std::string id = fmt::format("m{}", i);
    PutPatient({.id = id, .resident_id = i == 5 ? std::string() : kNumberOfX, .phone = "19900000002"});
    ASSERT_EQ(Put("Patient/" + id, Both(id, forms[i].names, forms[i].numbers, forms[i].rest)).status, 200);
    EXPECT_EQ(RecordsOf("v"), "v") << "form " << i;
    // The fourth fits nobody, by its birth date.
    EXPECT_EQ(Reviews().find(id + ">") != std::string::npos, i != 3) << "form " << i << ": " << Reviews();
    // Nor when the other comes later.
    PutPatient(Y("w"));
    EXPECT_EQ(RecordsOf(id).find('w'), std::string::npos) << "form " << i;
    for (const std::string& gone : {id, std::string("w")})
      ASSERT_EQ(Send(Make(Method::kDelete, "Patient/" + gone)).status, 204);
  }
}

TEST_F(FormerIdentityTest, AFirstNumberThatContradictsTheBirthDateIsNotJoined) {
  PutPatient({.id = "v", .birth = "1991-12-13", .resident_id = kNumberOfY});
  PutPatient({.id = "m"});
  PutPatient({.id = "m", .resident_id = kNumberOfY});
  EXPECT_EQ(RecordsOf("v"), "v") << "of the same name, and a number of one born otherwise";
}

TEST_F(FormerIdentityTest, ByStepsOrBeforeTheOtherComesItIsNotJoinedEither) {
  PutPatient(X("m"));
  ASSERT_EQ(Put("Patient/m", R"({"resourceType":"Patient","id":"m","active":true})").status, 200);
  ASSERT_EQ(Put("Patient/m", R"({"resourceType":"Patient","id":"m","birthDate":"1991-12-13"})").status, 200);
  PutPatient(Y("m"));
  PutPatient(Y("v"));
  EXPECT_EQ(RecordsOf("v"), "v");
  EXPECT_EQ(Reviews(), "identity-changed:m identity-changed:v>m");
  PutPatient(X("n"));
  ASSERT_EQ(Send(Make(Method::kDelete, "Patient/n")).status, 204);
  PutPatient(Y("n"));
  EXPECT_EQ(RecordsOf("n"), "n");
}

TEST_F(FormerIdentityTest, WhatRegistrationMendsIsJoinedAsEver) {
  PutPatient(X("a"));
  PutPatient({.id = "first"});
  PutPatient(X("first"));
  EXPECT_EQ(RecordsOf("first"), "a first") << "its first number";
  std::string slip = kNumberOfX;
  slip[16] = slip[16] == '1' ? '2' : '1';
  PutPatient({.id = "slip", .name = "王晓方", .birth = "1980-02-01", .resident_id = slip});
  ASSERT_EQ(RecordsOf("slip"), "slip");
  PutPatient({.id = "slip", .resident_id = kNumberOfX});
  EXPECT_EQ(RecordsOf("slip"), "a first slip") << "one digit";
  PutPatient({.id = "old", .name = "王某", .resident_id = kNumberOfX.substr(0, 6) + kNumberOfX.substr(8, 9)});
  PutPatient(X("old"));
  EXPECT_EQ(RecordsOf("old"), "a first old slip") << "15 digits and 18 are one number";
}

}  // namespace
}  // namespace tk::interaction
