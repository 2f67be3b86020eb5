#include "kernel/access/oauth/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/access/oauth/access_token.h"
#include "kernel/access/oauth/answers.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::access::oauth {
namespace {

constexpr std::string_view kRefreshPurpose = "oauth refresh";

/// Does the account still mean what it meant when this was granted?
bool IsAsItWas(const std::optional<Account>& account, int64_t generation) {
  return account && !account->disabled && account->generation == generation;
}

}  // namespace

Scopes ToldOf(const Account& account, Scopes scopes) {
  scopes.fhir_user = scopes.fhir_user && scopes.openid && !account.record.empty();
  return scopes;
}

Provider::Provider(SignOn* sign_on, const Clock* clock, const ProviderOptions& options)
    : sign_on_(sign_on), clock_(clock), options_(options) {
  CHECK(options.access_seconds > 0 && options.access_seconds <= kTokenSecondsMax);
}

Provider::Authorization Provider::ReadAuthorization(const Form& form, std::string_view issuer) {
  Authorization out;
  AuthorizationRequest& request = out.request;
  request.issuer = issuer;
  const auto client = sign_on_->Find(form["client_id"]);
  if (!client || client->disabled || client->kind != AccountKind::kProgram) {
    out.refusal = Refusal{"invalid_request", "client_id names no program that is known here"};
    return out;
  }
  request.client = client->name;
  out.client_display = client->display;
  const auto& known = client->redirects;
  if (std::find(known.begin(), known.end(), form["redirect_uri"]) == known.end()) {
    out.refusal = Refusal{"invalid_request",
                          "redirect_uri is not, letter by letter, one of the addresses of this program"};
    return out;
  }
  request.redirect = form["redirect_uri"];
  out.answerable = true;
  out.refusal = ReadRequest(form, &request);
  if (out.refusal) return out;
  const auto asked = ParseScopes(form["scope"]), allowed = ParseScopes(client->scopes);
  if (!asked.ok() || !allowed.ok()) {
    out.refusal = Refusal{"invalid_scope", "scope holds characters that no scope has, or too many"};
    return out;
  }
  Scopes scopes = Intersect(*asked, *allowed);
  // A person grants what is his to do; what is the program's own it asks for by itself.
  std::erase_if(scopes.resources, [](const ResourceScope& each) { return each.level == Level::kSystem; });
  request.scope = scopes.ToText();
  if (request.scope.empty()) {
    out.refusal =
        Refusal{"invalid_scope", "nothing of this scope may be granted to this program by a person"};
  } else if (const std::string& aud = form["aud"]; !aud.empty() && aud != AudienceOf(issuer)) {
    out.refusal = Refusal{"invalid_request", "aud is another FHIR server than this one"};
  }
  return out;
}

Result<std::string> Provider::IssueCode(const AuthorizationRequest& request, const Person& person,
                                        std::string_view patient) {
  std::array<uint8_t, 32> bytes;
  SystemRandom(bytes);
  std::string code = ToBase64Url(bytes);
  Pending pending{request,
                  person.account.name,
                  std::string(patient),
                  person.session.id,
                  person.session.methods,
                  person.account.generation,
                  person.session.signed_in_s,
                  person.session.expires_s,
                  NowS() + options_.code_seconds};
  const std::lock_guard<std::mutex> hold(mutex_);
  if (codes_.size() >= options_.codes_max) {
    std::erase_if(codes_, [now_s = NowS()](const auto& each) { return each.second.expires_s <= now_s; });
    if (codes_.size() >= options_.codes_max)
      return MakeError(ErrorCode::kBusy, "too many sign-ons are under way; try again in a minute");
  }
  codes_[ToHex(Sha256(code))] = std::move(pending);
  return code;
}

std::optional<Provider::Pending> Provider::Take(const std::string& digest) {
  const std::lock_guard<std::mutex> hold(mutex_);
  auto node = codes_.extract(digest);
  if (node.empty() || node.mapped().expires_s <= NowS()) return std::nullopt;
  return std::move(node.mapped());
}

