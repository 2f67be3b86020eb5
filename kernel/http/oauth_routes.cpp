// /oauth, /.well-known and /fhir/.well-known: the provider (kernel/access/oauth) behind HTTP, with its pages.
// Flow:   GET authorize → sign-in page → POST sign-in → (code, enrolment or new password → POST step) → consent page → POST consent → (patient page → POST patient) → 303 to the program
//         Each page carries a ticket: the program's request, signed, for this browser (cookie tk_page) and this sign-on; nothing else is a form of ours.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "kernel/access/steps.h"
#include "kernel/base/text.h"
#include "kernel/fhir/value.h"
#include "kernel/http/oauth_pages.h"
#include "kernel/http/routes.h"
#include "kernel/http/sign_on_parts.h"

namespace tk::http {

extern const char* const kSignOnCss;  // sign_on_css.cpp, made from the pages' style

namespace {

using access::TokenKind;
using access::oauth::AuthorizationRequest;
using access::oauth::Form;
using access::oauth::Person;

constexpr std::string_view kDoorCookie = "tk_door", kPageCookie = "tk_page";
constexpr int64_t kTicketSeconds = 600;
constexpr std::string_view kSignInPurpose = "oauth sign-in", kConsentPurpose = "oauth consent",
                           kPatientPurpose = "oauth patient", kSignOutPurpose = "oauth sign-out";
constexpr size_t kFoundMax = 10;

/// One request under /oauth, with whose it is.
struct Visit {
  Pipeline* pipeline;
  access::oauth::Provider* provider;
  const FhirPort* port;
  CallPtr call;
  std::string issuer;
  Form form;
  std::string mark;  // the browser's; new if it had none
  std::optional<Person> person;
  std::string cookies;  // further headers of the answer

