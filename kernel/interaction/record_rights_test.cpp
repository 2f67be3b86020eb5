// Answers to a post's own forms and records of its own organization, and that no way leads around them; what may be written of them.
#include "kernel/interaction/opened_for_test.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kOwnForm = "http://tongkang.dev/fhir/Questionnaire/desk.ticket";
constexpr std::string_view kOtherForm = "http://tongkang.dev/fhir/Questionnaire/fever.register";

std::string AnswerJson(std::string_view id, std::string_view form, std::string_view more = {}) {
  return R"({"resourceType":"QuestionnaireResponse","id":")" + std::string(id) +
         R"(","status":"in-progress","questionnaire":")" + std::string(form) +
         R"(","subject":{"reference":"Patient/here"})" + std::string(more) + "}";
}

class RecordRightsTest : public OpenedTest {
 protected:
  void SetUp() override {
    OpenedTest::SetUp();
    ASSERT_EQ(Write("QuestionnaireResponse/own", AnswerJson("own", std::string(kOwnForm) + "|3")), 201);
    ASSERT_EQ(Write("QuestionnaireResponse/other", AnswerJson("other", kOtherForm)), 201);
    access::Post post;
    post.name = "desk";
    post.is_of_pack = post.reads_by_form = post.writes_by_form = true;
    post.reads = {"Encounter", "Patient", "QuestionnaireResponse"};
    post.writes = post.deletes = {"Encounter", "QuestionnaireResponse"};
    post.forms = {std::string(kOwnForm)};
    desk_ = Desk(post, "Organization/h1");
    post.organization = {{"Encounter", "serviceProvider"}};
    house_ = Desk(post, "Organization/h1");
    homeless_ = Desk(post, {});
    viewer_ = desk_;
  }
  static std::shared_ptr<const access::Viewer> Desk(const access::Post& post, std::string organization) {
    auto viewer = std::make_shared<access::Viewer>(
        *PostViewer("doctor", "desk" + organization, kHereArea, std::move(organization)));
    viewer->post = std::make_shared<const access::Post>(post);
    return viewer;
  }
  /// What tells of a record of the type, in any way.
  std::string Ways(const std::string& type, const std::string& id) const {
    std::string ways;
    const auto add = [&](bool is, std::string_view what) { ways += is ? std::string(what) + " " : ""; };
    const std::string one = type + "/" + id;
    for (const std::string& target : {one, one + "/_history", one + "/_history/1"})
      add(Get(target).status == 200, target);
    for (const std::string& target :
         {type, type + "?subject=Patient/here", type + "?_sort=-_lastUpdated", type + "?_id=" + id,
          type + "/_history", "Patient?_id=here&_revinclude=" + type + ":subject", "?_type=" + type,
          "Patient/here/" + type})
      add(Get(target).body.find(R"("id":")" + id + "\"") != std::string::npos, target);
    add(!Ids("Patient?_has:" + type + ":subject:_id=" + id).empty(), "_has");
    add(At(Parsed(Get(type + "?_id=" + id + "&_summary=count")), "total") != "0", "count");
    const auto version = engine_->directory().Current(engine_->IdHash(type, id), engine_->Head());
    add(engine_->directory().InScope(version.ordinal, interactions_->ScopeOf(viewer_)), "live");
    return ways;
  }

  std::shared_ptr<const access::Viewer> desk_, house_, homeless_;
};

TEST_F(RecordRightsTest, AnswersToOtherFormsAreNotThere) {
  EXPECT_NE(Ways("QuestionnaireResponse", "own").find("_has count live"), std::string::npos)
      << Ways("QuestionnaireResponse", "own");
  EXPECT_EQ(Ways("QuestionnaireResponse", "other"), "");
  for (const char* target : {"QuestionnaireResponse?_summary=count", "QuestionnaireResponse?_total=accurate",
                             "QuestionnaireResponse?status=in-progress&_total=accurate"})
    EXPECT_EQ(At(Parsed(Get(target)), "total"), "1") << target;
  const Response why = Get("QuestionnaireResponse/other/$why");
  EXPECT_EQ(At(Parsed(why), "parameter.0.valueBoolean"), "false") << why.body;
  viewer_ = city_;
  EXPECT_NE(Ways("QuestionnaireResponse", "other").find("_has count live"), std::string::npos)
      << "who sees all sees all";
}

