// What the routes of sign-on share: from where a request comes, and sessions as JSON.
#pragma once

#include <string>
#include <string_view>

#include "kernel/access/sign_on.h"
#include "kernel/http/message.h"

namespace tk::http {

access::SignInFrom FromOf(const Request& request);

/// 200 {"sessions":[{"id","program","scope","begun","seen","ends","methods","device","place","this"}]}: of this account, oldest first; no tokens.
Response SessionsResponse(access::SignOn* sign_on, std::string_view account, std::string_view this_session);
/// The session `id` of this account, or, if `id` is "", all but `except`. kNotFound, also for one of another account.
Status EndSessions(access::SignOn* sign_on, std::string_view account, std::string_view id,
                   std::string_view except);

}  // namespace tk::http
