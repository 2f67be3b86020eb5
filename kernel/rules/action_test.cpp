// What an update sets, of whom, and that what one action leaves the next sees.
#include "kernel/rules/action.h"
#include "kernel/base/city_time.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tk::rules {
namespace {

constexpr Instant kActionNow = 1'795'000'000'000'000;

class ActionTest : public ::testing::Test {
 protected:
  view::ResourcePtr Stored(std::string_view json, uint32_t version) const {
    auto document = fhir::Document::Parse(json);
    CHECK(document.ok());
    return view::MakeResource(*r4_, std::move(document).value(), version, view::Operation::kUpdate).value();
  }
  void SetUp() override {
    tasks_["Task/a"] = Stored(
        R"({"resourceType":"Task","id":"a","status":"requested","intent":"order","note":[{"text":"one"}],"restriction":{"repetitions":2}})",
        4);
    tasks_["Task/b"] = Stored(R"({"resourceType":"Task","id":"b","status":"completed","intent":"order"})", 1);
    cause_ = Stored(
        R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"basedOn":[{"reference":"Task/a"},{"reference":"Task/b"}],"valueInteger":3})",
        2);
    head_.id = "test.update";
    head_.version = 1;
    head_.variables.emplace_back("rule", fhir::path::Collection{TextItem(head_.name())});
  }

  /// The writes as texts without the marks; or "refused: " and why.
  std::vector<std::string> Do(std::string_view actions) {
    fhir::JsonFile file = fhir::JsonFile::Parse("t.json", fmt::format(R"({{"do":{}}})", actions)).value();
    const Actions compiled = OwnVocabulary().Parse({r4_.get(), "test", r4_->FindType("Observation")}, &file,
                                                   "do", file.root()["do"]);
    if (!file.good()) return {"refused: " + file.Failure().external};
    Performance::Scene scene;
    scene.definitions = r4_.get();
    scene.head = &head_;
    scene.resource = cause_->document.Root();
    scene.now_us = kActionNow;
    scene.new_id = [this] { return "n" + std::to_string(++ids_); };
    scene.read = [this](std::string_view type, std::string_view id) -> Result<view::ResourcePtr> {
      const auto at = tasks_.find(fmt::format("{}/{}", type, id));
      return at == tasks_.end() ? view::ResourcePtr() : at->second;
    };
    scene.reach.find = [this](std::string_view type, std::string_view patient, std::string_view where) {
      return Result<std::vector<std::string>>(found_[fmt::format("{}?{}&{}", type, patient, where)]);
    };
    Performance performance(std::move(scene));
    const Status done = Perform(compiled, &performance);
    if (!done.ok()) return {"refused: " + done.error().external};
    std::vector<std::string> texts;
    for (const Write& write : performance.Writes()) {
      std::string text(write.now.Text());
      const std::string marks = fmt::format(
          R"("extension":[{{"url":"{}","valueString":"test.update|1"}},{{"url":"{}","valueInteger":1}}],)",
          kRuleExtension, kDepthExtension);
      const size_t at = text.find(marks);
      EXPECT_NE(at, std::string::npos) << text;
      if (at != std::string::npos) text.erase(at, marks.size());
      texts.push_back(fmt::format("{} {}", write.before == nullptr ? 0 : write.before->version, text));
    }
    return texts;
  }
  std::string DoOne(std::string_view actions) {
    const auto done = Do(actions);
    return done.size() == 1 ? done[0] : fmt::format("{} writes", done.size());
  }

  std::shared_ptr<const fhir::Definitions> r4_ = fhir::Definitions::R4();
  std::map<std::string, view::ResourcePtr> tasks_;
  std::map<std::string, std::vector<std::string>> found_;  // by "Type?patient&where"
  view::ResourcePtr cause_;
  Head head_;
  int ids_ = 0;
};

TEST_F(ActionTest, SetsAddsAndTakesAway) {
  EXPECT_EQ(
      DoOne(
          R"j([{"update": {"type": "Task", "target": "=basedOn[0]", "set": {
        "status": "in-progress", "note[+]": {"text": "='value ' + value.toString()"}, "note[0].text": "first",
        "restriction.repetitions": "=%target.restriction.repetitions + value", "restriction.period.end": "2026-11-23",
        "intent": "order"}}}])j"),
      R"(4 {"resourceType":"Task","id":"a","status":"in-progress","intent":"order","note":[{"text":"first"},{"text":"value 3"}],"restriction":{"repetitions":5,"period":{"end":"2026-11-23"}}})");
  EXPECT_EQ(
      DoOne(
          R"j([{"update": {"type": "Task", "target": "=basedOn[0]", "set": {"restriction.repetitions": null, "note[0]": null}}}])j"),
      R"(4 {"resourceType":"Task","id":"a","status":"requested","intent":"order"})");
}

