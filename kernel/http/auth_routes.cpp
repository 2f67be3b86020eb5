// Sign-in, its further steps and sign-out for pages; one's own password, second factor and sessions. Passwords are checked on a worker: argon2id takes
// 60 ms on purpose.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "kernel/access/steps.h"
#include "kernel/base/qr.h"
#include "kernel/base/text.h"
#include "kernel/http/json_body.h"
#include "kernel/http/routes.h"
#include "kernel/http/sign_on_parts.h"

namespace tk::http {
namespace {

using access::SignInSteps;

std::string Describe(const access::Viewer& viewer, const std::vector<std::string>& recovery) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("account", viewer.account).Member("display", viewer.display);
  // Which doors are his, and whose record is his own.
  json.Member("kind", access::NameOf(viewer.kind));
  if (!viewer.record.empty()) json.Member("record", viewer.record);
  json.Member("post", viewer.post->name)
      .Member("title_zh", viewer.post->title_zh)
      .Member("title_en", viewer.post->title_en)
      .Member("area", viewer.area);
  // So that a page offers only what the post may do; each request is still checked by itself.
  json.Key("may").Object();
  WriteTexts(&json.Key("read"), viewer.post->reads);
  WriteTexts(&json.Key("write"), viewer.post->writes);
  WriteTexts(&json.Key("delete"), viewer.post->deletes);
  WriteTexts(&json.Key("call"), viewer.post->operations);
  json.End();
  if (!recovery.empty()) WriteTexts(&json.Key("recovery"), recovery);
  json.End();
  return out;
}

std::string Cookie(const Request& request, std::string_view token, int64_t seconds) {
  return fmt::format("tk_session={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", token, seconds,
                     request.tls ? "; Secure" : "");
}

/// A session's cookie in the answer, in place of what was there.
void AddCookie(const CallPtr& call, const access::SignOn::Grant& grant, Response* response) {
  response->AddHeader("Set-Cookie", Cookie(call->request, grant.token, grant.seconds));
}

Response NoContent() {
  Response response;
  response.status = 204;
  return response;
}

Response ChallengeResponse(const access::Challenge& challenge) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("next", NameOf(challenge.kind)).Member("ticket", challenge.ticket);
  if (challenge.again_seconds > 0) json.Key("again_seconds").Int(challenge.again_seconds);
  if (!challenge.secret.empty()) {
    json.Member("secret", challenge.secret).Member("otpauth", challenge.otpauth);
    if (const auto code = MakeQr(challenge.otpauth); code.ok()) json.Member("qr", QrAsSvg(*code));
  }
  json.End();
  return JsonResponse(202, std::move(out));
}

Response RecoveryResponse(const std::vector<std::string>& codes) {
  std::string out;
  fhir::JsonWriter json(&out);
  WriteTexts(&json.Object().Key("recovery"), codes);
  json.End();
  return JsonResponse(200, std::move(out));
}

/// Signed in, or what is wanted next.
void AnswerOutcome(Pipeline& pipeline, const CallPtr& call, const access::SignInOutcome& outcome,
                   const std::vector<std::string>& recovery) {
  if (const auto* challenge = std::get_if<access::Challenge>(&outcome)) {
    call->viewer = nullptr;
    call->audit_account = challenge->account.empty() ? "?" : challenge->account;
    return pipeline.Answer(call, ChallengeResponse(*challenge));
  }
  const auto& grant = std::get<access::SignOn::Grant>(outcome);
  call->viewer = grant.viewer;
  Response response = JsonResponse(200, Describe(*grant.viewer, recovery));
  AddCookie(call, grant, &response);
  pipeline.Answer(call, std::move(response));
}

/// The body of a request about credentials, read and overwritten.
Result<std::shared_ptr<JsonBody>> TakeBody(const CallPtr& call,
                                           std::initializer_list<std::string_view> wanted) {
  auto body = JsonBody::Read(call->request, wanted);
  sodium_memzero(call->request.body.data(), call->request.body.size());
  if (!body.ok()) return body.TakeError();
  return std::make_shared<JsonBody>(std::move(body).value());
}

