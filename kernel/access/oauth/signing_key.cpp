// Our own keys. EC by kernel/base/crypto, as everything else that we sign; RSA by OpenSSL, for OpenID Connect alone.
// Source: RFC 7518 section 3.3 (RS256: PKCS #1 v1.5, 2048 bits or more) and 6.3.1 (n and e in a JWK), RFC 7638 section 3.2 (what is hashed).
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "kernel/access/oauth/jose.h"
#include "kernel/base/crypto/openssl.h"

namespace tk::access::oauth {
namespace {

using crypto::BigNumber;
using crypto::DigestContext;

// The least that RFC 7518 permits; NIST SP 800-57 part 1 rev. 5 table 4 has it good until 2030 for what is signed and checked by then.
constexpr unsigned kRsaBits = 2048;
constexpr int kRsaBitsMax = 8192;

KeyHandle OwnKey(EVP_PKEY* key) { return KeyHandle(key, EVP_PKEY_free); }

std::string NumberInBase64(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const BigNumber owned(number);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  return ToBase64Url(AsBytes(bytes));
}

}  // namespace

// RFC 7638: the required members in the order of the alphabet, without spaces.
SigningKey::SigningKey(crypto::SigningKey key)
    : algorithm_(Algorithm::kEs256), ec_(std::make_shared<const crypto::SigningKey>(std::move(key))) {
  const Bytes point = ec_->verifying().point();
  Publish(fmt::format(R"("crv":"P-256","kty":"EC","x":"{}","y":"{}")", ToBase64Url(point.subspan(1, 32)),
                      ToBase64Url(point.subspan(33, 32))));
}

SigningKey::SigningKey(KeyHandle rsa) : algorithm_(Algorithm::kRs256), rsa_(std::move(rsa)) {
  Publish(fmt::format(R"("e":"{}","kty":"RSA","n":"{}")", NumberInBase64(rsa_.get(), OSSL_PKEY_PARAM_RSA_E),
                      NumberInBase64(rsa_.get(), OSSL_PKEY_PARAM_RSA_N)));
}

void SigningKey::Publish(const std::string& members) {
  kid_ = ToBase64Url(Sha256("{" + members + "}"));
  jwk_ = fmt::format(R"({{{},"kid":"{}","alg":"{}","use":"sig"}})", members, kid_, NameOf(algorithm_));
}

Result<SigningKey> SigningKey::Generate(Algorithm algorithm) {
  if (algorithm == Algorithm::kEs256)
    return SigningKey(TRY(crypto::SigningKey::Generate(crypto::Suite::kInternational)));
  CHECK(algorithm == Algorithm::kRs256);
  KeyHandle key = OwnKey(EVP_RSA_gen(kRsaBits));
  if (key == nullptr) return MakeError(ErrorCode::kUnavailable, "no RSA key could be made");
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::FromSecret(Algorithm algorithm, std::string_view base64url) {
  auto bytes = FromBase64Url(base64url);
  if (algorithm == Algorithm::kEs256) {
    crypto::Secret secret{};
    if (!bytes || bytes->size() != secret.size())
      return MakeError(ErrorCode::kIncorrect, "a signing key for ES256 is the base64url of 32 bytes");
    std::copy(bytes->begin(), bytes->end(), secret.begin());
    return SigningKey(TRY(crypto::SigningKey::FromSecret(crypto::Suite::kInternational, secret)));
  }
  const Error wrong = MakeError(
      ErrorCode::kIncorrect,
      fmt::format(
          "a signing key for RS256 is the base64url of an RSAPrivateKey (RFC 8017, DER) of {} to {} bits",
          kRsaBits, kRsaBitsMax));
  if (algorithm != Algorithm::kRs256 || !bytes) return wrong;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes->data());
  const unsigned char* const end = at + bytes->size();
  KeyHandle key = OwnKey(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(bytes->size())));
  OPENSSL_cleanse(bytes->data(), bytes->size());
  const int bits = key == nullptr ? 0 : EVP_PKEY_get_bits(key.get());
  if (at != end || bits < static_cast<int>(kRsaBits) || bits > kRsaBitsMax) return wrong;
  return SigningKey(std::move(key));
}

std::string SigningKey::Secret() const {
  if (ec_ != nullptr) return ToBase64Url(ec_->secret());
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(rsa_.get(), &der);
  CHECK(size > 0);
  std::string text = ToBase64Url(Bytes(der, static_cast<size_t>(size)));
  OPENSSL_clear_free(der, static_cast<size_t>(size));
  return text;
}

bool SigningKey::Verify(Algorithm algorithm, std::string_view message, std::string_view signature) const {
  if (algorithm != algorithm_) return false;
  if (rsa_ != nullptr) return VerifyKey(rsa_, kid_).Verify(algorithm, message, signature);
  crypto::Signature bytes{};
  if (signature.size() != bytes.size()) return false;
  std::copy(signature.begin(), signature.end(), bytes.begin());
  return ec_->verifying().Verify(AsBytes(message), bytes);
}

Result<std::string> SigningKey::Sign(std::string_view message) const {
  if (ec_ != nullptr) return std::string(AsText(TRY(ec_->Sign(AsBytes(message)))));
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(rsa_.get())), '\0');
  size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, rsa_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
    return MakeError(ErrorCode::kUnavailable, "the token could not be signed");
  signature.resize(size);
  return signature;
}

}  // namespace tk::access::oauth
