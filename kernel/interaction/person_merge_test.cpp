// Merges and what takes them back; reviews and what settles them; at random, many times over.
#include "kernel/fhir/validate.h"
#include "kernel/interaction/merges_for_test.h"

namespace tk::interaction {
namespace {

const std::string kOneNumber = ResidentIdOf("19800102", 21), kOtherNumber = ResidentIdOf("19800102", 43);

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
  EXPECT_EQ(Reviews(), "");
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
  PutPatient({.id = "b", .resident_id = kOtherNumber});
  EXPECT_EQ(RecordsOf("a"), "a b");  // what was decided stays until somebody decides
  EXPECT_EQ(Reviews(), "contradiction:b>a");
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  EXPECT_EQ(RecordsOf("a"), "a");
  EXPECT_EQ(Reviews(), "");
}

TEST_F(MergeTest, MergesUnmergesAndEditsAtRandom) { AtRandom({.seed = 7, .steps = 150, .patients = 12}); }

}  // namespace
}  // namespace tk::interaction
