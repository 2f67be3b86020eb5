// /admin/accounts: who may sign in, for the post that has the operation "accounts". It never sees a password that works for long: those it makes are
// for one sign-in, at which another is asked for. What may be changed by whom: kernel/access/keeping.h.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/access/factor/phone.h"
#include "kernel/access/keeping.h"
#include "kernel/access/oauth/authorization.h"
#include "kernel/access/oauth/keys.h"
#include "kernel/base/clock.h"
#include "kernel/base/text.h"
#include "kernel/http/json_body.h"
#include "kernel/http/routes.h"
#include "kernel/http/sign_on_parts.h"

namespace tk::http {
namespace {

using access::Account;
using access::AccountKind;

constexpr size_t kPageMax = 500, kPage = 50;
constexpr std::string_view kIdTokenAlg = "id_token_signed_response_alg";

void WriteAccount(const Account& account, fhir::JsonWriter* json) {
  json->Object().Member("name", account.name).Member("display", account.display);
  json->Member("kind", NameOf(account.kind)).Member("post", account.post).Member("area", account.area);
  const auto text = [json](std::string_view name, std::string_view value) {
    if (!value.empty()) json->Member(name, value);
  };
  text("organization", account.organization);
  text("record", account.record);
  text("scopes", account.scopes);
  text(kIdTokenAlg, account.id_token_alg);
  if (!account.redirects.empty()) WriteTexts(&json->Key("redirects"), account.redirects);
  json->Key("disabled").Bool(account.disabled);
  json->Key("password").Bool(!account.password_hash.empty());
  json->Key("must_change").Bool(account.must_change);
  json->Key("app").Bool(!account.totp.empty());
  json->Key("phone").Bool(!account.phone.empty()).Key("sms_factor").Bool(account.sms_factor);
  json->Key("secret").Bool(!account.secret_hash.empty()).Key("keys").Bool(!account.jwks.empty());
}

/// What is shown once: a password for one sign-in, or a program's secret. "" = there is none.
struct Shown {
  std::string password, secret;
};

Response AccountResponse(int status, const Account& account, const Shown& shown) {
  std::string out;
  fhir::JsonWriter json(&out);
  WriteAccount(account, &json);
  if (!shown.password.empty()) json.Member("one_time_password", shown.password);
  if (!shown.secret.empty()) json.Member("client_secret", shown.secret);
  json.End();
  return JsonResponse(status, std::move(out));
}

/// The fields that may be set, as far as they are there.
Status Fill(const JsonBody& body, const access::AccessKey& key, Account* account) {
  const auto text = [&](std::string_view name, std::string* to) {
    if (body.Has(name)) *to = body[name];
  };
  text("display", &account->display);
  text("post", &account->post);
  text("area", &account->area);
  text("organization", &account->organization);
  text("record", &account->record);
  // Whoever names the record, also the one that was there, has looked whose it is now.
  if (body.Has("record")) account->record_bound_us = SystemClock().NowUs();
  text("scopes", &account->scopes);
  text("jwks", &account->jwks);
  text(kIdTokenAlg, &account->id_token_alg);
  if (body.Has(kIdTokenAlg) && account->id_token_alg.empty())
    account->id_token_alg = access::oauth::kSigningDefault;
  if (body.Has("redirects")) account->redirects = body.List("redirects");
  if (body.Has("phone")) TRY(SetPhone(key, body["phone"], account));
  if (body.Has("sms_factor")) account->sms_factor = body["sms_factor"] == "true";
  if (!account->organization.empty() && !account->organization.starts_with("Organization/"))
    return MakeError(ErrorCode::kIncorrect, "'organization' names a record: \"Organization/x\"");
  return {};
}

Result<Account> MakeAccount(const JsonBody& body, const access::AccessKey& key, Shown* shown) {
  Account account;
  account.name = body["name"];
  TRY(access::CheckAccountName(account.name));
  account.display = account.name;
  account.kind = TRY(access::KindOf(body.Has("kind") ? body["kind"] : "person"));
  if (account.kind == AccountKind::kProgram) account.id_token_alg = access::oauth::kSigningDefault;
  TRY(Fill(body, key, &account));
  const bool resident_by_phone = account.kind == AccountKind::kResident && !account.phone.empty();
  if (account.kind == AccountKind::kPerson ||
      (account.kind == AccountKind::kResident && !resident_by_phone)) {
    shown->password = access::NewPassword();
    account.password_hash = TRY(access::HashPassword(shown->password, account.name));
    account.must_change = true;
  } else if (account.kind == AccountKind::kProgram && account.jwks.empty() && body["public"] != "true") {
    shown->secret = access::NewSecret();
    account.secret_hash = TRY(access::HashSecret(shown->secret));
  }
  return account;
}

void NameInAudit(const CallPtr& call, const std::string& account) {
  call->audit_type = "account";
  call->audit_id = account;
}

void Create(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-add";
  auto read = JsonBody::Read(call->request, {"name"},
                             {"display", "kind", "post", "area", "organization", "record", "phone",
                              "sms_factor", "scopes", "redirects", "jwks", "public", kIdTokenAlg});
  if (!read.ok()) return pipeline.AnswerError(call, read.error());
  auto body = std::make_shared<const JsonBody>(std::move(read).value());
  pipeline.RunOnWorker(call, [&pipeline, call, body] {
    access::SignOn& sign_on = *pipeline.sign_on();
    Shown shown;
    auto made = MakeAccount(*body, sign_on.key(), &shown);
    if (!made.ok()) return pipeline.AnswerError(call, made.error());
    auto kept = sign_on.Keep(*call->viewer, made->name, [&](access::Accounts* accounts) -> Status {
      if (access::FindAccount(accounts, made->name) != nullptr)
        return MakeError(ErrorCode::kConflict, "there is an account of this name already");
      accounts->push_back(*made);
      return {};
    });
    if (!kept.ok()) return pipeline.AnswerError(call, kept.error());
    NameInAudit(call, kept->name);
    pipeline.Answer(call, AccountResponse(201, *kept, shown));
  });
}

Error NoSuchAccount() { return MakeError(ErrorCode::kNotFound, "there is no such account in your area"); }

/// Changes one account and ends all that it has opened, as rights, password or factors are others now.
void Change(Pipeline& pipeline, const CallPtr& call, const std::function<Status(Account*)>& change,
            const Shown& shown) {
  const std::string& name = call->path[0];
  auto kept = pipeline.sign_on()->Keep(*call->viewer, name, [&](access::Accounts* accounts) -> Status {
    Account* const account = access::FindAccount(accounts, name);
    if (account == nullptr || !KeepsAreaOf(*call->viewer, *account)) return NoSuchAccount();
    TRY(change(account));
    ++account->generation;
    return {};
  });
  if (!kept.ok()) return pipeline.AnswerError(call, kept.error());
  NameInAudit(call, name);
  pipeline.Answer(call, AccountResponse(200, *kept, shown));
}

void Update(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-change";
  auto read = JsonBody::Read(call->request, {},
                             {"display", "post", "area", "organization", "record", "phone", "sms_factor",
                              "scopes", "redirects", "jwks", kIdTokenAlg});
  if (!read.ok()) return pipeline.AnswerError(call, read.error());
  Change(pipeline, call,
         [&](Account* account) -> Status { return Fill(*read, pipeline.sign_on()->key(), account); }, {});
}

bool HasPassword(const Account& account) {
  return account.kind == AccountKind::kPerson || account.kind == AccountKind::kResident;
}

/// A new password for one sign-in; the second factor stays.
void Reset(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-reset";
  pipeline.RunOnWorker(call, [&pipeline, call] {
    const Shown shown{access::NewPassword(), ""};
    auto hash = access::HashPassword(shown.password, call->path[0]);
    if (!hash.ok()) return pipeline.AnswerError(call, hash.error());
    Change(
        pipeline, call,
        [&](Account* account) -> Status {
          if (!HasPassword(*account))
            return MakeError(ErrorCode::kIncorrect,
                             "a device or a program has no password; revoke it, or make a new secret");
          account->password_hash = *hash;
          account->must_change = true;
          return {};
        },
        shown);
  });
}

/// App and recovery codes go; where the post demands a second factor, an app is enrolled at the next sign-in.
void ResetFactor(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-reset-factor";
  Change(pipeline, call,
         [](Account* account) -> Status {
           account->totp.clear();
           account->recovery.clear();
           return {};
         },
         {});
}

void NewSecret(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-secret";
  pipeline.RunOnWorker(call, [&pipeline, call] {
    const Shown shown{"", access::NewSecret()};
    auto hash = access::HashSecret(shown.secret);
    if (!hash.ok()) return pipeline.AnswerError(call, hash.error());
    Change(
        pipeline, call,
        [&](Account* account) -> Status {
          if (account->kind != AccountKind::kProgram)
            return MakeError(ErrorCode::kIncorrect, "only a program has a secret");
          account->secret_hash = *hash;
          return {};
        },
        shown);
  });
}

void Disable(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-disable";
  const auto change = [](Account* account) -> Status {
    account->disabled = true;
    return {};
  };
  Change(pipeline, call, change, {});
}

void Enable(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-enable";
  const auto change = [](Account* account) -> Status {
    account->disabled = false;
    return {};
  };
  Change(pipeline, call, change, {});
}

void Revoke(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-revoke";
  Change(pipeline, call, [](Account*) { return Status(); }, {});
}

/// What a list is asked for.
struct ListAsked {
  std::string text, post, kind, disabled, after;
  size_t count = kPage;
};

Result<ListAsked> ReadList(std::string_view query) {
  const auto form = TRY(access::oauth::Form::Parse(query));
  ListAsked asked{ToLower(form["text"]), form["post"], form["kind"], form["disabled"], form["after"], kPage};
  if (const std::string& count = form["_count"]; !count.empty()) {
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), asked.count);
    if (error != std::errc() || end != count.data() + count.size() || asked.count < 1 ||
        asked.count > kPageMax)
      return MakeError(ErrorCode::kIncorrect, fmt::format("_count is a number from 1 to {}", kPageMax));
  }
  if (!asked.disabled.empty() && asked.disabled != "true" && asked.disabled != "false")
    return MakeError(ErrorCode::kIncorrect, "disabled is true or false");
  return asked;
}

