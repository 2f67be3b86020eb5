// Sign-on: from a token or a password to a Viewer. One for the process, shared by all network threads.
// Flow:   Authorization: Bearer … / Cookie tk_session=… → Verify (cached) → Viewer; bearers are our own (token.h) or access tokens of programs
//         (oauth/), whose viewer has the post's rights only as far as its scopes go
//         POST /auth/sign-in → steps.h: CheckPassword (argon2id, worker thread), codes → Start → cookie token; sign-out is remembered in DIR/signed_out
// Files are looked at once a second: changed accounts, posts, policies and sign-outs count from then on.
// Accounts, posts or sign-outs that cannot be read: told in the log and in /ready, read again every second; the state before stays in force for
// `stale_seconds_max`. After that nobody is let in: he may have been revoked.
// Wrong passwords: five lock the account for the address that they came from and for nobody else. Very many for one account or from one
// address only slow it (one try each `slow_seconds`), but for who has signed in to the account from there before.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/access/device.h"
#include "kernel/access/factor/sms_codes.h"
#include "kernel/access/oauth/keys.h"
#include "kernel/access/posts.h"
#include "kernel/access/sessions.h"
#include "kernel/access/token.h"
#include "kernel/access/viewer.h"
#include "kernel/base/clock.h"

namespace tk::access {

using ViewerPtr = std::shared_ptr<const Viewer>;

struct SignOnOptions {
  std::string folder;
  const Clock* clock = nullptr;
  int64_t cookie_seconds = 12 * 3600;
  int64_t password_days = 0;    // after so many a new password is asked for; 0: never
  int64_t idle_seconds = 3600;  // a cookie that is not used so long has ended
  /// The person's number of the Patient with this id, 0 if unknown; of access tokens and residents that are about one. Empty: none is known.
  std::function<uint32_t(std::string_view id)> owner_of_patient = {};
  /// kIncorrect for a code that is no area of the tree, where there is one. Empty: not asked.
  std::function<Status(std::string_view code)> check_area = {};
  int failures_max = 5;            // of an account from one address, within the window: locked until its end
  int address_failures_max = 50;   // from one address: slowed
  int account_failures_max = 100;  // of one account: slowed
  int code_failures_max = 5;       // codes of one account, from wherever: locked until the window's end
  int64_t failure_window_seconds = 900;
  int64_t slow_seconds = 10;
  int64_t stale_seconds_max = 300;
  int hashes_at_once_max = 2;  // argon2id takes 64 MiB each
  SmsSender* sms = nullptr;    // outlives this; null: no codes by SMS
  SmsLimits sms_limits = {};
};

class SignOn {
 public:
  /// Prepares the folder if it is fresh. Errors: kIncorrect with file and line.
  static Result<std::unique_ptr<SignOn>> Create(const SignOnOptions& options);
  ~SignOn();

  /// kUnauthenticated if signature, expiry, generation, account or kind do not hold; kUnavailable while files() is kTooOld.
  /// ~100 ns when cached.
  Result<ViewerPtr> Verify(std::string_view token, TokenKind kind);

  struct Grant {
    std::string token;
    ViewerPtr viewer;
    int64_t seconds;
  };
  // Parts of a sign-in; steps.h puts them together, and is the only one that may.
  /// Checks the password; the same error and the same time for an unknown account, a wrong password, a disabled account and
  /// an account without password. kBusy after too many failures; `wait_seconds` then has the time until the next try. Blocks ~60 ms.
  Status CheckPassword(std::string_view account, std::string_view password, std::string_view address,
                       int64_t* wait_seconds = nullptr);
  /// A try at a code of this account, counted as a wrong one until ForgiveCodes. Whoever comes so far knows the password, so that the tries of all
  /// addresses count as one's, and a right password forgives none of them. kBusy, with `wait_seconds`, after too many.
  Status CountCode(std::string_view account, int64_t* wait_seconds);
  void ForgiveCodes(std::string_view account);
  /// A session of somebody who has shown who he is: by `methods` ("pwd otp"). kUnauthenticated if the account is not as it was.
  Result<Grant> Start(const Account& account, std::string_view methods, TokenKind kind,
                      const SignInFrom& from);
  bool WantsSecondFactor(const Account& account);
  bool WantsNewPassword(const Account& account);
  /// Ends what the old one opened, on disk before this returns; the account as it is then. Errors: kIncorrect (password_rules.h).
  Result<Account> SetPassword(const Account& account, std::string_view password);
  /// The one resident whose phone it is (phone.h); nullopt if there is none, if there are two, or he is disabled.
  std::optional<Account> FindByPhone(std::string_view mark);
  /// Reads the files now, not within a second.
  void LookAgain();
  SmsCodes* sms_codes();  // null: no codes by SMS

  /// Of a program, its secret; as CheckPassword. Once it was right, later ones cost microseconds.
  Status CheckSecret(std::string_view account, std::string_view secret, std::string_view address,
                     int64_t* wait_seconds = nullptr);
  /// The session's token is worthless from now on, also after a restart.
  Status SignOut(const Viewer& viewer);

  /// What is known of the accounts: as the files say; older, as they cannot be read; too old to let anybody in. Looks at them.
  enum class Files { kGood, kOld, kTooOld };
  Files files();

  /// The account as a viewer who has not signed in: for telling what he may. kNotFound.
  Result<ViewerPtr> ViewerOf(std::string_view account);
  /// The account of a device or program for which a listener of this server vouches, as it knows the sender otherwise (http/mllp.h).
  /// kUnauthenticated: there is none, it is disabled, or it is a person's; kUnavailable as Verify.
  Result<ViewerPtr> ViewerOfMachine(std::string_view account);
  /// The account, as the files say now; nullopt if there is none.
  std::optional<Account> Find(std::string_view name);
  /// The post of an account may be unknown (nullptr) for a program only.
  std::shared_ptr<const Post> PostOf(const Account& account);
  /// Changes accounts as `viewer`, within what he may (keeping.h): on disk, known here, and what the account `name` opened before has ended if its
  /// generation rose. The account as it is then. Errors: of `edit` and CheckKeeping; nothing has changed.
  Result<Account> Keep(const Viewer& viewer, std::string_view name,
                       const std::function<Status(Accounts*)>& edit);
  /// The accounts that `viewer` may keep, by name; as the files say now.
  Accounts Kept(const Viewer& viewer);
  /// As the files say now.
  Posts posts();
  std::shared_ptr<const oauth::SigningKeys> signing_keys();
  const AccessKey& key() const;
  const SignOnOptions& options() const;
  Sessions* sessions();

  /// Is there an account with this name? For the audit: a mistyped name may be a password.
  bool IsAccount(std::string_view name);

 private:
  struct Impl;
  explicit SignOn(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A signed bearer token for `account`, for `tongkang token`. kNotFound if there is no such account.
Result<std::string> IssueBearer(const std::string& folder, std::string_view account, int64_t seconds,
                                const Clock& clock);

}  // namespace tk::access
