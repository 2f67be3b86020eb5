// Merges and what takes them back; reviews and what settles them; at random, many times over.
#include "kernel/fhir/validate.h"
#include "kernel/interaction/merges_for_test.h"

namespace tk::interaction {
namespace {

const std::string kOneNumber = ResidentIdOf("19800102", 21), kOtherNumber = ResidentIdOf("19800102", 43);
constexpr std::string_view kUnlawful =
    R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"unlawful"}]})";

TEST_F(MergeTest, AMergeIsTakenBackExactly) {
  PutPatient({.id = "a", .resident_id = kOneNumber});
  PutPatient({.id = "b", .name = "李建国", .resident_id = kOtherNumber, .gender = "male"});
  const std::string a = Stored("a"), b = Stored("b");
  const Response merged = Post("Patient/$merge", Sides("b", "a"));
  ASSERT_EQ(merged.status, 200) << merged.body;
  EXPECT_EQ(At(Parsed(merged), "parameter.1.resource.id"), "a");
  const fhir::Document source = Parsed(Get("Patient/b")), target = Parsed(Get("Patient/a"));
  EXPECT_TRUE(fhir::CheckValid(*definitions_, source.Root()).ok());
  EXPECT_TRUE(fhir::CheckValid(*definitions_, target.Root()).ok());
  EXPECT_EQ(At(source, "active"), "false");
  EXPECT_EQ(At(source, "link.0.type"), "replaced-by");
  EXPECT_EQ(At(source, "link.0.other.reference"), "Patient/a");
  EXPECT_EQ(At(target, "link.0.type"), "replaces");
  EXPECT_EQ(RecordsOf("a"), "a b");
  ASSERT_EQ(Unmerge("b", "a"), 200);
  EXPECT_EQ(Stored("a"), a);
  EXPECT_EQ(Stored("b"), b);
  EXPECT_EQ(RecordsOf("a"), "a");
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Unmerge("b", "a"), 409);
}

TEST_F(MergeTest, AMergeOfTwoWhoWereOnePersonIsTakenBackAndTheyAreSoStill) {
  for (const char* id : {"a", "b", "c"}) PutPatient({.id = id, .resident_id = kOneNumber});
  ASSERT_EQ(RecordsOf("c"), "a b c");  // by a–b and a–c
  const std::string b = Stored("b"), c = Stored("c"), linkages = Ids("Linkage?_sort=_id");
  ASSERT_EQ(Merge("b", "c"), 200);
  EXPECT_EQ(At(Parsed(Get("Patient/b")), "active"), "false");
  ASSERT_EQ(Unmerge("b", "c"), 200);
  EXPECT_EQ(Stored("b"), b);
  EXPECT_EQ(Stored("c"), c);
  EXPECT_EQ(RecordsOf("c"), "a b c");
  EXPECT_EQ(Ids("Linkage?_sort=_id"), linkages);
  EXPECT_EQ(Unmerge("b", "c"), 409);
  // Of two whom a decision about themselves joins, that decision stands.
  ASSERT_EQ(Merge("b", "a"), 200);
  ASSERT_EQ(Unmerge("b", "a"), 200);
  EXPECT_EQ(Stored("b"), b);
  EXPECT_EQ(RecordsOf("c"), "a b c");
  // What joined them by others is gone meanwhile: then they are held apart, as after any merge.
  ASSERT_EQ(Merge("b", "c"), 200);
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "c")).status, 409);  // the merge joins them too
  ASSERT_EQ(Unmerge("b", "c"), 200);
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "c")).status, 200);
  EXPECT_EQ(RecordsOf("c"), "c");
}

