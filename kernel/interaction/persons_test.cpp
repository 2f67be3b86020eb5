// The person index through the interactions: live match, $match, $person, what persons decide.
#include <fmt/format.h>

#include <thread>

#include "kernel/base/file.h"
#include "kernel/fhir/validate.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

const std::string kNumber = ResidentIdOf("19800102", 21);

TEST_F(PersonsTest, ACertainRecordIsJoinedAsItIsWritten) {
  PutPatient({.id = "a", .resident_id = kNumber});
  PutPatient({.id = "b", .resident_id = kNumber, .phone = "19900000001"});
  PutPatient({.id = "c", .name = "李建国", .birth = "1970-05-06", .gender = "male"});
  EXPECT_EQ(RecordsOf("b"), "a b");
  EXPECT_EQ(AnchorOf("b"), "a");
  EXPECT_EQ(RecordsOf("c"), "c");
  const fhir::Document found = Parsed(Get("Linkage"));
  EXPECT_EQ(found.Root()["entry"].size(), 1u);
  const fhir::Value linkage = found.Root()["entry"].At(0)["resource"];
  EXPECT_TRUE(fhir::CheckValid(*definitions_, linkage).ok()) << linkage.Json();
  EXPECT_EQ(linkage["item"].At(0)["resource"]["reference"].ToString(), "Patient/a");
  EXPECT_EQ(linkage["item"].At(1)["resource"]["reference"].ToString(), "Patient/b");
  EXPECT_TRUE(linkage["active"].IsTrue());
  const std::string text(linkage.Json());
  EXPECT_NE(text.find("resident-number-and-name"), std::string::npos);
  for (const std::string& secret : {kNumber, std::string("王晓芳"), std::string("1980-01-02")})
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
  EXPECT_EQ(Reviews(), "");
}

TEST_F(PersonsTest, AProbableRecordIsPutBeforeAClerk) {
  PutPatient({.id = "a", .resident_id = kNumber, .phone = "19900000001"});
  PutPatient({.id = "b", .phone = "19900000001"});
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Reviews(), "probable:b>a");
  const fhir::Document found = Parsed(Get("Task?patient=Patient/b&code=" + std::string("probable")));
  const fhir::Value task = found.Root()["entry"].At(0)["resource"];
  EXPECT_TRUE(fhir::CheckValid(*definitions_, task).ok()) << task.Json();
  // The same again makes nothing worse: nobody is asked twice.
  PutPatient({.id = "b", .phone = "19900000001", .extra = R"(,"language":"zh")"});
  EXPECT_EQ(Reviews(), "probable:b>a");
}

TEST_F(PersonsTest, APersonsDecisionIsNeverTurnedByTheMachine) {
  PutPatient({.id = "a", .resident_id = kNumber});
  PutPatient({.id = "b", .resident_id = kNumber});
  EXPECT_EQ(RecordsOf("b"), "a b");
  const Response apart = Post("Patient/$not-same", Pair("a", "b"));
  ASSERT_EQ(apart.status, 200) << apart.body;
  EXPECT_EQ(At(Parsed(apart), "active"), "false");
  EXPECT_EQ(At(Parsed(apart), "meta.versionId"), "2");
  EXPECT_EQ(RecordsOf("a"), "a");
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(AnchorOf("b"), "b");
  EXPECT_EQ(Post("Patient/$not-same", Pair("b", "a")).status, 409);
  PutPatient({.id = "b", .resident_id = kNumber, .phone = "19900000002"});
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Reviews(), "");
  ASSERT_EQ(Post("Patient/$link", Pair("b", "a")).status, 200);
  EXPECT_EQ(RecordsOf("a"), "a b");
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 409);
}

TEST_F(PersonsTest, WhatOtherDecisionsJoinIsNotSplitByOne) {
  for (const char* id : {"a", "b", "c"}) PutPatient({.id = id, .resident_id = kNumber});
  EXPECT_EQ(RecordsOf("c"), "a b c");
  Post("Patient/$link", Pair("b", "c"));  // one of these two the machine said already
  Post("Patient/$link", Pair("a", "c"));
  const Response refused = Post("Patient/$not-same", Pair("b", "c"));
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("Linkage/"), std::string::npos);
  EXPECT_EQ(RecordsOf("c"), "a b c");
}

