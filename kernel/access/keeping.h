// Keeping accounts: what whoever has the operation "accounts" may do to others' accounts, and what nobody may be given.
// Flow:   /admin/accounts → EditAccounts(lock; the change; CheckKeeping) → the file, or an error and nothing changed
// Rules:  nobody changes his own account; the post admin is given and changed by who has it; who is limited to an area keeps accounts of that area;
//         one person (known by `record`, or by the phone) holds no two of the duties running, accounts and audit, in whatever accounts; one who can
//         sign in and keep accounts is left.
// Source: GB/T 22239-2019, level 3: system, security and audit administrators apart [M].
#pragma once

#include <string_view>

#include "kernel/access/accounts.h"
#include "kernel/access/posts.h"
#include "kernel/access/viewer.h"

namespace tk::access {

/// May `viewer` see and change this account, as far as areas go?
bool KeepsAreaOf(const Viewer& viewer, const Account& account);

/// Is `after` what `before` may become by `viewer`, who changes the account `name` (or adds it)? Errors: kForbidden, kIncorrect; kConflict where nobody
/// would be left, or the duties of one person would meet.
Status CheckKeeping(const Viewer& viewer, const Posts& posts, const Accounts& before, const Accounts& after,
                    std::string_view name);

}  // namespace tk::access
