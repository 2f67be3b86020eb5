// Which Tasks a post sees, and that no way leads around it; what it sees of a visit.
#include "kernel/interaction/opened_for_test.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kScreeningTask = "http://tongkang.dev/fhir/CodeSystem/screening-task";

std::string TaskJson(std::string_view id, std::string_view system, std::string_view more = {}) {
  return R"({"resourceType":"Task","id":")" + std::string(id) +
         R"(","status":"requested","intent":"order","code":{"coding":[{"system":")" + std::string(system) +
         R"(","code":"c"}]},"description":"what for","for":{"reference":"Patient/here"})" +
         std::string(more) + "}";
}

class TaskKindsTest : public OpenedTest {
 protected:
  void SetUp() override {
    OpenedTest::SetUp();
    ASSERT_EQ(Write("Task/other", TaskJson("other", "http://hospital.example/task")), 201);
    ASSERT_EQ(
        Write("Task/fever", TaskJson("fever", kScreeningTask, R"(,"partOf":[{"reference":"Task/other"}])")),
        201);
    ASSERT_EQ(
        Write("Task/plain", R"({"resourceType":"Task","id":"plain","status":"requested","intent":"order",)"
                            R"("for":{"reference":"Patient/here"}})"),
        201);
    screener_ = PostViewer("screener", "gate", kHereArea);
    viewer_ = screener_;
  }
  std::string Total(const std::string& target) const { return At(Parsed(Get(target)), "total"); }
  bool IsLive(std::string_view id) const {
    const auto version = engine_->directory().Current(engine_->IdHash("Task", id), engine_->Head());
    return engine_->directory().InScope(version.ordinal, interactions_->ScopeOf(viewer_));
  }
  /// What tells of a Task, in any way.
  std::string Ways(const std::string& id) const {
    std::string ways;
    const auto add = [&](bool is, std::string_view what) { ways += is ? std::string(what) + " " : ""; };
    for (const std::string& target : {"Task/" + id, "Task/" + id + "/_history", "Task/" + id + "/_history/1"})
      add(Get(target).status == 200, target);
    for (const std::string& target :
         {std::string("Task"), std::string("Task?patient=here"), std::string("Task?_sort=-_lastUpdated"),
          std::string("Task?status=requested&_sort=status"), "Task?_id=" + id, std::string("Task/_history"),
          std::string("Patient?_id=here&_revinclude=Task:patient"),
          std::string("Patient?_id=here&_revinclude=*"), std::string("Task?_id=fever&_include=Task:part-of"),
          std::string("?_type=Task"), std::string("Patient/here/Task")})
      add(Get(target).body.find(R"("id":")" + id + "\"") != std::string::npos, target);
    add(!Ids("Patient?_has:Task:patient:_id=" + id).empty(), "_has");
    add(!Ids("Task?part-of:Task._id=" + id).empty(), "chain");
    add(Total("Task?_id=" + id + "&_summary=count") != "0", "count");
    add(IsLive(id), "live");
    return ways;
  }

  std::shared_ptr<const access::Viewer> screener_;
};

TEST_F(TaskKindsTest, AScreenerSeesThoseOfScreeningAndNothingTellsOfOthers) {
  EXPECT_NE(Ways("fever").find("live"), std::string::npos);
  EXPECT_NE(Ways("fever").find("_revinclude=Task:patient"), std::string::npos) << Ways("fever");
  EXPECT_EQ(Ways("other"), "");
  EXPECT_EQ(Ways("plain"), "");
  EXPECT_EQ(Ids("Task"), "fever");
  for (const char* target :
       {"Task?_summary=count", "Task?patient=here&_summary=count", "Task?_total=accurate",
        "Task?status=requested&_total=accurate", "Task?code:missing=false&_summary=count"})
    EXPECT_EQ(Total(target), "1") << target;
  EXPECT_EQ(Total("Task?code:missing=true&_summary=count"), "0");
  EXPECT_EQ(At(Parsed(Get("Task/other/$why")), "parameter.0.valueBoolean"), "false");
  EXPECT_EQ(Get("Task/other/$why").body.find("what for"), std::string::npos);
  viewer_ = doctor_;
  EXPECT_NE(Ways("other").find("chain"), std::string::npos) << "else it shows nothing: " << Ways("other");
  EXPECT_EQ(Total("Task?_summary=count"), "3");
}

TEST_F(TaskKindsTest, AfterARestartItIsTheSame) {
  Close();
  std::filesystem::remove_all(folder_ / "views");
  Open();
  viewer_ = screener_;
  EXPECT_EQ(Ids("Task"), "fever");
  EXPECT_EQ(Ways("other"), "");
  EXPECT_EQ(Total("Task?_summary=count"), "1");
}

