// account and token: work while the server runs, and before it ever ran.
#include <fmt/format.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "kernel/access/accounts.h"
#include "kernel/access/factor/phone.h"
#include "kernel/access/oauth/jose.h"
#include "kernel/access/oauth/keys.h"
#include "kernel/access/posts.h"
#include "kernel/access/sign_on.h"
#include "kernel/base/clock.h"
#include "kernel/base/file.h"
#include "kernel/geo/area_view.h"
#include "kernel/view/directory.h"
#include "server/commands.h"
#include "server/open.h"

namespace tk::server {
namespace {

struct AccountOptions {
  std::string data, account, display, post, area, organization;
  bool password_stdin = false, no_password = false;
  std::string kind = "person", record, jwks_file, scopes;
  std::string id_token_alg{access::oauth::kSigningDefault};
  std::vector<std::string> redirects;
  bool is_public = false;
  bool sms_factor = false, no_phone = false;
};

/// The terminal does not show what is typed while this lives.
class Silence {
 public:
  Silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Silence() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

Result<std::string> ReadPassword() {
  std::string password, again;
  if (::isatty(STDIN_FILENO) == 0) {
    std::getline(std::cin, password);
    if (!password.empty() && password.back() == '\r') password.pop_back();
    return password;
  }
  const Silence silence;
  std::fputs("Password: ", stderr);
  std::getline(std::cin, password);
  std::fputs("\nOnce more: ", stderr);
  std::getline(std::cin, again);
  std::fputs("\n", stderr);
  if (password != again)
    return MakeError(ErrorCode::kIncorrect, "the two passwords differ; nothing was changed");
  return password;
}

Result<std::string> ReadHash(const std::string& account) {
  std::string password = TRY(ReadPassword());
  auto hash = access::HashPassword(password, account);
  sodium_memzero(password.data(), password.size());
  return hash;
}

Error NoAccount(const std::string& name) {
  return MakeError(ErrorCode::kNotFound,
                   fmt::format("there is no account '{}'; see: tongkang account list", name));
}

/// What the area is called, so that a slip of the finger is seen; an area that the saved tree does not know is refused.
Status TellArea(const std::string& data, const std::string& code) {
  TRY(view::AreaRange(code));
  const geo::AreaNumber area = TRY(geo::ParseAreaCode(code));
  const auto tree = geo::AreaView::LoadSaved(data);
  if (!tree.ok() || (*tree)->size() == 0) {
    std::fprintf(stderr,
                 "warning: no areas are saved in this folder yet, so nobody can say whether %s is one; see: "
                 "tongkang import areas\n",
                 code.c_str());
    return {};
  }
  const geo::AreaIndex found = (*tree)->Find(area);
  if (found == geo::kNoArea)
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("there is no area {} among the {} that are saved here. If it came by a "
                                 "single write to a server that runs, it is saved when that stops",
                                 code, (*tree)->size()));
  std::fprintf(stderr, "area %s: %s%s\n", code.c_str(), (*tree)->Path(found).c_str(),
               (*tree)->Active(found) ? "" : " (abolished)");
  return {};
}

/// Posts that packs bring are known before the first start, too: they stand in a file that each start writes anew.
Status TellPackPosts(const std::string& data) {
  if (FileExists(access::PackPostsPath(data))) return {};
  const auto packs = TRY(LoadPackSet({data, {}, {}}));
  const auto definitions = TRY(app::LoadDefinitions(packs->packs(), data + "/types"));
  const std::vector<app::App> apps = TRY(app::LoadPacks(*definitions, packs->packs(), data + "/apps"));
  return access::WritePackPosts(data, app::PostsOf(apps));
}

/// Alone on stdout, so that it can go into a file; it cannot be read again.
void PrintSecret(const std::string& secret) {
  if (!secret.empty()) fmt::print("{}\n", secret);
}

Status Add(const AccountOptions& options) {
  TRY(CheckDataFolderOrEmpty(options.data));
  TRY(access::PrepareFolder(options.data));
  TRY(access::CheckAccountName(options.account));
  TRY(TellPackPosts(options.data));
  const access::Posts posts = TRY(access::Posts::Load(options.data));
  access::Account made;
  made.kind = TRY(access::KindOf(options.kind));
  const bool program = made.kind == access::AccountKind::kProgram;
  if (posts.Find(options.post) == nullptr && !(program && options.post.empty())) {
    return MakeError(ErrorCode::kIncorrect, fmt::format("there is no post '{}'; posts are: {}", options.post,
                                                        fmt::join(posts.Names(), ", ")));
  }
  if (!options.area.empty()) TRY(TellArea(options.data, options.area));
  made.name = options.account;
  made.display = options.display.empty() ? options.account : options.display;
  made.post = options.post;
  made.area = options.area;
  made.organization = options.organization;
  made.record = options.record;
  if (!made.record.empty()) made.record_bound_us = SystemClock().NowUs();
  made.scopes = options.scopes;
  made.redirects = options.redirects;
  if (program) made.id_token_alg = options.id_token_alg;
  if (!options.jwks_file.empty()) made.jwks = TRY(ReadFile(options.jwks_file, access::oauth::kJwksBytesMax));
  const bool signs_in_at_pages = !program && made.kind != access::AccountKind::kDevice;
  std::string secret;
  if (program && made.jwks.empty() && !options.is_public) {
    secret = access::NewSecret();
    made.secret_hash = TRY(access::HashSecret(secret));
  }
  TRY(access::CheckAccount(made));
  if (signs_in_at_pages && !options.no_password) {
    made.password_hash = TRY(ReadHash(options.account));
    made.password_set_s = SystemClock().NowUs() / kSecondUs;
  }
  TRY(access::EditAccounts(options.data, [&](access::Accounts* accounts) -> Status {
    if (access::FindAccount(accounts, options.account) != nullptr) {
      return MakeError(ErrorCode::kConflict,
                       fmt::format("there is an account '{}' already", options.account));
    }
    accounts->push_back(made);
    return {};
  }));
  PrintSecret(secret);
  std::fprintf(stderr, "account '%s' added\n", options.account.c_str());
  return {};
}

/// A new secret for a program; the old one, and what it opened, ends.
Status NewSecret(const AccountOptions& options) {
  TRY(CheckDataFolder(options.data));
  const std::string secret = access::NewSecret();
  const std::string hash = TRY(access::HashSecret(secret));
  TRY(access::EditAccounts(options.data, [&](access::Accounts* accounts) -> Status {
    access::Account* const account = access::FindAccount(accounts, options.account);
    if (account == nullptr) return NoAccount(options.account);
    account->secret_hash = hash;
    ++account->generation;
    return access::CheckAccount(*account);
  }));
  PrintSecret(secret);
  return {};
}

/// A password for one sign-in, printed once; the second factor stays.
Status Reset(const AccountOptions& options) {
  TRY(CheckDataFolder(options.data));
  const std::string password = access::NewPassword();
  const std::string hash = TRY(access::HashPassword(password, options.account));
  TRY(access::EditAccounts(options.data, [&](access::Accounts* accounts) -> Status {
    access::Account* const account = access::FindAccount(accounts, options.account);
    if (account == nullptr) return NoAccount(options.account);
    account->password_hash = hash;
    account->must_change = true;
    ++account->generation;
    return access::CheckAccount(*account);
  }));
  PrintSecret(password);
  return {};
}

/// The number is read from stdin: on the command line every user of the machine could see it.
Status SetPhone(const AccountOptions& options) {
  TRY(CheckDataFolder(options.data));
  std::string number;
  if (!options.no_phone) {
    if (::isatty(STDIN_FILENO) != 0) std::fputs("Mobile number: ", stderr);
    std::getline(std::cin, number);
    if (number.empty())
      return MakeError(ErrorCode::kIncorrect, "no number was given; --remove takes the phone away");
  }
  const access::AccessKey key = TRY(access::LoadAccessKey(options.data));
  return access::EditAccounts(options.data, [&](access::Accounts* accounts) -> Status {
    access::Account* const account = access::FindAccount(accounts, options.account);
    if (account == nullptr) return NoAccount(options.account);
    TRY(access::SetPhone(key, number, account));
    account->sms_factor = options.sms_factor || account->sms_factor;
    for (const access::Account& other : *accounts) {
      if (&other != account && account->kind == access::AccountKind::kResident &&
          other.kind == access::AccountKind::kResident && !account->phone_mark.empty() &&
          other.phone_mark == account->phone_mark)
        return MakeError(ErrorCode::kConflict, "another resident has this number");
    }
    ++account->generation;
    return access::CheckAccount(*account);
  });
}

Status SetPassword(const AccountOptions& options) {
  TRY(CheckDataFolderOrEmpty(options.data));
  TRY(access::PrepareFolder(options.data));
  if (access::FindAccount(TRY(access::LoadAccounts(options.data)), options.account) == nullptr)
    return NoAccount(options.account);
  const std::string hash = TRY(ReadHash(options.account));
  // A new password ends what the old one opened.
  return access::EditAccounts(options.data, [&](access::Accounts* accounts) -> Status {
    access::Account* const account = access::FindAccount(accounts, options.account);
    if (account == nullptr) return NoAccount(options.account);
    account->password_hash = hash;
    account->must_change = false;
    account->password_set_s = SystemClock().NowUs() / kSecondUs;
    ++account->generation;
    return access::CheckAccount(*account);
  });
}

Status Change(const AccountOptions& options, const std::function<void(access::Account*)>& change) {
  TRY(CheckDataFolder(options.data));
  return access::EditAccounts(options.data, [&](access::Accounts* accounts) -> Status {
    access::Account* const account = access::FindAccount(accounts, options.account);
    if (account == nullptr) return NoAccount(options.account);
    change(account);
    ++account->generation;
    return {};
  });
}

Status List(const AccountOptions& options) {
  TRY(CheckDataFolder(options.data));
  for (const access::Account& account : TRY(access::LoadAccounts(options.data))) {
    const bool secret = !account.secret_hash.empty() || !account.jwks.empty();
    const std::string_view second = !account.totp.empty() ? " app" : account.sms_factor ? " sms" : "";
    fmt::print("{:<24} {:<9} {:<14} {:<12} {}{}{}\n", account.name, access::NameOf(account.kind),
               account.post.empty() ? "-" : account.post, account.area.empty() ? "city" : account.area,
               account.disabled ? "disabled " : "",
               !account.password_hash.empty() ? ""
               : secret                       ? "secret or key"
                                              : "no password",
               second);
  }
  return {};
}

CLI::App* Sub(CLI::App* parent, const std::string& name, const std::string& help, AccountOptions* options,
              bool names_one) {
  CLI::App* const app = parent->add_subcommand(name, help);
  app->add_option("--data", options->data, "Data folder")->required()->envname("TONGKANG_DATA");
  if (names_one) app->add_option("--account,account", options->account, "The account's name")->required();
  return app;
}

}  // namespace

namespace {

/// Commands about second factors, and the reset of a password.
void AddFactors(CLI::App* account, const std::shared_ptr<AccountOptions>& options, Commands* commands) {
  CLI::App* const reset = Sub(account, "reset",
                              "Print a password for one sign-in, at which another is asked for; ends the "
                              "account's sessions and tokens",
                              options.get(), true);
  commands->push_back({reset, [options] { return Finish(Reset(*options)); }});
  CLI::App* const factor =
      Sub(account, "reset-factor",
          "Forget the authenticator app and the recovery codes: where the post demands a "
          "second factor, an app is enrolled at the next sign-in",
          options.get(), true);
  commands->push_back({factor, [options] {
                         return Finish(Change(*options, [](access::Account* a) {
                           a->totp.clear();
                           a->recovery.clear();
                         }));
                       }});
  CLI::App* const phone =
      Sub(account, "set-phone",
          "Set the mobile number, read from the terminal or from stdin; a resident signs in "
          "by codes to it",
          options.get(), true);
  phone->add_flag("--sms-factor", options->sms_factor,
                  "A code to it is the account's second factor, where it has no app");
  phone->add_flag("--remove", options->no_phone, "Take the phone away");
  commands->push_back({phone, [options] { return Finish(SetPhone(*options)); }});
}

}  // namespace

void AddAccount(CLI::App* root, Commands* commands) {
  const auto options = std::make_shared<AccountOptions>();
  CLI::App* const account = root->add_subcommand("account",
                                                 "Who may sign in: add, set-password, reset, reset-factor, "
                                                 "set-phone, new-secret, revoke, disable, enable, list");
  account->require_subcommand(1);
  CLI::App* const add =
      Sub(account, "add", "Add an account; the password is read from the terminal or from stdin",
          options.get(), true);
  add->add_option(
      "--post", options->post,
      "What it may do: screener, doctor, cdc-officer, operator, admin, or one of DIR/posts.toml; a "
      "program may have none and act for people only");
  add->add_option("--area", options->area,
                  "Whose data: a division code such as 380102; without it the whole city");
  add->add_option("--organization", options->organization,
                  "The institution where it works, as Organization/x: opens those with whom that one has a "
                  "treating relation");
  add->add_option("--display", options->display, "The name that colleagues see");
  add->add_flag("--password-stdin", options->password_stdin,
                "Read the password from stdin (also without this flag when stdin is no terminal)");
  add->add_flag("--no-password", options->no_password,
                "No sign-in with a password: for programs, which use tokens");
  add->add_option("--kind", options->kind, "person, resident, device or program")->capture_default_str();
  add->add_option("--record", options->record, "Who it is: Practitioner/<id>; of a resident Patient/<id>");
  add->add_option("--scopes", options->scopes,
                  "Of a program: the most that it may be granted, such as \"openid fhirUser patient/*.rs\"");
  add->add_option("--redirect", options->redirects, "Of a program: an address for answers; may be repeated");
  add->add_option("--jwks", options->jwks_file,
                  "Of a program: file with its public keys (JWKS), in place of a secret");
  add->add_option("--id-token-alg", options->id_token_alg,
                  "Of a program: with which its tokens are signed, RS256 or ES256")
      ->capture_default_str();
  add->add_flag("--public", options->is_public,
                "Of a program: it can keep no secret (a page, an app on a phone). Without this and without "
                "--jwks a secret is made and printed once");
  commands->push_back({add, [options] { return Finish(Add(*options)); }});
  CLI::App* const set =
      Sub(account, "set-password",
          "Set a password, read from the terminal or from stdin; ends the account's sessions and tokens",
          options.get(), true);
  set->add_flag("--password-stdin", options->password_stdin, "Read it from stdin");
  commands->push_back({set, [options] { return Finish(SetPassword(*options)); }});
  AddFactors(account, options, commands);
  CLI::App* const secret =
      Sub(account, "new-secret", "Make a new secret for a program and print it once", options.get(), true);
  commands->push_back({secret, [options] { return Finish(NewSecret(*options)); }});
  CLI::App* const revoke =
      Sub(account, "revoke", "Make all tokens and sessions of an account worthless", options.get(), true);
  commands->push_back({revoke, [options] { return Finish(Change(*options, [](access::Account*) {})); }});
  CLI::App* const disable = Sub(account, "disable", "Let an account sign in no more", options.get(), true);
  commands->push_back({disable, [options] {
                         return Finish(Change(*options, [](access::Account* a) { a->disabled = true; }));
                       }});
  CLI::App* const enable =
      Sub(account, "enable", "Let a disabled account sign in again", options.get(), true);
  commands->push_back({enable, [options] {
                         return Finish(Change(*options, [](access::Account* a) { a->disabled = false; }));
                       }});
  CLI::App* const list = Sub(account, "list", "List the accounts", options.get(), false);
  commands->push_back({list, [options] { return Finish(List(*options)); }});
}

void AddKeys(CLI::App* root, Commands* commands) {
  const auto data = std::make_shared<std::string>();
  CLI::App* const keys = root->add_subcommand("keys", "Keys that sign the tokens of programs");
  keys->require_subcommand(1);
  CLI::App* const rotate = keys->add_subcommand(
      "rotate-signing", "New keys sign from now on; those before verify until their tokens are over");
  rotate->add_option("--data", *data, "Data folder")->required()->envname("TONGKANG_DATA");
  commands->push_back({rotate, [data] {
                         if (const Status there = CheckDataFolder(*data); !there.ok())
                           return Fail(there.error());
                         const SystemClock clock;
                         auto now = access::oauth::RotateSigningKeys(*data, clock);
                         if (!now.ok()) return Fail(now.error());
                         for (const access::oauth::Algorithm each : access::oauth::kSigningAlgorithms)
                           fmt::print("{} {}\n", NameOf(each), now->current(each).kid());
                         return kExitDone;
                       }});
}

void AddToken(CLI::App* root, Commands* commands) {
  struct TokenOptions {
    std::string data, account;
    int64_t days = 30;
  };
  const auto options = std::make_shared<TokenOptions>();
  CLI::App* const token = root->add_subcommand("token", "Print a bearer token of an account");
  token->add_option("--data", options->data, "Data folder")->required()->envname("TONGKANG_DATA");
  token->add_option("--account", options->account, "The account's name")->required();
  token->add_option("--days", options->days, "How long it is good")
      ->check(CLI::Range(1, 366))
      ->capture_default_str();
  commands->push_back({token, [options] {
                         if (const Status there = CheckDataFolder(options->data); !there.ok())
                           return Fail(there.error());
                         const SystemClock clock;
                         auto made = access::IssueBearer(options->data, options->account,
                                                         options->days * 86400, clock);
                         if (!made.ok()) return Fail(made.error());
                         std::puts(made->c_str());
                         return kExitDone;
                       }});
}

}  // namespace tk::server