TEST_F(PersonsTest, MatchAnswersBestFirst) {
  PutPatient({.id = "a", .resident_id = kNumber, .phone = "19900000001"});
  PutPatient({.id = "b", .resident_id = kNumber});
  PutPatient({.id = "c", .phone = "19900000001"});
  EXPECT_EQ(MatchesOf({.resident_id = kNumber, .phone = "19900000001"}), "certain:a probable:c");
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}, R"(,{"name":"onlyCertainMatches","valueBoolean":true})"),
            "certain:a");
  EXPECT_EQ(
      MatchesOf({.resident_id = kNumber, .phone = "19900000001"}, R"(,{"name":"count","valueInteger":1})"),
      "certain:a");
  EXPECT_EQ(MatchesOf({.name = "赵无人", .birth = "1911-11-11", .resident_id = ResidentIdOf("19111111", 77)}),
            "");
  const fhir::Document answer = Parsed(Post("Patient/$match", TestPatient{.resident_id = kNumber}.Json()));
  EXPECT_EQ(At(answer, "type"), "searchset");
  const std::string score = At(answer, "entry.0.search.score");
  EXPECT_TRUE(score == "1.0000" || score.starts_with("0.99")) << score;
}

TEST_F(PersonsTest, SeveralWhoAreCertainAreNotCertain) {
  PutPatient({.id = "a", .resident_id = kNumber});
  PutPatient({.id = "b", .resident_id = kNumber});
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}), "probable:a probable:b");
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}, R"(,{"name":"onlyCertainMatches","valueBoolean":true})"), "");
}

TEST_F(PersonsTest, AMatchThatSaysTooLittleIsToldSo) {
  EXPECT_EQ(Post("Patient/$match", R"({"resourceType":"Patient","gender":"male"})").status, 422);
  EXPECT_EQ(IssuePath(Post("Patient/$match", R"({"resourceType":"Parameters","parameter":[{"name":"x"}]})")),
            "Parameters.parameter[0].name");
  EXPECT_EQ(Post("Patient/$match", R"({"resourceType":"Parameters"})").status, 400);
  EXPECT_EQ(IssuePath(Post("Patient/$match",
                           R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" +
                               TestPatient{.resident_id = kNumber}.Json() +
                               R"(},{"name":"count","valueInteger":0}]})")),
            "Parameters.parameter[1]");
}

TEST_F(PersonsTest, AnAreaIsToldNothingOfAnothers) {
  PutPatient({.id = "a", .resident_id = kNumber, .phone = "19900000001", .area = "380102"});
  PutPatient({.id = "b", .resident_id = kNumber, .area = "380104"});
  EXPECT_EQ(RecordsOf("a"), "a b");
  viewer_ = AreaViewer("380104");
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(RecordsOf("a"), "[404]");
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}), "certain:b");
  // The phone is known of the other record alone.
  const fhir::Document with =
                           Parsed(Post("Patient/$match",
                                       TestPatient{.resident_id = kNumber, .phone = "19900000001"}.Json())),
                       without = Parsed(Post("Patient/$match", TestPatient{.resident_id = kNumber}.Json()));
  EXPECT_EQ(At(with, "entry.0.search"), At(without, "entry.0.search"));
  viewer_ = AreaViewer("380199");
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}), "");
}

TEST_F(PersonsTest, APersonIsMadeOfHisRecordsWithTheSourceOfEachValue) {
  PutPatient({.id = "a", .resident_id = kNumber, .phone = "19900000001"});
  PutPatient({.id = "b", .resident_id = kNumber, .phone = "19900000002"});
  const fhir::Document person = Parsed(Get("Patient/a/$person"));
  EXPECT_TRUE(fhir::CheckValid(*definitions_, person.Root()).ok()) << person.Text();
  EXPECT_EQ(At(person, "resourceType"), "Person");
  EXPECT_EQ(person.Root()["identifier"].size(), 1u);
  EXPECT_EQ(person.Root()["telecom"].size(), 2u);
  EXPECT_EQ(At(person, "telecom.0.value"), "19900000002");  // the newer record goes first
  EXPECT_EQ(At(person, "telecom.0.extension.0.valueReference.reference"), "Patient/b");
  EXPECT_EQ(At(person, "birthDate"), "1980-01-02");
  EXPECT_EQ(At(person, "_birthDate.extension.0.valueReference.reference"), "Patient/b");
  EXPECT_EQ(Get("Patient/never/$person").status, 404);
}

