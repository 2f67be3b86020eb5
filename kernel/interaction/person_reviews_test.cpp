// Who sees the reviews of the person index, and that nobody else writes them.
#include "kernel/access/mask.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kHere = "380102", kThere = "380124";

/// b, here, is probably a, there: one review, of which only those may know who see both and decide about persons.
class ReviewSightTest : public PersonsTest {
 protected:
  void PutPair() {
    const std::string number = ResidentIdOf("19800102", 21);
    PutPatient({.id = "a", .resident_id = number, .phone = "19900000001", .area = std::string(kThere)});
    PutPatient({.id = "b", .phone = "19900000001", .area = std::string(kHere)});
    ASSERT_EQ(Reviews(), "probable:b>a");
    task_ = Ids("Task");
  }
  /// Reads and writes all, and does not decide about persons.
  static std::shared_ptr<access::Viewer> Undecided(std::shared_ptr<access::Viewer> viewer) {
    auto post = std::make_shared<access::Post>(*viewer->post);
    post->operations = {"$everything", "$match", "history-system"};
    viewer->post = std::move(post);
    return viewer;
  }
  bool IsIn(std::string_view target) const {
    const Response response = Get(target);
    return response.body.find("Task/" + task_) != std::string::npos ||
           response.body.find(R"("id":")" + task_) != std::string::npos;
  }
  /// What tells of the review.
  std::string Seen() const {
    std::string seen;
    const auto add = [&](bool is, std::string_view what) { seen += is ? std::string(what) + " " : ""; };
    add(Get("Task/" + task_).status == 200, "read");
    add(Get("Task/" + task_ + "/_history/1").status == 200, "vread");
    for (const std::string_view target :
         {"Task", "Task?patient=b", "Task/_history", "_history", "Patient/b/Task", "Patient/b/$everything",
          "Patient?_id=b&_revinclude=Task:patient"})
      add(IsIn(target), target);
    add(!Ids("Patient?_has:Task:patient:status=requested").empty(), "_has");
    for (const std::string_view target : {"Task?_summary=count", "Task?patient=b&_summary=count"})
      add(At(Parsed(Get(target)), "total") != "0", target);
    const auto text = interactions_->ScopeOf(viewer_);
    const auto version = engine_->directory().Current(engine_->IdHash("Task", task_), engine_->Head());
    add(engine_->directory().InScope(version.ordinal, text), "live");
    return seen;
  }

  std::string task_;
};

TEST_F(ReviewSightTest, WhoeverDecidesAndSeesBothRecordsSeesIt) {
  PutPair();
  const std::string all = Seen();
  for (const std::string_view what : {"read", "vread", "_history", "_revinclude", "_has", "count", "live"})
    EXPECT_NE(all.find(what), std::string::npos) << all;
  viewer_ = AreaViewer("3801");
  EXPECT_EQ(Seen(), all);
}

TEST_F(ReviewSightTest, NobodyElseLearnsThatItIs) {
  PutPair();
  viewer_ = AreaViewer(kHere);
  EXPECT_EQ(Seen(), "") << "the other record lies elsewhere";
  viewer_ = AreaViewer(kThere);
  EXPECT_EQ(Seen(), "");
  viewer_ = Undecided(AdminViewer());
  EXPECT_EQ(Seen(), "") << "no decisions of his";
  viewer_ = Undecided(AreaViewer("3801"));
  EXPECT_EQ(Seen(), "");
  auto masked = AdminViewer();
  masked->masks = std::make_shared<const access::Masks>();
  viewer_ = masked;
  EXPECT_EQ(Get("Task/" + task_).status, 404);
  auto closed = AdminViewer();
  auto beyond = std::make_shared<view::Beyond>();
  beyond->closed = {engine_->keys().Find("Patient/a").value()};
  closed->scope.beyond = beyond;
  viewer_ = closed;
  EXPECT_EQ(Seen(), "") << "the other record is closed to him";
}

TEST_F(ReviewSightTest, ItIsHiddenAfterARestartAndWhereItWasDeletedOrSettled) {
  PutPair();
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  viewer_ = AreaViewer(kHere);
  EXPECT_EQ(Seen(), "");
  viewer_ = AdminViewer();
  Close();
  std::filesystem::remove_all(folder_ / "views");
  Open();
  EXPECT_NE(Seen(), "");
  viewer_ = AreaViewer(kHere);
  EXPECT_EQ(Seen(), "");
}

TEST_F(ReviewSightTest, OtherTasksAreSeenAndCountedAsEver) {
  PutPair();
  ASSERT_EQ(Put("Task/t", R"({"resourceType":"Task","id":"t","status":"requested","intent":"order",)"
                          R"("for":{"reference":"Patient/b"}})")
                .status,
            201);
  viewer_ = AreaViewer(kHere);
  EXPECT_EQ(Ids("Task?patient=b"), "t");
  EXPECT_EQ(At(Parsed(Get("Task?_summary=count")), "total"), "1");
  viewer_ = Undecided(AdminViewer());
  EXPECT_EQ(Ids("Task"), "t");
  EXPECT_EQ(At(Parsed(Get("Task?_summary=count")), "total"), "1");
  EXPECT_EQ(At(Parsed(Get("Patient?_summary=count")), "total"), "2");
}

TEST_F(ReviewSightTest, NobodyWritesChangesOrDeletesIt) {
  PutPair();
  std::string task = Get("Task/" + task_).body;
  const size_t status = task.find(R"("requested")");
  task.replace(status, 11, R"("cancelled")");
  EXPECT_EQ(Put("Task/" + task_, task).status, 403);
  EXPECT_EQ(Send(Make(Method::kDelete, "Task/" + task_)).status, 403);
  EXPECT_EQ(Put("Task/" + task_,
                R"({"resourceType":"Task","id":")" + task_ + R"(","status":"draft","intent":"order"})")
                .status,
            403);
  const std::string forged =
      R"({"resourceType":"Task","status":"requested","intent":"proposal","code":{"coding":[{"system":")" +
      std::string(view::kReviewSystem) + R"(","code":"probable"}]},"for":{"reference":"Patient/b"}})";
  EXPECT_EQ(Post("Task", forged).status, 403);
  const Response bundle = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Task"},)"
      R"("resource":)" +
          forged + "}]}");
  EXPECT_EQ(bundle.status, 403) << bundle.body;
  EXPECT_NE(bundle.body.find("$not-same"), std::string::npos) << bundle.body;
  EXPECT_EQ(Reviews(), "probable:b>a");
}

TEST_F(ReviewSightTest, ItIsCancelledWhereItsNewRecordIsDeleted) {
  PutPair();
  ASSERT_EQ(Send(Make(Method::kDelete, "Patient/b")).status, 204);
  EXPECT_EQ(Reviews(), "");
  EXPECT_EQ(At(Parsed(Get("Task/" + task_)), "status"), "cancelled");
}

TEST_F(ReviewSightTest, NobodyForgesADecisionOfTheIndex) {
  PutPair();
  ASSERT_EQ(Post("Patient/$link", Pair("a", "b")).status, 200);
  const std::string id = Ids("Linkage");
  const std::string linkage = Get("Linkage/" + id).body;
  EXPECT_EQ(Put("Linkage/" + id, linkage).status, 403);
  EXPECT_EQ(Send(Make(Method::kDelete, "Linkage/" + id)).status, 403);
  EXPECT_EQ(Post("Linkage", linkage).status, 403);
  EXPECT_EQ(RecordsOf("a"), "a b");
}

}  // namespace
}  // namespace tk::interaction