using Recovery = std::vector<std::string>;
using Step = std::function<Result<access::SignInOutcome>(SignInSteps&, const JsonBody&, Recovery*)>;

/// One step of a sign-in: reads the body, does it on a worker, tells what came of it.
void DoStep(Pipeline& pipeline, const CallPtr& call, std::string_view action,
            std::initializer_list<std::string_view> members, Step step) {
  call->audit_action = action;
  auto body = TakeBody(call, members);
  if (!body.ok()) return pipeline.AnswerError(call, body.error());
  pipeline.RunOnWorker(call, [&pipeline, call, held = *body, step = std::move(step)] {
    access::SignOn& sign_on = *pipeline.sign_on();
    int64_t wait_seconds = 0;
    SignInSteps steps(&sign_on, FromOf(call->request), &wait_seconds);
    Recovery recovery;
    const std::string of_ticket = steps.AccountOf((*held)["ticket"]);
    auto outcome = step(steps, *held, &recovery);
    const std::string name = of_ticket.empty() ? (*held)["account"] : of_ticket;
    held->Forget();
    if (outcome.ok()) return AnswerOutcome(pipeline, call, *outcome, recovery);
    // An unknown name is not recorded: people type their password there.
    call->viewer = nullptr;
    call->audit_account = sign_on.IsAccount(name) ? name : "?";
    pipeline.Answer(call, ErrorResponse(outcome.error(), wait_seconds));
  });
}

void SignIn(Pipeline& pipeline, const CallPtr& call) {
  DoStep(pipeline, call, "sign-in", {"account", "password"},
         [](SignInSteps& steps, const JsonBody& body, Recovery*) {
           return steps.Begin(body["account"], body["password"], access::TokenKind::kCookie);
         });
}

void SignInByPhone(Pipeline& pipeline, const CallPtr& call) {
  DoStep(pipeline, call, "sign-in-phone", {"phone"}, [](SignInSteps& steps, const JsonBody& body, Recovery*) {
    return steps.BeginPhone(body["phone"], access::TokenKind::kCookie);
  });
}

void SmsAgain(Pipeline& pipeline, const CallPtr& call) {
  DoStep(pipeline, call, "sign-in-phone", {"ticket"},
         [](SignInSteps& steps, const JsonBody& body, Recovery*) { return steps.SmsAgain(body["ticket"]); });
}

void Code(Pipeline& pipeline, const CallPtr& call) {
  DoStep(pipeline, call, "sign-in-code", {"ticket", "code"},
         [](SignInSteps& steps, const JsonBody& body, Recovery*) {
           return steps.Code(body["ticket"], body["code"]);
         });
}

void Enrol(Pipeline& pipeline, const CallPtr& call) {
  DoStep(pipeline, call, "factor-enrol", {"ticket", "code"},
         [](SignInSteps& steps, const JsonBody& body, Recovery* recovery) {
           return steps.Enrol(body["ticket"], body["code"], recovery);
         });
}

void NewPassword(Pipeline& pipeline, const CallPtr& call) {
  DoStep(pipeline, call, "password", {"ticket", "password"},
         [](SignInSteps& steps, const JsonBody& body, Recovery*) {
           return steps.NewPassword(body["ticket"], body["password"]);
         });
}

using OwnStep = std::function<Result<Response>(SignInSteps&, const JsonBody&)>;

/// The same of who is signed in at this page.
void DoOwnStep(Pipeline& pipeline, const CallPtr& call, std::string_view action,
               std::initializer_list<std::string_view> members, OwnStep step) {
  call->audit_action = action;
  auto body = TakeBody(call, members);
  if (!body.ok()) return pipeline.AnswerError(call, body.error());
  pipeline.RunOnWorker(call, [&pipeline, call, held = *body, step = std::move(step)] {
    int64_t wait_seconds = 0;
    SignInSteps steps(pipeline.sign_on(), FromOf(call->request), &wait_seconds);
    auto response = step(steps, *held);
    held->Forget();
    if (response.ok()) return pipeline.Answer(call, std::move(response).value());
    Error error = response.error();
    // He is signed in: that his password or code was wrong must not look as if he were not.
    if (error.code == ErrorCode::kUnauthenticated) error.code = ErrorCode::kForbidden;
    pipeline.Answer(call, ErrorResponse(error, wait_seconds));
  });
}