TEST_F(ActionTest, ADayThatIsCalculatedIsADayOfFhir) {
  cause_ = Stored(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"effectiveDateTime":"2026-11-22"})",
      1);
  EXPECT_EQ(
      DoOne(
          R"j([{"create": {"resourceType": "Task", "status": "requested", "intent": "order", "authoredOn": "=effective.ofType(dateTime) + 14 days"}}])j"),
      R"(0 {"resourceType":"Task","id":"n1","status":"requested","intent":"order","authoredOn":"2026-12-06"})");
}

TEST_F(ActionTest, WritesOnlyWhatChangesAndEachOnce) {
  // b is completed already; a is changed twice and written once, the second change upon the first.
  EXPECT_EQ(
      DoOne(R"j([{"update": {"type": "Task", "target": "=basedOn", "set": {"status": "completed"}}},
               {"update": {"type": "Task", "target": "='Task/a'", "set": {"note": null, "description": "=%target.status"}}}])j"),
      R"(4 {"resourceType":"Task","id":"a","status":"completed","intent":"order","restriction":{"repetitions":2},"description":"completed"})");
  EXPECT_TRUE(
      Do(R"j([{"when": "value > 3", "update": {"type": "Task", "target": "=basedOn", "set": {"status": "failed"}}}])j")
          .empty());
  EXPECT_EQ(
      Do(R"j([{"when": "value > 2", "update": {"type": "Task", "target": "=basedOn", "set": {"status": "failed"}}}])j")
          .size(),
      2U);
}

TEST_F(ActionTest, IsDoneForEach) {
  const std::string make =
      R"j("create": {"resourceType": "Task", "status": "requested", "intent": "order", "description": "=%each.reference"}}])j";
  const auto made = Do(R"j([{"each": "basedOn", )j" + make);
  ASSERT_EQ(made.size(), 2U) << made[0];
  EXPECT_EQ(
      made[1],
      R"(0 {"resourceType":"Task","id":"n2","status":"requested","intent":"order","description":"Task/b"})");
  EXPECT_EQ(Do(R"j([{"each": "basedOn", "when": "%each.reference = 'Task/b'", )j" + make).size(), 1U);
  EXPECT_TRUE(Do(R"j([{"each": "focus", )j" + make).empty());
  // What it was is gone afterwards.
  const auto after = Do(R"j([{"each": "basedOn", )j" + make.substr(0, make.size() - 1) +
                        R"j(, {"when": "%each.exists()", )j" + make);
  EXPECT_TRUE(after[0].starts_with("refused: ")) << after[0];
  EXPECT_TRUE(Do(R"j([{"each": "basedOn.(", )j" + make)[0].starts_with("refused: "));
}

TEST_F(ActionTest, IsDoneForEachThatIsFound) {
  const std::string each = R"j([{"each": {"type": "Task", "find": {"where": "status=requested"}}, )j";
  const std::string make =
      R"j("create": {"resourceType": "Flag", "status": "active", "code": {"text": "='as ' + %each.status"}, "subject": {"reference": "='Task/' + %each.id"}}}])j";
  EXPECT_TRUE(Do(each + make).empty());
  found_["Task?&status=requested"] = {"a", "b", "gone"};
  EXPECT_EQ(
      Do(each + make),
      (std::vector<std::string>{
          R"(0 {"resourceType":"Flag","id":"n1","status":"active","code":{"text":"as requested"},"subject":{"reference":"Task/a"}})",
          R"(0 {"resourceType":"Flag","id":"n2","status":"active","code":{"text":"as completed"},"subject":{"reference":"Task/b"}})"}));
  EXPECT_EQ(Do(each + R"j("when": "%each.status = 'completed'", )j" + make).size(), 1U);
  // As an earlier action left it.
  const auto after =
      Do(R"j([{"update": {"type": "Task", "target": "=basedOn", "set": {"status": "failed"}}}, )j" +
         each.substr(1) +
         R"j("update": {"type": "Task", "target": "=%each", "set": {"description": "=%each.status"}}}])j");
  ASSERT_EQ(after.size(), 2U) << after[0];
  EXPECT_NE(after[1].find(R"("description":"failed")"), std::string::npos) << after[1];
  EXPECT_TRUE(Do(R"j([{"each": {"type": "Task"}, )j" + make)[0].starts_with("refused: t.json:1:"));
  EXPECT_TRUE(
      Do(R"j([{"each": {"type": "Task", "find": {"where": "status=requested"}, "sort": "id"}, )j" + make)[0]
          .starts_with("refused: t.json:1:"));
}

TEST_F(ActionTest, IsLeftOutWhereOneOfSeveralIsFound) {
  const std::string make =
      R"j("create": {"resourceType": "Task", "status": "requested", "intent": "order"}}])j";
  const std::string unless =
      R"j([{"unless": [{"type": "Task", "find": {"where": "status=failed"}}, {"type": "Goal", "find": {"where": "lifecycle-status=active"}}], )j";
  EXPECT_EQ(Do(unless + make).size(), 1U);
  found_["Goal?&lifecycle-status=active"] = {"f"};
  EXPECT_TRUE(Do(unless + make).empty());
  found_.clear();
  found_["Task?&status=failed"] = {"a"};
  EXPECT_TRUE(Do(unless + make).empty());
  EXPECT_TRUE(Do(R"j([{"unless": [], )j" + make)[0].starts_with("refused: t.json:1:"));
  EXPECT_TRUE(
      Do(R"j([{"unless": [{"type": "Task", "find": {}}], )j" + make)[0].starts_with("refused: t.json:1:"));
}

TEST_F(ActionTest, WhatWasLeftOutKeepsItsNumberAndIsEmpty) {
  const std::string flag = R"j("raise": {"code": {"text": "low"}, "subject": {"reference": "Patient/p"}}})j";
  const std::string refers =
      R"j({"create": {"resourceType": "Task", "status": "requested", "intent": "order", "focus": {"reference": "=%created0"}, "description": "='second ' + %created1"}})j";
  const std::string update =
      R"j(, {"when": "%created0.exists()", "update": {"type": "Flag", "target": "=%created0", "set": {"status": "inactive"}}}])j";
  for (const bool left_out : {true, false}) {
    ids_ = 0;
    const auto made = Do(R"j([{"when": "value )j" + std::string(left_out ? ">" : "=") + R"j( 3", )j" + flag +
                         ", {" + flag + ", " + refers + update);
    ASSERT_EQ(made.size(), left_out ? 2U : 3U) << made[0];
    EXPECT_EQ(
        made.back(),
        left_out
            ? R"(0 {"resourceType":"Task","id":"n2","status":"requested","intent":"order","description":"second Flag/n1"})"
            : R"(0 {"resourceType":"Task","id":"n3","status":"requested","intent":"order","focus":{"reference":"Flag/n1"},"description":"second Flag/n2"})");
  }
  // Of none of each: empty too. A number that nothing before can have is a mistake.
  EXPECT_EQ(Do(R"j([{"each": "focus", )j" + flag + ", " + refers + "]").size(), 1U);
  const std::string told = DoOne("[{" + flag + ", " + refers + "]");
  EXPECT_NE(told.find("asks for %created1: the actions before it create 1"), std::string::npos) << told;
}

TEST_F(ActionTest, RaisesAndRefersToWhatItCreated) {
  cause_ = Stored(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"subject":{"reference":"Patient/p"}})",
      1);
  const auto made = Do(R"j([{"raise": {"code": {"text": "low"}}},
      {"create": {"resourceType": "Task", "status": "requested", "intent": "order", "focus": {"reference": "=%created0"}}},
      {"update": {"type": "Task", "target": "=%created1", "set": {"priority": "urgent"}}}])j");
  ASSERT_EQ(made.size(), 2U) << made[0];
  EXPECT_EQ(
      made[0],
      R"(0 {"resourceType":"Flag","id":"n1","status":"active","code":{"text":"low"},"subject":{"reference":"Patient/p"},"period":{"start":")" +
          FormatCityTime(kActionNow) + R"("}})");
  EXPECT_EQ(
      made[1],
      R"(0 {"resourceType":"Task","id":"n2","status":"requested","intent":"order","focus":{"reference":"Flag/n1"},"priority":"urgent"})");
}