TEST_F(TaskKindsTest, EachVersionIsWhatItWas) {
  ASSERT_EQ(Write("Task/other", TaskJson("other", kScreeningTask)), 200);
  EXPECT_EQ(Get("Task/other").status, 200);
  EXPECT_EQ(Get("Task/other/_history/2").status, 200);
  EXPECT_EQ(Get("Task/other/_history/1").status, 404);
  EXPECT_EQ(Total("Task/other/_history"), "1");
  ASSERT_EQ(Write("Task/fever", TaskJson("fever", "http://hospital.example/task")), 200);
  EXPECT_EQ(Get("Task/fever").status, 404);
  EXPECT_EQ(Get("Task/fever/_history/2").status, 404);
}

TEST_F(TaskKindsTest, ADeletedOneIsToldOfToWhoSawIt) {
  for (const char* task : {"Task/other", "Task/fever"})
    ASSERT_EQ(As(city_, Make(Method::kDelete, task)).status, 204);
  EXPECT_EQ(Get("Task/fever").status, 410);
  EXPECT_EQ(Get("Task/other").status, 404);
  EXPECT_TRUE(IsLive("fever"));
  EXPECT_FALSE(IsLive("other"));
}

TEST_F(TaskKindsTest, OfAVisitAScreenerSeesNotWhy) {
  ASSERT_EQ(
      Write("Observation/o", R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},)"
                             R"("subject":{"reference":"Patient/here"}})"),
      201);
  const std::string visit = Visit(
      "v", "here", "finished", "h1",
      R"(,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a dark mood</div>"},)"
      R"("reasonCode":[{"text":"a dark mood"}],"reasonReference":[{"reference":"Observation/o"}],)"
      R"("diagnosis":[{"condition":{"reference":"Condition/here","display":"a dark mood"}}],)"
      R"("hospitalization":{"admitSource":{"text":"a dark mood"}})");
  ASSERT_EQ(Write("Encounter/v", visit), 201);
  for (const char* way :
       {"Encounter/v", "Encounter/v?_elements=reasonCode", "Encounter/v?_summary=text",
        "Encounter/v/_history", "Encounter/v/_history/1", "Encounter?_id=v",
        "Encounter?patient=here&_elements=diagnosis,reasonCode", "Encounter/_history",
        "Patient?_id=here&_revinclude=Encounter:patient", "Patient/here/Encounter", "?_type=Encounter"}) {
    const Response seen = Get(way);
    EXPECT_EQ(seen.status, 200) << way << seen.body;
    EXPECT_EQ(seen.body.find("dark"), std::string::npos) << way << seen.body;
    EXPECT_EQ(seen.body.find("Observation/o"), std::string::npos) << way << seen.body;
    EXPECT_NE(seen.body.find("MASKED"), std::string::npos) << way << seen.body;
  }
  EXPECT_EQ(At(Parsed(Get("Encounter/v")), "serviceProvider.reference"), "Organization/h1");
  for (const char* way :
       {"Encounter?reason-code=x", "Encounter?reason-code:text=dark", "Encounter?diagnosis=Condition/here",
        "Encounter?reason-reference=Observation/o", "Encounter?reason-reference:Observation.status=final",
        "Observation?_has:Encounter:reason-reference:status=finished", "Encounter?_include=Encounter:*",
        "Encounter?_include=Encounter:reason-reference", "Encounter?_include=*",
        "Observation?_revinclude=Encounter:reason-reference", "Observation?_revinclude=*",
        "Patient?_id=here&_revinclude=Encounter:patient&_include:iterate=*", "Encounter?_sort=reason-code",
        "Patient?_has:Encounter:patient:reason-code=x", "Observation?encounter.reason-code=x"})
    EXPECT_EQ(Get(way).status, 403) << way;
  EXPECT_EQ(Ids("Encounter?patient=here&_include=Encounter:patient"), "v +here");
  EXPECT_EQ(Ids("Patient?_include=*&_id=here"), "here") << "no visit is followed";
  viewer_ = doctor_;
  EXPECT_NE(Get("Encounter/v").body.find("dark"), std::string::npos);
}

