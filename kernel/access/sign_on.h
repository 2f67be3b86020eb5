// Sign-on: from a token or a password to a Viewer. One for the process, shared by all network threads.
// Flow:   Authorization: Bearer … / Cookie tk_session=… → Verify (cached) → Viewer
//         POST /auth/sign-in → SignIn (argon2id, worker thread) → cookie token; sign-out is remembered in DIR/signed_out
// Files are looked at once a second: changed accounts, posts and sign-outs count from then on.
// A broken accounts file is told in the log and the state before it stays in force.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/access/posts.h"
#include "kernel/access/token.h"
#include "kernel/access/viewer.h"
#include "kernel/base/clock.h"

namespace tk::access {

using ViewerPtr = std::shared_ptr<const Viewer>;

struct SignOnOptions {
  std::string folder;
  const Clock* clock = nullptr;
  int64_t cookie_seconds = 12 * 3600;
  int failures_max = 5;  // per account and address, within the window; ten times that per address
  int64_t failure_window_seconds = 900;
  int hashes_at_once_max = 2;  // argon2id takes 64 MiB each
};

class SignOn {
 public:
  /// Prepares the folder if it is fresh. Errors: kIncorrect with file and line.
  static Result<std::unique_ptr<SignOn>> Create(const SignOnOptions& options);
  ~SignOn();

  /// kUnauthenticated if signature, expiry, generation, account or kind do not hold. ~100 ns when cached.
  Result<ViewerPtr> Verify(std::string_view token, TokenKind kind);

  struct Grant {
    std::string token;
    ViewerPtr viewer;
    int64_t seconds;
  };
  /// Checks the password; the same error and the same time for an unknown account, a wrong password, a disabled account and
  /// an account without password. kBusy (with the seconds to wait in the text) after too many failures. Blocks ~60 ms.
  Result<Grant> SignIn(std::string_view account, std::string_view password, std::string_view address);
  /// The session's token is worthless from now on, also after a restart.
  Status SignOut(const Viewer& viewer);

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
