// Sign-in and sign-out for pages. The password is checked on a worker: argon2id takes 60 ms on purpose.
#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>

#include "kernel/base/text.h"
#include "kernel/http/routes.h"

namespace tk::http {
namespace {

struct Credentials {
  std::string account, password;
};

Result<Credentials> ReadCredentials(const Request& request) {
  if (!ToLower(request.content_type).starts_with("application/json")) {
    return MakeError(ErrorCode::kUnsupported, "send Content-Type: application/json");
  }
  const Error wrong = MakeError(ErrorCode::kIncorrect, "send {\"account\": \"…\", \"password\": \"…\"}");
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view account, password;
  const simdjson::padded_string padded(request.body);
  if (parser.parse(padded).get(document) != simdjson::SUCCESS ||
      document["account"].get(account) != simdjson::SUCCESS ||
      document["password"].get(password) != simdjson::SUCCESS) {
    return wrong;
  }
  return Credentials{std::string(account), std::string(password)};
}

// A JSON array of `words`.
void AppendWords(const std::vector<std::string>& words, std::string* out) {
  *out += '[';
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(words[i], out);
  }
  *out += ']';
}

std::string Describe(const access::Viewer& viewer) {
  std::string out;
  const auto member = [&out](std::string_view key, std::string_view text) {
    out += out.empty() ? "{\"" : ",\"";
    out += key;
    out += "\":";
    AppendJsonString(text, &out);
  };
  member("account", viewer.account);
  member("display", viewer.display);
  member("post", viewer.post->name);
  member("title_zh", viewer.post->title_zh);
  member("title_en", viewer.post->title_en);
  member("area", viewer.area);
  // So that a page offers only what the post may do; each request is still checked by itself.
  out += ",\"may\":{\"read\":";
  AppendWords(viewer.post->reads, &out);
  out += ",\"write\":";
  AppendWords(viewer.post->writes, &out);
  out += ",\"call\":";
  AppendWords(viewer.post->operations, &out);
  return out + "}}";
}

std::string Cookie(const Request& request, std::string_view token, int64_t seconds) {
  return fmt::format("tk_session={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", token, seconds,
                     request.tls ? "; Secure" : "");
}

void SignIn(Pipeline& pipeline, const CallPtr& call) {
  auto credentials = ReadCredentials(call->request);
  sodium_memzero(call->request.body.data(), call->request.body.size());
  call->audit_action = "sign-in";
  if (!credentials.ok()) return pipeline.AnswerError(call, credentials.error());
  auto held = std::make_shared<Credentials>(std::move(credentials).value());
  pipeline.RunOnWorker(call, [&pipeline, call, held] {
    int64_t wait_seconds = 0;
    auto grant = pipeline.sign_on()->SignIn(held->account, held->password, call->request.peer, &wait_seconds);
    sodium_memzero(held->password.data(), held->password.size());
    if (!grant.ok()) {
      // An unknown name is not recorded: people type their password there.
      call->audit_account = pipeline.sign_on()->IsAccount(held->account) ? held->account : "?";
      return pipeline.Answer(call, ErrorResponse(grant.error(), wait_seconds));
    }
    call->viewer = grant->viewer;
    Response response = JsonResponse(200, Describe(*grant->viewer));
    response.AddHeader("Set-Cookie", Cookie(call->request, grant->token, grant->seconds));
    pipeline.Answer(call, std::move(response));
  });
}

void SignOut(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "sign-out";
  if (call->viewer != nullptr) {
    if (Status out = pipeline.sign_on()->SignOut(*call->viewer); !out.ok())
      return pipeline.AnswerError(call, out.error());
  }
  Response response;
  response.status = 204;
  response.AddHeader("Set-Cookie", Cookie(call->request, "", 0));
  pipeline.Answer(call, std::move(response));
}

void Auth(Pipeline& pipeline, const CallPtr& call) {
  const std::string what = call->path.size() == 1 ? call->path[0] : "";
  const bool post = call->request.method == Method::kPost;
  if (what == "sign-in" && post) return SignIn(pipeline, call);
  if (what == "sign-out" && post) return SignOut(pipeline, call);
  if (what == "me" && (call->request.method == Method::kGet || call->request.method == Method::kHead)) {
    if (call->viewer == nullptr)
      return pipeline.AnswerError(call, MakeError(ErrorCode::kUnauthenticated, "nobody is signed in"));
    return pipeline.Answer(call, JsonResponse(200, Describe(*call->viewer)));
  }
  pipeline.AnswerError(call, MakeError(ErrorCode::kNotFound,
                                       "there are POST /auth/sign-in, POST /auth/sign-out and GET /auth/me"));
}

}  // namespace

void AddAuthRoutes(Pipeline* pipeline) {
  RouteOptions options;
  options.open = true;
  options.body_bytes_max = 16 * 1024;
  pipeline->AddRoute("/auth", options, Auth);
}

}  // namespace tk::http
