// What a password must be. Length decides; no mixtures of kinds of characters are asked for, which only make people write it down.
// Source: NIST SP 800-63B (2017, with updates of 2020), 5.1.1.2: at least 8 characters, here 10; at least 64 taken, here 1024 bytes;
//         refused: repeated and sequential characters, words of the context (the service, the account). Its lists of passwords known from
//         breaches are not here: none that is free came with the distribution that we build on.
#pragma once

#include <string_view>

#include "kernel/base/result.h"

namespace tk::access {

inline constexpr size_t kPasswordCharsMin = 10;
inline constexpr size_t kPasswordBytesMax = 1024;

/// Errors: kIncorrect, which rule and how to mend it; never the password.
Status CheckPasswordRules(std::string_view password, std::string_view account);

}  // namespace tk::access