TEST_F(TaskKindsTest, WhatIsNotSeenStaysWhenAScreenerWrites) {
  ASSERT_EQ(Write("Encounter/v",
                  Visit("v", "here", "in-progress", "h1", R"(,"reasonCode":[{"text":"a dark mood"}])")),
            201);
  std::string seen = Get("Encounter/v").body;
  ASSERT_EQ(seen.find("dark"), std::string::npos);
  const size_t status = seen.find("in-progress");
  seen.replace(status, 11, "finished");
  ASSERT_EQ(Put("Encounter/v", seen).status, 200);
  const auto stored = [&] { return As(city_, Make(Method::kGet, "Encounter/v")).body; };
  EXPECT_NE(stored().find("a dark mood"), std::string::npos) << stored();
  EXPECT_NE(stored().find("finished"), std::string::npos);
  EXPECT_EQ(stored().find("MASKED"), std::string::npos);
  const Response other =
      Put("Encounter/v", Visit("v", "here", "finished", "h1", R"(,"reasonCode":[{"text":"x"}])"));
  EXPECT_EQ(other.status, 422) << other.body;
  EXPECT_NE(other.body.find("Encounter.reasonCode"), std::string::npos) << other.body;
  EXPECT_NE(stored().find("a dark mood"), std::string::npos);
  std::string turned = Get("Encounter/v").body;
  turned.replace(turned.find("Patient/here"), 12, "Patient/near");
  EXPECT_EQ(Put("Encounter/v", turned).status, 403) << "why would go along to whom he chooses";
  EXPECT_EQ(Send(Make(Method::kDelete, "Encounter/v")).status, 403);
  EXPECT_EQ(Send(Make(Method::kDelete, "Encounter?_id=v")).status, 403);
  for (const char* way : {"Encounter?reason-code:missing=true", "Encounter?type:missing=false",
                          "Patient?_has:Encounter:patient:reason-code:missing=false"})
    EXPECT_EQ(Get(way).status, 403) << way;
  EXPECT_EQ(Get("Encounter?date:missing=true").status, 200);
  const Response mine =
      Put("Encounter/m", Visit("m", "here", "finished", "h1", R"(,"reasonCode":[{"text":"fever"}])"));
  EXPECT_EQ(mine.status, 201) << "of a new one he may say why";
  Request patch =
      Make(Method::kPatch, "Encounter/v", R"([{"op":"test","path":"/reasonCode/0/text","value":"x"}])");
  patch.content_type = "application/json-patch+json";
  EXPECT_EQ(Send(patch).status, 403);
}

/// b, here, is probably a, there: one review; and a Task about a's health.
class ClerkTest : public PersonsTest {
 protected:
  void SetUp() override {
    PersonsTest::SetUp();
    PutPatient(
        {.id = "a", .resident_id = ResidentIdOf("19800102", 21), .phone = "19900000001", .area = "380124"});
    PutPatient({.id = "b", .phone = "19900000001", .area = "380102"});
    ASSERT_EQ(Reviews(), "probable:b>a");
    review_ = Ids("Task");
    ASSERT_EQ(Put("Task/t", R"({"resourceType":"Task","id":"t","status":"requested","intent":"order",)"
                            R"("description":"start treatment","for":{"reference":"Patient/b"}})")
                  .status,
              201);
    admin_ = viewer_;
    static const auto posts = access::Posts::Load("/nonexistent").value();
    auto clerk = AdminViewer();
    clerk->account = "clerk";
    clerk->post = posts.Find("index-clerk");
    clerk->policies = access::Policies::BuiltIn();
    viewer_ = clerk;
  }

  std::string review_;
  std::shared_ptr<const access::Viewer> admin_;
};

TEST_F(ClerkTest, SeesReviewsAndNoOtherTask) {
  EXPECT_EQ(Ids("Task"), review_);
  EXPECT_EQ(Ids("Task?patient=b"), review_);
  EXPECT_EQ(Get("Task/" + review_).status, 200);
  EXPECT_EQ(Get("Task/t").status, 404);
  EXPECT_EQ(Get("Task/t/_history/1").status, 404);
  for (const char* target :
       {"Task/_history", "Patient?_revinclude=Task:patient", "Task?_id=t", "?_type=Task"})
    EXPECT_EQ(Get(target).body.find("start treatment"), std::string::npos) << target;
  EXPECT_EQ(At(Parsed(Get("Task?_summary=count")), "total"), "1");
  EXPECT_EQ(Ids("Patient?_has:Task:patient:_id=t"), "");
  const auto version = engine_->directory().Current(engine_->IdHash("Task", "t"), engine_->Head());
  EXPECT_FALSE(engine_->directory().InScope(version.ordinal, interactions_->ScopeOf(viewer_)));
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200) << "and settles them";
  EXPECT_EQ(Get("Task/" + review_).status, 200);
}

TEST_F(ClerkTest, WritesNoTask) {
  const std::string task = R"({"resourceType":"Task","id":"t","status":"cancelled","intent":"order"})";
  EXPECT_EQ(Put("Task/t", task).status, 403);
  EXPECT_EQ(Put("Task/n", task).status, 403);
  EXPECT_EQ(Post("Task", task).status, 403);
  EXPECT_EQ(Send(Make(Method::kDelete, "Task/t")).status, 403);
  viewer_ = admin_;
  EXPECT_EQ(At(Parsed(Get("Task/t")), "status"), "requested");
}

}  // namespace
}  // namespace tk::interaction
