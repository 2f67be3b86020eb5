// Accounts: who may sign in, with which post and for which area: people, residents, devices and programs. A file of the data folder that people may read and edit;
// the program rewrites it whole. Passwords only as argon2id hashes.
// Flow:   PrepareFolder (fresh folder: account admin, without a password) → LoadAccounts → SignOn
//         `tongkang account …` → EditAccounts (locked, works while the server runs; the server notices within a second)
// Source: RFC 9106 (argon2id) by libsodium, interactive limits (64 MiB).
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/account_kind.h"
#include "kernel/access/password_rules.h"
#include "kernel/base/result.h"

namespace tk::access {

struct Account {
  std::string name;           // [a-z0-9._-], 1..64; what people type
  std::string display;        // shown to colleagues
  std::string password_hash;  // "" = cannot sign in with a password
  std::string post;
  std::string area;  // division code, "" = whole city
  bool disabled = false;
  int64_t generation = 1;  // raising it makes every token of this account worthless
  std::string organization =
      {};  // "Organization/x": the institution where it works; "" = none. Opens those with whom that one has a treating relation
  AccountKind kind = AccountKind::kPerson;
  std::string record =
      {};  // who it is in the log: "Practitioner/x"; a resident's "Patient/x" is the one whom he sees
  int64_t record_bound_us =
      0;  // when it was bound to the record, or that was confirmed; 0: not known, before everything
  // Second factor, phone and state of the password, of people and residents only:
  std::string totp = {};  // secret of an authenticator app, sealed (factor/totp.h); "" = none
  std::vector<std::string> recovery = {};  // marks of the recovery codes that are left
  std::string phone = {};                  // a mobile number, sealed (factor/phone.h); "" = none
  std::string phone_mark = {};             // by which it is found without being opened
  bool sms_factor = false;                 // a code to the phone is the second factor, where there is no app
  bool must_change = false;                // the password is another's choice: a new one at the next sign-in
  int64_t password_set_s = 0;              // 0: not known
  // Of programs only:
  std::string secret_hash = {};  // argon2id; "" = none
  std::string jwks = {};         // its public keys (RFC 7517), "" = none; with neither it is a public client
  std::string scopes = {};       // the most that it may be granted
  std::vector<std::string> redirects = {};  // where answers may go, compared letter by letter
  std::string id_token_alg =
      {};  // "RS256" or "ES256", with which its tokens are signed; "" = of before, ES256
};
using Accounts = std::vector<Account>;  // in file order; names unique

using AccessKey = std::array<uint8_t, 32>;

/// Makes the folder, accounts.toml and access.key (mode 0600) where they are missing.
Status PrepareFolder(const std::string& folder);
Result<Accounts> LoadAccounts(const std::string& folder);
Result<AccessKey> LoadAccessKey(const std::string& folder);

/// Locked read, change, durable write. Errors of `edit` leave the file as it was, and so does what could not be read again (kIncorrect) and a phone that
/// would be of two residents who had it not both before (kConflict).
Status EditAccounts(const std::string& folder, const std::function<Status(Accounts*)>& edit);

Account* FindAccount(Accounts* accounts, std::string_view name);
const Account* FindAccount(const Accounts& accounts, std::string_view name);
/// Errors: kIncorrect, what a name may be.
Status CheckAccountName(std::string_view name);
/// kIncorrect when it is too short, too long, or easily guessed: password_rules.h.
Result<std::string> HashPassword(std::string_view password, std::string_view account);
/// A password that a person types once, "abcde-fghij-klmno": 75 random bits.
std::string NewPassword();
/// 32 random bytes as base64url, for programs: nobody types it.
std::string NewSecret();
/// Of a secret that was made by NewSecret.
Result<std::string> HashSecret(std::string_view secret);
/// kIncorrect unless a program may have its answers there: https, http on the machine itself, or the scheme of an app on a phone; no fragment.
Status CheckRedirect(std::string_view uri);
/// What belongs together: kinds and their fields. Errors: kIncorrect.
Status CheckAccount(const Account& account);
/// Takes the same time whether `hash` is empty or not. About 60 ms and 64 MiB.
bool VerifyPassword(std::string_view hash, std::string_view password);

}  // namespace tk::access
