// Two sets of algorithms behind one contract: signatures, digests, authenticated encryption. Which set is used where is configuration.
// Flow:   SigningKey::Generate → Sign → 64 bytes → VerifyingKey::Verify; HashOf; Seal / Open
// Source: national set: SM2 signatures GB/T 32918.2-2016 and .5-2017 (GM/T 0003), SM3 GB/T 32905-2016 (GM/T 0004), SM4 GB/T 32907-2016 (GM/T 0002)
//         in GCM as RFC 8998 profiles it. International set: ECDSA P-256 and SHA-256 (FIPS 186-5, 180-4), AES-256-GCM (NIST SP 800-38D).
//         All by OpenSSL 3's EVP, but for GCM's GHASH over SM4: OpenSSL 3.0 of Debian 12 has SM4 and no SM4-GCM.
// Beside: kernel/log/seal.h seals the log's entries in a form of its own (SM4-CTR with HMAC-SM3), which is on disk and stays.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/hash.h"
#include "kernel/base/result.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace tk::crypto {

enum class Suite : uint8_t { kInternational = 1, kNational = 2 };
/// "international", "national".
std::string_view NameOf(Suite suite);
/// Errors: kIncorrect, naming both.
Result<Suite> ParseSuite(std::string_view name);

/// SHA-256 or SM3 of `parts` one after another. About 1 µs a call and 2 to 5 ms a MB.
Digest HashOf(Suite suite, std::initializer_list<Bytes> parts);

/// r and s, 32 bytes each, big-endian.
using Signature = std::array<uint8_t, 64>;
using Secret = std::array<uint8_t, 32>;
/// 0x04, x and y: an uncompressed point.
using Point = std::array<uint8_t, 65>;

/// SM2's identity of who signs where nobody has agreed on another (GM/T 0009-2012, section 10).
inline constexpr std::string_view kSm2UserId = "1234567812345678";

/// Checks signatures. Immutable, thread-safe, cheap to copy.
class VerifyingKey {
 public:
  /// Errors: kIncorrect if the point is not on the curve of the set.
  static Result<VerifyingKey> FromPoint(Suite suite, Bytes point);
  Suite suite() const { return suite_; }
  const Point& point() const { return point_; }
  /// False for every signature that is not this key's of exactly `message`. About 100 µs (ECDSA) to 1 ms (SM2).
  bool Verify(Bytes message, const Signature& signature) const;

 private:
  friend class SigningKey;
  Suite suite_ = Suite::kInternational;
  Point point_{};
  std::shared_ptr<evp_pkey_st> key_;
};

/// Signs. Immutable, thread-safe.
class SigningKey {
 public:
  static Result<SigningKey> Generate(Suite suite);
  /// Errors: kIncorrect if the secret is 0 or not below the curve's order.
  static Result<SigningKey> FromSecret(Suite suite, const Secret& secret);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  const VerifyingKey& verifying() const { return verifying_; }
  const Secret& secret() const { return secret_; }
  /// Another signature at every call: the nonce is random.
  Result<Signature> Sign(Bytes message) const;

 private:
  SigningKey() = default;
  Secret secret_{};
  VerifyingKey verifying_;
};

inline constexpr size_t kAeadNonceBytes = 12;
inline constexpr size_t kAeadTagBytes = 16;
/// Of the set's cipher: 32 (AES-256) or 16 (SM4).
size_t AeadKeyBytes(Suite suite);
using AeadNonce = std::array<uint8_t, kAeadNonceBytes>;

/// Ciphertext and the tag of 16 bytes. One nonce never twice under a key. A wrong key size is a CHECK.
std::string Seal(Suite suite, Bytes key, const AeadNonce& nonce, Bytes additional, Bytes plain);
/// Errors: kCorrupt if the tag fails: other key, other nonce, other additional bytes, or changed on the way.
Result<std::string> Open(Suite suite, Bytes key, const AeadNonce& nonce, Bytes additional, Bytes sealed);

}  // namespace tk::crypto
