#include "kernel/access/factor/totp.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <array>

#include "kernel/access/factor/seal.h"
#include "kernel/access/token.h"
#include "kernel/base/base32.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::access {
namespace {

constexpr std::string_view kSealPurpose = "second factor", kRecoveryPurpose = "recovery code";

}  // namespace

std::string Hotp(std::string_view secret, uint64_t counter, int digits) {
  std::array<uint8_t, 8> text{};
  for (size_t i = 0; i < text.size(); ++i) text[7 - i] = static_cast<uint8_t>(counter >> (8 * i));
  std::array<uint8_t, 20> mac{};
  unsigned int size = mac.size();
  CHECK(HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), text.data(), text.size(), mac.data(),
             &size) != nullptr);
  // RFC 4226 section 5.3: four bytes from where the last four bits point, without the sign.
  const size_t at = mac[19] & 15u;
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = (number << 8) | mac[at + i];
  number &= 0x7fffffffu;
  uint32_t bound = 1;
  for (int i = 0; i < digits; ++i) bound *= 10;
  return fmt::format("{:0{}}", number % bound, digits);
}

std::optional<int64_t> FindTotpStep(std::string_view secret, std::string_view code, int64_t now_s) {
  if (code.size() != kTotpDigits) return std::nullopt;
  std::optional<int64_t> found;
  for (int64_t off = -kTotpDrift; off <= kTotpDrift; ++off) {
    const int64_t step = now_s / kTotpStepSeconds + off;
    const std::string right = Hotp(secret, static_cast<uint64_t>(step), kTotpDigits);
    if (sodium_memcmp(right.data(), code.data(), right.size()) == 0) found = step;
  }
  return found;
}

std::string NewTotpSecret() {
  std::array<uint8_t, 20> bytes;
  SystemRandom(bytes);
  return std::string(AsText(bytes));
}

std::string OtpauthUri(std::string_view secret, std::string_view account, std::string_view issuer) {
  return fmt::format("otpauth://totp/{0}:{1}?secret={2}&issuer={0}&algorithm=SHA1&digits={3}&period={4}",
                     PercentEncode(issuer), PercentEncode(account), ToBase32(AsBytes(secret)), kTotpDigits,
                     kTotpStepSeconds);
}

std::string SealFactor(const AccessKey& key, std::string_view account, std::string_view secret) {
  return SealFor(key, kSealPurpose, account, secret);
}

Result<std::string> OpenFactor(const AccessKey& key, std::string_view account, std::string_view sealed) {
  return OpenFor(key, kSealPurpose, account, sealed, "the second factor");
}

std::vector<std::string> NewRecoveryCodes() {
  std::vector<std::string> codes;
  while (codes.size() < kRecoveryCodes) {
    std::array<uint8_t, 7> bytes;
    SystemRandom(bytes);
    const std::string text = ToLower(ToBase32(bytes));
    codes.push_back(text.substr(0, 5) + "-" + text.substr(5, 5));
  }
  return codes;
}

std::string RecoveryMark(const AccessKey& key, std::string_view account, std::string_view code) {
  std::string plain;
  for (const char c : ToLower(code)) {
    if (c != '-' && c != ' ') plain += c;
  }
  const AccessKey own = DeriveKey(key, kRecoveryPurpose);
  return ToHex(Bytes(DigestOf({Bytes(own), AsBytes(account), AsBytes("\x1f"), AsBytes(plain)})).first(16));
}

}  // namespace tk::access