TEST_F(PersonsTest, AMatchIsExplained) {
  PutPatient({.id = "a", .resident_id = kNumber});
  PutPatient({.id = "b", .resident_id = kNumber});
  const Response response = Post("Patient/$explain-match", Pair("a", "b"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find(R"({"name":"grade","valueCode":"certain"})"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"name":"same-person","valueBoolean":true})"), std::string::npos);
  EXPECT_EQ(response.body.find(kNumber), std::string::npos);
  EXPECT_EQ(Post("Patient/$explain-match", Pair("a", "never")).status, 404);
  // Where the model draws its lines, for a scale beside the sum.
  for (const std::string_view line : {"possible-from", "probable-from", "certain-from"})
    EXPECT_NE(response.body.find(fmt::format(R"({{"name":"{}","valueDecimal":)", line)), std::string::npos);
}

TEST_F(PersonsTest, WhyAPersonDecidedIsKeptWithTheDecision) {
  PutPatient({.id = "a"});
  PutPatient({.id = "b", .name = "李红", .birth = "1991-05-05"});
  const auto why = [](std::string_view reason) {
    std::string body = Pair("a", "b");
    body.resize(body.size() - 2);
    return body + fmt::format(R"(,{{"name":"reason","valueString":"{}"}}]}})", reason);
  };
  EXPECT_EQ(Post("Patient/$link", why("  ")).status, 400);
  EXPECT_EQ(Post("Patient/$link", why(std::string(2001, 'x'))).status, 400);
  const Response linked = Post("Patient/$link", why("证件影像一致"));
  ASSERT_EQ(linked.status, 200) << linked.body;
  EXPECT_NE(linked.body.find(R"({"url":"note","valueString":"证件影像一致"})"), std::string::npos)
      << linked.body;
  const Response apart = Post("Patient/$not-same", why("上一次误判"));
  EXPECT_NE(apart.body.find(R"({"url":"note","valueString":"上一次误判"})"), std::string::npos) << apart.body;
  // Who does not say why leaves nothing of what was said before.
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).body.find("note"), std::string::npos);
}

TEST_F(PersonsTest, ALinkageTellsWhatTheExplanationTells) {
  PutPatient({.id = "a", .resident_id = ResidentIdOf("19800102", 21), .phone = "19900000001"});
  PutPatient({.id = "b", .resident_id = ResidentIdOf("19800102", 21), .phone = "19900000002"});
  const fhir::Document explained = Parsed(Post("Patient/$explain-match", Pair("b", "a")));
  std::map<std::string, std::string> expected, told;  // decimals as they are written
  for (const fhir::Value parameter : explained.Root()["parameter"]) {
    const std::string name = parameter["name"].ToString();
    if (name == "bits" || name == "probability") expected[name] = parameter["valueDecimal"].Json();
    if (name != "field" || parameter["part"].At(1)["name"].ToString() != "level" ||
        parameter["part"].At(1)["valueCode"].ToString() == "missing")
      continue;
    const fhir::Value part = parameter["part"];
    expected[part.At(0)["valueCode"].ToString() + " " + part.At(1)["valueCode"].ToString()] =
        part.At(2)["valueDecimal"].Json();
  }
  const fhir::Document found = Parsed(Get("Linkage"));
  const fhir::Value linkage = found.Root()["entry"].At(0)["resource"];
  for (const fhir::Value part : linkage["extension"].At(0)["extension"]) {
    const std::string url = part["url"].ToString();
    if (url == "bits" || url == "probability") told[url] = part["valueDecimal"].Json();
    const fhir::Value level = part["extension"];
    if (url == "level")
      told[level.At(0)["valueCode"].ToString() + " " + level.At(1)["valueCode"].ToString()] =
          level.At(2)["valueDecimal"].Json();
  }
  EXPECT_GE(told.size(), 7u);
  EXPECT_TRUE(told.contains("phone different"));
  EXPECT_EQ(told["phone different"].front(), '-');
  EXPECT_EQ(told, expected);
}

