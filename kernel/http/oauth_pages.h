// The pages under /oauth: sign-in, consent, choice of a patient, sign-out, refusal. Plain HTML made here, in zh-CN or en, that works without
// script; the style is the platform's (/oauth/style.css). Whatever comes from outside is escaped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/oauth/scopes.h"
#include "kernel/access/steps.h"
#include "kernel/http/message.h"

namespace tk::http {

enum class Language : uint8_t { kChinese, kEnglish };
/// By `locales` ("en zh"), else by Accept-Language; Chinese unless English is wanted first.
Language LanguageOf(std::string_view locales, std::string_view accept_language);

std::string HtmlEscape(std::string_view text);

/// A whole page as an answer, with its policy: no script, no frame, forms only to us and on to `redirect` (its origin), if there is one.
Response HtmlPage(int status, std::string html, std::string_view redirect);

enum class SignInProblem : uint8_t { kNone, kWrong, kBusy, kOver, kPhone };
struct SignInPage {
  Language language = Language::kChinese;
  std::string_view ticket, program, account;
  SignInProblem problem = SignInProblem::kNone;
  int64_t wait_seconds = 0;
  bool phone = false;  // texts are sent: a resident may sign in by his phone
};
std::string Html(const SignInPage& page);

/// What is wanted after the password: a code, the enrolment of an app, a new password.
struct StepPage {
  Language language = Language::kChinese;
  std::string_view ticket, program;
  const access::Challenge* challenge = nullptr;
  std::string_view problem_zh, problem_en;  // "" = none
};
std::string Html(const StepPage& page);

/// The codes for who has lost his app, once; then on.
struct RecoveryPage {
  Language language = Language::kChinese;
  std::string_view next;  // address to go on at
  const std::vector<std::string>* codes = nullptr;
};
std::string Html(const RecoveryPage& page);

struct ConsentPage {
  Language language = Language::kChinese;
  std::string_view ticket, program, redirect, display;
  const access::oauth::Scopes* scopes = nullptr;
};
std::string Html(const ConsentPage& page);

struct PatientPage {
  struct Found {
    std::string id, name, gender, birth;
  };
  Language language = Language::kChinese;
  std::string_view ticket, program;
  bool searched = false, failed = false;
  std::vector<Found> found;
};
std::string Html(const PatientPage& page);

struct MessagePage {
  Language language = Language::kChinese;
  std::string_view title_zh, title_en, text;  // text: as it is, in English, for whoever mends the program
};
std::string Html(const MessagePage& page);

struct SignOutPage {
  Language language = Language::kChinese;
  std::string_view ticket, display;
};
std::string Html(const SignOutPage& page);

}  // namespace tk::http