TEST_F(MergeTest, TheMachinesDecisionIsTheMachinesAgain) {
  for (const char* id : {"a", "b"}) PutPatient({.id = id, .resident_id = kOneNumber});
  ASSERT_EQ(RecordsOf("a"), "a b");
  const auto linkage = [&] {
    const fhir::Document found = Parsed(Get("Linkage/" + Ids("Linkage")));
    return std::string(found.Root()["extension"].Json()) + std::string(found.Root()["active"].Json());
  };
  const std::string before = linkage();
  ASSERT_EQ(Merge("b", "a"), 200);
  EXPECT_NE(linkage(), before);
  ASSERT_EQ(Unmerge("b", "a"), 200);
  EXPECT_EQ(linkage(), before);
  EXPECT_EQ(At(Parsed(Get("Linkage/" + Ids("Linkage"))), "meta.versionId"), "3");
  EXPECT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200) << "no person said so before";
  const std::string linked = linkage();
  ASSERT_EQ(Merge("b", "a"), 200);
  ASSERT_EQ(Unmerge("b", "a"), 200);
  EXPECT_EQ(linkage(), linked);
}

TEST_F(MergeTest, WhoeverIsAskedForIsToldTheRecordThatGoesOn) {
  for (const char* id : {"a", "b", "c"}) PutPatient({.id = id, .resident_id = kOneNumber});
  ASSERT_EQ(Merge("a", "b"), 200);
  ASSERT_EQ(Merge("b", "c"), 200);
  EXPECT_EQ(MatchesOf({.resident_id = kOneNumber}), "certain:c");
  EXPECT_EQ(AnchorOf("a"), "c");
  const Response pix =
      Get("Patient/$ihe-pix?sourceIdentifier=http://tongkang.dev/fhir/sid/cn-resident-id%7C" + kOneNumber);
  ASSERT_EQ(pix.status, 200) << pix.body;
  EXPECT_NE(pix.body.find(R"("Patient/c")"), std::string::npos) << pix.body;
  EXPECT_EQ(pix.body.find(R"("Patient/a")"), std::string::npos) << pix.body;
  EXPECT_EQ(pix.body.find(R"("Patient/b")"), std::string::npos) << pix.body;
  ASSERT_EQ(Unmerge("b", "c"), 200);
  EXPECT_EQ(AnchorOf("a"), "b");
}

TEST_F(MergeTest, ASourcesOwnLinkStandsInNobodysWay) {
  PutPatient({.id = "b", .name = "李秋燕"});
  PutPatient({.id = "a", .extra = R"(,"link":[{"other":{"reference":"Patient/b"},"type":"replaced-by"}])"});
  const std::string before = At(Parsed(Get("Patient/a")), "active");
  const Response merged = Post("Patient/$merge", Sides("a", "b"));
  ASSERT_EQ(merged.status, 200) << merged.body;
  EXPECT_EQ(RecordsOf("b"), "a b");
  EXPECT_EQ(Post("Patient/$merge", Sides("a", "b")).status, 409) << "twice";
  ASSERT_EQ(Post("Patient/$unmerge", Sides("a", "b")).status, 200);
  const fhir::Document after = Parsed(Get("Patient/a"));
  EXPECT_EQ(At(after, "active"), before);
  EXPECT_EQ(At(after, "link.0.type"), "replaced-by") << "its own stays";
  EXPECT_EQ(after.Root()["link"].size(), 1u);
  PutPatient({.id = "c", .name = "赵大海"});
  const Response elsewhere = Post("Patient/$merge", Sides("a", "c"));
  EXPECT_EQ(elsewhere.status, 409);
  EXPECT_NE(elsewhere.body.find("not of $merge"), std::string::npos) << elsewhere.body;
}

