#include "kernel/access/accounts.h"

#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "kernel/access/oauth/jose.h"
#include "kernel/access/oauth/keys.h"
#include "kernel/access/oauth/scopes.h"
#include "kernel/access/toml_read.h"
#include "kernel/base/base32.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/view/directory.h"

namespace tk::access {
namespace {

constexpr size_t kAccountsBytesMax = size_t{64} << 20;
constexpr std::array<std::string_view, 4> kKinds = {"person", "device", "program", "resident"};
std::string AccountsPath(const std::string& folder) { return folder + "/accounts.toml"; }
std::string KeyPath(const std::string& folder) { return folder + "/access.key"; }

Status ReadFactors(const toml::table& table, const std::string& name, Account* account) {
  account->totp = TRY(TextOf(table, "totp", name));
  account->recovery = TRY(TextsOf(table, "recovery", name));
  account->phone = TRY(TextOf(table, "phone", name));
  account->phone_mark = TRY(TextOf(table, "phone_mark", name));
  account->sms_factor = TRY(FlagOf(table, "sms_factor", name));
  account->must_change = TRY(FlagOf(table, "must_change", name));
  account->password_set_s = TRY(NumberOf(table, "password_set", name));
  return {};
}

Result<Account> ReadAccount(const toml::table& table, const std::string& name) {
  TRY(CheckKeys(table, name, {"name",         "display",
                              "password",     "post",
                              "area",         "organization",
                              "disabled",     "generation",
                              "kind",         "record",
                              "secret",       "jwks",
                              "scopes",       "redirects",
                              "totp",         "recovery",
                              "phone",        "phone_mark",
                              "sms_factor",   "must_change",
                              "password_set", "id_token_signed_response_alg",
                              "record_bound"}));
  Account account;
  account.name = TRY(TextOf(table, "name", name));
  account.display = TRY(TextOf(table, "display", name));
  account.password_hash = TRY(TextOf(table, "password", name));
  account.post = TRY(TextOf(table, "post", name));
  account.area = TRY(TextOf(table, "area", name));
  account.organization = TRY(TextOf(table, "organization", name));
  if (!account.organization.empty() && !account.organization.starts_with("Organization/"))
    return TomlError(name, table, "'organization' must name a record, as in \"Organization/x\"");
  account.disabled = TRY(FlagOf(table, "disabled", name));
  account.generation = TRY(NumberOf(table, "generation", name));
  if (Status good = CheckAccountName(account.name); !good.ok())
    return TomlError(name, table, good.error().external);
  if (!account.password_hash.empty() && !account.password_hash.starts_with("$argon2id$")) {
    return TomlError(name, table,
                     "'password' must be an argon2id hash; set it with: tongkang account set-password");
  }
  const std::string kind = TRY(TextOf(table, "kind", name));
  account.record = TRY(TextOf(table, "record", name));
  account.record_bound_us = TRY(NumberOf(table, "record_bound", name));
  TRY(ReadFactors(table, name, &account));
  account.secret_hash = TRY(TextOf(table, "secret", name));
  account.jwks = TRY(TextOf(table, "jwks", name));
  account.scopes = TRY(TextOf(table, "scopes", name));
  account.redirects = TRY(TextsOf(table, "redirects", name));
  account.id_token_alg = TRY(TextOf(table, "id_token_signed_response_alg", name));
  auto known = KindOf(kind.empty() ? "person" : kind);
  if (!known.ok()) return TomlError(name, table, known.error().external);
  account.kind = *known;
  if (Status good = CheckAccount(account); !good.ok()) return TomlError(name, table, good.error().external);
  if (!account.area.empty()) {
    auto range = view::AreaRange(account.area);
    if (!range.ok()) return TomlError(name, table, range.error().external);
  }
  return account;
}

/// Lines of one account; what is empty is left out where `line_if` writes it.
struct TomlLines {
  std::string* out;
  void line(std::string_view key, std::string_view text) const {
    out->append(key).append(" = ");
    AppendJsonString(text, out);  // a JSON string is a TOML basic string
    *out += '\n';
  }
  void line_if(std::string_view key, std::string_view text) const {
    if (!text.empty()) line(key, text);
  }
  void list_if(std::string_view key, const std::vector<std::string>& texts) const {
    if (texts.empty()) return;
    out->append(key).append(" = [");
    for (const std::string& text : texts) {
      if (&text != &texts.front()) *out += ", ";
      AppendJsonString(text, out);
    }
    *out += "]\n";
  }
};

std::string ToToml(const Accounts& accounts) {
  std::string out =
      "# Accounts of this data folder. Change them with `tongkang account`, or by hand: the server notices "
      "within a second.\n"
      "# area: a division code, \"\" = the whole city. Raise `generation` to make all tokens of an account "
      "worthless.\n";
  const TomlLines to{&out};
  for (const Account& account : accounts) {
    out += "\n[[account]]\n";
    to.line("name", account.name);
    to.line("display", account.display);
    to.line("password", account.password_hash);
    to.line("post", account.post);
    to.line("area", account.area);
    to.line_if("organization", account.organization);
    out += fmt::format("disabled = {}\ngeneration = {}\n", account.disabled, account.generation);
    if (account.kind != AccountKind::kPerson) to.line("kind", NameOf(account.kind));
    to.line_if("record", account.record);
    if (account.record_bound_us != 0) out += fmt::format("record_bound = {}\n", account.record_bound_us);
    to.line_if("secret", account.secret_hash);
    to.line_if("jwks", account.jwks);
    to.line_if("scopes", account.scopes);
    to.list_if("redirects", account.redirects);
    to.line_if("id_token_signed_response_alg", account.id_token_alg);
    to.line_if("totp", account.totp);
    to.list_if("recovery", account.recovery);
    to.line_if("phone", account.phone);
    to.line_if("phone_mark", account.phone_mark);
    if (account.sms_factor) out += "sms_factor = true\n";
    if (account.must_change) out += "must_change = true\n";
    if (account.password_set_s != 0) out += fmt::format("password_set = {}\n", account.password_set_s);
  }
  return out;
}

// A hash of a password that nobody has, so that unknown accounts cost the same time as known ones.
const std::string& DecoyHash() {
  static const std::string hash = [] {
    std::array<uint8_t, 32> secret;
    SystemRandom(secret);
    char out[crypto_pwhash_STRBYTES];
    CHECK(crypto_pwhash_str(out, reinterpret_cast<const char*>(secret.data()), secret.size(),
                            crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
    return std::string(out);
  }();
  return hash;
}

// Two residents with one phone are read, so that such a file keeps no server from starting: a code goes to neither (SignOn::FindByPhone).
Result<Accounts> ParseAccounts(const std::string& text, const std::string& path) {
  const toml::table file = TRY(ParseToml(text, path));
  TRY(CheckKeys(file, path, {"account"}));
  Accounts accounts;
  const toml::node* const list = file.get("account");
  if (list == nullptr) return accounts;
  if (!list->is_array_of_tables()) return TomlError(path, *list, "accounts are written as [[account]]");
  std::set<std::string> names;
  for (const toml::node& item : *list->as_array()) {
    accounts.push_back(TRY(ReadAccount(*item.as_table(), path)));
    if (!names.insert(accounts.back().name).second)
      return TomlError(path, item, "this account name is there twice");
  }
  return accounts;
}

/// Which residents' phones are there more than once.
std::multiset<std::string> SharedPhones(const Accounts& accounts) {
  std::set<std::string> seen;
  std::multiset<std::string> shared;
  for (const Account& account : accounts) {
    if (account.kind == AccountKind::kResident && !account.phone_mark.empty() &&
        !seen.insert(account.phone_mark).second)
      shared.insert(account.phone_mark);
  }
  return shared;
}

/// What is about to be written must be readable, and no phone of two residents may be new in it.
Status CheckWritten(const std::multiset<std::string>& shared_before, const Accounts& after,
                    const std::string& text, const std::string& path) {
  const auto shared = SharedPhones(after);
  if (!std::includes(shared_before.begin(), shared_before.end(), shared.begin(), shared.end()))
    return MakeError(ErrorCode::kConflict,
                     "another resident has this phone: a code to it would not say who signs in; leave "
                     "'phone' out, he signs in with account and password");
  if (text.size() > kAccountsBytesMax)
    return MakeError(ErrorCode::kTooLarge, "accounts.toml would be larger than can be read again");
  const auto read = ParseAccounts(text, path);
  return read.ok() ? Status() : Status(read.error());
}

}  // namespace

Status CheckAccountName(std::string_view name) {
  const bool good = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  if (good) return {};
  return MakeError(ErrorCode::kIncorrect, "an account name has 1 to 64 of: a-z 0-9 . _ -");
}

std::string_view NameOf(AccountKind kind) { return kKinds.at(static_cast<size_t>(kind)); }

Result<AccountKind> KindOf(std::string_view name) {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds.at(i) == name) return static_cast<AccountKind>(i);
  }
  return MakeError(ErrorCode::kIncorrect, fmt::format("an account is one of: {}", fmt::join(kKinds, ", ")));
}

Status CheckRedirect(std::string_view uri) {
  const auto plain = [](char c) {
    return c > 0x20 && c < 0x7f && c != '#' && c != '\\' && c != '"' && c != '<' && c != '>' && c != ';' &&
           c != ',';
  };
  const size_t colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, colon);
  const bool here = uri.starts_with("http://localhost:") || uri.starts_with("http://localhost/") ||
                    uri.starts_with("http://127.0.0.1:") || uri.starts_with("http://127.0.0.1/") ||
                    uri.starts_with("http://[::1]:") || uri.starts_with("http://[::1]/");
  // RFC 8252 section 7.1: an app's own scheme is a domain name turned round, so that it has a dot.
  const bool app = colon != std::string_view::npos && scheme.find('.') != std::string_view::npos &&
                   std::all_of(scheme.begin(), scheme.end(), [](char c) {
                     return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
                   });
  const bool secure = uri.starts_with("https://") && uri.size() > 8 && uri[8] != '/';
  const std::string_view host = secure ? uri.substr(8, uri.find_first_of("/?", 8) - 8) : std::string_view();
  if (uri.size() <= 512 && std::all_of(uri.begin(), uri.end(), plain) && (secure || here || app) &&
      host.find('@') == std::string_view::npos)
    return {};
  return MakeError(ErrorCode::kIncorrect,
                   "an address for answers is https://host/path, http://localhost:port/path or an app's own "
                   "com.example.app:/path; printable ASCII, at most 512 characters, without '#'");
}

