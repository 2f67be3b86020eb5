#include "kernel/fhir/profile_turns.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

class Turns : public testing::Test {
 protected:
  /// One of five values beside one profile.
  ProfileTurns::Turn Of(size_t place) const { return {document_.Root().At(place), &profile_}; }

  const Document document_ = Document::Parse("[{},{},{},{},{}]").value();
  const Profile profile_{};
  ProfileTurns turns_;
};

TEST_F(Turns, WhatRestsOnNothingIsFoundAgain) {
  turns_.Begin(Of(0));
  EXPECT_FALSE(turns_.Assume(Of(1)));
  turns_.Begin(Of(1));
  turns_.End(true, true);
  turns_.Begin(Of(2));
  turns_.End(false, true);
  turns_.Begin(Of(3));
  turns_.End(true, false);
  turns_.End(false, true);
  EXPECT_EQ(turns_.Find(Of(0)), false);
  EXPECT_EQ(turns_.Find(Of(1)), true);
  EXPECT_EQ(turns_.Find(Of(2)), false);
  EXPECT_EQ(turns_.Find(Of(3)), std::nullopt) << "not to be kept";
  turns_.Forget();
  EXPECT_EQ(turns_.Find(Of(1)), std::nullopt);
}

// 0 → 1 → 2 → 0, 2 → 1; what comes of 0 decides.
TEST_F(Turns, WhatRestsOnWhatIsBegunStandsAndFallsWithIt) {
  for (const bool holds : {true, false}) {
    turns_.Forget();
    turns_.Begin(Of(0));
    turns_.Begin(Of(4));
    turns_.End(true, true);
    turns_.Begin(Of(1));
    turns_.Begin(Of(2));
    EXPECT_TRUE(turns_.Assume(Of(0)));
    EXPECT_TRUE(turns_.Assume(Of(1)));
    turns_.End(true, true);
    EXPECT_EQ(turns_.Find(Of(2)), true) << "as long as 0 and 1 are begun";
    turns_.End(true, true);
    EXPECT_EQ(turns_.Find(Of(1)), true);
    turns_.Begin(Of(3));
    EXPECT_EQ(turns_.Find(Of(2)), true);
    turns_.End(true, true);
    turns_.End(holds, true);
    EXPECT_EQ(turns_.depth(), 0U);
    EXPECT_EQ(turns_.Find(Of(0)), holds);
    EXPECT_EQ(turns_.Find(Of(4)), true) << "rests on nothing";
    for (const size_t place : {size_t{1}, size_t{2}, size_t{3}})
      EXPECT_EQ(turns_.Find(Of(place)), holds ? std::optional(true) : std::nullopt) << place;
  }
}

// 0 → 1 → 2 → 1: when 1 is broken, 2 is not known any more, while 0 is begun or not.
TEST_F(Turns, WhatRestsOnWhatIsBrokenIsForgottenAtOnce) {
  turns_.Begin(Of(0));
  turns_.Begin(Of(1));
  turns_.Begin(Of(2));
  EXPECT_TRUE(turns_.Assume(Of(1)));
  turns_.End(true, true);
  turns_.End(false, true);
  EXPECT_EQ(turns_.Find(Of(2)), std::nullopt);
  EXPECT_EQ(turns_.Find(Of(1)), false);
  turns_.End(true, true);
  EXPECT_EQ(turns_.Find(Of(0)), true);
}

TEST_F(Turns, WhatALimitCutIsNotKept) {
  turns_.Begin(Of(0));
  turns_.Begin(Of(1));
  turns_.End(true, true);
  turns_.Begin(Of(2));
  turns_.Cut();
  turns_.End(false, true);
  turns_.End(false, true);
  EXPECT_EQ(turns_.Find(Of(0)), std::nullopt);
  EXPECT_EQ(turns_.Find(Of(1)), true);
  EXPECT_EQ(turns_.Find(Of(2)), std::nullopt);
}

}  // namespace
}  // namespace tk::fhir