TEST_F(MergeTest, WhatCannotBeMergedIsToldWhy) {
  for (const char* id : {"a", "b", "c"})
    PutPatient(
        {.id = id, .name = std::string("王") + id, .resident_id = ResidentIdOf("19700101", 100 + id[0])});
  ASSERT_EQ(Merge("a", "b"), 200);
  EXPECT_EQ(Merge("a", "b"), 409);
  EXPECT_EQ(Merge("a", "c"), 409);
  EXPECT_EQ(Merge("c", "a"), 409);  // a is no more by itself
  EXPECT_EQ(Merge("c", "c"), 400);
  EXPECT_EQ(Merge("c", "never"), 404);
  EXPECT_EQ(Post("Patient/$merge", R"({"resourceType":"Parameters"})").status, 400);
  const std::string before = Stored("c");
  const Response preview =
      Post("Patient/$merge", Sides("c", "b", R"(,{"name":"preview","valueBoolean":true})"));
  EXPECT_EQ(preview.status, 200);
  EXPECT_EQ(At(Parsed(preview), "parameter.2.resource.active"), "false");
  EXPECT_EQ(Stored("c"), before);
}

TEST_F(MergeTest, NoMachineMergesAgainWhatWasTakenApart) {
  PutPatient({.id = "a", .resident_id = kOneNumber});
  PutPatient({.id = "b", .name = "李建国", .gender = "male"});
  ASSERT_EQ(Merge("b", "a"), 200);
  ASSERT_EQ(Unmerge("b", "a"), 200);
  PutPatient({.id = "b", .resident_id = kOneNumber});  // now he looks the same
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Reviews(), "identity-changed:b") << "nobody is merged, but whose is b now?";
}

