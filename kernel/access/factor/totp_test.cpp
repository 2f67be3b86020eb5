#include <gtest/gtest.h>

#include <set>

#include "kernel/access/factor/totp.h"

namespace tk::access {
namespace {

constexpr std::string_view kRfcSecret = "12345678901234567890";

// RFC 4226 appendix D.
TEST(Totp, CountersOfRfc4226) {
  const std::vector<std::string> codes = {"755224", "287082", "359152", "969429", "338314",
                                          "254676", "287922", "162583", "399871", "520489"};
  for (size_t i = 0; i < codes.size(); ++i) EXPECT_EQ(Hotp(kRfcSecret, i, 6), codes[i]) << i;
}

// RFC 6238 appendix B, SHA-1.
TEST(Totp, TimesOfRfc6238) {
  const std::vector<std::pair<int64_t, std::string>> codes = {
      {59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
      {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [at_s, code] : codes) {
    EXPECT_EQ(Hotp(kRfcSecret, static_cast<uint64_t>(at_s / kTotpStepSeconds), 8), code) << at_s;
    EXPECT_EQ(FindTotpStep(kRfcSecret, code.substr(2), at_s), at_s / kTotpStepSeconds) << at_s;
  }
}

TEST(Totp, OneStepOffIsStillGoodAndTwoAreNot) {
  const int64_t now_s = 1'780'000'000, step = now_s / kTotpStepSeconds;
  for (int64_t off = -3; off <= 3; ++off) {
    const std::string code = Hotp(kRfcSecret, static_cast<uint64_t>(step + off), kTotpDigits);
    EXPECT_EQ(FindTotpStep(kRfcSecret, code, now_s).has_value(), off >= -1 && off <= 1) << off;
  }
  for (const char* wrong : {"", "12345", "1234567", "abcdef"})
    EXPECT_FALSE(FindTotpStep(kRfcSecret, wrong, now_s).has_value()) << wrong;
}

TEST(Totp, SecretsAreSealedForOneAccount) {
  AccessKey key{};
  key[3] = 7;
  const std::string secret = NewTotpSecret(), sealed = SealFactor(key, "li", secret);
  EXPECT_EQ(secret.size(), 20u);
  const auto opened = OpenFactor(key, "li", sealed);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, secret);
  EXPECT_FALSE(OpenFactor(key, "wang", sealed).ok());
  EXPECT_FALSE(OpenFactor(AccessKey{}, "li", sealed).ok());
  EXPECT_FALSE(OpenFactor(key, "li", "").ok());
  EXPECT_EQ(
      OtpauthUri("12345678901234567890", "li", "Tongkang"),
      "otpauth://totp/Tongkang:li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tongkang&algorithm=SHA1&"
      "digits=6&period=30");
}

TEST(Totp, RecoveryCodesAreKnownByTheirMarks) {
  AccessKey key{};
  const auto codes = NewRecoveryCodes();
  ASSERT_EQ(codes.size(), kRecoveryCodes);
  EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()).size(), kRecoveryCodes);
  const std::string mark = RecoveryMark(key, "li", "abcde-fghij");
  EXPECT_EQ(RecoveryMark(key, "li", "ABCDEFGHIJ"), mark);
  EXPECT_NE(RecoveryMark(key, "wang", "abcde-fghij"), mark);
  EXPECT_NE(RecoveryMark(key, "li", "abcde-fghik"), mark);
}

}  // namespace
}  // namespace tk::access
