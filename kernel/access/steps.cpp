#include "kernel/access/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kernel/access/factor/phone.h"
#include "kernel/access/factor/totp.h"
#include "kernel/base/base32.h"
#include "kernel/base/text.h"

namespace tk::access {
namespace {

constexpr std::string_view kStepPurpose = "sign-in step", kIssuerName = "Tongkang";
constexpr int64_t kStepSeconds = 300;
constexpr std::array<std::string_view, 4> kStepNames = {"code", "sms", "enrol", "password"};
constexpr size_t kStepFields = 7;
// How long a code could still be good, after the step that it is of.
constexpr int64_t kCodeSeconds = (2 * kTotpDrift + 2) * kTotpStepSeconds;

Error WrongCode() { return MakeError(ErrorCode::kUnauthenticated, "the code is wrong, or was used before"); }
Error StepOver() { return MakeError(ErrorCode::kUnauthenticated, "this step is over; sign in again"); }
Error SamePassword() {
  return MakeError(ErrorCode::kIncorrect, "the new password must be another one than the old one");
}

std::vector<std::string> MakeRecovery(const AccessKey& key, Account* account) {
  std::vector<std::string> codes = NewRecoveryCodes();
  account->recovery.clear();
  for (const std::string& each : codes) account->recovery.push_back(RecoveryMark(key, account->name, each));
  return codes;
}

}  // namespace

std::string_view NameOf(Challenge::Kind kind) { return kStepNames.at(static_cast<size_t>(kind)); }

std::string SignInSteps::TicketOf(const Progress& progress) const {
  return SealTicket(sign_on_->key(), kStepPurpose,
                    {progress.account, std::to_string(progress.generation),
                     std::string(NameOf(progress.kind)), std::string(1, static_cast<char>(progress.token)),
                     progress.methods, ToBase64Url(AsBytes(progress.secret)), progress.number},
                    NowS() + kStepSeconds);
}

std::optional<SignInSteps::Progress> SignInSteps::Read(std::string_view ticket) const {
  const auto fields = OpenTicket(sign_on_->key(), kStepPurpose, ticket, NowS());
  if (!fields.ok() || fields->size() != kStepFields || (*fields)[3].size() != 1) return std::nullopt;
  Progress progress;
  progress.account = (*fields)[0];
  const std::string& generation = (*fields)[1];
  std::from_chars(generation.data(), generation.data() + generation.size(), progress.generation);
  const auto kind = std::find(kStepNames.begin(), kStepNames.end(), (*fields)[2]);
  if (kind == kStepNames.end()) return std::nullopt;
  progress.kind = static_cast<Challenge::Kind>(kind - kStepNames.begin());
  progress.token = static_cast<TokenKind>((*fields)[3][0]);
  progress.methods = (*fields)[4];
  progress.secret = FromBase64Url((*fields)[5]).value_or("");
  progress.number = (*fields)[6];
  return progress;
}

Result<std::pair<SignInSteps::Progress, Account>> SignInSteps::Open(std::string_view ticket,
                                                                    Challenge::Kind kind) const {
  auto progress = Read(ticket);
  if (!progress || progress->kind != kind) return StepOver();
  auto account = sign_on_->Find(progress->account);
  if (!account || account->disabled || account->generation != progress->generation) return StepOver();
  return std::pair(std::move(*progress), std::move(*account));
}

std::string SignInSteps::AccountOf(std::string_view ticket) const {
  const auto progress = Read(ticket);
  return progress ? progress->account : std::string();
}

Challenge SignInSteps::ChallengeOf(Progress progress) const {
  Challenge challenge;
  challenge.kind = progress.kind;
  challenge.account = progress.account;
  challenge.ticket = TicketOf(progress);
  if (progress.kind == Challenge::Kind::kSms)
    challenge.again_seconds = sign_on_->options().sms_limits.again_seconds;
  if (progress.kind == Challenge::Kind::kEnrol) {
    challenge.secret = ToBase32(AsBytes(progress.secret));
    challenge.otpauth = OtpauthUri(progress.secret, progress.account, kIssuerName);
  }
  return challenge;
}

std::optional<Challenge> SignInSteps::Show(std::string_view ticket) const {
  auto progress = Read(ticket);
  if (!progress) return std::nullopt;
  Challenge challenge = ChallengeOf(std::move(*progress));
  challenge.ticket = ticket;  // its time goes on
  return challenge;
}

Challenge SignInSteps::EnrolmentOf(Progress progress) const {
  progress.kind = Challenge::Kind::kEnrol;
  progress.secret = NewTotpSecret();
  return ChallengeOf(std::move(progress));
}

// What is still wanted, in this order: a second factor (the app's code; a text, where there is no app; else the enrolment of an app), a new password.
Result<SignInOutcome> SignInSteps::Next(const Account& account, Progress progress) {
  const bool has_second = progress.methods.find(' ') != std::string::npos;
  if (!has_second && !account.totp.empty()) {
    progress.kind = Challenge::Kind::kCode;
    return SignInOutcome(ChallengeOf(std::move(progress)));
  }
  if (!has_second && sign_on_->WantsSecondFactor(account)) {
    const bool by_text =
        !account.phone.empty() && sign_on_->sms_codes() != nullptr && progress.methods != "sms";
    if (by_text) return SendTo(account, std::move(progress));
    return SignInOutcome(EnrolmentOf(std::move(progress)));
  }
  if (progress.methods.starts_with("pwd") && sign_on_->WantsNewPassword(account)) {
    progress.kind = Challenge::Kind::kPassword;
    return SignInOutcome(ChallengeOf(std::move(progress)));
  }
  return SignInOutcome(TRY(sign_on_->Start(account, progress.methods, progress.token, from_)));
}

Result<SignInOutcome> SignInSteps::SendTo(const Account& account, Progress progress) {
  const std::string mobile = TRY(OpenPhone(sign_on_->key(), account.name, account.phone));
  progress.kind = Challenge::Kind::kSms;
  progress.secret = TRY(sign_on_->sms_codes()->Ask(
      {mobile, account.name, from_.address, account.generation, true}, wait_seconds_));
  return SignInOutcome(ChallengeOf(std::move(progress)));
}

Result<SignInOutcome> SignInSteps::Begin(std::string_view name, std::string_view password, TokenKind kind) {
  TRY(sign_on_->CheckPassword(name, password, from_.address, wait_seconds_));
  const auto account = sign_on_->Find(name);
  if (!account) return StepOver();
  Progress progress;
  progress.account = account->name;
  progress.generation = account->generation;
  progress.methods = "pwd";
  progress.token = kind;
  return Next(*account, std::move(progress));
}

Result<SignInOutcome> SignInSteps::BeginPhone(std::string_view number, TokenKind kind) {
  if (sign_on_->sms_codes() == nullptr)
    return MakeError(ErrorCode::kUnsupported,
                     "this server sends no texts: sign in with account and password");
  Progress progress;
  progress.token = kind;
  return SendToPhone(TRY(ReadMobile(number)), std::move(progress));
}

// The ticket tells no account and is as long for everybody.
Result<SignInOutcome> SignInSteps::SendToPhone(std::string_view mobile, Progress progress) {
  const auto account = sign_on_->FindByPhone(PhoneMark(sign_on_->key(), mobile));
  progress.kind = Challenge::Kind::kSms;
  progress.methods = "sms";
  progress.number = SealPhone(sign_on_->key(), {}, mobile);
  progress.secret =
      TRY(sign_on_->sms_codes()->Ask({mobile, account ? std::string_view(account->name) : std::string_view(),
                                      from_.address, account ? account->generation : 0},
                                     wait_seconds_));
  return SignInOutcome(ChallengeOf(std::move(progress)));
}

Result<SignInOutcome> SignInSteps::SmsAgain(std::string_view ticket) {
  auto progress = Read(ticket);
  if (!progress || progress->kind != Challenge::Kind::kSms || sign_on_->sms_codes() == nullptr)
    return StepOver();
  if (progress->account.empty()) {
    const std::string mobile = TRY(OpenPhone(sign_on_->key(), {}, progress->number));
    return SendToPhone(mobile, std::move(*progress));
  }
  auto [own, account] = TRY(Open(ticket, Challenge::Kind::kSms));
  return SendTo(account, std::move(own));
}

Result<SignInOutcome> SignInSteps::PhoneCode(Progress progress, std::string_view code) {
  if (sign_on_->sms_codes() == nullptr) return StepOver();
  const SmsCodes::Found found = TRY(sign_on_->sms_codes()->Check(progress.secret, code));
  const auto account = sign_on_->Find(found.account);
  if (!account || account->disabled || account->generation != found.generation ||
      account->kind != AccountKind::kResident)
    return StepOver();
  progress.account = account->name;
  progress.generation = account->generation;
  progress.number.clear();
  return Next(*account, std::move(progress));
}

Status SignInSteps::UseUp(const Account& account, int64_t step) {
  Status once =
      sign_on_->sessions()->UseOnce(fmt::format("totp {} {}", account.name, step), NowS() + kCodeSeconds);
  if (!once.ok() && once.error().code == ErrorCode::kConflict) return WrongCode();
  return once;
}

Status SignInSteps::CheckApp(const Account& account, std::string_view code) {
  const std::string secret = TRY(OpenFactor(sign_on_->key(), account.name, account.totp));
  if (const auto step = FindTotpStep(secret, code, NowS())) return UseUp(account, *step);
  const std::string mark = RecoveryMark(sign_on_->key(), account.name, code);
  if (std::find(account.recovery.begin(), account.recovery.end(), mark) == account.recovery.end())
    return WrongCode();
  TRY(EditAccounts(sign_on_->options().folder, [&](Accounts* accounts) -> Status {
    Account* const found = FindAccount(accounts, account.name);
    if (found == nullptr || std::erase(found->recovery, mark) == 0) return WrongCode();
    return {};
  }));
  sign_on_->LookAgain();
  return {};
}

Status SignInSteps::CheckSms(const Account& account, const Progress& progress, std::string_view code) {
  if (sign_on_->sms_codes() == nullptr) return StepOver();
  const SmsCodes::Found found = TRY(sign_on_->sms_codes()->Check(progress.secret, code));
  return found.account == account.name ? Status() : Status(WrongCode());
}

Result<SignInOutcome> SignInSteps::Code(std::string_view ticket, std::string_view code) {
  auto begun = Read(ticket);
  if (!begun || (begun->kind != Challenge::Kind::kCode && begun->kind != Challenge::Kind::kSms))
    return StepOver();
  if (begun->kind == Challenge::Kind::kSms && begun->account.empty())
    return PhoneCode(std::move(*begun), code);
  auto [progress, account] = TRY(Open(ticket, begun->kind));
  TRY(sign_on_->CountCode(account.name, wait_seconds_));
  const bool sms = progress.kind == Challenge::Kind::kSms;
  TRY(sms ? CheckSms(account, progress, code) : CheckApp(account, code));
  sign_on_->ForgiveCodes(account.name);
  progress.methods += sms ? " sms" : " otp";
  progress.secret.clear();
  return Next(account, std::move(progress));
}

// The code is used up before the app is kept: after a crash between them nothing is enrolled, and the next code does it.
Result<Account> SignInSteps::KeepApp(const Account& account, std::string_view secret, std::string_view code,
                                     std::vector<std::string>* recovery) {
  TRY(sign_on_->CountCode(account.name, wait_seconds_));
  const auto step = FindTotpStep(secret, code, NowS());
  if (!step) return WrongCode();
  TRY(UseUp(account, *step));
  sign_on_->ForgiveCodes(account.name);
  return Edit(account, [&](Account* found) -> Status {
    if (!found->totp.empty()) return StepOver();
    found->totp = SealFactor(sign_on_->key(), found->name, secret);
    *recovery = MakeRecovery(sign_on_->key(), found);
    return {};
  });
}

Result<SignInOutcome> SignInSteps::Enrol(std::string_view ticket, std::string_view code,
                                         std::vector<std::string>* recovery) {
  auto [progress, account] = TRY(Open(ticket, Challenge::Kind::kEnrol));
  const Account kept = TRY(KeepApp(account, progress.secret, code, recovery));
  progress.methods += " otp";
  progress.secret.clear();
  return Next(kept, std::move(progress));
}

Result<SignInOutcome> SignInSteps::NewPassword(std::string_view ticket, std::string_view password) {
  auto [progress, account] = TRY(Open(ticket, Challenge::Kind::kPassword));
  if (VerifyPassword(account.password_hash, password)) return SamePassword();
  const Account changed = TRY(sign_on_->SetPassword(account, password));
  progress.generation = changed.generation;
  return Next(changed, std::move(progress));
}

Result<Account> SignInSteps::Edit(const Account& account, const std::function<Status(Account*)>& change) {
  Account after;
  TRY(EditAccounts(sign_on_->options().folder, [&](Accounts* accounts) -> Status {
    Account* const found = FindAccount(accounts, account.name);
    if (found == nullptr || found->disabled || found->generation != account.generation) return StepOver();
    TRY(change(found));
    after = *found;
    return {};
  }));
  sign_on_->LookAgain();
  return after;
}

Result<Account> SignInSteps::Own(const Viewer& viewer, std::string_view password) {
  TRY(sign_on_->CheckPassword(viewer.account, password, from_.address, wait_seconds_));
  auto account = sign_on_->Find(viewer.account);
  if (!account) return StepOver();
  return std::move(*account);
}

Result<SignOn::Grant> SignInSteps::ChangePassword(const Viewer& viewer, std::string_view old_password,
                                                  std::string_view password) {
  const Account account = TRY(Own(viewer, old_password));
  if (password == old_password) return SamePassword();
  const Sessions::LivePtr live = sign_on_->sessions()->Find(viewer.session);
  if (live == nullptr) return StepOver();
  const std::string methods = live->session.methods;
  const Account changed = TRY(sign_on_->SetPassword(account, password));
  return sign_on_->Start(changed, methods, TokenKind::kCookie, from_);
}

Result<Challenge> SignInSteps::StartEnrolment(const Viewer& viewer, std::string_view password) {
  const Account account = TRY(Own(viewer, password));
  if (!account.totp.empty())
    return MakeError(ErrorCode::kConflict, "this account has an app already; remove it first");
  Progress progress;
  progress.account = account.name;
  progress.generation = account.generation;
  progress.methods = "pwd";
  return EnrolmentOf(std::move(progress));
}

Result<std::vector<std::string>> SignInSteps::EnrolHere(const Viewer& viewer, std::string_view ticket,
                                                        std::string_view code) {
  auto [progress, account] = TRY(Open(ticket, Challenge::Kind::kEnrol));
  if (account.name != viewer.account) return StepOver();
  std::vector<std::string> recovery;
  TRY(KeepApp(account, progress.secret, code, &recovery));
  TRY(sign_on_->sessions()->EndAll(account.name, viewer.session));
  return recovery;
}

Status SignInSteps::RemoveFactor(const Viewer& viewer, std::string_view password) {
  const Account account = TRY(Own(viewer, password));
  if (account.totp.empty()) return MakeError(ErrorCode::kConflict, "this account has no app");
  Account without = account;
  without.totp.clear();
  if (sign_on_->WantsSecondFactor(without) && account.phone.empty())
    return MakeError(
        ErrorCode::kForbidden,
        "your post demands a second factor; whoever keeps the accounts can reset it, so that you "
        "enrol another app at the next sign-in");
  TRY(Edit(account, [](Account* found) -> Status {
    found->totp.clear();
    found->recovery.clear();
    return {};
  }));
  return {};
}

Result<std::vector<std::string>> SignInSteps::NewRecovery(const Viewer& viewer, std::string_view password) {
  const Account account = TRY(Own(viewer, password));
  if (account.totp.empty()) return MakeError(ErrorCode::kConflict, "this account has no app");
  std::vector<std::string> codes;
  TRY(Edit(account, [&](Account* found) -> Status {
    codes = MakeRecovery(sign_on_->key(), found);
    return {};
  }));
  return codes;
}

}  // namespace tk::access