bool FitsWords(const Account& account, const ListAsked& asked) {
  const bool by_text = account.name.find(asked.text) != std::string::npos ||
                       ToLower(account.display).find(asked.text) != std::string::npos;
  return by_text && (asked.post.empty() || account.post == asked.post);
}

bool FitsState(const Account& account, const ListAsked& asked) {
  return (asked.kind.empty() || NameOf(account.kind) == asked.kind) &&
         (asked.disabled.empty() || account.disabled == (asked.disabled == "true"));
}

/// Of those that fit text and post, how many there are of each kind and how many are disabled; so that a list may be narrowed to one of them.
void WriteCounts(const access::Accounts& accounts, fhir::JsonWriter* json) {
  json->Key("counts").Object();
  const auto count = [&](std::string_view name, auto is) {
    json->Key(name).Int(std::count_if(accounts.begin(), accounts.end(), is));
  };
  count("all", [](const Account&) { return true; });
  for (const AccountKind kind :
       {AccountKind::kPerson, AccountKind::kResident, AccountKind::kDevice, AccountKind::kProgram})
    count(NameOf(kind), [kind](const Account& each) { return each.kind == kind; });
  count("disabled", [](const Account& each) { return each.disabled; });
  json->End();
}

/// The posts that `viewer` may give.
void WritePosts(const access::Viewer& viewer, const access::Posts& posts, fhir::JsonWriter* json) {
  json->Key("posts").Array();
  for (const std::string& name : posts.Names()) {
    const auto post = posts.Find(name);
    if (name == "admin" && (viewer.post == nullptr || viewer.post->name != "admin")) continue;
    json->Object().Member("name", name).Member("title_zh", post->title_zh).Member("title_en", post->title_en);
    json->Key("second_factor").Bool(posts.WantsSecondFactor(name)).End();
  }
  json->End();
}

