#include "kernel/http/oauth_pages.h"

#include <fmt/format.h>

#include "kernel/base/qr.h"
#include "kernel/base/text.h"

namespace tk::http {
namespace {

using access::oauth::Level;
using access::oauth::ResourceScope;

/// One text in both languages.
struct Words {
  std::string_view zh, en;
  std::string_view In(Language language) const { return language == Language::kEnglish ? en : zh; }
};

constexpr Words kName = {"通康", "Tongkang"};

std::string Frame(Language language, std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html><html lang=\"{}\" data-door=\"oauth\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\"><title>{} · {}</title>"
      "<link rel=\"stylesheet\" href=\"/oauth/style.css\"></head><body><main class=\"tk-signin\">"
      "<div class=\"tk-signin-top\"><b class=\"tk-mark\">{}</b></div><div class=\"tk-signin-card\">"
      "<h1>{}</h1>{}</div></main></body></html>",
      language == Language::kEnglish ? "en" : "zh-CN", HtmlEscape(title), kName.In(language),
      kName.In(language), HtmlEscape(title), body);
}

std::string Hidden(std::string_view name, std::string_view value) {
  return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, HtmlEscape(value));
}

std::string Problem(std::string_view text) {
  return text.empty() ? std::string()
                      : fmt::format("<p class=\"tk-problem\" role=\"alert\">{}</p>", HtmlEscape(text));
}

// What a scope lets a program do, for whoever grants it.
std::string Tell(const ResourceScope& scope, Language language) {
  using namespace access::oauth;  // NOLINT: the letters
  const bool reads = (scope.letters & kReads) != 0, writes = (scope.letters & kWrites) != 0;
  const Words what = reads && writes ? Words{"查看和修改", "See and change"}
                     : reads         ? Words{"查看", "See"}
                                     : Words{"修改", "Change"};
  const Words whose = scope.level == Level::kPatient ? Words{"该居民的", "of the one resident"}
                                                     : Words{"您有权访问的", "that you may see"};
  const std::string type = scope.type == "*"
                               ? std::string(Words{"全部健康记录", "all health records"}.In(language))
                               : fmt::format("<code>{}</code>", HtmlEscape(scope.type));
  return language == Language::kEnglish ? fmt::format("{} {} {}", what.en, type, whose.en)
                                        : fmt::format("{}{}{}", what.zh, whose.zh, type);
}

std::string ScopeList(const access::oauth::Scopes& scopes, Language language) {
  std::string out = "<ul>";
  const auto add = [&out](std::string_view item) { out += fmt::format("<li>• {}</li>", item); };
  if (scopes.openid) add(Words{"知道您是谁（账号）", "Know who you are (your account)"}.In(language));
  if (scopes.profile) add(Words{"查看您的姓名", "See your name"}.In(language));
  if (scopes.fhir_user)
    add(Words{"知道您在平台上的人员记录", "Know your own record on the platform"}.In(language));
  for (const ResourceScope& scope : scopes.resources) add(Tell(scope, language));
  if (scopes.offline)
    add(Words{"在您离开后继续访问，最长 30 天", "Go on after you have left, for up to 30 days"}.In(language));
  return out + "</ul>";
}

}  // namespace

Language LanguageOf(std::string_view locales, std::string_view accept_language) {
  const std::string wanted = ToLower(locales.empty() ? accept_language : locales);
  const size_t english = wanted.find("en"), chinese = wanted.find("zh");
  return english != std::string::npos && (chinese == std::string::npos || english < chinese)
             ? Language::kEnglish
             : Language::kChinese;
}

std::string HtmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Browsers hold the redirect after a form to form-action too, so the program's origin stands there.
Response HtmlPage(int status, std::string html, std::string_view redirect) {
  std::string target;
  if (!redirect.empty()) {
    const size_t scheme = redirect.find("://");
    const bool web = redirect.starts_with("http://") || redirect.starts_with("https://");
    target = " ";
    target += web ? redirect.substr(0, redirect.find_first_of("/?", scheme + 3))
                  : redirect.substr(0, redirect.find(':') + 1);
  }
  Response response;
  response.status = status;
  response.body = std::move(html);
  response.content_type = "text/html; charset=utf-8";
  response.AddHeader(
      "Content-Security-Policy",
      fmt::format("default-src 'none'; style-src 'self'; form-action 'self'{}; base-uri 'none'; "
                  "frame-ancestors 'none'",
                  target));
  response.AddHeader("X-Frame-Options", "DENY");
  response.AddHeader("Referrer-Policy", "no-referrer");
  return response;
}

