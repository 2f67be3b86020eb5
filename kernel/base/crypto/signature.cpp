#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "kernel/base/crypto/crypto.h"
#include "kernel/base/crypto/openssl.h"
#include "kernel/base/random.h"

namespace tk::crypto {
namespace {

struct Names {
  std::string_view suite;
  const char *key_type, *group, *digest;
  int curve;
};
constexpr Names kNames[] = {{"international", "EC", "prime256v1", "SHA256", NID_X9_62_prime256v1},
                            {"national", "SM2", "SM2", "SM3", NID_sm2}};

const Names& NamesOf(Suite suite) { return kNames[suite == Suite::kNational ? 1 : 0]; }

/// Fetched once: looking a digest up by name costs more than hashing a code.
const EVP_MD* DigestOf(Suite suite) {
  static const EVP_MD* const fetched[] = {EVP_MD_fetch(nullptr, kNames[0].digest, nullptr),
                                          EVP_MD_fetch(nullptr, kNames[1].digest, nullptr)};
  const EVP_MD* const found = fetched[suite == Suite::kNational ? 1 : 0];
  CHECK(found != nullptr);  // both are part of OpenSSL's default provider
  return found;
}

Error Failed(std::string_view what) {
  return MakeError(ErrorCode::kInternal, "A cryptographic step failed.", std::string(what));
}

/// The key of a point and, when there is one, its secret. nullptr if OpenSSL refuses.
std::shared_ptr<EVP_PKEY> MakeKey(Suite suite, const Point& point, const BIGNUM* secret) {
  const Names& names = NamesOf(suite);
  const std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>> build(OSSL_PARAM_BLD_new());
  if (build == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, names.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  if (secret != nullptr && OSSL_PARAM_BLD_push_BN_pad(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret, 32) != 1)
    return nullptr;
  const std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(build.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, names.key_type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, secret != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                        params.get()) != 1)
    return nullptr;
  return {key, EVP_PKEY_free};
}

/// The point of a secret; false if the secret is none.
bool PointOf(Suite suite, const BIGNUM* secret, Point* out) {
  const EcGroup group(EC_GROUP_new_by_curve_name(NamesOf(suite).curve));
  CHECK(group != nullptr);
  if (BN_is_zero(secret) || BN_cmp(secret, EC_GROUP_get0_order(group.get())) >= 0) return false;
  const EcPoint point(EC_POINT_new(group.get()));
  return point != nullptr && EC_POINT_mul(group.get(), point.get(), secret, nullptr, nullptr, nullptr) == 1 &&
         EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out->data(), out->size(),
                            nullptr) == out->size();
}

bool IsOnCurve(Suite suite, const Point& bytes) {
  const EcGroup group(EC_GROUP_new_by_curve_name(NamesOf(suite).curve));
  const EcPoint point(EC_POINT_new(group.get()));
  return point != nullptr &&
         EC_POINT_oct2point(group.get(), point.get(), bytes.data(), bytes.size(), nullptr) == 1;
}

/// A digest context ready to sign or verify. The key's context is not the digest's to free: it goes after it.
struct Ready {
  KeyContext key;
  DigestContext digest;
};

/// By SM2 the identity of who signs is hashed before the message. `digest` is null if OpenSSL refuses.
Ready ReadyFor(Suite suite, EVP_PKEY* key, bool sign) {
  Ready ready{KeyContext(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)), DigestContext(EVP_MD_CTX_new())};
  if (ready.key == nullptr || ready.digest == nullptr) return {};
  if (suite == Suite::kNational &&
      EVP_PKEY_CTX_set1_id(ready.key.get(), kSm2UserId.data(), static_cast<int>(kSm2UserId.size())) != 1)
    return {};
  EVP_MD_CTX_set_pkey_ctx(ready.digest.get(), ready.key.get());
  const int done = sign ? EVP_DigestSignInit(ready.digest.get(), nullptr, DigestOf(suite), nullptr, key)
                        : EVP_DigestVerifyInit(ready.digest.get(), nullptr, DigestOf(suite), nullptr, key);
  return done == 1 ? std::move(ready) : Ready{};
}

}  // namespace