TEST_F(RecordRightsTest, APlatformsPostSeesOfPacksFormsThoseThatNameIt) {
  ASSERT_EQ(Write("QuestionnaireResponse/free", AnswerJson("free", "http://hl7.org/fhir/Questionnaire/3")),
            201);
  for (const char* name : {"doctor", "screener", "cdc-officer"}) {
    viewer_ = PostViewer(name, name, kHereArea);
    EXPECT_NE(Ways("QuestionnaireResponse", "free").find("_has count live"), std::string::npos) << name;
    for (const char* id : {"own", "other"}) EXPECT_EQ(Ways("QuestionnaireResponse", id), "") << name << id;
    EXPECT_EQ(Put("QuestionnaireResponse/free", AnswerJson("free", kOtherForm)).status, 403);
    EXPECT_EQ(Put("QuestionnaireResponse/other", AnswerJson("other", "http://x/q")).status, 403);
    EXPECT_EQ(Send(Make(Method::kDelete, "QuestionnaireResponse/other")).status, 204) << "as what never was";
    EXPECT_EQ(Get("Patient/here/$everything?_type=QuestionnaireResponse").body.find("\"other\""),
              std::string::npos)
        << name;
    const Response why = Get("QuestionnaireResponse/other/$why");
    EXPECT_EQ(At(Parsed(why), "parameter.0.valueBoolean"), "false") << why.body;
  }
  access::Post post = *PostViewer("screener", "s", kHereArea)->post;
  post.forms_seen = {std::string(kOtherForm)};
  viewer_ = Desk(post, {});
  EXPECT_NE(Ways("QuestionnaireResponse", "other").find("_has count live"), std::string::npos);
  EXPECT_EQ(Ways("QuestionnaireResponse", "own"), "");
  EXPECT_EQ(Put("QuestionnaireResponse/other", AnswerJson("other", kOtherForm)).status, 403) << "seen only";
  EXPECT_EQ(Send(Make(Method::kDelete, "QuestionnaireResponse/other")).status, 403);
  EXPECT_EQ(As(city_, Make(Method::kGet, "QuestionnaireResponse/other")).status, 200);
}

TEST_F(RecordRightsTest, WhatADoctorSeesOfTasksIsNotAskedOfEach) {
  const view::Scope scope = interactions_->ScopeOf(doctor_);
  EXPECT_TRUE(scope.For(definitions_->FindType("QuestionnaireResponse")).records->sees);
  EXPECT_FALSE(scope.For(definitions_->FindType("Task")).records->sees);
  EXPECT_EQ(scope.For(definitions_->FindType("Observation")).records, nullptr);
}

TEST_F(RecordRightsTest, NobodyWritesAnswersToOtherForms) {
  EXPECT_EQ(Put("QuestionnaireResponse/other", AnswerJson("other", kOwnForm)).status, 403) << "it is taken";
  EXPECT_EQ(Put("QuestionnaireResponse/own", AnswerJson("own", kOtherForm)).status, 403);
  EXPECT_EQ(Put("QuestionnaireResponse/own", AnswerJson("own", std::string(kOwnForm) + "2")).status, 403);
  EXPECT_EQ(Post("QuestionnaireResponse", R"({"resourceType":"QuestionnaireResponse","status":"completed"})")
                .status,
            403);
  (void)Send(Make(Method::kDelete, "QuestionnaireResponse/other"));
  EXPECT_EQ(As(city_, Make(Method::kGet, "QuestionnaireResponse/other")).status, 200) << "still there";
  EXPECT_EQ(Put("QuestionnaireResponse/own", AnswerJson("own", kOwnForm)).status, 200);
  EXPECT_EQ(Send(Make(Method::kDelete, "QuestionnaireResponse/own")).status, 204);
  EXPECT_EQ(Get("QuestionnaireResponse/own").status, 410);
}

TEST_F(RecordRightsTest, WhoSeesAnswersToAnothersFormWritesThoseOfHisForms) {
  access::Post post = *desk_->post;
  post.is_of_pack = post.reads_by_form = false;
  post.forms_seen = {std::string(kOtherForm)};
  viewer_ = Desk(post, {});
  EXPECT_EQ(Get("QuestionnaireResponse/other").status, 200);
  EXPECT_EQ(Put("QuestionnaireResponse/other", AnswerJson("other", kOwnForm)).status, 403);
  EXPECT_EQ(Send(Make(Method::kDelete, "QuestionnaireResponse/other")).status, 403);
}

TEST_F(RecordRightsTest, WhatIsAnotherOrganizationsIsNotThereAndNotWritten) {
  for (const char* house : {"h1", "h2"})
    ASSERT_EQ(Write(std::string("Encounter/e") + house,
                    Visit(std::string("e") + house, "here", "in-progress", house)),
              201);
  viewer_ = house_;
  EXPECT_NE(Ways("Encounter", "eh1").find("_has count live"), std::string::npos) << Ways("Encounter", "eh1");
  EXPECT_EQ(Ways("Encounter", "eh2"), "");
  EXPECT_EQ(At(Parsed(Get("Encounter?_summary=count")), "total"), "1");
  EXPECT_EQ(Put("Encounter/eh2", Visit("eh2", "here", "finished", "h1")).status, 403);
  EXPECT_EQ(Put("Encounter/eh1", Visit("eh1", "here", "finished", "h2")).status, 403) << "nor given away";
  EXPECT_EQ(Post("Encounter", Visit("n", "here", "finished", "h2")).status, 403);
  EXPECT_EQ(Put("Encounter/eh1", Visit("eh1", "here", "finished", "h1")).status, 200);
  viewer_ = homeless_;
  EXPECT_EQ(Ways("Encounter", "eh1"), "");
  EXPECT_EQ(Put("Encounter/n", Visit("n", "here", "finished", "h1")).status, 403);
}

}  // namespace
}  // namespace tk::interaction