namespace {

/// A resident's phone in place of account and password.
std::string PhoneForm(const SignInPage& page) {
  if (!page.phone) return {};
  const Language in = page.language;
  return fmt::format(
      "<form method=\"post\" action=\"/oauth/phone\">{}<div class=\"tk-field\"><label "
      "for=\"phone\">{}</label>"
      "<input class=\"tk-input\" id=\"phone\" name=\"phone\" type=\"tel\" autocomplete=\"tel\" "
      "required></div>"
      "<button class=\"tk-btn tk-big\" type=\"submit\">{}</button></form>",
      Hidden("ticket", page.ticket), Words{"居民：用手机号登录", "Residents: by your mobile number"}.In(in),
      Words{"发送验证码", "Send a code"}.In(in));
}

}  // namespace

std::string Html(const SignInPage& page) {
  const Language in = page.language;
  std::string problem;
  if (page.problem == SignInProblem::kWrong)
    problem = Words{"账号或密码错误。", "The account or the password is wrong."}.In(in);
  if (page.problem == SignInProblem::kBusy)
    problem = fmt::format(
        fmt::runtime(
            Words{"尝试次数过多，请 {} 秒后再试。", "Too many tries. Try again in {} seconds."}.In(in)),
        page.wait_seconds);
  if (page.problem == SignInProblem::kOver)
    problem = Words{"这一步已过期，请重新登录。", "This step is over. Sign in again."}.In(in);
  if (page.problem == SignInProblem::kPhone)
    problem =
        Words{"手机号应为 11 位数字，以 1 开头。", "A mobile number has 11 digits and begins with 1."}.In(in);
  const std::string body = fmt::format(
      "<p class=\"tk-sub\">{}</p>{}<form method=\"post\" action=\"/oauth/sign-in\">{}"
      "<div class=\"tk-field\"><label for=\"account\">{}</label><input class=\"tk-input\" id=\"account\" "
      "name=\"account\" value=\"{}\" autocomplete=\"username\" autocapitalize=\"none\" required></div>"
      "<div class=\"tk-field\"><label for=\"password\">{}</label><input class=\"tk-input\" id=\"password\" "
      "name=\"password\" type=\"password\" autocomplete=\"current-password\" required></div>"
      "<button class=\"tk-btn tk-pri tk-big\" type=\"submit\">{}</button></form>",
      fmt::format(fmt::runtime(Words{"登录后继续使用 {}", "Sign in to go on to {}"}.In(in)),
                  "<b>" + HtmlEscape(page.program) + "</b>"),
      Problem(problem), Hidden("ticket", page.ticket), Words{"账号", "Account"}.In(in),
      HtmlEscape(page.account), Words{"密码", "Password"}.In(in), Words{"登录", "Sign in"}.In(in));
  return Frame(in, Words{"登录", "Sign in"}.In(in), body + PhoneForm(page));
}

