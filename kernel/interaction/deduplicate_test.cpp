// What de-duplication appends is what live matching would have; again, it appends nothing; what persons decided stays.
#include "kernel/interaction/deduplicate.h"

#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {
namespace {

const std::string kFirstNumber = ResidentIdOf("19800102", 21), kSecondNumber = ResidentIdOf("19800102", 43);

class DeduplicateTest : public PersonsTest {
 protected:
  Context ContextOf(bool live_matching) const {
    Context context;
    context.engine = engine_.get();
    context.index = index_;
    context.clock = &clock_;
    context.software_version = "test";
    context.persons = persons_;
    context.live_matching = live_matching;
    return context;
  }
  void Match(bool live) { interactions_ = std::make_unique<Interactions>(ContextOf(live)); }
  void Empty(bool live) {
    Close();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Open();
    Match(live);
  }
  Deduplicated Run(size_t at_once = 3) {
    DeduplicateOptions options;
    options.at_once = at_once;
    auto done = Deduplicate(ContextOf(false), options);
    EXPECT_TRUE(done.ok()) << done.error().ToString();
    return done.ok() ? *done : Deduplicated();
  }
  /// Linkages and reviews in the order of the log.
  std::string Appended() const {
    std::string all;
    for (const char* asked :
         {"Linkage?_sort=_lastUpdated&_count=200", "Task?_sort=_lastUpdated&_count=200"}) {
      const fhir::Document document = Parsed(Get(asked));
      for (const fhir::Value entry : document.Root()["entry"]) {
        const fhir::Value resource = entry["resource"];
        all += resource["code"]["coding"].At(0)["code"].ToString() + " " +
               resource["for"]["reference"].ToString();
        for (const fhir::Value item : resource["item"]) all += " " + item["resource"]["reference"].ToString();
        for (const fhir::Value input : resource["input"])
          all += " " + input["valueReference"]["reference"].ToString();
        all += "\n";
      }
    }
    return all;
  }
  /// Patients with every case of the policy, and many at random.
  void PutAll() {
    PutPatient({.id = "a", .resident_id = kFirstNumber, .phone = "19900000001"});
    PutPatient({.id = "b", .resident_id = kFirstNumber});
    PutPatient({.id = "c", .phone = "19900000001"});
    PutPatient({.id = "d", .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
    PutPatient({.id = "e", .name = "赵六", .birth = "1966-06-06", .phone = "19900000009", .gender = "male"});
    SeededRandom random(11);
    for (int i = 0; i < 60; ++i) {
      TestPatient patient{
          .id = "r" + std::to_string(i),
          .name = random.Below(2) == 0 ? "王晓芳" : "王小芳",
          .resident_id = ResidentIdOf("19800102", static_cast<int>(101 + 2 * random.Below(12))),
          .phone = "1990000010" + std::to_string(random.Below(5))};
      if (random.Below(3) == 0) patient.resident_id.clear();
      if (random.Below(3) == 0) patient.phone.clear();
      PutPatient(patient);
    }
  }
  std::string State() const {
    std::string state;
    for (const char* id : {"a", "b", "c", "d", "e"}) state += RecordsOf(id) + "\n";
    for (int i = 0; i < 60; ++i) state += RecordsOf("r" + std::to_string(i)) + "\n";
    return state + Reviews();
  }
};

TEST_F(DeduplicateTest, ItIsWhatLiveMatchingWouldHaveDone) {
  PutAll();
  const std::string live = State();
  EXPECT_NE(live.find("a b"), std::string::npos);
  EXPECT_NE(live.find("probable:"), std::string::npos);
  const view::Position head = engine_->Head();
  const Deduplicated nothing = Run();
  EXPECT_EQ(nothing.joined + nothing.reviews, 0u) << "live matching had said it all";
  EXPECT_GT(nothing.known, 0u);
  EXPECT_EQ(engine_->Head().t, head.t);
  Empty(false);
  PutAll();
  EXPECT_EQ(RecordsOf("a"), "a");
  const Deduplicated done = Run();
  EXPECT_EQ(done.records, 65u);
  EXPECT_GT(done.joined, 10u);
  EXPECT_EQ(State(), live);
  const view::Position after = engine_->Head();
  const Deduplicated again = Run();
  EXPECT_EQ(again.joined + again.reviews, 0u);
  EXPECT_EQ(again.known, done.joined + done.reviews);
  EXPECT_EQ(engine_->Head().t, after.t);
}

TEST_F(DeduplicateTest, AnyNumberOfThreadsAppendTheSameInTheSameOrder) {
  std::vector<std::string> appended;
  for (const unsigned threads : {1U, 2U, 5U}) {
    Empty(false);
    PutAll();
    DeduplicateOptions options;
    options.at_once = 2;
    options.threads = threads;
    ASSERT_TRUE(Deduplicate(ContextOf(false), options).ok());
    appended.push_back(Appended());
  }
  EXPECT_GT(std::count(appended[0].begin(), appended[0].end(), '\n'), 30);
  EXPECT_EQ(appended[1], appended[0]);
  EXPECT_EQ(appended[2], appended[0]);
}

TEST_F(DeduplicateTest, CutOffItGoesOnWhereItWas) {
  PutAll();
  const std::string live = State();
  Empty(false);
  PutAll();
  // Cut off after every few transactions, until a run comes to its end.
  size_t runs = 0, joined = 0;
  for (bool is_whole = false; !is_whole; ++runs) {
    ASSERT_LT(runs, 200u);
    size_t appended = 0;
    DeduplicateOptions options;
    options.at_once = 1;
    options.before_append = [&appended]() -> Status {
      if (++appended <= 5) return {};
      return MakeError(ErrorCode::kUnavailable, "cut here");
    };
    const auto done = Deduplicate(ContextOf(false), options);
    is_whole = done.ok();
    joined += appended - (is_whole ? 0 : 1);
  }
  EXPECT_GT(runs, 3u);
  EXPECT_EQ(State(), live);
  EXPECT_EQ(Run().known, joined) << "nothing was said twice";
}

TEST_F(DeduplicateTest, WhatPersonsDecidedStays) {
  Empty(false);
  PutPatient({.id = "a", .resident_id = kFirstNumber});
  PutPatient({.id = "b", .resident_id = kFirstNumber});
  PutPatient({.id = "c", .name = "李建国", .resident_id = kSecondNumber, .gender = "male"});
  ASSERT_EQ(Post("Patient/$not-same", Pair("a", "b")).status, 200);
  ASSERT_EQ(Post("Patient/$link", Pair("a", "c")).status, 200);
  const Deduplicated done = Run();
  EXPECT_EQ(done.joined, 0u);
  EXPECT_EQ(RecordsOf("a"), "a c");
  EXPECT_EQ(RecordsOf("b"), "b");
}

TEST_F(DeduplicateTest, WithoutAPersonIndexItSaysSo) {
  Context context = ContextOf(false);
  context.persons = nullptr;
  EXPECT_EQ(Deduplicate(context, {}).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace tk::interaction
