// The authorization request: what a program asks of the person before it, read strictly; and how it is answered through his browser.
// Rules:  the address for the answer is compared letter by letter with those of the program; PKCE with S256 always; only response_type=code
// Source: OAuth 2.1 draft 12 section 4.1, RFC 7636 (PKCE), RFC 9207 (iss), RFC 6749 appendix B (forms), OpenID Connect Core 1.0 section 3.1.2.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::access::oauth {

/// application/x-www-form-urlencoded; each name once.
class Form {
 public:
  /// Errors: kIncorrect for broken escapes, control characters, a name that stands twice, over 64 of them.
  static Result<Form> Parse(std::string_view text);
  /// "" if it is not there.
  const std::string& operator[](std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Why a request is refused, in the words of RFC 6749 sections 4.1.2.1 and 5.2 and of OpenID Connect.
struct Refusal {
  std::string_view error;   // a literal: "invalid_request" …
  std::string description;  // ASCII, without quotes; nothing that the request said
  int64_t wait_seconds = 0;
};

struct AuthorizationRequest {
  std::string issuer, client, redirect;
  std::string scope;  // what of it the program may be granted
  std::string state, nonce, challenge, prompt, login_hint, locales;
  int64_t max_age_s = -1;  // -1: any

  /// For tickets (token.h), and back; kUnauthenticated if the number of fields is not right.
  std::vector<std::string> ToFields() const;
  static Result<AuthorizationRequest> FromFields(const std::vector<std::string>& fields);
};

/// Is it the challenge of this verifier? RFC 7636 section 4.6, S256; false too when the verifier is not 43 to 128 unreserved characters.
bool FitsChallenge(std::string_view verifier, std::string_view challenge);
bool IsChallenge(std::string_view challenge);

/// All but the client and its address: those first, as a request whose address is not known is answered to nobody.
std::optional<Refusal> ReadRequest(const Form& form, AuthorizationRequest* request);
/// `request.redirect` with the parameters, state and iss.
std::string AnswerUrl(const AuthorizationRequest& request,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);
/// For a query in which every byte that is not a letter or digit is escaped.
std::string QueryEscape(std::string_view text);

}  // namespace tk::access::oauth