namespace {

struct StepWords {
  Words title, label, told;
};
StepWords WordsOf(access::Challenge::Kind kind) {
  using Kind = access::Challenge::Kind;
  switch (kind) {
    case Kind::kSms:
      return {{"输入短信验证码", "Enter the code from the text message"},
              {"短信中的 6 位数字", "The 6 digits of the text message"},
              {"验证码已发送到您登记的手机，5 分钟内有效。",
               "A code was sent to your phone. It is good for five minutes."}};
    case Kind::kEnrol:
      return {
          {"绑定动态口令", "Set up your authenticator app"},
          {"应用显示的 6 位数字", "The 6 digits that the app shows"},
          {"您的岗位要求第二种登录凭证。请用动态口令应用扫描此码，或手工输入密钥。",
           "Your post demands a second factor. Scan this code with an authenticator app, or type its key."}};
    case Kind::kPassword:
      return {{"设置新密码", "Choose a new password"},
              {"新密码（至少 10 个字符）", "New password (at least 10 characters)"},
              {"当前密码需要更换。", "The present password must be changed."}};
    case Kind::kCode:
      break;
  }
  return {{"输入动态口令", "Enter your code"},
          {"6 位数字或恢复码", "6 digits, or a recovery code"},
          {"请输入动态口令应用显示的数字。", "Enter the digits that your authenticator app shows."}};
}

// A picture in the page itself: the policy allows no other source, and no script is needed.
std::string EnrolmentOf(const access::Challenge& step, Language in) {
  if (step.secret.empty()) return {};
  const auto code = MakeQr(step.otpauth);
  return fmt::format(
      "<div class=\"tk-qr\" role=\"img\" aria-label=\"{}\">{}</div><p class=\"tk-sub\">{} <code "
      "class=\"tk-key\">{}</code></p>",
      Words{"动态口令二维码", "QR code for the authenticator app"}.In(in),
      code.ok() ? QrAsSvg(*code) : std::string(), Words{"密钥：", "Key:"}.In(in), HtmlEscape(step.secret));
}

}  // namespace

std::string Html(const StepPage& page) {
  const Language in = page.language;
  const access::Challenge& step = *page.challenge;
  const bool password = step.kind == access::Challenge::Kind::kPassword;
  const StepWords words = WordsOf(step.kind);
  const std::string tickets = Hidden("ticket", page.ticket) + Hidden("step", step.ticket);
  std::string body = fmt::format(
      "<p class=\"tk-sub\">{}</p>{}{}<form method=\"post\" action=\"/oauth/step\">{}<div "
      "class=\"tk-field\"><label "
      "for=\"answer\">{}</label><input class=\"tk-input\" id=\"answer\" name=\"answer\" type=\"{}\" "
      "autocomplete=\"{}\" autocapitalize=\"none\" required autofocus></div><button class=\"tk-btn tk-pri "
      "tk-big\" "
      "type=\"submit\">{}</button></form>",
      words.told.In(in), EnrolmentOf(step, in), Problem(Words{page.problem_zh, page.problem_en}.In(in)),
      tickets, words.label.In(in), password ? "password" : "text",
      password ? "new-password" : "one-time-code", Words{"继续", "Go on"}.In(in));
  if (step.kind == access::Challenge::Kind::kSms)
    body += fmt::format(
        "<form method=\"post\" action=\"/oauth/step\">{}<input type=\"hidden\" name=\"again\" "
        "value=\"1\"><button "
        "class=\"tk-btn tk-quiet\" type=\"submit\">{}</button></form>",
        tickets, Words{"重新发送", "Send another"}.In(in));
  return Frame(in, words.title.In(in), body);
}

std::string Html(const RecoveryPage& page) {
  const Language in = page.language;
  std::string codes;
  for (const std::string& code : *page.codes)
    codes += fmt::format("<li><code class=\"tk-key\">{}</code></li>", HtmlEscape(code));
  const std::string body = fmt::format(
      "<p class=\"tk-sub\">{}</p><ol class=\"tk-codes\">{}</ol><p><a class=\"tk-btn tk-pri tk-big\" "
      "href=\"{}\">{}</a></p>",
      Words{"请妥善保存这些恢复码：手机丢失时，每个可代替动态口令用一次。此后不再显示。",
            "Keep these recovery codes: each is good once in place of the app, if you lose it. They are not "
            "shown again."}
          .In(in),
      codes, HtmlEscape(page.next), Words{"已保存，继续", "I have kept them, go on"}.In(in));
  return Frame(in, Words{"恢复码", "Recovery codes"}.In(in), body);
}

