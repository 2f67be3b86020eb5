// A listed person registers: who is told what, in which answers, once, and who is not.
#include <set>

#include "apps/point-of-care/tests/world.h"
#include "kernel/fhir/validate.h"
#include "kernel/interaction/due_alerts.h"
#include "kernel/interaction/reach.h"

namespace tk::point_of_care {
namespace {

class AlertsTest : public WatchWorld {};

TEST_F(AlertsTest, ARegistrationAnswersWithTheAlert) {
  Must(Listed("e1", "a"));
  const Response answer = Register("a");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(At(Parsed(answer), "resourceType"), "Encounter") << "the representation stays what was asked for";
  ASSERT_EQ(LinksOf(answer).size(), 1u);
  const std::string link = LinksOf(answer)[0];
  EXPECT_TRUE(link.ends_with("; rel=\"http://tongkang.dev/rel/alert\"")) << link;
  const std::string begin = "<http://test/fhir/";
  ASSERT_TRUE(link.starts_with(begin));
  const fhir::Document flag = Parsed(Get(link.substr(begin.size(), link.find('>') - begin.size())));
  EXPECT_EQ(At(flag, "status"), "active");
  EXPECT_EQ(At(flag, "code.text"), "在筛人员");
  EXPECT_EQ(At(flag, "subject.reference"), "Patient/a");
  EXPECT_EQ(At(flag, "encounter.reference"), "Encounter/" + IdOf(answer));
  EXPECT_NE(flag.Text().find("做好防护，询问流行病学史"), std::string::npos);
  EXPECT_NE(flag.Text().find("point-of-care.registration|1"), std::string::npos) << "which rule raised it";
  EXPECT_EQ(flag.Text().find("密切接触者"), std::string::npos) << "the list does not show its reasons";
  EXPECT_EQ(flag.Text().find("疾控中心"), std::string::npos) << "nor who keeps it";
  const fhir::Document receipts = Parsed(Get("AlertReceipt?patient=Patient/a&status=requested"));
  ASSERT_EQ(receipts.Root()["entry"].size(), 1u);
  EXPECT_EQ(At(receipts, "entry.0.resource.level"), "critical");
  EXPECT_EQ(At(receipts, "entry.0.resource.alert.reference"), "Flag/" + At(flag, "id"));
  const auto due = ParseDateRange(At(receipts, "entry.0.resource.due"));
  ASSERT_TRUE(due.ok()) << receipts.Text();
  EXPECT_EQ(due->low_us, clock_.NowUs() + 30 * 60 * kSecondUs);
}

TEST_F(AlertsTest, AnOutcomeIsAskedForByPrefer) {
  Must(Listed("e1", "a", R"(,"level":"info","instruction":"请联系社区")"));
  interaction::Request request = Make(interaction::Method::kPost, "Encounter", VisitJson("a"));
  request.prefer = "return=OperationOutcome";
  const fhir::Document outcome = Parsed(Send(request));
  EXPECT_EQ(At(outcome, "resourceType"), "OperationOutcome");
  EXPECT_EQ(At(outcome, "issue.0.severity"), "information");
  EXPECT_EQ(At(outcome, "issue.0.details.text"), "在筛人员");
  EXPECT_EQ(At(outcome, "issue.0.diagnostics"), "请联系社区");
  EXPECT_TRUE(fhir::CheckValid(*definitions_, outcome.Root()).ok());
}

TEST_F(AlertsTest, WhatTheListShowsIsShown) {
  Must(Put("WatchList/cdc", ListJson("cdc", R"(,"show":["source","reason"],"link":"https://cdc.test/how")")));
  Must(Listed("e1", "a"));
  interaction::Request request = Make(interaction::Method::kPost, "Encounter", VisitJson("a"));
  request.prefer = "return=OperationOutcome";
  EXPECT_EQ(At(Parsed(Send(request)), "issue.0.diagnostics"),
            "做好防护，询问流行病学史 · 疾控中心 · 密切接触者 · https://cdc.test/how");
}

TEST_F(AlertsTest, NobodyElseIsAlerted) {
  Must(Listed("e1", "a"));
  EXPECT_TRUE(LinksOf(Register("b")).empty());
  EXPECT_TRUE(LinksOf(Register("a", "finished")).empty()) << "a visit that is over is entered later";
  EXPECT_TRUE(LinksOf(Register("a", "planned")).empty());
  Must(Listed("e1", "a", {}, "ended"));
  EXPECT_TRUE(LinksOf(Register("a")).empty());
  EXPECT_EQ(Alerts(), 0u);
  Must(Listed("e2", "a"));
  EXPECT_EQ(Alerts(), 1u) << "the visit that is going on";
  Must(Put(
      "WatchList/cdc",
      R"({"resourceType":"WatchList","id":"cdc","status":"retired","name":"cdc","title":"x","publisher":"x","level":"info","text":"x","instruction":"x"})"));
  EXPECT_TRUE(LinksOf(Register("a")).empty()) << "of a retired list nothing is told";
  EXPECT_EQ(Alerts(), 1u);
}

TEST_F(AlertsTest, ValidityBeginsAndEndsByItself) {
  clock_.Set(ParseDateRange("2026-11-23T08:00:00+08:00").value().low_us);
  Must(Listed("e1", "a", R"(,"period":{"start":"2026-11-24","end":"2026-11-25"})"));
  EXPECT_EQ(LinksOf(Register("a")).size(), 0u) << "not yet";
  clock_.Set(ParseDateRange("2026-11-25T23:59:59+08:00").value().low_us);
  EXPECT_EQ(LinksOf(Register("a")).size(), 1u) << "its last day is part of it";
  clock_.Set(ParseDateRange("2026-11-26T00:00:00+08:00").value().low_us);
  EXPECT_EQ(LinksOf(Register("a")).size(), 0u) << "over";
}

TEST_F(AlertsTest, AnEntryWhoseTimeBeginsIsLookedAtThen) {
  Must(Register("a"));
  const Instant begins_us = clock_.NowUs() + 3600 * kSecondUs;
  Must(Listed("e1", "a", fmt::format(R"(,"period":{{"start":"{}"}})", FormatInstant(begins_us))));
  const Instant before_us = clock_.NowUs();
  auto next = interactions_->RaiseDueAlerts(INT64_MIN);
  ASSERT_TRUE(next.ok()) << next.error().external;
  EXPECT_EQ(*next, begins_us);
  EXPECT_EQ(Alerts(), 0u);
  clock_.Set(begins_us + kSecondUs);
  next = interactions_->RaiseDueAlerts(before_us);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(*next, INT64_MAX);
  EXPECT_EQ(Alerts(), 1u);
  ASSERT_TRUE(interactions_->RaiseDueAlerts(INT64_MIN).ok());
  EXPECT_EQ(Alerts(), 1u) << "once for a visit and an entry";
}

TEST_F(AlertsTest, AListThatBecomesActiveIsLookedAtThen) {
  Must(Put("WatchList/cdc", ListJson("cdc", {}, "retired")));
  Must(Listed("e1", "a"));
  Must(Register("a"));
  interaction::DueAlerts due(engine_.get(), interactions_.get(), &clock_, 60'000);
  ASSERT_TRUE(due.Look().ok());
  EXPECT_EQ(Alerts(), 0u);
  Must(Put("WatchList/cdc", ListJson("cdc")));
  ASSERT_TRUE(due.Look().ok());
  EXPECT_EQ(Alerts(), 1u);
}

// A registration that is planned before an entry begins, and committed after the look at the entry.
TEST_F(AlertsTest, AnEntryThatHasBegunIsLookedAtAgainWhenWritesHaveSettled) {
  interaction::DueAlerts due(engine_.get(), interactions_.get(), &clock_, 60'000);
  ASSERT_TRUE(due.Look().ok());
  alert_rules_->Replace({});  // so that the write itself brings no alert, as one that was planned earlier
  const std::string begins = FormatInstant(clock_.NowUs() + 2 * kSecondUs);
  Must(Listed("e1", "a", fmt::format(R"(,"period":{{"start":"{}"}})", begins)));
  clock_.Advance(5 * kSecondUs);
  ASSERT_TRUE(due.Look().ok());
  Must(Register("a"));
  auto loaded = app::LoadPack(*definitions_, ThisPack());
  ASSERT_TRUE(loaded.ok());
  alert_rules_->Replace(std::move(loaded->alerts));
  for (int s = 5; s < 60; s += 5) {
    EXPECT_EQ(Alerts(), 0u) << s;
    clock_.Advance(5 * kSecondUs);
    ASSERT_TRUE(due.Look().ok());
  }
  EXPECT_EQ(Alerts(), 1u);
}

// As --packs-reload does it: from then on by the others, and whoever is there already is looked at by them too.
TEST_F(AlertsTest, RulesAreReplacedWhileTheyRun) {
  auto loaded = app::LoadPack(*definitions_, ThisPack());
  ASSERT_TRUE(loaded.ok());
  alert_rules_->Replace({});
  Must(Listed("e1", "a"));
  Must(Register("a"));
  EXPECT_EQ(Alerts(), 0u);
  alert_rules_->Replace(std::move(loaded->alerts));
  ASSERT_TRUE(interactions_->RaiseDueAlerts(INT64_MIN).ok());
  EXPECT_EQ(Alerts(), 1u);
}

TEST_F(AlertsTest, WhoIsThereWhenHeIsListedIsAlerted) {
  const std::string visit = IdOf(Register("a"));
  Must(Register("a", "finished"));
  EXPECT_EQ(Alerts(), 0u);
  Must(Listed("e1", "a"));
  EXPECT_EQ(Alerts(), 1u);
  EXPECT_EQ(Alerts("&encounter=Encounter/" + visit), 1u);
}

TEST_F(AlertsTest, OnceForAVisitAndAnEntry) {
  Must(Listed("e1", "a"));
  const std::string visit = IdOf(Register("a"));
  const Response again = Put("Encounter/" + visit, VisitJson("a", "in-progress", visit));
  Must(again);
  EXPECT_TRUE(LinksOf(again).empty());
  Must(Listed("e1", "a", R"(,"instruction":"又一次")"));
  EXPECT_EQ(Alerts(), 1u);
  Must(Listed("e2", "a"));
  EXPECT_EQ(Alerts(), 2u) << "another entry is another reason";
  EXPECT_EQ(LinksOf(Register("a")).size(), 2u);
}

TEST_F(AlertsTest, ARecordThatArrivesLaterIsAlertedThen) {
  Must(Listed("e1", "a"));
  const std::string visit = IdOf(Register("a", "planned"));
  EXPECT_EQ(LinksOf(Put("Encounter/" + visit, VisitJson("a", "arrived", visit))).size(), 1u);
}

TEST_F(AlertsTest, EntriesGoWithThePersonThroughMergesAndBack) {
  Must(Listed("e1", "a"));
  EXPECT_TRUE(LinksOf(Register("b")).empty());
  EXPECT_EQ(Alerts(), 0u);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(Alerts(), 1u) << "who is there while it is found out who he is";
  EXPECT_EQ(LinksOf(Register("b")).size(), 1u);
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  EXPECT_TRUE(LinksOf(Register("b")).empty());
  EXPECT_EQ(LinksOf(Register("a")).size(), 1u);
}

/// Records x and y of one person, of whom x is listed, and x becomes somebody else.
class MirrorsTest : public AlertsTest {
 protected:
  static std::string Number(int i) { return interaction::ResidentIdOf("19800102", 31 + 2 * i); }
  void List() {
    PutPatient({.id = "x", .resident_id = Number(0)});
    PutPatient({.id = "y", .resident_id = Number(0)});
    Must(Listed("e1", "x"));
    clock_.Advance(kSecondUs);
  }
  void BecomeAnothers() {
    PutPatient({.id = "x",
                .name = "李秋燕",
                .birth = "1991-12-13",
                .resident_id = interaction::ResidentIdOf("19911213", 41)});
    clock_.Advance(kSecondUs);
  }
  std::string Entries(std::string_view more = {}) const {
    std::set<std::string> found;
    const fhir::Document page = Parsed(Get("WatchEntry?" + std::string(more)));
    for (const fhir::Value each : page.Root()["entry"]) {
      const fhir::Value entry = each["resource"];
      const std::string level = entry["level"].ToString();
      found.insert(fmt::format("{} {} {}{}{}", entry["id"].ToString().substr(0, 6),
                               entry["status"].ToString(), entry["subject"]["reference"].ToString(),
                               level.empty() ? "" : " ", level));
    }
    return fmt::format("{}", fmt::join(found, ", "));
  }
};

TEST_F(MirrorsTest, WhenTheListedRecordBecomesAnothersNobodyIsMissed) {
  List();
  EXPECT_EQ(LinksOf(Register("y")).size(), 1u);
  const std::string there = IdOf(Register("y", "planned"));
  BecomeAnothers();
  EXPECT_EQ(Entries(), "e1 active Patient/x, mirror active Patient/y");
  EXPECT_EQ(LinksOf(Put("Encounter/" + there, VisitJson("y", "arrived", there))).size(), 1u) << "he himself";
  EXPECT_EQ(LinksOf(Register("x")).size(), 1u) << "until somebody has said that it is not he";
  // It goes as its entry goes, which its source sends each night.
  Must(Listed("e1", "x", R"(,"level":"info")"));
  EXPECT_EQ(Entries(), "e1 active Patient/x info, mirror active Patient/y info");
  EXPECT_EQ(LinksOf(Register("y")).size(), 1u);
}

TEST_F(MirrorsTest, WhatTheListSaysOfTheEntryHoldsForItsMirror) {
  List();
  BecomeAnothers();
  Must(Put("Patient/x", interaction::TestPatient{.id = "x", .resident_id = Number(0)}.Json()));
  EXPECT_EQ(Entries("status=active"), "e1 active Patient/x, mirror active Patient/y") << "one mirror";
  Must(Listed("e1", "x", {}, "ended"));
  EXPECT_EQ(Entries("status=active"), "");
  EXPECT_TRUE(LinksOf(Register("y")).empty());
}

TEST_F(MirrorsTest, NobodyEndsOrTakesAwayAMirrorByHand) {
  List();
  BecomeAnothers();
  const fhir::Document page = Parsed(Get("WatchEntry?_sort=-_id"));
  const fhir::Value mirror = page.Root()["entry"].At(0)["resource"];
  const std::string name = "WatchEntry/" + mirror["id"].ToString();
  std::string ended(mirror.Json());
  ended.replace(ended.find("\"active\""), 8, "\"ended\"");
  interaction::Request patch =
      Make(interaction::Method::kPatch, name, R"([{"op":"replace","path":"/status","value":"ended"}])");
  patch.content_type = "application/json-patch+json";
  const auto bundle = [&](std::string_view request, const std::string& resource) {
    return Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":")" +
                        std::string(request) + R"(","url":")" + name + "\"}" +
                        (resource.empty() ? "" : ",\"resource\":" + resource) + "}]}");
  };
  for (const Response& refused :
       {Put(name, ended), Send(patch), Delete(name), bundle("DELETE", ""), bundle("PUT", ended)}) {
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_NE(refused.body.find("Change or end WatchEntry/e1."), std::string::npos) << refused.body;
  }
  EXPECT_EQ(Entries("status=active"), "e1 active Patient/x, mirror active Patient/y");
  // Of an entry that is there no more it may be ended.
  ASSERT_EQ(Delete("WatchEntry/e1").status, 204);
  EXPECT_EQ(Delete(name).status, 204);
}

TEST_F(MirrorsTest, AClerksAnswerEndsTheDoubt) {
  List();
  BecomeAnothers();
  const Response answer = Post("Patient/$not-same", Pair("x", "x"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Entries(), "e1 active Patient/y, mirror ended Patient/y");
  EXPECT_TRUE(LinksOf(Register("x")).empty());
  EXPECT_EQ(LinksOf(Register("y")).size(), 1u);
}

TEST_F(MirrorsTest, WhatAClerkSaysOfTheTwoEndsTheDoubt) {
  List();
  BecomeAnothers();
  ASSERT_EQ(Post("Patient/$link", Pair("x", "y")).status, 200);
  EXPECT_EQ(Entries(), "e1 active Patient/x, mirror ended Patient/y") << "one person";
  EXPECT_EQ(LinksOf(Register("y")).size(), 1u);
  EXPECT_EQ(Alerts(), 1u);
  Must(Listed("e1", "x", R"(,"level":"info")"));
  EXPECT_EQ(Entries("status=active"), "e1 active Patient/x info") << "the list wakes none";
  ASSERT_EQ(Post("Patient/$not-same", Pair("y", "x")).status, 200);
  EXPECT_EQ(Entries("status=active"), "e1 active Patient/y info") << "x is who came, y whom the list means";
}

TEST_F(MirrorsTest, HeldApartFromOneWhoIsWhoHeWasTheEntryStays) {
  List();
  BecomeAnothers();
  Must(Put("Patient/x", interaction::TestPatient{.id = "x", .resident_id = Number(0)}.Json()));
  EXPECT_EQ(Entries("status=active"), "e1 active Patient/x, mirror active Patient/y");
  ASSERT_EQ(Post("Patient/$not-same", Pair("x", "y")).status, 200);
  EXPECT_EQ(Entries(), "e1 active Patient/x, mirror ended Patient/y");
}

TEST_F(MirrorsTest, WhoIsOneRecordAloneKeepsTheEntryAndAMendIsNobodyElse) {
  PutPatient({.id = "x", .resident_id = Number(0)});
  Must(Listed("e1", "x"));
  PutPatient({.id = "x", .resident_id = Number(0), .phone = "19900000007"});
  BecomeAnothers();
  EXPECT_EQ(Entries(), "e1 active Patient/x");
  EXPECT_EQ(LinksOf(Register("x")).size(), 1u);
}

TEST_F(MirrorsTest, WhoseListedRecordWasDeletedIsFoundWhenHeComesAgainByHisNumber) {
  PutPatient({.id = "x", .resident_id = Number(0)});
  Must(Listed("e1", "x", R"(,"identifier":[{"system":"urn:list","value":"7"}])"));
  ASSERT_EQ(Send(Make(interaction::Method::kDelete, "Patient/x")).status, 204);
  clock_.Advance(kSecondUs);
  EXPECT_EQ(Get("WatchEntry/e1").body.find(Number(0)), std::string::npos) << "hashes, and no number";
  EXPECT_NE(Get("WatchEntry/e1").body.find("urn:list"), std::string::npos);
  Must(Listed("e1", "x"));  // its source sends it each night
  // Somebody else, and he himself under another id.
  PutPatient({.id = "other", .name = "李秋燕", .resident_id = Number(1)});
  EXPECT_TRUE(LinksOf(Register("other")).empty());
  PutPatient({.id = "y", .resident_id = Number(0)});
  EXPECT_EQ(Entries("status=active"), "e1 active Patient/x, mirror active Patient/y");
  EXPECT_EQ(LinksOf(Register("y")).size(), 1u);
  // The old record made anew is found as well, and one visit is told once.
  clock_.Advance(kSecondUs);
  PutPatient({.id = "x", .resident_id = Number(0)});
  EXPECT_EQ(LinksOf(Register("x")).size(), 1u);
  EXPECT_EQ(LinksOf(Register("y")).size(), 1u);
  // The list ends it for both.
  Must(Listed("e1", "x", {}, "ended"));
  EXPECT_EQ(Entries("status=active"), "");
  EXPECT_TRUE(LinksOf(Register("y")).empty());
}

TEST_F(AlertsTest, AHospitalsNewRecordOfAListedPersonIsFoundInItsTransaction) {
  const std::string number = interaction::ResidentIdOf("19800102", 21);
  PutPatient({.id = "known", .resident_id = number});
  Must(Listed("e1", "known"));
  const std::string fresh = interaction::TestPatient{.resident_id = number}.Json();
  const std::string bundle =
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:3f2b1c9e-0000-4000-8000-000000000001","resource":)" +
      fresh + R"(,"request":{"method":"POST","url":"Patient"}},{"resource":)" +
      R"({"resourceType":"Encounter","status":"arrived","class":{"code":"AMB"},"subject":{"reference":"urn:uuid:3f2b1c9e-0000-4000-8000-000000000001"}})" +
      R"(,"request":{"method":"POST","url":"Encounter"}}]})";
  interaction::Request request = Make(interaction::Method::kPost, "", bundle);
  request.idempotency_key = "k1";
  const Response first = Send(request);
  ASSERT_EQ(first.status, 200) << first.body;
  const fhir::Document answer = Parsed(first);
  EXPECT_EQ(At(answer, "entry.1.response.outcome.issue.0.details.text"), "在筛人员") << first.body;
  EXPECT_EQ(At(answer, "entry.0.response.outcome"), "");
  const fhir::Document again = Parsed(Send(request));
  EXPECT_EQ(At(again, "entry.1.response.outcome.issue.0.details.text"), "在筛人员") << "sent twice";
  EXPECT_EQ(Alerts(), 1u);
}

TEST_F(AlertsTest, ABatchAndARepeatedCreateTellItToo) {
  Must(Listed("e1", "a"));
  const fhir::Document answer =
      Parsed(Post("", R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)" + VisitJson("a") +
                          R"(,"request":{"method":"POST","url":"Encounter"}}]})"));
  EXPECT_EQ(At(answer, "entry.0.response.outcome.issue.0.details.text"), "在筛人员") << answer.Text();
  interaction::Request request = Make(interaction::Method::kPost, "Encounter", VisitJson("a"));
  request.idempotency_key = "k1";
  EXPECT_EQ(LinksOf(Send(request)).size(), 1u);
  EXPECT_EQ(LinksOf(Send(request)).size(), 1u) << "the first answer again";
  EXPECT_EQ(Alerts(), 2u);
}

TEST_F(AlertsTest, WhoMayNotReadFlagsIsNotToldAndItIsRaisedAllTheSame) {
  Must(Listed("e1", "a"));
  auto post = std::make_shared<access::Post>();
  post->name = "clerk";
  post->reads = post->writes = {"Encounter", "Patient"};
  auto clerk = std::make_shared<access::Viewer>();
  clerk->account = "clerk";
  clerk->post = std::move(post);
  viewer_ = clerk;
  const Response answer = Register("a");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_TRUE(LinksOf(answer).empty());
  EXPECT_EQ(Listed("e9", "a").status, 403) << "and he lists nobody";
  EXPECT_EQ(Get("WatchEntry/e1").status, 403);
  viewer_ = interaction::AdminViewer();
  EXPECT_EQ(Alerts(), 1u);
}

TEST_F(AlertsTest, AnEntryAndAVisitTogether) {
  const fhir::Document answer =
      Parsed(Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                          VisitJson("a") + R"(,"request":{"method":"POST","url":"Encounter"}},{"resource":)" +
                          EntryJson("e1", "a") + R"(,"request":{"method":"PUT","url":"WatchEntry/e1"}}]})"));
  EXPECT_EQ(At(answer, "entry.0.response.outcome.issue.0.details.text"), "在筛人员") << answer.Text();
  EXPECT_EQ(Alerts(), 1u);
}

TEST_F(AlertsTest, APositiveResultListsThePersonAndAlertsWhereHeIs) {
  auto loaded = app::LoadPack(*definitions_, ThisPack());
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  interaction::Context context;
  context.engine = engine_.get();
  context.index = index_;
  context.clock = &clock_;
  rules::Runner::Options options;
  options.engine = engine_.get();
  options.index = index_;
  options.reach = interaction::ReachOf(context);
  options.folder = folder_ / "consumers";
  options.complete = [this](const view::Position& basis, view::ChangeSet* set) {
    return interactions_->Complete(basis, set);
  };
  options.report = [](const std::string& line) { ADD_FAILURE() << line; };
  auto runner = rules::Runner::Start(options, std::move(loaded->rules)).value();
  const auto result = [](std::string_view patient, std::string_view code) {
    return fmt::format(
        R"({{"resourceType":"Observation","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"94500-6"}}]}},"subject":{{"reference":"Patient/{}"}},"interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"{}"}}]}}]}})",
        patient, code);
  };
  Must(Register("a"));
  Must(Register("b"));
  Must(Post("Observation", result("a", "POS")));
  Must(Post("Observation", result("b", "NEG")));
  ASSERT_TRUE(runner->WaitFor(engine_->Head().t, 20'000));
  EXPECT_EQ(Alerts(), 1u) << "he is there when the result comes";
  EXPECT_EQ(Alerts("&patient=Patient/a"), 1u);
  EXPECT_EQ(LinksOf(Register("a")).size(), 1u) << "and when he comes again";
  EXPECT_TRUE(LinksOf(Register("b")).empty());
  clock_.Advance(int64_t{15} * 86'400 * kSecondUs);
  EXPECT_TRUE(LinksOf(Register("a")).empty()) << "after its days it is over";
}

TEST_F(AlertsTest, WhoIsErasedIsOnNoList) {
  Must(Listed("e1", "a"));
  ASSERT_EQ(watch_->All().size(), 1u);
  ASSERT_TRUE(engine_->SaveViews().ok());
  ASSERT_TRUE(engine_->Erase("Patient/a").ok());
  EXPECT_TRUE(watch_->All().empty());
  Close();
  Open();
  EXPECT_TRUE(watch_->All().empty());
}

}  // namespace
}  // namespace tk::point_of_care
