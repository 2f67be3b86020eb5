#include "apps/health-card/code.h"

#include <algorithm>

#include "apps/health-card/bytes.h"
#include "kernel/base/base32.h"

namespace tk::health_card {
namespace {

constexpr uint8_t kFormat = 1;
constexpr int64_t kDaySeconds = 86'400;
constexpr size_t kSignatureBytes = std::tuple_size_v<crypto::Signature>;

Error NoCode() {
  return MakeIssue(ErrorCode::kIncorrect, "value", "code",
                   "This is no code of a health card: scan it again, or type all of its characters.");
}

Result<std::string> BodyOf(const Code& code) {
  const int64_t issued = code.issued_s - kCodeEpochSeconds;
  const bool is_static = code.kind == CodeKind::kStatic;
  const int64_t life = is_static ? code.life_s / kDaySeconds : code.life_s;
  if (issued < 0 || issued > UINT32_MAX || code.issuer > kIssuerMax || life < 1 ||
      life > (is_static ? 65'535 : 255) || (is_static && code.life_s % kDaySeconds != 0))
    return MakeError(ErrorCode::kIncorrect, "A part of the code is out of its range.");
  std::string body;
  PutBytes(static_cast<uint64_t>(kFormat << 4 | static_cast<uint8_t>(code.kind)), 1, &body);
  PutBytes(code.key, 2, &body);
  PutBytes(code.issuer, 3, &body);
  body += AsText(code.card);
  PutBytes(static_cast<uint64_t>(issued), 4, &body);
  PutBytes(static_cast<uint64_t>(life), is_static ? 2 : 1, &body);
  if (!is_static) body += AsText(code.nonce);
  return body;
}

template <size_t N>
void TakeInto(ByteReader* in, std::array<uint8_t, N>* out) {
  const Bytes bytes = AsBytes(in->TakeText(N));
  std::copy(bytes.begin(), bytes.end(), out->begin());
}

std::string WithPurpose(std::string_view body) { return std::string(kCodePurpose) + std::string(body); }

}  // namespace

std::string_view NameOf(CodeKind kind) { return kind == CodeKind::kStatic ? "static" : "dynamic"; }

std::string_view NameOf(Verdict verdict) {
  constexpr std::string_view kNames[] = {"valid",   "malformed",    "other-issuer", "unknown-key", "forged",
                                         "not-yet", "expired",      "used-before",  "lost",        "replaced",
                                         "closed",  "unknown-card", "not-allowed",  "stale-list"};
  return kNames[static_cast<size_t>(verdict)];
}

std::string IdOf(const CardRef& card) { return ToHex(card); }

Result<std::string> SignCode(const Code& code, const crypto::SigningKey& key) {
  const std::string body = TRY(BodyOf(code));
  const crypto::Signature signature = TRY(key.Sign(AsBytes(WithPurpose(body))));
  return std::string(kCodePrefix) + ToBase32(AsBytes(body + std::string(AsText(signature))));
}

Result<SignedCode> ParseCode(std::string_view text) {
  if (text.size() > kCodeTextMax) return NoCode();
  std::string solid;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    solid += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (!solid.starts_with(kCodePrefix)) return NoCode();
  const auto bytes = FromBase32(std::string_view(solid).substr(kCodePrefix.size()));
  if (!bytes || bytes->size() <= kSignatureBytes) return NoCode();
  SignedCode out;
  out.body = bytes->substr(0, bytes->size() - kSignatureBytes);
  ByteReader in(out.body);
  const uint64_t head = in.Take(1);
  if (head >> 4 != kFormat || (head & 15) > 1) return NoCode();
  out.code.kind = static_cast<CodeKind>(head & 15);
  out.code.key = static_cast<uint16_t>(in.Take(2));
  out.code.issuer = static_cast<uint32_t>(in.Take(3));
  TakeInto(&in, &out.code.card);
  out.code.issued_s = kCodeEpochSeconds + static_cast<int64_t>(in.Take(4));
  if (out.code.kind == CodeKind::kStatic) {
    out.code.life_s = kDaySeconds * static_cast<int64_t>(in.Take(2));
  } else {
    out.code.life_s = static_cast<int64_t>(in.Take(1));
    TakeInto(&in, &out.code.nonce);
  }
  if (!in.ok() || in.left() != 0 || out.code.life_s == 0 || out.code.issuer > kIssuerMax) return NoCode();
  ByteReader tail(std::string_view(*bytes).substr(out.body.size()));
  TakeInto(&tail, &out.signature);
  return out;
}

Verdict Judge(const SignedCode& signed_code, const KnownKeys& keys, const JudgeBy& by) {
  const Code& code = signed_code.code;
  if (code.issuer != by.issuer) return Verdict::kOtherIssuer;
  const auto key =
      std::find_if(keys.begin(), keys.end(), [&](const KnownKey& each) { return each.number == code.key; });
  if (key == keys.end() || key->revoked) return Verdict::kUnknownKey;
  if (!key->key.Verify(AsBytes(WithPurpose(signed_code.body)), signed_code.signature))
    return Verdict::kForged;
  if (code.issued_s < key->from_s || (key->signs_until_s != 0 && code.issued_s > key->signs_until_s))
    return Verdict::kUnknownKey;
  if (code.issued_s > by.now_s + by.skew_s) return Verdict::kNotYet;
  if (code.ends_s() + by.skew_s < by.now_s) return Verdict::kExpired;
  return Verdict::kValid;
}

}  // namespace tk::health_card