std::string Html(const ConsentPage& page) {
  const Language in = page.language;
  const size_t scheme = page.redirect.find("://");
  const std::string_view host = scheme == std::string_view::npos
                                    ? page.redirect.substr(0, page.redirect.find(':'))
                                    : page.redirect.substr(0, page.redirect.find_first_of("/?", scheme + 3));
  const std::string who = "<b>" + HtmlEscape(page.display) + "</b>",
                    what = "<b>" + HtmlEscape(page.program) + "</b>";
  const std::string body = fmt::format(
      "<p class=\"tk-sub\">{}</p>{}<p class=\"tk-sub\">{} <code>{}</code></p>"
      "<form method=\"post\" action=\"/oauth/consent\">{}"
      "<button class=\"tk-btn tk-pri tk-big\" name=\"decision\" value=\"allow\" type=\"submit\">{}</button>"
      "<button class=\"tk-btn\" name=\"decision\" value=\"deny\" type=\"submit\">{}</button></form>",
      fmt::format(
          fmt::runtime(
              Words{"{0}，程序 {1} 希望以您的名义：", "{0}, the program {1} wants to act for you and:"}.In(
                  in)),
          who, what),
      ScopeList(*page.scopes, in), Words{"完成后将返回", "Afterwards you go back to"}.In(in),
      HtmlEscape(host), Hidden("ticket", page.ticket), Words{"允许", "Allow"}.In(in),
      Words{"拒绝", "Deny"}.In(in));
  return Frame(in, Words{"授权", "Grant access"}.In(in), body);
}

std::string Html(const PatientPage& page) {
  const Language in = page.language;
  std::string found;
  for (const PatientPage::Found& each : page.found) {
    found += fmt::format(
        "<form method=\"post\" action=\"/oauth/patient\">{}<button class=\"tk-btn tk-big\" name=\"patient\" "
        "value=\"{}\" type=\"submit\">{} · {} · {}</button></form>",
        Hidden("ticket", page.ticket), HtmlEscape(each.id), HtmlEscape(each.name), HtmlEscape(each.gender),
        HtmlEscape(each.birth));
  }
  std::string_view problem;
  if (page.failed)
    problem = Words{"现在无法查询，请稍后再试。", "The search failed. Try again later."}.In(in);
  if (page.searched && !page.failed && page.found.empty())
    problem = Words{"在您的辖区内没有找到。", "Nobody was found in your area."}.In(in);
  const std::string body = fmt::format(
      "<p class=\"tk-sub\">{}</p>{}<form method=\"post\" action=\"/oauth/patient\">{}<div class=\"tk-field\">"
      "<label for=\"identifier\">{}</label><input class=\"tk-input\" id=\"identifier\" name=\"identifier\" "
      "autocomplete=\"off\" required></div><button class=\"tk-btn tk-pri tk-big\" type=\"submit\">{}</button>"
      "</form>{}",
      fmt::format(
          fmt::runtime(Words{"{} 需要知道是哪位居民", "{} needs to know which resident is meant"}.In(in)),
          "<b>" + HtmlEscape(page.program) + "</b>"),
      Problem(problem), Hidden("ticket", page.ticket),
      Words{"证件号码或档案号", "Identifier (ID or record number)"}.In(in), Words{"查找", "Search"}.In(in),
      found);
  return Frame(in, Words{"选择居民", "Choose a resident"}.In(in), body);
}

std::string Html(const MessagePage& page) {
  const Language in = page.language;
  const std::string body =
      page.text.empty() ? std::string() : fmt::format("<p class=\"tk-sub\">{}</p>", HtmlEscape(page.text));
  return Frame(in, Words{page.title_zh, page.title_en}.In(in), body);
}

std::string Html(const SignOutPage& page) {
  const Language in = page.language;
  const std::string body = fmt::format(
      "<p class=\"tk-sub\">{}</p><form method=\"post\" action=\"/oauth/end-session\">{}"
      "<button class=\"tk-btn tk-pri tk-big\" type=\"submit\">{}</button></form>",
      HtmlEscape(page.display), Hidden("ticket", page.ticket), Words{"退出登录", "Sign out"}.In(in));
  return Frame(in, Words{"退出登录", "Sign out"}.In(in), body);
}

}  // namespace tk::http
