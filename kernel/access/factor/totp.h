// One-time codes of an authenticator app, and the recovery codes for who has lost it.
// Source: RFC 4226 (HOTP), RFC 6238 (TOTP: HMAC-SHA-1, 30 seconds, 6 digits, as the apps have it); the otpauth URI as Google Authenticator's "Key
//         Uri Format" describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/accounts.h"

namespace tk::access {

inline constexpr int64_t kTotpStepSeconds = 30;
inline constexpr int64_t kTotpDrift = 1;  // steps that a clock may be off, to either side
inline constexpr int kTotpDigits = 6;
inline constexpr size_t kRecoveryCodes = 10;

/// The code of one counter. `digits` 6 to 8.
std::string Hotp(std::string_view secret, uint64_t counter, int digits);
/// The step whose code it is, of those around `now_s`; nullopt if there is none. All are computed, whichever fits.
std::optional<int64_t> FindTotpStep(std::string_view secret, std::string_view code, int64_t now_s);
/// 20 random bytes.
std::string NewTotpSecret();
/// "otpauth://totp/…": what an app reads from a QR code.
std::string OtpauthUri(std::string_view secret, std::string_view account, std::string_view issuer);

/// The secret as it stands in accounts.toml (seal.h).
std::string SealFactor(const AccessKey& key, std::string_view account, std::string_view secret);
/// Errors: kCorrupt.
Result<std::string> OpenFactor(const AccessKey& key, std::string_view account, std::string_view sealed);

/// Codes of 50 random bits, "abcde-fghij"; shown once.
std::vector<std::string> NewRecoveryCodes();
/// What of a code stands in accounts.toml; the same for either case and with or without the dash.
std::string RecoveryMark(const AccessKey& key, std::string_view account, std::string_view code);

}  // namespace tk::access