void ChangePassword(Pipeline& pipeline, const CallPtr& call) {
  DoOwnStep(pipeline, call, "password", {"old", "password"},
            [call](SignInSteps& steps, const JsonBody& body) -> Result<Response> {
              const auto grant = TRY(steps.ChangePassword(*call->viewer, body["old"], body["password"]));
              Response response = NoContent();
              AddCookie(call, grant, &response);
              return response;
            });
}

void StartEnrolment(Pipeline& pipeline, const CallPtr& call) {
  DoOwnStep(pipeline, call, "factor-enrol", {"password"},
            [call](SignInSteps& steps, const JsonBody& body) -> Result<Response> {
              return ChallengeResponse(TRY(steps.StartEnrolment(*call->viewer, body["password"])));
            });
}

void ConfirmEnrolment(Pipeline& pipeline, const CallPtr& call) {
  DoOwnStep(pipeline, call, "factor-enrol", {"ticket", "code"},
            [call](SignInSteps& steps, const JsonBody& body) -> Result<Response> {
              return RecoveryResponse(TRY(steps.EnrolHere(*call->viewer, body["ticket"], body["code"])));
            });
}

void RemoveFactor(Pipeline& pipeline, const CallPtr& call) {
  DoOwnStep(pipeline, call, "factor-remove", {"password"},
            [call](SignInSteps& steps, const JsonBody& body) -> Result<Response> {
              TRY(steps.RemoveFactor(*call->viewer, body["password"]));
              return NoContent();
            });
}

void NewRecovery(Pipeline& pipeline, const CallPtr& call) {
  DoOwnStep(pipeline, call, "factor-recovery", {"password"},
            [call](SignInSteps& steps, const JsonBody& body) -> Result<Response> {
              return RecoveryResponse(TRY(steps.NewRecovery(*call->viewer, body["password"])));
            });
}

/// How one signs in with this account, without anything secret.
void TellFactor(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "factor";
  access::SignOn& sign_on = *pipeline.sign_on();
  const auto account = sign_on.Find(call->viewer->account);
  if (!account) return pipeline.AnswerError(call, MakeError(ErrorCode::kNotFound, "the account is gone"));
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("password").Bool(!account->password_hash.empty());
  if (account->password_set_s != 0)
    json.Member("password_set", FormatInstant(account->password_set_s * kSecondUs));
  json.Key("app").Bool(!account->totp.empty());
  json.Key("recovery_left").Int(static_cast<int64_t>(account->recovery.size()));
  json.Key("sms").Bool(account->sms_factor && sign_on.sms_codes() != nullptr);
  access::Account bare = *account;
  bare.totp.clear();
  bare.sms_factor = false;
  json.Key("demanded").Bool(sign_on.WantsSecondFactor(bare)).End();
  pipeline.Answer(call, JsonResponse(200, std::move(out)));
}

void ListOwnSessions(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "sessions";
  pipeline.Answer(call, SessionsResponse(pipeline.sign_on(), call->viewer->account, call->viewer->session));
}

/// One of one's own, or all but this.
void EndOwnSessions(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "sessions-end";
  const std::string id = call->path.size() == 2 ? call->path[1] : "";
  const Status ended = EndSessions(pipeline.sign_on(), call->viewer->account, id, call->viewer->session);
  if (!ended.ok()) return pipeline.AnswerError(call, ended.error());
  pipeline.Answer(call, NoContent());
}

