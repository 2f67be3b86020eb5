// Which program calls: by its secret (HTTP Basic or in the body), by a JWT of its private key, or a public one by its name alone.
// Source: OAuth 2.1 draft 12 section 2.4, RFC 7523 section 3, SMART App Launch 2.2.0 "asymmetric client authentication".
#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/oauth/answers.h"
#include "kernel/base/base64.h"
#include "kernel/base/text.h"

namespace tk::access::oauth {
namespace {

constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Credentials {
  std::string client, secret;
};

/// nullopt if the header is there and is not Basic with a name and a secret.
std::optional<Credentials> ReadBasic(std::string_view header) {
  if (header.size() < 6 || !EqualsIgnoreCase(header.substr(0, 6), "Basic ")) return std::nullopt;
  const auto bytes = FromBase64(TrimSpace(header.substr(6)));
  const size_t colon = bytes ? bytes->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  auto client = PercentDecode(std::string_view(*bytes).substr(0, colon), true);
  auto secret = PercentDecode(std::string_view(*bytes).substr(colon + 1), true);
  if (!client.ok() || !secret.ok()) return std::nullopt;
  return Credentials{*client, *secret};
}

Answer BadClient(std::string_view description) { return Refuse("invalid_client", description); }

}  // namespace

Answer Refuse(std::string_view error, std::string_view description, int64_t wait_seconds) {
  Answer answer;
  answer.error = error;
  answer.challenge = error == "invalid_client";
  answer.status = answer.challenge ? 401 : 400;
  answer.wait_seconds = wait_seconds;
  fhir::JsonWriter json(&answer.json);
  json.Object().Member("error", error).Member("error_description", description).End();
  return answer;
}

Answer Fail(const Error& error) {
  const bool retryable = TraitsOf(error.code).retryable;
  Answer answer = Refuse(retryable ? "temporarily_unavailable" : "server_error", error.external);
  answer.status = retryable ? 503 : 500;
  return answer;
}

Answer Provider::AssertionFails(const TokenRequest& request, const Account& client, bool* good) {
  const Form& form = *request.form;
  *good = false;
  if (form["client_assertion_type"] != kAssertionType)
    return BadClient(fmt::format("client_assertion_type must be {}", kAssertionType));
  const auto jwt = ReadJwt(form["client_assertion"]);
  if (!jwt.ok()) return BadClient(jwt.error().external);
  const auto claims = ClaimsOf(*jwt);
  if (!claims.ok()) return BadClient(claims.error().external);
  const auto keys = ReadJwks(client.jwks);
  if (client.jwks.empty() || !keys.ok()) return BadClient("this program has no public key here");
  const bool signed_by = std::any_of(keys->begin(), keys->end(), [&](const VerifyKey& key) {
    return (jwt->kid.empty() || jwt->kid == key.kid()) &&
           key.Verify(jwt->algorithm, jwt->message, jwt->signature);
  });
  if (!signed_by) return BadClient("the assertion is not signed by a key of this program");
  const int64_t now_s = NowS();
  const auto meant = [&](std::string_view address) {
    return std::find(claims->audience.begin(), claims->audience.end(), address) != claims->audience.end();
  };
  if (claims->issuer != client.name || claims->subject != client.name)
    return BadClient("iss and sub of the assertion must be the client_id");
  if (!meant(request.issuer) && !meant(std::string(request.issuer) + "/oauth/token"))
    return BadClient("aud of the assertion must be this server's token endpoint or issuer");
  if (claims->expires_s <= now_s || claims->expires_s > now_s + options_.assertion_seconds_max)
    return BadClient(fmt::format("exp of the assertion must lie within the next {} seconds",
                                 options_.assertion_seconds_max));
  if (claims->not_before_s > now_s) return BadClient("the assertion is not good yet (nbf)");
  if (claims->id.empty() || claims->id.size() > 256)
    return BadClient("the assertion needs a jti, at most 256 bytes");
  const std::string mark = "jwt " + ToHex(Sha256(client.name + "\x1f" + claims->id));
  if (Status once = sign_on_->sessions()->UseOnce(mark, claims->expires_s); !once.ok()) {
    return once.error().code == ErrorCode::kConflict ? BadClient("this assertion was used before (jti)")
                                                     : Fail(once.error());
  }
  *good = true;
  return {};
}

Provider::Client Provider::Authenticate(const TokenRequest& request, bool may_be_public) {
  const Form& form = *request.form;
  Credentials given{form["client_id"], form["client_secret"]};
  if (!request.authorization.empty()) {
    const auto basic = ReadBasic(request.authorization);
    if (!basic) return BadClient("Authorization must be Basic with client_id and secret");
    if (!given.secret.empty() || !form["client_assertion"].empty() ||
        (!given.client.empty() && given.client != basic->client))
      return Refuse("invalid_request", "the program shows itself in more than one way");
    given = *basic;
  }
  const bool asserts = !form["client_assertion"].empty();
  if (asserts && given.client.empty()) {
    // The name stands in the assertion; it is believed only when the key of that name has signed it.
    if (const auto jwt = ReadJwt(form["client_assertion"]); jwt.ok()) {
      if (const auto claims = ClaimsOf(*jwt); claims.ok()) given.client = claims->subject;
    }
  }
  const auto client = sign_on_->Find(given.client);
  const bool known = client && !client->disabled && client->kind == AccountKind::kProgram;
  if (asserts) {
    if (!known || !given.secret.empty())
      return BadClient("the program is not known, or shows itself in two ways");
    bool good = false;
    Answer failed = AssertionFails(request, *client, &good);
    if (!good) return failed;
    return *client;
  }
  const bool is_public = known && client->secret_hash.empty() && client->jwks.empty();
  if (is_public && given.secret.empty()) {
    if (may_be_public) return *client;
    return BadClient("this program has no secret and no key, so it can do this for nobody");
  }
  if (given.secret.empty()) return BadClient("the program must show a secret or an assertion of its key");
  int64_t wait_seconds = 0;
  // Checked for unknown names too: they take the same time.
  const Status right = sign_on_->CheckSecret(known ? given.client : std::string("?"), given.secret,
                                             request.address, &wait_seconds);
  if (right.ok() && known) return *client;
  if (!right.ok() && right.error().code == ErrorCode::kBusy) {
    Answer busy = Refuse("temporarily_unavailable", right.error().external, wait_seconds);
    busy.status = 429;
    return busy;
  }
  return BadClient("client_id or secret is wrong");
}

}  // namespace tk::access::oauth