TEST_F(PersonsTest, RecordsOfOneTransactionMatchOneAnother) {
  const auto entry = [](const TestPatient& patient) {
    return R"({"resource":)" + patient.Json() + R"(,"request":{"method":"PUT","url":"Patient/)" + patient.id +
           R"("}})";
  };
  const Response response = Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[)" +
                                         entry({.id = "a", .resident_id = kNumber}) + "," +
                                         entry({.id = "b", .resident_id = kNumber}) + "," +
                                         entry({.id = "c", .resident_id = kNumber}) + "]}");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Parsed(response).Root()["entry"].size(), 3u);
  EXPECT_EQ(RecordsOf("b"), "a b c");
}

TEST_F(PersonsTest, ATransactionWithAKeyIsAnsweredAgain) {
  PutPatient({.id = "a", .resident_id = kNumber});
  Request request = Make(Method::kPost, "",
                         R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                             TestPatient{.resident_id = kNumber}.Json() +
                             R"(,"request":{"method":"POST","url":"Patient"}}]})");
  request.idempotency_key = "once";
  const Response first = Send(request), again = Send(request);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(At(Parsed(first), "entry.0.response.location"), At(Parsed(again), "entry.0.response.location"));
  EXPECT_EQ(At(Parsed(Get("Linkage?_summary=count")), "total"), "1");
}

// Two who come at the same moment never miss one another.
TEST_F(PersonsTest, ConcurrentCreatesOfOnePersonFindOneAnother) {
  constexpr int kPersons = 20, kThreads = 4;
  for (int i = 0; i < kPersons; ++i) {
    const std::string number = ResidentIdOf("19900303", 100 + i);
    std::vector<std::thread> threads;
    std::vector<std::string> ids(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const Response response =
            Post("Patient", TestPatient{.birth = "1990-03-03", .resident_id = number}.Json());
        ids[static_cast<size_t>(thread)] = IdOf(response);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::sort(ids.begin(), ids.end());
    std::string all;
    for (const std::string& id : ids) all += (all.empty() ? "" : " ") + id;
    EXPECT_EQ(RecordsOf(ids[0]), all);
  }
}

TEST_F(PersonsTest, AfterAStartEverythingIsAsItWas) {
  PutPatient({.id = "a", .resident_id = kNumber});
  PutPatient({.id = "b", .resident_id = kNumber});
  PutPatient({.id = "c", .resident_id = kNumber});
  ASSERT_EQ(Delete("Patient/c").status, 204);
  Close();
  Open();
  EXPECT_EQ(RecordsOf("b"), "a b");
  PutPatient({.id = "d", .resident_id = kNumber});
  Close();
  std::filesystem::remove_all(folder_ / "views" / "person");
  Open();
  EXPECT_EQ(RecordsOf("d"), "a b d");
  EXPECT_EQ(AnchorOf("d"), "a");
}

TEST_F(PersonsTest, WhatIsErasedIsFoundNoMore) {
  PutPatient({.id = "a", .resident_id = kNumber});
  PutPatient({.id = "b", .resident_id = kNumber});
  PutPatient({.id = "c", .resident_id = kNumber});
  ASSERT_TRUE(engine_->SaveViews().ok());
  ASSERT_TRUE(engine_->Erase("Patient/b").ok());
  EXPECT_EQ(RecordsOf("a"), "a c");
  EXPECT_EQ(persons_->Read()->records(), 2u);
  ASSERT_TRUE(engine_->Erase("Patient/a").ok());
  ASSERT_TRUE(engine_->Erase("Patient/c").ok());
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}), "");
  ASSERT_TRUE(engine_->SaveViews().ok());
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "views" / "person")) {
    const auto text = ReadFile(file.path());
    ASSERT_TRUE(text.ok());
    EXPECT_EQ(text->find(kNumber), std::string::npos) << file.path();
    EXPECT_EQ(text->find("晓芳"), std::string::npos) << file.path();
  }
}