void SignOut(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "sign-out";
  if (call->viewer != nullptr) {
    if (Status out = pipeline.sign_on()->SignOut(*call->viewer); !out.ok())
      return pipeline.AnswerError(call, out.error());
  }
  Response response = NoContent();
  response.AddHeader("Set-Cookie", Cookie(call->request, "", 0));
  pipeline.Answer(call, std::move(response));
}

/// What is open to everybody before he has signed in: does this server send texts?
void TellWays(Pipeline& pipeline, const CallPtr& call) {
  const bool sms = pipeline.sign_on()->sms_codes() != nullptr;
  pipeline.Answer(call, JsonResponse(200, fmt::format("{{\"password\":true,\"phone\":{}}}", sms)));
}

using AuthHandler = void (*)(Pipeline&, const CallPtr&);
struct AuthRow {
  std::string_view name;
  Method method;
  AuthHandler handler;
  size_t parts_max = 1;
};

constexpr AuthRow kOpenRows[] = {
    {"sign-in", Method::kPost, SignIn},      {"phone", Method::kPost, SignInByPhone},
    {"code-again", Method::kPost, SmsAgain}, {"code", Method::kPost, Code},
    {"enrol", Method::kPost, Enrol},         {"password", Method::kPost, NewPassword},
    {"sign-out", Method::kPost, SignOut},    {"ways", Method::kGet, TellWays}};
// What only who is signed in himself may do: a program that acts for him may not.
constexpr AuthRow kOwnRows[] = {
    {"sessions", Method::kGet, ListOwnSessions},        {"sessions", Method::kDelete, EndOwnSessions, 2},
    {"change-password", Method::kPost, ChangePassword}, {"factor", Method::kGet, TellFactor},
    {"factor", Method::kPost, StartEnrolment},          {"factor-confirm", Method::kPost, ConfirmEnrolment},
    {"factor-remove", Method::kPost, RemoveFactor},     {"recovery", Method::kPost, NewRecovery}};

template <size_t kCount>
AuthHandler HandlerOf(const AuthRow (&rows)[kCount], const Call& call) {
  const Method asked = call.request.method == Method::kHead ? Method::kGet : call.request.method;
  const auto* const at = std::find_if(std::begin(rows), std::end(rows), [&](const AuthRow& row) {
    return !call.path.empty() && row.name == call.path[0] && row.method == asked &&
           call.path.size() <= row.parts_max;
  });
  return at == std::end(rows) ? nullptr : at->handler;
}

void Auth(Pipeline& pipeline, const CallPtr& call) {
  if (const AuthHandler open = HandlerOf(kOpenRows, *call)) return open(pipeline, call);
  const AuthHandler own = HandlerOf(kOwnRows, *call);
  const bool get = call->request.method == Method::kGet || call->request.method == Method::kHead;
  const bool me = get && call->path.size() == 1 && call->path[0] == "me";
  if (own == nullptr && !me)
    return pipeline.AnswerError(
        call,
        MakeError(
            ErrorCode::kNotFound,
            "there are POST /auth/sign-in, phone, code, code-again, enrol, password, sign-out; GET /auth/me, "
            "ways; of who is signed in GET and POST /auth/factor, POST factor-confirm, factor-remove, "
            "recovery, change-password, GET and DELETE /auth/sessions"));
  if (call->viewer == nullptr)
    return pipeline.AnswerError(call, MakeError(ErrorCode::kUnauthenticated, "nobody is signed in"));
  if (me) return pipeline.Answer(call, JsonResponse(200, Describe(*call->viewer, {})));
  if (!call->viewer->by_cookie)
    return pipeline.AnswerError(
        call, MakeError(ErrorCode::kForbidden, "this is done at a page, by who is signed in there"));
  own(pipeline, call);
}

}  // namespace

void AddAuthRoutes(Pipeline* pipeline) {
  RouteOptions options;
  options.open = true;
  options.body_bytes_max = 16 * 1024;
  pipeline->AddRoute("/auth", options, Auth);
}

}  // namespace tk::http