/// What each post may, and how many accounts have it.
void ServePosts(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "posts";
  if (call->request.method != Method::kGet || !call->path.empty())
    return pipeline.AnswerError(call, MakeError(ErrorCode::kNotFound, "there is GET /admin/posts"));
  const access::Accounts accounts = pipeline.sign_on()->Kept(*call->viewer);
  const access::Posts posts = pipeline.sign_on()->posts();
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("posts").Array();
  for (const std::string& name : posts.Names()) {
    const auto post = posts.Find(name);
    json.Object().Member("name", name).Member("title_zh", post->title_zh).Member("title_en", post->title_en);
    json.Member("source", post->source).Key("second_factor").Bool(posts.WantsSecondFactor(name));
    WriteTexts(&json.Key("reads"), post->reads);
    WriteTexts(&json.Key("writes"), post->writes);
    WriteTexts(&json.Key("deletes"), post->deletes);
    WriteTexts(&json.Key("forms"), post->forms);
    WriteTexts(&json.Key("forms_seen"), post->forms_seen);
    WriteTexts(&json.Key("operations"), post->operations);
    WriteTexts(&json.Key("tasks"), post->tasks);
    json.Key("accounts").Int(std::count_if(accounts.begin(), accounts.end(), [&](const Account& each) {
      return each.post == name;
    }));
    json.End();
  }
  json.End().End();
  pipeline.Answer(call, JsonResponse(200, std::move(out)));
}