Answer Provider::Token(const TokenRequest& request) {
  const std::string& grant = (*request.form)["grant_type"];
  const bool own = grant == "client_credentials";
  if (!own && grant != "authorization_code" && grant != "refresh_token") {
    return grant.empty()
               ? Refuse("invalid_request", "grant_type is missing")
               : Refuse("unsupported_grant_type",
                        "grant_type may be authorization_code, refresh_token or client_credentials");
  }
  Client who = Authenticate(request, !own);
  if (auto* refused = std::get_if<Answer>(&who)) return std::move(*refused);
  const Account& client = std::get<Account>(who);
  Answer answer = own                        ? TokenOfProgram(request, client)
                  : grant == "refresh_token" ? TokenOfRefresh(request, client)
                                             : TokenOfCode(request, client);
  answer.client = client.name;
  return answer;
}

// Whoever brings a code a second time, or one that is another's, gets nothing; and what came of the first time ends (OAuth 2.1 section 4.1.3).
Answer Provider::TokenOfCode(const TokenRequest& request, const Account& client) {
  const Form& form = *request.form;
  const std::string digest = ToHex(Sha256(form["code"]));
  const auto pending = Take(digest);
  if (!pending) {
    if (const Sessions::LivePtr grant = sign_on_->sessions()->OfCode(digest)) {
      if (Status ended = sign_on_->sessions()->End(grant->session.id); !ended.ok())
        return Fail(ended.error());
    }
    return Refuse("invalid_grant", "the code is not known, was used before, or is too old");
  }
  if (pending->request.client != client.name || pending->request.redirect != form["redirect_uri"])
    return Refuse("invalid_grant", "the code was made for another program or another redirect_uri");
  if (pending->request.issuer != request.issuer)
    return Refuse("invalid_grant", "the code was made under another address of this server");
  if (!FitsChallenge(form["code_verifier"], pending->request.challenge))
    return Refuse("invalid_grant", "code_verifier is missing, or is not that of the code_challenge");
  const auto account = sign_on_->Find(pending->account);
  if (!IsAsItWas(account, pending->generation)) return Refuse("invalid_grant", "the sign-on has ended");
  const auto scopes = ParseScopes(pending->request.scope);
  if (!scopes.ok()) return Fail(scopes.error());
  Session session;
  session.id = NewSessionName();
  session.account = account->name;
  session.generation = account->generation;
  session.client = client.name;
  session.client_generation = client.generation;
  session.scope = scopes->ToText();
  session.patient = pending->patient;
  session.issuer = request.issuer;
  session.parent = scopes->offline ? std::string() : pending->parent;
  session.code = digest;
  session.methods = pending->methods;
  session.begun_s = NowS();
  session.signed_in_s = pending->signed_in_s;
  session.expires_s = scopes->offline ? NowS() + options_.offline_seconds : pending->parent_expires_s;
  // Signed out between the consent and now: nothing comes of it.
  if (!scopes->offline && sign_on_->sessions()->Find(pending->parent) == nullptr)
    return Refuse("invalid_grant", "the sign-on has ended");
  if (Status begun = sign_on_->sessions()->Begin(session); !begun.ok()) return Fail(begun.error());
  return Issue(*account, client, session, 0, *scopes, pending->request.nonce);
}

