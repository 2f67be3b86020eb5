#include "kernel/access/oauth/access_token.h"

#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::access::oauth {

std::string AudienceOf(std::string_view issuer) { return std::string(issuer) + "/fhir"; }

void MemberIf(fhir::JsonWriter* json, std::string_view name, std::string_view text) {
  if (!text.empty()) json->Member(name, text);
}

void WriteWords(fhir::JsonWriter* json, std::string_view words) {
  json->Array();
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (end > 0) json->String(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  json->End();
}

Result<std::string> MakeAccessToken(const SigningKey& key, const AccessStatement& statement) {
  std::string claims;
  fhir::JsonWriter json(&claims);
  json.Object().Member("iss", statement.issuer).Member("sub", statement.account);
  json.Member("aud", AudienceOf(statement.issuer)).Member("client_id", statement.client);
  json.Member("scope", statement.scope).Member("sid", statement.session);
  MemberIf(&json, "patient", statement.patient);
  json.Key("gen").Int(statement.generation).Key("iat").Int(statement.now_s);
  json.Key("exp").Int(statement.expires_s).Member("jti", NewUuid()).End();
  return MakeJwt(key, kAccessType, claims);
}

Result<std::string> MakeIdToken(const SigningKey& key, const IdStatement& statement) {
  // OpenID Connect Core 3.1.3.6: the left half of the hash of the access token that comes with it.
  const Digest hash = Sha256(statement.access_token);
  std::string claims;
  fhir::JsonWriter json(&claims);
  json.Object().Member("iss", statement.issuer).Member("sub", statement.account);
  json.Member("aud", statement.client).Member("sid", statement.session);
  MemberIf(&json, "nonce", statement.nonce);
  WriteWords(&json.Key("amr"), statement.methods);
  json.Member("at_hash", ToBase64Url(Bytes(hash).first(hash.size() / 2)));
  MemberIf(&json, "name", statement.display);
  if (!statement.display.empty()) json.Member("preferred_username", statement.account);
  MemberIf(&json, "fhirUser", statement.fhir_user);
  json.Key("auth_time").Int(statement.signed_in_s).Key("iat").Int(statement.now_s);
  json.Key("exp").Int(statement.expires_s).End();
  return MakeJwt(key, "JWT", claims);
}

}  // namespace tk::access::oauth