void List(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-list";
  const auto asked = ReadList(call->request.query());
  if (!asked.ok()) return pipeline.AnswerError(call, asked.error());
  access::Accounts accounts = pipeline.sign_on()->Kept(*call->viewer);
  std::erase_if(accounts, [&](const Account& each) { return !FitsWords(each, *asked); });
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  if (asked->after.empty()) {
    WriteCounts(accounts, &json);
    WritePosts(*call->viewer, pipeline.sign_on()->posts(), &json);
  }
  std::erase_if(accounts, [&](const Account& each) { return !FitsState(each, *asked); });
  json.Key("total").Int(static_cast<int64_t>(accounts.size())).Key("accounts").Array();
  const auto first = std::find_if(accounts.begin(), accounts.end(),
                                  [&](const Account& each) { return each.name > asked->after; });
  const auto left = static_cast<size_t>(accounts.end() - first);
  const auto end = first + static_cast<std::ptrdiff_t>(std::min(left, asked->count));
  for (auto at = first; at != end; ++at) {
    WriteAccount(*at, &json);
    json.End();
  }
  json.End();
  if (end != accounts.end()) json.Member("next", (end - 1)->name);  // for `after`
  json.End();
  pipeline.Answer(call, JsonResponse(200, std::move(out)));
}

std::optional<Account> FindKept(Pipeline& pipeline, const CallPtr& call) {
  auto account = pipeline.sign_on()->Find(call->path[0]);
  if (!account || !KeepsAreaOf(*call->viewer, *account)) return std::nullopt;
  NameInAudit(call, account->name);
  return account;
}

void Show(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "account-read";
  const auto account = FindKept(pipeline, call);
  if (!account) return pipeline.AnswerError(call, NoSuchAccount());
  pipeline.Answer(call, AccountResponse(200, *account, {}));
}

void ListSessions(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "sessions";
  const auto account = FindKept(pipeline, call);
  if (!account) return pipeline.AnswerError(call, NoSuchAccount());
  pipeline.Answer(call, SessionsResponse(pipeline.sign_on(), account->name, ""));
}

void EndSessionsOf(Pipeline& pipeline, const CallPtr& call) {
  call->audit_action = "sessions-end";
  const auto account = FindKept(pipeline, call);
  if (!account) return pipeline.AnswerError(call, NoSuchAccount());
  const std::string id = call->path.size() == 3 ? call->path[2] : "";
  const Status ended = EndSessions(pipeline.sign_on(), account->name, id, "");
  if (!ended.ok()) return pipeline.AnswerError(call, ended.error());
  Response response;
  response.status = 204;
  pipeline.Answer(call, std::move(response));
}

struct KeepRow {
  std::string_view what;  // after the name; "" = nothing
  Method method;
  void (*handler)(Pipeline&, const CallPtr&);
};
constexpr KeepRow kKeepRows[] = {{"", Method::kGet, Show},
                                 {"", Method::kPatch, Update},
                                 {"disable", Method::kPost, Disable},
                                 {"enable", Method::kPost, Enable},
                                 {"revoke", Method::kPost, Revoke},
                                 {"reset", Method::kPost, Reset},
                                 {"reset-factor", Method::kPost, ResetFactor},
                                 {"new-secret", Method::kPost, NewSecret},
                                 {"sessions", Method::kGet, ListSessions},
                                 {"sessions", Method::kDelete, EndSessionsOf}};

void ServeAccounts(Pipeline& pipeline, const CallPtr& call) {
  const size_t parts = call->path.size();
  const Method method = call->request.method;
  if (parts == 0 && method == Method::kGet) return List(pipeline, call);
  if (parts == 0 && method == Method::kPost) return Create(pipeline, call);
  const std::string_view what = parts > 1 ? std::string_view(call->path[1]) : std::string_view();
  for (const KeepRow& row : kKeepRows) {
    const bool deep = parts == 3 && row.what == "sessions" && method == Method::kDelete;
    if (parts > 0 && row.what == what && row.method == method && (parts <= 2 || deep))
      return row.handler(pipeline, call);
  }
  pipeline.AnswerError(
      call,
      MakeError(ErrorCode::kNotFound,
                "there are GET and POST /admin/accounts, GET and PATCH /admin/accounts/<name>, POST "
                "/admin/accounts/<name>/disable, enable, revoke, reset, reset-factor and new-secret, GET and "
                "DELETE /admin/accounts/<name>/sessions"));
}

}  // namespace

void AddAccountRoutes(Pipeline* pipeline) {
  RouteOptions options;
  options.operation = "accounts";
  options.body_bytes_max = 128 * 1024;
  pipeline->AddRoute("/admin/accounts", options, ServeAccounts);
  RouteOptions reading;
  reading.operation = "why";
  pipeline->AddRoute("/admin/posts", reading, ServePosts);
}

}  // namespace tk::http
