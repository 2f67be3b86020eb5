#include "kernel/access/oauth/jose.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <simdjson.h>

#include <array>
#include <cmath>

#include "kernel/base/crypto/openssl.h"

namespace tk::access::oauth {
namespace {

using crypto::BigNumber;
using crypto::DigestContext;
using crypto::EcSignature;
using crypto::FreeBy;
using crypto::KeyContext;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>>;

struct AlgorithmTraits {
  std::string_view name;
  std::string_view curve;  // OpenSSL's name; "" for RSA
  size_t part_bytes;       // of r and of s
  const EVP_MD* (*digest)();
};
constexpr std::array<AlgorithmTraits, 4> kAlgorithms = {{{"ES256", "prime256v1", 32, EVP_sha256},
                                                         {"ES384", "secp384r1", 48, EVP_sha384},
                                                         {"RS256", "", 0, EVP_sha256},
                                                         {"RS384", "", 0, EVP_sha384}}};
const AlgorithmTraits& RulesOf(Algorithm algorithm) { return kAlgorithms.at(static_cast<size_t>(algorithm)); }

Error BadJwt(std::string_view what) {
  return MakeError(ErrorCode::kUnauthenticated, fmt::format("the token is not valid: {}", what));
}
Error BadKey(size_t index, std::string_view what) {
  return MakeIssue(ErrorCode::kIncorrect, "value", fmt::format("keys[{}]", index),
                   fmt::format("the key set is not usable: {}", what));
}

KeyHandle Own(EVP_PKEY* key) { return KeyHandle(key, EVP_PKEY_free); }

BigNumber BigNumberOf(std::string_view bytes) {
  return BigNumber(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), nullptr));
}

KeyHandle KeyFrom(const char* kind, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  KeyHandle owned = Own(key);
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return check && EVP_PKEY_public_check(check.get()) == 1 ? owned : nullptr;
}

std::optional<std::string> BytesOf(const simdjson::dom::element& jwk, const char* name) {
  std::string_view text;
  if (jwk[name].get(text) != simdjson::SUCCESS) return std::nullopt;
  return FromBase64Url(text);
}

KeyHandle ReadEc(const simdjson::dom::element& jwk) {
  std::string_view curve;
  if (jwk["crv"].get(curve) != simdjson::SUCCESS) return nullptr;
  const auto& traits = RulesOf(curve == "P-384" ? Algorithm::kEs384 : Algorithm::kEs256);
  const auto x = BytesOf(jwk, "x"), y = BytesOf(jwk, "y");
  if ((curve != "P-256" && curve != "P-384") || !x || !y || x->size() != traits.part_bytes ||
      y->size() != traits.part_bytes)
    return nullptr;
  const std::string point = '\x04' + *x + *y;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  const bool built = OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                                     traits.curve.data(), traits.curve.size()) == 1 &&
                     OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                                      point.size()) == 1;
  return built ? KeyFrom("EC", builder.get()) : nullptr;
}

KeyHandle ReadRsa(const simdjson::dom::element& jwk) {
  const auto n = BytesOf(jwk, "n"), e = BytesOf(jwk, "e");
  if (!n || !e || n->size() < 256 || n->size() > 1024 || e->empty() || e->size() > 8) return nullptr;
  const BigNumber modulus = BigNumberOf(*n), exponent = BigNumberOf(*e);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  const bool built = BN_is_odd(exponent.get()) == 1 && BN_num_bits(modulus.get()) >= 2048 &&
                     OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
                     OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
  return built ? KeyFrom("RSA", builder.get()) : nullptr;
}

/// r and s side by side, as OpenSSL wants them; empty if they are not.
std::vector<unsigned char> ToDer(std::string_view signature, size_t part_bytes) {
  if (signature.size() != 2 * part_bytes) return {};
  const EcSignature pair(ECDSA_SIG_new());
  BigNumber r = BigNumberOf(signature.substr(0, part_bytes)), s = BigNumberOf(signature.substr(part_bytes));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();
  (void)s.release();
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  if (size <= 0) return {};
  std::vector<unsigned char> der(out, out + size);
  OPENSSL_free(out);
  return der;
}

bool FitsKey(const EVP_PKEY* key, const AlgorithmTraits& traits) {
  if (traits.curve.empty()) return EVP_PKEY_is_a(key, "RSA") == 1;
  std::array<char, 32> group{};
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == traits.curve;
}

bool NumberIn(const simdjson::dom::element& object, const char* name, int64_t* out) {
  simdjson::dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS) return true;
  if (value.get(*out) == simdjson::SUCCESS) return true;
  double number = 0;  // RFC 7519 permits fractions of a second
  if (value.get(number) != simdjson::SUCCESS || !(std::abs(number) < 1e15)) return false;
  *out = static_cast<int64_t>(number);
  return true;
}

bool TextIn(const simdjson::dom::element& object, const char* name, std::string* out) {
  simdjson::dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS) return true;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return false;
  *out = text;
  return true;
}

bool AudienceIn(const simdjson::dom::element& object, std::vector<std::string>* out) {
  simdjson::dom::element value;
  if (object["aud"].get(value) != simdjson::SUCCESS) return true;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    out->emplace_back(text);
    return true;
  }
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element item : list) {
    if (item.get(text) != simdjson::SUCCESS || out->size() >= 16) return false;
    out->emplace_back(text);
  }
  return true;
}

}  // namespace

std::optional<Algorithm> AlgorithmOf(std::string_view name) {
  for (size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (kAlgorithms.at(i).name == name) return static_cast<Algorithm>(i);
  }
  return std::nullopt;
}

std::string_view NameOf(Algorithm algorithm) { return RulesOf(algorithm).name; }

