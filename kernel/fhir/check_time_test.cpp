// Checks beside the profiles' end with the request's time, let others go first, and tell nothing that a part of the resource does not show.
#include "kernel/fhir/check_time.h"

#include <gtest/gtest.h>

#include <limits>

#include "kernel/fhir/questionnaire.h"
#include "kernel/fhir/validate_bundle.h"
#include "kernel/fhir/validate_forms.h"

namespace tk::fhir {
namespace {

/// Takes every look for a long one; at the look `ends_at` the work must end.
class CountedTurn final : public Turn {
 public:
  explicit CountedTurn(size_t ends_at) : Turn(&must_end_), ends_at_(ends_at) { Set(this); }
  ~CountedTurn() override { Set(nullptr); }
  size_t looks() const { return looks_; }

 protected:
  bool Long(int64_t, int64_t) override {
    if (++looks_ == ends_at_) must_end_ = true;
    return true;
  }

 private:
  std::atomic<bool> must_end_{false};
  const size_t ends_at_;
  size_t looks_ = 0;
};

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();
constexpr size_t kMany = 1000;

std::string ManyTimes(std::string_view one) {
  std::string all;
  for (size_t i = 0; i < kMany; ++i) all += std::string(i == 0 ? "" : ",") + std::string(one);
  return all;
}

enum class TimedCheck { kForms, kBundle, kAnswers };

/// Something of each kind that much is wrong with.
std::string MuchWrong(TimedCheck check) {
  if (check == TimedCheck::kForms)
    return R"({"resourceType":"Patient","identifier":[)" + ManyTimes(R"({"system":"local"})") + "]}";
  if (check == TimedCheck::kBundle)
    return R"({"resourceType":"Bundle","type":"document","entry":[{"fullUrl":"urn:c","resource":{"resourceType":"Composition"}},)" +
           ManyTimes(R"({"fullUrl":"urn:x","resource":{"resourceType":"Basic"}})") + "]}";
  return R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://x/q","status":"completed","item":[)" +
         ManyTimes(R"({"linkId":"a"},{"linkId":"b"})") + "]}";
}

size_t ToldInTime(TimedCheck check, CheckTime& time) {
  const auto r4 = Definitions::R4();
  MemoryCanonicals canonicals;
  auto questions = Document::Parse(
      R"({"resourceType":"Questionnaire","url":"http://x/q","item":[{"linkId":"a","type":"string","required":true}]})");
  canonicals.Add(std::make_shared<const Document>(std::move(questions).value()));
  Profiles profiles(*r4, canonicals);
  const auto document = Document::Parse(MuchWrong(check));
  EXPECT_TRUE(document.ok());
  constexpr size_t kAll = 10 * kMany;
  if (check == TimedCheck::kForms) return FormProblems(*r4, nullptr, document->Root(), kAll, time).size();
  if (check == TimedCheck::kBundle) return BundleProblems(*r4, document->Root(), "Bundle", kAll, time).size();
  return CheckAnswers(*r4, profiles, document->Root(), true, 0, time).size();
}

class CheckTimes : public testing::TestWithParam<TimedCheck> {};

TEST_P(CheckTimes, NothingIsToldOnceItIsOver) {
  CheckTime none, over(1);
  EXPECT_GE(ToldInTime(GetParam(), none), 100U);
  EXPECT_FALSE(none.over());
  EXPECT_EQ(ToldInTime(GetParam(), over), 0U);
  EXPECT_TRUE(over.over());
}

TEST_P(CheckTimes, EveryHundredStepsOthersMayGoFirst) {
  CountedTurn turn(0);
  CheckTime time(kNoEnd);
  EXPECT_GE(ToldInTime(GetParam(), time), 100U);
  EXPECT_GE(turn.looks(), kMany / 100);
}

TEST_P(CheckTimes, ItEndsInTheMiddleWhenTheServerStops) {
  CheckTime none;
  const size_t all = ToldInTime(GetParam(), none);
  CountedTurn turn(3);
  CheckTime time(kNoEnd);
  EXPECT_LT(ToldInTime(GetParam(), time), all);
  EXPECT_TRUE(time.over());
  EXPECT_EQ(turn.looks(), 3U);
}

INSTANTIATE_TEST_SUITE_P(All, CheckTimes,
                         testing::Values(TimedCheck::kForms, TimedCheck::kBundle, TimedCheck::kAnswers));

}  // namespace
}  // namespace tk::fhir