Status CheckAccount(const Account& account) {
  const auto wrong = [](std::string text) { return MakeError(ErrorCode::kIncorrect, std::move(text)); };
  const bool program = account.kind == AccountKind::kProgram;
  if (account.post.empty() && !program) return wrong("'post' is missing");
  const bool has = !account.secret_hash.empty() || !account.jwks.empty() || !account.scopes.empty() ||
                   !account.redirects.empty() || !account.id_token_alg.empty();
  if (has && !program)
    return wrong(
        "secret, jwks, scopes, redirects and id_token_signed_response_alg are of programs only (kind = "
        "\"program\")");
  if ((program || account.kind == AccountKind::kDevice) &&
      !(account.password_hash.empty() && account.totp.empty() && account.phone.empty()))
    return wrong(
        "a device or a program has no password, second factor or phone: it never signs in at a page");
  if (account.phone.empty() != account.phone_mark.empty())
    return wrong("'phone' and 'phone_mark' belong together; set them with: tongkang account set-phone");
  if (account.sms_factor && account.phone.empty())
    return wrong("codes by SMS as a second factor need a phone: tongkang account set-phone");
  if (account.kind == AccountKind::kResident && !account.record.starts_with("Patient/"))
    return wrong("a resident needs 'record': Patient/<id>, who he is");
  if (!account.record.empty() && !account.record.starts_with("Patient/") &&
      !account.record.starts_with("Practitioner/") && !account.record.starts_with("PractitionerRole/") &&
      !account.record.starts_with("RelatedPerson/"))
    return wrong("'record' is Practitioner/<id>, PractitionerRole/<id>, RelatedPerson/<id> or Patient/<id>");
  for (const std::string& redirect : account.redirects) TRY(CheckRedirect(redirect));
  TRY(oauth::ParseScopes(account.scopes));
  TRY(oauth::SigningAlgorithmOf(account.id_token_alg));
  if (!account.jwks.empty()) TRY(oauth::ReadJwks(account.jwks));
  return {};
}