Answer Provider::TokenOfRefresh(const TokenRequest& request, const Account& client) {
  const Form& form = *request.form;
  const auto fields = OpenTicket(sign_on_->key(), kRefreshPurpose, form["refresh_token"], NowS());
  const Answer unknown = Refuse("invalid_grant", "the refresh token is not valid, or has ended");
  int64_t turn = 0;
  if (!fields.ok() || fields->size() != 2 ||
      std::from_chars((*fields)[1].data(), (*fields)[1].data() + (*fields)[1].size(), turn).ec != std::errc())
    return unknown;
  const Sessions::LivePtr live = sign_on_->sessions()->Find((*fields)[0]);
  if (live == nullptr || live->session.client != client.name || live->session.issuer != request.issuer)
    return unknown;
  const Session& session = live->session;
  const auto account = sign_on_->Find(session.account);
  if (!IsAsItWas(account, session.generation) || session.client_generation != client.generation)
    return unknown;
  auto granted = ParseScopes(session.scope);
  if (!granted.ok()) return Fail(granted.error());
  if (!form["scope"].empty()) {
    auto asked = ParseScopes(form["scope"]);
    if (!asked.ok() || Intersect(*asked, *granted).ToText() != asked->ToText())
      return Refuse("invalid_scope", "scope may only name what was granted");
    // What is a matter of the whole grant stays.
    asked->offline = granted->offline;
    asked->online = granted->online;
    granted = std::move(asked);
  }
  Status turned = sign_on_->sessions()->Turn(live, turn);
  if (!turned.ok()) {
    if (turned.error().code == ErrorCode::kUnauthenticated) return unknown;  // ended this moment
    if (turned.error().code != ErrorCode::kConflict) return Fail(turned.error());
    // It was used before: by a thief, or by its owner after a thief. Nobody can tell, so the grant ends.
    if (Status ended = sign_on_->sessions()->End(session.id); !ended.ok()) return Fail(ended.error());
    Answer answer = Refuse("invalid_grant", "the refresh token was used before; the grant has ended");
    answer.account = session.account;
    return answer;
  }
  Answer answer = Issue(*account, client, session, turn + 1, *granted, "");
  // The same token was sent once more meanwhile, and the grant has ended with it: what was made is worth nothing.
  return sign_on_->sessions()->IsOver(*live) ? unknown : std::move(answer);
}

Answer Provider::TokenOfProgram(const TokenRequest& request, const Account& client) {
  if (sign_on_->PostOf(client) == nullptr)
    return Refuse("unauthorized_client", "this program has no post: it acts for people only");
  const auto asked = ParseScopes((*request.form)["scope"]), allowed = ParseScopes(client.scopes);
  if (!asked.ok() || !allowed.ok())
    return Refuse("invalid_scope", "scope holds characters that no scope has");
  Scopes scopes;
  scopes.resources = Intersect(*asked, *allowed).resources;
  std::erase_if(scopes.resources, [](const ResourceScope& each) { return each.level != Level::kSystem; });
  if (scopes.resources.empty())
    return Refuse("invalid_scope", "ask for scopes system/… that this program may be granted");
  Session session;
  session.id = NewSessionName();
  session.account = session.client = client.name;
  session.generation = session.client_generation = client.generation;
  session.issuer = request.issuer;
  return Issue(client, client, session, 0, scopes, "");
}

Answer Provider::Issue(const Account& account, const Account& client, const Session& session, int64_t turn,
                       const Scopes& granted, std::string_view nonce) {
  const Scopes scopes = ToldOf(account, granted);  // a refresh may ask for less
  const auto algorithm = SigningAlgorithmOf(client.id_token_alg);
  if (!algorithm.ok()) return Fail(algorithm.error());
  const auto keys = sign_on_->signing_keys();
  const SigningKey& key = keys->current(*algorithm);
  const int64_t now_s = NowS();
  const bool own = account.name == client.name;
  int64_t seconds = options_.access_seconds;
  if (!own) seconds = std::min(seconds, session.expires_s - now_s);
  const std::string scope = scopes.ToText();
  auto access = MakeAccessToken(key, {session.issuer, account.name, client.name, scope, session.id,
                                      session.patient, account.generation, now_s, now_s + seconds});
  if (!access.ok()) return Fail(access.error());
  Answer answer;
  answer.account = account.name;
  fhir::JsonWriter json(&answer.json);
  json.Object().Member("access_token", *access).Member("token_type", "Bearer").Key("expires_in").Int(seconds);
  json.Member("scope", scope);
  if (scopes.online || scopes.offline)
    json.Member("refresh_token", SealTicket(sign_on_->key(), kRefreshPurpose,
                                            {session.id, std::to_string(turn)}, session.expires_s));
  if (scopes.openid) {
    auto id = MakeIdToken(
        key, {session.issuer, account.name, client.name, std::string(nonce), session.id, session.methods,
              *access, scopes.profile ? account.display : std::string(),
              scopes.fhir_user ? AudienceOf(session.issuer) + "/" + account.record : std::string(),
              session.signed_in_s, now_s, now_s + options_.access_seconds});
    if (!id.ok()) return Fail(id.error());
    json.Member("id_token", *id);
  }
  MemberIf(&json, "patient", session.patient);
  json.End();
  return answer;
}

