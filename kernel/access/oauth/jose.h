// Signed statements of OAuth and OpenID Connect: keys as JWK, tokens as JWT. Reads what strangers send: every length has a limit, and the
// algorithm is one of a short list that fits the key, never what the token would like ("none", a MAC with a public key).
// Flow:   ReadJwt → key by kid → VerifyKey::Verify → ClaimsOf; SigningKey::Sign (signing_key.cpp) → MakeJwt
// Source: RFC 7515 (JWS), 7517 (JWK), 7518 (algorithms), 7519 (JWT), 7638 (thumbprints); ours by kernel/base/crypto, those of others by OpenSSL 3.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/crypto/crypto.h"
#include "kernel/base/text.h"

struct evp_pkey_st;

namespace tk::access::oauth {

inline constexpr size_t kJwtBytesMax = 8192;
inline constexpr size_t kJwksBytesMax = 64 * 1024;
inline constexpr size_t kJwksKeysMax = 16;

enum class Algorithm : uint8_t { kEs256, kEs384, kRs256, kRs384 };
/// "ES256" …; nullopt for all others.
std::optional<Algorithm> AlgorithmOf(std::string_view name);
std::string_view NameOf(Algorithm algorithm);

using KeyHandle = std::shared_ptr<evp_pkey_st>;

/// A public key of somebody else.
class VerifyKey {
 public:
  VerifyKey(KeyHandle key, std::string kid) : key_(std::move(key)), kid_(std::move(kid)) {}
  /// `signature` as in a JWS (for ES: r and s side by side). False also when the algorithm is none for this kind of key. 60–120 µs.
  bool Verify(Algorithm algorithm, std::string_view message, std::string_view signature) const;
  const std::string& kid() const { return kid_; }

 private:
  KeyHandle key_;
  std::string kid_;
};

/// The public keys of a JWKS: EC on P-256 or P-384, RSA of 2048 to 8192 bits. Errors: kIncorrect, which key and why; a private key is refused.
Result<std::vector<VerifyKey>> ReadJwks(std::string_view json);

/// One of ours: EC on P-256 signs with ES256 (20 µs), RSA of 2048 bits with RS256 (a millisecond). Those two algorithms and no others.
class SigningKey {
 public:
  /// RSA takes 50 to 500 ms.
  static Result<SigningKey> Generate(Algorithm algorithm);
  /// Errors: kIncorrect.
  static Result<SigningKey> FromSecret(Algorithm algorithm, std::string_view base64url);
  /// Of EC the number, of RSA the DER of RFC 8017's RSAPrivateKey; base64url.
  std::string Secret() const;
  Algorithm algorithm() const { return algorithm_; }
  /// The thumbprint of the public half.
  const std::string& kid() const { return kid_; }
  /// The public half as a JWK, with kid, alg and use.
  const std::string& jwk() const { return jwk_; }
  bool Verify(Algorithm algorithm, std::string_view message, std::string_view signature) const;
  Result<std::string> Sign(std::string_view message) const;

 private:
  explicit SigningKey(crypto::SigningKey key);
  explicit SigningKey(KeyHandle rsa);
  void Publish(const std::string& members);
  Algorithm algorithm_;
  std::shared_ptr<const crypto::SigningKey> ec_;  // one of the two
  KeyHandle rsa_;
  std::string kid_, jwk_;
};

/// A token taken apart; nothing in it is believed yet.
struct Jwt {
  Algorithm algorithm = Algorithm::kEs256;
  std::string kid, typ;
  std::string payload;       // a JSON object
  std::string signature;     // bytes
  std::string_view message;  // what is signed; points into the text given
};
/// Errors: kUnauthenticated, without saying more than which part is wrong.
Result<Jwt> ReadJwt(std::string_view text);
/// Compact form of `payload` (a JSON object).
Result<std::string> MakeJwt(const SigningKey& key, std::string_view typ, std::string_view payload);

/// What a payload says, as far as it has it in the right type.
struct JwtClaims {
  std::string issuer, subject, id;
  std::vector<std::string> audience;
  int64_t expires_s = 0, not_before_s = 0, issued_s = 0;
  std::string client, scope, patient, session;  // client_id, scope, patient, sid
  int64_t generation = 0;                       // gen
};
/// Errors: kUnauthenticated if it is no object, a claim has the wrong type, or exp is missing.
Result<JwtClaims> ClaimsOf(const Jwt& jwt);

/// SHA-256, as PKCE and thumbprints want it.
Digest Sha256(std::string_view text);

}  // namespace tk::access::oauth
