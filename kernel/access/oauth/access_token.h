// What programs are given: access tokens (RFC 9068) and id tokens (OpenID Connect Core 1.0), as JWTs of our signing key.
// Shape:  access  typ at+jwt; iss, sub, aud "<iss>/fhir", client_id, scope, sid (the grant), gen (of the account), exp, iat, jti, patient
//         id      typ JWT; iss, sub, aud = the program, nonce, auth_time, amr, at_hash, sid, exp, iat, and by scope name, preferred_username, fhirUser
#pragma once

#include <string>
#include <string_view>

#include "kernel/access/oauth/keys.h"
#include "kernel/fhir/value.h"

namespace tk::access::oauth {

inline constexpr std::string_view kAccessType = "at+jwt";

/// For whom access tokens of this issuer are made: the base of its FHIR interface.
std::string AudienceOf(std::string_view issuer);

struct AccessStatement {
  std::string issuer, account, client, scope, session, patient;
  int64_t generation = 0, now_s = 0, expires_s = 0;
};
Result<std::string> MakeAccessToken(const SigningKey& key, const AccessStatement& statement);

struct IdStatement {
  std::string issuer, account, client, nonce, session, methods;  // methods: "pwd otp"
  std::string access_token;                                      // for at_hash
  std::string display, fhir_user;                                // "" = not told
  int64_t signed_in_s = 0, now_s = 0, expires_s = 0;
};
Result<std::string> MakeIdToken(const SigningKey& key, const IdStatement& statement);

/// Writes the member only if there is something to tell.
void MemberIf(fhir::JsonWriter* json, std::string_view name, std::string_view text);
/// "pwd otp" → ["pwd","otp"]
void WriteWords(fhir::JsonWriter* json, std::string_view words);

}  // namespace tk::access::oauth
