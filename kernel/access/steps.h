// Sign-in at a page, step by step: a password, or a phone; then what the account or its post asks besides: a code, the enrolment of an app, a new
// password.
// Flow:   Begin(password) or BeginPhone(number) → Grant, or Challenge with a ticket → Code / Enrol / NewPassword(ticket, …) → Grant, or the next one
// A ticket says how far its holder has come; it is signed, good for five minutes, and for the account as it was. A code is good once, also after
// kill -9 (Sessions::UseOnce, accounts.toml), and those by SMS are unknown after a crash.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/access/sign_on.h"

namespace tk::access {

struct Challenge {
  enum class Kind : uint8_t { kCode, kSms, kEnrol, kPassword };
  Kind kind = Kind::kCode;
  std::string account;  // for the audit; "" where nobody is to learn it
  std::string ticket;
  std::string secret, otpauth;  // of kEnrol: as text for people who type, and for a QR code
  int64_t again_seconds = 0;    // of kSms: when another one may be asked for
};
std::string_view NameOf(Challenge::Kind kind);  // "code", "sms", "enrol", "password"

using SignInOutcome = std::variant<SignOn::Grant, Challenge>;

class SignInSteps {
 public:
  /// `wait_seconds`: with kBusy, the time until the next try.
  SignInSteps(SignOn* sign_on, SignInFrom from, int64_t* wait_seconds)
      : sign_on_(sign_on), from_(std::move(from)), wait_seconds_(wait_seconds) {}

  // Errors of all: kUnauthenticated (wrong, or the ticket is no longer good), kBusy, kIncorrect (a bad new password or number), kUnavailable.
  Result<SignInOutcome> Begin(std::string_view account, std::string_view password, TokenKind kind);
  /// A resident's phone in place of a password; the same answer whether anybody has the number. kUnsupported where no texts are sent.
  Result<SignInOutcome> BeginPhone(std::string_view number, TokenKind kind);
  /// A code of the app or of the text, or a recovery code, which is used up.
  Result<SignInOutcome> Code(std::string_view ticket, std::string_view code);
  /// Another text, for the ticket of one.
  Result<SignInOutcome> SmsAgain(std::string_view ticket);
  /// The first code of the app that has just been told the secret; gives the recovery codes too, once.
  Result<SignInOutcome> Enrol(std::string_view ticket, std::string_view code,
                              std::vector<std::string>* recovery);
  Result<SignInOutcome> NewPassword(std::string_view ticket, std::string_view password);

  /// The account that a good ticket is about; "" of any other, and of one that tells no account.
  std::string AccountOf(std::string_view ticket) const;
  /// What a good ticket asks, to be shown again after a wrong answer.
  std::optional<Challenge> Show(std::string_view ticket) const;

  // For who is signed in. All ask his password again: an open page alone must not change how one signs in.
  /// What the old one opened ends; a new session in place of this one.
  Result<SignOn::Grant> ChangePassword(const Viewer& viewer, std::string_view old_password,
                                       std::string_view password);
  /// A ticket to enrol an app with (EnrolHere). kConflict if he has one.
  Result<Challenge> StartEnrolment(const Viewer& viewer, std::string_view password);
  /// The recovery codes. Other sessions end.
  Result<std::vector<std::string>> EnrolHere(const Viewer& viewer, std::string_view ticket,
                                             std::string_view code);
  /// Takes the app away. kForbidden where his post demands it.
  Status RemoveFactor(const Viewer& viewer, std::string_view password);
  /// Ten new ones; the old ones end.
  Result<std::vector<std::string>> NewRecovery(const Viewer& viewer, std::string_view password);

 private:
  struct Progress {
    std::string account, methods,
        secret;  // secret: of the app that is being enrolled; of kSms the id of the code
    int64_t generation = 0;
    Challenge::Kind kind = Challenge::Kind::kCode;
    TokenKind token = TokenKind::kCookie;
    std::string number;  // of kSms of a phone alone: sealed, for another text
  };
  std::string TicketOf(const Progress& progress) const;
  std::optional<Progress> Read(std::string_view ticket) const;
  Result<std::pair<Progress, Account>> Open(std::string_view ticket, Challenge::Kind kind) const;
  Result<SignInOutcome> Next(const Account& account, Progress progress);
  Result<SignInOutcome> SendTo(const Account& account, Progress progress);
  Result<SignInOutcome> SendToPhone(std::string_view mobile, Progress progress);
  Result<SignInOutcome> PhoneCode(Progress progress, std::string_view code);
  Status CheckApp(const Account& account, std::string_view code);
  Status CheckSms(const Account& account, const Progress& progress, std::string_view code);
  Status UseUp(const Account& account, int64_t step);
  Result<Account> KeepApp(const Account& account, std::string_view secret, std::string_view code,
                          std::vector<std::string>* recovery);
  Challenge ChallengeOf(Progress progress) const;
  Challenge EnrolmentOf(Progress progress) const;
  Result<Account> Own(const Viewer& viewer, std::string_view password);
  Result<Account> Edit(const Account& account, const std::function<Status(Account*)>& change);
  int64_t NowS() const { return sign_on_->options().clock->NowUs() / kSecondUs; }

  SignOn* const sign_on_;
  const SignInFrom from_;
  int64_t* const wait_seconds_;
};

}  // namespace tk::access