bool VerifyKey::Verify(Algorithm algorithm, std::string_view message, std::string_view signature) const {
  const AlgorithmTraits& traits = RulesOf(algorithm);
  if (!FitsKey(key_.get(), traits)) return false;
  std::vector<unsigned char> bytes = traits.curve.empty()
                                         ? std::vector<unsigned char>(signature.begin(), signature.end())
                                         : ToDer(signature, traits.part_bytes);
  const DigestContext context(EVP_MD_CTX_new());
  return !bytes.empty() && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, traits.digest(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

Result<std::vector<VerifyKey>> ReadJwks(std::string_view json) {
  if (json.size() > kJwksBytesMax)
    return MakeError(ErrorCode::kTooLarge, fmt::format("a key set has at most {} bytes", kJwksBytesMax));
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  simdjson::dom::array list;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(document) != simdjson::SUCCESS ||
      document["keys"].get(list) != simdjson::SUCCESS)
    return MakeError(ErrorCode::kIncorrect, "a key set is {\"keys\": [ … ]} as RFC 7517 has it");
  std::vector<VerifyKey> keys;
  size_t index = 0;
  for (const simdjson::dom::element jwk : list) {
    std::string_view type;
    std::string kid, use;
    simdjson::dom::element secret;
    if (keys.size() >= kJwksKeysMax)
      return BadKey(index, fmt::format("there are at most {} keys", kJwksKeysMax));
    if (jwk["kty"].get(type) != simdjson::SUCCESS || !TextIn(jwk, "kid", &kid) || !TextIn(jwk, "use", &use) ||
        kid.size() > 256)
      return BadKey(index, "it has no kty, or a kid or use that is no short text");
    if (jwk["d"].get(secret) == simdjson::SUCCESS)
      return BadKey(index, "this is a private key: keep it, send the public half, and make a new one");
    if (use.empty() || use == "sig") {
      KeyHandle key = type == "EC" ? ReadEc(jwk) : type == "RSA" ? ReadRsa(jwk) : nullptr;
      if (key == nullptr)
        return BadKey(index, "take EC on P-256 or P-384, or RSA of 2048 to 8192 bits, with good numbers");
      keys.emplace_back(std::move(key), std::move(kid));
    }
    ++index;
  }
  return keys;
}

Result<Jwt> ReadJwt(std::string_view text) {
  if (text.size() > kJwtBytesMax) return BadJwt("it is too long");
  const size_t first = text.find('.'), last = text.rfind('.');
  if (first == std::string_view::npos || first == last ||
      text.find('.', first + 1) != last)  // an encrypted one has five parts
    return BadJwt("it does not have three parts");
  const auto header = FromBase64Url(text.substr(0, first));
  auto payload = FromBase64Url(text.substr(first + 1, last - first - 1));
  auto signature = FromBase64Url(text.substr(last + 1));
  if (!header || !payload || !signature || signature->empty()) return BadJwt("a part is not base64url");
  simdjson::dom::parser parser;
  simdjson::dom::element document, critical;
  const simdjson::padded_string padded(*header);
  std::string algorithm;
  Jwt jwt;
  if (parser.parse(padded).get(document) != simdjson::SUCCESS || !document.is_object() ||
      !TextIn(document, "alg", &algorithm) || !TextIn(document, "kid", &jwt.kid) ||
      !TextIn(document, "typ", &jwt.typ))
    return BadJwt("its header is no JSON object of texts");
  // What must be understood, and is not, makes the whole token one that is not.
  if (document["crit"].get(critical) == simdjson::SUCCESS) return BadJwt("it has critical extensions");
  const auto known = AlgorithmOf(algorithm);
  if (!known) return BadJwt("its algorithm is not one of ES256, ES384, RS256, RS384");
  jwt.algorithm = *known;
  jwt.payload = std::move(*payload);
  jwt.signature = std::move(*signature);
  jwt.message = text.substr(0, last);
  return jwt;
}

Result<std::string> MakeJwt(const SigningKey& key, std::string_view typ, std::string_view payload) {
  const std::string header =
      fmt::format(R"({{"alg":"{}","typ":"{}","kid":"{}"}})", NameOf(key.algorithm()), typ, key.kid());
  const std::string message = ToBase64Url(AsBytes(header)) + "." + ToBase64Url(AsBytes(payload));
  const std::string signature = TRY(key.Sign(message));
  return message + "." + ToBase64Url(AsBytes(signature));
}

Result<JwtClaims> ClaimsOf(const Jwt& jwt) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const simdjson::padded_string padded(jwt.payload);
  if (parser.parse(padded).get(document) != simdjson::SUCCESS || !document.is_object())
    return BadJwt("its claims are no JSON object");
  JwtClaims claims;
  const bool good =
      TextIn(document, "iss", &claims.issuer) && TextIn(document, "sub", &claims.subject) &&
      TextIn(document, "jti", &claims.id) && AudienceIn(document, &claims.audience) &&
      NumberIn(document, "exp", &claims.expires_s) && NumberIn(document, "nbf", &claims.not_before_s) &&
      NumberIn(document, "iat", &claims.issued_s) && TextIn(document, "client_id", &claims.client) &&
      TextIn(document, "scope", &claims.scope) && TextIn(document, "patient", &claims.patient) &&
      TextIn(document, "sid", &claims.session) && NumberIn(document, "gen", &claims.generation);
  if (!good) return BadJwt("a claim has the wrong type");
  if (claims.expires_s <= 0) return BadJwt("it has no exp");
  return claims;
}

Digest Sha256(std::string_view text) {
  return crypto::HashOf(crypto::Suite::kInternational, {AsBytes(text)});
}

}  // namespace tk::access::oauth
