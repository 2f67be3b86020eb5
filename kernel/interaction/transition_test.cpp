// Records under a workflow, over the interactions: who may move them and who may not, what other writes may do with them, undo, many at once, their
// history; and their time limits, with restarts between.
#include <fmt/format.h>

#include <thread>

#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/workflow/clerk.h"
#include "kernel/workflow/workflow_for_test.h"

namespace tk::interaction {
namespace {

constexpr int64_t kMinuteUs = 60 * kSecondUs;

std::shared_ptr<access::Viewer> ViewerOf(std::string name, std::vector<std::string> reads,
                                         std::vector<std::string> writes = {}, std::string account = {}) {
  auto post = std::make_shared<access::Post>();
  post->name = name;
  post->reads = std::move(reads);
  post->writes = std::move(writes);
  auto viewer = std::make_shared<access::Viewer>();
  viewer->account = account.empty() ? name : std::move(account);
  viewer->post = std::move(post);
  return viewer;
}

class TransitionTest : public InteractionTest {
 protected:
  TransitionTest() {
    auto shelf = workflow::ShelfForTest();
    CHECK(shelf.ok());
    shelf_ = std::move(shelf).value();
  }
  void SetUp() override {
    InteractionTest::SetUp();
    ASSERT_EQ(Put("Patient/p", PatientJson("p")).status, 201);
  }
  void TearDown() override {
    clerk_.reset();
    InteractionTest::TearDown();
  }

  static std::string Order(std::string_view code, std::string_view more = {}) {
    return fmt::format(
        R"({{"resourceType":"Parameters","parameter":[{{"name":"code","valueCode":"{}"}}{}]}})", code, more);
  }
  static constexpr std::string_view kFound =
      R"(,{"name":"inputs","part":[{"name":"result","valueCode":"found"}]})";
  Response As(const std::shared_ptr<const access::Viewer>& viewer, Method method, std::string_view target,
              std::string body = {}) const {
    Request request = Make(method, target, std::move(body));
    request.viewer = viewer;
    return Send(std::move(request));
  }
  Response Move(std::string_view id, std::string body) const {
    return As(doctor_, Method::kPost, fmt::format("Task/{}/$transition", id), std::move(body));
  }
  std::string Field(std::string_view target, std::string_view path) const {
    return At(Parsed(Get(target)), path);
  }
  std::string StatusOf(std::string_view id) const { return Field(fmt::format("Task/{}", id), "status"); }
  workflow::Mark MarkOf(std::string_view id) const {
    const fhir::Document record = Parsed(Get(fmt::format("Task/{}", id)));
    return workflow::ReadMark(record.Root()).value_or(workflow::Mark());
  }
  void NewTicket(std::string_view id) {
    ASSERT_EQ(Put(fmt::format("Task/{}", id), workflow::TicketJson(id)).status, 201);
  }

  void StartClerk() {
    workflow::Clerk::Options options;
    options.engine = engine_.get();
    options.timers = timers_;
    options.shelf = shelf_;
    options.clock = &clock_;
    options.folder = folder_ / "consumers";
    options.look_ms = 5;
    options.report = [this](const std::string& line) { reports_.push_back(line); };
    auto clerk = workflow::Clerk::Start(std::move(options));
    ASSERT_TRUE(clerk.ok()) << clerk.error().ToString();
    clerk_ = std::move(clerk).value();
  }
  /// Until `holds`, or for ten seconds.
  static bool Waits(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return holds();
  }
  /// Of all there are.
  std::string Count(std::string_view target) const {
    return Field(fmt::format("{}?_summary=count", target), "total");
  }