TEST_F(MergeTest, AReviewGoesWithTheDecisionThatSettlesIt) {
  PutPatient({.id = "a", .resident_id = kOneNumber, .phone = "19900000001"});
  PutPatient({.id = "b", .phone = "19900000001"});
  PutPatient({.id = "c", .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
  PutPatient({.id = "d", .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
  ASSERT_EQ(Reviews(), "probable:b>a probable:d>c");
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  EXPECT_EQ(Reviews(), "probable:d>c");
  const fhir::Document done = Parsed(Get("Task?status=completed"));
  const fhir::Value task = done.Root()["entry"].At(0)["resource"];
  EXPECT_TRUE(fhir::CheckValid(*definitions_, task).ok()) << task.Json();
  EXPECT_TRUE(task["output"].At(0)["valueReference"]["reference"].ToString().starts_with("Linkage/"));
  ASSERT_EQ(Post("Patient/$not-same", Pair("d", "c")).status, 200);
  EXPECT_EQ(Reviews(), "");
}

TEST_F(MergeTest, OneWhoFitsTwoPersonsWhoContradictIsJoinedToNeither) {
  PutPatient({.id = "a", .resident_id = kOneNumber, .phone = "19900000001"});
  PutPatient({.id = "b", .resident_id = kOneNumber});
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  PutPatient({.id = "c", .resident_id = kOneNumber});
  EXPECT_EQ(RecordsOf("c"), "c");
  EXPECT_TRUE(Reviews() == "two-persons:c>a,b" || Reviews() == "two-persons:c>b,a") << Reviews();
}

TEST_F(MergeTest, ARecordThatNowContradictsItsPersonIsReviewed) {
  PutPatient({.id = "a", .resident_id = kOneNumber});
  PutPatient({.id = "b", .resident_id = kOneNumber});
  ASSERT_EQ(RecordsOf("a"), "a b");
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  PutPatient({.id = "b", .resident_id = kOtherNumber});
  EXPECT_EQ(RecordsOf("a"), "a b");  // what a person decided stays until a person decides
  EXPECT_EQ(Reviews(), "contradiction:b>a");
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  EXPECT_EQ(RecordsOf("a"), "a");
  EXPECT_EQ(Reviews(), "");
}

// What a hospital always sends: it knows neither of the link nor that its record goes on as another.
TEST_F(MergeTest, ASourceThatSendsItsPatientAgainDoesNotUndoTheMerge) {
  const TestPatient a{.id = "a", .resident_id = kOneNumber};
  const TestPatient b{.id = "b", .name = "李建国", .resident_id = kOtherNumber, .gender = "male"};
  PutPatient(a);
  PutPatient(b);
  const std::string before_a = Stored("a"), before_b = Stored("b");
  ASSERT_EQ(Merge("b", "a"), 200);
  const std::string merged_a = Stored("a"), merged_b = Stored("b");
  const auto is_kept = [&](const Response& response, std::string_view by) {
    EXPECT_LT(response.status, 300) << by << response.body;
    EXPECT_EQ(Stored("a"), merged_a) << by;
    const fhir::Document source = Parsed(Get("Patient/b"));
    EXPECT_EQ(At(source, "active"), "false") << by;
    EXPECT_EQ(At(source, "link.0.type"), "replaced-by") << by;
    EXPECT_TRUE(At(source, "link.1").empty()) << by;
  };
  is_kept(Put("Patient/b", b.Json()), "update");
  EXPECT_NE(Put("Patient/b", b.Json()).body.find("replaced-by"), std::string::npos) << "the answer says so";
  is_kept(Put("Patient/a", a.Json()), "update of the target");
  is_kept(Put("Patient?identifier=" + kOtherNumber, b.Json()), "conditional update");
  is_kept(Put("Patient/b", Get("Patient/b").body), "update with what was read");
  Request patch = Make(Method::kPatch, "Patient/b",
                       R"([{"op":"remove","path":"/link"},{"op":"replace","path":"/active","value":true}])");
  patch.content_type = "application/json-patch+json";
  is_kept(Send(std::move(patch)), "patch");
  for (const std::string_view type : {"transaction", "batch"}) {
    const Response response = Post(
        "", R"({"resourceType":"Bundle","type":")" + std::string(type) +
                R"(","entry":[{"request":{"method":"PUT","url":"Patient/b"},"resource":)" + b.Json() + "}]}");
    is_kept(response, type);
  }
  ASSERT_EQ(Unmerge("b", "a"), 200);
  EXPECT_EQ(Stored("a"), before_a);
  EXPECT_EQ(Stored("b"), before_b);
  EXPECT_EQ(RecordsOf("b"), "b");
}

// A mark that others could write would be a merge without the right to merge, and nothing would take it back.
TEST_F(MergeTest, TheMarkOfAMergeIsWrittenByMergesAlone) {
  const std::string mark =
      R"(,"link":[{"extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/person-link","extension":[{"url":"was-active","valueCode":"false"}]}],)"
      R"("other":{"reference":"Patient/a"},"type":"replaced-by"}])";
  const TestPatient a{.id = "a", .resident_id = kOneNumber};
  TestPatient b{.id = "b", .name = "李建国", .resident_id = kOtherNumber, .gender = "male"};
  PutPatient(a);
  PutPatient(b);
  const std::string before = Stored("b");
  const std::string plain = b.Json();
  b.extra = mark;
  const std::string marked = b.Json();
  const auto bundle = [](std::string_view type, std::string_view method, const std::string& resource) {
    return R"({"resourceType":"Bundle","type":")" + std::string(type) +
           R"(","entry":[{"request":{"method":")" + std::string(method) + R"(","url":"Patient)" +
           (method == "PUT" ? "/b" : "") + R"("},"resource":)" + resource + "}]}";
  };
  EXPECT_EQ(Put("Patient/b", marked).status, 403);
  EXPECT_NE(Put("Patient/b", marked).body.find("Patient.link[0]"), std::string::npos);
  EXPECT_EQ(Put("Patient?identifier=" + kOtherNumber, marked).status, 403);
  EXPECT_EQ(Put("Patient/new", TestPatient{.id = "new", .extra = mark}.Json()).status, 403);
  EXPECT_EQ(Post("Patient", TestPatient{.extra = mark}.Json()).status, 403);
  EXPECT_EQ(Post("", bundle("transaction", "PUT", marked)).status, 403);
  EXPECT_EQ(Post("", bundle("transaction", "POST", TestPatient{.extra = mark}.Json())).status, 403);
  Request patch = Make(Method::kPatch, "Patient/b",
                       R"([{"op":"add","path":"/link","value":)" + mark.substr(mark.find('[')) + "}]");
  patch.content_type = "application/json-patch+json";
  EXPECT_EQ(Send(std::move(patch)).status, 403);
  EXPECT_EQ(Stored("b"), before);
  // What a system says of its own records is its own: without the mark, and it takes it back.
  b.extra = R"(,"link":[{"other":{"reference":"Patient/a"},"type":"seealso"}])";
  EXPECT_EQ(Put("Patient/b", b.Json()).status, 200);
  EXPECT_EQ(Put("Patient/b", plain).status, 200);
}