  access::SignOn& sign_on() const { return *pipeline->sign_on(); }
  int64_t NowS() const { return sign_on().options().clock->NowUs() / kSecondUs; }
  Language LanguageFor(const AuthorizationRequest& request) const {
    return LanguageOf(request.locales, call->request.accept_language);
  }
  void AddCookie(std::string_view name, std::string_view value, int64_t seconds) {
    Response line;
    // Lax: the redirect of a program brings it along, a form of another site does not.
    line.AddHeader("Set-Cookie", fmt::format("{}={}; Path=/oauth; Max-Age={}; HttpOnly; SameSite=Lax{}", name,
                                             value, seconds, issuer.starts_with("https:") ? "; Secure" : ""));
    cookies += line.headers;
  }
  std::string Ticket(std::string_view purpose, const AuthorizationRequest& request) const {
    std::vector<std::string> fields = {mark, person ? person->session.id : std::string()};
    for (std::string& field : request.ToFields()) fields.push_back(std::move(field));
    return access::SealTicket(sign_on().key(), purpose, fields, NowS() + kTicketSeconds);
  }
  void Answer(Response response) {
    response.headers += cookies;
    pipeline->Answer(call, std::move(response));
  }
  void Redirect(const std::string& url) {
    Response response;
    response.status = 303;
    response.AddHeader("Location", url);
    response.AddHeader("Referrer-Policy", "no-referrer");
    Answer(std::move(response));
  }
  /// A page for the person: what cannot be told to the program.
  void Message(int status, std::string_view zh, std::string_view en, std::string_view text) {
    const Language language = LanguageOf("", call->request.accept_language);
    Answer(HtmlPage(status, Html(MessagePage{language, zh, en, text}), ""));
  }
};
using VisitPtr = std::shared_ptr<Visit>;

void Stale(Visit& visit) {
  visit.Message(403, "此页面已失效，请从程序重新开始。", "This page is no longer good.",
                "Begin again at the program that sent you here.");
}

/// Who is signed in at this browser: by the cookie of these pages, or by that of the others.
std::optional<Person> PersonOf(const Visit& visit) {
  access::SignOn& sign_on = visit.sign_on();
  const auto door = sign_on.Verify(CookieOf(visit.call->request.cookie, kDoorCookie), TokenKind::kDoor);
  std::shared_ptr<const access::Viewer> viewer = door.ok() ? *door : visit.call->viewer;
  if (viewer == nullptr || !viewer->by_cookie) return std::nullopt;
  const auto account = sign_on.Find(viewer->account);
  const access::Sessions::LivePtr live = sign_on.sessions()->Find(viewer->session);
  if (!account || live == nullptr) return std::nullopt;
  visit.call->viewer = viewer;
  return Person{*account, live->session};
}

/// The request in the form's ticket, if the ticket is this browser's and this sign-on's.
std::optional<AuthorizationRequest> OpenForm(const Visit& visit, std::string_view purpose) {
  auto fields = access::OpenTicket(visit.sign_on().key(), purpose, visit.form["ticket"], visit.NowS());
  const std::string session = visit.person ? visit.person->session.id : std::string();
  const bool any_session = purpose == kSignInPurpose;
  if (!fields.ok() || fields->size() < 2 ||
      (*fields)[0] != CookieOf(visit.call->request.cookie, kPageCookie) ||
      (!any_session && ((*fields)[1] != session || session.empty())))
    return std::nullopt;
  fields->erase(fields->begin(), fields->begin() + 2);
  auto request = AuthorizationRequest::FromFields(*fields);
  if (!request.ok() || request->issuer != visit.issuer) return std::nullopt;
  return std::move(request).value();
}

void Refuse(Visit& visit, const AuthorizationRequest& request, std::string_view error,
            std::string_view description) {
  visit.Redirect(AnswerUrl(request, {{"error", error}, {"error_description", description}}));
}

std::string DisplayOf(const Visit& visit, const AuthorizationRequest& request) {
  const auto client = visit.sign_on().Find(request.client);
  return client ? client->display : std::string();
}

void ShowSignIn(Visit& visit, const AuthorizationRequest& request, int status, SignInProblem problem,
                int64_t wait_seconds, std::string_view account) {
  const std::string ticket = visit.Ticket(kSignInPurpose, request), program = DisplayOf(visit, request);
  SignInPage page{visit.LanguageFor(request),
                  ticket,
                  program,
                  account,
                  problem,
                  wait_seconds,
                  visit.sign_on().sms_codes() != nullptr};
  visit.Answer(HtmlPage(status, Html(page), request.redirect));
}

void Finish(Visit& visit, const AuthorizationRequest& request, std::string_view patient) {
  visit.call->audit_action = "grant";
  auto code = visit.provider->IssueCode(request, *visit.person, patient);
  if (!code.ok()) return Refuse(visit, request, "temporarily_unavailable", code.error().external);
  visit.Redirect(AnswerUrl(request, {{"code", *code}}));
}

void ShowPatients(Visit& visit, const AuthorizationRequest& request, PatientPage page) {
  const std::string ticket = visit.Ticket(kPatientPurpose, request), program = DisplayOf(visit, request);
  page.language = visit.LanguageFor(request);
  page.ticket = ticket;
  page.program = program;
  visit.Answer(HtmlPage(200, Html(page), request.redirect));
}

/// After the consent: whose record it is about, if that must be known.
void ChoosePatient(Visit& visit, const AuthorizationRequest& request) {
  const auto scopes = access::oauth::ParseScopes(request.scope);
  if (!scopes.ok() || !scopes->WantsPatient()) return Finish(visit, request, "");
  const access::Viewer& viewer = *visit.call->viewer;
  if (viewer.kind == access::AccountKind::kResident) return Finish(visit, request, viewer.patient);
  if (!viewer.MayRead("Patient"))
    return Refuse(visit, request, "access_denied", "the post of this account may not read Patient");
  if (visit.form["prompt"] == "none" || request.prompt == "none")
    return Refuse(visit, request, "interaction_required", "a patient must be chosen");
  ShowPatients(visit, request, {});
}

bool WasGranted(const Visit& visit, const AuthorizationRequest& request) {
  const auto live = visit.sign_on().sessions()->Of(visit.person->account.name);
  return std::any_of(live.begin(), live.end(), [&](const access::Sessions::LivePtr& each) {
    const auto asked = access::oauth::ParseScopes(request.scope),
               granted = access::oauth::ParseScopes(each->session.scope);
    return each->session.client == request.client && asked.ok() && granted.ok() &&
           Intersect(*asked, *granted).ToText() == asked->ToText();
  });
}

/// He is signed in: does he know what the program wants? From here on it is what can be granted for him.
void AskConsent(Visit& visit, AuthorizationRequest request) {
  auto asked = access::oauth::ParseScopes(request.scope);
  if (!asked.ok()) return Refuse(visit, request, "invalid_scope", asked.error().external);
  const auto scopes = access::oauth::ToldOf(visit.person->account, std::move(asked).value());
  request.scope = scopes.ToText();
  if (request.scope.empty())
    return Refuse(visit, request, "invalid_scope",
                  "fhirUser is granted with openid, to accounts that have a record");
  const bool wanted = request.prompt.find("consent") != std::string::npos;
  if (!wanted && WasGranted(visit, request)) return ChoosePatient(visit, request);
  if (request.prompt == "none")
    return Refuse(visit, request, "consent_required", "the person must agree first");
  const std::string ticket = visit.Ticket(kConsentPurpose, request), program = DisplayOf(visit, request);
  ConsentPage page{visit.LanguageFor(request),    ticket, program, request.redirect,
                   visit.person->account.display, &scopes};
  visit.Answer(HtmlPage(200, Html(page), request.redirect));
}

void Authorize(Visit& visit) {
  visit.call->audit_action = "authorize";
  auto asked = visit.provider->ReadAuthorization(visit.form, visit.issuer);
  const AuthorizationRequest& request = asked.request;
  if (!asked.answerable)
    return visit.Message(400, "程序的请求有误。", "The program's request is wrong.",
                         asked.refusal->description);
  if (asked.refusal) return Refuse(visit, request, asked.refusal->error, asked.refusal->description);
  visit.AddCookie(kPageCookie, visit.mark, 12 * 3600);
  const bool fresh = visit.person && (request.max_age_s < 0 ||
                                      visit.NowS() - visit.person->session.signed_in_s <= request.max_age_s);
  const bool again = request.prompt.find("login") != std::string::npos;
  if (fresh && !again) return AskConsent(visit, request);
  if (request.prompt == "none") return Refuse(visit, request, "login_required", "nobody is signed in");
  ShowSignIn(visit, request, 200, SignInProblem::kNone, 0, request.login_hint);
}

/// The address at which the program's request begins anew, for a page that only leads on.
std::string AuthorizeUrl(const AuthorizationRequest& request) {
  std::string url = "/oauth/authorize?response_type=code&code_challenge_method=S256";
  const auto add = [&url](std::string_view name, std::string_view value) {
    if (!value.empty()) url.append("&").append(name).append("=").append(access::oauth::QueryEscape(value));
  };
  add("client_id", request.client);
  add("redirect_uri", request.redirect);
  add("scope", request.scope);
  add("state", request.state);
  add("nonce", request.nonce);
  add("code_challenge", request.challenge);
  add("ui_locales", request.locales);
  return url;
}

void ShowStep(Visit& visit, const AuthorizationRequest& request, int status,
              const access::Challenge& challenge, std::string_view zh, std::string_view en) {
  visit.call->viewer = nullptr;
  const std::string ticket = visit.Ticket(kSignInPurpose, request), program = DisplayOf(visit, request);
  const StepPage page{visit.LanguageFor(request), ticket, program, &challenge, zh, en};
  visit.Answer(HtmlPage(status, Html(page), request.redirect));
}

/// Signed in, or what is wanted next.
void AfterStep(Visit& visit, const AuthorizationRequest& request, const access::SignInOutcome& outcome,
               const std::vector<std::string>& recovery) {
  if (const auto* challenge = std::get_if<access::Challenge>(&outcome)) {
    visit.call->audit_account = challenge->account.empty() ? "?" : challenge->account;
    return ShowStep(visit, request, 200, *challenge, {}, {});
  }
  const auto& grant = std::get<access::SignOn::Grant>(outcome);
  visit.call->viewer = grant.viewer;
  visit.AddCookie(kDoorCookie, grant.token, grant.seconds);
  const auto account = visit.sign_on().Find(grant.viewer->account);
  const auto live = visit.sign_on().sessions()->Find(grant.viewer->session);
  if (!account || live == nullptr) return Stale(visit);
  visit.person = Person{*account, live->session};
  if (recovery.empty()) return AskConsent(visit, request);
  const std::string next = AuthorizeUrl(request);
  visit.Answer(HtmlPage(200, Html(RecoveryPage{visit.LanguageFor(request), next, &recovery}), ""));
}

using DoorStep =
    std::function<void(const AuthorizationRequest&, access::SignInSteps&, const int64_t& wait_seconds)>;

/// One step of a sign-in at these pages: the program's request from the form's ticket, then the work on a worker.
void AtDoor(const VisitPtr& visit, std::string_view action, DoorStep step) {
  visit->call->audit_action = action;
  visit->person.reset();
  const auto request = OpenForm(*visit, kSignInPurpose);
  if (!request) return Stale(*visit);
  visit->pipeline->RunOnWorker(visit->call, [visit, asked = *request, step = std::move(step)] {
    int64_t wait_seconds = 0;
    access::SignInSteps steps(&visit->sign_on(), FromOf(visit->call->request), &wait_seconds);
    step(asked, steps, wait_seconds);
  });
}

/// The sign-in form again, with what was wrong with it; `name` may be no account's: people type their password there.
void SignInFails(Visit& visit, const AuthorizationRequest& request, const Error& error, SignInProblem problem,
                 int64_t wait_seconds, const std::string& name) {
  const bool busy = error.code == ErrorCode::kBusy;
  const int status = busy ? 429 : problem == SignInProblem::kPhone ? 400 : 401;
  visit.call->viewer = nullptr;
  visit.call->audit_account = visit.sign_on().IsAccount(name) ? name : "?";
  ShowSignIn(visit, request, status, busy ? SignInProblem::kBusy : problem, wait_seconds, name);
}

void SignInAtDoor(const VisitPtr& visit) {
  AtDoor(visit, "sign-in",
         [visit](const AuthorizationRequest& asked, access::SignInSteps& steps, const int64_t& wait_seconds) {
           const std::string& name = visit->form["account"];
           const auto outcome = steps.Begin(name, visit->form["password"], TokenKind::kDoor);
           if (outcome.ok()) return AfterStep(*visit, asked, *outcome, {});
           SignInFails(*visit, asked, outcome.error(), SignInProblem::kWrong, wait_seconds, name);
         });
}

void PhoneAtDoor(const VisitPtr& visit) {
  AtDoor(visit, "sign-in-phone",
         [visit](const AuthorizationRequest& asked, access::SignInSteps& steps, const int64_t& wait_seconds) {
           const auto outcome = steps.BeginPhone(visit->form["phone"], TokenKind::kDoor);
           if (outcome.ok()) return AfterStep(*visit, asked, *outcome, {});
           SignInFails(*visit, asked, outcome.error(), SignInProblem::kPhone, wait_seconds, {});
         });
}

/// A wrong answer may be mended; what is over, or locked, begins anew.
void FailStep(Visit& visit, const AuthorizationRequest& request, const Error& error,
              const std::optional<access::Challenge>& again, int64_t wait_seconds) {
  visit.call->viewer = nullptr;
  const std::string account = again ? again->account : std::string();
  visit.call->audit_account = account.empty() ? "?" : account;
  if (error.code == ErrorCode::kBusy)
    return ShowSignIn(visit, request, 429, SignInProblem::kBusy, wait_seconds, account);
  if (!again) return ShowSignIn(visit, request, 401, SignInProblem::kOver, 0, "");
  if (error.code == ErrorCode::kIncorrect)
    return ShowStep(
        visit, request, 400, *again,
        "新密码不符合要求：至少 10 个字符，不含账号名、常见词和连续或重复的字符，且不同于旧密码。",
        error.external);
  ShowStep(visit, request, 401, *again, "验证码错误，或已使用过。", "The code is wrong, or was used before.");
}

void FurtherStep(const VisitPtr& visit) {
  AtDoor(visit, "sign-in-code",
         [visit](const AuthorizationRequest& asked, access::SignInSteps& steps, const int64_t& wait_seconds) {
           const std::string &ticket = visit->form["step"], &given = visit->form["answer"];
           std::vector<std::string> recovery;
           using Kind = access::Challenge::Kind;
           const auto shown = steps.Show(ticket);
           const Kind kind = shown ? shown->kind : Kind::kCode;
           auto outcome = !visit->form["again"].empty() ? steps.SmsAgain(ticket)
                          : kind == Kind::kPassword     ? steps.NewPassword(ticket, given)
                          : kind == Kind::kEnrol        ? steps.Enrol(ticket, given, &recovery)
                                                        : steps.Code(ticket, given);
           if (outcome.ok()) return AfterStep(*visit, asked, *outcome, recovery);
           FailStep(*visit, asked, outcome.error(), shown, wait_seconds);
         });
}

void Consent(Visit& visit) {
  visit.call->audit_action = "consent";
  const auto request = OpenForm(visit, kConsentPurpose);
  if (!request) return Stale(visit);
  if (visit.form["decision"] == "allow") return ChoosePatient(visit, *request);
  Refuse(visit, *request, "access_denied", "the person did not agree");
}

/// An interaction as the person himself, before any scope narrows him.
void Ask(const VisitPtr& visit, std::vector<std::string> path, std::string query,
         std::function<void(interaction::Response)> done) {
  interaction::Request request;
  request.path = std::move(path);
  request.query = std::move(query);
  request.base_url = visit->issuer + "/fhir";
  request.request_id = visit->call->request_id;
  request.deadline_us = visit->pipeline->DeadlineOf(*visit->call);
  request.viewer = visit->call->viewer;
  visit->pipeline->RunOnWorker(
      visit->call, [visit, asked = std::make_shared<interaction::Request>(std::move(request)),
                    answer = std::move(done)]() mutable {
        visit->port->handle(std::move(*asked),
                            [visit, answer = std::move(answer)](interaction::Response found) {
                              visit->call->audit_owners = found.audit_owners;  // whom the page shows
                              answer(std::move(found));
                            });
      });
}

std::string NameIn(fhir::Value patient) {
  for (const fhir::Value name : patient["name"]) {
    std::string text = name["text"].ToString();
    if (text.empty()) {
      text = name["family"].ToString();
      for (const fhir::Value given : name["given"]) text += given.ToString();
    }
    if (!text.empty()) return text;
  }
  return "–";
}

void ShowFound(Visit& visit, const AuthorizationRequest& request, const interaction::Response& answer) {
  PatientPage page;
  page.searched = true;
  page.failed = answer.status != 200;
  const auto bundle = fhir::Document::Parse(page.failed ? "{}" : answer.body);
  if (bundle.ok()) {
    for (const fhir::Value entry : bundle->Root()["entry"]) {
      const fhir::Value patient = entry["resource"];
      if (patient["resourceType"].ToString() != "Patient" || page.found.size() >= kFoundMax) continue;
      page.found.push_back({patient["id"].ToString(), NameIn(patient), patient["gender"].ToString(),
                            patient["birthDate"].ToString()});
    }
  }
  ShowPatients(visit, request, std::move(page));
}

void Patient(const VisitPtr& visit) {
  visit->call->audit_action = "search";
  visit->call->audit_type = "Patient";
  const auto request = OpenForm(*visit, kPatientPurpose);
  if (!request || visit->call->viewer == nullptr) return Stale(*visit);
  const std::string& chosen = visit->form["patient"];
  if (chosen.empty()) {
    // In the body of a form and in memory: never in an address.
    const std::string query = fmt::format("_count={}&identifier={}", kFoundMax,
                                          access::oauth::QueryEscape(visit->form["identifier"]));
    return Ask(visit, {"Patient"}, query, [visit, asked = *request](const interaction::Response& answer) {
      ShowFound(*visit, asked, answer);
    });
  }
  visit->call->audit_id = chosen;
  Ask(visit, {"Patient", chosen}, "", [visit, asked = *request, chosen](const interaction::Response& answer) {
    if (answer.status != 200) return ShowFound(*visit, asked, answer);
    Finish(*visit, asked, chosen);
  });
}

/// What a program is answered, as HTTP.
void AnswerProgram(Visit& visit, access::oauth::Answer answer) {
  const CallPtr& call = visit.call;
  // It was asked with the program's own credentials: a cookie that came along says nothing.
  if (call->viewer != nullptr && call->viewer->by_cookie) call->viewer = nullptr;
  call->audit_account = !answer.account.empty() ? answer.account
                        : answer.client.empty() ? "?"
                                                : answer.client;
  call->audit_reason = answer.error;
  Response response = JsonResponse(answer.status, std::move(answer.json));
  if (response.body.empty()) response.content_type.clear();
  response.AddHeader("Pragma", "no-cache");
  if (answer.challenge) {
    const std::string_view scheme = answer.error == "invalid_client" ? "Basic" : "Bearer";
    response.AddHeader("WWW-Authenticate",
                       fmt::format("{} realm=\"tongkang\", error=\"{}\"", scheme, answer.error));
  }
  if (answer.wait_seconds > 0) response.AddHeader("Retry-After", std::to_string(answer.wait_seconds));
  visit.Answer(std::move(response));
}

void CallProvider(
    const VisitPtr& visit, std::string_view action,
    access::oauth::Answer (access::oauth::Provider::*method)(const access::oauth::TokenRequest&)) {
  visit->call->audit_action = action;
  visit->pipeline->RunOnWorker(visit->call, [visit, method] {
    access::oauth::TokenRequest request{visit->issuer, visit->call->request.authorization,
                                        visit->call->request.peer, &visit->form};
    // A bearer token in place of the program's own credentials means nothing here.
    AnswerProgram(*visit, (visit->provider->*method)(request));
  });
}

void EndSession(Visit& visit) {
  visit.call->audit_action = "sign-out";
  const bool confirmed = visit.call->request.method == Method::kPost && [&] {
    const auto fields =
        access::OpenTicket(visit.sign_on().key(), kSignOutPurpose, visit.form["ticket"], visit.NowS());
    return fields.ok() && visit.person && fields->size() == 1 && fields->front() == visit.person->session.id;
  }();
  const auto hint = visit.provider->ReadHint(visit.form["id_token_hint"], visit.issuer);
  const bool meant = hint && visit.person && hint->account == visit.person->account.name;
  if (visit.person && !confirmed && !meant) {
    const std::string ticket = access::SealTicket(visit.sign_on().key(), kSignOutPurpose,
                                                  {visit.person->session.id}, visit.NowS() + kTicketSeconds);
    const Language language = LanguageOf(visit.form["ui_locales"], visit.call->request.accept_language);
    return visit.Answer(
        HtmlPage(200, Html(SignOutPage{language, ticket, visit.person->account.display}), ""));
  }
  if (visit.person) {
    if (Status out = visit.sign_on().SignOut(*visit.call->viewer); !out.ok())
      return visit.pipeline->AnswerError(visit.call, out.error());
  }
  visit.AddCookie(kDoorCookie, "", 0);
  const std::string& back = visit.form["post_logout_redirect_uri"];
  const auto client = visit.sign_on().Find(hint ? hint->client : visit.form["client_id"]);
  if (!back.empty() && hint && client &&
      std::find(client->redirects.begin(), client->redirects.end(), back) != client->redirects.end()) {
    std::string url = back;
    if (const std::string& state = visit.form["state"]; !state.empty())
      url +=
          (back.find('?') == std::string::npos ? "?state=" : "&state=") + access::oauth::QueryEscape(state);
    return visit.Redirect(url);
  }
  visit.Message(200, "您已退出登录。", "You have signed out.", "");
}

void Style(Visit& visit) {
  static const auto text = std::make_shared<const std::string>(kSignOnCss);
  Response response;
  response.shared_body = text;
  response.content_type = "text/css; charset=utf-8";
  response.AddHeader("Cache-Control", "public, max-age=3600");
  visit.Answer(std::move(response));
}

void NothingHere(Visit& visit) {
  visit.pipeline->AnswerError(
      visit.call,
      MakeError(ErrorCode::kNotFound,
                "there are authorize, token, introspect, revoke, userinfo, jwks and end-session; see "
                "/.well-known/openid-configuration"));
}

void Dispatch(const VisitPtr& visit) {
  const CallPtr& call = visit->call;
  const std::string what = call->path.size() == 1 ? call->path[0] : "";
  using access::oauth::Provider;
  const Method method = call->request.method;
  if (method == Method::kPost) {
    if (what == "authorize") return Authorize(*visit);  // OpenID Connect Core 3.1.2.1: GET and POST
    if (what == "sign-in") return SignInAtDoor(visit);
    if (what == "step") return FurtherStep(visit);
    if (what == "phone") return PhoneAtDoor(visit);
    if (what == "consent") return Consent(*visit);
    if (what == "patient") return Patient(visit);
    if (what == "token") return CallProvider(visit, "token", &Provider::Token);
    if (what == "introspect") return CallProvider(visit, "introspect", &Provider::Introspect);
    if (what == "revoke") return CallProvider(visit, "revoke", &Provider::Revoke);
  } else if (method == Method::kGet || method == Method::kHead) {
    if (what == "authorize") return Authorize(*visit);
    if (what == "jwks") return visit->Answer(JsonResponse(200, visit->provider->Jwks()));
    if (what == "style.css") return Style(*visit);
  }
  if (what == "end-session" && method != Method::kPut && method != Method::kDelete) return EndSession(*visit);
  if (what == "userinfo") {
    call->audit_action = "userinfo";
    const access::Viewer* const viewer = call->viewer.get();
    return AnswerProgram(
        *visit, visit->provider->UserInfo(viewer != nullptr && viewer->by_cookie ? nullptr : viewer));
  }
  NothingHere(*visit);
}

std::string NewMark() { return access::NewSessionName() + access::NewSessionName(); }

/// In the name of an address that only the request itself says is ours, nothing is signed and nothing is checked (RFC 7523 section 3).
Response NotOurs() {
  std::string json;
  fhir::JsonWriter(&json)
      .Object()
      .Member("error", "invalid_request")
      .Member("error_description",
              "It is not known that this address is this server's: start it with --public-url=https://host, "
              "or ask at the address and port that it listens at.")
      .End();
  return JsonResponse(421, std::move(json));
}

void Oauth(Pipeline& pipeline, access::oauth::Provider* provider, const FhirPort* port, const CallPtr& call) {
  auto visit = std::make_shared<Visit>();
  visit->pipeline = &pipeline;
  visit->provider = provider;
  visit->port = port;
  visit->call = call;
  const auto own = pipeline.OwnUrl(call->request);
  if (!own) return pipeline.Answer(call, NotOurs());
  visit->issuer = *own;
  const bool posted = call->request.method == Method::kPost;
  if (posted && !ToLower(call->request.content_type).starts_with("application/x-www-form-urlencoded") &&
      !call->request.body.empty()) {
    return pipeline.AnswerError(
        call, MakeError(ErrorCode::kUnsupported, "send Content-Type: application/x-www-form-urlencoded"));
  }
  auto form = Form::Parse(posted ? std::string_view(call->request.body) : call->request.query());
  sodium_memzero(call->request.body.data(), call->request.body.size());
  if (!form.ok()) {
    const std::string_view description = form.error().external;
    std::string json;
    fhir::JsonWriter(&json)
        .Object()
        .Member("error", "invalid_request")
        .Member("error_description", description)
        .End();
    return pipeline.Answer(call, JsonResponse(400, std::move(json)));
  }
  visit->form = std::move(form).value();
  const std::string_view mark = CookieOf(call->request.cookie, kPageCookie);
  const bool good = mark.size() == 32 && mark.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  visit->mark = good ? std::string(mark) : NewMark();
  visit->person = PersonOf(*visit);
  Dispatch(visit);
}

}  // namespace

void AddOauthRoutes(Pipeline* pipeline, access::oauth::Provider* provider, FhirPort port) {
  auto shared = std::make_shared<const FhirPort>(std::move(port));
  RouteOptions options;
  options.open = true;
  options.own_forms = true;
  options.body_bytes_max = 32 * 1024;
  pipeline->AddRoute("/oauth", options, [provider, shared](Pipeline& way, const CallPtr& call) {
    Oauth(way, provider, shared.get(), call);
  });
  RouteOptions open;
  open.open = true;
  open.audited = false;
  open.body_bytes_max = 0;
  const auto tell = [pipeline, open, provider](
                        const char* path,
                        std::string (access::oauth::Provider::*method)(std::string_view) const) {
    pipeline->AddRoute(path, open, [provider, method](Pipeline& way, const CallPtr& call) {
      const auto own = way.OwnUrl(call->request);
      way.Answer(call, own ? JsonResponse(200, (provider->*method)(*own)) : NotOurs());
    });
  };
  tell("/.well-known/openid-configuration", &access::oauth::Provider::Discovery);
  tell("/.well-known/oauth-authorization-server", &access::oauth::Provider::Discovery);
  tell("/fhir/.well-known/smart-configuration", &access::oauth::Provider::SmartConfiguration);
}

}  // namespace tk::http