Status PrepareFolder(const std::string& folder) {
  TRY(MakeFolder(folder));
  const FileLock lock = TRY(FileLock::Take(folder + "/accounts.lock", 5000));
  if (::access(KeyPath(folder).c_str(), F_OK) != 0) {
    AccessKey key;
    SystemRandom(key);
    TRY(WriteFileDurable(KeyPath(folder), AsText(key), 0600));
  }
  TRY(oauth::PrepareSigningKeys(folder));
  if (::access(AccountsPath(folder).c_str(), F_OK) != 0) {
    Account admin;
    admin.name = "admin";
    admin.display = "管理员";
    admin.post = "admin";
    TRY(WriteFileDurable(AccountsPath(folder), ToToml({admin}), 0600));
  }
  return {};
}

Result<Accounts> LoadAccounts(const std::string& folder) {
  const std::string path = AccountsPath(folder);
  return ParseAccounts(TRY(ReadFile(path, kAccountsBytesMax)), path);
}

Result<AccessKey> LoadAccessKey(const std::string& folder) {
  const std::string bytes = TRY(ReadFile(KeyPath(folder), 1024));
  AccessKey key;
  if (bytes.size() != key.size()) {
    return MakeError(
        ErrorCode::kCorrupt,
        fmt::format("{} must be {} bytes; restore it from backup, or delete it: a new one is made "
                    "and everybody signs in anew",
                    KeyPath(folder), key.size()));
  }
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

Status EditAccounts(const std::string& folder, const std::function<Status(Accounts*)>& edit) {
  const FileLock lock = TRY(FileLock::Take(folder + "/accounts.lock", 5000));
  Accounts accounts = TRY(LoadAccounts(folder));
  const auto shared_before = SharedPhones(accounts);
  TRY(edit(&accounts));
  const std::string text = ToToml(accounts);
  TRY(CheckWritten(shared_before, accounts, text, AccountsPath(folder)));
  return WriteFileDurable(AccountsPath(folder), text, 0600);
}

Account* FindAccount(Accounts* accounts, std::string_view name) {
  const auto at =
      std::find_if(accounts->begin(), accounts->end(), [&](const Account& a) { return a.name == name; });
  return at == accounts->end() ? nullptr : &*at;
}
const Account* FindAccount(const Accounts& accounts, std::string_view name) {
  return FindAccount(const_cast<Accounts*>(&accounts), name);
}

Result<std::string> HashPassword(std::string_view password, std::string_view account) {
  TRY(CheckPasswordRules(password, account));
  return HashSecret(password);
}

std::string NewPassword() {
  std::array<uint8_t, 10> bytes;
  SystemRandom(bytes);
  const std::string text = ToLower(ToBase32(bytes));
  return text.substr(0, 5) + "-" + text.substr(5, 5) + "-" + text.substr(10, 5);
}

std::string NewSecret() {
  std::array<uint8_t, 32> bytes;
  SystemRandom(bytes);
  return ToBase64Url(bytes);
}

Result<std::string> HashSecret(std::string_view password) {
  char out[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(out, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return MakeError(ErrorCode::kUnavailable, "not enough memory to hash a password (64 MiB are needed)");
  }
  return std::string(out);
}

bool VerifyPassword(std::string_view hash, std::string_view password) {
  const std::string text(hash.empty() ? std::string_view(DecoyHash()) : hash);
  const bool right = password.size() <= kPasswordBytesMax &&
                     crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
  return right && !hash.empty();
}

}  // namespace tk::access