TEST_F(MergeTest, NotSameTakesAMergeBackToo) {
  PutPatient({.id = "a", .resident_id = kOneNumber});
  PutPatient({.id = "b", .name = "李建国", .resident_id = kOtherNumber, .gender = "male"});
  const std::string a = Stored("a"), b = Stored("b");
  ASSERT_EQ(Merge("b", "a"), 200);
  const Response apart = Post("Patient/$not-same", Pair("a", "b"));
  ASSERT_EQ(apart.status, 200) << apart.body;
  EXPECT_EQ(At(Parsed(apart), "resourceType"), "Linkage");
  EXPECT_EQ(At(Parsed(apart), "active"), "false");
  EXPECT_EQ(Stored("a"), a);
  EXPECT_EQ(Stored("b"), b);
  EXPECT_EQ(Unmerge("b", "a"), 409);
}

TEST_F(MergeTest, WhatIsLeftOfAMergeWithOneWhoIsGoneIsTakenBack) {
  for (const bool erased : {false, true}) {
    for (const std::string gone : {"source", "target"}) {
      const std::string tag = gone + (erased ? "-erased" : "-deleted"), source = "s-" + tag,
                        target = "t-" + tag;
      PutPatient({.id = source, .name = "李建国", .resident_id = kOtherNumber, .gender = "male"});
      PutPatient({.id = target, .resident_id = kOneNumber});
      const std::string& left = gone == "source" ? target : source;
      const std::string before = Stored(left);
      ASSERT_EQ(Merge(source, target), 200) << tag;
      const std::string name = "Patient/" + (gone == "source" ? source : target);
      ASSERT_LT((erased ? Post(name + "/$erase", std::string(kUnlawful)) : Send(Make(Method::kDelete, name)))
                    .status,
                300);
      const Response response = Post("Patient/$unmerge", Sides(source, target));
      ASSERT_EQ(response.status, 200) << tag << response.body;
      EXPECT_EQ(At(Parsed(response), "parameter.2.name"), "") << "nothing is told of who is gone";
      EXPECT_EQ(Stored(left), before) << tag;
      EXPECT_EQ(Unmerge(source, target), 404) << tag;
      // So that the next are of other persons.
      ASSERT_LT(Post("Patient/" + left + "/$erase", std::string(kUnlawful)).status, 300);
    }
  }
  PutPatient({.id = "alone", .resident_id = kOneNumber});
  EXPECT_EQ(Unmerge("alone", "never"), 404);
  EXPECT_EQ(Unmerge("never", "nobody"), 404);
}

