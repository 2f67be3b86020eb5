// The provider of OAuth 2.1, OpenID Connect and SMART-on-FHIR: codes, tokens, grants. Knows no HTTP and no pages.
// Flow:   program → /oauth/authorize → ReadAuthorization → (pages: sign-in, consent, patient) → IssueCode → program → Token → access, id and
//         refresh token → SignOn::Verify narrows each request · Revoke, a replayed code, a used refresh token → the grant ends
// State:  codes in memory (a minute; a restart forgets them, and what is not known is refused); grants in sessions.jsonl (sessions.h)
// Source: OAuth 2.1 draft 12; RFC 7009, 7523, 7662, 9068, 9207; OpenID Connect Core, Discovery, RP-Initiated Logout 1.0; SMART App Launch 2.2.0.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "kernel/access/oauth/authorization.h"
#include "kernel/access/oauth/scopes.h"
#include "kernel/access/sign_on.h"

namespace tk::access::oauth {

struct ProviderOptions {
  int64_t access_seconds = 600;  // at most kTokenSecondsMax
  int64_t code_seconds = 60;
  int64_t offline_seconds = int64_t{30} * 86400;  // a grant with offline_access, whatever is used of it
  int64_t assertion_seconds_max = 300;            // SMART Backend Services: five minutes
  size_t codes_max = 10'000;
};

/// What the token endpoint and its kin answer. JSON; `account` and `client` are for the audit, "" while nobody is known.
struct Answer {
  int status = 200;
  std::string json;
  std::string account, client;
  std::string_view error;  // "" = granted
  bool challenge = false;  // 401: name the scheme that is wanted
  int64_t wait_seconds = 0;
};

/// What the three endpoints that programs call by themselves are given.
struct TokenRequest {
  std::string_view issuer, authorization, address;
  const Form* form = nullptr;
};

/// Who the person before the browser is, for what is granted.
struct Person {
  Account account;
  Session session;  // of the cookie
};

/// What of `scopes` can be kept for this account. fhirUser is a claim of the id token that names the account's record (SMART App Launch 2.2.0, "scopes for
/// requesting identity data"): without openid, or without a record, it is not granted, and the program sees so in the `scope` that it gets.
Scopes ToldOf(const Account& account, Scopes scopes);

class Provider {
 public:
  Provider(SignOn* sign_on, const Clock* clock, const ProviderOptions& options = {});

  /// First the program and the address, without which nobody is answered; then the rest.
  struct Authorization {
    AuthorizationRequest request;
    bool answerable = false;  // the address for answers is good
    std::optional<Refusal> refusal;
    std::string client_display;
  };
  Authorization ReadAuthorization(const Form& form, std::string_view issuer);

  /// A code for what the person granted. Errors: kBusy when too many wait to be used.
  Result<std::string> IssueCode(const AuthorizationRequest& request, const Person& person,
                                std::string_view patient);

  /// The token endpoint. May take 60 ms: on a worker.
  Answer Token(const TokenRequest& request);
  Answer Introspect(const TokenRequest& request);
  Answer Revoke(const TokenRequest& request);
  Answer UserInfo(const Viewer* viewer);

  std::string Discovery(std::string_view issuer) const;
  std::string SmartConfiguration(std::string_view issuer) const;
  std::string Jwks() const;

  /// The account and session of an id token of ours, however old; for end_session. nullopt if it is none.
  struct Hint {
    std::string account, client, session;
  };
  std::optional<Hint> ReadHint(std::string_view id_token, std::string_view issuer) const;

 private:
  struct Pending {
    AuthorizationRequest request;
    std::string account, patient, parent, methods;
    int64_t generation = 0, signed_in_s = 0, parent_expires_s = 0, expires_s = 0;
  };
  using Client = std::variant<Account, Answer>;
  Client Authenticate(const TokenRequest& request, bool may_be_public);
  Answer AssertionFails(const TokenRequest& request, const Account& client, bool* good);
  Answer TokenOfCode(const TokenRequest& request, const Account& client);
  Answer TokenOfRefresh(const TokenRequest& request, const Account& client);
  Answer TokenOfProgram(const TokenRequest& request, const Account& client);
  std::optional<Pending> Take(const std::string& digest);
  Answer Issue(const Account& account, const Account& client, const Session& session, int64_t turn,
               const Scopes& granted, std::string_view nonce);
  int64_t NowS() const { return clock_->NowUs() / kSecondUs; }

  SignOn* const sign_on_;
  const Clock* const clock_;
  const ProviderOptions options_;
  std::mutex mutex_;
  std::unordered_map<std::string, Pending> codes_;  // by digest
};

}  // namespace tk::access::oauth
