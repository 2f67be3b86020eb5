// One number counts once however it is written, two numbers count as two, and the refusal is one.
#include "kernel/access/inquiries.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "kernel/access/mask.h"
#include "kernel/person/identifier.h"

namespace tk::access {
namespace {

TEST(Inquiries, ANumberIsOneHoweverItIsWritten) {
  std::string number = "38010219800102411";
  number += person::ResidentCheckDigit(number);
  const std::string fifteen = number.substr(0, 6) + number.substr(8, 9);
  for (const std::string& written :
       {number, number.substr(0, 6) + " " + number.substr(6, 8) + "-" + number.substr(14), "　" + number,
        fifteen, "３" + number.substr(1)})
    EXPECT_EQ(NumberTold(written), number) << written;
  EXPECT_EQ(NumberTold("ab 125"), NumberTold("ＡＢ125"));
  EXPECT_EQ(NumberTold("+86 199 0000 0001"), NumberTold("19900000001"));
}

TEST(Inquiries, TwoNumbersAreTwo) {
  // Of no kind that is known: what parts their characters is theirs, and so is a long end.
  const std::string ends(60, '7');
  for (const auto& [one, other] : {std::pair<std::string, std::string>{"AB-125", "A-B125"},
                                   {"A_1", "A/1"},
                                   {ends + "1", ends + "2"},
                                   {"380102198001024110", "380102198001024111"}})
    EXPECT_NE(NumberTold(one), NumberTold(other)) << one;
}

TEST(Inquiries, WhoIsRefusedIsToldOfWhat) {
  FixedClock clock(1'780'000'000 * kSecondUs);
  Inquiries inquiries(&clock);
  Masks masks;
  masks.exact_per_hour = 2;
  const auto take = [&](std::vector<std::string> values) {
    return inquiries.TakeMasked("wang", masks, values).ok();
  };
  EXPECT_TRUE(take({"1", "2", "1"}));
  EXPECT_TRUE(take({"2"}));
  EXPECT_FALSE(take({"2", "3"}));
  EXPECT_TRUE(take({"1", "2"})) << "what was refused used up nothing";
  const std::array<std::string, 1> third = {"3"};
  const Status refused = inquiries.TakeMasked("wang", masks, third);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kBusy);
  EXPECT_EQ(refused.error().internal, Inquiries::kReason);
  EXPECT_NE(refused.error().external.find("more than 2 persons by what it sees masked"), std::string::npos);
  EXPECT_EQ(inquiries.alarms().refused, 2u);
  clock.Advance(3601 * kSecondUs);
  EXPECT_TRUE(take({"3", "4"}));
}

}  // namespace
}  // namespace tk::access
