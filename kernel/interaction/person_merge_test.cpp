// Merges and what takes them back; reviews and what settles them; at random, many times over.
#include <map>
#include <set>

#include "kernel/fhir/validate.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

const std::string kOneNumber = ResidentIdOf("19800102", 21), kOtherNumber = ResidentIdOf("19800102", 43);

class MergeTest : public PersonsTest {
 protected:
  static std::string Sides(std::string_view source, std::string_view target, std::string_view more = {}) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"source-patient","valueReference":{"reference":"Patient/)" +
           std::string(source) + R"("}},{"name":"target-patient","valueReference":{"reference":"Patient/)" +
           std::string(target) + R"("}})" + std::string(more) + "]}";
  }
  int Merge(std::string_view source, std::string_view target) const {
    return Post("Patient/$merge", Sides(source, target)).status;
  }
  int Unmerge(std::string_view source, std::string_view target) const {
    return Post("Patient/$unmerge", Sides(source, target)).status;
  }
  /// Links are the last that a test's Patient has.
  static std::string WithoutLinks(const std::string& text) {
    const size_t link = text.find(R"(,"link":)");
    return link == std::string::npos ? text : text.substr(0, link) + "}";
  }
  /// As it is stored, without what the server sets.
  std::string Stored(const std::string& id) const {
    const auto version = engine_->directory().Current(engine_->IdHash("Patient", id), engine_->Head());
    return std::string(engine_->Read(version.ordinal).value()->document.Text());
  }
};

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

TEST_F(MergeTest, MergesUnmergesAndEditsAtRandom) {
  constexpr int kPatients = 12, kSteps = 150;
  SeededRandom random(7);
  std::map<std::string, std::pair<std::string, std::string>> merged;  // source → target, source's text before
  const auto id_at = [](uint64_t i) { return "p" + std::to_string(i); };
  const auto patient = [&](uint64_t i) {
    return TestPatient{.id = id_at(i),
                       .name = random.Below(2) == 0 ? "王晓芳" : "王小芳",
                       .resident_id = ResidentIdOf("19800102", static_cast<int>(21 + 2 * (i % 4))),
                       .phone = "1990000010" + std::to_string(random.Below(4))};
  };
  for (uint64_t i = 0; i < kPatients; ++i) PutPatient(patient(i));
  for (int step = 0; step < kSteps; ++step) {
    const uint64_t x = random.Below(kPatients), y = random.Below(kPatients);
    const std::string source = id_at(x), target = id_at(y);
    switch (random.Below(5)) {
      case 0:
      case 1: {
        const std::string before = Stored(source);
        const int status = Merge(source, target);
        ASSERT_TRUE(status == 200 || status == 409 || status == 400) << status;
        if (status == 200) merged[source] = {target, before};
        break;
      }
      case 2:
      case 3: {
        if (merged.empty()) break;
        const auto at = std::next(merged.begin(), static_cast<ptrdiff_t>(random.Below(merged.size())));
        const int status = Unmerge(at->first, at->second.first);
        if (status == 409) break;  // other decisions join them too
        ASSERT_EQ(status, 200);
        // Whom he replaces himself may have been taken from him meanwhile.
        EXPECT_EQ(WithoutLinks(Stored(at->first)), WithoutLinks(at->second.second)) << "step " << step;
        EXPECT_EQ(Stored(at->first).find("replaced-by"), std::string::npos);
        merged.erase(at);
        break;
      }
      default:
        if (!merged.contains(source) && std::none_of(merged.begin(), merged.end(),
                                                     [&](const auto& m) { return m.second.first == source; }))
          PutPatient(patient(x));
    }
  }
  std::string before, after;
  for (uint64_t i = 0; i < kPatients; ++i) before += id_at(i) + "=" + RecordsOf(id_at(i)) + "\n";
  Close();
  std::filesystem::remove_all(folder_ / "views" / "person");
  Open();
  for (uint64_t i = 0; i < kPatients; ++i) after += id_at(i) + "=" + RecordsOf(id_at(i)) + "\n";
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace tk::interaction
