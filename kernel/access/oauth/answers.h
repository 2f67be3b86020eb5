// Refusals of the endpoints that programs call. Source: RFC 6749 section 5.2.
#pragma once

#include "kernel/access/oauth/provider.h"

namespace tk::access::oauth {

/// {"error":…,"error_description":…}, 400; invalid_client is 401.
Answer Refuse(std::string_view error, std::string_view description, int64_t wait_seconds = 0);
/// What is no fault of the program: 503, or 500.
Answer Fail(const Error& error);

}  // namespace tk::access::oauth
