// The text in a card's QR code: who issued it, which card, from when, until when, signed. No name, no number of a person.
// Flow:   SignCode → "TK:" + base32 → QR (qr.h) → camera or keyboard → ParseCode → Judge (no card looked up) → operations.cpp or offline.h
// Layout, big-endian (docs/apps/health-card.md):
//   byte 0       format 1 in the upper half, kind in the lower: 0 static, 1 dynamic
//   1-2          number of the key that signed
//   3-5          issuer: its division code, six digits
//   6-17         card: 12 bytes, uniform, that mean nothing to who has not the cards
//   18-21        issued, seconds since 2020-01-01T00:00:00Z
//   static       22-23 life in days
//   dynamic      22 life in seconds, 23-28 random
//   last 64      signature (r, s) of kCodePurpose and all before it
// Why base32 and not base45: base45 has blanks and signs that keyboards, trimming and links change; both fill a QR of version 6 (41 modules).
// Replay is refused by what was signed, never by the text: a signature can be rewritten into another valid one (s and n - s).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/crypto/crypto.h"

namespace tk::health_card {

inline constexpr std::string_view kCodePrefix = "TK:";
inline constexpr std::string_view kCodePurpose = "tongkang health card code 1|";
inline constexpr int64_t kCodeEpochSeconds = 1'577'836'800;  // 2020-01-01T00:00:00Z
inline constexpr size_t kCodeTextMax = 256;                  // longer is no code
inline constexpr uint32_t kIssuerMax = 999'999;

enum class CodeKind : uint8_t { kStatic = 0, kDynamic = 1 };
std::string_view NameOf(CodeKind kind);  // "static", "dynamic"

using CardRef = std::array<uint8_t, 12>;
/// 24 characters of lower-case hexadecimal: the id of the HealthCard.
std::string IdOf(const CardRef& card);

struct Code {
  CodeKind kind = CodeKind::kDynamic;
  uint16_t key = 0;
  uint32_t issuer = 0;
  CardRef card{};
  int64_t issued_s = 0;            // since 1970
  int64_t life_s = 0;              // dynamic: 1 to 255; static: whole days, 1 to 65535 of them
  std::array<uint8_t, 6> nonce{};  // of a dynamic one
  int64_t ends_s() const { return issued_s + life_s; }
};

struct SignedCode {
  Code code;
  std::string body;  // what was signed, without the purpose
  crypto::Signature signature{};
};

/// `code.key` is the number of `key`. Errors: kIncorrect when a part does not fit its place.
Result<std::string> SignCode(const Code& code, const crypto::SigningKey& key);
/// Blanks and line ends around and in the text are passed over, either case is read. Errors: kIncorrect, never naming what was typed.
Result<SignedCode> ParseCode(std::string_view text);

/// A public key as verifiers know it.
struct KnownKey {
  uint16_t number = 0;
  crypto::VerifyingKey key;
  int64_t from_s = 0;         // it signs from then
  int64_t signs_until_s = 0;  // until then; 0 = no end is set
  bool revoked = false;       // compromised: nothing that it signed counts
};
using KnownKeys = std::vector<KnownKey>;

/// What became of a code. Up to kExpired it is judged without any card.
enum class Verdict : uint8_t {
  kValid,
  kMalformed,
  kOtherIssuer,
  kUnknownKey,  // not known here, not in force when the code was issued, or revoked
  kForged,      // the signature is not this key's
  kNotYet,      // issued in the future: one of the clocks is wrong
  kExpired,
  kUsedBefore,
  kLost,
  kReplaced,
  kClosed,
  kUnknownCard,
  kNotAllowed,  // the card is good, and this kind of code is not enough for the purpose
  kStaleList,   // offline: the list of revocations is too old to say yes
};
std::string_view NameOf(Verdict verdict);  // "valid", "used-before"

struct JudgeBy {
  uint32_t issuer = 0;
  int64_t now_s = 0;
  int64_t skew_s = 0;  // how far the clocks of issuer and verifier may differ, either way
};
/// Issuer, key, signature, time, in this order. Pure. Cost: one verification.
Verdict Judge(const SignedCode& code, const KnownKeys& keys, const JudgeBy& by);

}  // namespace tk::health_card