  std::shared_ptr<const access::Viewer> doctor_ = ViewerOf("doctor", {"Patient", "Task"});
  std::shared_ptr<const access::Viewer> other_doctor_ = ViewerOf("doctor", {"Patient", "Task"}, {}, "li");
  std::shared_ptr<const access::Viewer> officer_ = ViewerOf("cdc-officer", {"Task"}, {"Task"});
  std::shared_ptr<const access::Viewer> clerk_of_cards_ = ViewerOf("card-desk", {"Patient"});
  std::unique_ptr<workflow::Clerk> clerk_;
  std::vector<std::string> reports_;
};

TEST_F(TransitionTest, ATicketGoesItsWay) {
  NewTicket("t");
  EXPECT_EQ(MarkOf("t").workflow, "test.ticket|1");
  const Response accepted = Move("t", Order("accept"));
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_EQ(accepted.audit_action, "transition");
  EXPECT_EQ(At(Parsed(accepted), "status"), "accepted");
  EXPECT_EQ(At(Parsed(accepted), "owner.identifier.value"), "doctor");
  const Response handed = Move(
      "t",
      Order(
          "hand-over",
          R"(,{"name":"reason","valueString":"shift ends"},{"name":"inputs","part":[{"name":"to","valueReference":{"reference":"Practitioner/li"}}]})"));
  ASSERT_EQ(handed.status, 200) << handed.body;
  EXPECT_EQ(At(Parsed(handed), "owner.reference"), "Practitioner/li");
  EXPECT_EQ(At(Parsed(handed), "status"), "accepted");
  const Response done = Move("t", Order("finish", kFound));
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(StatusOf("t"), "completed");
  EXPECT_EQ(Field("Communication?subject=Patient/p", "entry.0.resource.payload.0.contentString"),
            "result found");
  // Its history: who, when, why, under which version.
  const fhir::Document states = Parsed(Get("Task/t/$states"));
  EXPECT_EQ(states.Root()["parameter"].size(), 4u) << states.Text();
  EXPECT_EQ(At(states, "parameter.0.part.0.valueCode"), "requested");
  EXPECT_NE(states.Text().find("shift ends"), std::string_view::npos);
  EXPECT_EQ(At(states, "parameter.3.part.0.valueCode"), "completed");
}

TEST_F(TransitionTest, WhoMayNotAndWhenNotIsRefused) {
  NewTicket("t");
  const auto refused = [this](const std::shared_ptr<const access::Viewer>& viewer, std::string body,
                              int status) {
    const Response response = As(viewer, Method::kPost, "Task/t/$transition", std::move(body));
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(At(Parsed(response), "resourceType"), "OperationOutcome");
  };
  refused(officer_, Order("accept"), 403);         // writes Tasks, and is no post of this transition
  refused(clerk_of_cards_, Order("accept"), 403);  // does not read them
  refused(doctor_, Order("escalate"), 403);        // is the platform's
  refused(viewer_, Order("accept"), 403);          // nor the administrator's
  refused(doctor_, Order("finish", kFound), 409);  // not from here
  refused(doctor_, Order("fly"), 400);
  ASSERT_EQ(Move("t", Order("accept")).status, 200);
  refused(doctor_, Order("accept"), 409);
  refused(doctor_, Order("finish"), 400);  // an input is missing
  refused(doctor_, Order("finish", R"(,{"name":"inputs","part":[{"name":"result","valueCode":"lost"}]})"),
          400);
  refused(doctor_, Order("finish", R"(,{"name":"inputs","part":[{"name":"result","valueString":"found"}]})"),
          400);
  refused(
      doctor_,
      Order("hand-over",
            R"(,{"name":"inputs","part":[{"name":"to","valueReference":{"reference":"Practitioner/li"}}]})"),
      400);  // without a reason
  // A guard, with its words.
  ASSERT_EQ(As(officer_, Method::kPatch, "Task/t", R"([{"op":"remove","path":"/owner"}])").status, 200);
  const Response guarded = Move("t", Order("finish", kFound));
  EXPECT_EQ(guarded.status, 422);
  EXPECT_NE(guarded.body.find("还没有经办人"), std::string::npos);
  EXPECT_EQ(As(viewer_, Method::kPost, "Task/t/$transition", Order("finish", kFound)).status, 200);
  // Nothing leads out of the end.
  refused(doctor_, Order("accept"), 409);
  // What is outside the area is as what never was; what no workflow governs has no transitions.
  NewTicket("u");
  const auto elsewhere = AreaViewer("380104");
  EXPECT_EQ(As(elsewhere, Method::kPost, "Task/u/$transition", Order("accept")).status, 404);
  EXPECT_EQ(As(elsewhere, Method::kGet, "Task/u/$transitions").status, 404);
  EXPECT_EQ(As(elsewhere, Method::kGet, "Task/u/$states").status, 404);
  ASSERT_EQ(Put("Task/plain", R"({"resourceType":"Task","id":"plain","status":"requested","intent":"order"})")
                .status,
            201);
  EXPECT_EQ(As(doctor_, Method::kPost, "Task/plain/$transition", Order("accept")).status, 422);
}

TEST_F(TransitionTest, WhatOneMayDoIsToldWithTheReasonsForTheRest) {
  NewTicket("t");
  const auto told = [this](const std::shared_ptr<const access::Viewer>& viewer) {
    std::map<std::string, std::string> may;
    const fhir::Document answer = Parsed(As(viewer, Method::kGet, "Task/t/$transitions"));
    for (const fhir::Value parameter : answer.Root()["parameter"]) {
      if (parameter["name"].ToString() != "transition") continue;
      std::string code, verdict, why;
      for (const fhir::Value part : parameter["part"]) {
        if (part["name"].ToString() == "code") code = part["valueCode"].ToString();
        if (part["name"].ToString() == "may") verdict = std::string(part["valueBoolean"].Json());
        if (part["name"].ToString() == "why") why = part["valueString"].ToString();
      }
      EXPECT_EQ(why.empty(), verdict == "true") << code;
      may[code] = verdict;
    }
    return may;
  };
  using May = std::map<std::string, std::string>;
  EXPECT_EQ(told(doctor_),
            (May{{"accept", "true"}, {"escalate", "false"}, {"finish", "false"}, {"hand-over", "false"}}));
  EXPECT_EQ(told(officer_),
            (May{{"accept", "false"}, {"escalate", "false"}, {"finish", "false"}, {"hand-over", "false"}}));
  ASSERT_EQ(Move("t", Order("accept")).status, 200);
  EXPECT_EQ(told(doctor_),
            (May{{"accept", "false"}, {"escalate", "false"}, {"finish", "true"}, {"hand-over", "true"}}));
}

TEST_F(TransitionTest, WhatStandsInTheWayIsToldWhoeverMakesIt) {
  // Its owner is taken away by a write: what finishes it lacks something.
  NewTicket("t");
  ASSERT_EQ(Move("t", Order("accept")).status, 200);
  ASSERT_EQ(Patch("Task/t", R"([{"op":"remove","path":"/owner"}])").status, 200);
  const auto told = [this](const std::shared_ptr<const access::Viewer>& viewer, std::string_view code) {
    std::string words;
    const fhir::Document answer = Parsed(As(viewer, Method::kGet, "Task/t/$transitions"));
    for (const fhir::Value parameter : answer.Root()["parameter"]) {
      bool is_it = false;
      for (const fhir::Value part : parameter["part"])
        is_it = is_it || (part["name"].ToString() == "code" && part["valueCode"].ToString() == code);
      for (const fhir::Value part : parameter["part"]) {
        if (!is_it) continue;
        if (part["name"].ToString() == "post") words += part["valueCode"].ToString() + " ";
        if (part["name"].ToString() == "unmet") words += part["valueString"].ToString() + " ";
      }
    }
    return words;
  };
  EXPECT_EQ(told(doctor_, "finish"), "doctor admin 还没有经办人 ");
  EXPECT_EQ(told(officer_, "finish"),
            "doctor admin 还没有经办人 ");            // not his to make, and what is missing all the same
  EXPECT_EQ(told(doctor_, "escalate"), "platform ");  // does not lead out of this state: nothing is tried
}

TEST_F(TransitionTest, OtherWritesMoveNoState) {
  // It begins where it may begin, and nowhere else.
  const Response late = Put("Task/t", workflow::TicketJson("t", "completed"));
  EXPECT_EQ(late.status, 422);
  EXPECT_EQ(IssuePath(late), "Task.status");
  NewTicket("t");
  const workflow::Mark mark = MarkOf("t");
  const Response put = Put("Task/t", workflow::TicketJson("t", "accepted"));
  EXPECT_EQ(put.status, 422);
  EXPECT_NE(put.body.find("accept"), std::string::npos);
  EXPECT_EQ(Patch("Task/t", R"([{"op":"replace","path":"/status","value":"accepted"}])").status, 422);
  // What goes with a state, too.
  EXPECT_EQ(Patch("Task/t", R"([{"op":"add","path":"/priority","value":"stat"}])").status, 422);
  const auto transaction = [this](std::string_view method, std::string_view status) {
    return Post(
        "",
        fmt::format(
            R"({{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},"request":{{"method":"{}","url":"Task/t"}}}}]}})",
            workflow::TicketJson("t", status), method));
  };
  EXPECT_EQ(transaction("PUT", "completed").status, 422);
  EXPECT_EQ(transaction("PUT", "requested").status, 200);
  // Nobody forges the mark, or leaves it out, or leads the record away from its workflow.
  EXPECT_EQ(workflow::PrintMark(MarkOf("t")), workflow::PrintMark(mark));
  workflow::Mark forged = mark;
  forged.passed = 2;
  forged.transition = "accept";
  const std::string extension = ",\"extension\":[" + workflow::PrintMark(forged) + "]";
  ASSERT_EQ(Put("Task/t", workflow::TicketJson("t", "requested", extension)).status, 200);
  EXPECT_EQ(workflow::PrintMark(MarkOf("t")), workflow::PrintMark(mark));
  ASSERT_EQ(Put("Task/n", workflow::TicketJson("n", "requested", extension)).status, 201);
  EXPECT_EQ(MarkOf("n").transition, "");
  EXPECT_EQ(Put("Task/t", R"({"resourceType":"Task","id":"t","status":"completed","intent":"order"})").status,
            422);
  ASSERT_EQ(
      Put("Task/t",
          R"({"resourceType":"Task","id":"t","status":"requested","intent":"order","description":"more"})")
          .status,
      200);
  EXPECT_EQ(MarkOf("t").workflow, "test.ticket|1");
  // All else is changed as ever, and a create is repeated by its key.
  Request create = Make(Method::kPost, "Task", workflow::TicketJson(""));
  create.idempotency_key = "k1";
  const Response first = Send(create);
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(IdOf(Send(create)), IdOf(first));
}

TEST_F(TransitionTest, ATransitionIsTakenBackByWhoMadeItWhileHeMay) {
  NewTicket("t");
  EXPECT_EQ(Move("t", Order("undo")).status, 409);
  const workflow::Mark before = MarkOf("t");
  ASSERT_EQ(Move("t", Order("accept")).status, 200);
  ASSERT_EQ(
      As(officer_, Method::kPatch, "Task/t", R"([{"op":"add","path":"/description","value":"d"}])").status,
      200);
  EXPECT_EQ(As(other_doctor_, Method::kPost, "Task/t/$transition", Order("undo")).status, 403);
  clock_.Advance(9 * kMinuteUs);
  const Response undone = Move("t", Order("undo"));
  ASSERT_EQ(undone.status, 200) << undone.body;
  EXPECT_EQ(StatusOf("t"), "requested");
  EXPECT_EQ(Field("Task/t", "owner.identifier.value"), "");
  EXPECT_EQ(Field("Task/t", "description"), "d");  // what others did meanwhile stays
  EXPECT_EQ(MarkOf("t").due_us, before.due_us);    // its limits go on
  EXPECT_EQ(Move("t", Order("undo")).status, 409);
  ASSERT_EQ(Move("t", Order("accept")).status, 200);
  clock_.Advance(11 * kMinuteUs);
  EXPECT_EQ(Move("t", Order("undo")).status, 409);
  EXPECT_EQ(StatusOf("t"), "accepted");
}

TEST_F(TransitionTest, ManyAtOnceAreAnsweredEachForItself) {
  NewTicket("a");
  NewTicket("b");
  ASSERT_EQ(Move("b", Order("accept")).status, 200);
  std::string records;
  for (const char* id : {"a", "b", "never"})
    records += fmt::format(R"(,{{"name":"record","valueReference":{{"reference":"Task/{}"}}}})", id);
  const Response many = As(doctor_, Method::kPost, "Task/$transition", Order("accept", records));
  ASSERT_EQ(many.status, 200) << many.body;
  EXPECT_EQ(many.audit_action, "transition");
  const fhir::Document answers = Parsed(many);
  EXPECT_EQ(At(answers, "entry.0.response.status").substr(0, 3), "200");
  EXPECT_EQ(At(answers, "entry.1.response.status").substr(0, 3), "409");
  EXPECT_EQ(At(answers, "entry.2.response.status").substr(0, 3), "404");
  EXPECT_EQ(StatusOf("a"), "accepted");
  EXPECT_EQ(As(doctor_, Method::kPost, "Task/$transition", Order("accept")).status, 400);
}

TEST_F(TransitionTest, ARepeatedRequestMovesOnce) {
  NewTicket("t");
  Request request = Make(Method::kPost, "Task/t/$transition", Order("accept"));
  request.viewer = doctor_;
  request.idempotency_key = "once";
  const Response first = Send(request), second = Send(request);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(first.etag, second.etag);
  request.body = Order("finish", kFound);
  EXPECT_EQ(Send(request).status, 409);
}

TEST_F(TransitionTest, OfManyWhoAcceptAtOnceOneHasIt) {
  for (int round = 0; round < 10; ++round) {
    const std::string id = "r" + std::to_string(round);
    NewTicket(id);
    std::vector<std::thread> threads;
    std::atomic<int> accepted{0}, refused{0};
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const int status = Move(id, Order("accept")).status;
        (status == 200 ? accepted : refused).fetch_add(1);
        EXPECT_TRUE(status == 200 || status == 409) << status;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(accepted.load(), 1);
    EXPECT_EQ(refused.load(), 3);
  }
}

TEST_F(TransitionTest, LimitsPassOnceEach) {
  StartClerk();
  NewTicket("t");
  NewTicket("u");
  ASSERT_EQ(Move("u", Order("accept")).status, 200);
  clock_.Advance(29 * kMinuteUs);
  ASSERT_TRUE(clerk_->Settle(10'000));
  EXPECT_EQ(Count("Flag"), "0");
  clock_.Advance(kMinuteUs);
  ASSERT_TRUE(Waits([this] { return Count("Flag") == "1"; }));
  EXPECT_EQ(MarkOf("t").passed, 1);
  EXPECT_EQ(Field("Flag", "entry.0.resource.code.text"), "late by 0");
  // A clock that jumps back and forth fires nothing again.
  clock_.Advance(-60 * kMinuteUs);
  ASSERT_TRUE(clerk_->Settle(10'000));
  clock_.Advance(60 * kMinuteUs);
  ASSERT_TRUE(clerk_->Settle(10'000));
  EXPECT_EQ(Count("Flag"), "1");
  clock_.Advance(90 * kMinuteUs);
  ASSERT_TRUE(Waits([this] { return StatusOf("t") == "on-hold"; }));
  EXPECT_EQ(Field("Task/t", "priority"), "stat");
  EXPECT_EQ(MarkOf("t").post, "platform");
  EXPECT_EQ(Move("t", Order("accept")).status, 200);
  clock_.Advance(100'000 * kMinuteUs);
  ASSERT_TRUE(clerk_->Settle(10'000));
  EXPECT_EQ(Count("Flag"), "1");
  EXPECT_EQ(StatusOf("u"), "accepted");
  EXPECT_TRUE(reports_.empty()) << reports_.front();
}

TEST_F(TransitionTest, WhatFellDueWhileNobodyWasThereFiresLateAndSaysSo) {
  StartClerk();
  NewTicket("t");
  clerk_.reset();
  Close();
  clock_.Advance(40 * kMinuteUs);
  Open();
  StartClerk();
  ASSERT_TRUE(Waits([this] { return Count("Flag") == "1"; }));
  EXPECT_EQ(MarkOf("t").late_s, 600);
  EXPECT_EQ(Field("Flag", "entry.0.resource.code.text"), "late by 600");
  // And not again after another start, also from the log alone.
  clerk_.reset();
  Close();
  std::filesystem::remove_all(folder_ / "views");
  std::filesystem::remove_all(folder_ / "consumers");
  std::filesystem::create_directories(folder_ / "views/search");
  Open();
  StartClerk();
  ASSERT_TRUE(clerk_->Settle(10'000));
  EXPECT_EQ(Count("Flag"), "1");
  EXPECT_EQ(MarkOf("t").passed, 1);
}

TEST_F(TransitionTest, WhatRulesMadeIsTakenInHand) {
  StartClerk();
  // As the rules' runner writes: past the interactions.
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = engine_->Head();
  view::Change change;
  change.now = view::MakeResource(*definitions_, fhir::Document::Parse(workflow::TicketJson("t")).value(), 1,
                                  view::Operation::kCreate)
                   .value();
  set->changes.push_back(std::move(change));
  ASSERT_TRUE(engine_->Prepare(set.get()).ok());
  std::promise<view::Outcome> done;
  engine_->Submit(std::move(set), [&](view::Outcome outcome) { done.set_value(std::move(outcome)); });
  ASSERT_TRUE(done.get_future().get().commit.ok());
  ASSERT_TRUE(Waits([this] { return !MarkOf("t").workflow.empty(); }));
  clock_.Advance(31 * kMinuteUs);
  ASSERT_TRUE(Waits([this] { return Count("Flag") == "1"; }));
}

}  // namespace
}  // namespace tk::interaction
