#include "kernel/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace tk {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return MakeError(ErrorCode::kIncorrect, "odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  const int half = TRY(Half(n));
  return 0 + TRY(Half(half));
}

Status CheckEven(int n, int* reached) {
  TRY(Half(n));
  ++*reached;
  return {};
}

Result<std::unique_ptr<int>> Boxed(int n) { return std::make_unique<int>(TRY(Half(n))); }

TEST(Try, GivesTheValueInsideExpressions) { EXPECT_EQ(Quarter(12).value(), 3); }

TEST(Try, ReturnsTheErrorAsItWas) {
  const Result<int> result = Quarter(6);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kIncorrect);
  EXPECT_EQ(result.error().external, "odd");
}

TEST(Try, WorksOnStatusAndStopsTheFunction) {
  int reached = 0;
  EXPECT_TRUE(CheckEven(2, &reached).ok());
  EXPECT_FALSE(CheckEven(3, &reached).ok());
  EXPECT_EQ(reached, 1);
}

TEST(Try, MovesWhatCannotBeCopied) {
  auto box = Boxed(8);
  ASSERT_TRUE(box.ok());
  const std::unique_ptr<int> inside = std::move(box).value();
  EXPECT_EQ(*inside, 4);
  EXPECT_FALSE(Boxed(7).ok());
}

TEST(Result, ValueOr) {
  EXPECT_EQ(Half(4).ValueOr(-1), 2);
  EXPECT_EQ(Half(5).ValueOr(-1), -1);
}

TEST(ResultDeathTest, AskingAFailureForItsValueIsADefect) {
  EXPECT_DEATH((void)Half(3).value(), "ok\\(\\)");
  EXPECT_DEATH((void)Half(2).error(), "error_");
}

TEST(Error, RemembersThePlaceItWasMade) {
  const Error error = MakeError(ErrorCode::kBusy, "later", "queue of 10 is full");
  EXPECT_NE(std::string(error.file).find("result_test.cpp"), std::string::npos);
  const std::string text = error.ToString();
  for (const char* part : {"later", "queue of 10 is full", "result_test.cpp"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

TEST(Error, AnIssueCarriesItsPath) {
  const Error error = MakeIssue(ErrorCode::kInvalid, "required", "Patient.name[0].family", "is missing");
  ASSERT_EQ(error.issues.size(), 1u);
  EXPECT_EQ(error.issues[0].path, "Patient.name[0].family");
  EXPECT_EQ(error.issues[0].type, "required");
  EXPECT_EQ(error.issues[0].severity, Severity::kError);
}

TEST(ErrorTraits, EveryCodeHasItsOwnNameAndAFittingStatus) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const ErrorTraits& traits = TraitsOf(static_cast<ErrorCode>(code));
    EXPECT_TRUE(names.insert(traits.name).second) << traits.name;
    EXPECT_GE(traits.http_status, 400) << traits.name;
    EXPECT_LT(traits.http_status, 600) << traits.name;
    EXPECT_FALSE(traits.issue_type.empty()) << traits.name;
  }
  EXPECT_EQ(TraitsOf(ErrorCode::kUnauthenticated).http_status, 401);
  EXPECT_EQ(TraitsOf(ErrorCode::kForbidden).http_status, 403);
  EXPECT_EQ(TraitsOf(ErrorCode::kNotFound).http_status, 404);
  EXPECT_EQ(TraitsOf(ErrorCode::kGone).http_status, 410);
  EXPECT_EQ(TraitsOf(ErrorCode::kConflict).http_status, 409);
  EXPECT_EQ(TraitsOf(ErrorCode::kPrecondition).http_status, 412);
  EXPECT_EQ(TraitsOf(ErrorCode::kTooLarge).http_status, 413);
  EXPECT_EQ(TraitsOf(ErrorCode::kBusy).http_status, 429);
  EXPECT_EQ(TraitsOf(ErrorCode::kInternal).http_status, 500);
  EXPECT_TRUE(TraitsOf(ErrorCode::kBusy).retryable);
  EXPECT_FALSE(TraitsOf(ErrorCode::kInvalid).retryable);
}

}  // namespace
}  // namespace tk
