#include "kernel/ucum/rational.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>

namespace tk::ucum {
namespace {

Rational R(std::string_view text) { return Rational::Parse(text); }

/// A number of `limbs` limbs; some of them all ones or zero, where carries and wrong guesses live.
Natural RandomNatural(uint64_t* state, int limbs) {
  Natural out;
  for (int i = 0; i < limbs; ++i) {
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    const auto pick = static_cast<uint32_t>(*state >> 61);
    const uint32_t limb = pick == 0   ? 0
                          : pick == 1 ? 0xffffffffU
                          : pick == 2 ? 0x80000000U
                                      : static_cast<uint32_t>(*state >> 29);
    out.ShiftLeft(32);
    out = out + Natural(limb);
  }
  return out;
}

TEST(Natural, QuotientTimesDivisorPlusRestIsTheNumber) {
  uint64_t state = 20241122;
  for (int round = 0; round < 3000; ++round) {
    const Natural a = RandomNatural(&state, 1 + round % 40);
    const Natural b = RandomNatural(&state, 1 + round % 17) + Natural(1);
    Natural quotient;
    Natural rest;
    Divide(a, b, &quotient, &rest);
    ASSERT_TRUE(quotient * b + rest == a) << round;
    ASSERT_LT(Compare(rest, b), 0) << round;
    ASSERT_TRUE(Natural::FromDigits(a.ToDigits()) == a) << round;
    ASSERT_TRUE((a + b) - b == a) << round;
  }
}

TEST(Natural, DividesWhereTheFirstGuessIsTooBig) {
  // The classic case of algorithm D's rare step.
  Natural a(0x7fffffff80000000U);
  a.ShiftLeft(64);
  Natural b(0x80000000U);
  b.ShiftLeft(64);
  b = b + Natural(1);
  Natural quotient;
  Natural rest;
  Divide(a, b, &quotient, &rest);
  EXPECT_TRUE(quotient * b + rest == a);
  EXPECT_EQ(quotient.ToDigits(), "4294967294");
}

TEST(Natural, SaysWhenItIsTooLarge) {
  EXPECT_FALSE(Natural::PowerOfTen(1387).overflowed());
  EXPECT_TRUE(Natural::PowerOfTen(1388).overflowed());
  EXPECT_TRUE((Natural::PowerOfTen(800) * Natural::PowerOfTen(800)).overflowed());
  EXPECT_TRUE((Natural::PowerOfTen(1388) + Natural(1)).overflowed());
  EXPECT_TRUE(Natural::FromDigits("12x").overflowed());
  EXPECT_EQ(Natural::FromDigits("340282366920938463463374607431768211456").bits(), 129U);
}

TEST(Rational, HasOneFormForOneNumber) {
  EXPECT_EQ(Compare(R("0.25"), Rational(1) / Rational(4)), 0);
  EXPECT_TRUE((Rational(1) / Rational(4)).finite());
  EXPECT_TRUE((Rational(3) / Rational(160)).finite());
  EXPECT_FALSE((Rational(1) / Rational(3)).finite());
  EXPECT_EQ((Rational(1) / Rational(3) * Rational(3)).ToInt(), 1);
  EXPECT_EQ(R("1e3").ToText(10), "1000");
  EXPECT_EQ(R("-0.00").ToText(10), "0");
}

TEST(Rational, ReadsNumbersAndNothingElse) {
  EXPECT_EQ(R("-6.02e23").ToText(5), "-602000000000000000000000");
  EXPECT_EQ(R("1E-7").ToText(5), "0.0000001");
  EXPECT_EQ(R("+1.5e+2").ToText(5), "150");
  for (const char* bad :
       {"", "-", ".5", "5.", "1..2", "1e", "1e+", "1e+-2", "1,5", " 1", "1 ", "0x10", "nan", "1e99999"}) {
    EXPECT_FALSE(R(bad).valid()) << bad;
  }
  EXPECT_FALSE(R(std::string(129, '1')).valid());
}

TEST(Rational, RoundsHalfAwayFromZeroAtTheWantedDigit) {
  EXPECT_EQ(R("1.575").ToText(3), "1.58");
  EXPECT_EQ(R("-1.575").ToText(3), "-1.58");
  EXPECT_EQ(R("9.996").ToText(3), "10");
  EXPECT_EQ((Rational(2) / Rational(3)).ToText(4), "0.6667");
  EXPECT_EQ((Rational(200000) / Rational(3)).ToText(2), "67000");
  EXPECT_EQ((Rational(1) / Rational(946073047258080000)).ToText(24), "1.05700083402461546370946e-18");
  EXPECT_EQ(R("1e-60").ToText(3), "1e-60");
  EXPECT_EQ(R("1.25e50").ToText(3), "1.25e50");
}

TEST(Rational, CalculatesExactly) {
  EXPECT_EQ(Compare(R("0.1") + R("0.2"), R("0.3")), 0);
  EXPECT_EQ((R("98.6") - R("32")).ToText(9), "66.6");
  EXPECT_EQ((R("5") - R("7.5")).ToText(9), "-2.5");
  EXPECT_TRUE((R("5") - R("5.0")).zero());
  EXPECT_EQ(R("1.5").Power(-2).ToText(5), "0.44444");
  EXPECT_EQ(R("2").Power(10).ToInt(), 1024);
  EXPECT_TRUE(R("7").Power(0).one());
  EXPECT_FALSE(Rational().Inverse().valid());
  EXPECT_FALSE(R("7").Power(2000).valid());
  EXPECT_FALSE((R("1e9000") * R("1e9000")).valid());
}

TEST(Rational, ComparesAcrossAllMagnitudes) {
  const char* const rising[] = {"-1e300",   "-2", "-1.999",    "-1e-300", "0",  "1e-9999", "1e-40",
                                "0.999999", "1",  "1.0000001", "9",       "10", "11",      "1e9999"};
  for (const char* a : rising) {
    for (const char* b : rising) {
      const auto place = [&](const char* x) {
        return std::find(std::begin(rising), std::end(rising), x) - std::begin(rising);
      };
      const int got = Compare(R(a), R(b));
      EXPECT_EQ((got > 0) - (got < 0), (place(a) > place(b)) - (place(a) < place(b))) << a << " " << b;
      const int products =
          *CompareProducts(R(a), Rational(3) / Rational(7), R(b), Rational(6) / Rational(14));
      EXPECT_EQ((products > 0) - (products < 0), (got > 0) - (got < 0)) << a << " " << b;
    }
  }
  EXPECT_LT(Compare(Rational(1) / Rational(3), R("0.33333333333333333333333333333333333334")), 0);
}

TEST(Rational, TurnsIntoScaledDigits) {
  const auto third = (Rational(1) / Rational(3)).ToDigits(10);
  ASSERT_TRUE(third);
  EXPECT_EQ(static_cast<int64_t>(third->digits), 3333333333);
  EXPECT_EQ(third->scale, 10);
  EXPECT_FALSE(third->exact);
  const auto exact = R("-310.15").ToDigits(38);
  ASSERT_TRUE(exact);
  EXPECT_EQ(static_cast<int64_t>(exact->digits), -31015);
  EXPECT_EQ(exact->scale, 2);
  EXPECT_TRUE(exact->exact);
  EXPECT_FALSE(R("1e38").ToDigits(38));
  EXPECT_TRUE(R("1e37").ToDigits(38));
  const auto tiny = R("1.26e-37").ToDigits(38);  // its last digit has no place any more
  ASSERT_TRUE(tiny);
  EXPECT_EQ(static_cast<int64_t>(tiny->digits), 13);
  EXPECT_FALSE(tiny->exact);
  EXPECT_EQ(Compare(Rational::FromDigits(-31015, 2), R("-310.15")), 0);
  const Int128 low = -(static_cast<Int128>(1) << 126) - (static_cast<Int128>(1) << 126);
  EXPECT_EQ(Rational::FromDigits(low, 0).ToText(39), "-170141183460469231731687303715884105728");
}

TEST(Rational, TakesBinaryNumbers) {
  EXPECT_EQ(Rational::FromFloat(0.1L + 0.2L).Rounded(15).ToText(20), "0.3");
  EXPECT_EQ((Rational(2) / Rational(3)).Rounded(2).ToText(20), "0.67");
  EXPECT_FALSE(Rational::FromFloat(std::numeric_limits<long double>::infinity()).valid());
  EXPECT_EQ(static_cast<double>(R("-310.15").ToFloat()), -310.15);
}

}  // namespace
}  // namespace tk::ucum
