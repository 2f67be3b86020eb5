// What the provider tells of itself. Source: OpenID Connect Discovery 1.0 section 3, RFC 8414, SMART App Launch 2.2.0 "conformance".
#include "kernel/access/oauth/access_token.h"
#include "kernel/access/oauth/provider.h"

namespace tk::access::oauth {
namespace {

void List(fhir::JsonWriter* json, std::string_view name, std::string_view words) {
  WriteWords(&json->Key(name), words);
}

// What both documents say.
void WriteShared(std::string_view issuer, fhir::JsonWriter* json) {
  const std::string base(issuer);
  json->Member("issuer", base)
      .Member("authorization_endpoint", base + "/oauth/authorize")
      .Member("token_endpoint", base + "/oauth/token")
      .Member("introspection_endpoint", base + "/oauth/introspect")
      .Member("revocation_endpoint", base + "/oauth/revoke")
      .Member("jwks_uri", base + "/oauth/jwks");
  List(json, "token_endpoint_auth_methods_supported",
       "client_secret_basic client_secret_post private_key_jwt none");
  List(json, "token_endpoint_auth_signing_alg_values_supported", "ES256 ES384 RS256 RS384");
  List(json, "grant_types_supported", "authorization_code refresh_token client_credentials");
  List(json, "response_types_supported", "code");
  List(json, "code_challenge_methods_supported", "S256");
  List(json, "scopes_supported",
       "openid profile fhirUser launch/patient online_access offline_access patient/*.rs "
       "patient/*.cruds "
       "user/*.rs user/*.cruds system/*.rs system/*.cruds");
}

}  // namespace

std::string Provider::Discovery(std::string_view issuer) const {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  WriteShared(issuer, &json);
  json.Member("userinfo_endpoint", std::string(issuer) + "/oauth/userinfo");
  json.Member("end_session_endpoint", std::string(issuer) + "/oauth/end-session");
  List(&json, "response_modes_supported", "query");
  List(&json, "subject_types_supported", "public");
  List(&json, "id_token_signing_alg_values_supported", "RS256 ES256");
  List(&json, "prompt_values_supported", "none login consent");
  List(&json, "ui_locales_supported", "zh-CN en");
  List(&json, "claims_supported",
       "sub iss aud exp iat auth_time amr nonce sid name preferred_username fhirUser");
  json.Key("authorization_response_iss_parameter_supported").Bool(true);
  json.Key("claims_parameter_supported").Bool(false);
  json.Key("request_parameter_supported").Bool(false);
  json.Key("request_uri_parameter_supported").Bool(false);
  json.End();
  return out;
}

std::string Provider::SmartConfiguration(std::string_view issuer) const {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  WriteShared(issuer, &json);
  List(&json, "capabilities",
       "launch-standalone client-public client-confidential-symmetric "
       "client-confidential-asymmetric "
       "sso-openid-connect context-standalone-patient permission-patient permission-user permission-offline "
       "permission-online permission-v1 permission-v2");
  json.End();
  return out;
}

std::string Provider::Jwks() const { return sign_on_->signing_keys()->Jwks(NowS()); }

// Its time may be over: people sign out after hours. It opens nothing, it only says which sign-on is meant.
std::optional<Provider::Hint> Provider::ReadHint(std::string_view id_token, std::string_view issuer) const {
  const auto jwt = ReadJwt(id_token);
  if (!jwt.ok() || jwt->typ != "JWT") return std::nullopt;
  const auto keys = sign_on_->signing_keys();
  const auto claims = ClaimsOf(*jwt);
  if (!claims.ok() || claims->issuer != issuer || claims->audience.size() != 1) return std::nullopt;
  for (const SigningKeys::Key& each : keys->keys) {
    if (each.key.kid() == jwt->kid && each.key.Verify(jwt->algorithm, jwt->message, jwt->signature))
      return Hint{claims->subject, claims->audience.front(), claims->session};
  }
  return std::nullopt;
}

}  // namespace tk::access::oauth