// As $merge wrote them before it marked its links: the Linkage told what Patient.active was.
TEST_F(MergeTest, AMergeFromBeforeItsLinksWereMarkedIsTakenBack) {
  TestPatient a{.id = "a", .resident_id = kOneNumber};
  TestPatient b{.id = "b", .name = "李建国", .resident_id = kOtherNumber, .gender = "male"};
  PutPatient(a);
  PutPatient(b);
  const std::string before_a = Stored("a"), before_b = Stored("b");
  a.extra = R"(,"link":[{"other":{"reference":"Patient/b"},"type":"replaces"}])";
  b.extra = R"(,"link":[{"other":{"reference":"Patient/a"},"type":"replaced-by"}])";
  PutPatient(a);
  std::string inactive = b.Json();
  inactive.replace(inactive.find(R"("active":true)"), 13, R"("active":false)");
  ASSERT_EQ(Put("Patient/b", inactive).status, 200);
  // Links of the sources' own: told what to do, and nothing is taken from them.
  const Response foreign = Post("Patient/$unmerge", Sides("b", "a"));
  EXPECT_EQ(foreign.status, 409);
  EXPECT_NE(foreign.body.find("without Patient.link"), std::string::npos) << foreign.body;
  WritePast(
      R"({"resourceType":"Linkage","id":"old","extension":[{"url":"http://tongkang.dev/fhir/StructureDefinition/person-link",)"
      R"("extension":[{"url":"grade","valueCode":"manual"},{"url":"by","valueCode":"person"},{"url":"was-active","valueCode":"true"}]}],)"
      R"("active":true,"item":[{"type":"source","resource":{"reference":"Patient/a"}},)"
      R"({"type":"alternate","resource":{"reference":"Patient/b"}}]})");
  ASSERT_EQ(RecordsOf("a"), "a b");
  ASSERT_EQ(Post("Patient/$unmerge", Sides("b", "a")).status, 200);
  EXPECT_EQ(Stored("a"), before_a);
  EXPECT_EQ(Stored("b"), before_b);
  EXPECT_EQ(RecordsOf("b"), "b");
  EXPECT_EQ(Unmerge("b", "a"), 409);
}

TEST_F(MergeTest, TwoWhomOneWhoIsGoneJoinedAreToldApart) {
  for (const bool erased : {false, true}) {
    const std::string tag = erased ? "e" : "d", first = tag + "0", one = tag + "1", other = tag + "2",
                      third = tag + "3";
    for (const std::string& id : {first, one, other, third})
      PutPatient({.id = id, .resident_id = erased ? kOtherNumber : kOneNumber});
    const std::string name = "Patient/" + first;
    ASSERT_LT(
        (erased ? Post(name + "/$erase", std::string(kUnlawful)) : Send(Make(Method::kDelete, name))).status,
        300);
    ASSERT_EQ(RecordsOf(one), one + " " + other + " " + third);
    const Response apart = Post("Patient/$not-same", Pair(one, other));
    ASSERT_EQ(apart.status, 200) << apart.body;
    const fhir::Document said = Parsed(apart);
    EXPECT_EQ(At(said, "active"), "false");
    EXPECT_EQ(At(said, "item.0.resource.reference"), "Patient/" + one);
    EXPECT_EQ(RecordsOf(other), other);
    EXPECT_EQ(RecordsOf(one), one + " " + third) << "nothing was said of the third";
    // What it took back says for which decision.
    const std::string taken = Get("Linkage?item=Patient/" + other + "&_elements=extension,item").body;
    EXPECT_NE(taken.find(R"("taken-back-for","valueReference":{"reference":"Linkage/)" + At(said, "id")),
              std::string::npos)
        << taken;
    EXPECT_EQ(Post("Patient/$not-same", Pair(one, other)).status, 409);
    ASSERT_EQ(Post("Patient/$link", Pair(one, other)).status, 200);
    EXPECT_EQ(RecordsOf(other), one + " " + other + " " + third);
  }
}

TEST_F(MergeTest, DecisionsAboutThoseWhoAreThereAreNotTurnedBehindTheirBack) {
  for (const char* id : {"a", "b", "c"}) PutPatient({.id = id, .resident_id = kOneNumber});
  const Response apart = Post("Patient/$not-same", Pair("b", "c"));
  EXPECT_EQ(apart.status, 409);
  EXPECT_EQ(RecordsOf("a"), "a b c");
}

TEST_F(MergeTest, MergesUnmergesAndEditsAtRandom) { AtRandom({.seed = 7, .steps = 150, .patients = 12}); }

}  // namespace
}  // namespace tk::interaction