TEST_F(ActionTest, RefusesWhatCannotBe) {
  EXPECT_EQ(DoOne(R"j([{"update": {"type": "Task", "target": "='Task/c'", "set": {"status": "failed"}}}])j"),
            "refused: the Task that is to be updated is not there");
  EXPECT_EQ(DoOne(R"j([{"update": {"type": "Flag", "target": "=basedOn", "set": {"status": "active"}}}])j"),
            "refused: the target is no Flag of this log");
  const auto refused = [this](std::string_view actions, std::string_view part) {
    const std::string why = DoOne(actions);
    EXPECT_TRUE(why.starts_with("refused: t.json:1:")) << why;
    EXPECT_NE(why.find(part), std::string::npos) << why;
  };
  refused(R"j([{"update": {"type": "Task", "target": "=basedOn", "set": {"id": "x"}}}])j",
          "is the platform's own");
  refused(R"j([{"update": {"type": "Patient", "target": "=subject", "set": {"link": null}}}])j",
          "is the platform's own");
  refused(R"j([{"update": {"type": "Task", "target": "=basedOn", "set": {"status[0]": "failed"}}}])j",
          "is no list");
  refused(R"j([{"update": {"type": "Task", "target": "=basedOn", "set": {"status": "over"}}}])j",
          "none of the codes");
  refused(R"j([{"update": {"type": "Task", "target": "=basedOn", "sets": {}}}])j", "is not known here");
  refused(R"j([{"update": {"type": "Linkage", "target": "=basedOn", "set": {"active": true}}}])j",
          "person index alone");
  refused(R"j([{"create": {"resourceType": "Linkage", "active": true}}])j", "person index alone");
  refused(R"j([{"create": {"resourceType": "Task"}, "raise": {"code": {"text": "x"}}}])j",
          "must name one action");
}

}  // namespace
}  // namespace tk::rules