std::string_view NameOf(Suite suite) { return NamesOf(suite).suite; }

Result<Suite> ParseSuite(std::string_view name) {
  for (const Suite suite : {Suite::kInternational, Suite::kNational}) {
    if (NameOf(suite) == name) return suite;
  }
  return MakeError(ErrorCode::kIncorrect, "the set of algorithms must be international or national");
}

Digest HashOf(Suite suite, std::initializer_list<Bytes> parts) {
  Digest out{};
  const DigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr && EVP_DigestInit_ex2(context.get(), DigestOf(suite), nullptr) == 1);
  for (const Bytes part : parts) CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  CHECK(EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
  return out;
}

Result<VerifyingKey> VerifyingKey::FromPoint(Suite suite, Bytes point) {
  VerifyingKey made;
  made.suite_ = suite;
  if (point.size() == made.point_.size()) {
    std::copy(point.begin(), point.end(), made.point_.begin());
    if (IsOnCurve(suite, made.point_)) made.key_ = MakeKey(suite, made.point_, nullptr);
  }
  if (made.key_ == nullptr)
    return MakeError(ErrorCode::kIncorrect, "a public key must be an uncompressed point of its curve");
  return made;
}

bool VerifyingKey::Verify(Bytes message, const Signature& signature) const {
  if (key_ == nullptr) return false;
  const EcSignature parts(ECDSA_SIG_new());
  BigNumber r(BN_bin2bn(signature.data(), 32, nullptr)), s(BN_bin2bn(signature.data() + 32, 32, nullptr));
  if (parts == nullptr || r == nullptr || s == nullptr) return false;
  CHECK(ECDSA_SIG_set0(parts.get(), r.release(), s.release()) == 1);
  std::array<uint8_t, 80> der{};
  uint8_t* end = der.data();
  const int size = i2d_ECDSA_SIG(parts.get(), &end);  // at most 72 bytes
  if (size <= 0) return false;
  const Ready ready = ReadyFor(suite_, key_.get(), false);
  return ready.digest != nullptr &&
         EVP_DigestVerify(ready.digest.get(), der.data(), static_cast<size_t>(size), message.data(),
                          message.size()) == 1;
}

Result<SigningKey> SigningKey::Generate(Suite suite) {
  Secret secret{};
  for (;;) {
    SystemRandom(secret);
    auto made = FromSecret(suite, secret);  // one in 2^32 is not below the order
    OPENSSL_cleanse(secret.data(), secret.size());
    if (made.ok() || made.error().code != ErrorCode::kIncorrect) return made;
  }
}

Result<SigningKey> SigningKey::FromSecret(Suite suite, const Secret& secret) {
  const BigNumber number(BN_bin2bn(secret.data(), static_cast<int>(secret.size()), nullptr));
  SigningKey made;
  if (number == nullptr) return Failed("bn");
  if (!PointOf(suite, number.get(), &made.verifying_.point_))
    return MakeError(ErrorCode::kIncorrect, "a secret key must be above 0 and below the curve's order");
  made.secret_ = secret;
  made.verifying_.suite_ = suite;
  made.verifying_.key_ = MakeKey(suite, made.verifying_.point_, number.get());
  if (made.verifying_.key_ == nullptr) return Failed("fromdata");
  return made;
}

SigningKey::~SigningKey() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

Result<Signature> SigningKey::Sign(Bytes message) const {
  const Ready ready = ReadyFor(verifying_.suite_, verifying_.key_.get(), true);
  std::array<uint8_t, 80> der{};
  size_t size = der.size();
  if (ready.digest == nullptr ||
      EVP_DigestSign(ready.digest.get(), der.data(), &size, message.data(), message.size()) != 1)
    return Failed("sign");
  const uint8_t* at = der.data();
  const EcSignature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  Signature out{};
  if (parts == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out.data(), 32) != 32 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out.data() + 32, 32) != 32)
    return Failed("signature");
  return out;
}

}  // namespace tk::crypto