// RFC 7662: whoever asks is a program with a secret or key; what is not active is told as that and no more.
Answer Provider::Introspect(const TokenRequest& request) {
  Client who = Authenticate(request, false);
  if (auto* refused = std::get_if<Answer>(&who)) return std::move(*refused);
  Answer answer;
  answer.client = std::get<Account>(who).name;
  fhir::JsonWriter json(&answer.json);
  json.Object();
  const std::string& token = (*request.form)["token"];
  const auto viewer = sign_on_->Verify(token, TokenKind::kBearer);
  const bool active = viewer.ok() && !(*viewer)->client.empty() && (*viewer)->issuer == request.issuer;
  json.Key("active").Bool(active);
  if (active) {
    const Viewer& found = **viewer;
    json.Member("scope", found.granted->ToText()).Member("client_id", found.client);
    json.Member("sub", found.account).Member("token_type", "Bearer").Member("iss", found.issuer);
    json.Member("aud", AudienceOf(found.issuer)).Key("exp").Int(found.expires_us / kSecondUs);
    if (found.granted->WantsPatient()) MemberIf(&json, "patient", found.patient);
    if (found.granted->fhir_user && !found.record.empty())
      json.Member("fhirUser", AudienceOf(found.issuer) + "/" + found.record);
  }
  json.End();
  return answer;
}

// RFC 7009: what is not valid is no error; with an access or a refresh token the whole grant ends.
Answer Provider::Revoke(const TokenRequest& request) {
  Client who = Authenticate(request, true);
  if (auto* refused = std::get_if<Answer>(&who)) return std::move(*refused);
  const Account& client = std::get<Account>(who);
  Answer answer;
  answer.client = client.name;
  const std::string& token = (*request.form)["token"];
  if (token.empty()) return Refuse("invalid_request", "token is missing");
  Status ended;
  const auto fields = OpenTicket(sign_on_->key(), kRefreshPurpose, token, NowS());
  if (fields.ok() && fields->size() == 2) {
    const Sessions::LivePtr live = sign_on_->sessions()->Find((*fields)[0]);
    if (live != nullptr && live->session.client == client.name) {
      answer.account = live->session.account;
      ended = sign_on_->sessions()->End(live->session.id);
    }
  } else if (const auto viewer = sign_on_->Verify(token, TokenKind::kBearer);
             viewer.ok() && (*viewer)->client == client.name) {
    answer.account = (*viewer)->account;
    ended = sign_on_->SignOut(**viewer);
  }
  if (!ended.ok()) return Fail(ended.error());
  return answer;
}

Answer Provider::UserInfo(const Viewer* viewer) {
  Answer answer;
  if (viewer == nullptr || viewer->granted == nullptr || !viewer->granted->openid) {
    answer = Refuse("insufficient_scope", "an access token with the scope openid is wanted");
    answer.status = viewer == nullptr ? 401 : 403;
    answer.challenge = true;
    return answer;
  }
  fhir::JsonWriter json(&answer.json);
  json.Object().Member("sub", viewer->account);
  if (viewer->granted->profile)
    json.Member("name", viewer->display).Member("preferred_username", viewer->account);
  if (viewer->granted->fhir_user && !viewer->record.empty())
    json.Member("fhirUser", AudienceOf(viewer->issuer) + "/" + viewer->record);
  json.End();
  return answer;
}

}  // namespace tk::access::oauth