TEST_F(PersonsTest, NumbersOfOtherSystemsAreFoundByOne) {
  const auto patient = [](const char* id, const char* system, const char* value) {
    return R"({"resourceType":"Patient","id":")" + std::string(id) +
           R"(","identifier":[{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":")" + kNumber +
           R"("},{"system":")" + system + R"(","value":")" + value +
           R"("}],"name":[{"text":"王晓芳"}],"gender":"female","birthDate":"1980-01-02"})";
  };
  ASSERT_EQ(Put("Patient/a", patient("a", "urn:his", "77")).status, 201);
  ASSERT_EQ(Put("Patient/b", patient("b", "urn:lis", "L9")).status, 201);
  const Response found = Get("Patient/$ihe-pix?sourceIdentifier=urn:his%7C77&targetSystem=urn:lis");
  ASSERT_EQ(found.status, 200) << found.body;
  const fhir::Document answer = Parsed(found);
  EXPECT_EQ(answer.Root()["parameter"].size(), 2u);
  EXPECT_EQ(At(answer, "parameter.0.valueIdentifier.value"), "L9");
  EXPECT_EQ(At(answer, "parameter.1.valueReference.reference"), "Patient/b");
  EXPECT_EQ(found.body.find("\"77\""), std::string::npos);
  EXPECT_EQ(Get("Patient/$ihe-pix?sourceIdentifier=urn:his%7C78").status, 404);
  EXPECT_EQ(Get("Patient/$ihe-pix?sourceIdentifier=urn:none%7C77").status, 400);
  EXPECT_EQ(Get("Patient/$ihe-pix?sourceIdentifier=urn:his%7C77&targetSystem=urn:none").status, 403);
  EXPECT_EQ(Get("Patient/$ihe-pix?sourceIdentifier=77").status, 400);
}

TEST_F(PersonsTest, ASaveWritesOnlyWhatIsNew) {
  for (int i = 0; i < 50; ++i)
    PutPatient({.id = "p" + std::to_string(i), .resident_id = ResidentIdOf("19800102", 100 + 2 * i)});
  ASSERT_TRUE(engine_->SaveViews().ok());
  const auto path = folder_ / "views" / "person" / "changes-1";
  const auto first = ReadFile(path).value();
  PutPatient({.id = "q", .resident_id = kNumber});
  ASSERT_TRUE(engine_->SaveViews().ok());
  const auto second = ReadFile(path).value();
  EXPECT_EQ(second.substr(0, first.size()), first);
  EXPECT_LT(second.size() - first.size(), 500u);
  // One byte of it damaged: everything is read anew from the log.
  Close();
  std::string damaged = second;
  damaged[first.size() / 2] = static_cast<char>(damaged[first.size() / 2] ^ 1);
  ASSERT_TRUE(WriteFileDurable(path, damaged).ok());
  Open();
  EXPECT_EQ(persons_->Read()->records(), 51u);
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}, R"(,{"name":"onlyCertainMatches","valueBoolean":true})"),
            "certain:q");
}

TEST_F(PersonsTest, WhoMayNotIsRefused) {
  auto post = std::make_shared<access::Post>();
  post->name = "screener";
  post->reads = {"Patient"};
  auto viewer = std::make_shared<access::Viewer>();
  viewer->post = post;
  PutPatient({.id = "a", .resident_id = kNumber});
  viewer_ = viewer;
  EXPECT_EQ(MatchesOf({.resident_id = kNumber}), "[403]");
  EXPECT_EQ(Get("Patient/a/$person").status, 403);
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 403);
  EXPECT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 403);
  EXPECT_EQ(Post("Patient/$explain-match", Pair("a", "b")).status, 403);
}

}  // namespace
}  // namespace tk::interaction
